"""Edited copies of indexed code in a text: keys, candidates, alignments, matches.

    1. The text is cut into lexemes and its keys are looked up (keys.py).
    2. Documents that share keys or exact matches with it become candidates (candidates.py).
    3. The most promising are read, only where the text may stand in them, and aligned with it
       (alignment.py).
    4. Regions that are similar and long enough, and no exact match explains, become matches
       (regions.py).

The work a text may cost is bounded, by its length; a result that met a bound says so.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from sc2_attrib.index.matching.assembly import bound
from sc2_attrib.index.matching.matcher import Pace
from sc2_attrib.index.matching.sources import sort_key
from sc2_attrib.index.near import alignment, keys
from sc2_attrib.index.near.alignment import Alignment, Band, Side
from sc2_attrib.index.near.candidates import (
    Candidate,
    anchors_of_keys,
    anchors_of_matches,
    candidates,
)
from sc2_attrib.index.near.documents import NearDocuments
from sc2_attrib.index.near.edits import edits
from sc2_attrib.index.near.lexer import NO_SPACE, Lexemes, Numbers, lex
from sc2_attrib.index.near.redaction import with_redactions
from sc2_attrib.index.near.regions import MIN_NEWS, Group, Region, grouped, is_news, is_telling
from sc2_attrib.index.near.scheme import GRAM, STRIDE
from sc2_attrib.index.search import MatchSource, NearMatch, NearOptions, NearResult, SearchResult

F = TypeVar("F", bound=Callable[..., object])

BEYOND = 1024  # lexemes before and after the anchors of a candidate that are aligned
_DRIFT = 1.25  # a document may be that much longer than the text there
MOST_WIDTH = 2048  # diagonals of a band
_BYTE_US, _CELL_US = 12.0, 1.5  # what plain Python takes
MOST_READ = 1 << 22  # bytes of a document that are read for one candidate


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one text may cost: candidates to align, and cells of alignments (a ns or two each)."""

    n_candidates: int
    n_cells: int

    @classmethod
    def of(cls, n_lexemes: int) -> "Bounds":
        """More lexemes may cost more."""
        return cls(16 + n_lexemes // 32, 4_000_000 + 4_000 * n_lexemes)


class NearSearch:
    """Searches texts one by one in all documents of an index."""

    def __init__(
        self,
        parts: Sequence[NearDocuments],
        options: NearOptions,
        pace: Pace,
        *,
        max_sources: int,
    ) -> None:
        """Prepare to search.

        Args:
            parts: the documents, all with the same scheme.
            options: what is near enough.
            pace: decides when machine code is worth loading.
            max_sources: occurrences listed a match; 0 lists all.
        """
        self._parts = parts
        self._options = options
        self._max_sources = max_sources
        self._pace = pace

    @property
    def _fast(self) -> bool:
        return self._pace.is_fast

    def search(self, text: bytes, found: SearchResult) -> NearResult:
        """Find edited copies in a text of which `found` are the exact matches."""
        if not self._parts:
            return NearResult((), bounded=False)
        self._pace.spend(len(text) * _BYTE_US)
        lexemes = lex(text, fast=self._fast)
        if not may_hold_news(lexemes, found, self._options):
            return NearResult((), bounded=False)
        ours = alignment.side(text, lexemes)
        regions, bounded = self._regions(ours, lexemes, found)
        groups = grouped(
            region for region in regions if is_telling(region) and is_news(region, found.matches)
        )
        matches = (self._match(group, at_least=bounded) for group in groups)
        ordered = sorted(matches, key=lambda match: (match.start, -match.stop))
        return NearResult(tuple(ordered), bounded)

    def _regions(
        self, ours: Side, lexemes: Lexemes, found: SearchResult
    ) -> tuple[list[Region], bool]:
        """Align candidates as far as the bounds allow; the regions, and whether some were left."""
        bounds = Bounds.of(lexemes.hashes.size)
        n_cells, regions = 0, list[Region]()
        rows, bounded = self._candidates(lexemes, found)
        for number, (part, candidate) in enumerate(rows):
            if number >= bounds.n_candidates or n_cells >= bounds.n_cells:
                return regions, True
            if _is_hopeless(candidate, regions):
                continue
            theirs = self._read(part, candidate, lexemes.hashes.size)
            if theirs is None:
                bounded = True
                continue
            bounded |= candidate.high - candidate.low > MOST_WIDTH
            cells, more = self._align(part, candidate, ours, *theirs)
            n_cells += cells
            regions += more
        return regions, bounded

    def _candidates(
        self, lexemes: Lexemes, found: SearchResult
    ) -> tuple[list[tuple[NearDocuments, Candidate]], bool]:
        """Candidates of all parts, the most promising first, and whether there may be more."""
        spans = [_lexeme_range(lexemes, match.start, match.stop) for match in found.matches]
        query = keys.query_keys(lexemes, self._parts[0].scheme, fast=self._fast)
        rows, bounded = [], False
        for part in self._parts:
            hits = part.look_up(query.keys, fast=self._fast)
            anchors, is_cut = anchors_of_keys(hits, query)
            bounded |= is_cut
            rows += [
                (part, candidate)
                for candidate in candidates((anchors, anchors_of_matches(found, lexemes, part)))
                if not part.is_removed(candidate.document) and not _is_explained(candidate, spans)
            ]
        rows.sort(key=lambda row: (-row[1].score, row[0].swhid(row[1].document), row[1].start))
        return rows, bounded

    def _read(
        self, part: NearDocuments, candidate: Candidate, n_lexemes: int
    ) -> tuple[Side, int, int] | None:
        """Read the document where the text may stand; its lexemes, and where they begin.

        Returns:
            The side, the number of its first lexeme in the document, and the byte offset of its
            text in the document. None: it is too long.
        """
        before = min(candidate.start, BEYOND)
        after = min(n_lexemes - candidate.stop, BEYOND) + GRAM
        milestones = part.milestones(candidate.document)
        first = int(candidate.start + candidate.low - before * _DRIFT) // STRIDE
        last = int(candidate.stop + candidate.high + after * _DRIFT) // STRIDE + 1
        first = min(max(first, 0), milestones.size - 1)
        start = int(milestones[first])
        stop = int(milestones[last]) if last < milestones.size else None
        if stop is not None and stop - start > MOST_READ:
            return None
        text = part.read(candidate.document, start, stop)
        if len(text) > MOST_READ:
            return None
        lexemes = lex(text, NO_SPACE, fast=self._fast)
        return alignment.side(text, lexemes), first * STRIDE, start

    def _align(
        self,
        part: NearDocuments,
        candidate: Candidate,
        ours: Side,
        theirs: Side,
        first_lexeme: int,
        offset: int,
    ) -> tuple[int, list[Region]]:
        """Align the text with what was read; cells computed, and regions."""
        start = max(candidate.start - BEYOND, 0)
        stop = min(candidate.stop + GRAM + BEYOND, ours.hashes.size)
        shift = start - first_lexeme
        high = min(candidate.high, candidate.low + MOST_WIDTH)
        band = Band(candidate.low + shift, high + shift)
        left = _cut(ours, start, stop)
        n_cells = left.hashes.size * (band.high - band.low + 1)
        self._pace.spend(n_cells * _CELL_US)
        n = left.hashes.size + theirs.hashes.size
        lefts, rights = np.empty((2, n), np.int64)
        n = self._pick(alignment.align)(left, theirs, band, lefts, rights)
        lefts, rights = lefts[:n][::-1].copy(), rights[:n][::-1].copy()
        lefts[lefts >= 0] += start
        columns = self._judged(ours, theirs, lefts, rights)
        regions = [
            Region(part, candidate.document, stretch, ours, theirs, offset)
            for stretch in self._similar(columns)
        ]
        return n_cells, regions

    def _judged(self, ours: Side, theirs: Side, lefts: Numbers, rights: Numbers) -> Alignment:
        """Tell which columns of an alignment count as equal, and why."""
        equal = np.empty(lefts.size, np.bool_)
        self._pick(alignment.compare_columns)(ours, theirs, lefts, rights, equal)
        renamed = alignment.renamed_columns(ours, theirs, lefts, rights)
        columns = Alignment(lefts, rights, equal | renamed, renamed, np.zeros_like(equal))
        return with_redactions(columns, ours, theirs)

    def _similar(self, columns: Alignment) -> Iterator[Alignment]:
        """Cut an alignment to the stretches that are similar and long enough."""
        least, similarity = self._options.min_lexemes, self._options.min_similarity
        for start, stop in alignment.stretches(columns.equal, similarity, least):
            stretch = columns.cut(start, stop)
            if stretch.n_lefts >= least and stretch.similarity >= similarity:
                yield stretch

    def _match(self, group: Group, *, at_least: bool) -> NearMatch:
        best = group.regions[0]
        sources: list[MatchSource] = []
        for region in group.regions:
            start, stop = region.source_extent
            similarity = region.alignment.similarity
            sources += region.documents.sources(region.document, start, stop, similarity)
        sources.sort(key=_source_order)
        documents = {source.document for source in sources}
        repositories = {source.occurrence.repository for source in sources}
        listed = bound(sources, self._max_sources)
        return NearMatch(
            *best.extent,
            best.alignment.n_lefts,
            best.alignment.similarity,
            listed,
            edits(best),
            len(documents),
            len(sources),
            len(repositories),
            at_least or len(listed) < len(sources),
        )

    def _pick(self, kernel: F) -> F:
        return self._pace.pick(kernel)


def may_hold_news(lexemes: Lexemes, found: SearchResult, options: NearOptions) -> bool:
    """Tell whether a text is long enough, and no exact match explains nearly all of it."""
    n = lexemes.hashes.size
    return n >= options.min_lexemes and _longest_exact(lexemes, found) <= n - MIN_NEWS


def _source_order(source: MatchSource) -> tuple[object, ...]:
    return (-(source.similarity or 0.0), *sort_key(source))


def _lexeme_range(lexemes: Lexemes, start: int, stop: int) -> tuple[int, int]:
    """Lexemes that begin in bytes [start, stop)."""
    first, last = np.searchsorted(lexemes.starts, [start, stop])
    return int(first), int(last)


def _longest_exact(lexemes: Lexemes, found: SearchResult) -> int:
    """Most lexemes that one exact match covers."""
    ranges = (_lexeme_range(lexemes, match.start, match.stop) for match in found.matches)
    return max((stop - start for start, stop in ranges), default=0)


def _is_explained(candidate: Candidate, spans: Sequence[tuple[int, int]]) -> bool:
    """Tell whether all anchors of a candidate lie within one exact match."""
    return any(
        start <= candidate.start and candidate.stop - 1 + GRAM <= stop for start, stop in spans
    )


def _is_hopeless(candidate: Candidate, regions: Sequence[Region]) -> bool:
    """Tell whether a region that covers the candidate's anchors is far more promising."""
    for region in regions:
        lefts = region.alignment.lefts
        inside = lefts[0] <= candidate.start and candidate.stop - 1 <= lefts[-1]
        if inside and candidate.score * 2 * STRIDE < region.alignment.n_equal:
            return True
    return False


def _cut(side: Side, start: int, stop: int) -> Side:
    """Take lexemes [start, stop) of a side; the text stays whole."""
    at = slice(start, stop)
    return Side(side.text, side.starts[at], side.stops[at], side.kinds[at], side.hashes[at])
