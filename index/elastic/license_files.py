"""The licence files on a server, as the shelf of licence texts asks for them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sc2_attrib.index.elastic.connection import Connection, understood
from sc2_attrib.index.elastic.records import name_term, unpack_license_file, unpack_license_text
from sc2_attrib.index.segment.documents import content_id
from sc2_attrib.index.segment.license_texts import LicenseFileRow

MOST_FILES = 10_000  # of a repository; what has more is a collection of licences


class LicenseFiles:
    """Licence files of an index; texts are numbered as they are met, each once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._numbers: dict[bytes, int] = {}
        self._texts: list[tuple[bytes, str]] = []  # ids, and texts as they are stored

    def files_of(self, repository: str) -> Sequence[LicenseFileRow]:
        """List the licence files of a repository.

        Raises:
            IndexServerError: no answer, or a damaged one.
        """
        body = {
            "query": {"term": {"licensed": name_term(repository)}},
            "size": MOST_FILES,
            "sort": [{"document": "asc"}],
            "track_total_hits": False,
            "stored_fields": ["places", "text"],
        }
        (answer,) = self._connection.search([body])
        with understood(self._connection):
            rows = [self._row(hit["fields"]) for hit in answer["hits"]["hits"]]
        return [row for row in rows if row.repository == repository]

    def identifier(self, text: int) -> bytes:
        """Content id of a text."""
        return self._texts[text][0]

    def read(self, text: int) -> bytes:
        """Read a text."""
        return unpack_license_text(self._texts[text][1])

    def _row(self, fields: Mapping[str, Any]) -> LicenseFileRow:
        text = fields["text"][0]
        identifier = content_id(unpack_license_text(text))
        number = self._numbers.setdefault(identifier, len(self._texts))
        if number == len(self._texts):
            self._texts.append((identifier, text))
        return LicenseFileRow(*unpack_license_file(fields["places"][0]), number)
