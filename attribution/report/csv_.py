"""A table for spreadsheets (`-f csv`): a row a source of a match, and what was not checked.

`record` says what a row is: the first is the `run` with what was searched, then come `source` rows
in the order of the matches, then an `input` row for each input that was skipped or failed, because
a table without rows must not read as a clean run. Lines and bytes are numbered as in the result
document.

A cell that a spreadsheet would take for a formula begins with an apostrophe, and so does one that
began with an apostrophe: taking one away gives every value back.
Source: https://owasp.org/www-community/attacks/CSV_Injection
"""

import csv
import io
from collections.abc import Iterator, Mapping

from sc2_attrib.attribution.report.searched import searched_statement
from sc2_attrib.attribution.report.sentences import Standing, missed, suppression_reason
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import InputRecord, InputStatus, MatchRecord, Result, Source

COLUMNS = (
    *("record", "input", "status", "action", "rule", "reason"),
    *("kind", "class", "common", "first_line", "last_line", "first_column", "last_column"),
    *("first_byte", "stop_byte", "characters", "lexemes", "generated_bytes"),
    *("similarity", "license", "category", "basis", "confidence", "conflict", "copyright"),
    *("repository", "revision", "path", "source_first_line", "source_last_line"),
    *("source_first_byte", "source_stop_byte", "source_kind", "source_language"),
    *("url", "swhid", "document", "stars", "is_vendor", "is_generated"),
    *("occurrences", "repositories", "at_least", "suppression", "parts", "match", "fingerprint"),
)

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "'")  # noqa: RUF001  # some read the wide ones too


def render(result: Result) -> str:
    """Write the table, with the line ends of RFC 4180."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for row in _rows(result):
        table.writerow([_cell(row.get(column)) for column in COLUMNS])
    return text.getvalue()


def _rows(result: Result) -> Iterator[Mapping[str, object]]:
    yield _run_row(result)
    paths = {record.id: record.path for record in result.inputs}
    for match in result.matches:
        shared = _match_cells(match, paths.get(match.input, match.input))
        for source in match.sources:
            yield shared | _source_cells(source)
        if not match.sources:
            yield shared
    for record in result.inputs:
        if record.status is not InputStatus.CHECKED:
            yield _input_row(record)


def _run_row(result: Result) -> dict[str, object]:
    summary = result.summary
    return {
        "record": "run",
        "input": result.run.command,
        "status": "complete" if summary.complete else "incomplete",
        "action": summary.verdict,
        "reason": " ".join([*missed(result)[-1:], searched_statement(result)]),
    }


def _input_row(record: InputRecord) -> dict[str, object]:
    return {
        "record": "input",
        "input": record.path,
        "status": record.status,
        "reason": record.reason,
    }


def _match_cells(match: MatchRecord, path: str) -> dict[str, object]:
    where = match.generated
    return {
        "record": "source",
        "input": path,
        "status": Standing.of(match),
        "action": match.policy.action,
        "rule": match.policy.rule,
        "reason": match.policy.reason,
        "kind": match.kind,
        "class": match.class_,
        "common": match.common,
        "first_line": where.lines[0],
        "last_line": where.lines[1],
        "first_column": where.columns[0],
        "last_column": where.columns[1],
        "first_byte": where.bytes[0],
        "stop_byte": where.bytes[1],
        "characters": match.size.normalized_chars,
        "lexemes": match.size.lexemes,
        "generated_bytes": match.generated_bytes,
        "occurrences": match.documents.occurrences,
        "repositories": match.documents.repositories,
        "at_least": match.documents.at_least,
        "suppression": suppression_reason(match),
        "parts": " ".join(match.parts),
        "match": match.id,
        "fingerprint": match.fingerprint,
    }


def _source_cells(source: Source) -> dict[str, object]:
    license_ = source.license
    return {
        "similarity": source.similarity,
        "license": license_.expression,
        "category": license_.category,
        "basis": license_.basis,
        "confidence": license_.confidence,
        "conflict": license_.conflict,
        "copyright": "; ".join(license_.copyright),
        "repository": source.repo,
        "revision": source.revision,
        "path": source.path,
        "source_first_line": source.lines[0],
        "source_last_line": source.lines[1],
        "source_first_byte": source.bytes[0],
        "source_stop_byte": source.bytes[1],
        "source_kind": source.kind,
        "source_language": source.language,
        "url": source.url,
        "swhid": source.swhid,
        "document": source.document,
        "stars": source.stars,
        "is_vendor": source.is_vendor,
        "is_generated": source.is_generated,
    }


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    text = visible(str(value))
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text
