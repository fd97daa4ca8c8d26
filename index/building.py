"""Indexes made and extended: build, add, compact.

`build` writes one segment from sources. `add` writes another with what the index doesn't hold yet;
when segments become many, the small ones are joined. `compact` writes all that is left as one.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sc2_attrib import __version__
from sc2_attrib.index.corpus.document import CorpusSource, Occurrence, SkippedDocument
from sc2_attrib.index.errors import IndexUnusableError, UsageError
from sc2_attrib.index.grams import LONGEST_GUARANTEE, SHORTEST_GUARANTEE, GramShape
from sc2_attrib.index.manifest import (
    MANIFEST,
    Manifest,
    SegmentEntry,
    is_index,
    open_segment,
    read_manifest,
)
from sc2_attrib.index.memory import DEFAULT_MEMORY, MemoryPlan
from sc2_attrib.index.removal import DenyList, Removal
from sc2_attrib.index.search import CorpusSummary
from sc2_attrib.index.segment.builder import SegmentBuilder
from sc2_attrib.index.segment.documents import content_id
from sc2_attrib.index.segment.reader import Segment
from sc2_attrib.index.transaction import (
    LOCK,
    SEGMENTS,
    entry_of,
    new_segment,
    now,
    publish,
    writing,
)

PROGRESS_BYTES = 1 << 20  # raw text between two reports of progress
DEFAULT_GUARANTEE = 50  # normalised characters
MOST_SEGMENTS = 10  # when an addition makes more, the small ones are joined
REMOVED = "removed"  # reason for leaving out what a removal names


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How to build. `jobs`: threads. `force`: replace an existing index."""

    guarantee_chars: int = DEFAULT_GUARANTEE
    jobs: int = os.cpu_count() or 1
    force: bool = False


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """How far a build is. `phase`: "reading" or "sorting"."""

    phase: str
    raw_bytes: int
    n_documents: int


@dataclass(frozen=True, slots=True)
class BuildSummary:
    """What a build or an addition did.

    `n_duplicates`: contents that came again; `skipped`: documents left out, by reason.
    """

    n_documents: int
    n_occurrences: int
    n_duplicates: int
    raw_bytes: int
    skipped: Mapping[str, int]
    bytes_by_part: Mapping[str, int]
    seconds: float


OnProgress = Callable[[BuildProgress], None]


def build_index(
    sources: Sequence[CorpusSource],
    folder: Path,
    options: BuildOptions,
    *,
    on_progress: OnProgress | None = None,
) -> BuildSummary:
    """Build an index of all documents of the sources.

    What was removed from an index that is replaced stays removed.

    Args:
        sources: read once, in this order.
        folder: of the index; made if it doesn't exist.
        options: how to build.
        on_progress: called every now and then, in the calling thread.

    Raises:
        UsageError: an index or something else is there, or the guarantee is out of range.
        CorpusError: a source can't be read.
        IndexUnusableError: the folder can't be written.
    """
    _check_options(folder, options)
    with writing(folder):
        _check_options(folder, options)  # another build may have finished meanwhile
        empty = Manifest(
            shape=GramShape.for_guarantee(options.guarantee_chars),
            built=now(),
            tool_version=__version__,
            removals=_kept_removals(folder),
        )
        return _extend(folder, empty, sources, options.jobs, on_progress)


def add_to_index(
    sources: Sequence[CorpusSource],
    folder: Path,
    *,
    jobs: int = os.cpu_count() or 1,
    on_progress: OnProgress | None = None,
) -> BuildSummary:
    """Add the documents of the sources to an index; what it holds already changes nothing.

    Raises:
        IndexUnusableError: there is no index, or it can't be written.
        CorpusError: a source can't be read.
    """
    read_manifest(folder)
    with writing(folder):
        summary = _extend(folder, read_manifest(folder), sources, jobs, on_progress)
        _join_small_segments(folder, jobs)
        return summary


def compact_index(
    folder: Path,
    *,
    jobs: int = os.cpu_count() or 1,
    on_progress: OnProgress | None = None,
) -> BuildSummary:
    """Write all that is left as one segment: what was removed is gone from the disk.

    Raises:
        IndexUnusableError: there is no index, or it can't be written.
        CorruptIndexError: it is damaged.
    """
    read_manifest(folder)
    with writing(folder):
        manifest = read_manifest(folder)
        return _rewrite(folder, manifest, manifest.segments, jobs, on_progress)


def _check_options(folder: Path, options: BuildOptions) -> None:
    if not SHORTEST_GUARANTEE <= options.guarantee_chars <= LONGEST_GUARANTEE:
        raise UsageError(
            f"--guarantee {options.guarantee_chars}: must lie between"
            f" {SHORTEST_GUARANTEE} and {LONGEST_GUARANTEE} characters"
        )
    if folder.is_file():
        raise UsageError(f"{folder}: is a file; an index is a folder")
    if is_index(folder):
        if not options.force:
            raise UsageError(f"{folder}: there is an index already; --force replaces it")
    elif folder.is_dir() and not all(map(_is_ours, folder.iterdir())):
        raise UsageError(f"{folder}: holds other files; name an empty or a new folder")
    elif (folder / MANIFEST).exists() and not options.force:
        raise UsageError(f"{folder}: there is a damaged index already; --force replaces it")


def _is_ours(path: Path) -> bool:
    is_new_manifest = path.is_file() and path.name.startswith(".manifest-")
    return path.name in (LOCK, MANIFEST) or is_new_manifest or path.match(SEGMENTS)


