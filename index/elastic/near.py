"""Edited copies: the servers name documents that share near keys with a text.

The documents with most of a text's keys are read whole, and so are those that hold its exact
matches. A scratch segment of them is searched by the same code as a folder's (index/near/), so
what is reported, and how similar it is, is decided there.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from sc2_attrib.index.elastic.about import StoredAbout
from sc2_attrib.index.elastic.candidates import COLUMNS, Found, documents_of, in_order
from sc2_attrib.index.elastic.connection import Connection
from sc2_attrib.index.elastic.documents import read_documents
from sc2_attrib.index.elastic.records import near_terms_of
from sc2_attrib.index.elastic.scratch import scratch_segment
from sc2_attrib.index.matching.matcher import Pace
from sc2_attrib.index.near.candidates import MOST_SEEDS
from sc2_attrib.index.near.documents import Hits
from sc2_attrib.index.near.keys import query_keys
from sc2_attrib.index.near.lexer import Lexemes, Numbers, lex
from sc2_attrib.index.near.scheme import NearScheme
from sc2_attrib.index.near.search import Bounds, NearSearch, may_hold_news
from sc2_attrib.index.near.segment import SegmentDocuments
from sc2_attrib.index.search import NearOptions, NearResult, SearchResult
from sc2_attrib.index.segment.near import NearTable
from sc2_attrib.index.segment.reader import Segment

_KEYS_AT_ONCE = 1000  # of one search; a server with little memory takes 1,024 clauses
_SHARE = 4  # documents are listed for each candidate that can be aligned
_SEARCHES_AT_ONCE = 64  # in one request
_BYTE_US = 12.0  # what plain Python takes to lex

NOTHING = NearResult((), bounded=False)


@dataclass(slots=True)
class _Wanted:
    """What is to be read for one text. `is_cut`: some listing was full, so there may be more."""

    lexemes: Lexemes
    documents: dict[str, Found] = field(default_factory=dict)
    is_cut: bool = False

    @property
    def size(self) -> int:
        """Documents that are listed at most, a search."""
        return _SHARE * Bounds.of(self.lexemes.hashes.size).n_candidates


class NearQuestion(NamedTuple):
    """What is asked: texts, the exact matches in them, what is near enough, and how."""

    texts: Sequence[bytes]
    found: Sequence[SearchResult]
    options: NearOptions
    max_sources: int


def search_near(
    connection: Connection, stored: StoredAbout, question: NearQuestion, pace: Pace
) -> list[NearResult]:
    """Find edited copies in each text; see Searcher.

    Raises:
        IndexServerError: an answer is not whole, or there is too much text to read.
    """
    scheme = stored.about.near
    results = [NOTHING] * len(question.texts)
    if scheme is None:
        return results
    wanted = dict(_worthwhile(question, pace))
    _list_by_keys(connection, wanted, scheme, fast=pace.is_fast)
    _list_by_matches(connection, wanted, question)
    everything = {name: found for each in wanted.values() for name, found in each.documents.items()}
    selected = in_order(everything)
    documents = read_documents(connection, stored.index, selected)
    with scratch_segment(documents, stored.about, most=len(selected), with_near=True) as segment:
        if segment is None or segment.near is None:
            return results
        for number, each in wanted.items():
            part = _Selected(segment, segment.near, each.documents.keys())
            search = NearSearch([part], question.options, pace, max_sources=question.max_sources)
            result = search.search(question.texts[number], question.found[number])
            results[number] = NearResult(result.matches, result.bounded or each.is_cut)
    return results


def _worthwhile(question: NearQuestion, pace: Pace) -> list[tuple[int, _Wanted]]:
    """Texts that can hold an edited copy, by number."""
    chosen = []
    for number, (text, exact) in enumerate(zip(question.texts, question.found, strict=True)):
        pace.spend(len(text) * _BYTE_US)
        lexemes = lex(text, fast=pace.is_fast)
        if may_hold_news(lexemes, exact, question.options):
            chosen.append((number, _Wanted(lexemes)))
    return chosen


def _list_by_keys(
    connection: Connection, wanted: Mapping[int, _Wanted], scheme: NearScheme, *, fast: bool
) -> None:
    """List the documents that share most keys with each text."""
    asked = [
        (each, body)
        for each in wanted.values()
        for body in _bodies(query_keys(each.lexemes, scheme, fast=fast).keys, each.size)
    ]
    for at in range(0, len(asked), _SEARCHES_AT_ONCE):
        group = asked[at : at + _SEARCHES_AT_ONCE]
        answers = connection.search([body for _, body in group])
        for (each, body), answer in zip(group, answers, strict=True):
            found = documents_of(connection, answer)
            each.documents |= found
            each.is_cut |= len(found) == body["size"]


def _bodies(keys: Numbers, size: int) -> list[dict[str, Any]]:
    """Write searches for the documents that have most of some keys."""
    terms = near_terms_of(keys)
    return [
        {
            "query": {"bool": {"should": [_one(term) for term in terms[at : at + _KEYS_AT_ONCE]]}},
            "size": size,
            "track_total_hits": False,
            "sort": ["_score", {"document": "asc"}],
            "stored_fields": "_none_",
            "docvalue_fields": COLUMNS,
        }
        for at in range(0, len(terms), _KEYS_AT_ONCE)
    ]


def _one(term: str) -> dict[str, Any]:
    """A key counts one, however rare: the score of a document is the number of its keys."""
    return {"constant_score": {"filter": {"term": {"near": term}}}}


def _list_by_matches(
    connection: Connection, wanted: Mapping[int, _Wanted], question: NearQuestion
) -> None:
    """List the documents of the first sources of each exact match; near search follows these."""
    names = {
        number: {
            source.document.rpartition(":")[2]
            for match in question.found[number].matches
            for source in match.sources[:MOST_SEEDS]
        }
        for number in wanted
    }
    unlisted = set().union(*names.values()) - set().union(
        *(each.documents for each in wanted.values())
    )
    listed = _find(connection, sorted(unlisted))
    for each in wanted.values():
        listed |= each.documents
    for number, each in wanted.items():
        each.documents |= {name: listed[name] for name in names[number] if name in listed}


def _find(connection: Connection, names: Sequence[str]) -> dict[str, Found]:
    """Read the columns of documents by id; those deleted meanwhile are left out."""
    found: dict[str, Found] = {}
    for at in range(0, len(names), _KEYS_AT_ONCE):
        ids = list(names[at : at + _KEYS_AT_ONCE])
        body = {
            "query": {"ids": {"values": ids}},
            "size": len(ids),
            "track_total_hits": False,
            "stored_fields": "_none_",
            "docvalue_fields": COLUMNS,
        }
        (answer,) = connection.search([body])
        found |= documents_of(connection, answer)
    return found


class _Selected(SegmentDocuments):
    """Documents of a segment that are meant for one text.

    So the answer for a text doesn't depend on what is searched together with it.
    """

    def __init__(self, segment: Segment, table: NearTable, names: Set[str]) -> None:
        super().__init__(segment, table)
        identifier = segment.documents.identifier
        numbers = range(segment.documents.n_documents)
        meant = [number for number in numbers if identifier(number).hex() in names]
        self._meant = np.array(meant, np.int64)

    def look_up(self, keys: Numbers, *, fast: bool) -> Hits:
        """Find keys in the documents that are meant."""
        hits = super().look_up(keys, fast=fast)
        is_meant = np.isin(hits.documents, self._meant)
        return Hits(*(column[is_meant] for column in hits))
