"""The embedded index: a folder with a manifest and segments, built here and searched here.

`build_index` makes one from sources, `open_index` opens one. A folder is an index only once its
manifest is written, which is the last step of a build; until then it holds a segment folder that
nobody names. A build over an existing index writes the new segment beside the old one and then
replaces the manifest.
"""

import datetime
import fcntl
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sc2_attrib import __version__
from sc2_attrib.index.corpus.document import CorpusSource, SkippedDocument
from sc2_attrib.index.errors import CorruptIndexError, IndexUnusableError, UsageError
from sc2_attrib.index.grams import LONGEST_GUARANTEE, SHORTEST_GUARANTEE, GramShape
from sc2_attrib.index.manifest import (
    MANIFEST,
    Manifest,
    SegmentEntry,
    read_manifest,
    sync_folder,
    write_manifest,
)
from sc2_attrib.index.matching.assembly import SegmentSearch, assemble
from sc2_attrib.index.matching.matcher import Pace
from sc2_attrib.index.search import CorpusSummary, IndexDescription, SearchResult
from sc2_attrib.index.segment.builder import SegmentBuilder
from sc2_attrib.index.segment.format import SectionFile
from sc2_attrib.index.segment.reader import FILES, Segment

LOCK = "write.lock"
CACHE_BYTES = 64 << 20  # decoded text and hot lists, a thread
PROGRESS_BYTES = 1 << 20  # raw text between two reports of progress
DEFAULT_GUARANTEE = 50  # normalised characters


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
    """What a build did.

    `n_duplicates`: contents that came again; `skipped`: documents left out, by reason.
    """

    n_documents: int
    n_occurrences: int
    n_duplicates: int
    raw_bytes: int
    skipped: Mapping[str, int]
    bytes_by_part: Mapping[str, int]
    seconds: float


@dataclass(frozen=True, slots=True)
class IndexStats:
    """What an operator wants to know of an index."""

    description: IndexDescription
    bytes_by_part: Mapping[str, int]
    n_segments: int
    skipped: Mapping[str, int]


def build_index(
    sources: Sequence[CorpusSource],
    folder: Path,
    options: BuildOptions,
    *,
    on_progress: Callable[[BuildProgress], None] | None = None,
) -> BuildSummary:
    """Build an index of all documents of the sources.

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
    started = time.monotonic()
    _check_options(folder, options)
    with _writing(folder):
        before = _segments_of(folder)
        name = _free_name(folder)
        builder = _make_builder(folder / name, options)
        try:
            corpora, skipped = _read_sources(sources, builder, on_progress or (lambda _: None))
            if on_progress:
                raw_bytes = sum(corpus.raw_bytes for corpus in corpora)
                on_progress(BuildProgress("sorting", raw_bytes, builder.n_documents))
            sizes = builder.finish()
            sync_folder(folder / name)
            _publish(folder, name, builder, corpora, skipped, options)
        except OSError as error:
            _discard(builder, folder / name)
            raise IndexUnusableError(f"{folder}: can't be written: {error.strerror}") from error
        except BaseException:
            _discard(builder, folder / name)
            raise
        for old in before:
            shutil.rmtree(folder / old, ignore_errors=True)
    return BuildSummary(
        builder.n_documents,
        builder.n_occurrences,
        builder.n_duplicates,
        builder.raw_bytes,
        dict(skipped),
        sizes,
        time.monotonic() - started,
    )


def open_index(location: str | Path) -> "LocalIndex":
    """Open the index in a folder.

    Raises:
        IndexUnusableError: there is none, or it can't be read.
        IndexVersionError: it has another format version.
        CorruptIndexError: it is damaged.
    """
    return LocalIndex(Path(location))


class LocalIndex:
    """An open index folder; a Searcher.

    Safe to use from several threads, each of which gets caches of its own.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._manifest = read_manifest(folder)
        self._segments = [
            _open_segment(folder, entry, self._manifest.shape) for entry in self._manifest.segments
        ]
        self._pace = Pace()
        self._thread = threading.local()

    @property
    def guarantee_chars(self) -> int:
        """The shortest match that is certain to be found, in normalised bytes."""
        return self._manifest.guarantee_chars

    def describe(self) -> IndexDescription:
        """Say what is searched."""
        return _describe(self._folder, self._manifest)

    def search(
        self, texts: Sequence[bytes], *, min_chars: int, max_sources: int
    ) -> list[SearchResult]:
        """Find every exact match in each text; see Searcher."""
        if min_chars < self.guarantee_chars:
            raise UsageError(
                f"--min-chars {min_chars}: {self._folder} finds every match of"
                f" {self.guarantee_chars} characters or more, but not of fewer;"
                f" ask for {self.guarantee_chars} or build with --guarantee {min_chars}"
            )
        if not texts:
            return []
        return assemble(self._searches(), texts, min_chars=min_chars, max_sources=max_sources)

    def stats(self) -> IndexStats:
        """Say how large everything is."""
        parts: Counter[str] = Counter()
        for segment in self._segments:
            parts.update(segment.section_bytes())
        return IndexStats(self.describe(), dict(parts), len(self._segments), self._manifest.skipped)

    def use_machine_code(self) -> None:
        """Load compiled kernels with the next search: for processes that will search a lot."""
        self._pace.spend(Pace.BUDGET_US + 1)

    def close(self) -> None:
        """Release the files; the index can't be searched afterwards."""
        for segment in self._segments:
            segment.close()
        self._segments.clear()
        self._thread = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _searches(self) -> list[SegmentSearch]:
        """What this thread searches with, one a segment."""
        if not hasattr(self._thread, "searches"):
            share = CACHE_BYTES // max(len(self._segments), 1)
            self._thread.searches = [
                SegmentSearch(segment, self._pace, cache_bytes=share) for segment in self._segments
            ]
        searches: list[SegmentSearch] = self._thread.searches
        return searches


