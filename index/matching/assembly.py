"""The answers of all segments made into one: extents merged, sources read, offsets raw.

Up to here everything is in normalised bytes of the joined texts. Here each text gets its own
matches, in raw offsets, shrunk to whole code points, with the sources of every segment.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter

import numpy as np

from sc2_attrib.index.matching.listing import Extent, Listing, reported
from sc2_attrib.index.matching.matcher import Matcher, Pace, Search
from sc2_attrib.index.matching.sources import SortKey, SourceReader
from sc2_attrib.index.search import ExactMatch, MatchSource, SearchResult
from sc2_attrib.index.segment.reader import Segment
from sc2_attrib.index.text import normalize, raw_offsets, shrinking_to, whole_code_points


class SegmentSearch:
    """All that a search needs of one segment, for one thread."""

    def __init__(self, segment: Segment, pace: Pace, *, cache_bytes: int) -> None:
        self.segment = segment
        self.matcher = Matcher(segment, pace, cache_bytes=cache_bytes)
        self.sources = SourceReader(segment)


@dataclass(slots=True)
class _Text:
    """One checked text and the extents found in it, in its own normalised bytes, shrunk.

    `base`: where it begins in the joined texts.
    """

    raw: bytes
    normalized: bytes
    base: int = 0
    licenses: defaultdict[Extent, set[str]] = field(default_factory=lambda: defaultdict(set))


@dataclass(frozen=True, slots=True)
class _Part:
    """Documents of one segment that hold a match, each with the position of its first byte."""

    searched: SegmentSearch
    positions: dict[int, int]


def assemble(
    searches: Sequence[SegmentSearch], texts: Sequence[bytes], *, min_chars: int, max_sources: int
) -> list[SearchResult]:
    """Search all segments; see Searcher.search.

    First every segment finds its extents; then those that are reported are chosen among all; then
    every segment lists its documents for each of these, whoever found it.
    """
    checked = [_Text(text, normalize(text)) for text in texts]
    listings = []
    for searched in searches:
        search = searched.matcher.search(texts, min_chars=min_chars)
        listing = Listing(searched.segment, search, max_documents=max_sources)
        listings.append((searched, listing))
        _enter(checked, search, listing, searched.segment.documents.expressions, min_chars)
    return [_result(text, listings, max_sources) for text in checked]


def _enter(
    checked: Sequence[_Text],
    search: Search,
    listing: Listing,
    expressions: Sequence[str],
    min_chars: int,
) -> None:
    """Enter the extents of a search under their texts, shrunk to whole code points."""
    for text, base in zip(checked, search.query.starts.tolist(), strict=False):
        text.base = base
    for extent, numbers in listing.licenses().items():
        text = checked[int(search.query.owners[extent[0]])]
        shrunk = whole_code_points(text.normalized, extent[0] - text.base, extent[1] - text.base)
        if shrunk[1] - shrunk[0] >= min_chars:
            text.licenses[shrunk].update(expressions[number] for number in numbers)


def _result(
    text: _Text, listings: Sequence[tuple[SegmentSearch, Listing]], max_sources: int
) -> SearchResult:
    if not text.licenses:
        return SearchResult((), bounded=False)
    offsets = raw_offsets(text.raw)
    answers = []
    for start, stop in reported(text.licenses):
        parts, at_least = _holders(text, (start, stop), listings)
        raw = int(offsets[start]), int(offsets[stop - 1]) + 1
        answers.append(_match(text.raw, raw, stop - start, parts, max_sources, at_least=at_least))
    return SearchResult(tuple(answers), any(answer.at_least for answer in answers))


def _holders(
    text: _Text, extent: Extent, listings: Sequence[tuple[SegmentSearch, Listing]]
) -> tuple[list[_Part], bool]:
    """Documents whose run shrinks to the extent, and whether there may be more."""
    parts, at_least = [], False
    for searched, listing in listings:
        positions: dict[int, int] = {}
        for start, stop in shrinking_to(text.normalized, *extent):
            holders = listing.complete((text.base + start, text.base + stop))
            at_least |= holders.at_least
            for document, position in holders.positions.items():
                begins = position + extent[0] - start
                positions[document] = min(begins, positions.get(document, begins))
        if positions:
            parts.append(_Part(searched, positions))
    return parts, at_least


def _match(
    text: bytes,
    raw: tuple[int, int],
    n_chars: int,
    parts: Sequence[_Part],
    max_sources: int,
    *,
    at_least: bool,
) -> ExactMatch:
    start, stop = raw
    checked = text[start:stop]
    sources: list[tuple[SortKey, MatchSource]] = []
    repositories: set[int] = set()
    n_occurrences = 0
    for part in parts:
        table = part.searched.segment.documents
        held = table.occurrences_of(np.array(sorted(part.positions), np.int64))
        sources += part.searched.sources.read(
            held, part.positions, n_chars, checked, max_sources=max_sources
        )
        n_occurrences += held[1].size
        repositories.update(table.occurrence_repositories[held[1]].tolist())
    sources.sort(key=itemgetter(0))
    listed = bound([source for _, source in sources], max_sources)
    return ExactMatch(
        start,
        stop,
        n_chars,
        listed,
        _count_documents(parts),
        n_occurrences,
        len(repositories),
        at_least or len(listed) < n_occurrences,
    )


def _count_documents(parts: Sequence[_Part]) -> int:
    """Count distinct contents; a segment holds each once."""
    if len(parts) == 1:
        return len(parts[0].positions)
    return len(
        {
            part.searched.segment.documents.identifier(document)
            for part in parts
            for document in part.positions
        }
    )


def bound(sources: Sequence[MatchSource], max_sources: int) -> tuple[MatchSource, ...]:
    """Keep the first `max_sources`, and the first of every licence expression; 0 keeps all."""
    if not max_sources or len(sources) <= max_sources:
        return tuple(sources)
    seen: set[str] = set()
    kept: list[MatchSource] = []
    for source in sources:
        expression = source.occurrence.license_expression
        if len(kept) < max_sources or expression not in seen:
            kept.append(source)
            seen.add(expression)
    return tuple(kept)
