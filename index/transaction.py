"""Changes to an index folder that happen whole or not at all.

Every change writes new files beside the old ones, then replaces the manifest, then removes what no
manifest names any more. One process writes at a time, under a lock that the system lets go of when
the process dies; any number may read meanwhile. Killed at any moment, a change has happened or it
has not; what it leaves behind is removed by the next one.
"""

import datetime
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from sc2_attrib.index.errors import IndexUnusableError
from sc2_attrib.index.grams import GramShape
from sc2_attrib.index.manifest import (
    MANIFEST,
    Manifest,
    SegmentEntry,
    read_manifest,
    sync_folder,
    write_manifest,
)
from sc2_attrib.index.memory import MemoryPlan
from sc2_attrib.index.segment.builder import SegmentBuilder
from sc2_attrib.index.segment.format import SectionFile
from sc2_attrib.index.segment.reader import FILES

LOCK = "write.lock"
SEGMENTS = "segment-" + "[0-9]" * 6  # glob; a folder of another name is not ours to remove


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the write lock of an index folder; the system lets go of it if the process dies.

    Raises:
        IndexUnusableError: another process holds it, or the folder can't be written; any OSError
            in the block becomes one.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / LOCK).open("a+", encoding="utf-8") as file:
            _lock(file, folder)
            try:
                yield
            finally:
                remove_litter(folder)
    except OSError as error:
        raise IndexUnusableError(f"{folder}: can't be written: {error.strerror}") from error


def _lock(file: TextIO, folder: Path) -> None:
    """Take the lock and leave our name in it, or tell who holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        owner = file.read().strip() or "another process"
        raise IndexUnusableError(f"{folder}: {owner} is writing to it; wait or stop it") from None
    file.truncate(0)
    file.write(f"process {os.getpid()} on {os.uname().nodename}\n")
    file.flush()


def next_number(folder: Path, prefix: str) -> int:
    """A number that no name with this prefix has yet."""
    taken = (path.name.removeprefix(prefix) for path in folder.glob(f"{prefix}*"))
    return max((int(number) for number in taken if number.isdigit()), default=0) + 1


@contextmanager
def new_segment(
    folder: Path, shape: GramShape, plan: MemoryPlan, jobs: int
) -> Iterator[tuple[str, SegmentBuilder]]:
    """Build a segment; unless the block publishes it, it is litter."""
    name = f"segment-{next_number(folder, 'segment-'):06d}"
    builder = SegmentBuilder(folder / name, shape, plan, jobs=jobs)
    try:
        yield name, builder
    finally:
        builder.close()


def entry_of(folder: Path, name: str, builder: SegmentBuilder) -> SegmentEntry:
    """Describe a finished segment for the manifest."""
    digests = {}
    for file_name, kind in FILES.items():
        with SectionFile(folder / name / file_name, kind) as file:
            digests[file_name] = file.digest
    sync_folder(folder / name)
    return SegmentEntry(
        name, builder.n_documents, builder.n_occurrences, builder.raw_bytes, digests
    )


def publish(folder: Path, manifest: Manifest) -> None:
    """Make a manifest the index: from here on the change has happened."""
    write_manifest(folder, manifest.with_id())


def remove_litter(folder: Path) -> None:
    """Remove segments and removal files that the manifest doesn't name."""
    named: dict[str, str | None] = {}
    if (folder / MANIFEST).exists():
        try:
            named = {entry.name: entry.removed for entry in read_manifest(folder).segments}
        except IndexUnusableError:
            return  # damaged: what it names is not known
    for path in folder.glob(SEGMENTS):
        if path.name not in named:
            shutil.rmtree(path, ignore_errors=True)
        else:
            for rows in path.glob("removed-*"):
                if rows.name != named[path.name]:
                    rows.unlink(missing_ok=True)
    for path in folder.glob(".manifest-*"):
        path.unlink(missing_ok=True)


def now() -> str:
    """The time as manifests write it: ISO 8601, UTC, whole seconds."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
