"""One file of The Stack v2 or v3 as a document, from whichever table it was read.

`COLUMNS` are the columns that mean something here, and their types; a row is a mapping from some of
them to values, None or absent where the corpus says nothing. `repository`, `license` and `licenses`
are not The Stack's: they are what people write who make such a table themselves. The Stack v3 has
other names for the same: `repo_path`, `commit_id`, `file_path`, `stars`.

A table may hold the texts, or only say which blobs of Software Heritage they are.

Paths, licences and encodings stay as the corpus states them. The Stack looked for licences in
repositories and their licence files, never in the heads of files; those are read here too.

Schemas: the dataset cards of bigcode/the-stack-v2, its -train-*-ids, and
HuggingFaceCode/stack-v3-train.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import lru_cache
from typing import Any

from sc2_attrib.index.corpus.document import (
    Basis,
    LicenseAssertion,
    LicenseType,
    Occurrence,
    SkippedDocument,
    SkipReason,
    SourceDocument,
)
from sc2_attrib.index.corpus.evidence import FileEvidence, read_evidence
from sc2_attrib.index.corpus.repository_evidence import RepositoryEvidence, is_evidence

Row = Mapping[str, Any]


class ColumnType(Enum):
    """What the values of a column are, None apart."""

    TEXT = auto()
    TEXTS = auto()
    COUNT = auto()
    FLAG = auto()


CONTENT = "content"
BLOB_ID = "blob_id"
REPOSITORY_COLUMNS = ("repo_name", "repository", "repo_path")
PATH_COLUMNS = ("path", "file_path")
COLUMNS: Mapping[str, ColumnType] = {
    "repo_name": ColumnType.TEXT,
    "repository": ColumnType.TEXT,
    "repo_path": ColumnType.TEXT,
    "path": ColumnType.TEXT,
    "file_path": ColumnType.TEXT,
    "revision_id": ColumnType.TEXT,
    "commit_id": ColumnType.TEXT,
    "snapshot_id": ColumnType.TEXT,
    "detected_licenses": ColumnType.TEXTS,
    "license_type": ColumnType.TEXT,
    "gha_license_id": ColumnType.TEXT,
    "license": ColumnType.TEXT,
    "licenses": ColumnType.TEXTS,
    "src_encoding": ColumnType.TEXT,
    "language": ColumnType.TEXT,
    "star_events_count": ColumnType.COUNT,
    "stars": ColumnType.COUNT,
    "is_vendor": ColumnType.FLAG,
    "is_generated": ColumnType.FLAG,
}
# Only of use where there is no content.
BLOB_COLUMNS: Mapping[str, ColumnType] = {
    BLOB_ID: ColumnType.TEXT,
    "content_id": ColumnType.TEXT,
    "length_bytes": ColumnType.COUNT,
}

_LICENSE_TYPES: Mapping[str, LicenseType] = {str(kind): kind for kind in LicenseType}
_GITHUB_NAME = re.compile(r"[A-Za-z0-9-]+/[\w.-]+", re.ASCII)
_SAME_BYTES_IN_UTF8 = frozenset({"utf-8", "utf8", "ascii", "us-ascii"})

# Few distinct values stand in millions of rows.
_CACHED_VALUES = 4096


@dataclass(frozen=True, slots=True)
class Blob:
    """A text that the table only names.

    `blob_id` is the SHA-1 of the bytes, `content_id` that of the git blob; `n_bytes` and
    `src_encoding` are of the bytes as they were published.
    """

    blob_id: str
    content_id: str | None = None
    src_encoding: str | None = None
    n_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class StackFile:
    """A file as a table has it.

    `content` is the text as UTF-8 bytes, where to find it, why it is left out, or None for null.
    `values` are of `COLUMNS`; `place` is where the row stands and stands in for a missing path.
    `evidence` is what other files of the repository say, where they stand in the same row.
    """

    content: bytes | Blob | SkipReason | None
    values: Row
    place: str
    evidence: RepositoryEvidence | None = None


def blob_of(values: Row) -> Blob | None:
    """Tell which blob a row names, from its `BLOB_COLUMNS`."""
    if not (blob_id := values.get(BLOB_ID)):
        return None
    stated = (values.get(name) for name in ("content_id", "src_encoding", "length_bytes"))
    return Blob(blob_id, *stated)


def document_of(file: StackFile, *, corpus: str) -> SourceDocument | SkippedDocument:
    """Turn a row into a document; the corpus stands for a repository that isn't named.

    A text that is only named has to be fetched before.
    """
    occurrence = occurrence_of(file, corpus=corpus)
    if isinstance(file.content, bytes) and file.content:
        occurrence = file.evidence.add_to(occurrence) if file.evidence else occurrence
        return SourceDocument(file.content, occurrence, license_type_of(file))
    path = f"{occurrence.repository}/{occurrence.path.removeprefix('/')}"
    return SkippedDocument(path, _reason_to_skip(file.content))


def with_evidence(files: Iterable[StackFile]) -> Iterator[StackFile]:
    """Let the files of one repository speak for each other, as far as the table has their texts."""
    files, evidence = list(files), RepositoryEvidence()
    for file in files:
        path = _first(file.values, PATH_COLUMNS) or ""
        if isinstance(file.content, bytes) and is_evidence(path):
            evidence.see(path, file.content)
    return (replace(file, evidence=evidence) for file in files)


def _reason_to_skip(content: bytes | Blob | SkipReason | None) -> SkipReason:
    if isinstance(content, SkipReason):
        return content
    return SkipReason.EMPTY if isinstance(content, bytes) else SkipReason.NO_CONTENT


def occurrence_of(file: StackFile, *, corpus: str) -> Occurrence:
    """Say where a file stands; the text may be missing still, and its own evidence with it."""
    row = file.values
    evidence = read_evidence(file.content) if isinstance(file.content, bytes) else FileEvidence()
    repository = _first(row, REPOSITORY_COLUMNS) or corpus
    return Occurrence(
        repository=repository,
        path=_first(row, PATH_COLUMNS) or file.place,
        revision=_first(row, ("revision_id", "commit_id")),
        licenses=evidence.licenses + _licenses(row),
        language=row.get("language") or None,
        url=_url(repository),
        snapshot=row.get("snapshot_id") or None,
        stars=_first(row, ("star_events_count", "stars")),
        is_vendor=bool(row.get("is_vendor")),
        is_generated=bool(row.get("is_generated")),
        src_encoding=_src_encoding(row.get("src_encoding")),
        copyright=evidence.copyright,
    )


def _first(row: Row, names: tuple[str, ...]) -> Any:
    """Get the first value that says something, under any of the names for it."""
    for name in names:
        value = row.get(name)
        if value is not None and value != "":
            return value
    return None


def license_type_of(file: StackFile) -> LicenseType | None:
    """Tell the licence type that a row states."""
    return _LICENSE_TYPES.get(file.values.get("license_type") or "")


def _licenses(row: Row) -> tuple[LicenseAssertion, ...]:
    if row.get("license_type") == LicenseType.NO_LICENSE:
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
    return stated if stated and changes_bytes(stated) else None


def changes_bytes(src_encoding: str) -> bool:
    """Check that text in an encoding has other bytes in UTF-8."""
    return src_encoding.lower() not in _SAME_BYTES_IN_UTF8
