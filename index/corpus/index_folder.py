"""Another index as a source of documents, less what was removed from it.

Extending an index by a whole other one takes its segments over as they are (index/takeover.py);
read document by document it is where only a part of it is wanted.
"""

from collections.abc import Iterator
from pathlib import Path

from sc2_attrib.index.corpus.document import CorpusDescription, SourceDocument
from sc2_attrib.index.manifest import Manifest, SegmentEntry, open_segment, read_manifest


class IndexSource:
    """The documents of an index, in its order, each place of each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def manifest(self) -> Manifest:
        """Read what the index consists of.

        Raises:
            IndexUnusableError: it can't be read.
        """
        return read_manifest(self.folder)

    def describe(self) -> CorpusDescription:
        """Name the corpus: the folder, and as its revision the id of the index."""
        return CorpusDescription(self.folder.resolve().name, self.manifest().id)

    def estimate_bytes(self) -> int:
        """Add up the segments' texts."""
        return sum(entry.raw_bytes for entry in self.manifest().segments)

    def __iter__(self) -> Iterator[SourceDocument]:
        """Yield the documents of one segment after another."""
        for entry in self.manifest().segments:
            yield from self.documents_of(entry)

    def documents_of(self, entry: SegmentEntry) -> Iterator[SourceDocument]:
        """Yield the documents of one segment."""
        with open_segment(self.folder, entry, self.manifest().shape) as segment:
            for text, occurrences in segment.read_all():
                for occurrence in occurrences:
                    yield SourceDocument(text, occurrence)
