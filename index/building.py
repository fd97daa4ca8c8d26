"""Indexes made and extended: build, add, compact.

`build` writes segments from sources. `add` writes others with what the index doesn't hold yet; when
segments become many, the small ones are joined. `compact` writes all that is left anew.
"""

import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sc2_attrib import __version__
from sc2_attrib.index.checkpoint import CHECKPOINT, Checkpoint, Request, remove_checkpoint
from sc2_attrib.index.corpus.document import CorpusSource
from sc2_attrib.index.corpus.index_folder import IndexSource
from sc2_attrib.index.errors import IndexUnusableError, UsageError
from sc2_attrib.index.extension import BuildProgress, Extension, OnProgress
from sc2_attrib.index.grams import LONGEST_GUARANTEE, SHORTEST_GUARANTEE, GramShape
from sc2_attrib.index.manifest import (
    MANIFEST,
    Manifest,
    SegmentEntry,
    is_index,
    open_segment,
    read_manifest,
    read_removals,
)
from sc2_attrib.index.memory import DEFAULT_MEMORY, MemoryPlan
from sc2_attrib.index.near.scheme import NearScheme
from sc2_attrib.index.removal import DenyList, Removal
from sc2_attrib.index.segment.documents import content_id
from sc2_attrib.index.segment.prepared import prepared
from sc2_attrib.index.segment.reader import Segment
from sc2_attrib.index.series import SegmentSeries, closing_series
from sc2_attrib.index.take_down import apply_removals
from sc2_attrib.index.takeover import check_compatible, merged_removals
from sc2_attrib.index.transaction import LOCK, SEGMENTS, now, publish, resumable, writing

DEFAULT_GUARANTEE = 50  # normalised characters
MOST_SEGMENTS = 10  # when an addition makes more, the small ones are joined
CHECKPOINT_BYTES = 1 << 30  # of text read between two checkpoints: less than a minute's work


