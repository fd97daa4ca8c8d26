"""Which documents can hold a match of a text: the servers answer by grams, the text decides.

Every gram of the text is looked up. A match of n characters holds so many indexed grams in a row,
a stride apart; so the grams are dealt to classes by (offset / stride) modulo their number, and a
document must have a gram of each class. That is a condition which every holder of a match meets,
and few others do: an idiom of one gram alone brings nobody. Long texts are asked for in windows
that overlap by a match, so that the grams of a document must stand near each other in the text.

A server lists at most so many documents at once. While an answer is full, the window is asked again
without those that are known: a popular text never hides a rarer document.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from sc2_attrib.index.elastic.about import ABOUT, StoredAbout, decode_about
from sc2_attrib.index.elastic.connection import Connection, understood
from sc2_attrib.index.elastic.records import MOST_CLASSES, Origin, terms_of
from sc2_attrib.index.grams import GramShape, Keys

WINDOW = 4096  # gram offsets asked for together; a server takes 65,536 terms at most
FIRST_PAGE, LATER_PAGE = 500, 10_000  # documents listed at once; the last is the servers' limit
MOST_CANDIDATES = 50_000  # of one call; beyond it the answer would take minutes
_SEARCHES_AT_ONCE = 64  # in one request


COLUMNS = ["document", "raw_bytes", "n_parts", "source", "number"]


class Found(NamedTuple):
    """A document that may hold a match: its id, the length of its text, its records."""

    origin: Origin
    document: str
    raw_bytes: int
    n_parts: int

    @classmethod
    def of(cls, hit: Mapping[str, Any]) -> "Found":
        """Read the columns of a hit."""
        fields = hit["fields"]
        origin = Origin.of(fields)
        return cls(
            origin, fields["document"][0], int(fields["raw_bytes"][0]), int(fields["n_parts"][0])
        )


@dataclass(frozen=True, slots=True)
class Candidates:
    """The state of the index and the documents to compare, by id."""

    stored: StoredAbout
    documents: Mapping[str, Found]


@dataclass(slots=True)
class _Window:
    """One stretch of a text: its query, and the documents listed so far."""

    classes: list[list[str]]
    known: set[str] = field(default_factory=set)

    def body(self) -> dict[str, Any]:
        """Write the search that lists documents that are not known."""
        filters = [{"terms": {"grams": terms}} for terms in self.classes]
        query: dict[str, Any] = {"filter": filters}
        if self.known:
            query["must_not"] = [{"terms": {"document": sorted(self.known)}}]
        return {
            "query": {"bool": query},
            "size": self.size,
            "track_total_hits": False,
            "sort": "_doc",
            "stored_fields": "_none_",  # ids come from columns: the text next to them stays packed
            "docvalue_fields": COLUMNS,
        }

    @property
    def size(self) -> int:
        return LATER_PAGE if self.known else FIRST_PAGE


def in_order(documents: Mapping[str, Found]) -> list[Found]:
    """Order documents as they came into the index, which is that of a folder."""
    return sorted(documents.values())


_ABOUT_BODY = {
    "query": {"ids": {"values": [ABOUT]}},
    "size": 1,
    "stored_fields": ["about"],
    "seq_no_primary_term": True,
}


def find_candidates(
    connection: Connection, texts: Iterable[Keys], shape: GramShape, *, min_chars: int
) -> Candidates:
    """Ask which documents can hold a match of at least `min_chars` of any of the texts.

    Args:
        connection: to the servers.
        texts: keys of all grams of each text, by offset.
        shape: of the grams.
        min_chars: at least the guarantee.

    Raises:
        IndexServerError: an answer is not whole, or there are too many documents.
        IndexUnusableError: the index is gone, or of another format.
    """
    windows = [window for keys in texts for window in _windows(keys, shape, min_chars)]
    stored, found = None, dict[str, Found]()
    while stored is None or windows:
        asked, windows = windows[:_SEARCHES_AT_ONCE], windows[_SEARCHES_AT_ONCE:]
        first, *answers = connection.search([_ABOUT_BODY, *(window.body() for window in asked)])
        now = _stored_about(connection, first)
        if stored is not None and (now.index, now.about.shape) != (stored.index, shape):
            raise connection.refuse("the index was replaced during the search; run it again")
        stored = now
        if stored.about.shape != shape:
            return Candidates(stored, {})
        for window, answer in zip(asked, answers, strict=True):
            more = documents_of(connection, answer)
            found |= more
            if len(answer["hits"]["hits"]) == window.size:
                window.known |= more.keys()
                windows.append(window)
        if len(found) > MOST_CANDIDATES:
            raise connection.refuse(
                f"more than {MOST_CANDIDATES:,} documents share text with this; check it in parts"
            )
    return Candidates(stored, found)


def _windows(keys: Keys, shape: GramShape, min_chars: int) -> Iterator[_Window]:
    """Cut the grams of a text into windows that every match lies in one of."""
    n_offsets = min_chars - shape.k + 1  # of the grams that a match holds
    if keys.size < n_offsets:
        return
    n_classes = min(n_offsets // shape.stride, MOST_CLASSES)
    overlap = n_classes * shape.stride
    numbers = np.arange(keys.size) // shape.stride % n_classes
    for start in range(0, max(keys.size - overlap, 1), WINDOW - overlap):
        stop = start + WINDOW
        yield _Window(
            [
                terms_of(np.unique(keys[start:stop][numbers[start:stop] == number]))
                for number in range(n_classes)
            ]
        )


def _stored_about(connection: Connection, answer: Mapping[str, Any]) -> StoredAbout:
    with understood(connection):
        hits: Sequence[Mapping[str, Any]] = answer["hits"]["hits"]
        if len(hits) != 1:
            raise ValueError(f"{len(hits)} records 'about'")
        (hit,) = hits
        about = decode_about(connection, hit["fields"]["about"][0])
        return StoredAbout(about, hit["_index"], hit["_seq_no"], hit["_primary_term"])


def documents_of(connection: Connection, answer: Mapping[str, Any]) -> dict[str, Found]:
    """Read the documents that an answer lists, by id."""
    with understood(connection):
        found = map(Found.of, answer["hits"]["hits"])
        return {each.document: each for each in found}
