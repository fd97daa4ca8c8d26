"""What servers are asked about a text: queries for the documents that can hold a match in it.

A match of n characters holds so many indexed grams in a row, a stride apart; so the grams are dealt
to classes by (offset / stride) modulo their number, and a document must have a gram of each class.
That is a condition which every holder of a match meets, and few others do: an idiom of one gram
alone brings nobody.

Of a document whose grams there are all hot, more can be asked (popularity.py): whether its match
goes on to a certain byte of the text. Either one of its grams holds that byte, or the gram before
or after it has an edge that agrees with the text so far. All offsets are in normalised bytes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from sc2_attrib.index.elastic.popularity import BEFORE, BEHIND, edge
from sc2_attrib.index.elastic.records import MOST_CLASSES, terms_of
from sc2_attrib.index.grams import GramShape, Keys

Query = dict[str, Any]

WINDOW = 4096  # gram offsets asked for together; a server takes 65,536 terms at most
ANY: tuple[str, ...] = ("grams", "hot")
HOT: tuple[str, ...] = ("hot",)


class Stretch(NamedTuple):
    """Shortest matches that are asked for together: they start in [first, last].

    Each of them holds the bytes at the offsets `held`.
    """

    first: int
    last: int
    held: tuple[int, ...] = ()


@dataclass(frozen=True)
class Question:
    """A text, normalised, with the keys of the grams at all its offsets; see `asked`."""

    text: bytes
    keys: Keys
    shape: GramShape
    length: int
    _held: dict[int, Query] = field(default_factory=dict)

    @classmethod
    def asked(cls, text: bytes, keys: Keys, shape: GramShape, *, min_chars: int) -> "Question":
        """Ask for matches of at least `min_chars`, or of WINDOW / 4 where that is less."""
        n_offsets = min_chars - shape.k + 1
        n_classes = min(n_offsets // shape.stride, MOST_CLASSES)
        most = max(n_classes * shape.stride, WINDOW // 4)
        return cls(text, keys, shape, min(n_offsets, most) + shape.k - 1)

    @property
    def n_offsets(self) -> int:
        """Grams, at all offsets, of the shortest match."""
        return self.length - self.shape.k + 1

    @property
    def n_classes(self) -> int:
        """Indexed grams in a row that every match has, as far as is asked."""
        return min(self.n_offsets // self.shape.stride, MOST_CLASSES)

    @property
    def margin(self) -> int:
        """Offsets on either side of a byte whose grams tell whether a match holds it."""
        return self.shape.k + self.shape.reach

    def windows(self) -> Iterator[range]:
        """Cut the offsets of the grams into stretches; a match has its first ones in one."""
        n = self.keys.size
        if n >= self.n_offsets:
            for start in range(0, max(n - self.n_offsets, 0) + 1, WINDOW - self.n_offsets):
                yield range(start, min(start + WINDOW, n))

    @cached_property
    def _terms(self) -> list[str]:
        return terms_of(self.keys)

    def terms(self, start: int, stop: int) -> list[str]:
        """Terms of the grams at offsets [start, stop), each once."""
        return sorted(set(self._terms[max(start, 0) : stop]))

    def in_classes(self, start: int, stop: int, fields: Sequence[str]) -> list[Query]:
        """Demand a gram of each class among those at offsets [start, stop)."""
        numbers = np.arange(start, stop) // self.shape.stride % self.n_classes
        terms = np.array(self._terms[start:stop])
        return [
            _any({"terms": {name: np.unique(terms[numbers == number]).tolist()}} for name in fields)
            for number in range(self.n_classes)
        ]

    def stretches(self, runs: Sequence[tuple[int, int]], window: range) -> Iterator[Stretch]:
        """Say where in a window a match can start that lies in none of some runs; see `gaps`."""
        last_start = window.stop - self.n_offsets
        for stretch in gaps(runs, 0, len(self.text), self.length):
            first, last = max(stretch.first, window.start), min(stretch.last, last_start)
            if first <= last:
                held = (at for at in stretch.held if window.start - 1 <= at <= last + self.length)
                yield Stretch(first, last, tuple(held))

    def hold(self, offset: int) -> Query:
        """Demand that a match of hot grams alone may hold the byte at an offset of the text."""
        if offset not in self._held:
            self._held[offset] = self._hold(offset)
        return self._held[offset]

    def _hold(self, offset: int) -> Query:
        k, reach, n = self.shape.k, self.shape.reach, self.keys.size
        edges = [
            edge(self._terms[at], BEHIND, self.text[at + k : offset + 1])
            for at in range(max(offset - k - reach + 1, 0), min(offset - k + 1, n))
        ] + [
            edge(self._terms[at], BEFORE, self.text[offset:at][::-1])
            for at in range(offset + 1, min(offset + reach + 1, n))
        ]
        return _any(
            [
                {"terms": {"hot": self.terms(offset - k + 1, min(offset + 1, n))}},
                *({"prefix": {"edges": each}} for each in edges),
            ]
        )

    def of_hot_grams(self, stretch: Stretch) -> Query:
        """Demand a match of hot grams alone that starts in a stretch."""
        stop = stretch.last + self.n_offsets
        filters = self.in_classes(stretch.first, stop, HOT)
        filters += [self.hold(offset) for offset in stretch.held]
        if self.length >= self.shape.k + 2 * self.shape.reach:
            filters.append(self._whole_edges(stretch.first, stretch.last + self.shape.reach))
        return {"bool": {"filter": filters}}

    def n_clauses(self, stretch: Stretch) -> int:
        """Clauses of `of_hot_grams`, at most."""
        return len(stretch.held) * (2 * self.shape.reach + 3) + self.n_classes + 3

    def _whole_edges(self, first: int, last: int) -> Query:
        """Demand what a match has at its first gram, if it is long: the gram and a stride more."""
        k, reach = self.shape.k, self.shape.reach
        edges = {
            edge(self._terms[at], BEHIND, self.text[at + k : at + k + reach])
            for at in range(first, min(last + 1, self.keys.size - reach))
        }
        return {"terms": {"edges": sorted(edges)}}


def any_of(queries: Iterable[Query]) -> Query:
    """Demand one of several."""
    return {"bool": {"should": list(queries), "minimum_should_match": 1}}


def _any(queries: Iterable[Query]) -> Query:
    several = list(queries)
    return several[0] if len(several) == 1 else any_of(several)


def gaps(runs: Sequence[tuple[int, int]], start: int, stop: int, length: int) -> Iterator[Stretch]:
    """Say where a match of [start, stop) can start that lies in none of some runs.

    Such a match starts before some run (`before`) and ends after the run that precedes it
    (`after`). So it holds the last byte before the one or the first byte after the other, or it
    lies between the two; if the runs overlap it holds both.

    Args:
        runs: half-open, none inside another, ascending.
        start, stop: the matches that are asked for lie in it.
        length: of the shortest match.
    """
    edges = [(start - 1, start - 1), *runs, (stop + 1, stop + 1)]
    for (_, after), (before, _) in pairwise(edges):
        byte_before = before - 1
        first, last = max(after + 1 - length, start), min(byte_before, stop - length)
        for stretch in _between(first, last, after, byte_before, length):
            if stretch.first <= stretch.last:
                yield stretch


def _between(first: int, last: int, after: int, before: int, length: int) -> Iterator[Stretch]:
    """Cut the starts [first, last] where the bytes `after` and `before`, which may be held, change.

    A match that starts at c holds a byte z if c <= z < c + length.
    """
    if before <= after:  # what starts latest may do for all, where no shortest match holds both
        yield Stretch(min(first, last), last, (before, after) if before < after else (after,))
        return
    yield Stretch(first, min(after, last), (after,))
    inner = min(before - length, last)
    for at in range(max(after + 1, first), inner + 1, length):
        yield Stretch(at, min(at + length - 1, inner))
    yield Stretch(max(after + 1, before - length + 1, first), last, (before,))
