"""JUnit XML: what the common schemas allow, and what consumers read out of it."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from junitparser import JUnitXml

from sc2_attrib.attribution.outcome import FailOn, assemble
from sc2_attrib.attribution.report.junit import render
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import InputStatus, Result
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

SUITE_ATTRIBUTES = {
    *("name", "package", "id", "hostname", "timestamp", "tests"),
    *("failures", "errors", "skipped", "time"),
}


def suite(result: Result) -> ElementTree.Element:
    root = ElementTree.fromstring(render(result))
    assert (root.tag, root.attrib) == ("testsuites", {})
    (only,) = root
    return only


def cases(result: Result) -> list[ElementTree.Element]:
    return suite(result).findall("testcase")


@pytest.mark.parametrize("name", RESULTS)
def test_report_keeps_to_the_common_schemas(name: str) -> None:
    """Elements, their order and attributes as JUnit.xsd demands and Jenkins' allows."""
    found = suite(RESULTS[name]())
    tags = [child.tag for child in found]
    n_cases = tags.count("testcase")
    assert tags == ["properties", *["testcase"] * n_cases, "system-out", "system-err"]
    assert set(found.attrib) == SUITE_ATTRIBUTES
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", found.attrib["timestamp"])
    assert all(set(each.attrib) == {"name", "value"} for each in found.findall("properties/*"))
    for case in found.findall("testcase"):
        assert set(case.attrib) == {"name", "classname", "time"}
        assert len(case) <= 1
        for outcome in case:
            assert outcome.tag in ("failure", "error", "skipped")
            expected = set() if outcome.tag == "skipped" else {"message", "type"}
            assert set(outcome.attrib) == expected


@pytest.mark.parametrize("name", RESULTS)
def test_counts_are_those_of_the_cases(name: str) -> None:
    """A consumer that trusts the counts and one that counts agree."""
    found = suite(RESULTS[name]())
    assert int(found.attrib["tests"]) == len(found.findall("testcase"))
    for tag, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert int(found.attrib[attribute]) == len(found.findall(f"testcase/{tag}"))


def test_library_reads_the_suite() -> None:
    """junitparser sees what the run's own summary says."""
    result = of_all_kinds()
    read = JUnitXml.fromstring(render(result).encode())
    (only,) = read
    assert (only.tests, only.failures, only.errors, only.skipped) == (
        len(result.inputs) + 1,
        1,
        0,
        1,
    )


def test_only_violations_fail_and_every_match_is_said() -> None:
    """A case fails by the run's `--fail-on`; other matches are in the output."""
    result = of_all_kinds()
    failed = [case.attrib["name"] for case in cases(result) if case.find("failure") is not None]
    assert failed == ["src/mail.py"]
    text = "".join(suite(result).itertext())
    assert all(text.count(f"[{match.id}]") == 1 for match in result.matches)


def test_fail_on_of_the_run_decides() -> None:
    """With `--fail-on never` nothing fails."""
    result = of_all_kinds()
    run = replace(result.run, options={**result.run.options, "fail_on": FailOn.NEVER})
    assert suite(replace(result, run=run)).attrib["failures"] == "0"


def test_hostile_names_read_back() -> None:
    """Markup is text, and what XML forbids is shown as its escape."""
    result = hostile()
    assert [case.attrib["name"] for case in cases(result)[1:]] == [
        visible(record.path) for record in result.inputs
    ]
    assert "</script><script>alert(1)</script>" in {case.attrib["name"] for case in cases(result)}


def test_what_was_not_checked_is_an_error_or_skipped() -> None:
    """A failed input is an error, a stopped run too; an empty suite has one case that passed."""
    (case,) = (each for each in cases(incomplete()) if each.find("error") is not None)
    error = case.find("error")
    assert error is not None
    assert (case.attrib["name"], error.attrib["message"]) == (
        "b.py",
        "could not be checked: permission denied",
    )
    assert suite(stopped()).attrib["errors"] == "1"
    assert (suite(empty()).attrib["tests"], suite(empty()).attrib["errors"]) == ("1", "0")
    skipped = [each for each in of_all_kinds().inputs if each.status is InputStatus.SKIPPED]
    assert int(suite(of_all_kinds()).attrib["skipped"]) == len(skipped)


def test_ten_thousand_matches() -> None:
    """Each has its line in the case of its file."""
    lines = [line for each in cases(many()) for line in "".join(each.itertext()).splitlines()]
    assert sum(line.strip().startswith("src/m") for line in lines) == N_MANY


def test_run_that_saw_nothing_differs_from_one_that_was_stopped() -> None:
    """The same inputs, stopped or not, are told apart by the first case."""
    finished = assemble(empty().run, [], fail_on=FailOn.DENY)
    assert cases(finished)[0].find("error") is None
    assert cases(stopped())[0].find("error") is not None
