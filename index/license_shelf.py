"""Which licence texts govern a place: those of its repository, of the nearest folder upwards.

The texts of all segments are one shelf, since a licence file need not lie in the segment of the
files it governs. What was taken down is not on it.
"""

from collections.abc import Sequence
from functools import lru_cache

from sc2_attrib.index.corpus.license_files import folders_above
from sc2_attrib.index.removal import DenyList
from sc2_attrib.index.search import LicenseText
from sc2_attrib.index.segment.documents import swhid
from sc2_attrib.index.segment.license_texts import LicenseTextTable

_CACHED_FOLDERS = 4096
_MOST_TEXTS = 20  # of one folder; a folder that holds more is a collection of licences


class LicenseShelf:
    """The licence texts of an index."""

    def __init__(self, tables: Sequence[LicenseTextTable], deny: DenyList) -> None:
        self._tables = tables
        self._deny = deny
        self._of_folder = lru_cache(_CACHED_FOLDERS)(self._read_folder)

    def texts(self, repository: str, path: str) -> tuple[LicenseText, ...]:
        """List the texts that govern a file, ordered by path, each once."""
        return self._of_folder(repository, path.lstrip("/").rpartition("/")[0])

    def _read_folder(self, repository: str, folder: str) -> tuple[LicenseText, ...]:
        found = [
            (row.folder, row.path, table.identifier(row.text), table, row.text)
            for table in self._tables
            for row in table.files_of(repository)
            if not self._deny.names(table.identifier(row.text), repository)
        ]
        around = folders_above(f"{folder}/x" if folder else "x")
        nearest = next((each for each in around if any(file[0] == each for file in found)), None)
        texts: dict[bytes, LicenseText] = {}
        for of_folder, path, identifier, table, text in sorted(found, key=lambda file: file[1:3]):
            if of_folder == nearest and identifier not in texts and len(texts) < _MOST_TEXTS:
                texts[identifier] = LicenseText(path, swhid(identifier), table.read(text))
        return tuple(texts.values())
