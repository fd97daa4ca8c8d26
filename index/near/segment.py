"""A segment as near search sees it; documents.py says what each method answers."""

import numpy as np

from sc2_attrib.index.near.documents import Hits
from sc2_attrib.index.near.lexer import Numbers
from sc2_attrib.index.near.scheme import GRAM_STRIDE, UNITS, NearScheme
from sc2_attrib.index.search import MatchSource, Swhid
from sc2_attrib.index.segment.content import count_line_ends
from sc2_attrib.index.segment.documents import swhid
from sc2_attrib.index.segment.near import NearTable
from sc2_attrib.index.segment.reader import Segment


class SegmentDocuments:
    """The documents of an open segment that has near keys."""

    def __init__(self, segment: Segment, table: NearTable) -> None:
        self._segment = segment
        self._table = table

    @property
    def scheme(self) -> NearScheme:
        """How the keys are made."""
        return self._table.scheme

    def look_up(self, keys: Numbers, *, fast: bool) -> Hits:
        """Find keys."""
        rows, units = self._table.look_up(keys, fast=fast)
        milestones = units // UNITS
        documents = np.searchsorted(self._table.first, milestones, "right") - 1
        places = units * GRAM_STRIDE - self._table.first[documents] * UNITS * GRAM_STRIDE
        return Hits(rows, documents, places)

    def find(self, swhid: Swhid) -> int | None:
        """Find a document by its content."""
        document = self._segment.documents.find(bytes.fromhex(swhid.rpartition(":")[2]))
        if document is None or self.is_removed(document):
            return None
        first, stop = self._table.first[document : document + 2].tolist()
        return document if first < stop else None

    def is_removed(self, document: int) -> bool:
        """Tell whether all its places were taken down."""
        return not self._segment.documents.rows(document)

    def swhid(self, document: int) -> Swhid:
        """Name a content."""
        return swhid(self._segment.documents.identifier(document))

    def milestones(self, document: int) -> Numbers:
        """Byte offsets of every 64th lexeme."""
        return self._table.milestones(document)

    def read(self, document: int, start: int, stop: int | None) -> bytes:
        """Read raw bytes [start, stop) of a document."""
        base, end = self._segment.documents.raw_starts[document : document + 2].tolist()
        stop = end if stop is None else base + stop
        if base + start > stop or stop > end:
            raise self._table.corrupt("a milestone beyond its document")
        return self._segment.content.read_raw(base + start, stop)

    def sources(self, document: int, start: int, stop: int, similarity: float) -> list[MatchSource]:
        """List the places of a region of a document."""
        table, content = self._segment.documents, self._segment.content
        base = int(table.raw_starts[document])
        excerpt = content.read_raw(base + start, base + stop)
        first_line = 1 + content.count_lines(base, base + start)
        return [
            MatchSource(
                self.swhid(document),
                start,
                stop,
                first_line,
                first_line + count_line_ends(excerpt),
                False,
                excerpt,
                table.read_occurrence(row),
                similarity,
            )
            for row in table.rows(document)
        ]
