"""Segments of another index become segments of this one, as they are.

So a part of a corpus can be indexed on each of several machines, and the parts joined in the time
it takes to read them. Files of a segment never change: they are linked where both indexes lie on
one file system and copied elsewhere, and every byte is checked. Removals are taken over with them,
and applied by the caller. A segment that holds an occurrence which this index holds already is not
taken over: its documents are to be added one by one.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sc2_attrib.index.corpus.index_folder import IndexSource
from sc2_attrib.index.errors import UsageError
from sc2_attrib.index.known import KnownContents
from sc2_attrib.index.manifest import Manifest, SegmentEntry, open_segment, sync_folder
from sc2_attrib.index.removal import Removal


def check_compatible(source: IndexSource, folder: Path, manifest: Manifest) -> None:
    """Refuse an index whose segments can't stand beside those of another.

    Raises:
        UsageError: it is the same index, or made in another way.
    """
    other = source.manifest()
    if source.folder.resolve() == folder.resolve():
        raise UsageError(f"{source.folder}: can't be added to itself")
    if other.shape != manifest.shape:
        raise UsageError(
            f"{source.folder}: has a guarantee of {other.guarantee_chars} characters and"
            f" {folder} one of {manifest.guarantee_chars}; give both the same --guarantee"
        )
    if other.near != manifest.near:
        raise UsageError(
            f"{source.folder}: edited copies are found in another way than in {folder};"
            " build both with the same options and version"
        )


def is_disjoint(source: IndexSource, entry: SegmentEntry, known: KnownContents) -> bool:
    """Tell whether no occurrence in a segment is known already."""
    with open_segment(source.folder, entry, source.manifest().shape) as segment:
        table = segment.documents
        return not any(
            known.has(identifier, table.read_line(row))
            for document in range(table.n_documents)
            if known.has_content(identifier := table.identifier(document))
            for row in table.rows(document)
        )


def take_over(source: IndexSource, entry: SegmentEntry, folder: Path, name: str) -> SegmentEntry:
    """Link or copy the files of a segment to `name` in another index folder, and check them.

    Returns:
        The segment in its new place, without what was removed from it: the caller applies removals.

    Raises:
        CorruptIndexError: a byte is not what it was.
    """
    (folder / name).mkdir()
    for file_name in entry.digests:
        _link_or_copy(source.folder / entry.name / file_name, folder / name / file_name)
    sync_folder(folder / name)
    sync_folder(folder)
    taken = replace(entry, name=name, removed=None)
    with open_segment(folder, taken, source.manifest().shape) as segment:
        for _ in segment.check_files():
            pass
    return taken


def merged_removals(manifest: Manifest, other: Manifest) -> tuple[Removal, ...]:
    """Removals of both, each name once."""
    there = {removal.what for removal in manifest.removals}
    return (*manifest.removals, *(each for each in other.removals if each.what not in there))


def part_sizes(folder: Path, entry: SegmentEntry) -> Iterator[tuple[str, int]]:
    """Bytes of each file of a segment."""
    return ((name, (folder / entry.name / name).stat().st_size) for name in entry.digests)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise
        shutil.copyfile(source, target)
        with target.open("rb") as file:
            os.fsync(file.fileno())