def index_stats(folder: Path) -> IndexStats:
    """Open an index just to measure it."""
    with open_index(folder) as index:
        return index.stats()


def _check_options(folder: Path, options: BuildOptions) -> None:
    if not SHORTEST_GUARANTEE <= options.guarantee_chars <= LONGEST_GUARANTEE:
        raise UsageError(
            f"--guarantee {options.guarantee_chars}: must lie between"
            f" {SHORTEST_GUARANTEE} and {LONGEST_GUARANTEE} characters"
        )
    if (folder / MANIFEST).exists():
        if not options.force:
            raise UsageError(f"{folder}: there is an index already; --force replaces it")
    elif folder.is_file():
        raise UsageError(f"{folder}: is a file; an index is a folder")
    elif folder.is_dir() and not all(map(_is_ours, folder.iterdir())):
        raise UsageError(f"{folder}: holds other files; name an empty or a new folder")


def _is_ours(path: Path) -> bool:
    return path.name == LOCK or path.name.startswith(("segment-", ".manifest-"))


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Hold the write lock of an index folder; the system lets go of it if the process dies."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK).open("a+", encoding="utf-8")
    except OSError as error:
        raise IndexUnusableError(f"{folder}: can't be written: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            owner = file.read().strip() or "another process"
            raise IndexUnusableError(
                f"{folder}: {owner} is writing to it; wait or stop it"
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {os.uname().nodename}\n")
        file.flush()
        yield


def _segments_of(folder: Path) -> list[str]:
    """Segment folders that are there before a build: the old index's, and litter."""
    return [path.name for path in folder.glob("segment-*")]


def _free_name(folder: Path) -> str:
    taken = {int(name.split("-")[1]) for name in _segments_of(folder) if name[8:].isdigit()}
    return f"segment-{max(taken, default=0) + 1:06d}"


def _make_builder(folder: Path, options: BuildOptions) -> SegmentBuilder:
    try:
        return SegmentBuilder(
            folder, GramShape.for_guarantee(options.guarantee_chars), options.jobs
        )
    except OSError as error:
        raise IndexUnusableError(f"{folder}: can't be written: {error.strerror}") from error


def _read_sources(
    sources: Sequence[CorpusSource],
    builder: SegmentBuilder,
    on_progress: Callable[[BuildProgress], None],
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
            builder.add(item.content, item.occurrence)
            total += len(item.content)
            if total - reported >= PROGRESS_BYTES:
                reported = total
                on_progress(BuildProgress("reading", total, builder.n_documents))
        corpora.append(
            CorpusSummary(
                source.describe(),
                builder.n_documents - n_before,
                builder.raw_bytes - bytes_before,
            )
        )
    return corpora, skipped


def _publish(
    folder: Path,
    name: str,
    builder: SegmentBuilder,
    corpora: list[CorpusSummary],
    skipped: Mapping[str, int],
    options: BuildOptions,
) -> None:
    """Write the manifest: from here on the folder is this index."""
    digests = {}
    for file_name, kind in FILES.items():
        with SectionFile(folder / name / file_name, kind) as file:
            digests[file_name] = file.digest
    entry = SegmentEntry(
        name, builder.n_documents, builder.n_occurrences, builder.raw_bytes, digests
    )
    write_manifest(
        folder,
        Manifest(
            GramShape.for_guarantee(options.guarantee_chars),
            datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            __version__,
            tuple(corpora),
            (entry,),
            dict(skipped),
        ).with_id(),
    )


def _discard(builder: SegmentBuilder, folder: Path) -> None:
    builder.abandon()
    shutil.rmtree(folder, ignore_errors=True)


def _open_segment(folder: Path, entry: SegmentEntry, shape: GramShape) -> Segment:
    segment = Segment(folder / entry.name, shape)
    for name, digest in segment.digests().items():
        if digest != entry.digests.get(name):
            raise CorruptIndexError(
                folder / entry.name / name, 0, "not the file that the manifest names"
            )
    return segment


def _describe(folder: Path, manifest: Manifest) -> IndexDescription:
    return IndexDescription(
        str(folder),
        manifest.id,
        manifest.corpora,
        sum(segment.n_documents for segment in manifest.segments),
        sum(segment.n_occurrences for segment in manifest.segments),
        sum(segment.raw_bytes for segment in manifest.segments),
        0,
        manifest.guarantee_chars,
        manifest.built,
    )
