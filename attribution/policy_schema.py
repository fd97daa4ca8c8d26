"""The JSON Schema of a policy file, for editors that complete and check TOML by one.

Made from the tables by which policy_table.py reads, so the two can't differ in what they know.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sc2_attrib.attribution.policy import Combine
from sc2_attrib.attribution.policy_table import (
    CHOICES,
    CONDITION_KEYS,
    COUNTS,
    GLOBS,
    OWN_KEYS,
    POLICY_KEYS,
    RULE_KEYS,
    SHARES,
)
from sc2_attrib.attribution.result import Action

SCHEMA_ID = "sc2-attrib/policy/1"

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1}

MEANINGS: Mapping[str, str] = {
    "license": "SPDX id, or a glob on it; one licence, or one WITH its exception",
    "category": "what the licence asks for",
    "class": "what the matched text is",
    "common": "the text stands in 50 repositories or more",
    "kind": "how close the source's text is",
    "repository": "glob on the source's repository; * stays within a part, ** does not",
    "path": "glob on the source's path",
    "language": "glob on the source's language",
    "input": "glob on the path of the checked file",
    "min_chars": "normalised characters of the match: bytes that are not white space",
    "min_lexemes": "where lexemes were counted",
    "min_similarity": "share of equal lexemes; 1 unless the match is near",
}


def policy_schema() -> Schema:
    """Describe a policy file as a JSON Schema (draft 2020-12)."""
    properties = {
        "name": TEXT,
        "combine": {"enum": list(Combine), "default": str(Combine.STRICTEST)},
        "rules": {"type": "array", "minItems": 1, "items": _rule()},
        "own": _own(),
    }
    assert set(properties) == set(POLICY_KEYS)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Policy of sc2-attrib",
        **_table(properties, required=["rules"]),
    }


def _rule() -> Schema:
    conditions = {key: _condition(key) for key in CONDITION_KEYS}
    properties = {
        "name": TEXT,
        **conditions,
        "action": {"enum": list(Action)},
        "reason": TEXT,
    }
    assert set(properties) == set(RULE_KEYS)
    return _table(properties, required=["action"])


def _own() -> Schema:
    properties = {"repositories": _one_or_more(TEXT), "paths": _one_or_more(TEXT), "index": TEXT}
    assert set(properties) == set(OWN_KEYS)
    return _table(properties)


def _condition(key: str) -> Schema:
    meaning = {"description": MEANINGS[key]} if key in MEANINGS else {}
    return meaning | _values(key)


def _values(key: str) -> Schema:
    if key in CHOICES:
        return _one_or_more({"enum": list(CHOICES[key])})
    if key in COUNTS:
        return {"type": "integer", "minimum": 0}
    if key in SHARES:
        return {"type": "number", "minimum": 0, "maximum": 1}
    if key in GLOBS or key == "license":
        return _one_or_more(TEXT)
    return {"type": "boolean"}


def _one_or_more(value: Schema) -> Schema:
    return {"anyOf": [value, {"type": "array", "items": value}]}


def _table(properties: Mapping[str, Schema], required: Collection[str] = ()) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }
