"""JSON Lines: the whole result, a record a line."""

import json
from typing import Any

from sc2_attrib.attribution import result_json
from sc2_attrib.attribution.report.jsonl import render
from sc2_attrib.attribution.result import Result
from tests.attribution.report.results import N_MANY, hostile, many, of_all_kinds


def records(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in render(result).splitlines()]


def test_records_make_up_the_result_document() -> None:
    """Run, inputs, matches, texts and summary hold all the document holds, in its order."""
    result = of_all_kinds()
    lines = records(result)
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for line in lines:
        by_kind.setdefault(line.pop("record"), []).append(line)
    assert list(by_kind) == ["run", "input", "match", "text", "summary"]
    (run,), (summary,) = by_kind["run"], by_kind["summary"]
    assert "no match in this index" in run.pop("coverage")
    assert run.pop("missed") == []
    document = {
        "schema": run.pop("schema"),
        "run": run,
        "inputs": by_kind["input"],
        "matches": by_kind["match"],
        "texts": {line["sha256"]: line["text"] for line in by_kind["text"]},
        "summary": summary,
    }
    assert result_json.load(json.dumps(document)) == result


def test_every_line_is_one_record() -> None:
    """Line ends and other controls in names stay inside their line."""
    result = hostile()
    assert len(records(result)) == 2 + sum(map(len, (result.inputs, result.matches, result.texts)))


def test_ten_thousand_matches() -> None:
    """Each has a line of its own."""
    assert sum(line["record"] == "match" for line in records(many())) == N_MANY
