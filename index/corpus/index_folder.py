"""Another index as a source of documents, less what was removed from it.

Extending an index by a whole other one takes its segments over as they are (index/takeover.py);
read document by document it is where only a part of it is wanted.
"""

from collections.abc import Iterator
from pathlib import Path

from sc2_attrib.index.corpus.document import (
    CorpusDescription,
    SkippedDocument,
    SkipReason,
    SourceDocument,
)
from sc2_attrib.index.corpus.license_files import LicenseFile, is_license_file
from sc2_attrib.index.manifest import Manifest, SegmentEntry, open_segment, read_manifest
from sc2_attrib.index.removal import DenyList
from sc2_attrib.index.segment.documents import content_id


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

    def __iter__(self) -> Iterator[SourceDocument | SkippedDocument]:
        """Yield the documents of one segment after another, and licence files that are none."""
        for entry in self.manifest().segments:
            are_documents = set()
            for found in self.documents_of(entry):
                place = found.occurrence
                if is_license_file(place.path):
                    are_documents.add((place.repository, place.path))
                yield found
            for file in self.license_files_of(entry):
                if (file.repository, file.path) not in are_documents:
                    yield file

    def documents_of(self, entry: SegmentEntry) -> Iterator[SourceDocument]:
        """Yield the documents of one segment."""
        with open_segment(self.folder, entry, self.manifest().shape) as segment:
            for text, occurrences in segment.read_all():
                for occurrence in occurrences:
                    yield SourceDocument(text, occurrence)

    def license_files_of(self, entry: SegmentEntry) -> Iterator[LicenseFile]:
        """Yield the licence files of one segment, whether they are documents or not."""
        manifest = self.manifest()
        deny = DenyList(removal.what for removal in manifest.removals)
        reason = SkipReason.ONLY_LICENSE_TEXT
        with open_segment(self.folder, entry, manifest.shape) as segment:
            for row, text in segment.read_license_files():
                if not deny.names(content_id(text), row.repository):
                    yield LicenseFile(row.path, reason, row.repository, text, row.folder)