def _kept_removals(folder: Path) -> tuple[Removal, ...]:
    """Removals of the index that is about to be replaced; lost if it can't be read."""
    try:
        return read_manifest(folder).removals
    except IndexUnusableError:
        return ()


class _Known:
    """Contents that an index holds, with their occurrences: what an addition need not repeat."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._segments = [open_segment(folder, e, manifest.shape) for e in manifest.segments]
        self._places: dict[bytes, list[tuple[Segment, int]]] = {}
        for segment in self._segments:
            for document, identifier in enumerate(segment.documents.identifiers()):
                self._places.setdefault(identifier, []).append((segment, document))

    def has(self, identifier: bytes, occurrence: Occurrence) -> bool:
        """Tell whether the very same occurrence is there and was not removed."""
        return any(
            segment.documents.read_occurrence(row) == occurrence
            for segment, document in self._places.get(identifier, ())
            for row in segment.documents.rows(document)
        )

    def close(self) -> None:
        for segment in self._segments:
            segment.close()


def _extend(
    folder: Path,
    manifest: Manifest,
    sources: Sequence[CorpusSource],
    jobs: int,
    on_progress: OnProgress | None,
) -> BuildSummary:
    """Write a segment of what the manifest doesn't hold yet, and publish manifest and segment."""
    started = time.monotonic()
    known = _Known(folder, manifest)
    deny = DenyList(removal.what for removal in manifest.removals)
    with new_segment(folder, manifest.shape, MemoryPlan.of(DEFAULT_MEMORY, jobs), jobs) as (
        name,
        builder,
    ):
        corpora, skipped = _read_sources(sources, builder, known, deny, on_progress)
        known.close()
        sizes = (
            _finish(builder, on_progress) if builder.n_occurrences or not manifest.segments else {}
        )
        entries = [entry_of(folder, name, builder)] if sizes else []
        if sizes or not manifest.segments:
            publish(
                folder,
                replace(
                    manifest,
                    corpora=(*manifest.corpora, *corpora),
                    segments=(*manifest.segments, *entries),
                    skipped=dict(Counter(manifest.skipped) + skipped),
                ),
            )
    return _summary(builder, skipped, sizes, started)


def _read_sources(
    sources: Sequence[CorpusSource],
    builder: SegmentBuilder,
    known: _Known,
    deny: DenyList,
    on_progress: OnProgress | None,
) -> tuple[list[CorpusSummary], Counter[str]]:
    """Feed all documents to the builder."""
    skipped: Counter[str] = Counter()
    corpora = []
    total = reported = 0
    for source in sources:
        n_before, bytes_before = builder.n_documents, builder.raw_bytes
        for item in source:
            if isinstance(item, SkippedDocument):
                skipped[item.reason] += 1
                continue
            identifier = content_id(item.content)
            if deny.names(identifier, item.occurrence.repository):
                skipped[REMOVED] += 1
            elif not known.has(identifier, item.occurrence):
                builder.add(item.content, item.occurrence, identifier)
            total += len(item.content)
            if on_progress and total - reported >= PROGRESS_BYTES:
                reported = total
                on_progress(BuildProgress("reading", total, builder.n_documents))
        corpora.append(
            CorpusSummary(
                source.describe(), builder.n_documents - n_before, builder.raw_bytes - bytes_before
            )
        )
    return corpora, skipped


def _join_small_segments(folder: Path, jobs: int) -> None:
    """Keep the number of segments down: join the smaller half of them when there are too many."""
    manifest = read_manifest(folder)
    if len(manifest.segments) > MOST_SEGMENTS:
        by_size = sorted(manifest.segments, key=lambda entry: entry.raw_bytes)
        _rewrite(folder, manifest, by_size[: MOST_SEGMENTS // 2 + 1], jobs, None)


def _rewrite(
    folder: Path,
    manifest: Manifest,
    entries: Sequence[SegmentEntry],
    jobs: int,
    on_progress: OnProgress | None,
) -> BuildSummary:
    """Replace segments by one that holds what is left of them."""
    started = time.monotonic()
    with new_segment(folder, manifest.shape, MemoryPlan.of(DEFAULT_MEMORY, jobs), jobs) as (
        name,
        builder,
    ):
        for entry in entries:
            with open_segment(folder, entry, manifest.shape) as segment:
                _copy(segment, builder, on_progress)
        sizes = _finish(builder, on_progress)
        kept = [entry for entry in manifest.segments if entry not in entries]
        joined = entry_of(folder, name, builder)
        publish(folder, replace(manifest, segments=(*kept, joined)))
    return _summary(builder, {}, sizes, started)


def _copy(segment: Segment, builder: SegmentBuilder, on_progress: OnProgress | None) -> None:
    for number, (text, occurrences) in enumerate(segment.read_all()):
        for occurrence in occurrences:
            builder.add(text, occurrence)
        if on_progress and number % 256 == 0:
            on_progress(BuildProgress("reading", builder.raw_bytes, builder.n_documents))


def _finish(builder: SegmentBuilder, on_progress: OnProgress | None) -> dict[str, int]:
    if on_progress:
        on_progress(BuildProgress("sorting", builder.raw_bytes, builder.n_documents))
    return builder.finish()


def _summary(
    builder: SegmentBuilder, skipped: Mapping[str, int], sizes: Mapping[str, int], started: float
) -> BuildSummary:
    return BuildSummary(
        builder.n_documents,
        builder.n_occurrences,
        builder.n_occurrences - builder.n_documents,
        builder.raw_bytes,
        dict(skipped),
        dict(sizes),
        time.monotonic() - started,
    )
