"""One row of The Stack v2's file-level table as a document, from whichever file it was read.

`COLUMNS` are the columns that mean something here, and their types; a row is a mapping from some of
them to values, None or absent where the corpus says nothing. `repository`, `license` and `licenses`
are not The Stack's: they are what people write who make such a table themselves.

Paths, licences and encodings stay as the corpus states them.

Schema: the dataset cards of bigcode/the-stack-v2.
"""

import re
from collections.abc import Mapping
from enum import Enum, auto
from functools import lru_cache
from typing import Any

from sc2_attrib.index.corpus.document import (
    Basis,
    LicenseAssertion,
    Occurrence,
    SkippedDocument,
    SkipReason,
    SourceDocument,
)

Row = Mapping[str, Any]


class ColumnType(Enum):
    """What the values of a column are, None apart."""

    TEXT = auto()
    TEXTS = auto()
    COUNT = auto()
    FLAG = auto()


CONTENT = "content"
COLUMNS: Mapping[str, ColumnType] = {
    "repo_name": ColumnType.TEXT,
    "repository": ColumnType.TEXT,
    "path": ColumnType.TEXT,
    "revision_id": ColumnType.TEXT,
    "snapshot_id": ColumnType.TEXT,
    "detected_licenses": ColumnType.TEXTS,
    "license_type": ColumnType.TEXT,
    "gha_license_id": ColumnType.TEXT,
    "license": ColumnType.TEXT,
    "licenses": ColumnType.TEXTS,
    "src_encoding": ColumnType.TEXT,
    "language": ColumnType.TEXT,
    "star_events_count": ColumnType.COUNT,
    "is_vendor": ColumnType.FLAG,
    "is_generated": ColumnType.FLAG,
}

_GITHUB_NAME = re.compile(r"[A-Za-z0-9-]+/[\w.-]+", re.ASCII)
_SAME_BYTES_IN_UTF8 = frozenset({"utf-8", "utf8", "ascii", "us-ascii"})

# Few distinct values stand in millions of rows.
_CACHED_VALUES = 4096


def document_of(
    content: bytes | None, row: Row, *, corpus: str, place: str
) -> SourceDocument | SkippedDocument:
    """Turn a row into a document.

    Args:
        content: the text as UTF-8 bytes.
        row: values of `COLUMNS`.
        corpus: stands for the repository where the row names none.
        place: where the row stands; its path where it names none.
    """
    repository = row.get("repo_name") or row.get("repository") or corpus
    path = row.get("path") or place
    if not content:
        reason = SkipReason.NO_CONTENT if content is None else SkipReason.EMPTY
        return SkippedDocument(f"{repository}/{path.removeprefix('/')}", reason)
    return SourceDocument(content, _occurrence(row, repository, path))


def _occurrence(row: Row, repository: str, path: str) -> Occurrence:
    return Occurrence(
        repository=repository,
        path=path,
        revision=row.get("revision_id") or None,
        licenses=_licenses(row),
        language=row.get("language") or None,
        url=_url(repository),
        snapshot=row.get("snapshot_id") or None,
        stars=row.get("star_events_count"),
        is_vendor=bool(row.get("is_vendor")),
        is_generated=bool(row.get("is_generated")),
        src_encoding=_src_encoding(row.get("src_encoding")),
    )


def _licenses(row: Row) -> tuple[LicenseAssertion, ...]:
    if row.get("license_type") == "no_license":
        return ()  # what the scan then names are contributor agreements and the like
    detected = row.get("detected_licenses") or ()
    stated = (row.get("gha_license_id"), row.get("license"), *(row.get("licenses") or ()))
    return _assertions(tuple(detected), stated)


@lru_cache(_CACHED_VALUES)
def _assertions(
    detected: tuple[str | None, ...], stated: tuple[str | None, ...]
) -> tuple[LicenseAssertion, ...]:
    """Keep each licence once; what the scan found goes before what the repository states."""
    bases = dict.fromkeys(filter(None, detected), Basis.SCANCODE)
    for expression in filter(None, stated):
        bases.setdefault(expression, Basis.REPO)
    return tuple(LicenseAssertion(expression, basis) for expression, basis in bases.items())


@lru_cache(_CACHED_VALUES)
def _url(repository: str) -> str | None:
    """Give the address on GitHub, the only host in The Stack, of what looks like a name there."""
    return f"https://github.com/{repository}" if _GITHUB_NAME.fullmatch(repository) else None


def _src_encoding(stated: str | None) -> str | None:
    return None if not stated or stated.lower() in _SAME_BYTES_IN_UTF8 else stated
