"""Builds one segment: documents in, files out, in one pass over the text and one over the grams.

    1. Documents are hashed, and a content that came before only adds an occurrence. New ones are
       gathered into batches.
    2. Worker threads normalise a batch; it gets its place in the segment; workers compress its
       content blocks and hash its strided grams; one thread appends the results to spools.
    3. The spools are made into the segment's files: text and documents are copied, postings are
       sorted group by group (posting_runs.py).

What grows with the corpus is on disk (spool.py), so a builder can stop at any batch, leave a
checkpoint, and another can go on from it. The rest is bounded by the plan (memory.py). Kernels and
zstd release the GIL, so `jobs` threads share the work.
"""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sc2_attrib.index.corpus.license_files import governed_folder, is_license_file
from sc2_attrib.index.errors import CorpusError
from sc2_attrib.index.grams import PADDING, GramShape
from sc2_attrib.index.memory import MemoryPlan
from sc2_attrib.index.near.scheme import NearScheme
from sc2_attrib.index.segment import content, documents, hot, pages
from sc2_attrib.index.segment import near as near_file
from sc2_attrib.index.segment.document_writer import DocumentWriter
from sc2_attrib.index.segment.format import SectionWriter
from sc2_attrib.index.segment.license_texts import KIND as LICENSE_TEXTS_KIND
from sc2_attrib.index.segment.license_texts import LicenseTextWriter
from sc2_attrib.index.segment.near import NearRun, NearRuns
from sc2_attrib.index.segment.posting_runs import N_PARTS, PART_SHIFT, GramWriter, PostingRuns, Run
from sc2_attrib.index.segment.prepared import PreparedDocument
from sc2_attrib.index.segment.spool import SpoolFolder
from sc2_attrib.index.text import Bytes, Offsets

_AHEAD = 2  # batches that wait before each step
_MOST_STRIDES = pages.MAX_POSITION * 3 // 4  # of a segment; the rest is for what is on its way
_MOST_EXPRESSIONS = 1 << 20  # of licences, in a segment: readers hold them in memory

OnSorted = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class BuilderState:
    """All that a checkpoint must keep: lengths of the spools, and of the last text in `tails`."""

    lengths: dict[str, int] = field(default_factory=dict)
    tail_bytes: int = 0


@dataclass(frozen=True, slots=True)
class _Batch:
    """Documents that stand one after another, raw and normalised.

    Document i is raw[raw_ends[i]:raw_ends[i + 1]] and [ends[i], ends[i + 1]) of the padded `text`.
    """

    raw: bytes
    raw_ends: Offsets
    text: Bytes
    ends: Offsets


