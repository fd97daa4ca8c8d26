"""Take-downs: what must not be found again, and which occurrences that means.

A removal names a repository (`owner/name`), all repositories of an owner (`owner/*`) or a content
(its SWHID). The manifest keeps every removal: a standing deny list, which later additions obey.
What it means for a segment is a sorted array of occurrence rows, kept in a file beside the
segment's others; a document whose occurrences are all removed is never found. The text is gone from
the disk after `compact`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sc2_attrib.index.errors import UsageError
from sc2_attrib.index.grams import Keys
from sc2_attrib.index.segment.documents import DocumentTable, name_hash, owner_of
from sc2_attrib.index.segment.format import SectionFile, SectionWriter
from sc2_attrib.index.text import Offsets

KIND = b"DEAD"
_SWHID = re.compile(r"swh:1:cnt:([0-9a-f]{40})")


@dataclass(frozen=True, slots=True)
class Removal:
    """One entry of the log. `when`: ISO 8601, UTC."""

    what: str
    when: str
    reason: str | None = None


class DenyList:
    """What a set of removals names."""

    def __init__(self, names: Iterable[str]) -> None:
        """Sort out names; each is as `check_name` demands."""
        self.contents: set[bytes] = set()
        self.owners: set[str] = set()
        self.repositories: set[str] = set()
        for name in names:
            if match := _SWHID.fullmatch(name):
                self.contents.add(bytes.fromhex(match[1]))
            elif name.endswith("/*"):
                self.owners.add(name.removesuffix("/*"))
            else:
                self.repositories.add(name)

    def names(self, identifier: bytes, repository: str) -> bool:
        """Tell whether an occurrence of a content in a repository is denied."""
        return (
            identifier in self.contents
            or repository in self.repositories
            or owner_of(repository) in self.owners
        )


def log_with(
    removals: Sequence[Removal], names: Iterable[str], reason: str | None, *, when: str
) -> tuple[Removal, ...]:
    """Add names to a log of removals, each once."""
    there = {removal.what for removal in removals}
    new = (Removal(name, when, reason) for name in dict.fromkeys(names) if name not in there)
    return (*removals, *new)


def log_without(
    removals: Sequence[Removal], names: Iterable[str], location: object
) -> tuple[Removal, ...]:
    """Take names out of a log of removals.

    Raises:
        UsageError: the index at `location` has no such removal.
    """
    undone = set(names)
    if missing := sorted(undone - {removal.what for removal in removals}):
        raise UsageError(f"{location}: nothing to undo: {', '.join(missing)} was not removed")
    return tuple(removal for removal in removals if removal.what not in undone)


def check_name(name: str) -> str:
    """Refuse what names neither a content nor a repository.

    Raises:
        UsageError: such a name.
    """
    if name.startswith("swh:") and not _SWHID.fullmatch(name):
        raise UsageError(f"{name}: not the SWHID of a content (swh:1:cnt: and 40 hex digits)")
    if not name.strip() or (name.count("*") and not re.fullmatch(r"[^/*]+/\*", name)):
        raise UsageError(f"{name!r}: name a repository, owner/*, or a content's SWHID")
    return name


def read_names(path: Path) -> list[str]:
    """Read a file of names, one a line; # begins a comment.

    Raises:
        UsageError: the file can't be read, or a line names nothing.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: can't be read: {error}") from None
    names = (line.partition("#")[0].strip() for line in lines)
    return [check_name(name) for name in names if name]


def removed_rows(table: DocumentTable, deny: DenyList) -> Offsets:
    """Find the occurrences that a deny list names: row numbers, ascending."""
    suspects = np.concatenate(
        (
            _rows_by_hash(table.occurrence_repositories, deny.repositories),
            _rows_by_hash(table.occurrence_owners, deny.owners),
            _rows_by_content(table, deny.contents),
        )
    )
    rows = []
    for row in np.unique(suspects).tolist():  # a hash may be equal by chance
        identifier = table.identifier(table.document_of(row))
        if deny.names(identifier, table.read_occurrence(row).repository):
            rows.append(row)
    return np.array(rows, np.int64)


def _rows_by_hash(hashes: Keys, names: Iterable[str]) -> Offsets:
    return np.flatnonzero(np.isin(hashes, np.array([*map(name_hash, names)], np.uint64)))


def _rows_by_content(table: DocumentTable, contents: set[bytes]) -> Offsets:
    found = [table.find(identifier) for identifier in contents]
    rows = [
        np.arange(*table.occurrences[document : document + 2].tolist())
        for document in found
        if document is not None
    ]
    return np.concatenate([np.empty(0, np.int64), *rows])


def write_rows(path: Path, rows: Offsets) -> None:
    """Write removed occurrences of a segment, durably."""
    with SectionWriter(path, KIND) as writer:
        writer.add("rows", rows.astype("<i8"))
        writer.finish()


def read_rows(path: Path, n_occurrences: int) -> Offsets:
    """Read back what `write_rows` wrote.

    Raises:
        CorruptIndexError: the file is damaged, or names occurrences that aren't there.
    """
    with SectionFile(path, KIND) as file:
        rows: Offsets = file["rows"].array("<i8").copy()
        if rows.size and not (rows[0] >= 0 and rows[-1] < n_occurrences and _ascends(rows)):
            raise file["rows"].corrupt(0, "occurrences that aren't there")
    return rows


def _ascends(rows: Sequence[int] | Offsets) -> bool:
    return bool((np.diff(rows) > 0).all())
