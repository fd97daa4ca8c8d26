"""A searcher that compares every text with every document, one diagonal after the other.

It answers by definition, so other searchers can be held against it; it is quick enough for a
handful of small documents.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sc2_attrib.index.corpus.document import CorpusDescription, Occurrence, SourceDocument
from sc2_attrib.index.errors import UsageError
from sc2_attrib.index.search import (
    CorpusSummary,
    ExactMatch,
    IndexDescription,
    LicenseText,
    MatchSource,
    NearOptions,
    NearResult,
    SearchResult,
    Swhid,
)
from sc2_attrib.index.text import normalize, raw_offsets, whole_code_points

Extent = tuple[int, int]  # normalised bytes, half-open


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A content with every place that holds it."""

    id: Swhid
    raw: bytes
    occurrences: tuple[Occurrence, ...]

    @property
    def licenses(self) -> set[str]:
        """Expressions its occurrences carry."""
        return {occurrence.license_expression for occurrence in self.occurrences}


@dataclass(frozen=True, slots=True)
class Held:
    """A document that holds an extent, from normalised byte `start` of its own on."""

    document: StoredDocument
    start: int


class BruteSearcher:
    """A `Searcher` over documents in memory."""

    def __init__(self, documents: Iterable[SourceDocument], *, guarantee_chars: int = 50) -> None:
        self._documents = _stored(documents)
        self.texts: dict[str, tuple[LicenseText, ...]] = {}  # licence texts by repository
        self._guarantee_chars = guarantee_chars

    @property
    def guarantee_chars(self) -> int:
        return self._guarantee_chars

    def describe(self) -> IndexDescription:
        n_documents, n_bytes = len(self._documents), sum(len(d.raw) for d in self._documents)
        return IndexDescription(
            location="memory",
            id="brute",
            corpora=(CorpusSummary(CorpusDescription("test", "1"), n_documents, n_bytes),),
            n_documents=n_documents,
            n_occurrences=sum(len(d.occurrences) for d in self._documents),
            raw_bytes=n_bytes,
            n_removed=0,
            guarantee_chars=self._guarantee_chars,
            built="2026-01-01T00:00:00Z",
        )

    def search(
        self, texts: Sequence[bytes], *, min_chars: int, max_sources: int
    ) -> list[SearchResult]:
        if min_chars < self._guarantee_chars:
            raise UsageError(f"min_chars {min_chars} is below {self._guarantee_chars}")
        return [self._search(raw, min_chars, max_sources) for raw in texts]

    def search_near(
        self,
        texts: Sequence[bytes],
        found: Sequence[SearchResult],
        options: NearOptions,
        *,
        max_sources: int,
    ) -> list[NearResult]:
        return [NearResult((), bounded=False) for _ in texts]  # it was built without near keys

    def license_texts(self, repository: str, path: str) -> Sequence[LicenseText]:
        return self.texts.get(repository, ())

    def close(self) -> None:
        """There is nothing to release."""

    def _search(self, raw: bytes, min_chars: int, max_sources: int) -> SearchResult:
        query, offsets = normalize(raw), raw_offsets(raw)
        holders: dict[Extent, list[Held]] = {}
        for document in self._documents:
            runs = dict(common_runs(query, normalize(document.raw), min_chars))
            for extent, start in runs.items():
                holders.setdefault(extent, []).append(Held(document, start))
        matches, is_bounded = [], False
        for extent in sorted(holders, key=lambda extent: (extent[0], -extent[1])):
            if is_reported(extent, holders):
                start, stop = int(offsets[extent[0]]), int(offsets[extent[1] - 1]) + 1
                sources = _sources(raw[start:stop], extent, holders[extent])
                listed = _bounded(sources, max_sources)
                is_bounded |= len(listed) < len(sources)
                matches.append(_match(start, stop, extent, sources, listed))
        return SearchResult(tuple(matches), is_bounded)


