"""The result document as JSON."""

import json
import subprocess
import sys
from typing import Any

import pytest

from sc2_attrib.attribution.result import SCHEMA, Result
from sc2_attrib.attribution.result_json import dump, load, schema
from sc2_attrib.index.errors import UsageError
from tests.attribution.samples import (
    COUNT,
    FOLD,
    PARSE,
    check,
    completion,
    failed,
    file,
    skipped,
)


@pytest.fixture(scope="module")
def result() -> Result:
    """A result with every kind of input in it."""
    odd = "caf\udce9\x1b.py"
    return check(
        [
            file("a.py", b"\xff\n" + PARSE + FOLD),
            completion("c", FOLD[:40], FOLD[40:], COUNT),
            skipped("b.png"),
            failed(odd),
        ]
    )


def test_reading_gives_back_what_was_written(result: Result) -> None:
    """Nothing is lost on the way through JSON, and writing it again gives the same bytes."""
    assert load(dump(result)) == result
    assert dump(load(dump(result))) == dump(result)


def test_fields_stand_in_the_documented_order(result: Result) -> None:
    """A reader finds the fields where the documentation has them."""
    document = json.loads(dump(result))
    assert list(document) == ["schema", "run", "inputs", "matches", "texts", "summary"]
    match = document["matches"][0]
    assert list(match)[:6] == ["id", "fingerprint", "input", "kind", "class", "common"]
    assert list(match["generated"]) == ["bytes", "chars", "lines", "columns"]


def test_each_record_has_a_line_of_its_own(result: Result) -> None:
    """Two results can be compared with `diff`."""
    lines = dump(result).splitlines()
    n_records = len(result.inputs) + len(result.matches) + len(result.texts)
    assert len(lines) == n_records + 11
    assert all(json.loads(line.rstrip(",")) for line in lines if line.startswith('{"'))


def test_empty_lists_are_written() -> None:
    """A run without inputs is a valid document."""
    empty = check([])
    assert '"inputs": []' in dump(empty)
    assert load(dump(empty)) == empty


def test_result_is_valid_against_the_schema(result: Result) -> None:
    """Everything that is written satisfies the published JSON Schema."""
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.Draft202012Validator(schema()).validate(json.loads(dump(result)))


def test_schema_names_itself_and_its_fields() -> None:
    """The schema says which document it describes, in the words of the document."""
    described: Any = schema()
    assert described["$id"] == SCHEMA
    assert "class" in described["$defs"]["MatchRecord"]["properties"]
    assert described["$defs"]["MatchKind"]["enum"] == ["verbatim", "reformatted", "near"]


def edited(result: Result, path: list[str | int], value: object) -> str:
    document = json.loads(dump(result))
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(document)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["schema"], "sc2-attrib/result/9", r"schema: .*'sc2-attrib/result/1'"),
        (["matches", 0, "kind"], "exact", r"matches\.0\.kind: .*found \"exact\""),
        (["matches", 0, "generated", "bytes"], [1], r"matches\.0\.generated\.bytes\.1: Field req"),
        (["summary", "matches"], "3", r"summary\.matches: .*found \"3\""),
        (["inputs", 0], None, r"inputs\.0: .*found null"),
        (["texts"], "x" * 100, r"texts: .*found \"x{59}…"),
    ],
)
def test_wrong_field_is_named(
    result: Result, path: list[str | int], value: object, message: str
) -> None:
    """The error says which file, which field, and which value was seen."""
    with pytest.raises(UsageError, match=r"^saved\.json: " + message):
        load(edited(result, path, value), origin="saved.json")


def test_missing_field_is_named(result: Result) -> None:
    """The error names what isn't there."""
    document = json.loads(dump(result))
    del document["summary"]["verdict"]
    with pytest.raises(UsageError, match=r"^result: summary\.verdict: Field required$"):
        load(json.dumps(document))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema": 1'])
def test_other_text_is_no_result(text: str) -> None:
    """What is not JSON, or another document, is refused with one line."""
    with pytest.raises(UsageError) as caught:
        load(text)
    assert "\n" not in str(caught.value)


def test_unknown_fields_are_passed_over(result: Result) -> None:
    """A later version may add fields; this one still reads the rest."""
    assert load(edited(result, ["matches", 0, "novelty"], 1)) == result


def test_writing_does_not_load_pydantic() -> None:
    """A scan that prints JSON doesn't wait for what only reading needs."""
    code = (
        "import sys; from sc2_attrib.attribution import outcome, result_json, report;"
        "assert 'pydantic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
