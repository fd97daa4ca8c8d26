"""A folder of code, as it lies on the disk."""

from collections.abc import Iterator
from pathlib import Path

from sc2_attrib.index.corpus.document import CorpusDescription, SkippedDocument, SourceDocument
from sc2_attrib.index.corpus.files import (
    File,
    Repository,
    read_document,
    read_repository_evidence,
    size_of,
    walk,
)


class FolderSource:
    """Every text file below a folder; the folder's name is the repository.

    Licence evidence is what each file says in its own first lines, and what licence files and
    manifests say for those around them.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._name = root.resolve().name or str(root)  # the file system's root has no name

    def describe(self) -> CorpusDescription:
        """Name the corpus: the folder's name."""
        return CorpusDescription(self._name)

    def estimate_bytes(self) -> int:
        """Add the sizes of the files that will be read; binary ones count too."""
        return sum(size_of(found) for found in walk(self._root) if isinstance(found, File))

    def __iter__(self) -> Iterator[SourceDocument | SkippedDocument]:
        """Yield the files ordered by path."""
        evidence = read_repository_evidence(walk(self._root))
        repository = Repository(self._name, evidence=evidence)
        for found in walk(self._root):
            if isinstance(found, File):
                yield read_document(found, repository)
            else:
                yield found
