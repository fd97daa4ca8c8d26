"""A text that very many documents share: the few among them that hold news are found and read.

Of a crowded text those documents are known that have a gram there that is not hot (candidates.py).
For each licence expression this is then asked, over and over, until nobody answers:

    Which further document with the expression can hold a match that lies in none of the known
    matches of that expression?

Such a match reaches beyond the ends of the known ones, and edges of hot grams tell how far a
document agrees with the text there (questions.py). A few documents are read for each answer, so the
known matches grow and the question becomes narrower. When it has no answer, all extents of all
expressions are known. Then sources are listed for each, up to the bound. docs/decisions has the
argument (0012).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, NamedTuple, Self

from sc2_attrib.index.elastic.about import StoredAbout
from sc2_attrib.index.elastic.candidates import (
    COLUMNS,
    LATER_PAGE,
    LISTED,
    SEARCHES_AT_ONCE,
    Found,
    Window,
    check_number,
    documents_of,
    in_order,
)
from sc2_attrib.index.elastic.connection import Connection, understood
from sc2_attrib.index.elastic.documents import check_bytes, read_documents
from sc2_attrib.index.elastic.questions import HOT, Query, Question, any_of
from sc2_attrib.index.elastic.records import name_term
from sc2_attrib.index.elastic.scratch import scratch_segment
from sc2_attrib.index.matching.assembly import SegmentSearch, assemble
from sc2_attrib.index.matching.listing import Extent, Listing
from sc2_attrib.index.matching.matcher import Pace
from sc2_attrib.index.search import ExactMatch, SearchResult
from sc2_attrib.index.text import normalize, shrinking_to

FIRST_READ = 16  # documents an answer; twice as many the next time
_MOST_EXPRESSIONS = 1000  # in one answer; the others come with the next
_MOST_CLAUSES = 900  # of one search; a server with little memory takes 1,024
_CACHE_BYTES = 64 << 20
_ORDER = [{"source": "asc"}, {"number": "asc"}]  # as documents came into the index


class Bounds(NamedTuple):
    """What is asked for: the shortest match, and how many sources are listed."""

    min_chars: int
    max_sources: int


class CrowdSearch:
    """The search in one crowded text."""

    def __init__(
        self,
        connection: Connection,
        stored: StoredAbout,
        raw: bytes,
        windows: Sequence[Window],
        pace: Pace,
        bounds: Bounds,
    ) -> None:
        """Take what candidates.py found.

        Args:
            connection: to the servers.
            stored: state of the index.
            raw: the text.
            windows: all of the text.
            pace: of the process.
            bounds: what is asked for.
        """
        self._connection = connection
        self._stored = stored
        self._raw = raw
        self._question: Question = windows[0].question
        self._windows = windows
        self._crowds = [window for window in windows if window.is_crowd]
        self._pace = pace
        self._bounds = bounds
        self._opened = ExitStack()
        self._known: dict[str, Found] = {}
        self._runs: dict[str, list[Extent]] = {}  # by the term of an expression: none in another
        self._searches: list[SegmentSearch] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def search(self) -> SearchResult:
        """Find all extents, and sources of each up to the bound."""
        self._read({name: each for window in self._windows for name, each in window.known.items()})
        self._find_news()
        return self._with_sources()

    def _read(self, documents: Mapping[str, Found]) -> bool:
        """Read and search documents that are not known yet; tell whether there were any."""
        news = in_order({name: documents[name] for name in documents.keys() - self._known.keys()})
        self._known |= {found.document: found for found in news}
        check_number(self._connection, len(self._known))
        check_bytes(self._connection, self._known.values())
        contents = read_documents(self._connection, self._stored.index, news)
        segment = self._opened.enter_context(
            scratch_segment(contents, self._stored.about, most=len(news))
        )
        if segment is not None:
            searched = SegmentSearch(segment, self._pace, cache_bytes=_CACHE_BYTES)
            self._searches.append(searched)
            self._enter_runs(searched)
        return bool(news)

    def _enter_runs(self, searched: SegmentSearch) -> None:
        found = searched.matcher.search([self._raw], min_chars=self._bounds.min_chars)
        terms = [name_term(each) for each in searched.segment.documents.expressions]
        for term in terms:
            self._runs.setdefault(term, [])
        listing = Listing(searched.segment, found, max_documents=1)
        for extent, expressions in listing.licenses().items():
            for number in expressions:
                self._runs[terms[number]] = outermost([*self._runs[terms[number]], extent])

    def _find_news(self) -> None:
        size = FIRST_READ
        while True:
            bodies = [body for window in self._crowds for body in self._news(window, size)]
            if not self._read(self._ask(bodies)):
                return
            size = min(2 * size, LATER_PAGE)

    def _news(self, window: Window, size: int) -> Iterator[dict[str, Any]]:
        """Write searches for documents that may hold news in a window."""
        by_runs: dict[tuple[Extent, ...], list[str]] = {}
        for term, runs in self._runs.items():
            by_runs.setdefault(tuple(runs), []).append(term)
        for known, terms in by_runs.items():
            for matches in self._matches(window, known):
                demands = [{"terms": {"licenses": terms}}, matches]
                yield {**self._among_unknown(window, demands), "size": size, "sort": _ORDER}
        for matches in self._matches(window, ()):
            yield {**self._among_unknown(window, [matches]), "size": 0, **_one_each(self._runs)}

    def _matches(self, window: Window, runs: Sequence[Extent]) -> Iterator[Query]:
        """Demand a match that lies in none of some runs; in parts where that is much to ask."""
        part, n_clauses = list[Query](), 0
        for stretch in self._question.stretches(runs, window.offsets):
            n_more = self._question.n_clauses(stretch)
            if part and n_clauses + n_more > _MOST_CLAUSES:
                yield any_of(part)
                part, n_clauses = [], 0
            part.append(self._question.of_hot_grams(stretch))
            n_clauses += n_more
        if part:
            yield any_of(part)

    def _among_unknown(
        self, window: Window, demands: Sequence[Query], *unlike: Query
    ) -> dict[str, Any]:
        known = {"terms": {"document": sorted(self._known.keys() - window.listed_cold)}}
        query = {"filter": list(demands), "must_not": [known, window.cold(), *unlike]}
        return {**LISTED, "query": {"bool": query}}

    def _ask(self, bodies: Sequence[dict[str, Any]]) -> dict[str, Found]:
        """Ask for documents; those of all answers, by id."""
        answers = self._answers(bodies)
        return {name: found for answer in answers for name, found in self._named(answer).items()}

    def _answers(self, bodies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            answer
            for at in range(0, len(bodies), SEARCHES_AT_ONCE)
            for answer in self._connection.search(bodies[at : at + SEARCHES_AT_ONCE])
        ]

    def _named(self, answer: Mapping[str, Any]) -> dict[str, Found]:
        """Documents that an answer lists, and the one it names for each expression."""
        found = documents_of(self._connection, answer)
        with understood(self._connection):
            for bucket in answer.get("aggregations", {"each": {"buckets": ()}})["each"]["buckets"]:
                self._runs.setdefault(bucket["key"], [])
                found |= documents_of(self._connection, bucket["one"])
        return found

    def _with_sources(self) -> SearchResult:
        """List sources of each match, until there are enough and no expression lacks one."""
        has_more: dict[Extent, bool] = {}  # by extent that is settled
        goes_on: dict[Extent, bool] = {}
        while True:
            (result,) = assemble(
                self._searches,
                [self._raw],
                min_chars=self._bounds.min_chars,
                max_sources=self._bounds.max_sources,
            )
            matches = {self._extent(match): match for match in result.matches}
            left = {extent: matches[extent] for extent in matches.keys() - has_more.keys()}
            goes_on |= self._go_on(left.keys() - goes_on.keys())
            found = dict[str, Found]()
            for extent, (named, n_left) in self._further_holders(left).items():
                found |= named
                if not named:
                    has_more[extent] = goes_on[extent] or n_left > 0
            if not self._read(found):
                return _marked(matches, has_more)

    def _extent(self, match: ExactMatch) -> Extent:
        start = len(normalize(self._raw[: match.start]))
        return start, start + match.normalized_chars

    def _go_on(self, extents: Set[Extent]) -> dict[Extent, bool]:
        """Tell whether documents hold an extent in a longer match; they may hold it alone too."""
        bodies = {}
        for extent in extents:
            if window := self._window_of(extent):
                holding = self._holding(window, extent)
                bodies[extent] = {**self._among_unknown(window, holding), "size": 1}
        answers = dict(zip(bodies, self._answers(list(bodies.values())), strict=True))
        return {
            extent: bool(documents_of(self._connection, answers[extent]))
            if extent in answers
            else False
            for extent in extents
        }

    def _further_holders(
        self, matches: Mapping[Extent, ExactMatch]
    ) -> dict[Extent, tuple[dict[str, Found], int]]:
        """Ask for documents to list with each match; and how many there may be besides."""
        bodies = {}
        for extent, match in matches.items():
            if window := self._window_of(extent):
                bodies[extent] = self._holders(window, extent, match)
        further = {extent: (dict[str, Found](), 0) for extent in matches}
        for extent, answer in zip(bodies, self._answers(list(bodies.values())), strict=True):
            found = self._named(answer)
            with understood(self._connection):
                further[extent] = found, answer["hits"]["total"]["value"] - len(found)
        return further

    def _holders(self, window: Window, extent: Extent, match: ExactMatch) -> dict[str, Any]:
        """Write the search for as many further documents as there is room for."""
        has_it, goes_on = self._holding(window, extent)
        missing = max(self._bounds.max_sources - match.n_documents, 0)
        listed = {name_term(each.occurrence.license_expression) for each in match.sources}
        return {
            **self._among_unknown(window, [has_it], goes_on),
            "size": min(missing, LATER_PAGE),
            "sort": _ORDER,
            "track_total_hits": True,
            **_one_each(listed),
        }

    def _window_of(self, extent: Extent) -> Window | None:
        """A window with a part of an extent; None if all its holders are known."""
        question = self._question
        with_part = [
            window
            for window in self._windows
            if len(_common(window.offsets, extent, question.shape.k)) >= question.n_offsets
        ]
        return with_part[0] if all(window.is_crowd for window in with_part) else None

    def _holding(self, window: Window, extent: Extent) -> tuple[Query, Query]:
        """Demand that a document may hold an extent; and that it may go on beyond it.

        The latter is asked where the former holds. Extents that shrink to the same whole
        characters are asked for together.
        """
        question, text = self._question, self._question.text
        part = _common(window.offsets, extent, question.shape.k)
        seen = range(window.offsets.start - 1, window.offsets.stop + question.shape.k - 1)
        holders, longer = [], list[Query]()
        for start, stop in shrinking_to(text, *extent):
            held = [question.hold(at) for at in (start, stop - 1) if at in seen]
            holders.append({"bool": {"filter": held}})
            beyond = [at for at in (start - 1, stop) if at in seen and 0 <= at < len(text)]
            longer += [question.hold(at) for at in beyond]
        classes = question.in_classes(part.start, part.stop, HOT)
        return {"bool": {"filter": [*classes, any_of(holders)]}}, any_of(longer)


def _one_each(but: Iterable[str]) -> dict[str, Any]:
    """Ask for one document of each licence expression, but for those with these terms."""
    one = {"size": 1, "sort": _ORDER, "_source": False, "docvalue_fields": COLUMNS}
    terms = {"field": "licenses", "size": _MOST_EXPRESSIONS, "exclude": sorted(but)}
    return {"aggs": {"each": {"terms": terms, "aggs": {"one": {"top_hits": one}}}}}


def outermost(extents: Iterable[Extent]) -> list[Extent]:
    """Extents that lie in no other, ascending."""
    kept: list[Extent] = []
    for start, stop in sorted(set(extents), key=lambda each: (each[0], -each[1])):
        if not kept or stop > kept[-1][1]:
            kept.append((start, stop))
    return kept


def _common(offsets: range, extent: Extent, k: int) -> range:
    """Offsets of a window at which a gram lies in an extent."""
    return range(max(offsets.start, extent[0]), min(offsets.stop, extent[1] - k + 1))


def _marked(matches: Mapping[Extent, ExactMatch], has_more: Mapping[Extent, bool]) -> SearchResult:
    """Say of the extents in question that there may be more sources."""
    marked = tuple(
        replace(match, at_least=True) if has_more[extent] else match
        for extent, match in matches.items()
    )
    return SearchResult(marked, any(match.at_least for match in marked))