@dataclass(frozen=True, slots=True)
class Resources:
    """What a build may use.

    `jobs`: threads. `memory_bytes`: see memory.py. `checkpoint_bytes`: read between checkpoints.
    """

    jobs: int = os.cpu_count() or 1
    memory_bytes: int = DEFAULT_MEMORY
    checkpoint_bytes: int = CHECKPOINT_BYTES

    def plan(self) -> MemoryPlan:
        """Divide the memory."""
        return MemoryPlan.of(self.memory_bytes, self.jobs)


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How to build.

    `force`: replace an existing index, and begin anew where an unfinished build was another.
    `forget_removals`: replace also one whose list of removals can't be read.
    `near`: make near keys, by which edited copies are found.
    `request`: what tells this build from others; only one that has a request leaves checkpoints.
    """

    guarantee_chars: int = DEFAULT_GUARANTEE
    force: bool = False
    forget_removals: bool = False
    near: bool = True
    resources: Resources = field(default_factory=Resources)
    request: Request = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BuildSummary:
    """What a build or an addition did.

    `n_duplicates`: contents that came again; `skipped`: documents left out, by reason;
    `read_bytes`: all text that was read, `raw_bytes`: that of distinct contents;
    `peak_memory_bytes`: most anonymous memory of the process that was seen, None where the system
    doesn't tell; `resumed`: part of it was done by a run before, whose time is not counted.
    """

    n_documents: int
    n_occurrences: int
    n_duplicates: int
    read_bytes: int
    raw_bytes: int
    skipped: Mapping[str, int]
    bytes_by_part: Mapping[str, int]
    seconds: float
    peak_memory_bytes: int | None = None
    resumed: bool = False


def build_index(
    sources: Sequence[CorpusSource],
    folder: Path,
    options: BuildOptions,
    *,
    on_progress: OnProgress | None = None,
) -> BuildSummary:
    """Build an index of all documents of the sources.

    What was removed from an index that is replaced stays removed. A build that was interrupted goes
    on where it was, if the request is the same.

    Args:
        sources: read once, in this order.
        folder: of the index; made if it doesn't exist.
        options: how to build.
        on_progress: called every now and then, in the calling thread.

    Raises:
        UsageError: an index or something else is there, or an unfinished build of another request,
            or an option is out of range.
        CorpusError: a source can't be read.
        IndexUnusableError: the folder can't be written.
    """
    _check_options(folder, options)
    _kept_removals(folder, options)
    with writing(folder):
        _check_options(folder, options)  # another build may have finished meanwhile
        empty = Manifest(
            shape=GramShape.for_guarantee(options.guarantee_chars),
            built=now(),
            tool_version=__version__,
            removals=_kept_removals(folder, options),
            near=NearScheme.new() if options.near else None,
        )
        return _extend(
            folder,
            empty,
            sources,
            options.resources,
            checkpoint=resumable(folder, options.request, force=options.force),
            request=options.request,
            on_progress=on_progress,
        )


def add_to_index(
    sources: Sequence[CorpusSource],
    folder: Path,
    *,
    resources: Resources | None = None,
    request: Request | None = None,
    force: bool = False,
    on_progress: OnProgress | None = None,
) -> BuildSummary:
    """Add the documents of the sources to an index; what it holds already changes nothing.

    Args:
        sources: read once, in this order.
        folder: of the index.
        resources: what may be used.
        request: as in `BuildOptions`.
        force: begin anew where an unfinished addition was another.
        on_progress: as in `build_index`.

    Raises:
        UsageError: there is an unfinished addition of another request.
        IndexUnusableError: there is no index, or it can't be written.
        CorpusError: a source can't be read.
    """
    resources, request = resources or Resources(), request or {}
    read_manifest(folder)
    with writing(folder):
        summary = _extend(
            folder,
            read_manifest(folder),
            sources,
            resources,
            checkpoint=resumable(folder, request, force=force),
            request=request,
            on_progress=on_progress,
        )
        _join_small_segments(folder, resources)
        return summary


def compact_index(
    folder: Path,
    *,
    resources: Resources | None = None,
    on_progress: OnProgress | None = None,
) -> BuildSummary:
    """Write all that is left anew, as one segment if it fits: what was removed leaves the disk.

    Raises:
        IndexUnusableError: there is no index, or it can't be written.
        CorruptIndexError: it is damaged.
    """
    read_manifest(folder)
    with writing(folder):
        manifest = read_manifest(folder)
        return _rewrite(folder, manifest, manifest.segments, resources or Resources(), on_progress)


def _check_options(folder: Path, options: BuildOptions) -> None:
    options.resources.plan()
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
    return path.name in (LOCK, MANIFEST, CHECKPOINT) or is_new_manifest or path.match(SEGMENTS)


def _kept_removals(folder: Path, options: BuildOptions) -> tuple[Removal, ...]:
    """Removals of the index that is about to be replaced.

    Raises:
        UsageError: they can't be read, and nobody said that they may be forgotten.
    """
    if not (folder / MANIFEST).exists():
        return ()
    try:
        return read_removals(folder)
    except IndexUnusableError as error:
        if options.forget_removals:
            return ()
        raise UsageError(
            f"{folder}: what was removed from this index can't be read and would be forgotten;"
            " restore its manifest, or add --forget-removals and remove the names again"
            f" ({str(error).partition(';')[0]})"
        ) from error


def _extend(
    folder: Path,
    manifest: Manifest,
    sources: Sequence[CorpusSource],
    resources: Resources,
    *,
    checkpoint: Checkpoint | None,
    request: Request,
    on_progress: OnProgress | None,
) -> BuildSummary:
    """Write segments of what the manifest doesn't hold yet, and publish manifest and segments."""
    started = time.monotonic()
    indexes = [source for source in sources if isinstance(source, IndexSource)]
    for source in indexes:
        check_compatible(source, folder, manifest)
    extension = Extension(
        folder,
        manifest,
        resources.plan(),
        jobs=resources.jobs,
        checkpoint=checkpoint,
        request=request,
        checkpoint_bytes=resources.checkpoint_bytes,
        on_progress=on_progress,
    )
    with extension:
        entries = extension.read(sources)
        progressed = extension.progressed
        if entries or not manifest.segments:
            extended = replace(
                manifest,
                corpora=(*manifest.corpora, *progressed.corpora),
                segments=(*manifest.segments, *entries),
                skipped=dict(Counter(manifest.skipped) + Counter(progressed.skipped)),
            )
            _publish_with_removals(folder, extended, indexes)
        remove_checkpoint(folder)
    return replace(
        _summary(extension.series, started),
        read_bytes=progressed.read_bytes,
        skipped=progressed.skipped,
        peak_memory_bytes=extension.memory.peak_bytes,
        resumed=checkpoint is not None,
    )


