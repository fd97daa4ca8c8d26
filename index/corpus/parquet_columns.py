"""The columns of a table in one of The Stack's shapes, and their values row by row.

A text column may be string or binary, plain, large, view or dictionary encoded, and hold invalid
UTF-8: contents are taken as bytes whatever they are. A table that went through pandas has its whole
numbers as floats.

At repository level each row has a list `files` of structs with the columns of a file, and The Stack
v3 a struct `github_metadata` besides; what either holds joins the row's own columns.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sc2_attrib.index.corpus.remote import RemoteFile
from sc2_attrib.index.corpus.stack_rows import (
    BLOB_COLUMNS,
    BLOB_ID,
    COLUMNS,
    CONTENT,
    PATH_COLUMNS,
    REPOSITORY_COLUMNS,
    Blob,
    ColumnType,
    Row,
    StackFile,
    blob_of,
)
from sc2_attrib.index.errors import CorpusError

FILES = "files"
METADATA = "github_metadata"

_TYPES: Mapping[str, ColumnType] = {**COLUMNS, **BLOB_COLUMNS}
_NEEDED = {"content": (CONTENT, BLOB_ID), "path": PATH_COLUMNS, "repo_name": REPOSITORY_COLUMNS}


@dataclass(frozen=True, slots=True)
class TableShape:
    """Which columns of a table to read: `leaves` are paths of leaves in its schema.

    `content_leaf` numbers the one that holds the texts; None where there are only blob ids.
    """

    is_by_repository: bool
    leaves: list[str]
    content_leaf: int | None

    @classmethod
    def of(cls, file: Path | RemoteFile, parquet: Any) -> Self:
        """Look at a table's schema.

        Raises:
            CorpusError: it is none of the shapes.
        """
        paths = [parquet.schema.column(i).path for i in range(parquet.metadata.num_columns)]
        names = [_column_name(path) for path in paths]
        is_by_repository = _is_by_repository(file, parquet.schema_arrow)
        _check_names(file, names)
        has_content = CONTENT in names
        wanted = {CONTENT, *COLUMNS} if has_content else _TYPES.keys()
        return cls(
            is_by_repository=is_by_repository,
            leaves=[path for path, name in zip(paths, names, strict=True) if name in wanted],
            content_leaf=names.index(CONTENT) if has_content else None,
        )


def read_files(batch: Any, place: str, first_row: int) -> Iterator[StackFile]:
    """Read a batch of a table at file level."""
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    for row, (content, values) in enumerate(_contents_and_rows(columns), start=first_row):
        yield StackFile(content, values, f"{place}{row}")


def read_repository(batch: Any, place: str, first_row: int) -> Iterator[StackFile]:
    """Read a batch of one row of a table at repository level."""
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    files = columns.pop(FILES).flatten()
    if METADATA in columns:
        columns |= _fields(columns.pop(METADATA))
    (repository,) = _rows(columns)
    for number, (content, values) in enumerate(_contents_and_rows(_fields(files)), start=1):
        yield StackFile(content, {**repository, **values}, f"{place}{first_row}:{number}")


def _column_name(leaf: str) -> str:
    """Name the column a leaf belongs to: of `files.list.element.path`, `path`.

    What stands between a list and its elements has different names, by who wrote the file.
    """
    first, *others = leaf.split(".")
    if first not in (FILES, METADATA):
        return first
    known = (name for name in others if name in _TYPES or name == CONTENT)
    return next(known, leaf)


def _is_by_repository(file: Path | RemoteFile, schema: Any) -> bool:
    import pyarrow

    if FILES not in schema.names:
        return False
    kind = schema.field(FILES).type
    if not hasattr(kind, "value_type") or not pyarrow.types.is_struct(kind.value_type):
        raise CorpusError(f"{file}: column {FILES} is {kind}; it must be a list of structs")
    return True


def _check_names(file: Path | RemoteFile, names: list[str]) -> None:
    missing = [name for name, spellings in _NEEDED.items() if not set(names) & set(spellings)]
    if missing:
        found = ", ".join(dict.fromkeys(names)) or "none"
        raise CorpusError(
            f"{file}: no column {', '.join(missing)}; found {found};"
            " a Parquet corpus needs content or blob_id, path and repo_name"
        )


def _contents_and_rows(columns: Mapping[str, Any]) -> Iterator[tuple[bytes | Blob | None, Row]]:
    if CONTENT in columns:
        return zip(read_contents(columns[CONTENT]), _rows(columns), strict=True)
    return ((blob_of(row), row) for row in _rows(columns))


def _rows(columns: Mapping[str, Any]) -> Iterator[Row]:
    types = {name: _TYPES[name] for name in columns if name in _TYPES}
    values = (_READERS[kind](columns[name]) for name, kind in types.items())
    return (dict(zip(types, row, strict=True)) for row in zip(*values, strict=True))


def _fields(structs: Any) -> dict[str, Any]:
    """Take a column of structs apart; a field is null where its struct is."""
    return dict(zip((field.name for field in structs.type), structs.flatten(), strict=True))


def read_contents(column: Any) -> list[bytes | None]:
    """Convert a column of texts to their bytes, whatever they are."""
    import pyarrow

    values: list[bytes | None] = column.cast(pyarrow.large_binary()).to_pylist()
    return values


def _texts(column: Any) -> list[str | None]:
    import pyarrow

    try:
        values: list[str | None] = column.cast(pyarrow.large_string()).to_pylist()
    except ValueError:  # invalid UTF-8; from Arrow or, where it doesn't look, from Python
        values = [
            None if raw is None else raw.decode(errors="replace") for raw in read_contents(column)
        ]
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
