"""Which licence texts govern a place: those of its repository, of the nearest folder upwards.

The texts of all segments are one shelf, since a licence file need not lie in the segment of the
files it governs. What was taken down is not on it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from sc2_attrib.index.corpus.license_files import folders_above
from sc2_attrib.index.removal import DenyList
from sc2_attrib.index.search import LicenseText
from sc2_attrib.index.segment.documents import swhid
from sc2_attrib.index.segment.license_texts import LicenseFileRow

_CACHED_FOLDERS, _CACHED_REPOSITORIES = 4096, 64
_MOST_TEXTS = 20  # of one folder; a folder that holds more is a collection of licences


class LicenseTable(Protocol):
    """Licence files and their texts, numbered; a segment's, or what answers like it."""

    def files_of(self, repository: str) -> Sequence[LicenseFileRow]:
        """List the licence files of a repository."""

    def identifier(self, text: int) -> bytes:
        """Content id of a text."""

    def read(self, text: int) -> bytes:
        """Read a text."""


_File = tuple[str, bytes, LicenseTable, int]  # path, content id, where its text is


class LicenseShelf:
    """The licence texts of an index."""

    def __init__(self, tables: Sequence[LicenseTable], deny: DenyList) -> None:
        self._tables = tables
        self._deny = deny
        self._of_folder = lru_cache(_CACHED_FOLDERS)(self._read_folder)
        self._of_repository = lru_cache(_CACHED_REPOSITORIES)(self._read_repository)

    def texts(self, repository: str, path: str) -> tuple[LicenseText, ...]:
        """List the texts that govern a file, ordered by path, each once."""
        return self._of_folder(repository, path.lstrip("/").rpartition("/")[0])

    def _read_folder(self, repository: str, folder: str) -> tuple[LicenseText, ...]:
        by_folder = self._of_repository(repository)
        around = folders_above(f"{folder}/x" if folder else "x")
        nearest = next((by_folder[each] for each in around if each in by_folder), [])
        texts: dict[bytes, LicenseText] = {}
        for path, identifier, table, text in sorted(nearest, key=_path_and_identifier):
            if identifier not in texts and len(texts) < _MOST_TEXTS:
                texts[identifier] = LicenseText(path, swhid(identifier), table.read(text))
        return tuple(texts.values())

    def _read_repository(self, repository: str) -> Mapping[str, list[_File]]:
        """List the licence files of a repository by the folders that they govern."""
        by_folder: dict[str, list[_File]] = defaultdict(list)
        for table in self._tables:
            for row in table.files_of(repository):
                identifier = table.identifier(row.text)
                if not self._deny.names(identifier, repository):
                    by_folder[row.folder].append((row.path, identifier, table, row.text))
        return dict(by_folder)


def _path_and_identifier(file: _File) -> tuple[str, bytes]:
    return file[:2]
