"""The embedded index, opened: a folder with a manifest and segments, searched here.

A reader looks at the manifest before each search (one stat) and opens the index anew when it
changed, so additions and take-downs of other processes are in effect at once. building.py and
take_down.py make the changes.
"""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sc2_attrib.index.errors import CorruptIndexError, UsageError
from sc2_attrib.index.license_shelf import LicenseShelf
from sc2_attrib.index.manifest import (
    Manifest,
    SegmentEntry,
    manifest_stamp,
    open_segment,
    read_manifest,
)
from sc2_attrib.index.matching.assembly import SegmentSearch, assemble
from sc2_attrib.index.matching.matcher import Pace
from sc2_attrib.index.matching.open_runs import RunFollower, Wanted
from sc2_attrib.index.near.minhash import SimilarWindow, windows_like
from sc2_attrib.index.near.search import NearSearch
from sc2_attrib.index.near.segment import SegmentDocuments
from sc2_attrib.index.removal import DenyList, Removal
from sc2_attrib.index.search import (
    IndexDescription,
    LicenseText,
    NearOptions,
    NearResult,
    SearchResult,
)
from sc2_attrib.index.segment.reader import Segment

if TYPE_CHECKING:
    from datasketch import MinHash

CACHE_BYTES = 128 << 20  # decoded text and hot lists, a thread
_ATTEMPTS = 5  # to open an index that is being changed


@dataclass(frozen=True, slots=True)
class IndexStats:
    """What an operator wants to know of an index.

    `segments`: each with the digests of its files, of an index in a folder; two indexes whose
    digests and removals are equal answer alike. `removals`: what stays out, also of additions.
    """

    description: IndexDescription
    bytes_by_part: Mapping[str, int]
    n_segments: int
    skipped: Mapping[str, int]
    segments: tuple[SegmentEntry, ...] = ()
    removals: tuple[Removal, ...] = ()


class _Snapshot:
    """The index as one manifest describes it."""

    def __init__(self, folder: Path) -> None:
        self.stamp = manifest_stamp(folder)
        self.manifest = read_manifest(folder)
        self.segments: list[Segment] = [
            open_segment(folder, entry, self.manifest.shape) for entry in self.manifest.segments
        ]
        tables = (segment.license_texts for segment in self.segments)
        deny = DenyList(removal.what for removal in self.manifest.removals)
        self.shelf = LicenseShelf([table for table in tables if table is not None], deny)


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
        self._pace = Pace()
        self._thread = threading.local()
        self._snapshot = _open(folder)

    @property
    def guarantee_chars(self) -> int:
        """The shortest match that is certain to be found, in normalised bytes."""
        return self._snapshot.manifest.guarantee_chars

    def describe(self) -> IndexDescription:
        """Say what is searched."""
        return _describe(self._folder, self._current())

    def search(
        self, texts: Sequence[bytes], *, min_chars: int, max_sources: int
    ) -> list[SearchResult]:
        """Find every exact match in each text; see Searcher."""
        snapshot = self._current()
        guarantee = snapshot.manifest.guarantee_chars
        if min_chars < guarantee:
            raise UsageError(
                f"--min-chars {min_chars}: {self._folder} finds every match of {guarantee}"
                f" characters or more, but not of fewer; ask for {guarantee}"
                f" or build with --guarantee {min_chars}"
            )
        if not texts:
            return []
        return assemble(
            self._searches(snapshot), texts, min_chars=min_chars, max_sources=max_sources
        )

    def search_near(
        self,
        texts: Sequence[bytes],
        found: Sequence[SearchResult],
        options: NearOptions,
        *,
        max_sources: int,
    ) -> list[NearResult]:
        """Find edited copies in each text; see Searcher."""
        snapshot = self._current()
        parts = [
            SegmentDocuments(segment, segment.near) for segment in snapshot.segments if segment.near
        ]
        search = NearSearch(parts, options, self._pace, max_sources=max_sources)
        return [search.search(text, exact) for text, exact in zip(texts, found, strict=True)]

    def license_texts(self, repository: str, path: str) -> Sequence[LicenseText]:
        """List the licence texts that govern a file; see Searcher."""
        return self._current().shelf.texts(repository, path)

    def follow_runs(self, wanted: Wanted) -> RunFollower:
        """Make ready to follow texts that grow; see FollowsRuns."""
        shape = self._snapshot.manifest.shape
        return RunFollower(lambda: self._current().segments, shape, wanted)

    def search_minhash(self, minhash: "MinHash") -> list[SimilarWindow]:
        """Find windows of documents by a datasketch signature; see near/minhash.py."""
        found = [
            window
            for segment in self._current().segments
            if segment.near
            for window in windows_like(SegmentDocuments(segment, segment.near), minhash)
        ]
        return sorted(found, key=lambda window: (-window.n_bands, window.document, window.start))

    def stats(self) -> IndexStats:
        """Say how large everything is."""
        snapshot = self._current()
        parts: Counter[str] = Counter()
        for segment in snapshot.segments:
            parts.update(segment.section_bytes())
        return IndexStats(
            _describe(self._folder, snapshot),
            dict(parts),
            len(snapshot.segments),
            snapshot.manifest.skipped,
            snapshot.manifest.segments,
            snapshot.manifest.removals,
        )

    def use_machine_code(self) -> None:
        """Load compiled kernels with the next search: for processes that will search a lot."""
        self._pace.spend(Pace.BUDGET_US + 1)

    def verify(self) -> Iterator[int]:
        """Check every byte of the index, yielding the bytes checked at each step.

        Raises:
            CorruptIndexError: at the first damage.
        """
        for segment in self._current().segments:
            yield from segment.check()

    def close(self) -> None:
        """Release the files."""
        for segment in self._snapshot.segments:
            segment.close()
        self._thread = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _current(self) -> _Snapshot:
        """The index as it is now: opened anew if its manifest was replaced."""
        if manifest_stamp(self._folder) != self._snapshot.stamp:
            self._snapshot = _open(self._folder)
        return self._snapshot

    def _searches(self, snapshot: _Snapshot) -> list[SegmentSearch]:
        """What this thread searches a snapshot with, one a segment."""
        if getattr(self._thread, "snapshot", None) is not snapshot:
            share = CACHE_BYTES // max(len(snapshot.segments), 1)
            self._thread.snapshot = snapshot
            self._thread.searches = [
                SegmentSearch(segment, self._pace, cache_bytes=share)
                for segment in snapshot.segments
            ]
        searches: list[SegmentSearch] = self._thread.searches
        return searches


def index_stats(folder: Path) -> IndexStats:
    """Open an index just to measure it."""
    with open_index(folder) as index:
        return index.stats()


def _open(folder: Path) -> _Snapshot:
    """Open an index; if files vanish because it is changed meanwhile, as it is after the change."""
    for _ in range(_ATTEMPTS - 1):
        stamp = manifest_stamp(folder)
        try:
            return _Snapshot(folder)
        except CorruptIndexError:
            if manifest_stamp(folder) == stamp:
                raise
    return _Snapshot(folder)


def _describe(folder: Path, snapshot: _Snapshot) -> IndexDescription:
    manifest: Manifest = snapshot.manifest
    tables = [segment.documents for segment in snapshot.segments]
    return IndexDescription(
        str(folder),
        manifest.id,
        manifest.corpora,
        sum(table.n_documents - table.n_removed_documents for table in tables),
        sum(table.n_occurrences - table.n_removed for table in tables),
        sum(segment.raw_bytes for segment in manifest.segments),
        sum(table.n_removed for table in tables),
        manifest.guarantee_chars,
        manifest.built,
    )
