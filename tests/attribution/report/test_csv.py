"""The table for spreadsheets, read back with the csv module."""

import csv
import io

import pytest

from sc2_attrib.attribution.report.csv_ import COLUMNS, render
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import Result
from tests.attribution.report.results import (
    N_MANY,
    bare,
    empty,
    hostile,
    incomplete,
    many,
    of_all_kinds,
    stopped,
)

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def rows(result: Result) -> list[dict[str, str]]:
    table = csv.DictReader(io.StringIO(render(result), newline=""), strict=True)
    assert table.fieldnames == list(COLUMNS)
    return list(table)


def of(result: Result, record: str) -> list[dict[str, str]]:
    return [row for row in rows(result) if row["record"] == record]


def test_a_row_a_source_holds_every_field() -> None:
    """Each source of each match is a row, in order; all values read back."""
    result = of_all_kinds()
    pairs = [(match, source) for match in result.matches for source in match.sources]
    paths = {record.id: record.path for record in result.inputs}
    found = of(result, "source")
    assert len(found) == len(pairs)
    for row, (match, source) in zip(found, pairs, strict=True):
        assert row["input"] == paths[match.input]
        assert (row["action"], row["kind"]) == (match.policy.action, match.kind)
        assert (row["first_line"], row["last_line"]) == tuple(map(str, match.generated.lines))
        assert (row["first_byte"], row["stop_byte"]) == tuple(map(str, match.generated.bytes))
        assert (row["repository"], row["revision"]) == (source.repo, source.revision)
        assert (row["path"], row["url"]) == (source.path, source.url)
        assert (row["license"], row["category"]) == (
            source.license.expression,
            source.license.category,
        )
        assert (row["swhid"], float(row["similarity"])) == (source.swhid, source.similarity)
        assert (row["match"], row["fingerprint"]) == (match.id, match.fingerprint)
        assert (row["is_vendor"], row["stars"]) == (str(source.is_vendor).lower(), "")
        assert row["parts"] == " ".join(match.parts)


def test_suppressed_match_says_why() -> None:
    """It stays in the table and is told apart from those that count."""
    (row,) = {
        (row["status"], row["suppression"])
        for row in of(of_all_kinds(), "source")
        if row["status"] == "suppressed"
    }
    assert row == ("suppressed", "baseline: known since May")


@pytest.mark.parametrize("result", [hostile(), of_all_kinds()], ids=["hostile", "usual"])
def test_no_cell_is_a_formula(result: Result) -> None:
    """A spreadsheet computes nothing of what a path or a licence says."""
    cells = [cell for row in rows(result) for cell in row.values()]
    assert not [cell for cell in cells if cell.lstrip().startswith(FORMULA_STARTS)]


def test_hostile_values_read_back() -> None:
    """Taking one apostrophe away gives the value, with what can't be seen as its escape."""
    result = hostile()
    found = [row["path"].removeprefix("'") for row in of(result, "source")]
    assert found == [visible(match.sources[0].path) for match in result.matches]
    assert "=cmd|' /C calc'!A0" in found
    assert "'quoted" in found


def test_each_row_is_one_line() -> None:
    """Tools that read line by line see a row a line, whatever names hold."""
    assert len(render(hostile()).splitlines()) == len(rows(hostile())) + 1


def test_match_without_sources_has_a_row() -> None:
    """No match is left out for want of a source."""
    result = bare()
    assert [row["match"] for row in of(result, "source")] == [m.id for m in result.matches]


def test_ten_thousand_matches() -> None:
    """Each has its row."""
    assert len(of(many(), "source")) == N_MANY


def test_run_row_says_how_the_run_ended() -> None:
    """An empty table, a failed input and a stopped run are three different things."""
    said = [of(result, "run")[0]["status"] for result in (empty(), incomplete(), stopped())]
    assert said == ["complete", "incomplete", "incomplete"]
    (unread,) = of(incomplete(), "input")
    assert (unread["input"], unread["status"], unread["reason"]) == (
        "b.py",
        "error",
        "permission denied",
    )
