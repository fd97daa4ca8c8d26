"""What an index has to answer, by brute force from the contract's own words.

Nothing of the product's matching is used here. `Oracle` looks every window of `guarantee` bytes of
a text up in a dictionary of all windows of all documents and extends each hit to both sides, byte
by byte. `Oracle.reported` keeps an extent if, for some licence expression of its documents, no
longer extent around it carries that expression. `Oracle.matches` goes on to what a user sees: raw
offsets on whole code points, lines, sources and counts.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sc2_attrib.index.corpus.document import Occurrence, SourceDocument
from sc2_attrib.index.search import ExactMatch, MatchSource, Swhid

Extent = tuple[int, int]  # half-open, normalised bytes of the checked text
Holders = Mapping[int, int]  # number of a document -> first offset of the extent in it, normalised

SPACE = b" \t\n\r\f\v"
LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Held:
    """A distinct content and all places that hold it."""

    raw: bytes
    occurrences: tuple[Occurrence, ...]

    @property
    def licenses(self) -> set[str]:
        """Expressions of its occurrences."""
        return {occurrence.license_expression for occurrence in self.occurrences}


class Oracle:
    """Every window of every document."""

    def __init__(self, documents: Iterable[SourceDocument], guarantee: int) -> None:
        self.documents = distinct(documents)
        self._guarantee = guarantee
        self._normalized = [squeeze(document.raw) for document in self.documents]
        self._windows: dict[bytes, list[tuple[int, int]]] = defaultdict(list)
        for number, text in enumerate(self._normalized):
            for at in range(len(text) - guarantee + 1):
                self._windows[text[at : at + guarantee]].append((number, at))

    def runs(self, text: bytes, min_chars: int) -> dict[Extent, dict[int, int]]:
        """All maximal equal runs of a raw text with each document, by extent."""
        query = squeeze(text)
        found: dict[Extent, dict[int, int]] = defaultdict(dict)
        for start in range(len(query) - self._guarantee + 1):
            for number, at in self._windows.get(query[start : start + self._guarantee], ()):
                document = self._normalized[number]
                if start and at and query[start - 1] == document[at - 1]:
                    continue  # not the run's first window
                n = self._guarantee
                while query[start + n : start + n + 1] == document[at + n : at + n + 1] != b"":
                    n += 1
                if n >= min_chars:
                    holders = found[start, start + n]
                    holders[number] = min(at, holders.get(number, at))
        return dict(found)

    def reported(self, text: bytes, min_chars: int) -> dict[Extent, Holders]:
        """The extents of normalised bytes that a search reports, with all their documents."""
        return self._with_news(self.runs(text, min_chars))

    def matches(self, text: bytes, min_chars: int) -> tuple[ExactMatch, ...]:
        """What `LocalIndex.search` answers when no source is left out."""
        whole = self._whole_code_points(text, self.runs(text, min_chars), min_chars)
        places = text_offsets(text)
        return tuple(
            self._match(text, places[start], places[stop - 1] + 1, stop - start, holders)
            for (start, stop), holders in self._with_news(whole).items()
        )

    def _with_news(self, runs: Mapping[Extent, Holders]) -> dict[Extent, Holders]:
        extents = sorted(runs, key=lambda extent: (extent[0], -extent[1]))
        licenses = {
            extent: set().union(*(self.documents[number].licenses for number in runs[extent]))
            for extent in extents
        }
        chosen = set()
        for expression in set().union(*licenses.values()):
            furthest = -1  # in this order, an extent lies in a longer one if it ends no later
            for extent in extents:
                if expression in licenses[extent] and extent[1] > furthest:
                    chosen.add(extent)
                    furthest = extent[1]
        return {extent: runs[extent] for extent in extents if extent in chosen}

    def _whole_code_points(
        self, text: bytes, runs: Mapping[Extent, Holders], min_chars: int
    ) -> dict[Extent, dict[int, int]]:
        """Shrink extents; those that become equal become one."""
        borders = code_point_borders(text)
        whole: dict[Extent, dict[int, int]] = defaultdict(dict)
        for (start, stop), holders in runs.items():
            first = min(border for border in borders if border >= start)
            last = max(border for border in borders if border <= stop)
            if last - first < min_chars:
                continue
            for number, at in holders.items():
                known = whole[first, last].get(number, at + first - start)
                whole[first, last][number] = min(at + first - start, known)
        return whole

    def _match(
        self, text: bytes, start: int, stop: int, n_chars: int, holders: Holders
    ) -> ExactMatch:
        sources = [
            source
            for number, at in holders.items()
            for source in _sources(self.documents[number], at, n_chars, text[start:stop])
        ]
        return ExactMatch(
            start=start,
            stop=stop,
            normalized_chars=n_chars,
            sources=tuple(sorted(sources, key=_order)),
            n_documents=len(holders),
            n_occurrences=len(sources),
            n_repositories=len({source.occurrence.repository for source in sources}),
            at_least=False,
        )


def distinct(documents: Iterable[SourceDocument]) -> list[Held]:
    """Distinct contents in the order they first came, with distinct places."""
    places: dict[bytes, list[Occurrence]] = defaultdict(list)
    for document in documents:
        places[document.content].append(document.occurrence)
    return [Held(raw, tuple(dict.fromkeys(there))) for raw, there in places.items()]


def squeeze(raw: bytes) -> bytes:
    """Drop ASCII white space."""
    return bytes(byte for byte in raw if byte not in SPACE)


def text_offsets(raw: bytes) -> list[int]:
    """Raw offset of each byte that is not white space."""
    return [offset for offset, byte in enumerate(raw) if byte not in SPACE]


def code_point_borders(raw: bytes) -> list[int]:
    """Offsets, in normalised bytes, at which a code point or an invalid byte of `raw` begins or
    ends.
    """
    borders, at, n = [0], 0, 0
    while at < len(raw):
        length = _code_point_bytes(raw, at)
        if raw[at] not in SPACE:
            n += length
            borders.append(n)
        at += length
    return borders


def line_of(raw: bytes, offset: int) -> int:
    """Number of the line that holds a byte."""
    return 1 + sum(end.end() <= offset for end in LINE_END.finditer(raw))


def _code_point_bytes(raw: bytes, at: int) -> int:
    for length in (1, 2, 3, 4):
        try:
            raw[at : at + length].decode()
        except UnicodeDecodeError:
            continue
        return min(length, len(raw) - at)
    return 1


def _sources(held: Held, at: int, n_chars: int, checked: bytes) -> Sequence[MatchSource]:
    places = text_offsets(held.raw)
    start, stop = places[at], places[at + n_chars - 1] + 1
    excerpt = held.raw[start:stop]
    identifier = hashlib.sha1(b"blob %d\0" % len(held.raw) + held.raw).hexdigest()
    return [
        MatchSource(
            document=Swhid(f"swh:1:cnt:{identifier}"),
            start=start,
            stop=stop,
            first_line=line_of(held.raw, start),
            last_line=line_of(held.raw, stop - 1),
            verbatim=excerpt == checked,
            excerpt=excerpt,
            occurrence=occurrence,
        )
        for occurrence in held.occurrences
    ]


def _order(source: MatchSource) -> tuple[bool, int, str, str, str, str]:
    place = source.occurrence
    return (
        place.is_vendor,
        -(place.stars or 0),
        place.repository,
        place.path,
        place.revision or "",
        source.document,
    )
