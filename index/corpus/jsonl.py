"""JSON Lines with at least `content`; the other columns as in The Stack v2, all optional.

`.gz` and `.zst` files are unpacked while they are read; a truncated one is an error, not an end.
"""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from sc2_attrib.index.corpus.document import CorpusDescription, SkippedDocument, SourceDocument
from sc2_attrib.index.corpus.stack_rows import COLUMNS, CONTENT, ColumnType, document_of
from sc2_attrib.index.errors import CorpusError

SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst")

_WANTED = {
    ColumnType.TEXT: "a string",
    ColumnType.TEXTS: "a string or a list of strings",
    ColumnType.COUNT: "a whole number",
    ColumnType.FLAG: "true or false",
}


class JsonLinesSource:
    """The rows of a JSON Lines file, in the file's order."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def describe(self) -> CorpusDescription:
        """Name the corpus: the file without its suffixes."""
        name = self._path.name
        for suffix in SUFFIXES:
            name = name.removesuffix(suffix)
        return CorpusDescription(name)

    def estimate_bytes(self) -> int | None:
        """Get the file's size, a little more than its text's; unknown if it is compressed."""
        return self._path.stat().st_size if self._path.suffix == SUFFIXES[0] else None

    def __iter__(self) -> Iterator[SourceDocument | SkippedDocument]:
        """Yield the rows; blank lines are no rows."""
        corpus = self.describe().name
        with _open(self._path) as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _document(line, corpus, self._path, number)


def _document(
    line: bytes, corpus: str, path: Path, number: int
) -> SourceDocument | SkippedDocument:
    try:
        row = _row(line)
    except (ValueError, RecursionError) as err:
        raise CorpusError(
            f"{path}:{number}: {err}; each line must be a JSON object with 'content'"
        ) from err
    text = row[CONTENT]
    content = None if text is None else text.encode(errors="surrogatepass")
    return document_of(content, row, corpus=corpus, place=f"{path.name}:{number}")


def _row(line: bytes) -> dict[str, Any]:
    """Parse a line and check the type of every value that is read.

    Raises:
        ValueError: the line is no row; says why.
    """
    try:
        row = json.loads(line)
    except json.JSONDecodeError as err:
        raise ValueError(f"not JSON: {err.msg} at column {err.colno}") from err
    if not isinstance(row, dict):
        raise ValueError(f"not an object but {_shown(row)}")
    if CONTENT not in row:
        raise ValueError(f"no 'content'; the keys are {', '.join(row) or 'none'}")
    _check(row, CONTENT, ColumnType.TEXT)
    for name in COLUMNS.keys() & row.keys():
        _check(row, name, COLUMNS[name])
        if COLUMNS[name] is ColumnType.TEXTS and isinstance(row[name], str):
            row[name] = [row[name]]
    return row


def _check(row: dict[str, Any], name: str, column_type: ColumnType) -> None:
    value = row[name]
    if value is not None and not _has_type(value, column_type):
        raise ValueError(f"{name!r} must be {_WANTED[column_type]}, not {_shown(value)}")


def _has_type(value: object, column_type: ColumnType) -> bool:
    match column_type:
        case ColumnType.TEXT:
            return isinstance(value, str)
        case ColumnType.TEXTS:
            texts = value if isinstance(value, list) else [value]
            return all(isinstance(text, str) for text in texts)
        case ColumnType.COUNT:
            return isinstance(value, int) and not isinstance(value, bool)
        case ColumnType.FLAG:
            return isinstance(value, bool)


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    """Open a file, unpacked as its suffix says; what goes wrong while it is read: CorpusError."""
    import pyarrow  # type: ignore[import-untyped]  # ships no types

    try:
        with pyarrow.input_stream(path, compression="detect") as stream:
            yield cast(BinaryIO, io.BufferedReader(stream))
    except OSError as err:
        raise CorpusError(f"{path}: can't be read: {err}; check it or fetch it again") from err
