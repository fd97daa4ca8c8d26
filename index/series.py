"""New segments of an index, one after another: a full one is closed and the next begun."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sc2_attrib.index.checkpoint import SeriesState
from sc2_attrib.index.corpus.index_folder import IndexSource
from sc2_attrib.index.grams import GramShape
from sc2_attrib.index.manifest import SegmentEntry, sync_folder
from sc2_attrib.index.memory import MemoryPlan
from sc2_attrib.index.near.scheme import NearScheme
from sc2_attrib.index.segment import spool
from sc2_attrib.index.segment.builder import BuilderState, OnSorted, SegmentBuilder
from sc2_attrib.index.segment.format import SectionFile
from sc2_attrib.index.segment.prepared import PreparedDocument
from sc2_attrib.index.segment.reader import FILES, LICENSE_FILES, NEAR_FILES
from sc2_attrib.index.takeover import part_sizes, take_over
from sc2_attrib.index.transaction import next_number


class SegmentSeries:
    """Takes documents in; unless what `finish` returns is published, all of it is litter."""

    def __init__(
        self,
        folder: Path,
        shape: GramShape,
        plan: MemoryPlan,
        *,
        jobs: int,
        near: NearScheme | None = None,
        state: SeriesState | None = None,
        on_sorted: OnSorted | None = None,
    ) -> None:
        """Begin, or go on where a checkpoint stands.

        Args:
            folder: of the index.
            shape: of its grams.
            plan: what may be held in memory.
            jobs: threads.
            near: how near keys are made, if they are.
            state: what `checkpoint` gave.
            on_sorted: see `SegmentBuilder.finish`.
        """
        self._folder = folder
        self._shape = shape
        self._plan = plan
        self._jobs = jobs
        self._near = near
        self._on_sorted = on_sorted
        self._entries: list[SegmentEntry] = [*state.entries] if state else []
        self.bytes_by_part: Counter[str] = Counter(state.bytes_by_part if state else {})
        self._name = state.name if state else self._next_name()
        self._builder = self._new_builder(state.builder if state else None)

    def add(self, found: PreparedDocument) -> None:
        """Take a document in; see `SegmentBuilder.add`."""
        self._builder.add(found)

    def add_license_file(
        self, repository: str, path: str, text: bytes, *, folder: str | None = None
    ) -> None:
        """Keep a licence text; see `SegmentBuilder.add_license_file`."""
        self._builder.add_license_file(repository, path, text, folder=folder)

    @property
    def is_full(self) -> bool:
        """Tell whether it is time to `begin_next`."""
        return self._builder.is_full

    def begin_next(self) -> SegmentEntry:
        """Finish the segment and begin another; the finished one."""
        entry = self._close_segment()
        self._name = self._next_name()
        self._builder = self._new_builder()
        return entry

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was added since the last segment was finished."""
        return not self._builder.n_occurrences

    def adopt(self, source: IndexSource, entry: SegmentEntry) -> SegmentEntry:
        """Take a segment of another index over; see `take_over`."""
        taken = take_over(source, entry, self._folder, self._next_name())
        self._entries.append(taken)
        self.bytes_by_part.update(dict(part_sizes(self._folder, taken)))
        return taken

    def discard_spools(self, entry: SegmentEntry) -> None:
        """Delete the spools of a finished segment, which no checkpoint needs any more."""
        for path in (self._folder / entry.name).glob(f"*{spool.SUFFIX}"):
            path.unlink()

    def write_back(self) -> None:
        """See `SegmentBuilder.write_back`."""
        self._builder.write_back()

    def checkpoint(self) -> SeriesState:
        """Make all that was added durable."""
        state = self._builder.checkpoint()
        return SeriesState(tuple(self._entries), dict(self.bytes_by_part), self._name, state)

    def finish(self, *, if_empty: bool) -> list[SegmentEntry]:
        """Write what is left; the new segments.

        Args:
            if_empty: write a segment even if there was no document at all.
        """
        if self._builder.n_occurrences or (if_empty and not self._entries):
            self._close_segment()
        return self._entries

    def close(self) -> None:
        """Stop the threads and close the files."""
        self._builder.close()

    @property
    def n_documents(self) -> int:
        """Distinct contents of each segment so far, together."""
        return self._sum_of_entries("n_documents") + self._open_builder("n_documents")

    @property
    def n_occurrences(self) -> int:
        """Occurrences so far."""
        return self._sum_of_entries("n_occurrences") + self._open_builder("n_occurrences")

    @property
    def raw_bytes(self) -> int:
        """Raw text of the distinct contents so far."""
        return self._sum_of_entries("raw_bytes") + self._open_builder("raw_bytes")

    def _sum_of_entries(self, name: str) -> int:
        return sum(getattr(entry, name) for entry in self._entries)

    def _open_builder(self, name: str) -> int:
        is_open = all(entry.name != self._name for entry in self._entries)
        return int(getattr(self._builder, name)) if is_open else 0

    def _new_builder(self, state: BuilderState | None = None) -> SegmentBuilder:
        return SegmentBuilder(
            self._folder / self._name,
            self._shape,
            self._plan,
            jobs=self._jobs,
            near=self._near,
            state=state,
        )

    def _next_name(self) -> str:
        return f"segment-{next_number(self._folder, 'segment-'):06d}"

    def _close_segment(self) -> SegmentEntry:
        sizes = self._builder.finish(self._on_sorted)
        self._builder.close()
        self.bytes_by_part.update(sizes)
        entry = _entry_of(self._folder, self._name, self._builder, sizes)
        self._entries.append(entry)
        return entry


@contextmanager
def closing_series(series: SegmentSeries) -> Iterator[SegmentSeries]:
    """Close a series however the block ends."""
    try:
        yield series
    finally:
        series.close()


def _entry_of(
    folder: Path, name: str, builder: SegmentBuilder, file_names: Iterable[str]
) -> SegmentEntry:
    """Describe a finished segment for the manifest."""
    digests = {}
    kinds = FILES | NEAR_FILES | LICENSE_FILES
    for file_name in file_names:
        with SectionFile(folder / name / file_name, kinds[file_name]) as file:
            digests[file_name] = file.digest
    sync_folder(folder / name)
    sync_folder(folder)
    return SegmentEntry(
        name, builder.n_documents, builder.n_occurrences, builder.raw_bytes, digests
    )
