"""GitLab's code quality report, every field read back."""

import json
from collections.abc import Callable
from typing import Any

from sc2_attrib.attribution.report.gitlab import SEVERITIES, render
from sc2_attrib.attribution.result import Result
from tests.attribution.report.results import (
    N_MANY,
    RESULTS,
    empty,
    hostile,
    incomplete,
    many,
    of_all_kinds,
    stopped,
)

GITLAB_SEVERITIES = {"info", "minor", "major", "critical", "blocker"}


def findings(result: Result) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(render(result))
    return found


def checks(result: Result) -> list[str]:
    return [finding["check_name"] for finding in findings(result)]


def test_every_finding_has_what_gitlab_demands() -> None:
    """Description, check, unique fingerprint, a severity it knows, path and lines."""
    results: list[Callable[[], Result]] = [*RESULTS.values(), many]
    for make in results:
        found = findings(make())
        assert len({each["fingerprint"] for each in found}) == len(found)
        for each in found:
            assert set(each) == {
                *("description", "check_name", "fingerprint", "severity", "location"),
            }
            assert each["severity"] in GITLAB_SEVERITIES
            lines = each["location"]["lines"]
            assert 1 <= lines["begin"] <= lines["end"]
            assert each["description"].isprintable() or "\n" in each["description"]


def test_match_is_at_its_lines_with_the_severity_of_its_action() -> None:
    """What counts is as severe as its action; what is suppressed is for information."""
    result = of_all_kinds()
    paths = {record.id: record.path for record in result.inputs}
    for finding, match in zip(findings(result), result.matches, strict=False):
        expected = "info" if match.suppression else SEVERITIES[match.policy.action]
        assert finding["severity"] == expected
        assert finding["location"]["path"] == paths[match.input]
        lines = finding["location"]["lines"]
        assert (lines["begin"], lines["end"]) == match.generated.lines
        assert match.sources[0].license.expression in finding["description"]


def test_fingerprint_follows_the_match() -> None:
    """The same match has the same fingerprint wherever it moved, so GitLab sees nothing new."""
    one, other = (findings(result)[0] for result in (of_all_kinds(), of_all_kinds()))
    assert one["fingerprint"] == other["fingerprint"]


def test_what_was_not_checked_is_a_finding() -> None:
    """A run that missed something is no empty list; a clean one has its coverage alone."""
    assert checks(empty()) == ["sc2-attrib/coverage"]
    assert checks(incomplete()) == ["sc2-attrib/input-not-checked", "sc2-attrib/coverage"]
    assert checks(stopped()) == ["sc2-attrib/run-incomplete", "sc2-attrib/coverage"]


def test_hostile_names_stay_in_their_place() -> None:
    """A path is data in its field and shown as text in the description."""
    result = hostile()
    assert (
        len(findings(result))
        == len(result.matches) + sum(record.status != "checked" for record in result.inputs) + 1
    )
    assert not any("\u202e" in each["description"] for each in findings(result))


def test_ten_thousand_matches() -> None:
    """Each is a finding."""
    assert sum(check != "sc2-attrib/coverage" for check in checks(many())) == N_MANY + sum(
        record.status != "checked" for record in many().inputs
    )
