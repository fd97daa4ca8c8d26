"""A part of a corpus: what filters let through of any source; the rest is left out with a reason.

The part has a name of its own, since an index must not claim to cover the whole.
"""

from collections.abc import Iterator

from sc2_attrib.index.corpus.document import (
    CorpusDescription,
    CorpusSource,
    SkippedDocument,
    SourceDocument,
    items_from,
)
from sc2_attrib.index.corpus.filters import Filters
from sc2_attrib.index.corpus.license_files import LicenseFile, governed_folder, is_license_file
from sc2_attrib.index.corpus.parquet import ParquetSource


def filtered(source: CorpusSource, filters: Filters) -> CorpusSource:
    """Limit a source to what is wanted; without a choice it stays as it is."""
    if filters == Filters():
        return source
    if isinstance(source, ParquetSource):
        source = source.fetching_only(filters)
    return _FilteredSource(source, filters)


class _FilteredSource:
    """The documents of another source that are wanted."""

    def __init__(self, source: CorpusSource, filters: Filters) -> None:
        self._source = source
        self._filters = filters

    def describe(self) -> CorpusDescription:
        """Name the corpus and the choice."""
        whole = self._source.describe()
        return CorpusDescription(f"{whole.name} ({self._filters.describe()})", whole.revision)

    def estimate_bytes(self) -> None:
        """Say nothing: what will pass is not known before it is read."""

    def __iter__(self) -> Iterator[SourceDocument | SkippedDocument]:
        """Yield what is wanted in the source's order, and why the rest is not."""
        return self.items_from(0)

    def items_from(self, first: int) -> Iterator[SourceDocument | SkippedDocument]:
        """Yield the same from a number on."""
        for found in items_from(self._source, first):
            if isinstance(found, SourceDocument):
                yield self._checked(found)
            else:
                yield found

    def _checked(self, document: SourceDocument) -> SourceDocument | SkippedDocument:
        place = document.occurrence
        n_bytes = len(document.content)
        reason = self._filters.reason_to_skip(place, document.license_type, n_bytes)
        if reason is None:
            return document
        if is_license_file(place.path):
            folder = governed_folder(place.path)
            return LicenseFile(place.path, reason, place.repository, document.content, folder)
        return SkippedDocument(f"{place.repository}/{place.path.removeprefix('/')}", reason)
