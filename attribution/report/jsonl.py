"""The result document as JSON Lines (`-f jsonl`): for streams, logs and loading into tables.

Each line is an object with a `record`: `run` first, then `input`, `match` and `text` in the order
of the document, `summary` last. The other members are those of the result document; the run also
has `coverage`, what was searched, and `missed`, what keeps it from being complete; a text has
`sha256` and `text`. A file that lacks the last line was cut short.
"""

import json
from collections.abc import Iterable, Iterator, Mapping

from sc2_attrib.attribution.report.machine_text import well_formed
from sc2_attrib.attribution.report.searched import searched_statement
from sc2_attrib.attribution.report.sentences import missed
from sc2_attrib.attribution.result import Result
from sc2_attrib.attribution.result_json import members


def render(result: Result) -> str:
    """Write the result, a record a line."""
    return "".join(f"{_line(record)}\n" for record in _records(result))


def _records(result: Result) -> Iterator[Mapping[str, object]]:
    said = {"coverage": searched_statement(result), "missed": missed(result)}
    yield {"record": "run", "schema": result.schema, **members(result.run), **said}
    yield from _labelled("input", result.inputs)
    yield from _labelled("match", result.matches)
    for key, text in sorted(result.texts.items()):
        yield {"record": "text", "sha256": key, "text": text}
    yield {"record": "summary", **members(result.summary)}


def _labelled(record: str, values: Iterable[object]) -> Iterator[Mapping[str, object]]:
    return ({"record": record, **members(value)} for value in values)


def _line(record: Mapping[str, object]) -> str:
    return well_formed(json.dumps(record, ensure_ascii=False, default=members))
