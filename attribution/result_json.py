"""The result document as JSON: write it, read it back, describe it as a JSON Schema.

The same result gives the same bytes: fields stand in the order of result.py, texts and counts are
sorted by key, and each input, match and text has a line of its own, so that two reports of a
project can be compared with `diff` and searched with `grep`. Writing needs the standard library
alone; pydantic, which takes longer to import than a small scan takes, is loaded by `load` and
`schema` only.
"""

import json
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from sc2_attrib.attribution.result import SCHEMA, Result
from sc2_attrib.attribution.suppression import suppression_schema
from sc2_attrib.index.errors import UsageError

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

SHOWN_VALUE = 60  # characters of a wrong value that an error line shows


def dump(result: Result) -> str:
    """Write a result as JSON text that ends with a line feed."""
    texts = (f"{_encoded(key)}: {_encoded(text)}" for key, text in sorted(result.texts.items()))
    parts = {
        "schema": _encoded(result.schema),
        "run": _encoded(result.run),
        "inputs": _lines("[", map(_encoded, result.inputs), "]"),
        "matches": _lines("[", map(_encoded, result.matches), "]"),
        "texts": _lines("{", texts, "}"),
        "summary": _encoded(result.summary),
    }
    return _lines("{", (f'"{name}": {value}' for name, value in parts.items()), "}") + "\n"


def load(text: str | bytes, *, origin: str = "result") -> Result:
    """Read a result that `dump` wrote. Fields this version doesn't know are passed over.

    Args:
        text: the JSON document.
        origin: what to call it in an error, e.g. its path.

    Raises:
        UsageError: it is no result document of this schema; names the first wrong field.
    """
    from pydantic import ValidationError

    try:
        return _adapter().validate_json(text, strict=True)
    except ValidationError as err:
        raise UsageError(f"{origin}: {_first_fault(err)}") from err


def schema() -> dict[str, object]:
    """Describe the document as a JSON Schema (draft 2020-12)."""
    described = _adapter().json_schema(by_alias=True)
    match = described["$defs"]["MatchRecord"]["properties"]
    match["suppression"] = {"anyOf": [suppression_schema(), {"type": "null"}]}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA}
    return head | described | {"title": SCHEMA}


def members(value: object) -> dict[str, object]:
    """List the fields of one of our dataclasses, as they are called in JSON."""
    names: Iterable[str] = value.__slots__  # type: ignore[attr-defined]  # all have slots
    return {name.rstrip("_"): getattr(value, name) for name in names}


def _encoded(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=members)


def _lines(opening: str, items: Iterable[str], closing: str) -> str:
    body = ",\n".join(items)
    return f"{opening}\n{body}\n{closing}" if body else opening + closing


@cache
def _adapter() -> "TypeAdapter[Result]":
    from pydantic import TypeAdapter

    return TypeAdapter(Result)


def _first_fault(err: "ValidationError") -> str:
    """Say in a line which field is wrong and how, the schema's own name before all others."""
    fault = min(err.errors(), key=lambda fault: fault["loc"] != ("schema",))
    field = ".".join(map(str, fault["loc"])) or "not a result document"
    if fault["type"] in ("missing", "json_invalid"):
        return f"{field}: {fault['msg']}"
    seen = json.dumps(fault["input"], ensure_ascii=False)
    seen = seen if len(seen) <= SHOWN_VALUE else seen[:SHOWN_VALUE] + "…"
    advice = f"; this version reads {SCHEMA!r}" if field == "schema" else ""
    return f"{field}: {fault['msg']}, found {seen}{advice}"
