"""Holders of a match turned into sources: occurrences with raw extents, lines and excerpts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

from sc2_attrib.index.corpus.document import Occurrence
from sc2_attrib.index.search import MatchSource
from sc2_attrib.index.segment.content import count_line_ends
from sc2_attrib.index.segment.documents import DocumentTable, swhid
from sc2_attrib.index.segment.reader import Segment

CACHED = 8192  # places and occurrences kept; at some 600 bytes, 5 MB each


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the matched text stands in one document; see MatchSource."""

    start: int
    stop: int
    first_line: int
    last_line: int
    excerpt: bytes


class SourceReader:
    """Reads the sources of matches in one segment.

    The same licence header stands in file after file of a scan, so what was read last is kept:
    places and occurrences, CACHED of each. Safe to use from several threads.
    """

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._place = lru_cache(CACHED)(partial(_locate, segment))
        self._occurrence = lru_cache(CACHED)(self._read_occurrence)

    def read(
        self, positions: Mapping[int, int], n_chars: int, checked: bytes, *, max_sources: int
    ) -> list[MatchSource]:
        """Read the occurrences of a match.

        Args:
            positions: documents, each with the position of the match in the segment.
            n_chars: normalised bytes of the match.
            checked: raw text of the match as it was checked.
            max_sources: occurrences to read; 0: all. Every licence expression keeps one.

        Returns:
            In the order of `sort_key`.
        """
        table = self._segment.documents
        sources = []
        for document, row in _choose(table, positions, max_sources):
            position = positions[document]
            place = self._place(document, position, position + n_chars)
            sources.append(
                MatchSource(
                    swhid(table.identifier(document)),
                    place.start,
                    place.stop,
                    place.first_line,
                    place.last_line,
                    place.excerpt == checked,
                    place.excerpt,
                    self._occurrence(row),
                )
            )
        return sorted(sources, key=sort_key)

    def _read_occurrence(self, row: int) -> Occurrence:
        return self._segment.documents.read_occurrence(row)


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
        for row in table.rows(document):
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