class SegmentBuilder:
    """Collects documents and writes a segment folder. Not usable after `finish`."""

    def __init__(
        self,
        folder: Path,
        shape: GramShape,
        plan: MemoryPlan,
        *,
        jobs: int,
        near: NearScheme | None = None,
        state: BuilderState | None = None,
    ) -> None:
        """Begin a segment, or go on with one.

        Args:
            folder: of the segment.
            shape: of its grams.
            plan: what may be held in memory.
            jobs: threads.
            near: how near keys are made; None: the segment gets none.
            state: what `checkpoint` gave for this folder.
        """
        self._folder = folder
        self._shape = shape
        self._plan = plan
        self._jobs = jobs
        folder.mkdir(parents=True, exist_ok=state is not None)
        with ExitStack() as opened:
            self._spools = SpoolFolder(folder, state.lengths if state else None)
            opened.callback(self._spools.close)
            self._pool = ThreadPoolExecutor(jobs)
            opened.callback(self._pool.shutdown, cancel_futures=True)
            self._writer = ThreadPoolExecutor(1)
            opened.callback(self._writer.shutdown, cancel_futures=True)
            # One more than a segment is full at: what is full is found out after adding.
            self._documents = DocumentWriter(self._spools, plan.most_occurrences + 1)
            self._content = content.ContentWriter(self._spools)
            self._runs = PostingRuns(self._spools)
            self._tails = self._spools.column("tails", np.uint8)
            self._near = NearRuns(self._spools, near) if near else None
            self._license_texts = LicenseTextWriter(self._spools)
            self._opened = opened.pop_all()
        self._batch: list[bytes] = []
        self._batch_bytes = 0
        tail_bytes = state.tail_bytes if state else 0
        # Raw text of the block that is not full yet.
        self._tail = self._tails.mapped()[len(self._tails) - tail_bytes :].tobytes()
        self._normalizing: deque[tuple[int, Future[_Batch]]] = deque()  # with their raw bytes
        self._writing: deque[tuple[int, Future[Offsets]]] = deque()
        self.raw_bytes = self._documents.raw_bytes  # of the distinct contents so far

    def add(self, found: PreparedDocument) -> None:
        """Take a document in; a content that came before only gets another occurrence."""
        if self._documents.add(found):
            n_bytes = len(found.content)
            self._batch.append(found.content)
            self._batch_bytes += n_bytes
            self.raw_bytes += n_bytes
            if self._batch_bytes >= self._plan.batch_bytes:
                self._start_batch()
        if is_license_file(found.path):
            self.add_license_file(found.repository, found.path, found.content)

    def add_license_file(
        self, repository: str, path: str, text: bytes, *, folder: str | None = None
    ) -> None:
        """Keep the text of a licence file for what lies below a folder, by default its own."""
        folder = governed_folder(path) if folder is None else folder
        self._license_texts.add(repository, path, folder, text)

    @property
    def n_documents(self) -> int:
        """Distinct contents so far."""
        return self._documents.n_documents

    @property
    def n_occurrences(self) -> int:
        """Occurrences so far; until `finish` repeated ones count."""
        return self._documents.n_occurrences

    @property
    def is_full(self) -> bool:
        """Tell whether the next document belongs into another segment."""
        return (
            self.n_occurrences >= self._plan.most_occurrences
            or self.raw_bytes >= self._plan.most_raw_bytes
            or self._documents.chars // self._shape.stride >= _MOST_STRIDES
            or self._documents.n_expressions >= _MOST_EXPRESSIONS
            or self._runs.largest_part >= self._plan.most_part_postings
        )

    def write_back(self) -> None:
        """Begin to make durable what was added, so that a checkpoint has less to wait for."""
        self._spools.write_back()

    def checkpoint(self) -> BuilderState:
        """Make all that was added durable; another builder can go on from what is returned."""
        self._drain()
        self._tails.append(self._tail)
        return BuilderState(self._spools.sync(), len(self._tail))

    def finish(self, on_sorted: OnSorted | None = None) -> dict[str, int]:
        """Write everything that is left; the spools stay, for checkpoints that need them.

        Args:
            on_sorted: called every now and then with the postings sorted and those in all.

        Returns:
            Bytes of each file of the segment.
        """
        self._drain()
        if self._tail:
            blocks = content.compress(self._tail, np.array([0, len(self._tail)]))
            self._content.add(np.array([self._tail_start]), blocks)
        self._documents.forget_identifiers()
        text = self._writer.submit(self._write_text)  # a copy: the disk's work, not a core's
        sizes = {"documents": self._write_documents()}
        sizes["grams"], sizes["hot"] = self._write_grams(on_sorted)
        if self._near:
            sizes["near"] = self._write_near(self._near)
        if not self._license_texts.is_empty:
            sizes["licenses"] = self._write_license_texts()
        sizes = {"text": text.result(), **sizes}
        self._spools.close()
        return sizes

    def close(self) -> None:
        """Stop the threads and close the files; without `finish` the folder holds no segment."""
        self._opened.close()

    # Pass 1: text. Workers normalise batches; here they get their places, in order; workers
    # compress and hash them; one thread writes them, in order.

    def _start_batch(self) -> None:
        if self._batch:
            work = self._pool.submit(_normalize, self._batch)
            self._normalizing.append((self._batch_bytes, work))
            self._batch, self._batch_bytes = [], 0
            self._advance(_AHEAD)

    def _drain(self) -> None:
        self._start_batch()
        self._advance(0)

    def _advance(self, ahead: int) -> None:
        """Let at most `ahead` batches wait before each step, or as much text in larger ones."""
        most_bytes = ahead * self._plan.batch_bytes
        while len(self._normalizing) > ahead or _total(self._normalizing) > 2 * most_bytes:
            n_bytes, batch = self._normalizing.popleft()
            self._place(batch.result(), n_bytes)
        while len(self._writing) > ahead or _total(self._writing) > 2 * most_bytes:
            _, counts = self._writing.popleft()
            self._runs.count(counts.result())

    def _place(self, batch: _Batch, n_bytes: int) -> None:
        """Give the documents of a batch their place, and hand its blocks and grams on."""
        base = self._documents.chars
        self._check_room(base + int(batch.ends[-1]))
        raw, edges, starts = self._cut_blocks(batch.raw, _cuts(batch, base))
        self._documents.place(np.diff(batch.ends), np.diff(batch.raw_ends))
        step = -(-starts.size // self._jobs) or 1
        compressed = [
            self._pool.submit(content.compress, raw, edges[at : at + step + 1])
            for at in range(0, starts.size, step)
        ]
        run = self._pool.submit(_find_grams, batch.text, batch.ends, base, self._shape)
        text = batch.text[PADDING : PADDING + int(batch.ends[-1])]
        keys = self._pool.submit(self._near.find, batch.raw, batch.raw_ends) if self._near else None
        work = self._writer.submit(self._write_batch, starts, compressed, run, text, keys)
        self._writing.append((n_bytes, work))

    def _check_room(self, end: int) -> None:
        if end // self._shape.stride > pages.MAX_POSITION:
            raise CorpusError(
                f"{self._folder}: a document does not fit: a segment holds at most"
                f" {pages.MAX_POSITION * self._shape.stride / 1e9:.0f} GB of text without white"
                " space"
            )

    @property
    def _tail_start(self) -> int:
        return self._documents.raw_bytes - len(self._tail)

    def _cut_blocks(self, raw: bytes, cuts: Offsets) -> tuple[bytes, Offsets, Offsets]:
        """Cut raw text into complete blocks; the rest waits for the next batch.

        Returns:
            The text with what had waited, the blocks' edges in it, where they start in the segment.
        """
        text = self._tail + raw
        edges = np.concatenate(([0], len(self._tail) + cuts))
        starts = self._tail_start + edges[:-1]
        self._tail = text[int(edges[-1]) :]
        return text, edges, starts

    def _write_batch(
        self,
        starts: Offsets,
        compressed: list[Future[content.CompressedBlocks]],
        found: Future[Run],
        text: Bytes,
        keys: Future[NearRun] | None,
    ) -> Offsets:
        """Append what was made of a batch; its postings a part."""
        at = 0
        for future in compressed:
            blocks = future.result()
            self._content.add(starts[at : at + blocks.line_ends.size], blocks)
            at += blocks.line_ends.size
        run = found.result()
        self._runs.append(run, text)
        if self._near and keys:
            self._near.append(keys.result())
        return np.diff(run.starts)

    # Pass 2: files

    def _write_text(self) -> int:
        with SectionWriter(self._folder / "text", content.KIND) as writer:
            self._content.finish(writer, self._documents.raw_bytes)
            return writer.finish()

    def _write_license_texts(self) -> int:
        with SectionWriter(self._folder / "licenses", LICENSE_TEXTS_KIND) as writer:
            self._license_texts.finish(writer)
            return writer.finish()

    def _write_documents(self) -> int:
        with SectionWriter(self._folder / "documents", documents.KIND) as writer:
            self._documents.finish(writer)
            return writer.finish()

    def _write_grams(self, on_sorted: OnSorted | None) -> tuple[int, int]:
        grams = GramWriter(self._runs, self._documents.starts(), self._shape)
        with (
            SectionWriter(self._folder / "grams", pages.KIND) as page_file,
            SectionWriter(self._folder / "hot", hot.KIND) as hot_file,
        ):
            page_writer = pages.PageWriter(page_file)
            hot_writer = hot.HotWriter(hot_file, self._pool)
            done, total = 0, self._runs.size(0, N_PARTS)
            steps = grams.write(
                page_writer,
                hot_writer,
                self._pool,
                jobs=self._jobs,
                group_postings=self._plan.group_postings,
            )
            for n in steps:
                done += n
                if on_sorted:
                    on_sorted(done, total)
            page_writer.finish()
            hot_writer.finish()
            return page_file.finish(), hot_file.finish()

    def _write_near(self, runs: NearRuns) -> int:
        with SectionWriter(self._folder / "near", near_file.KIND) as writer:
            runs.write(writer, self._pool, self._plan.group_postings)
            return writer.finish()


def _total(waiting: Iterable[tuple[int, object]]) -> int:
    return sum(n_bytes for n_bytes, _ in waiting)


def _normalize(contents: list[bytes]) -> _Batch:
    from sc2_attrib.index import gram_kernels

    raw = b"".join(contents)
    raw_ends = np.cumsum([0, *map(len, contents)], dtype=np.int64)
    text = np.zeros(len(raw) + 2 * PADDING, np.uint8)
    ends = np.empty_like(raw_ends)
    gram_kernels.normalize_documents(np.frombuffer(raw, np.uint8), raw_ends, text, ends)
    text = text[: int(ends[-1]) + 2 * PADDING]
    text[int(ends[-1]) + PADDING :] = 0
    return _Batch(raw, raw_ends, text, ends)


def _cuts(batch: _Batch, base: int) -> Offsets:
    """Raw offsets where content blocks begin; the first block of all begins with the text."""
    from sc2_attrib.index import gram_kernels

    cuts = np.empty(len(batch.raw) // content.BLOCK_CHARS + 2, np.int64)
    n = gram_kernels.find_cuts(
        np.frombuffer(batch.raw, np.uint8),
        batch.raw_ends,
        batch.ends,
        base,
        content.BLOCK_BITS,
        cuts,
    )
    return cuts[0 if base else 1 : n]


def _find_grams(text: Bytes, ends: Offsets, base: int, shape: GramShape) -> Run:
    """Hash the strided grams of a batch and group them by part."""
    from sc2_attrib.index import gram_kernels

    room = int(ends[-1]) // shape.stride + 2
    keys, payloads = np.empty(room, np.uint64), np.empty(room, np.uint64)
    n = gram_kernels.strided_grams(text, ends, base, shape.k, shape.stride, keys, payloads)
    pairs = np.empty((n, 2), np.uint64)
    starts = np.empty(N_PARTS + 1, np.int64)
    gram_kernels.scatter(keys, payloads, n, PART_SHIFT, pairs, starts)
    return Run(pairs, starts)
