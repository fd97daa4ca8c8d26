"""JSON Lines with at least `content`; the other columns as in The Stack v2, all optional.

`.gz` and `.zst` files are unpacked while they are read; a truncated one is an error, not an end.
"""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import BinaryIO, cast

from sc2_attrib.index.corpus.document import CorpusDescription, SkippedDocument, SourceDocument
from sc2_attrib.index.corpus.remote import RemoteFile
from sc2_attrib.index.corpus.stack_rows import (
    COLUMNS,
    CONTENT,
    ColumnType,
    Row,
    StackFile,
    document_of,
)
from sc2_attrib.index.errors import CorpusError

SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst")
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}

_WANTED = {
    ColumnType.TEXT: "a string",
    ColumnType.TEXTS: "a string or a list of strings",
    ColumnType.COUNT: "a whole number",
    ColumnType.FLAG: "true or false",
}


class JsonLinesSource:
    """The rows of a JSON Lines file, in the file's order."""

    def __init__(self, path: Path | RemoteFile) -> None:
        self._path = path

    def describe(self) -> CorpusDescription:
        """Name the corpus: the file without its suffixes."""
        name = self._path.name
        for suffix in SUFFIXES:
            name = name.removesuffix(suffix)
        return CorpusDescription(name)

    def estimate_bytes(self) -> int | None:
        """Get the size, a little more than the text's; unknown if packed, or not a file here."""
        if isinstance(self._path, RemoteFile) or self._path.suffix != SUFFIXES[0]:
            return None
        return self._path.stat().st_size

    def __iter__(self) -> Iterator[SourceDocument | SkippedDocument]:
        """Yield the rows; blank lines are no rows."""
        corpus = self.describe().name
        with _open(self._path) as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _document(line, corpus, self._path, number)


def _document(
    line: bytes, corpus: str, path: Path | RemoteFile, number: int
) -> SourceDocument | SkippedDocument:
    try:
        content, row = _read_row(line)
    except (ValueError, RecursionError) as err:
        raise CorpusError(
            f"{path}:{number}: {err}; each line must be a JSON object with 'content'"
        ) from err
    return document_of(StackFile(content, row, f"{path.name}:{number}"), corpus=corpus)


def _read_row(line: bytes) -> tuple[bytes | None, Row]:
    """Parse a line into the content and the other columns, each of the type it should have.

    Raises:
        ValueError: the line is no row; says why.
    """
    try:
        row = json.loads(line)
    except json.JSONDecodeError as err:
        raise ValueError(f"not JSON: {err.msg} at column {err.colno}") from err
    if not isinstance(row, dict):
        raise ValueError(f"not an object but {_shown(row)}")
    content = row.get(CONTENT)
    if CONTENT not in row:
        raise ValueError(f"no 'content'; the keys are {', '.join(row) or 'none'}")
    if content is not None and not isinstance(content, str):
        raise ValueError(f"'content' must be a string, not {_shown(content)}")
    columns = {name: _value(name, row[name]) for name in COLUMNS if name in row}
    text = None if content is None else content.encode(errors="surrogatepass")
    return text, columns


def _value(name: str, value: object) -> object:
    match COLUMNS[name], value:
        case _, None:
            return None
        case ColumnType.TEXT, str():
            return _unicode(value)
        case ColumnType.TEXTS, str():
            return [_unicode(value)]
        case ColumnType.TEXTS, list() if all(isinstance(text, str) for text in value):
            return [_unicode(text) for text in value]
        case ColumnType.FLAG, bool():
            return value
        case ColumnType.COUNT, int() if not isinstance(value, bool):
            return value
    raise ValueError(f"{name!r} must be {_WANTED[COLUMNS[name]]}, not {_shown(value)}")


def _unicode(text: str) -> str:
    r"""Replace half pairs such as `"\udc80"`: JSON can spell them, UTF-8 can't."""
    return text.encode(errors="replace").decode()


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."


@contextmanager
def _open(path: Path | RemoteFile) -> Iterator[BinaryIO]:
    """Open a file, unpacked as its suffix says; what goes wrong while it is read: CorpusError."""
    import pyarrow

    try:
        file = path.open(in_order=True) if isinstance(path, RemoteFile) else path
        packed = _COMPRESSIONS.get(PurePath(path.name).suffix)
        with pyarrow.input_stream(file, compression=packed) as stream:
            yield cast(BinaryIO, io.BufferedReader(stream))
    except OSError as err:
        raise CorpusError(f"{path}: can't be read: {err}; check it or fetch it again") from err
