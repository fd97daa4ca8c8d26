"""Take-downs from an index, and taking them back; removal.py says what a removal names."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sc2_attrib.index.manifest import Manifest, open_segment, read_manifest, sync_folder
from sc2_attrib.index.removal import (
    DenyList,
    check_name,
    log_with,
    log_without,
    removed_rows,
    write_rows,
)
from sc2_attrib.index.transaction import next_number, now, publish, writing


@dataclass(frozen=True, slots=True)
class RemovalSummary:
    """What a removal did: occurrences and documents that are no longer found."""

    n_occurrences: int
    n_documents: int


def remove_from_index(
    names: Sequence[str], folder: Path, *, reason: str | None = None, undo: bool = False
) -> RemovalSummary:
    """Take repositories or contents out of an index, or take removals back.

    In effect when it returns: also for processes that have the index open. With `undo`, what the
    names removed is found again, unless another removal names it or it was compacted away.

    Raises:
        UsageError: a name names nothing, or there is no such removal to undo.
        IndexUnusableError: there is no index, or it can't be written.
    """
    for name in names:
        check_name(name)
    read_manifest(folder)
    with writing(folder):
        manifest = read_manifest(folder)
        before = _removed_now(folder, manifest)
        before_log = manifest.removals
        log = (
            log_without(before_log, names, folder)
            if undo
            else log_with(before_log, names, reason, when=now())
        )
        after = apply_removals(folder, replace(manifest, removals=log))
        return RemovalSummary(abs(after[0] - before[0]), abs(after[1] - before[1]))


def _removed_now(folder: Path, manifest: Manifest) -> tuple[int, int]:
    """Occurrences and documents that are removed at present."""
    n_occurrences = n_documents = 0
    for entry in manifest.segments:
        with open_segment(folder, entry, manifest.shape) as segment:
            n_occurrences += segment.documents.n_removed
            n_documents += segment.documents.n_removed_documents
    return n_occurrences, n_documents


def apply_removals(folder: Path, manifest: Manifest) -> tuple[int, int]:
    """Write what the removals mean for each segment and publish; counts as `_removed_now`."""
    deny = DenyList(removal.what for removal in manifest.removals)
    entries = []
    n_occurrences = n_documents = 0
    for entry in manifest.segments:
        with open_segment(folder, replace(entry, removed=None), manifest.shape) as segment:
            rows = removed_rows(segment.documents, deny)
            segment.documents.remove(rows)
            n_occurrences += segment.documents.n_removed
            n_documents += segment.documents.n_removed_documents
        name = f"removed-{next_number(folder / entry.name, 'removed-'):06d}" if rows.size else None
        if name:
            write_rows(folder / entry.name / name, rows)
            sync_folder(folder / entry.name)
        entries.append(replace(entry, removed=name))
    publish(folder, replace(manifest, segments=tuple(entries)))
    return n_occurrences, n_documents
