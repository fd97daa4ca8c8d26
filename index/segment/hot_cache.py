"""The hot lists of an open segment (hot.py), decoded into flat arrays that kernels work on."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.grams import Fingerprints, Keys
from sc2_attrib.index.segment.format import SectionFile
from sc2_attrib.index.segment.hot import COLUMNS
from sc2_attrib.index.text import Bytes, Offsets

_N_OFFSETS, _N_NUMBERS = 9, 10  # columns of HotTable of these types; two more hold contexts
_MOST_PAGE = 1 << 31  # bytes of one page; beyond it is damage

Numbers = npt.NDArray[np.int32]


class HotTable(NamedTuple):
    """Decoded hot grams, indexed by slot; what kernels work on.

    Postings of slot s are rows starts[s] … stops[s] of positions, documents, lefts, rights; lefts
    and rights are rows of left_contexts and right_contexts, where slot s owns left_starts[s] …
    left_stops[s] and so on, sorted. The documents of slot s carry the licence sets set_starts[s] …
    set_stops[s] of `sets`; the rows whose document carries the i-th of these are
    by_set[set_rows[i]] … by_set[set_rows[i] + set_counts[i] - 1], ascending; set_lefts and
    set_rights are their contexts, beside them because most rows are refused for these. by_left has
    the rows of a slot by their left context once that was asked for, and -1 before.
    """

    starts: Offsets
    stops: Offsets
    left_starts: Offsets
    left_stops: Offsets
    right_starts: Offsets
    right_stops: Offsets
    set_starts: Offsets
    set_stops: Offsets
    positions: Offsets
    documents: Numbers
    lefts: Numbers
    rights: Numbers
    by_set: Numbers
    set_lefts: Numbers
    set_rights: Numbers
    by_left: Numbers
    sets: Numbers
    set_rows: Numbers
    set_counts: Numbers
    left_contexts: Bytes
    right_contexts: Bytes


class HotCache:
    """The hot grams of an open segment, decoded when a query first meets them."""

    def __init__(
        self,
        file: SectionFile,
        license_sets: npt.NDArray[np.int32],
        reach: int,
        max_bytes: int,
    ) -> None:
        """Open the hot lists of a segment.

        Args:
            file: the segment's.
            license_sets: set of licence expressions of each document.
            reach: bytes of a context.
            max_bytes: decoded lists kept between queries.
        """
        self._pages = file["pages"].at_random()
        self._page_offsets: Offsets = file["page_offsets"].array("<i8")
        self._page_first: Offsets = file["page_first"].array("<i8")
        self._keys: Keys = file["keys"].array("<u8")
        self._fingerprints: Fingerprints = file["fingerprints"].array("<u2")
        if self._keys.size != self._fingerprints.size or self._page_first[-1] != self._keys.size:
            raise file["keys"].corrupt(0, "hot gram tables of different lengths")
        self._license_sets = license_sets
        self._reach = reach
        self._max_bytes = max_bytes
        self._clear()

    def slots(self, keys: Keys, fingerprints: Fingerprints) -> npt.NDArray[np.int32]:
        """Find grams among the hot ones and make them present.

        Returns:
            Slot of each gram in `table`, or -1 where the gram is not hot. Slots stay valid until
            the next call.
        """
        numbers = self._find(keys, fingerprints)
        wanted = np.unique(numbers[numbers >= 0])
        if sum(column.rows.nbytes for column in self._columns) > self._max_bytes:
            self._clear()
        missing = wanted[self._slot_of[wanted] < 0]
        if missing.size:
            pages = np.unique(np.searchsorted(self._page_first, missing, "right") - 1)
            self._load(pages.tolist())
        return np.where(numbers >= 0, self._slot_of[numbers], np.int32(-1)).astype(np.int32)

    def _find(self, keys: Keys, fingerprints: Fingerprints) -> npt.NDArray[np.int64]:
        numbers = np.full(keys.size, -1, np.int64)
        at = np.searchsorted(self._keys, keys)
        open_ = np.flatnonzero(at < self._keys.size)
        while open_.size:  # a few grams share their key and differ in fingerprint
            open_ = open_[self._keys[at[open_]] == keys[open_]]
            hit = self._fingerprints[at[open_]] == fingerprints[open_]
            numbers[open_[hit]] = at[open_[hit]]
            open_ = open_[~hit]
            at[open_] += 1
            open_ = open_[at[open_] < self._keys.size]
        return numbers

    def _clear(self) -> None:
        self._slot_of = np.full(self._keys.size + 1, -1, np.int32)
        self._n_slots = 0
        self._columns = [
            *(_Growing(np.empty(0, np.int64)) for _ in range(_N_OFFSETS)),
            *(_Growing(np.empty(0, np.int32)) for _ in range(_N_NUMBERS)),
            *(_Growing(np.empty((0, self._reach), np.uint8)) for _ in range(2)),
        ]
        self._refresh()

    def _refresh(self) -> None:
        self.table = HotTable._make(column.rows for column in self._columns)

    def _load(self, pages: list[int]) -> None:
        """Decode pages and append their grams to the table."""
        for page in pages:
            first, stop = self._page_first[page : page + 2].tolist()
            self._slot_of[first:stop] = np.arange(self._n_slots, self._n_slots + stop - first)
            self._n_slots += stop - first
        numbers = np.array(pages, np.int64)
        self._pages.will_need(self._page_offsets[numbers], self._page_offsets[numbers + 1])
        decoded = [self._read_page(page) for page in pages]
        part = _shifted(_table(decoded, self._license_sets), self.table)
        for column, rows in zip(self._columns, part, strict=True):
            column.append(np.asarray(rows))
        self._refresh()

    def _read_page(self, page: int) -> "_Page":
        """Decode one page."""
        start, stop = self._page_offsets[page : page + 2].tolist()
        first, last = self._page_first[page : page + 2].tolist()
        raw = self._pages.decompress(start, stop, most=_MOST_PAGE)
        try:
            return self._decode_page(raw, last - first)
        except ValueError as error:
            raise self._pages.corrupt(start, f"hot page {page}: {error}") from None

    def _decode_page(self, raw: bytes, n_grams: int) -> "_Page":
        head = np.frombuffer(raw, "<u4", 3 * n_grams).reshape(n_grams, 3).astype(np.int64)
        n, n_left, n_right = head.sum(axis=0).tolist()
        at = head.size * 4
        planes = np.frombuffer(raw, np.uint8, COLUMNS * 4 * n, at).reshape(COLUMNS, 4, n)
        deltas = np.ascontiguousarray(planes.transpose(0, 2, 1)).view("<u4")[:, :, 0]
        columns = np.cumsum(deltas, axis=1, dtype=np.uint32)
        at += planes.size
        lefts = np.frombuffer(raw, np.uint8, n_left * self._reach, at).reshape(n_left, self._reach)
        at += lefts.size
        rights = np.frombuffer(raw, np.uint8, n_right * self._reach, at)
        owner = np.repeat(np.arange(n_grams), head[:, 0])
        if n and int(columns[1].max()) >= self._license_sets.size:
            raise ValueError("a document number beyond the documents")
        if (columns[2] >= head[owner, 1]).any() or (columns[3] >= head[owner, 2]).any():
            raise ValueError("a rank beyond the contexts")
        return _Page(head, columns, lefts, rights.reshape(n_right, self._reach))


class _Page(NamedTuple):
    """A decoded page as it is laid out: counts by gram, columns by posting, contexts."""

    head: Offsets
    columns: npt.NDArray[np.uint32]
    lefts: Bytes
    rights: Bytes


def _table(pages: Sequence[_Page], license_sets: npt.NDArray[np.int32]) -> HotTable:
    """Join pages into one table whose rows are numbered from 0."""
    head = np.concatenate([page.head for page in pages])
    columns = np.concatenate([page.columns for page in pages], axis=1).astype(np.int64)
    stops = np.cumsum(head, axis=0)
    starts = stops - head
    owner = np.repeat(np.arange(len(head)), head[:, 0])
    keys = owner << 32 | license_sets[columns[1]]
    by_set = np.argsort(keys, kind="stable")
    keys = keys[by_set]
    set_rows = np.flatnonzero(np.diff(keys, prepend=-1))
    sets = keys[set_rows]
    set_stops = np.searchsorted(sets, (np.arange(len(head)) + 1) << 32)
    lefts = (columns[2] + starts[owner, 1]).astype(np.int32)
    rights = (columns[3] + starts[owner, 2]).astype(np.int32)
    return HotTable(
        starts=starts[:, 0],
        stops=stops[:, 0],
        left_starts=starts[:, 1],
        left_stops=stops[:, 1],
        right_starts=starts[:, 2],
        right_stops=stops[:, 2],
        set_starts=np.append(0, set_stops[:-1]),
        set_stops=set_stops,
        positions=columns[0],
        documents=columns[1].astype(np.int32),
        lefts=lefts,
        rights=rights,
        by_set=by_set.astype(np.int32),
        set_lefts=lefts[by_set],
        set_rights=rights[by_set],
        by_left=np.full(by_set.size, -1, np.int32),
        sets=(sets & 0xFFFFFFFF).astype(np.int32),
        set_rows=set_rows.astype(np.int32),
        set_counts=np.diff(set_rows, append=keys.size).astype(np.int32),
        left_contexts=np.concatenate([page.lefts for page in pages]),
        right_contexts=np.concatenate([page.rights for page in pages]),
    )


class _Growing:
    """An array that grows at its end, doubling its room when it is full."""

    def __init__(self, empty: npt.NDArray[Any]) -> None:
        self._room = empty
        self.rows = empty

    def append(self, more: npt.NDArray[Any]) -> None:
        n = len(self.rows) + len(more)
        if n > len(self._room):
            room = np.empty((2 * n, *self._room.shape[1:]), self._room.dtype)
            room[: len(self.rows)] = self.rows
            self._room = room
        self._room[len(self.rows) : n] = more
        self.rows = self._room[:n]


def _shifted(part: HotTable, table: HotTable) -> HotTable:
    """Renumber the rows of new pages for their place at the end of the whole table."""
    rows, sets = table.positions.size, table.sets.size
    lefts, rights = len(table.left_contexts), len(table.right_contexts)
    return part._replace(
        starts=part.starts + rows,
        stops=part.stops + rows,
        left_starts=part.left_starts + lefts,
        left_stops=part.left_stops + lefts,
        right_starts=part.right_starts + rights,
        right_stops=part.right_stops + rights,
        set_starts=part.set_starts + sets,
        set_stops=part.set_stops + sets,
        by_set=part.by_set + np.int32(rows),
        set_rows=part.set_rows + np.int32(rows),
        lefts=part.lefts + np.int32(lefts),
        rights=part.rights + np.int32(rights),
        set_lefts=part.set_lefts + np.int32(lefts),
        set_rights=part.set_rights + np.int32(rights),
    )
