"""JUnit XML (`-f junit`), which every CI system shows as test results.

A test case an input: it fails where a match is a violation by the run's `--fail-on`, is an error
where the input could not be checked, skipped where a rule left it out. The first case stands for
the run: an error where the run was stopped, so that a run without inputs is no empty suite. What
was searched, and the matches that are no violations, are in `system-out`.

There is no one schema. What is written lies in the intersection of the two that validators use,
which is why `testsuites` has no attributes and a test case at most one child. What XML forbids is
shown as its escape.

Source: https://github.com/windyroad/JUnit-Schema, junit-10.xsd of Jenkins' xUnit plugin
"""

import io
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from xml.etree import ElementTree

from sc2_attrib.attribution.outcome import FailOn, counts, fail_on_of
from sc2_attrib.attribution.report.machine_text import utc_seconds
from sc2_attrib.attribution.report.searched import searched_statement
from sc2_attrib.attribution.report.sentences import (
    STOPPED,
    decision_sentence,
    match_sentence,
    was_stopped,
)
from sc2_attrib.attribution.report.view import counted
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import InputRecord, InputStatus, MatchRecord, Result, Run

SUITE = "sc2-attrib"


def render(result: Result) -> str:
    """Write one test suite for the run."""
    fail_on = fail_on_of(result)
    cases = [_run_case(result), *_input_cases(result, fail_on)]
    root = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(root, "testsuite", _suite_attributes(result.run, cases))
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in _properties(result).items():
        ElementTree.SubElement(properties, "property", name=name, value=visible(value))
    suite.extend(cases)
    ElementTree.SubElement(suite, "system-out").text = "\n".join(_out(result, fail_on))
    ElementTree.SubElement(suite, "system-err")
    ElementTree.indent(root, " ")
    text = io.StringIO()
    ElementTree.ElementTree(root).write(text, encoding="unicode", xml_declaration=False)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text.getvalue()}\n'


def _run_case(result: Result) -> ElementTree.Element:
    case = _case("run", "all inputs were seen")
    if was_stopped(result):
        _outcome(case, "error", STOPPED, "incomplete")
    return case


def _input_cases(result: Result, fail_on: FailOn) -> Iterator[ElementTree.Element]:
    violations: dict[str, list[MatchRecord]] = defaultdict(list)
    for match in result.matches:
        if _is_violation(match, fail_on):
            violations[match.input].append(match)
    for record in result.inputs:
        yield _input_case(record, violations[record.id])


def _input_case(record: InputRecord, violations: Sequence[MatchRecord]) -> ElementTree.Element:
    case = _case(record.kind, visible(record.path) or record.id)
    reason = visible(record.reason or "no reason given")
    if record.status is InputStatus.ERROR:
        _outcome(case, "error", f"could not be checked: {reason}", "unchecked")
    elif record.status is InputStatus.SKIPPED:
        ElementTree.SubElement(case, "skipped").text = reason
    elif violations:
        strictest = max((match.policy.action for match in violations), key=lambda a: a.severity)
        failure = _outcome(case, "failure", counted(len(violations), "match"), strictest)
        failure.text = "\n".join(_line(match, record.path) for match in violations)
    return case


def _is_violation(match: MatchRecord, fail_on: FailOn) -> bool:
    return counts(match) and fail_on.covers(match)


def _case(kind: str, name: str) -> ElementTree.Element:
    return ElementTree.Element("testcase", name=name, classname=f"{SUITE}.{kind}", time="0")


def _outcome(case: ElementTree.Element, tag: str, message: str, type_: str) -> ElementTree.Element:
    return ElementTree.SubElement(case, tag, message=message, type=type_)


def _out(result: Result, fail_on: FailOn) -> Iterator[str]:
    yield from map(visible, searched_statement(result).splitlines())
    paths = {record.id: record.path for record in result.inputs}
    for match in result.matches:
        if not _is_violation(match, fail_on):
            yield _line(match, paths.get(match.input, match.input))


def _line(match: MatchRecord, path: str) -> str:
    line, column = match.generated.lines[0], match.generated.columns[0]
    said = f"{match_sentence(match)}. {decision_sentence(match)}"
    return f"{visible(path)}:{line}:{column}: {said} [{match.id}]"


def _properties(result: Result) -> dict[str, str]:
    run, summary = result.run, result.summary
    return {
        "tool": f"sc2-attrib {run.tool_version}",
        "command": run.command,
        "index": run.index.id if run.index else "none",
        "verdict": summary.verdict,
        "complete": str(summary.complete).lower(),
        "matches": str(summary.matches),
    }


def _suite_attributes(run: Run, cases: Sequence[ElementTree.Element]) -> dict[str, str]:
    outcomes = Counter(child.tag for case in cases for child in case)
    started = utc_seconds(run.started)
    return {
        "name": SUITE,
        "package": SUITE,
        "id": "0",
        "hostname": "localhost",  # where it ran is nobody's business
        "timestamp": started.removesuffix("Z"),  # the schema allows no time zone
        "tests": str(len(cases)),
        "failures": str(outcomes["failure"]),
        "errors": str(outcomes["error"]),
        "skipped": str(outcomes["skipped"]),
        "time": f"{_seconds(started, utc_seconds(run.finished)):.3f}",
    }


def _seconds(started: str, finished: str) -> float:
    passed = datetime.fromisoformat(finished) - datetime.fromisoformat(started)
    return max(passed.total_seconds(), 0.0)
