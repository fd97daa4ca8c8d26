"""Documents of sources on their way into new segments of an index, with checkpoints.

Whatever is left out is counted with its reason: what a source skips, what was removed from the
index. What the index holds already, at the same place, changes nothing.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sc2_attrib.index.checkpoint import Checkpoint, Progressed, Request, write_checkpoint
from sc2_attrib.index.corpus.document import CorpusSource, SkippedDocument
from sc2_attrib.index.corpus.index_folder import IndexSource
from sc2_attrib.index.corpus.license_files import LicenseFile
from sc2_attrib.index.errors import CorpusError
from sc2_attrib.index.known import KnownContents
from sc2_attrib.index.manifest import Manifest, SegmentEntry
from sc2_attrib.index.memory import MemoryPlan, MemoryWatch
from sc2_attrib.index.read_ahead import (
    READ_HERE_BYTES,
    PreparedItem,
    prepared_item,
    prepared_items,
    text_bytes,
)
from sc2_attrib.index.removal import DenyList
from sc2_attrib.index.search import CorpusSummary
from sc2_attrib.index.series import SegmentSeries
from sc2_attrib.index.takeover import is_disjoint
from sc2_attrib.index.transaction import index_id

PROGRESS_BYTES = 1 << 20  # raw text between two reports of progress
WRITE_BACK_BYTES = 128 << 20  # raw text after which a checkpoint to come is prepared on the disk
REMOVED = "removed"  # reason for leaving out what a removal names


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """How far a phase is.

    `phase`: "reading", in bytes of text, or "sorting", in postings. `total`: of the same; None
    where it is not known.
    """

    phase: str
    done: int
    total: int | None
    n_documents: int


OnProgress = Callable[[BuildProgress], None]


class Extension:
    """One run that extends an index; goes on from a checkpoint if there is one."""

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        plan: MemoryPlan,
        *,
        jobs: int,
        checkpoint: Checkpoint | None,
        request: Request,
        checkpoint_bytes: int,
        on_progress: OnProgress | None,
    ) -> None:
        """Open what is there.

        Args:
            folder: of the index.
            manifest: what it holds, or shall hold to begin with.
            plan: what may be held in memory.
            jobs: threads; with more than one a large source is read by another process.
            checkpoint: to go on from.
            request: what checkpoints are of; without one there are none.
            checkpoint_bytes: text read between two of them.
            on_progress: called every now and then.
        """
        self._folder = folder
        self._request = dict(request)
        self._jobs = jobs
        self._checkpoint_bytes = checkpoint_bytes
        self._on_progress = on_progress
        self._base = index_id(folder)
        self._deny = DenyList(removal.what for removal in manifest.removals)
        self.memory = MemoryWatch()
        self.series = SegmentSeries(
            folder,
            manifest.shape,
            plan,
            jobs=jobs,
            near=manifest.near,
            state=checkpoint.series if checkpoint else None,
            on_sorted=self._report_sorting,
        )
        finished = checkpoint.series.entries if checkpoint else ()
        self._known = KnownContents(folder, manifest.shape, (*manifest.segments, *finished))
        self._if_empty = not manifest.segments
        self.progressed = checkpoint.progressed if checkpoint else Progressed()
        self._skipped = Counter(self.progressed.skipped)
        self._reported = 0
        self._written_back = self.progressed.read_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the threads and close the files."""
        self.series.close()
        self._known.close()

    def read(self, sources: Sequence[CorpusSource]) -> list[SegmentEntry]:
        """Read what is left of the sources; the new segments, finished but not published."""
        try:
            for source in sources[self.progressed.source :]:
                if isinstance(source, IndexSource):
                    self._take_over(source)
                else:
                    self._read_source(source)
        except (CorpusError, KeyboardInterrupt):
            self._save()  # what was read may have taken hours to fetch
            raise
        self._save()
        self._known.close()
        return self.series.finish(if_empty=self._if_empty)

    def _take_over(self, source: IndexSource) -> None:
        """Take the segments of another index over, those that repeat nothing as they are.

        `item` counts its segments here.
        """
        other = source.manifest()
        self._begin_segment()  # what is known is looked up in finished segments
        for entry in other.segments[self.progressed.item :]:
            if is_disjoint(source, entry, self._known):
                self._known.add(self.series.adopt(source, entry))
            else:
                for found in source.documents_of(entry):
                    self._take(prepared_item(found))
                    if self.series.is_full:
                        self._begin_segment()
                for file in source.license_files_of(entry):
                    self._keep_license_file(file)
                self._begin_segment()
            self._advance(entry.raw_bytes)
            self._save()
        self._skipped += Counter(other.skipped)
        self._end_source(*other.corpora)

    def _begin_segment(self) -> None:
        """Finish the segment that is being built, if there is anything in it."""
        if not self.series.is_empty:
            entry = self.series.begin_next()
            self._known.add(entry)
            self._save()
            self.series.discard_spools(entry)

    def _read_source(self, source: CorpusSource) -> None:
        next_save = self.progressed.read_bytes + self._checkpoint_bytes
        read_here_bytes = None if self._jobs == 1 else READ_HERE_BYTES
        items = prepared_items(source, self.progressed.item, read_here_bytes=read_here_bytes)
        for found in items:
            n_bytes = self._take(found)
            self._advance(n_bytes)
            if self.series.is_full:
                self._begin_segment()
            elif self.progressed.read_bytes >= next_save:
                next_save = self.progressed.read_bytes + self._checkpoint_bytes
                self._save()
        self._end_source(
            CorpusSummary(
                source.describe(),
                self.series.n_documents - self.progressed.documents_before,
                self.series.raw_bytes - self.progressed.raw_bytes_before,
            )
        )

    def _end_source(self, *corpora: CorpusSummary) -> None:
        progressed = self.progressed
        progressed.source += 1
        progressed.item = 0
        progressed.corpora += corpora
        progressed.documents_before = self.series.n_documents
        progressed.raw_bytes_before = self.series.raw_bytes

    def _take(self, found: PreparedItem) -> int:
        """Take an item in, or count why not; its bytes."""
        if isinstance(found, SkippedDocument):
            self._skipped[found.reason] += 1
            if isinstance(found, LicenseFile):
                self._keep_license_file(found)
        elif self._deny.names(found.identifier, found.repository):
            self._skipped[REMOVED] += 1
        elif not self._known.has(found.identifier, found.line):
            self.series.add(found)
        return text_bytes(found)

    def _keep_license_file(self, file: LicenseFile) -> None:
        self.series.add_license_file(file.repository, file.path, file.content, folder=file.folder)

    def _advance(self, n_bytes: int) -> None:
        """Count an item that was read."""
        self.progressed.item += 1
        self.progressed.read_bytes += n_bytes
        if self.progressed.read_bytes - self._reported >= PROGRESS_BYTES:
            self._reported = self.progressed.read_bytes
            self._report("reading", self._reported, None)
        if self._request and self.progressed.read_bytes - self._written_back >= WRITE_BACK_BYTES:
            self._written_back = self.progressed.read_bytes
            self.series.write_back()

    def _report_sorting(self, done: int, total: int) -> None:
        self._report("sorting", done, total)

    def _report(self, phase: str, done: int, total: int | None) -> None:
        self.memory.look()
        if self._on_progress:
            self._on_progress(BuildProgress(phase, done, total, self.series.n_documents))

    def _save(self) -> None:
        """Leave a checkpoint, if this is work that can be gone on with."""
        self.progressed.skipped = dict(self._skipped)
        if self._request:
            state = self.series.checkpoint()
            checkpoint = Checkpoint(self._request, self._base, self.progressed, state)
            write_checkpoint(self._folder, checkpoint)
