"""Which extents are reported, and which documents are listed for each.

An extent is reported if, for some licence expression of its documents, no longer extent around it
carries that expression. Every run of a reported extent was found before; here further documents
that hold it are looked for, until `max_documents` are listed and every expression among the rest is
represented.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from sc2_attrib.index.matching.matcher import Search
from sc2_attrib.index.segment.documents import LicenseSets
from sc2_attrib.index.segment.reader import Segment
from sc2_attrib.index.text import Offsets

Extent = tuple[int, int]  # half-open


@dataclass(slots=True)
class Holders:
    """Documents that hold an extent, each with the first position of it in the segment.

    `license_sets` are theirs. `at_least`: further documents may hold it; they were not compared.
    """

    positions: dict[int, int] = field(default_factory=dict)
    license_sets: set[int] = field(default_factory=set)
    at_least: bool = False


def reported(licenses: Mapping[Extent, Iterable[object]]) -> list[Extent]:
    """Choose the extents that are reported, given the licence expressions that carry each.

    Returns:
        Ascending by start, longest first.
    """
    chosen: list[Extent] = []
    reach: dict[object, int] = {}  # furthest end of an extent seen so far, by expression
    for extent in sorted(licenses, key=lambda e: (e[0], -e[1])):
        news = [license for license in licenses[extent] if reach.get(license, -1) < extent[1]]
        if news:
            chosen.append(extent)
        for license in news:
            reach[license] = extent[1]
    return chosen


class Listing:
    """The documents that hold the extents of one finished search."""

    def __init__(self, segment: Segment, search: Search, *, max_documents: int) -> None:
        """Enter the runs that the search found; `max_documents` an extent, 0: no bound."""
        self._documents = segment.documents
        self._search = search
        self._most = max_documents or 1 << 62
        self._holders: dict[Extent, Holders] = {}
        self._by_lower = np.argsort(search.candidates.lowers)
        self._note(range(search.runs.starts.size))

    def licenses(self) -> dict[Extent, set[int]]:
        """Numbers of the expressions that carry each extent found so far."""
        return {
            extent: {
                license
                for license_set in holders.license_sets
                for license in members(self._documents.sets, license_set)
            }
            for extent, holders in self._holders.items()
        }

    def complete(self, extent: Extent) -> Holders:
        """List the documents of an extent, be it found in this segment or in another."""
        self._holders.setdefault(extent, Holders())
        self._complete_from_chains(extent)
        self._complete_from_hot_lists(extent)
        return self._holders[extent]

    def _note(self, rows: Iterable[int]) -> None:
        """Enter runs under their extents."""
        runs = self._search.runs
        for row in rows:
            start = int(runs.starts[row])
            extent = start, int(runs.stops[row])
            self._add(extent, int(runs.documents[row]), int(runs.diagonals[row]) + start)

    def _complete_from_chains(self, extent: Extent) -> None:
        """Compare the chains that may hold the extent and were not read."""
        candidates = self._search.candidates
        rows = self._around(extent)
        rows = rows[~self._search.is_compared[rows]]
        for row in rows[np.argsort(candidates.diagonals[rows], kind="stable")].tolist():
            document, diagonal = int(candidates.documents[row]), int(candidates.diagonals[row])
            if not self._is_wanted(extent, document, diagonal):
                continue
            first = self._search.runs.starts.size
            self._search.compare(
                diagonal, int(candidates.lowers[row]), int(candidates.uppers[row]), document
            )
            self._search.is_compared[row] = True
            self._note(range(first, self._search.runs.starts.size))

    def _around(self, extent: Extent) -> Offsets:
        """Candidates whose bounds hold the extent."""
        query, candidates = self._search.query, self._search.candidates
        text_start = query.starts[query.owners[extent[0]]]
        first, last = np.searchsorted(
            candidates.lowers, [text_start, extent[0] + 1], sorter=self._by_lower
        )
        rows = self._by_lower[first:last]
        return rows[candidates.uppers[rows] >= extent[1]]

    def _complete_from_hot_lists(self, extent: Extent) -> None:
        """Compare the documents on diagonals of hot grams alone."""
        holders = self._holders[extent]
        room = self._most - len(holders.positions)
        found, is_cut = self._search.hot_holders(*extent, room, holders.license_sets)
        holders.at_least |= is_cut
        is_confirmed = self._search.confirm(*extent, found[:, 0], found[:, 1])
        for diagonal, document in found[is_confirmed].tolist():
            self._add(extent, document, diagonal + extent[0])

    def _is_wanted(self, extent: Extent, document: int, diagonal: int) -> bool:
        """Tell whether a comparison could change the listing.

        It could where there is room, where the document brings an expression, or where it is
        listed with a later position. What is passed over makes the counts lower bounds.
        """
        holders = self._holders[extent]
        if not self._members(document):  # removed
            return False
        if document in holders.positions:
            return holders.positions[document] > diagonal + extent[0]
        if len(holders.positions) < self._most:
            return True
        if int(self._documents.license_sets[document]) in holders.license_sets:
            holders.at_least = True
            return False
        licenses = {
            license for s in holders.license_sets for license in members(self._documents.sets, s)
        }
        brings = not licenses.issuperset(self._members(document))
        holders.at_least |= not brings
        return brings

    def _add(self, extent: Extent, document: int, position: int) -> None:
        holders = self._holders.setdefault(extent, Holders())
        holders.positions[document] = min(position, holders.positions.get(document, position))
        holders.license_sets.add(int(self._documents.license_sets[document]))

    def _members(self, document: int) -> list[int]:
        return members(self._documents.sets, int(self._documents.license_sets[document]))


def members(sets: LicenseSets, license_set: int) -> list[int]:
    """Numbers of the licence expressions in a set."""
    numbers: list[int] = sets.ids[sets.starts[license_set] : sets.starts[license_set + 1]].tolist()
    return numbers
