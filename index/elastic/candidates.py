"""Which documents can hold a match of a text: the servers answer by grams, the text decides.

Every gram of the text is looked up (questions.py). Long texts are asked for in windows that overlap
by a match, so that the grams of a document must stand near each other in the text.

A server lists at most so many documents at once. While an answer is full, the window is asked again
without those that are known: a popular text never hides a rarer document. Where not all holders
have to be listed, a full answer makes the window a *crowd*: from then on only documents with a gram
that is not hot are listed, which are few; crowds.py asks for those of the others that hold news.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from sc2_attrib.index.elastic.about import ABOUT, StoredAbout, decode_about
from sc2_attrib.index.elastic.connection import Connection, understood
from sc2_attrib.index.elastic.questions import ANY, Query, Question
from sc2_attrib.index.elastic.records import Origin
from sc2_attrib.index.grams import GramShape

FIRST_PAGE, LATER_PAGE = 500, 10_000  # documents listed at once; the last is the servers' limit
MOST_CANDIDATES = 50_000  # of one call; beyond it the answer would take minutes
SEARCHES_AT_ONCE = 64  # in one request


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


@dataclass(slots=True)
class Window:
    """One stretch of a text: the offsets of its grams, and the documents listed so far.

    `is_crowd`: from now on only documents with a gram that is not hot are listed, `n_first` apart.
    """

    question: Question
    offsets: range
    known: dict[str, Found] = field(default_factory=dict)
    is_crowd: bool = False
    n_first: int = 0

    @property
    def listed_cold(self) -> set[str]:
        """Documents that were listed for a gram that is not hot."""
        return set(islice(self.known, self.n_first, None)) if self.is_crowd else set()

    def body(self) -> dict[str, Any]:
        """Write the search that lists documents that are not known."""
        filters = self.question.in_classes(self.offsets.start, self.offsets.stop, ANY)
        if self.is_crowd:
            filters.append(self.cold())
        query: Query = {"filter": filters}
        if self.known:
            query["must_not"] = [{"terms": {"document": sorted(self.known)}}]
        return {"query": {"bool": query}, "size": self.size, "sort": "_doc", **LISTED}

    def cold(self) -> Query:
        """Demand a gram that is not hot, here or just beside."""
        margin = self.question.margin
        start, stop = self.offsets.start - margin, self.offsets.stop + margin
        return {"terms": {"grams": self.question.terms(start, stop)}}

    @property
    def size(self) -> int:
        """Documents that are listed at most."""
        return LATER_PAGE if self.known else FIRST_PAGE


LISTED: dict[str, Any] = {
    "track_total_hits": False,
    "stored_fields": "_none_",  # ids come from columns: the text next to them stays packed
    "docvalue_fields": COLUMNS,
}


@dataclass(frozen=True, slots=True)
class Candidates:
    """The state of the index and the windows of each text, with the documents to compare."""

    stored: StoredAbout
    windows: Sequence[Sequence[Window]]

    def documents(self, text: int) -> dict[str, Found]:
        """Documents of one text, by id."""
        return {name: found for each in self.windows[text] for name, found in each.known.items()}

    def is_crowded(self, text: int) -> bool:
        """Tell whether further documents may hold a match of a text."""
        return any(window.is_crowd for window in self.windows[text])


def in_order(documents: Mapping[str, Found]) -> list[Found]:
    """Order documents as they came into the index, which is that of a folder."""
    return sorted(documents.values())


_ABOUT_BODY: dict[str, Any] = {
    "query": {"ids": {"values": [ABOUT]}},
    "size": 1,
    "stored_fields": ["about"],
    "seq_no_primary_term": True,
}


def find_candidates(
    connection: Connection, questions: Sequence[Question], shape: GramShape, *, all_holders: bool
) -> Candidates:
    """Ask which documents can hold a match of any of the texts.

    Args:
        connection: to the servers.
        questions: one for each text.
        shape: of the grams.
        all_holders: list each of them, be they ever so many.

    Raises:
        IndexServerError: an answer is not whole, or there are too many documents.
        IndexUnusableError: the index is gone, or of another format.
    """
    windows = [
        [Window(question, offsets) for offsets in question.windows()] for question in questions
    ]
    stored, left = None, [window for each in windows for window in each]
    while stored is None or left:
        asked, left = left[:SEARCHES_AT_ONCE], left[SEARCHES_AT_ONCE:]
        first, *answers = connection.search([_ABOUT_BODY, *(window.body() for window in asked)])
        now = _stored_about(connection, first)
        if stored is not None and (now.index, now.about.shape) != (stored.index, shape):
            raise connection.refuse("the index was replaced during the search; run it again")
        stored = now
        if stored.about.shape != shape:
            return Candidates(stored, [])
        for window, answer in zip(asked, answers, strict=True):
            is_full = len(answer["hits"]["hits"]) == window.size
            window.known |= documents_of(connection, answer)
            if is_full:
                left.append(window)
                if not all_holders and not window.is_crowd:
                    window.is_crowd, window.n_first = True, len(window.known)
        check_number(connection, sum(len(window.known) for each in windows for window in each))
    return Candidates(stored, windows)


def check_number(connection: Connection, n_documents: int) -> None:
    """Refuse to read more documents than can be read in some minutes."""
    if n_documents > MOST_CANDIDATES:
        raise connection.refuse(
            f"more than {MOST_CANDIDATES:,} documents share text with this and have to be read;"
            " check it in parts"
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
