"""Hot grams: those with more than CAP postings keep a list of all of them, with what stands around.

A list that stopped at some length would hide documents; a list read from the text would cost a
block a posting. So each hot gram keeps, in order of position: position, document, and the *ranks*
of its left and right context, the REACH bytes before and after it (as far as the document goes).
Distinct contexts are stored once a gram, sorted, so a range of ranks is "all postings that agree
with the query for so many bytes". A sampled gram that is absent from the list is thereby known to
be absent from the text.

On disk, whole grams are packed into zstd pages of about PAGE_POSTINGS postings:

    3 u32 a gram           postings, distinct left contexts, distinct right contexts
    4 columns of u32       position, document, left rank, right rank of all postings; each column is
                           stored as differences modulo 2**32 to the row before, in four planes of
                           bytes
    left contexts          rows of REACH bytes, read away from the gram (reversed), filled up with
                           BORDER
    right contexts         rows of REACH bytes

hot_cache.py reads them.
"""

from array import array
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import zstandard

from sc2_attrib.index.grams import Fingerprints, Keys
from sc2_attrib.index.segment.format import SectionWriter
from sc2_attrib.index.text import Bytes, Offsets

KIND = b"HOTS"
CAP = 32  # postings; see docs/decisions/0003-whole-posting-lists.md
BORDER = 9  # a tab: no byte of normalised text, so a context that ends at a border equals no text
PAGE_POSTINGS = 256
LEVEL = 3
_PAGES_AT_ONCE = 64  # made by one thread at a time
COLUMNS = 4  # of a posting


class HotLists(NamedTuple):
    """Hot grams with their postings, as a build finds them.

    `keys`, `fingerprints`: shape (n,), ascending as pairs. `starts`: shape (n + 1,): postings of
    gram g are rows starts[g] … starts[g + 1]. `positions` (in strides, ascending within a gram) and
    `documents` are columns of all postings, `lefts` and `rights` their contexts, shape (n_postings,
    reach).
    """

    keys: Keys
    fingerprints: Fingerprints
    starts: Offsets
    positions: npt.NDArray[np.int64]
    documents: npt.NDArray[np.int64]
    lefts: Bytes
    rights: Bytes


class HotWriter:
    """Cuts a stream of hot grams into pages, which the threads of `pool` make."""

    def __init__(self, writer: SectionWriter, pool: ThreadPoolExecutor) -> None:
        self._writer = writer
        writer.begin("pages")
        self._pool = pool
        self._waiting: HotLists | None = None  # grams that don't fill a page
        self._making: list[Future[list[bytes]]] = []
        self._offsets, self._first = array("q", [0]), array("q", [0])
        self._keys: list[Keys] = []
        self._fingerprints: list[Fingerprints] = []

    def add(self, lists: HotLists) -> None:
        """Append grams; all of them come after those of the call before."""
        self._keys.append(lists.keys)
        self._fingerprints.append(lists.fingerprints)
        lists = lists if self._waiting is None else _joined(self._waiting, lists)
        pages = list(_pages(lists.starts))
        is_short = bool(pages) and _n_postings(lists, pages[-1]) < PAGE_POSTINGS
        self._waiting = _slice(lists, *pages.pop()) if is_short else None
        self._write(lists, pages)

    def finish(self) -> None:
        """Write the last page and the tables."""
        if self._waiting is not None:
            self._write(self._waiting, [(0, self._waiting.keys.size)])
        self._flush()
        self._writer.add("page_offsets", np.array(self._offsets, "<i8"))
        self._writer.add("page_first", np.array(self._first, "<i8"))
        self._writer.add("keys", np.concatenate([*self._keys, np.empty(0, np.uint64)]))
        self._writer.add(
            "fingerprints", np.concatenate([*self._fingerprints, np.empty(0, np.uint16)])
        )

    def _write(self, lists: HotLists, pages: list[tuple[int, int]]) -> None:
        """Have pages made, and write those of the call before meanwhile."""
        making = [
            self._pool.submit(_compress_pages, lists, pages[at : at + _PAGES_AT_ONCE])
            for at in range(0, len(pages), _PAGES_AT_ONCE)
        ]
        self._flush()
        self._making = making
        for start, stop in pages:
            self._first.append(self._first[-1] + stop - start)

    def _flush(self) -> None:
        for future in self._making:
            for frame in future.result():
                self._writer.write(frame)
                self._offsets.append(self._offsets[-1] + len(frame))
        self._making = []


