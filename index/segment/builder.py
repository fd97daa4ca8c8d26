"""Builds one segment: documents in, files out, in one pass over the text and one over the grams.

    1. Documents are hashed, and a content that came before only adds an occurrence. New ones are
       gathered into batches.
    2. Worker threads normalise a batch; it gets its place in the segment; workers compress its
       content blocks and hash its strided grams; one thread writes the blocks and, grouped by the
       top bits of their key, the grams to part files.
    3. Each part is sorted in memory, its hot grams are taken out, and the rest become pages.
    4. The contexts of hot postings are read back from the content store, and the hot lists are
       written.

Memory holds a few batches, then a few parts; what grows with the corpus is the document table
(documents.py) and the hot postings. Kernels and zstd release the GIL, so `jobs` threads share the
work.
"""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.corpus.document import Occurrence
from sc2_attrib.index.errors import CorpusError
from sc2_attrib.index.grams import PADDING, GramShape, Keys
from sc2_attrib.index.segment import content, documents, hot
from sc2_attrib.index.segment.format import SectionFile, SectionWriter, octets
from sc2_attrib.index.segment.pages import KIND as PAGES_KIND
from sc2_attrib.index.segment.pages import MAX_POSITION, PageWriter
from sc2_attrib.index.text import Bytes, Offsets

BATCH_BYTES = 8 << 20  # raw text hashed and compressed at a time
N_PARTS = 64  # part files of postings; a part of a 100 GB segment is 1 GB in memory
_KEY_BITS_IN_PART = 58  # 64 - log2(N_PARTS)
_AHEAD = 2  # batches that wait before each step
_CONTEXT_BLOCKS = 64  # content blocks normalised at a time when contexts are read


