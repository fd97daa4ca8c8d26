"""The answers of all segments made into one: extents merged, sources read, offsets raw.

Up to here everything is in normalised bytes of the joined texts. Here each text gets its own
matches, in raw offsets, shrunk to whole code points, with the sources of every segment.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sc2_attrib.index.matching.listing import Extent, Holders, list_holders, members, reported
from sc2_attrib.index.matching.matcher import Matcher, Pace, Search
from sc2_attrib.index.matching.sources import SourceReader, sort_key
from sc2_attrib.index.search import ExactMatch, MatchSource, SearchResult
from sc2_attrib.index.segment.reader import Segment
from sc2_attrib.index.text import normalize, raw_offsets, whole_code_points


class SegmentSearch:
    """All that a search needs of one segment, for one thread."""

    def __init__(self, segment: Segment, pace: Pace, *, cache_bytes: int) -> None:
        self.segment = segment
        self.matcher = Matcher(segment, pace, cache_bytes=cache_bytes)
        self.sources = SourceReader(segment)


@dataclass(slots=True)
class _Part:
    """Holders of one extent in one segment; the extent begins `skip` bytes after their run."""

    searched: "SegmentSearch"
    holders: Holders
    skip: int


@dataclass(slots=True)
class _Match:
    """An extent of one text, and who holds it."""

    parts: list[_Part] = field(default_factory=list)
    licenses: set[str] = field(default_factory=set)


def assemble(
    searches: Sequence[SegmentSearch], texts: Sequence[bytes], *, min_chars: int, max_sources: int
) -> list[SearchResult]:
    """Search all segments; see Searcher.search."""
    found: list[defaultdict[Extent, _Match]] = [defaultdict(_Match) for _ in texts]
    normalized = [normalize(text) for text in texts]
    for searched in searches:
        search = searched.matcher.search(texts, min_chars=min_chars)
        listed = list_holders(searched.segment, search, max_documents=max_sources)
        for extent, holders in listed.items():
            _enter(found, searched, search, extent, holders, normalized)
    return [_result(text, matches, max_sources) for text, matches in zip(texts, found, strict=True)]


def _enter(
    found: list[defaultdict[Extent, _Match]],
    searched: SegmentSearch,
    search: Search,
    extent: Extent,
    holders: Holders,
    normalized: list[bytes],
) -> None:
    """Enter an extent of the joined texts under its own text, shrunk to whole code points."""
    owner = int(search.query.owners[extent[0]])
    base = int(search.query.starts[owner])
    own = extent[0] - base, extent[1] - base
    start, stop = whole_code_points(normalized[owner], *own)
    if start >= stop:
        return
    match = found[owner][start, stop]
    match.parts.append(_Part(searched, holders, start - own[0]))
    table = searched.segment.documents
    match.licenses.update(
        table.expressions[license]
        for license_set in holders.license_sets
        for license in members(table.sets, license_set)
    )


def _result(text: bytes, matches: dict[Extent, _Match], max_sources: int) -> SearchResult:
    if not matches:
        return SearchResult((), bounded=False)
    offsets = raw_offsets(text)
    answers = []
    for start, stop in reported({extent: match.licenses for extent, match in matches.items()}):
        raw = int(offsets[start]), int(offsets[stop - 1]) + 1
        answers.append(_match(text, raw, stop - start, matches[start, stop], max_sources))
    return SearchResult(tuple(answers), any(answer.at_least for answer in answers))


def _match(
    text: bytes, raw: tuple[int, int], n_chars: int, match: _Match, max_sources: int
) -> ExactMatch:
    start, stop = raw
    sources: list[MatchSource] = []
    repositories: set[int] = set()
    documents: set[bytes] = set()
    n_occurrences = 0
    for part in match.parts:
        table = part.searched.segment.documents
        sources += part.searched.sources.read(
            part.holders, n_chars, text[start:stop], skip=part.skip, max_sources=max_sources
        )
        for document in part.holders.positions:
            documents.add(table.identifier(document))
            rows = table.rows(document)
            n_occurrences += len(rows)
            repositories.update(table.occurrence_repositories[rows].tolist())
    listed = bound(sorted(sources, key=sort_key), max_sources)
    at_least = any(part.holders.at_least for part in match.parts)
    return ExactMatch(
        start,
        stop,
        n_chars,
        listed,
        len(documents),
        n_occurrences,
        len(repositories),
        at_least or len(listed) < n_occurrences,
    )


def bound(sources: Sequence[MatchSource], max_sources: int) -> tuple[MatchSource, ...]:
    """Keep the first `max_sources`, and the first of every licence expression; 0 keeps all."""
    seen: set[str] = set()
    kept: list[MatchSource] = []
    for source in sources:
        expression = source.occurrence.license_expression
        if not max_sources or len(kept) < max_sources or expression not in seen:
            kept.append(source)
            seen.add(expression)
    return tuple(kept)
