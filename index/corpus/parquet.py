"""Parquet files in the file-level shape of The Stack v2, with contents.

A file is read in small batches, only the columns that mean something, so memory is bounded by one
row group's pages. Nearly all of the time is decompression; the Python work per row is one mapping
and one `Occurrence`. Text columns may be string or binary, plain, large, view or dictionary
encoded: `content` is taken as bytes whatever they are, invalid UTF-8 included.
"""

import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sc2_attrib.index.corpus.document import CorpusDescription, SkippedDocument, SourceDocument
from sc2_attrib.index.corpus.stack_rows import COLUMNS, CONTENT, ColumnType, document_of
from sc2_attrib.index.errors import CorpusError

SUFFIX = ".parquet"

# Of 32 to 1,024 rows, 64 and 128 read fastest: their contents stay in the processor's cache.
BATCH_ROWS = 128

# Compressed pages are read through a buffer of this size, not as whole column chunks.
READ_BUFFER_BYTES = 1 << 20

_REPOSITORY_COLUMNS = ("repo_name", "repository")


class ParquetSource:
    """The rows of a Parquet file, or of all `*.parquet` files below a folder, ordered by path.

    A folder's files may be symbolic links, as in Hugging Face's cache.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def describe(self) -> CorpusDescription:
        """Name the corpus: the file or folder, without the suffix."""
        return CorpusDescription(self._path.resolve().name.removesuffix(SUFFIX))

    def estimate_bytes(self) -> int:
        """Add up the contents' sizes as the files' footers have them.

        Repeated contents may count once there, so this can be less than what comes.
        """
        return sum(map(_content_bytes, self._files()))

    def __iter__(self) -> Iterator[SourceDocument | SkippedDocument]:
        """Yield the rows in the files' own order."""
        corpus = self.describe().name
        for file in self._files():
            yield from _documents(file, corpus)

    def _files(self) -> list[Path]:
        if not self._path.is_dir():
            return [self._path]
        files = sorted(file for file in visible_files(self._path) if file.suffix == SUFFIX)
        if not files:
            raise CorpusError(f"{self._path}: no *{SUFFIX} file in this folder")
        return files


def visible_files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, in no fixed order, without what tools keep for themselves.

    Spark and Hive mark that with '_' in front of the name, everybody else with '.'.
    """
    for parent, folders, names in os.walk(folder):
        folders[:] = filter(_is_visible, folders)
        yield from (Path(parent, name) for name in filter(_is_visible, names))


def _is_visible(name: str) -> bool:
    return not name.startswith((".", "_"))


def _documents(file: Path, corpus: str) -> Iterator[SourceDocument | SkippedDocument]:
    n_rows = 0
    with _open(file) as parquet:
        columns = _columns_to_read(file, parquet.schema_arrow.names)
        batches = parquet.iter_batches(BATCH_ROWS, columns=[CONTENT, *columns], use_threads=False)
        for batch in batches:
            contents = _bytes(batch.column(CONTENT))
            values = (_READERS[COLUMNS[name]](batch.column(name)) for name in columns)
            for content, row in zip(contents, zip(*values, strict=True), strict=True):
                n_rows += 1
                place = f"{file.name}:{n_rows}"
                yield document_of(
                    content, dict(zip(columns, row, strict=True)), corpus=corpus, place=place
                )


def _content_bytes(file: Path) -> int:
    with _open(file) as parquet:
        _columns_to_read(file, parquet.schema_arrow.names)
        metadata = parquet.metadata
        index = next(
            i for i in range(metadata.num_columns) if metadata.schema.column(i).path == CONTENT
        )
        groups = range(metadata.num_row_groups)
        return sum(metadata.row_group(g).column(index).total_uncompressed_size for g in groups)


@contextmanager
def _open(file: Path) -> Iterator[Any]:
    """Open a Parquet file; whatever goes wrong while it is read becomes a CorpusError."""
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(
            file, pre_buffer=False, buffer_size=READ_BUFFER_BYTES
        ) as parquet:
            yield parquet
    except (pyarrow.ArrowException, OSError) as err:
        why = str(err).partition("\n")[0]
        raise CorpusError(
            f"{file}: can't be read as Parquet: {why}; check it or fetch it again"
        ) from err


def _columns_to_read(file: Path, found: list[str]) -> list[str]:
    """Choose the columns to read beside the content, in the order of `COLUMNS`."""
    missing = [name for name in (CONTENT, "path") if name not in found]
    if not any(name in found for name in _REPOSITORY_COLUMNS):
        missing.append("repo_name")
    if missing:
        raise CorpusError(
            f"{file}: no column {', '.join(missing)}; found {', '.join(found) or 'none'};"
            " a Parquet corpus needs content, path and repo_name"
        )
    return [name for name in COLUMNS if name in found]


def _bytes(column: Any) -> list[bytes | None]:
    import pyarrow

    values: list[bytes | None] = column.cast(pyarrow.large_binary()).to_pylist()
    return values


def _texts(column: Any) -> list[str | None]:
    import pyarrow

    try:
        values: list[str | None] = column.cast(pyarrow.large_string()).to_pylist()
    except ValueError:  # invalid UTF-8; from Arrow or, where it doesn't look, from Python
        values = [None if raw is None else raw.decode(errors="replace") for raw in _bytes(column)]
    return values


def _text_lists(column: Any) -> list[list[str | None] | None]:
    import pyarrow

    if not pyarrow.types.is_nested(column.type):
        return [None if value is None else [value] for value in _texts(column)]
    lists = column.cast(pyarrow.list_(pyarrow.string()))
    values: list[list[str | None] | None] = lists.to_pylist()
    return values


def _counts(column: Any) -> list[int | None]:
    """Read whole numbers; a table that went through pandas has them as floats, and NaN for null."""
    return [None if n is None or not math.isfinite(n) else int(n) for n in column.to_pylist()]


def _flags(column: Any) -> list[bool | None]:
    import pyarrow

    values: list[bool | None] = column.cast(pyarrow.bool_()).to_pylist()
    return values


_READERS: Mapping[ColumnType, Callable[[Any], list[Any]]] = {
    ColumnType.TEXT: _texts,
    ColumnType.TEXTS: _text_lists,
    ColumnType.COUNT: _counts,
    ColumnType.FLAG: _flags,
}