@dataclass(frozen=True, slots=True)
class _Grams:
    """Grams of one batch, grouped by part: rows starts[p] … starts[p + 1] are part p's."""

    pairs: npt.NDArray[np.uint64]
    starts: Offsets


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

    def __init__(self, folder: Path, shape: GramShape, jobs: int) -> None:
        self._folder = folder
        self._shape = shape
        self._jobs = jobs
        folder.mkdir(parents=True)
        self._numbers: dict[bytes, int] = {}
        with ExitStack() as opened:
            self._pool = ThreadPoolExecutor(jobs)
            opened.callback(self._pool.shutdown, cancel_futures=True)
            self._writer = ThreadPoolExecutor(1)
            opened.callback(self._writer.shutdown, cancel_futures=True)
            self._documents = documents.DocumentWriter(folder / "occurrences.tmp")
            opened.callback(self._documents.close)
            self._text_file = opened.enter_context(SectionWriter(folder / "text", content.KIND))
            self._content = content.ContentWriter(self._text_file)
            self._parts = [
                opened.enter_context((folder / f"part-{part:03d}.tmp").open("wb"))
                for part in range(N_PARTS)
            ]
            self._opened = opened.pop_all()
        self._batch: list[bytes] = []
        self._batch_ids: list[bytes] = []
        self._batch_bytes = 0
        self._tail = b""  # raw text of the block that is not full yet
        self._tail_start = 0
        self._normalizing: deque[tuple[list[bytes], Future[_Batch]]] = deque()
        self._writing: deque[Future[None]] = deque()
        self.raw_bytes = 0  # of the distinct contents so far
        self.n_duplicates = 0

    def add(self, text: bytes, occurrence: Occurrence, identifier: bytes | None = None) -> None:
        """Take a document in; a content that came before only gets another occurrence.

        Args:
            text: raw.
            occurrence: where it was found.
            identifier: content id of `text`, if it is known already.
        """
        identifier = identifier or documents.content_id(text)
        number = self._numbers.get(identifier)
        if number is None:
            number = self._numbers[identifier] = len(self._numbers)
            self._batch.append(text)
            self._batch_ids.append(identifier)
            self._batch_bytes += len(text)
            self.raw_bytes += len(text)
            if self._batch_bytes >= BATCH_BYTES:
                self._start_batch()
        else:
            self.n_duplicates += 1
        self._documents.add_occurrence(number, occurrence)

    def finish(self) -> dict[str, int]:
        """Write everything that is left and remove the temporary files.

        Returns:
            Bytes of each file of the segment.
        """
        self._start_batch()
        self._advance(0)
        raw_bytes = self._documents.raw_starts[-1]
        if self._tail:
            self._content.add(self._tail_start, content.compress([self._tail])[0])
        self._content.finish(raw_bytes)
        sizes = {"text": self._text_file.finish()}
        starts = np.array(self._documents.starts, np.int64)
        sizes["documents"] = self._write_documents()
        sizes["grams"], hot_postings = self._write_pages()
        sizes["hot"] = self._write_hot(hot_postings, starts)
        return sizes

    def close(self) -> None:
        """Stop the threads and close the files; without `finish` the folder holds no segment."""
        self._opened.close()

    @property
    def n_documents(self) -> int:
        """Distinct contents so far."""
        return len(self._numbers)

    @property
    def n_occurrences(self) -> int:
        """Occurrences so far."""
        return self._documents.n_occurrences

    # Pass 1: text. Workers normalise batches; here they get their places, in order; workers
    # compress and hash them; one thread writes them, in order.

    def _start_batch(self) -> None:
        if self._batch:
            self._normalizing.append((self._batch_ids, self._pool.submit(_normalize, self._batch)))
            self._batch, self._batch_ids, self._batch_bytes = [], [], 0
            self._advance(_AHEAD)

    def _advance(self, ahead: int) -> None:
        """Let at most `ahead` batches wait before each step."""
        while len(self._normalizing) > ahead:
            identifiers, batch = self._normalizing.popleft()
            self._place(identifiers, batch.result())
        while len(self._writing) > ahead:
            self._writing.popleft().result()

    def _place(self, identifiers: list[bytes], batch: "_Batch") -> None:
        """Number the documents of a batch, and hand its blocks and grams on."""
        base, raw_base = self._documents.starts[-1], self._documents.raw_starts[-1]
        self._check_room(base + int(batch.ends[-1]))
        for identifier, chars, size in zip(
            identifiers, np.diff(batch.ends).tolist(), np.diff(batch.raw_ends).tolist(), strict=True
        ):
            self._documents.add_document(identifier, chars, size)
        blocks, starts = self._cut_blocks(batch.raw, raw_base, _cuts(batch, base))
        step = -(-len(blocks) // self._jobs) or 1
        compressed = [
            self._pool.submit(content.compress, blocks[at : at + step])
            for at in range(0, len(blocks), step)
        ]
        grams = self._pool.submit(_part_grams, batch.text, batch.ends, base, self._shape)
        self._writing.append(self._writer.submit(self._write_batch, compressed, starts, grams))

    def _check_room(self, end: int) -> None:
        if end // self._shape.stride > MAX_POSITION:
            raise CorpusError(
                f"{self._folder}: a segment holds at most"
                f" {MAX_POSITION * self._shape.stride / 1e9:.0f} GB of text without white space;"
                " build several indexes of parts of the corpus"
            )

    def _cut_blocks(
        self, raw: bytes, raw_base: int, cuts: list[int]
    ) -> tuple[list[bytes], list[int]]:
        """Complete blocks of raw text with their raw starts; the rest waits for the next batch."""
        text = self._tail + raw
        base = self._tail_start
        edges = [0, *(raw_base + cut - base for cut in cuts)]
        blocks = [text[start:stop] for start, stop in pairwise(edges)]
        self._tail = text[edges[-1] :]
        self._tail_start = base + edges[-1]
        return blocks, [base + edge for edge in edges[:-1]]

    def _write_batch(
        self,
        compressed: list[Future[list[content.CompressedBlock]]],
        starts: list[int],
        grams: Future["_Grams"],
    ) -> None:
        blocks = (block for future in compressed for block in future.result())
        for start, block in zip(starts, blocks, strict=True):
            self._content.add(start, block)
        found = grams.result()
        for part, file in enumerate(self._parts):
            first, last = found.starts[part : part + 2].tolist()
            if last > first:
                file.write(octets(found.pairs[first:last]))

    def _write_documents(self) -> int:
        with SectionWriter(self._folder / "documents", documents.KIND) as writer:
            self._documents.finish(writer)
            return writer.finish()

    # Pass 2: grams

    def _write_pages(self) -> tuple[int, list[tuple[Keys, Keys]]]:
        """Sort the parts into pages; the file's size, and the postings of hot grams."""
        hot_postings: list[tuple[Keys, Keys]] = []
        waiting: deque[Future[tuple[Keys, Keys, Keys, Keys]]] = deque()
        for part in self._parts:
            part.close()
        with SectionWriter(self._folder / "grams", PAGES_KIND) as writer:
            pages = PageWriter(writer)
            for part in self._parts:
                waiting.append(self._pool.submit(_sort_part, Path(part.name)))
                if len(waiting) > self._jobs:
                    self._take_part(waiting.popleft().result(), pages, hot_postings)
            while waiting:
                self._take_part(waiting.popleft().result(), pages, hot_postings)
            pages.finish()
            return writer.finish(), hot_postings

    def _take_part(
        self,
        part: tuple[Keys, Keys, Keys, Keys],
        pages: PageWriter,
        hot_postings: list[tuple[Keys, Keys]],
    ) -> None:
        keys, payloads, hot_keys, hot_payloads = part
        pages.add(keys, payloads)
        hot_postings.append((hot_keys, hot_payloads))

    def _write_hot(self, postings: list[tuple[Keys, Keys]], starts: Offsets) -> int:
        keys = np.concatenate([part[0] for part in postings])
        payloads = np.concatenate([part[1] for part in postings])
        fingerprints = (payloads >> np.uint64(48)).astype(np.uint16)
        positions = (payloads & np.uint64(0xFFFFFFFF)).astype(np.int64)
        is_first = np.ones(keys.size, np.bool_)
        is_first[1:] = (keys[1:] != keys[:-1]) | (fingerprints[1:] != fingerprints[:-1])
        first = np.flatnonzero(is_first)
        owners = np.searchsorted(starts, positions * self._shape.stride, "right") - 1
        lefts, rights = self._read_contexts(positions * self._shape.stride, owners, starts)
        lists = hot.HotLists(
            keys[first],
            fingerprints[first],
            np.append(first, keys.size),
            positions,
            owners,
            lefts,
            rights,
        )
        with SectionWriter(self._folder / "hot", hot.KIND) as writer:
            hot.write_hot(writer, lists, self._pool)
            return writer.finish()

    def _read_contexts(
        self, positions: Offsets, owners: Offsets, starts: Offsets
    ) -> tuple[Bytes, Bytes]:
        """Read the text around hot postings, in one sweep over the content store."""
        shape = (positions.size, self._shape.reach)
        lefts, rights = np.empty(shape, np.uint8), np.empty(shape, np.uint8)
        order = np.argsort(positions, kind="stable")
        with SectionFile(self._folder / "text", content.KIND) as file:
            store = content.ContentStore(file)

            def gather(first_block: int) -> None:
                _gather_contexts(
                    store, first_block, positions, order, owners, starts, self._shape, lefts, rights
                )

            list(self._pool.map(gather, range(0, store.n_blocks, _CONTEXT_BLOCKS)))
        return lefts, rights


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


def _cuts(batch: _Batch, base: int) -> list[int]:
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
    found: list[int] = cuts[:n].tolist()
    return found if base else found[1:]


def _part_grams(text: Bytes, ends: Offsets, base: int, shape: GramShape) -> _Grams:
    """Hash the strided grams of a batch and group them by part."""
    from sc2_attrib.index import gram_kernels

    room = int(ends[-1]) // shape.stride + 2
    keys, payloads = np.empty(room, np.uint64), np.empty(room, np.uint64)
    n = gram_kernels.strided_grams(text, ends, base, shape.k, shape.stride, keys, payloads)
    pairs = np.empty((n, 2), np.uint64)
    starts = np.empty(N_PARTS + 1, np.int64)
    gram_kernels.scatter(keys, payloads, n, _KEY_BITS_IN_PART, pairs, starts)
    return _Grams(pairs, starts)


def _sort_part(path: Path) -> tuple[Keys, Keys, Keys, Keys]:
    """Sort one part file and remove it; postings for the pages, then those of hot grams."""
    from sc2_attrib.index import gram_kernels
    from sc2_attrib.index.segment import build_kernels

    pairs = np.fromfile(path, np.uint64).reshape(-1, 2)
    path.unlink()
    keys, payloads = np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])
    del pairs
    keys, payloads = gram_kernels.sort_pairs(
        keys, payloads, np.empty_like(keys), np.empty_like(keys), _KEY_BITS_IN_PART
    )
    page_keys, page_payloads = np.empty_like(keys), np.empty_like(keys)
    rows = np.empty(keys.size, np.int64)
    n_pages, n_hot = build_kernels.split_hot(
        keys, payloads, hot.CAP, page_keys, page_payloads, rows
    )
    rows = rows[:n_hot]
    return page_keys[:n_pages], page_payloads[:n_pages], keys[rows], payloads[rows]