def _publish_with_removals(
    folder: Path, manifest: Manifest, taken_over: Sequence[IndexSource]
) -> None:
    """Publish a manifest; what was removed from indexes that were taken over stays removed."""
    for source in taken_over:
        manifest = replace(manifest, removals=merged_removals(manifest, source.manifest()))
    if taken_over:
        apply_removals(folder, manifest)
    else:
        publish(folder, manifest)


def _join_small_segments(folder: Path, resources: Resources) -> None:
    """Keep the number of segments down: join the smaller half of them when there are too many."""
    manifest = read_manifest(folder)
    plan = resources.plan()
    small = [entry for entry in manifest.segments if entry.raw_bytes < plan.most_raw_bytes // 2]
    if len(small) > MOST_SEGMENTS:
        by_size = sorted(small, key=lambda entry: entry.raw_bytes)
        _rewrite(folder, manifest, by_size[: MOST_SEGMENTS // 2 + 1], resources, None)


def _rewrite(
    folder: Path,
    manifest: Manifest,
    entries: Sequence[SegmentEntry],
    resources: Resources,
    on_progress: OnProgress | None,
) -> BuildSummary:
    """Replace segments by new ones that hold what is left of them."""
    started = time.monotonic()
    total = sum(entry.raw_bytes for entry in entries)

    def sorting(done: int, n_postings: int) -> None:
        if on_progress:
            on_progress(BuildProgress("sorting", done, n_postings, series.n_documents))

    series = SegmentSeries(
        folder,
        manifest.shape,
        resources.plan(),
        jobs=resources.jobs,
        near=manifest.near,
        on_sorted=sorting,
    )
    deny = DenyList(removal.what for removal in manifest.removals)
    with closing_series(series):
        for entry in entries:
            with open_segment(folder, entry, manifest.shape) as segment:
                _copy(segment, series, total, on_progress)
                _copy_license_texts(segment, series, deny)
        joined = series.finish(if_empty=True)
        kept = [entry for entry in manifest.segments if entry not in entries]
        publish(folder, replace(manifest, segments=(*kept, *joined)))
    return _summary(series, started)


def _copy(
    segment: Segment, series: SegmentSeries, total: int, on_progress: OnProgress | None
) -> None:
    for number, (text, occurrences) in enumerate(segment.read_all()):
        for occurrence in occurrences:
            series.add(prepared(text, occurrence))
        if series.is_full:
            series.discard_spools(series.begin_next())
        if on_progress and number % 256 == 0:
            on_progress(BuildProgress("reading", series.raw_bytes, total, series.n_documents))


def _copy_license_texts(segment: Segment, series: SegmentSeries, deny: DenyList) -> None:
    for row, text in segment.read_license_files():
        if not deny.names(content_id(text), row.repository):
            series.add_license_file(row.repository, row.path, text, folder=row.folder)


def _summary(series: SegmentSeries, started: float) -> BuildSummary:
    return BuildSummary(
        n_documents=series.n_documents,
        n_occurrences=series.n_occurrences,
        n_duplicates=series.n_occurrences - series.n_documents,
        read_bytes=series.raw_bytes,
        raw_bytes=series.raw_bytes,
        skipped={},
        bytes_by_part=dict(series.bytes_by_part),
        seconds=time.monotonic() - started,
    )
