"""Contents that an index holds, with their occurrences: what an addition need not repeat."""

from collections.abc import Iterable
from pathlib import Path

from sc2_attrib.index.grams import GramShape
from sc2_attrib.index.manifest import SegmentEntry, open_segment
from sc2_attrib.index.segment.documents import decode_occurrence
from sc2_attrib.index.segment.reader import Segment


class KnownContents:
    """Looks contents up in the sorted ids of segments, which stay on disk."""

    def __init__(self, folder: Path, shape: GramShape, entries: Iterable[SegmentEntry]) -> None:
        self._folder = folder
        self._shape = shape
        self._segments: list[Segment] = []
        for entry in entries:
            self.add(entry)

    def add(self, entry: SegmentEntry) -> None:
        """Take the contents of another segment in."""
        self._segments.append(open_segment(self._folder, entry, self._shape))

    def has(self, identifier: bytes, line: bytes) -> bool:
        """Tell whether the very same occurrence, as one line, is there and was not removed."""
        for segment in self._segments:
            table = segment.documents
            if (document := table.find(identifier)) is not None:
                wanted = decode_occurrence(line)
                if any(table.read_occurrence(row) == wanted for row in table.rows(document)):
                    return True
        return False

    def has_content(self, identifier: bytes) -> bool:
        """Tell whether a content is there, at whatever place."""
        return any(each.documents.find(identifier) is not None for each in self._segments)

    def close(self) -> None:
        """Let go of the segments."""
        for segment in self._segments:
            segment.close()