def _gather_contexts(
    store: content.ContentStore,
    first_block: int,
    positions: Offsets,
    order: Offsets,
    owners: Offsets,
    starts: Offsets,
    shape: GramShape,
    lefts: Bytes,
    rights: Bytes,
) -> None:
    """Fill the contexts of the postings in _CONTEXT_BLOCKS blocks from `first_block` on."""
    from sc2_attrib.index.segment import build_kernels

    stop_block = min(first_block + _CONTEXT_BLOCKS, store.n_blocks)
    low, high = first_block << content.BLOCK_BITS, stop_block << content.BLOCK_BITS
    first, last = np.searchsorted(positions, [low, high], sorter=order)
    rows = order[first:last]
    if not rows.size:
        return
    text_start = max(first_block - 1, 0)
    text = _read_normalized(store, text_start, min(stop_block + 1, store.n_blocks))
    left, right = np.empty((2, rows.size, shape.reach), np.uint8)
    build_kernels.gather_contexts(
        text,
        text_start << content.BLOCK_BITS,
        positions[rows],
        starts[owners[rows]],
        starts[owners[rows] + 1],
        shape.k,
        shape.reach,
        left,
        right,
    )
    lefts[rows], rights[rows] = left, right


def _read_normalized(store: content.ContentStore, first: int, stop: int) -> Bytes:
    """Normalised text of blocks first … stop - 1."""
    from sc2_attrib.index import gram_kernels

    text = np.empty(((stop - first) << content.BLOCK_BITS) + 1, np.uint8)
    at = 0
    for block in range(first, stop):
        at = gram_kernels.normalize_into(np.frombuffer(store.read_block(block), np.uint8), text, at)
    return text[:at]
