"""Which extents are reported, and which documents are listed for each.

An extent is reported if, for some licence expression of its documents, no longer extent around it
carries that expression. Every run of a reported extent was found before; here further documents
that hold it are looked for, until `max_documents` are listed and every expression among the rest is
represented.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.matching.matcher import Search
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
        # How far any of the candidates up to each of these reaches, ascending.
        self._reach = np.maximum.accumulate(search.candidates.uppers[self._by_lower])
        self._note()

    def licenses(self) -> dict[Extent, set[int]]:
        """Numbers of the expressions that carry each extent found so far."""
        return {
            extent: {
                license
                for license_set in holders.license_sets
                for license in self._documents.members(license_set)
            }
            for extent, holders in self._holders.items()
        }

    def complete(self, extent: Extent) -> Holders:
        """List the documents of an extent, be it found in this segment or in another."""
        self._holders.setdefault(extent, Holders())
        self._complete_from_chains(extent)
        self._complete_from_hot_lists(extent)
        return self._holders[extent]

    def _note(self) -> None:
        """Enter the runs under their extents."""
        for start, stop, diagonal, document in zip(
            *(column.tolist() for column in self._search.runs), strict=True
        ):
            holders = self._holders.setdefault((start, stop), Holders())
            position = diagonal + start
            holders.positions[document] = min(position, holders.positions.get(document, position))
            holders.license_sets.add(int(self._documents.license_sets[document]))

    def _complete_from_chains(self, extent: Extent) -> None:
        """Look at the chains that may hold the extent and were not compared.

        First as many as there is room for; then those that bring an expression.
        """
        rows = self._around(extent)
        rows = rows[~self._search.is_compared[rows]]
        rows = rows[np.argsort(self._search.candidates.diagonals[rows], kind="stable")]
        holders, at = self._holders[extent], 0
        while at < rows.size and (room := self._most - len(holders.positions)) > 0:
            self._confirm(extent, rows[at : at + room])
            at += room
        self._find_expressions(extent, rows[at:])

    def _find_expressions(self, extent: Extent, rows: Offsets) -> None:
        """Look for documents that bring an expression, more and more of each set at a time."""
        n_each = 1
        while (rows := self._worth_a_look(extent, rows)).size:
            license_sets = self._search.candidates.license_sets[rows]
            order = np.argsort(license_sets, kind="stable")
            starts = np.flatnonzero(np.diff(license_sets[order], prepend=-1))
            rank = np.arange(rows.size) - np.repeat(starts, np.diff(starts, append=rows.size))
            self._confirm(extent, rows[np.sort(order[rank < n_each])])
            rows = rows[np.sort(order[rank >= n_each])]
            n_each *= 2

    def _worth_a_look(self, extent: Extent, rows: Offsets) -> Offsets:
        """Chains whose documents bring an expression, or are listed with a later position.

        What else is passed over makes the counts lower bounds.
        """
        candidates, holders = self._search.candidates, self._holders[extent]
        documents = candidates.documents[rows]
        known = np.array([holders.positions.get(d, -1) for d in documents.tolist()], np.int64)
        brings = self._bring_news(holders, candidates.license_sets[rows])
        is_listed = known >= 0
        is_passed_over = ~is_listed & ~brings
        holders.at_least |= bool(self._documents.are_left(documents[is_passed_over]).any())
        later = known > candidates.diagonals[rows] + extent[0]
        return rows[np.where(is_listed, later, brings)]

    def _bring_news(
        self, holders: Holders, license_sets: npt.NDArray[np.int32]
    ) -> npt.NDArray[np.bool_]:
        """Tell which sets hold an expression that no listed document carries."""
        members = self._documents.members
        listed = {license for s in holders.license_sets for license in members(s)}
        sets, of_row = np.unique(license_sets, return_inverse=True)
        brings = [not listed.issuperset(members(s)) for s in sets.tolist()]
        news: npt.NDArray[np.bool_] = np.array(brings, np.bool_)[of_row]
        return news

    def _confirm(self, extent: Extent, rows: Offsets) -> None:
        """List the documents of chains whose run is the extent."""
        candidates, positions = self._search.candidates, self._holders[extent].positions
        rows = rows[self._documents.are_left(candidates.documents[rows])]
        if positions:
            at = (candidates.diagonals[rows] + extent[0]).tolist()
            of = candidates.documents[rows].tolist()
            is_open = [
                positions.get(document, position + 1) > position
                for document, position in zip(of, at, strict=True)
            ]
            rows = rows[np.array(is_open, np.bool_)]
        self._list(extent, candidates.diagonals[rows], candidates.documents[rows])

    def _list(self, extent: Extent, diagonals: Offsets, documents: Offsets) -> None:
        """List the documents whose run on a diagonal is the extent, as their text tells."""
        if not documents.size:
            return
        is_confirmed = self._search.confirm(*extent, diagonals, documents)
        documents = documents[is_confirmed]
        holders = self._holders[extent]
        for document, position in zip(
            documents.tolist(), (diagonals[is_confirmed] + extent[0]).tolist(), strict=True
        ):
            if holders.positions.get(document, position) >= position:
                holders.positions[document] = position
        holders.license_sets.update(self._documents.license_sets[documents].tolist())

    def _around(self, extent: Extent) -> Offsets:
        """Candidates whose bounds hold the extent."""
        query, candidates = self._search.query, self._search.candidates
        text_start = query.starts[query.owners[extent[0]]]
        first, last = np.searchsorted(
            candidates.lowers, [text_start, extent[0] + 1], sorter=self._by_lower
        )
        first = max(first, np.searchsorted(self._reach, extent[1]))
        rows = self._by_lower[first:last]
        return rows[candidates.uppers[rows] >= extent[1]]

    def _complete_from_hot_lists(self, extent: Extent) -> None:
        """Compare the documents on diagonals of hot grams alone.

        Where those that stand for a set of expressions prove not to hold the extent, more of the
        set are compared, until one does or there are no more.
        """
        holders, n_each = self._holders[extent], 1
        refuted: set[int] = set()  # diagonals
        while True:
            room = self._most - len(holders.positions)
            found, is_cut = self._search.hot_holders(*extent, room, n_each, holders.license_sets)
            holders.at_least |= is_cut
            self._list(extent, found[:, 0], found[:, 1])
            is_open = ~np.isin(
                self._documents.license_sets[found[:, 1]], list(holders.license_sets)
            )
            news = set(found[is_open, 0].tolist()) - refuted
            if not is_cut or not news:
                return
            refuted |= news
            n_each *= 2
