"""Holders of a match turned into sources: occurrences with raw extents, lines and excerpts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sc2_attrib.index.corpus.document import Occurrence
from sc2_attrib.index.matching.listing import Holders
from sc2_attrib.index.search import MatchSource
from sc2_attrib.index.segment.content import count_line_ends
from sc2_attrib.index.segment.documents import DocumentTable, swhid
from sc2_attrib.index.segment.reader import Segment


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the matched text stands in one document; see MatchSource."""

    start: int
    stop: int
    first_line: int
    last_line: int
    excerpt: bytes


def read_sources(
    segment: Segment, holders: Holders, n_chars: int, checked: bytes, *, skip: int, max_sources: int
) -> list[MatchSource]:
    """Read the occurrences of a match in one segment.

    Args:
        segment: that holds them.
        holders: documents with positions of the run they were found by.
        n_chars: normalised bytes of the match.
        checked: raw text of the match as it was checked.
        skip: normalised bytes by which the match begins after the run: it was shrunk to code
            points.
        max_sources: occurrences to read; 0: all. Every licence expression keeps one.

    Returns:
        In the order of `sort_key`.
    """
    table = segment.documents
    places: dict[int, _Place] = {}
    sources = []
    rows = _choose(table, holders.positions, max_sources)
    owners = [document for document, _ in rows]
    occurrences = table.read_occurrences([row for _, row in rows])
    for document, occurrence in zip(owners, occurrences, strict=True):
        if document not in places:
            position = holders.positions[document] + skip
            places[document] = _locate(segment, document, position, position + n_chars)
        place = places[document]
        sources.append(
            MatchSource(
                swhid(table.identifier(document)),
                place.start,
                place.stop,
                place.first_line,
                place.last_line,
                place.excerpt == checked,
                place.excerpt,
                occurrence,
            )
        )
    return sorted(sources, key=sort_key)


def sort_key(source: MatchSource) -> tuple[object, ...]:
    """Order of sources: not vendored, stars descending, repository, path, revision."""
    found: Occurrence = source.occurrence
    return (
        found.is_vendor,
        -(found.stars or 0),
        found.repository,
        found.path,
        found.revision or "",
        source.document,
    )


def _choose(
    table: DocumentTable, positions: Mapping[int, int], max_sources: int
) -> list[tuple[int, int]]:
    """Choose (document, occurrence row) pairs to list; all of them if the bound allows."""
    chosen: list[tuple[int, int]] = []
    licenses: set[int] = set()
    for document, row in _rows(table, positions):
        license = int(table.occurrence_licenses[row])
        if not max_sources or len(chosen) < max_sources or license not in licenses:
            chosen.append((document, row))
            licenses.add(license)
    return chosen


def _rows(table: DocumentTable, positions: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    for document in sorted(positions):
        first, stop = table.occurrences[document : document + 2].tolist()
        for row in range(first, stop):
            yield document, row


def _locate(segment: Segment, document: int, position: int, end: int) -> _Place:
    """Find normalised [position, end) of the segment in a document's raw text."""
    content = segment.content
    base = int(segment.documents.raw_starts[document])
    start, last = content.raw_offsets([position, end - 1])
    line = content.count_lines(base, start)
    excerpt = content.read_raw(start, last + 1)
    return _Place(
        start - base,
        last + 1 - base,
        1 + line,
        1 + line + count_line_ends(excerpt),
        excerpt,
    )