def _n_postings(lists: HotLists, grams: tuple[int, int]) -> int:
    start, stop = grams
    return int(lists.starts[stop] - lists.starts[start])


def _slice(lists: HotLists, start: int, stop: int) -> HotLists:
    """Grams start … stop - 1, copied so that the others can be forgotten."""
    rows = slice(int(lists.starts[start]), int(lists.starts[stop]))
    return HotLists(
        lists.keys[start:stop].copy(),
        lists.fingerprints[start:stop].copy(),
        lists.starts[start : stop + 1] - lists.starts[start],
        lists.positions[rows].copy(),
        lists.documents[rows].copy(),
        lists.lefts[rows].copy(),
        lists.rights[rows].copy(),
    )


def _joined(first: HotLists, second: HotLists) -> HotLists:
    """Grams of two, one after another."""
    return HotLists(
        np.concatenate((first.keys, second.keys)),
        np.concatenate((first.fingerprints, second.fingerprints)),
        np.concatenate((first.starts, second.starts[1:] + first.starts[-1])),
        np.concatenate((first.positions, second.positions)),
        np.concatenate((first.documents, second.documents)),
        np.concatenate((first.lefts, second.lefts)),
        np.concatenate((first.rights, second.rights)),
    )


def _compress_pages(lists: HotLists, pages: list[tuple[int, int]]) -> list[bytes]:
    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    return [compressor.compress(_encode_page(lists, *grams)) for grams in pages]


def _pages(starts: Offsets) -> Iterator[tuple[int, int]]:
    """Cut grams into pages: ranges of grams with PAGE_POSTINGS postings or more each."""
    gram, n = 0, starts.size - 1
    while gram < n:
        stop = int(np.searchsorted(starts, starts[gram] + PAGE_POSTINGS))
        stop = min(max(stop, gram + 1), n)
        yield gram, stop
        gram = stop


def _encode_page(lists: HotLists, start: int, stop: int) -> bytes:
    """Lay out grams start … stop - 1 as the module docstring says."""
    rows = slice(int(lists.starts[start]), int(lists.starts[stop]))
    counts = np.diff(lists.starts[start : stop + 1])
    owner = np.repeat(np.arange(stop - start), counts)
    left, left_counts, left_rows = _rank_contexts(lists.lefts[rows], owner, stop - start)
    right, right_counts, right_rows = _rank_contexts(lists.rights[rows], owner, stop - start)
    columns = np.stack((lists.positions[rows], lists.documents[rows], left, right)).astype("<u4")
    deltas = np.diff(columns, axis=1, prepend=np.uint32(0))
    planes = np.ascontiguousarray(deltas).view(np.uint8).reshape(COLUMNS, -1, 4).transpose(0, 2, 1)
    head = np.stack((counts, left_counts, right_counts), axis=1).astype("<u4")
    return head.tobytes() + planes.tobytes() + left_rows.tobytes() + right_rows.tobytes()


def _rank_contexts(
    contexts: Bytes, owner: npt.NDArray[np.int64], n_grams: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Bytes]:
    """Sort the distinct contexts of each gram: rank of each posting, count a gram, contexts."""
    width = -(-contexts.shape[1] // 8) * 8
    wide = np.zeros((len(contexts), width), np.uint8)
    wide[:, : contexts.shape[1]] = contexts
    words = wide.view(">u8").astype(np.uint64)
    order = np.lexsort((*words.T[::-1], owner))
    is_new = np.ones(order.size, np.bool_)
    is_new[1:] = (np.diff(owner[order]) != 0) | (words[order[1:]] != words[order[:-1]]).any(axis=1)
    distinct = np.cumsum(is_new) - 1
    per_gram = np.bincount(owner[order[is_new]], minlength=n_grams)
    first = np.cumsum(per_gram) - per_gram
    ranks = np.empty(order.size, np.int64)
    ranks[order] = distinct - first[owner[order]]
    return ranks, per_gram, contexts[order[is_new]]