def common_runs(query: bytes, text: bytes, min_chars: int) -> Iterable[tuple[Extent, int]]:
    """Find the maximal equal runs of two normalised texts: extent in `query`, start in `text`.

    A run that stands in `text` several times comes as often, the first place last.
    """
    first, second = np.frombuffer(query, np.uint8), np.frombuffer(text, np.uint8)
    for diagonal in range(-len(text) + 1, len(query)):
        start = max(diagonal, 0)
        length = min(len(query), len(text) + diagonal) - start
        shift = start - diagonal
        is_equal = first[start : start + length] == second[shift : shift + length]
        if np.count_nonzero(is_equal) < min_chars:
            continue
        edges = np.flatnonzero(np.diff(np.concatenate(([False], is_equal, [False]))))
        for low, high in edges.reshape(-1, 2):
            extent = whole_code_points(query, start + int(low), start + int(high))
            if extent[1] - extent[0] >= min_chars:
                yield extent, extent[0] - diagonal


def is_reported(extent: Extent, holders: dict[Extent, list[Held]]) -> bool:
    """Tell whether no longer extent holds this one, or this one shows a licence they don't."""
    longer = [e for e in holders if e != extent and e[0] <= extent[0] and extent[1] <= e[1]]
    known = {license_ for e in longer for held in holders[e] for license_ in held.document.licenses}
    own = {license_ for held in holders[extent] for license_ in held.document.licenses}
    return not longer or not own <= known


def _stored(documents: Iterable[SourceDocument]) -> list[StoredDocument]:
    contents: dict[bytes, list[Occurrence]] = {}
    for document in documents:
        contents.setdefault(document.content, []).append(document.occurrence)
    return [StoredDocument(_swhid(raw), raw, tuple(places)) for raw, places in contents.items()]


def _swhid(raw: bytes) -> Swhid:
    return Swhid("swh:1:cnt:" + hashlib.sha1(b"blob %d\0" % len(raw) + raw).hexdigest())


def _sources(matched: bytes, extent: Extent, holders: list[Held]) -> list[MatchSource]:
    length = extent[1] - extent[0]
    sources = []
    for held in holders:
        raw, offsets = held.document.raw, raw_offsets(held.document.raw)
        start, stop = int(offsets[held.start]), int(offsets[held.start + length - 1]) + 1
        first_line = raw[:start].count(b"\n") + 1
        last_line = first_line + raw[start:stop].count(b"\n")
        sources += [
            MatchSource(
                document=held.document.id,
                start=start,
                stop=stop,
                first_line=first_line,
                last_line=last_line,
                verbatim=raw[start:stop] == matched,
                excerpt=raw[start:stop],
                occurrence=occurrence,
            )
            for occurrence in held.document.occurrences
        ]
    return sorted(sources, key=_order)


def _order(source: MatchSource) -> tuple[bool, int, str, str, str, int]:
    place = source.occurrence
    revision = place.revision or ""
    stars = -(place.stars or 0)
    return place.is_vendor, stars, place.repository, place.path, revision, source.start


def _bounded(sources: list[MatchSource], max_sources: int) -> list[MatchSource]:
    """Keep the first, and the first of each licence beyond."""
    if not max_sources:
        return sources
    seen: set[str] = set()
    kept = []
    for number, source in enumerate(sources):
        license_ = source.occurrence.license_expression
        if number < max_sources or license_ not in seen:
            kept.append(source)
        seen.add(license_)
    return kept


def _match(
    start: int, stop: int, extent: Extent, sources: list[MatchSource], listed: list[MatchSource]
) -> ExactMatch:
    return ExactMatch(
        start=start,
        stop=stop,
        normalized_chars=extent[1] - extent[0],
        sources=tuple(listed),
        n_documents=len({source.document for source in sources}),
        n_occurrences=len(sources),
        n_repositories=len({source.occurrence.repository for source in sources}),
        at_least=len(listed) < len(sources),
    )
