"""The result of a run: ids, summary, verdict and exit status."""

from dataclasses import replace

import pytest

from sc2_attrib.attribution.outcome import FailOn, assemble, exit_code, verdict
from sc2_attrib.attribution.result import Result, Verdict
from sc2_attrib.attribution.result_json import dump
from sc2_attrib.index.errors import UsageError
from tests.attribution.brute import BruteSearcher
from tests.attribution.samples import (
    COUNT,
    FOLD,
    PARSE,
    a_run,
    check,
    completion,
    failed,
    file,
    skipped,
)

OWN = b"x = 1\n"
DENIED, REVIEWED, ATTRIBUTED, CLEAN = PARSE, FOLD, COUNT, OWN


@pytest.mark.parametrize(
    ("raw", "statuses"),
    [  # deny, review, match, never
        (DENIED, (1, 1, 1, 0)),
        (REVIEWED, (0, 1, 1, 0)),
        (ATTRIBUTED, (0, 0, 1, 0)),
        (CLEAN, (0, 0, 0, 0)),
    ],
)
def test_status_is_one_where_a_match_reaches_fail_on(raw: bytes, statuses: tuple[int, ...]) -> None:
    """`--fail-on` says from which action on a match is a violation."""
    result = check([file("a.py", raw)])
    assert tuple(exit_code(result, fail_on) for fail_on in FailOn) == statuses


def test_status_is_four_where_an_input_could_not_be_checked() -> None:
    """An incomplete run is never clean, but a certain violation comes first."""
    assert exit_code(check([file("a.py", OWN), failed("b.py")])) == 4
    assert exit_code(check([file("a.py", DENIED), failed("b.py")])) == 1


def test_skipped_input_leaves_the_run_complete() -> None:
    """What a rule excludes is listed, not missed."""
    result = check([file("a.py", OWN), skipped("b.png")])
    assert result.summary.complete
    assert exit_code(result) == 0


def test_stopped_run_is_incomplete() -> None:
    """A run that the user stopped doesn't read as clean."""
    result = assemble(a_run(BruteSearcher([])), [], fail_on=FailOn.DENY, finished=False)
    assert (result.summary.complete, exit_code(result)) == (False, 4)


def test_status_of_a_saved_result_is_that_of_its_run() -> None:
    """The result remembers `fail_on`, so that rendering it again exits alike."""
    result = check([file("a.py", ATTRIBUTED)], fail_on=FailOn.MATCH)
    assert exit_code(result) == 1
    assert result.summary.verdict is Verdict.VIOLATION


def test_unknown_fail_on_of_a_saved_result_is_refused() -> None:
    """A result that was edited by hand gives an error, not a status."""
    result = check([file("a.py", OWN)])
    broken = replace(result, run=replace(result.run, options={"fail_on": "sometimes"}))
    with pytest.raises(UsageError, match=r"run\.options\.fail_on: 'sometimes' is not one of deny"):
        exit_code(broken)


def test_prompt_and_suppressed_matches_never_count() -> None:
    """They are listed, and leave the verdict clean even where every match is a violation."""
    in_prompt = check([completion("c", DENIED, OWN)], fail_on=FailOn.MATCH)
    assert in_prompt.matches
    assert in_prompt.summary.verdict is Verdict.CLEAN
    matches = check([file("a.py", DENIED)]).matches
    suppressed = [replace(match, suppression={"reason": "ours"}) for match in matches]
    assert verdict(suppressed, FailOn.MATCH) is Verdict.CLEAN


def test_summary_counts() -> None:
    """Inputs by status, matches by action and by licence."""
    summary = check(
        [file("a.py", PARSE + FOLD), file("b.py", OWN), skipped("c.png"), failed("d.py")]
    ).summary
    assert (summary.inputs, summary.checked, summary.skipped, summary.errors) == (4, 2, 1, 1)
    assert summary.by_action == {"allow": 0, "attribute": 1, "review": 1, "deny": 1}
    assert summary.by_license == {"Apache-2.0": 1, "GPL-3.0-only": 1, "MIT": 1, "NONE": 1}
    assert (summary.matches, summary.complete) == (3, False)
    assert summary.verdict is Verdict.VIOLATION


def ids(result: Result) -> list[tuple[str, str]]:
    return [(match.id, match.fingerprint) for match in result.matches]


def test_fingerprint_survives_line_shifts_and_ids_do_not() -> None:
    """A match that moved within its file keeps its fingerprint."""
    (before,), (after,) = (ids(check([file("a.py", raw)])) for raw in (FOLD, OWN + FOLD))
    assert before[0] != after[0]
    assert before[1] == after[1]


def test_equal_fingerprints_are_numbered() -> None:
    """The second copy in a file gets `:2`; in another file the fingerprint is another."""
    twice = check([file("a.py", FOLD + OWN + FOLD), file("b.py", FOLD)])
    first, second, other = (match.fingerprint for match in twice.matches)
    assert second == f"{first}:2"
    assert other not in (first, second)


def test_ids_are_unique() -> None:
    """Nested matches of one input and equal ones of several have ids of their own."""
    found = ids(check([file("a.py", PARSE + OWN + PARSE), file("b.py", PARSE)]))
    assert len(found) == 6
    assert len({each for each, _ in found}) == len({each for _, each in found}) == 6


def test_same_text_gives_the_same_document() -> None:
    """Two runs of the same inputs differ in `run` alone, byte for byte."""
    first, second = (check([file("a.py", PARSE + FOLD), skipped("c.png")]) for _ in range(2))
    assert dump(first) == dump(second)
