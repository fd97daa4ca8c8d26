"""Runs of equal text that end where a growing text ends: who holds them, byte by byte.

A text that is being written grows by a few bytes at a time. Searching all of it again each time
would do; here a step costs the look-up of the grams that end in the new bytes, and one comparison
for each run that is open.

    1. A run that is open goes on if the document's next bytes are the new ones.
    2. Each gram that ends in the new bytes is looked up. Where a document holds it, with the same
       `reach` bytes before it and all that follows it in the text, a run is open. Its start is
       found by comparing backwards.

Exact: sampled grams of a document begin a stride apart, so a run of the guarantee and a stride more
(`GramShape.guarantee + stride`: `settled_chars`) holds one with `reach` bytes of the run before it,
whole. So such a run was found when that gram's last byte was written, and was compared byte by byte
since. Shorter runs may be open and not be known.

Idioms of a thousand places are not followed in all of them: at most MOST_RUNS are, and the text
counts as crowded until the next gram of each place has come. There a caller must ask in another
way.

States are values: extending one leaves it as it was, so texts may share a beginning and part.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from sc2_attrib.index.corpus.document import Occurrence
from sc2_attrib.index.errors import IndexUnusableError
from sc2_attrib.index.grams import CONTEXT, GramShape, padded
from sc2_attrib.index.matching.query import SEPARATOR, QueryGrams, hash_grams
from sc2_attrib.index.search import Searcher, Swhid
from sc2_attrib.index.segment.content import BLOCK_BITS, BLOCK_CHARS
from sc2_attrib.index.segment.documents import swhid
from sc2_attrib.index.segment.pages import LEFT_DIFFERS, Seeds
from sc2_attrib.index.segment.reader import Segment
from sc2_attrib.index.text import normalize

TAIL_CHARS = 2048  # of a text that is taken up, for a longer run is denied or allowed all the same
CACHED_BLOCKS = 4096  # normalised blocks kept: 64 MiB
HOT_BYTES = 32 << 20  # decoded hot lists kept, all segments together
MOST_RUNS = 64  # that are followed at a time
_UNKNOWN, _LEFT_OUT, _WANTED = -1, 0, 1


@dataclass(frozen=True, slots=True)
class HeldDocument:
    """A document of an open index."""

    segment: Segment
    number: int

    @property
    def swhid(self) -> Swhid:
        """Name its content."""
        return swhid(self.segment.documents.identifier(self.number))

    def read_occurrences(self) -> Iterator[Occurrence]:
        """Read where it was found, in the order of the index, less what was removed."""
        table = self.segment.documents
        return (table.read_occurrence(row) for row in table.rows(self.number))

    def evidence(self) -> list[tuple[str, int]]:
        """List its distinct licence evidence, each with the number of a place that states it."""
        table = self.segment.documents
        first: dict[int, int] = {}
        for row in table.rows(self.number):
            first.setdefault(int(table.occurrence_licenses[row]), row)
        return [(table.expressions[number], row) for number, row in first.items()]


class OpenRun(NamedTuple):
    """A run of bytes that the end of a text shares with a document, not extendable to the left.

    `start`: offset of its first byte in the text. `shift`: position in the segment of what stands
    at offset 0 of the text. `stop`: position in the segment where the document ends.
    """

    part: "_Part"
    document: int
    start: int
    shift: int
    stop: int

    @property
    def holder(self) -> HeldDocument:
        """The document."""
        return HeldDocument(self.part.segment, self.document)


class GrowingText(NamedTuple):
    """The end of a text in normalised bytes, and the runs that are open there.

    Where a longer text was taken up its beginning is left out, and a run that reaches there begins
    at 0. Up to the offset `crowded` there may be open runs besides `runs`. `met`: offset of the end
    of the last gram that any document may hold.
    """

    text: bytes
    runs: tuple[OpenRun, ...]
    parts: "tuple[_Part, ...]"
    crowded: int = 0
    met: int = 0

    @property
    def is_crowded(self) -> bool:
        """Tell whether more runs may be open than those listed."""
        return len(self.text) < self.crowded

    def may_hold(self, shape: GramShape) -> bool:
        """Tell whether a run of the guarantee may be open, known or not."""
        return len(self.text) - self.met < shape.stride

    def continuation(self, run: OpenRun, n: int) -> bytes:
        """Read what follows an open run in its document: `n` normalised bytes, or up to its end."""
        position = run.shift + len(self.text)
        return run.part.read(position, min(n, run.stop - position))


Wanted = Callable[[HeldDocument], bool]


@runtime_checkable
class FollowsRuns(Searcher, Protocol):
    """An open index that can say, byte by byte, what a growing text shares with it."""

    def follow_runs(self, wanted: Wanted) -> "RunFollower":
        """Make ready to follow texts; runs of documents that are not wanted are left out.

        `wanted` is asked once a document and must answer alike each time. One thread may use what
        is returned.
        """

    def use_machine_code(self) -> None:
        """Load compiled kernels with the next search."""


class RunFollower:
    """Follows growing texts through the segments of an index. For one thread at a time."""

    def __init__(
        self, segments: Callable[[], Sequence[Segment]], shape: GramShape, wanted: Wanted
    ) -> None:
        """Follow texts through the segments that there are when each begins."""
        self._segments, self._shape, self._wanted = segments, shape, wanted
        self._open: Sequence[Segment] = ()
        self._parts: tuple[_Part, ...] = ()

    @property
    def shape(self) -> GramShape:
        """Which grams the index holds."""
        return self._shape

    @property
    def settled_chars(self) -> int:
        """Length from which on every open run is known, where the text is not crowded."""
        return self._shape.guarantee + self._shape.stride

    @property
    def has_license_texts(self) -> bool:
        """Tell whether licence texts of repositories may add to the evidence of a document."""
        segments = self._open or self._current()  # those that are followed: asked once a document
        return any(segment.license_texts is not None for segment in segments)

    def begin(self, text: bytes) -> GrowingText:
        """Take up a text that there is already, raw."""
        self._current()
        return self.extend(GrowingText(b"", (), self._parts), normalize(text)[-TAIL_CHARS:])

    def extend(self, text: GrowingText, more: bytes) -> GrowingText:
        """Append normalised bytes to a text."""
        for at in range(0, len(more), self._shape.stride):
            text = self._step(text, more[at : at + self._shape.stride])
        return text

    def _current(self) -> Sequence[Segment]:
        segments = self._segments()
        if segments is not self._open:
            if any(segment.shape != self._shape for segment in segments):
                raise IndexUnusableError(
                    "the index was built anew, with another guarantee; open it"
                )
            share = HOT_BYTES // max(len(segments), 1)
            self._parts = tuple(_Part(each, self._wanted, share) for each in segments)
            self._open = segments
        return segments

    def _step(self, text: GrowingText, more: bytes) -> GrowingText:
        """Append at most a stride of bytes."""
        end, n, k = len(text.text), len(more), self._shape.k
        grown = text.text + more
        kept = [run for run in text.runs if _goes_on(run, end, more, n)]
        first = max(end - k + 1, 0)  # the first gram that ends in the new bytes
        n_grams = len(grown) - k + 1 - first
        crowded, met = text.crowded, text.met
        if n_grams > 0:
            known = {(run.part, run.shift) for run in kept}
            # The bytes before it lead to the context bits of the first gram.
            before = min(first, CONTEXT)
            grams = _hash(grown[first - before :], self._shape, before, n_grams)
            for part in text.parts:
                found = part.discover(grown, first, grams, known)
                kept += found.runs
                met = max(met, found.met)
                if found.is_cut:
                    crowded = len(grown) + self._shape.stride
        return GrowingText(grown, tuple(kept), text.parts, crowded, met)


def _goes_on(run: OpenRun, end: int, more: bytes, n: int) -> bool:
    position = run.shift + end
    return position + n <= run.stop and run.part.read(position, n) == more


def _hash(text: bytes, shape: GramShape, first: int, n: int) -> QueryGrams:
    """Hash the grams of a normalised text at offsets first … first + n - 1."""
    grams = hash_grams(padded(text + SEPARATOR), shape.k, fast=True)
    wanted = slice(first, first + n)
    return QueryGrams(grams.keys[wanted], grams.fingerprints[wanted], grams.contexts[wanted])


class _Discovered(NamedTuple):
    """Runs that were found in a segment.

    `is_cut`: there may be more. `met`: see GrowingText.
    """

    runs: list[OpenRun]
    is_cut: bool
    met: int


class _Part:
    """One segment, with what is kept of it in memory."""

    def __init__(self, segment: Segment, wanted: Wanted, hot_bytes: int) -> None:
        self.segment = segment
        self._shape = segment.shape
        self._table = segment.documents
        self._hot = segment.hot_cache(hot_bytes)
        self._block = lru_cache(CACHED_BLOCKS)(self._read_block)
        self._ask = wanted
        self._wanted = np.full(self._table.n_documents, _UNKNOWN, np.int8)

    def read(self, position: int, n: int) -> bytes:
        """Read `n` normalised bytes of the segment."""
        number, offset = position >> BLOCK_BITS, position & (BLOCK_CHARS - 1)
        text = self._block(number)[offset : offset + n]
        while len(text) < n:
            number += 1
            text += self._block(number)[: n - len(text)]
        return text

    def discover(
        self, text: bytes, first: int, grams: QueryGrams, known: set[tuple["_Part", int]]
    ) -> _Discovered:
        """Find the runs that are open at the end of `text` by the grams from offset `first` on.

        Args:
            text: normalised.
            first: offset in it of the first gram.
            grams: hashes of all grams from there to the end.
            known: part and shift of runs that are known; those that are found are added.
        """
        seeds = self.segment.pages.look_up(*grams, both_differ_is_final=False, fast=True)
        places, is_cut = self._places(text, first, grams, seeds)
        found = np.concatenate((seeds.grams[-1:], seeds.hot[-1:]))
        met = first + int(found.max()) + self._shape.k if found.size else 0
        runs: list[OpenRun] = []
        for offset, position in places:
            shift = position - offset
            if (self, shift) not in known:
                if len(known) >= MOST_RUNS:
                    return _Discovered(runs, is_cut=True, met=met)
                run = self._verified(text, offset, shift)
                if run is not None:
                    known.add((self, shift))
                    runs.append(run)
        return _Discovered(runs, is_cut=is_cut, met=met)

    def _places(
        self, text: bytes, first: int, grams: QueryGrams, seeds: Seeds
    ) -> tuple[list[tuple[int, int]], bool]:
        """List offsets in the text with positions in the segment; whether some were passed over."""
        stride, is_cut = self._shape.stride, False
        may_agree = seeds.differs & LEFT_DIFFERS == 0
        offsets = (first + seeds.grams[may_agree]).tolist()
        positions = (seeds.positions[may_agree] * np.int64(stride)).tolist()
        places = list(zip(offsets, positions, strict=True))
        if seeds.hot.size:
            slots = self._hot.slots(grams.keys[seeds.hot], grams.fingerprints[seeds.hot])
            for gram, slot in zip(seeds.hot.tolist(), slots.tolist(), strict=True):
                if slot >= 0 and first + gram >= self._shape.reach:
                    rows = self._hot_places(text, first + gram, slot)
                    is_cut |= len(rows) > MOST_RUNS
                    places += [(first + gram, row * stride) for row in rows[:MOST_RUNS]]
        return places, is_cut

    def _hot_places(self, text: bytes, offset: int, slot: int) -> list[int]:
        """Postings of a hot gram in wanted documents with the same text on both sides."""
        hot, reach = self._hot.table, self._shape.reach
        before = np.frombuffer(text[offset - reach : offset], np.uint8)[::-1]
        after = np.frombuffer(text[offset + self._shape.k :], np.uint8)
        lefts = hot.left_contexts[hot.left_starts[slot] : hot.left_stops[slot]]
        left = np.flatnonzero((lefts == before).all(axis=1))  # one at most: they are distinct
        if not left.size:
            return []
        rights = hot.right_contexts[hot.right_starts[slot] : hot.right_stops[slot]]
        agrees = (rights[:, : after.size] == after).all(axis=1)
        rows = np.arange(hot.starts[slot], hot.stops[slot])
        rows = rows[hot.lefts[rows] == hot.left_starts[slot] + left[0]]
        rows = rows[agrees[hot.rights[rows] - hot.right_starts[slot]]]
        documents = hot.documents[rows]
        for document in np.unique(documents[self._wanted[documents] == _UNKNOWN]).tolist():
            self._is_wanted(document)
        places: list[int] = hot.positions[rows[self._wanted[documents] == _WANTED]].tolist()
        return places

    def _verified(self, text: bytes, offset: int, shift: int) -> OpenRun | None:
        """Compare a candidate with the text; None where no run is open."""
        position, end = shift + offset, shift + len(text)
        document = bisect_right(self._table.starts, position) - 1
        start, stop = self._table.starts[document : document + 2].tolist()
        if end > stop or not self._is_wanted(document):
            return None
        lower, reach = max(start - shift, 0), self._shape.reach
        if offset - reach < lower:
            return None
        if self.read(position - reach, end - position + reach) != text[offset - reach :]:
            return None
        offset -= reach
        n = self._shape.stride
        while offset > lower:  # mostly once: a run that reaches further is known for long
            n = min(offset - lower, 2 * n)
            n_equal = _n_equal_at_end(self.read(shift + offset - n, n), text[offset - n : offset])
            offset -= n_equal
            if n_equal < n:
                break
        return OpenRun(self, document, offset, shift, stop)

    def _is_wanted(self, document: int) -> bool:
        if self._wanted[document] == _UNKNOWN:
            held = HeldDocument(self.segment, document)
            self._wanted[document] = _WANTED if self._ask(held) else _LEFT_OUT
        return bool(self._wanted[document] == _WANTED)

    def _read_block(self, number: int) -> bytes:
        return normalize(self.segment.content.read_block(number))


def _n_equal_at_end(first: bytes, second: bytes) -> int:
    """Count the bytes at the end of two texts of one length that are equal."""
    low, high = 0, len(first)
    while low < high:
        middle = (low + high + 1) // 2
        if first[-middle:] == second[-middle:]:
            low = middle
        else:
            high = middle - 1
    return low
