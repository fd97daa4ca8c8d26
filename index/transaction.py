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
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from sc2_attrib.index.checkpoint import (
    Checkpoint,
    Request,
    differences,
    read_checkpoint,
    remove_checkpoint,
)
from sc2_attrib.index.errors import IndexUnusableError, UsageError
from sc2_attrib.index.manifest import MANIFEST, Manifest, read_manifest, write_manifest
from sc2_attrib.index.segment import spool

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
                remove_litter(folder, _segments_in_work(folder))
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


def unfinished(folder: Path) -> Checkpoint | None:
    """The checkpoint that can be gone on from: of the index as it is now."""
    checkpoint = read_checkpoint(folder)
    return checkpoint if checkpoint and checkpoint.base == index_id(folder) else None


def resumable(folder: Path, request: Request, *, force: bool) -> Checkpoint | None:
    """The checkpoint to go on from; one of another request is refused, or forgotten with `force`.

    Raises:
        UsageError: the folder holds the unfinished work of another request.
    """
    checkpoint = unfinished(folder)
    if checkpoint is None:
        return None
    if request and checkpoint.request == request:
        return checkpoint
    if not force:
        raise UsageError(
            f"{folder}: holds unfinished work of another command"
            f" ({differences(request, checkpoint.request)});"
            " run that again to finish it, or add --force to begin anew"
        )
    remove_checkpoint(folder)
    return None


def index_id(folder: Path) -> str:
    """Id of the index in a folder; empty if there is none, or a damaged one."""
    try:
        return read_manifest(folder).id
    except IndexUnusableError:
        return ""


def _segments_in_work(folder: Path) -> set[str]:
    """Segments that an unfinished extension goes on with; forgets one of the index as it was."""
    checkpoint = unfinished(folder)
    if checkpoint is None:
        remove_checkpoint(folder)
        return set()
    return checkpoint.segment_names()


def publish(folder: Path, manifest: Manifest) -> None:
    """Make a manifest the index: from here on the change has happened."""
    write_manifest(folder, manifest.with_id())


def remove_litter(folder: Path, in_work: Collection[str] = ()) -> None:
    """Remove what nothing needs: segments and removal files that the manifest doesn't name, spools.

    Args:
        folder: of the index.
        in_work: segments that an unfinished extension goes on with.
    """
    named: dict[str, str | None] = {}
    if (folder / MANIFEST).exists():
        try:
            named = {entry.name: entry.removed for entry in read_manifest(folder).segments}
        except IndexUnusableError:
            return  # damaged: what it names is not known
    for path in folder.glob(SEGMENTS):
        if path.name in in_work:
            continue
        if path.name not in named:
            shutil.rmtree(path, ignore_errors=True)
            continue
        litter = (rows for rows in path.glob("removed-*") if rows.name != named[path.name])
        for file in [*litter, *path.glob(f"*{spool.SUFFIX}")]:
            file.unlink(missing_ok=True)
    for path in folder.glob(".manifest-*"):
        path.unlink(missing_ok=True)


def now() -> str:
    """The time as manifests write it: ISO 8601, UTC, whole seconds."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
