"""Holders of a match turned into sources: occurrences with raw extents, lines and excerpts."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from sc2_attrib.index.corpus.document import Occurrence
from sc2_attrib.index.search import MatchSource
from sc2_attrib.index.segment.content import count_line_ends
from sc2_attrib.index.segment.documents import DocumentTable, swhid
from sc2_attrib.index.segment.reader import Segment
from sc2_attrib.index.text import Offsets

CACHED = 8192  # places, occurrences and sources kept; at some 600 bytes, 5 MB each

SortKey = tuple[object, ...]  # see `sort_key`


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
    places, occurrences and sources, CACHED of each. Safe to use from several threads.
    """

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._place = lru_cache(CACHED)(partial(_locate, segment))
        self._occurrence = lru_cache(CACHED)(segment.documents.read_occurrence)
        self._source = lru_cache(CACHED)(self._read_source)

    def read(
        self,
        held: tuple[Offsets, Offsets],
        positions: Mapping[int, int],
        n_chars: int,
        checked: bytes,
        *,
        max_sources: int,
    ) -> list[tuple[SortKey, MatchSource]]:
        """Read the occurrences of a match.

        Args:
            held: documents that hold it and rows of their occurrences, ascending.
            positions: of the match in the segment, by document.
            n_chars: normalised bytes of the match.
            checked: raw text of the match as it was checked.
            max_sources: occurrences to read; 0: all. Every licence expression keeps one.

        Returns:
            Sources, each with its `sort_key`, as the rows are ordered.
        """
        documents, rows = _choose(self._segment.documents, *held, max_sources)
        found = []
        for document, row in zip(documents.tolist(), rows.tolist(), strict=True):
            position = positions[document]
            found.append(self._source(document, row, position, position + n_chars, checked))
        return found

    def _read_source(
        self, document: int, row: int, position: int, end: int, checked: bytes
    ) -> tuple[SortKey, MatchSource]:
        place = self._place(document, position, end)
        source = MatchSource(
            swhid(self._segment.documents.identifier(document)),
            place.start,
            place.stop,
            place.first_line,
            place.last_line,
            place.excerpt == checked,
            place.excerpt,
            self._occurrence(row),
        )
        return sort_key(source), source


def sort_key(source: MatchSource) -> SortKey:
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
    table: DocumentTable, documents: Offsets, rows: Offsets, max_sources: int
) -> tuple[Offsets, Offsets]:
    """Choose the occurrences to list; all of them if the bound allows."""
    if not max_sources or rows.size <= max_sources:
        return documents, rows
    _, firsts = np.unique(table.occurrence_licenses[rows], return_index=True)
    chosen = np.append(np.arange(max_sources), np.sort(firsts[firsts >= max_sources]))
    return documents[chosen], rows[chosen]


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
