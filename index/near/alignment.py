"""Two stretches of lexemes laid side by side: what is equal, and what was changed.

    1. `align` finds the best local alignment within a band of diagonals (Smith and Waterman), in
       which two different names may stand for each other at a small gain.
    2. Names that stand for each other throughout are *renamed*, one to one, and count as equal;
       other different names don't. A placeholder is equal to what it stands for.
    3. `stretches` cuts the alignment to where it is similar enough: the runs of columns with the
       greatest sum, where an equal column counts 1 - s, another -s, and s is the similarity asked
       for. So no stretch begins or ends with what is less similar than that.

Equal columns are compared byte by byte; hashes only choose what is laid side by side.

Source: Smith and Waterman 1981, Identification of common molecular subsequences; Kadane's maximum
subarray for step 3.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.compiled import kernel
from sc2_attrib.index.near.lexer import NAME, PLACEHOLDER, PUNCTUATION, Kinds, Lexemes, Numbers
from sc2_attrib.index.text import Bytes

Flags = npt.NDArray[np.bool_]

# Gains of a column, in points
_EQUAL, _EQUAL_PUNCTUATION, _NAMES, _PLACEHOLDER, _DIFFERENT, _GAP = 3, 2, 1, 1, -2, -2
_STOP, _BOTH, _LEFT_ALONE, _RIGHT_ALONE = range(4)  # how a cell was reached
ALONE = -1  # in a column: nothing stands on this side
MOST_STRETCHES = 32  # looked for in one alignment


class Band(NamedTuple):
    """Diagonals to look at: right lexeme - left lexeme in [low, high]."""

    low: int
    high: int


class Side(NamedTuple):
    """One of the two texts: its bytes, and its lexemes as columns of `Lexemes`."""

    text: Bytes
    starts: Numbers
    stops: Numbers
    kinds: Kinds
    hashes: Numbers


@dataclass(frozen=True, slots=True)
class Alignment:
    """Columns of an alignment, shape (n,): lexeme numbers on both sides, or ALONE.

    `equal`: the column counts as equal. `renamed`: it does because a name is renamed throughout.
    `redacted`: because a placeholder stands for it.
    """

    lefts: Numbers
    rights: Numbers
    equal: Flags
    renamed: Flags
    redacted: Flags

    def cut(self, start: int, stop: int) -> "Alignment":
        """Take columns [start, stop)."""
        at = slice(start, stop)
        return Alignment(
            self.lefts[at], self.rights[at], self.equal[at], self.renamed[at], self.redacted[at]
        )

    @property
    def n_equal(self) -> int:
        """Columns that count as equal."""
        return int(self.equal.sum())

    @property
    def n_lefts(self) -> int:
        """Lexemes of the left side."""
        return int((self.lefts != ALONE).sum())

    @property
    def similarity(self) -> float:
        """Equal columns over the lexemes of the longer side."""
        n = max(self.n_lefts, int((self.rights != ALONE).sum()), 1)
        return min(self.n_equal / n, 1.0)  # a placeholder may stand for several lexemes


def side(text: bytes, lexemes: Lexemes) -> Side:
    """Put a text and its lexemes together."""
    return Side(np.frombuffer(text, np.uint8), *lexemes)


@kernel
def align(left: Side, right: Side, band: Band, lefts: Numbers, rights: Numbers) -> int:
    """Find the best local alignment.

    Args:
        left, right: two texts.
        band: diagonals that the alignment may use.
        lefts, rights: out, room for all lexemes of both: columns, last first.

    Returns:
        Number of columns.
    """
    n, width = left.hashes.size, band.high - band.low + 1
    steps = np.zeros((n + 1, width), np.uint8)
    scores = np.zeros(width + 1, np.int64)  # the last one is what lies beyond the band
    their_hashes, their_kinds = right.hashes, right.kinds
    best, best_row, best_cell = 0, 0, 0
    for i in range(n):
        ours, kind, row = left.hashes[i], left.kinds[i], steps[i + 1]
        first, last = max(0, -i - band.low), min(width, right.hashes.size - i - band.low)
        before = 0  # score of the cell to the left
        for cell in range(first, last):
            j = i + band.low + cell
            if ours == their_hashes[j]:
                score = _EQUAL_PUNCTUATION if kind == PUNCTUATION else _EQUAL
            elif kind == NAME and their_kinds[j] == NAME:
                score = _NAMES
            elif kind == PLACEHOLDER or their_kinds[j] == PLACEHOLDER:
                score = _PLACEHOLDER
            else:
                score = _DIFFERENT
            score += scores[cell]
            step = _BOTH
            if scores[cell + 1] + _GAP > score:
                score, step = scores[cell + 1] + _GAP, _LEFT_ALONE
            if before + _GAP > score:
                score, step = before + _GAP, _RIGHT_ALONE
            if score <= 0:
                score, step = 0, _STOP
            scores[cell] = before = score
            row[cell] = step
            if score > best:
                best, best_row, best_cell = score, i + 1, cell
        if last >= 0:
            scores[max(last, 0) :] = 0
    return trace(steps, best_row, best_cell, band.low, lefts, rights)


@kernel
def trace(steps: Kinds, row: int, cell: int, low: int, lefts: Numbers, rights: Numbers) -> int:
    """Walk back from the best cell; see `align`."""
    n = 0
    while row > 0 and 0 <= cell < steps.shape[1] and steps[row, cell] != _STOP:
        step, i = steps[row, cell], row - 1
        lefts[n] = i if step != _RIGHT_ALONE else ALONE
        rights[n] = i + low + cell if step != _LEFT_ALONE else ALONE
        n += 1
        if step == _BOTH:
            row -= 1
        elif step == _LEFT_ALONE:
            row, cell = row - 1, cell + 1
        else:
            cell -= 1
    return n


@kernel
def compare_columns(left: Side, right: Side, lefts: Numbers, rights: Numbers, equal: Flags) -> None:
    """Tell which columns hold the same bytes on both sides."""
    for column in range(lefts.size):
        i, j = lefts[column], rights[column]
        equal[column] = False
        if i < 0 or j < 0:
            continue
        size = left.stops[i] - left.starts[i]
        if size != right.stops[j] - right.starts[j]:
            continue
        at = 0
        while at < size and left.text[left.starts[i] + at] == right.text[right.starts[j] + at]:
            at += 1
        equal[column] = at == size


def renamed_columns(left: Side, right: Side, lefts: Numbers, rights: Numbers) -> Flags:
    """Tell which columns hold a name and what it is renamed to, throughout and one to one."""
    renamed = np.zeros(lefts.size, np.bool_)
    at = np.flatnonzero((lefts != ALONE) & (rights != ALONE))
    at = at[(left.kinds[lefts[at]] == NAME) & (right.kinds[rights[at]] == NAME)]
    pairs = list(
        zip(left.hashes[lefts[at]].tolist(), right.hashes[rights[at]].tolist(), strict=True)
    )
    partners = _one_to_one(Counter(pairs))
    renamed[at] = [ours != theirs and partners.get(ours) == theirs for ours, theirs in pairs]
    return renamed


def _one_to_one(pairs: Counter[tuple[int, int]]) -> dict[int, int]:
    """Pair each name with the one it stands against most; each name is in one pair only."""
    partners: dict[int, int] = {}
    taken: set[int] = set()
    for (ours, theirs), _ in sorted(pairs.items(), key=lambda item: (-item[1], item[0])):
        if ours not in partners and theirs not in taken:
            partners[ours] = theirs
            taken.add(theirs)
    return partners


def stretches(equal: Flags, similarity: float, least: int) -> Iterator[tuple[int, int]]:
    """Cut columns to stretches that are similar enough, none overlapping.

    Args:
        equal: shape (n,).
        similarity: of a stretch, at least.
        least: columns of a stretch.

    Yields:
        Half-open ranges of columns.
    """
    waiting = [(0, equal.size)]
    gains = np.where(equal, 1 - similarity, -similarity)
    for _ in range(MOST_STRETCHES):
        if not waiting:
            return
        low, high = waiting.pop()
        if high - low < least:
            continue
        start, stop = _greatest(gains[low:high])
        if stop - start >= least:
            yield low + start, low + stop
        if stop > start:
            waiting += [(low, low + start), (low + stop, high)]


def _greatest(gains: npt.NDArray[np.float64]) -> tuple[int, int]:
    """Find the run of items with the greatest sum, the longest of several."""
    sums = np.concatenate(([0.0], np.cumsum(gains)))
    lowest = np.minimum.accumulate(sums)
    stop = int(np.argmax(sums - lowest))
    start = int(np.argmin(sums[: stop + 1]))
    return start, stop
