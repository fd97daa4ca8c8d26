"""GitLab's code quality report (`-f gitlab`), shown in merge requests.

A list of findings, nothing around it. So what belongs to the run is a finding too: `coverage`, of
severity `info` and the same fingerprint in every run, which GitLab therefore shows once; and one
for each input that could not be checked, so that a run that missed something never reads as clean.
GitLab compares fingerprints between branches and drops all but one of equal ones.

Source: https://docs.gitlab.com/ci/testing/code_quality/
"""

import hashlib
from collections.abc import Iterator, Mapping

from sc2_attrib.attribution.report.machine_text import json_text, well_formed
from sc2_attrib.attribution.report.searched import searched_statement
from sc2_attrib.attribution.report.sentences import (
    STOPPED,
    Standing,
    decision_sentence,
    match_sentence,
    unchecked_sentence,
    was_stopped,
)
from sc2_attrib.attribution.result import Action, InputStatus, MatchRecord, Result

SEVERITIES: Mapping[Action, str] = {
    Action.ALLOW: "info",
    Action.ATTRIBUTE: "minor",
    Action.REVIEW: "major",
    Action.DENY: "critical",
}

Finding = dict[str, object]


def render(result: Result) -> str:
    """Write the list of findings."""
    return json_text(list(_findings(result)))


def _findings(result: Result) -> Iterator[Finding]:
    paths = {record.id: record.path for record in result.inputs}
    yield from (_match(match, paths.get(match.input, match.input)) for match in result.matches)
    for record in result.inputs:
        if record.status is not InputStatus.CHECKED:
            is_error = record.status is InputStatus.ERROR
            check = "input-not-checked" if is_error else "input-skipped"
            severity = "major" if is_error else "info"
            yield _finding(check, severity, unchecked_sentence(record), record.path, record.id)
    first = result.inputs[0].path if result.inputs else "."
    if was_stopped(result):
        yield _finding("run-incomplete", "major", STOPPED, first, "stopped")
    yield _finding("coverage", "info", searched_statement(result), first, "coverage")


def _match(match: MatchRecord, path: str) -> Finding:
    counts = Standing.of(match) is Standing.COUNTS
    severity = SEVERITIES[match.policy.action] if counts else "info"
    said = f"{match_sentence(match)}. {decision_sentence(match)}"
    lines = match.generated.lines
    return _finding(
        f"license-{match.policy.action}", severity, said, path, match.fingerprint, lines
    )


def _finding(
    check: str, severity: str, said: str, path: str, name: str, lines: tuple[int, int] = (1, 1)
) -> Finding:
    digest = hashlib.sha256(well_formed(f"{check}\0{name}").encode()).hexdigest()
    begin, end = lines
    return {
        "description": said,
        "check_name": f"sc2-attrib/{check}",
        "fingerprint": digest,
        "severity": severity,
        "location": {"path": path.removeprefix("./"), "lines": {"begin": begin, "end": end}},
    }
