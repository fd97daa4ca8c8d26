"""Postings on their way into a segment: appended in runs, read back in the order of their keys.

Each batch of text leaves a run: its postings grouped by the top bits of their keys into N_PARTS
parts. When all are there, neighbouring parts are taken together into groups that fit in memory. A
group is a slice of every run; it is read, sorted, and split into what goes to pages and the lists
of hot grams, whose surroundings are looked up in the normalised text, kept for that on disk.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.grams import GramShape, Keys
from sc2_attrib.index.segment import hot
from sc2_attrib.index.segment.format import octets
from sc2_attrib.index.segment.hot import HotLists, HotWriter
from sc2_attrib.index.segment.pages import PageWriter
from sc2_attrib.index.segment.spool import SpoolFolder
from sc2_attrib.index.text import Bytes, Offsets

N_PARTS = 1024
PART_SHIFT = 54  # 64 - log2(N_PARTS)
_KEY_BITS = 64
_PAIR = np.dtype(("<u8", 2))


class Run(NamedTuple):
    """Postings of a batch; rows starts[p] … starts[p + 1] have their key in part p."""

    pairs: npt.NDArray[np.uint64]
    starts: Offsets


class PostingRuns:
    """The runs of a segment and its normalised text, on disk."""

    def __init__(self, spools: SpoolFolder) -> None:
        """Begin, or go on where the spools stand."""
        self._pairs = spools.column("postings", "<u8")
        self._starts = spools.column("runs", "<i8")
        self._text = spools.column("normalized", np.uint8)
        self._counts = np.zeros(N_PARTS, np.int64)
        self.largest_part = 0  # postings of the part that has most: no group can be smaller
        self.count(np.diff(self._bounds(), axis=1).sum(axis=0))

    def append(self, run: Run, text: Bytes) -> None:
        """Append the run of a batch, and its normalised text."""
        self._pairs.append(octets(run.pairs))
        self._starts.extend(run.starts)
        self._text.append(octets(text))

    def count(self, counts: Offsets) -> None:
        """Count postings a part; called by the thread that asks for sizes."""
        self._counts += counts
        self.largest_part = int(self._counts.max())

    def groups(self, n_postings: int) -> Iterator[tuple[int, int]]:
        """Cut the parts into ranges with at most `n_postings`, or one part each."""
        start, total = 0, 0
        for part, count in enumerate(self._counts.tolist()):
            if total and total + count > n_postings:
                yield start, part
                start, total = part, 0
            total += count
        yield start, N_PARTS

    def size(self, start: int, stop: int) -> int:
        """Postings of parts start … stop - 1."""
        return int(self._counts[start:stop].sum())

    def read(self, start: int, stop: int) -> tuple[Keys, Keys]:
        """Keys and payloads of parts start … stop - 1, in order of position."""
        bounds = self._bounds()
        run_starts = np.concatenate(([0], np.cumsum(bounds[:, -1])))[:-1]
        pairs = self._pairs.mapped().reshape(-1, 2)
        keys = np.empty(self.size(start, stop), np.uint64)
        payloads = np.empty_like(keys)
        at = 0
        firsts, lasts = run_starts + bounds[:, start], run_starts + bounds[:, stop]
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
            end = at + last - first
            keys[at:end], payloads[at:end] = pairs[first:last].T
            at = end
        return keys, payloads

    def text(self) -> Bytes:
        """The segment's normalised text."""
        text: Bytes = self._text.mapped()
        return text

    def _bounds(self) -> npt.NDArray[Any]:
        return self._starts.mapped().reshape(-1, N_PARTS + 1)


class _Sorted(NamedTuple):
    """A group's postings for the pages, and its hot grams."""

    keys: Keys
    payloads: Keys
    lists: HotLists


class GramWriter:
    """Sorts runs into pages and hot lists, some groups at a time."""

    def __init__(self, runs: PostingRuns, starts: Offsets, shape: GramShape) -> None:
        """Choose what to sort.

        Args:
            runs: all of the segment's.
            starts: positions of its documents, and the end of the last.
            shape: of the grams.
        """
        self._runs = runs
        self._starts = starts
        self._shape = shape

    def write(
        self,
        pages: PageWriter,
        lists: HotWriter,
        pool: ThreadPoolExecutor,
        *,
        jobs: int,
        group_postings: int,
    ) -> Iterator[int]:
        """Write everything, yielding the postings written at each step.

        As many groups wait as fit in three times `group_postings` a thread; a group that is larger
        than that is alone.
        """
        waiting: deque[tuple[int, Future[_Sorted]]] = deque()
        room = group_postings * (jobs + 2)
        for start, stop in self._runs.groups(group_postings):
            size = self._runs.size(start, stop)
            while waiting and sum(n for n, _ in waiting) + size > room:
                yield self._take(waiting, pages, lists)
            waiting.append((size, pool.submit(self._sort, start, stop)))
        while waiting:
            yield self._take(waiting, pages, lists)

    def _take(
        self, waiting: deque[tuple[int, Future[_Sorted]]], pages: PageWriter, lists: HotWriter
    ) -> int:
        size, future = waiting.popleft()
        found = future.result()
        pages.add(found.keys, found.payloads)
        lists.add(found.lists)
        return size

    def _sort(self, start: int, stop: int) -> _Sorted:
        """Sort parts start … stop - 1."""
        from sc2_attrib.index import gram_kernels
        from sc2_attrib.index.segment import build_kernels

        keys, payloads = self._runs.read(start, stop)
        page_keys, page_payloads = np.empty_like(keys), np.empty_like(keys)
        keys, payloads = gram_kernels.sort_pairs(
            keys, payloads, page_keys, page_payloads, _KEY_BITS
        )
        page_keys, page_payloads = np.empty_like(keys), np.empty_like(keys)
        rows = np.empty(keys.size, np.int64)
        n_pages, n_hot = build_kernels.split_hot(
            keys, payloads, hot.CAP, page_keys, page_payloads, rows
        )
        rows = rows[:n_hot]
        hot_keys, hot_payloads = keys[rows], payloads[rows]
        del keys, payloads, rows
        return _Sorted(
            page_keys[:n_pages].copy(),
            page_payloads[:n_pages].copy(),
            self._lists(hot_keys, hot_payloads),
        )

    def _lists(self, keys: Keys, payloads: Keys) -> HotLists:
        """Find the document and the surroundings of each posting of hot grams."""
        from sc2_attrib.index.segment import build_kernels

        fingerprints = (payloads >> np.uint64(48)).astype(np.uint16)
        strides = (payloads & np.uint64(0xFFFFFFFF)).astype(np.int64)
        positions = strides * self._shape.stride
        is_first = np.ones(keys.size, np.bool_)
        is_first[1:] = (keys[1:] != keys[:-1]) | (fingerprints[1:] != fingerprints[:-1])
        first = np.flatnonzero(is_first)
        owners = np.searchsorted(self._starts, positions, "right") - 1
        lefts, rights = np.empty((2, keys.size, self._shape.reach), np.uint8)
        build_kernels.gather_contexts(
            self._runs.text(),
            0,
            positions,
            self._starts[owners],
            self._starts[owners + 1],
            self._shape.k,
            self._shape.reach,
            lefts,
            rights,
        )
        return HotLists(
            keys[first],
            fingerprints[first],
            np.append(first, keys.size),
            strides,
            owners,
            lefts,
            rights,
        )
