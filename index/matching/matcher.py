"""Every exact match of texts in one segment: the steps of the algorithm, in order.

    1. Hash every gram of the texts and look all of them up (pages.py): seeds, and hot grams.
    2. Link the seeds of each diagonal into chains with proven bounds (chains.py).
    3. Compare chains with the text, the most promising first; what lies inside a found run of the
       same licence expressions is not read (comparison.py, cover.py).
    4. Find matches of hot grams alone, per text and expression (hot_gaps.py, hot_runs.py).
    5. For each extent that is reported, compare further chains until enough documents are listed
       (listing.py, hot_holders.py).

Exact: every run of at least min_chars equal bytes holds a sampled gram; either that gram is in a
page, and the run lies on a chain and within its bounds, or all its sampled grams are hot, and step
4 finds it. Nothing is reported that was not compared byte by byte.

The first searches of a process run on NumPy and plain Python, because loading machine code takes
longer than checking one small file; when the work adds up, the kernels' compiled twins take over.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.compiled import compiled
from sc2_attrib.index.matching import chains, comparison, cover, hot_gaps, hot_holders, hot_runs
from sc2_attrib.index.matching.comparison import BLOCK_MISSING, DONE, Runs, Text
from sc2_attrib.index.matching.hot_bounds import HotBounds, bound_hot
from sc2_attrib.index.matching.query import Query, prepare
from sc2_attrib.index.ranges import flat_ranges
from sc2_attrib.index.segment.content import BLOCK_BITS, BlockCache
from sc2_attrib.index.segment.hot_cache import HotTable
from sc2_attrib.index.segment.reader import Segment
from sc2_attrib.index.text import Offsets

_MOST_ANSWERS = 1024  # of the hot lists that are kept: many files have the same header
_NONE_REFUTED: Offsets = np.empty((0, 3), np.int64)
_MOST_ASKED = 1 << 14  # bytes of an extent whose answer is kept; a header has no more

F = TypeVar("F", bound=Callable[..., object])


class Pace:
    """Decides when machine code is worth loading: after half a second of estimated plain work."""

    BUDGET_US = 500_000.0
    BYTE_US, SEED_US, HOT_US, POSTING_US, COMPARED_US = 1.5, 8.0, 20.0, 2.0, 0.1

    def __init__(self) -> None:
        self._left_us = self.BUDGET_US

    def spend(self, us: float) -> None:
        """Count work, in microseconds that plain Python would take."""
        self._left_us -= us

    @property
    def is_fast(self) -> bool:
        """Tell whether to use machine code from now on."""
        return self._left_us < 0

    def pick(self, kernel: F) -> F:
        """The kernel itself, or its compiled twin."""
        return compiled(kernel) if self.is_fast else kernel


class Asked(NamedTuple):
    """All that the holders of an extent depend on, see `Search.hot_holders`."""

    text: bytes  # of the extent, with the byte on either side
    is_first: bool  # there is none before it
    room: int
    n_each: int
    seen_sets: frozenset[int]


def _asked(
    query: Query, start: int, stop: int, room: int, n_each: int, seen_sets: set[int]
) -> Asked:
    text = query.text[max(start - 1, 0) : stop + 1].tobytes()
    return Asked(text, start == 0, room, n_each, frozenset(seen_sets))


class Matcher:
    """Finds runs in one segment. Not safe for use by several threads at once: make one for each."""

    def __init__(self, segment: Segment, pace: Pace, *, cache_bytes: int) -> None:
        """Prepare to search.

        Args:
            segment: open; shared freely.
            pace: shared by the matchers of a process.
            cache_bytes: decoded text and hot lists kept between searches, half each.
        """
        self.segment = segment
        self.pace = pace
        self.blocks = BlockCache(segment.content, cache_bytes // 2)
        self.hot_answers: dict[Asked, tuple[Offsets, bool]] = {}
        self._hot = segment.hot_cache(cache_bytes // 2)

    def search(self, texts: Sequence[bytes], *, min_chars: int) -> "Search":
        """Find the runs of all extents that are reported; steps 1 to 4.

        Args:
            texts: raw bytes.
            min_chars: shortest match, at least the guarantee.
        """
        n_bytes = sum(map(len, texts))
        self.pace.spend(n_bytes * self.pace.BYTE_US)
        fast = self.blocks.is_fast = self.pace.is_fast
        query, grams = prepare(texts, self.segment.shape, min_chars=min_chars, fast=fast)
        within = comparison.GRAM_ALONE + self.segment.shape.k
        seeds = self.segment.pages.look_up(
            *grams, both_differ_is_final=within < min_chars, fast=fast
        )
        hot_grams = seeds.hot
        if hot_grams.size:
            query.slots[hot_grams] = self._hot.slots(
                grams.keys[hot_grams], grams.fingerprints[hot_grams]
            )
        self.pace.spend(seeds.grams.size * self.pace.SEED_US + hot_grams.size * self.pace.HOT_US)
        search = Search(self, query, self._hot.table)
        search.compare_chains(chains.sort_seeds(seeds, query.stride, query.owners.size))
        if hot_grams.size:
            search.find_hot_runs()
        return search


class Search:
    """One search under way: what was found so far, and what could still be compared."""

    def __init__(self, matcher: Matcher, query: Query, hot: HotTable) -> None:
        self.query = query
        self.hot = hot
        self._matcher = matcher
        self._documents = matcher.segment.documents
        self._cover = cover.new_cover(query.owners.size)
        self._runs = comparison.empty_runs(256)
        self._n_runs = 0
        self._scratch: hot_gaps.Scratch | None = None
        self.candidates = comparison.empty_candidates(0)
        self.is_compared = np.empty(0, np.bool_)

    @property
    def runs(self) -> Runs:
        """Runs found so far."""
        return Runs(*(column[: self._n_runs] for column in self._runs))

    def compare_chains(self, seeds: chains.Diagonals) -> None:
        """Steps 2 and 3: link seeds, and compare what may hold news."""
        n = seeds.offsets.size
        if not n:
            return
        linked = chains.Chains(*(np.empty(n, np.int64) for _ in chains.Chains._fields))
        n = self._pick(chains.link)(self.query, self.hot, seeds, linked)
        if not n:
            return
        self._split(chains.Chains(*(column[:n] for column in linked)))
        self.is_compared = np.zeros(self.candidates.lowers.size, np.bool_)
        most = int((self.candidates.uppers - self.candidates.lowers).sum())
        self._matcher.pace.spend(most * self._matcher.pace.COMPARED_US)
        order, at, status = comparison.reading_order(self.candidates), 0, DONE
        while at < order.size:
            at, self._n_runs, status = self._pick(comparison.compare_all)(
                self.query,
                self.candidates,
                order,
                at,
                self.is_compared,
                self._text(),
                self._cover,
                self._documents.sets,
                self._runs,
                self._n_runs,
            )
            if status == BLOCK_MISSING:
                row = int(order[at])
                diagonal = int(self.candidates.diagonals[row])
                self._load(
                    diagonal + int(self.candidates.lowers[row]),
                    diagonal + int(self.candidates.uppers[row]),
                )
            elif status != DONE:
                self._make_room()

    def _split(self, linked: chains.Chains) -> None:
        """Set the candidates: pieces of chains, mostly one each."""
        documents, n = self._documents, linked.diagonals.size
        while n > self.candidates.diagonals.size:
            self.candidates = comparison.empty_candidates(n)
            n = self._pick(comparison.split_at_documents)(
                linked,
                documents.starts,
                documents.license_sets,
                self.query.min_chars,
                self.query.stride,
                self.candidates,
            )
        self.candidates = comparison.Candidates._make(column[:n] for column in self.candidates)

    def find_hot_runs(self) -> None:
        """Step 4: matches of hot grams alone, text by text and expression by expression."""
        n = self.query.owners.size
        bounds = HotBounds(*(np.zeros(n, np.int64) for _ in HotBounds._fields))
        offsets = np.empty(n, np.int64)
        is_hot = self.query.slots >= 0
        texts = np.unique(self.query.owners[is_hot])
        for start, stop in zip(
            self.query.starts[texts].tolist(),
            (self.query.starts[texts + 1] - 1).tolist(),
            strict=True,
        ):
            n_open = self._pick(bound_hot)(
                self.query,
                self.hot,
                start,
                stop,
                is_hot,
                self._cover,
                self._documents.sets,
                bounds,
                offsets,
            )
            if n_open:
                self._search_hot(start, stop, bounds, offsets[:n_open].copy())

    def compare(
        self, diagonal: int, lower: int, upper: int, document: int
    ) -> list[tuple[int, int]]:
        """Compare one stretch of the query with a document; the runs that were seen.

        They are added to `runs`, and count as found for the document's licence expressions.
        """
        self._load(diagonal + lower, diagonal + upper)
        license_set = int(self._documents.license_sets[document])
        most = (upper - lower) // self.query.min_chars + 1
        nodes = cover.room_needed(self._documents.sets, license_set, lower, upper, most)
        while self._n_runs + most > self._runs.starts.size or not self._has_nodes(nodes):
            self._make_room()
        first = self._n_runs
        self._n_runs = self._pick(comparison.compare)(
            self.query, diagonal, lower, upper, document, self._text(), self._runs, self._n_runs
        )
        found = [
            (int(self._runs.starts[run]), int(self._runs.stops[run]))
            for run in range(first, self._n_runs)
        ]
        for start, stop in found:
            self._pick(cover.add_run)(self._cover, self._documents.sets, license_set, start, stop)
        return found

    def confirm(
        self, start: int, stop: int, diagonals: Offsets, documents: Offsets
    ) -> npt.NDArray[np.bool_]:
        """Tell which documents have exactly the run [start, stop) on a diagonal, by their text."""
        owner = self.query.owners[start]
        text_start, text_stop = self.query.starts[owner], self.query.starts[owner + 1] - 1
        borders = self._documents.starts
        lowers = np.maximum(borders[documents] - diagonals, max(start - 1, text_start))
        uppers = np.minimum(borders[documents + 1] - diagonals, min(stop + 1, text_stop))
        is_confirmed = np.zeros(diagonals.size, np.bool_)
        self._matcher.blocks.prefetch(diagonals + lowers, diagonals + uppers)
        at = 0
        while at < diagonals.size:
            at, status = self._pick(comparison.confirm)(
                self.query, diagonals, lowers, uppers, start, stop, self._text(), at, is_confirmed
            )
            if status == BLOCK_MISSING:
                diagonal = int(diagonals[at])
                self._load(diagonal + int(lowers[at]), diagonal + int(uppers[at]))
        return is_confirmed

    def hot_holders(
        self, start: int, stop: int, room: int, n_each: int, seen_sets: set[int]
    ) -> tuple[Offsets, bool]:
        """Diagonals of hot grams alone on which a document's run may be query [start, stop).

        Args:
            start, stop: an extent.
            room: diagonals to list; beyond it only the first `n_each` of each new set of
                expressions.
            seen_sets: sets of expressions that need no further document.

        Returns:
            Rows (diagonal, document), ascending, and whether more were passed over.
        """
        if stop - start > _MOST_ASKED:
            return self._find_hot_holders(start, stop, room, n_each, seen_sets)
        asked = _asked(self.query, start, stop, room, n_each, seen_sets)
        answers = self._matcher.hot_answers
        if asked not in answers:
            if len(answers) == _MOST_ANSWERS:
                answers.clear()
            rows, passed_over = self._find_hot_holders(start, stop, room, n_each, seen_sets)
            answers[asked] = rows + np.array([start, 0]), passed_over
        rows, passed_over = answers[asked]
        return rows - np.array([start, 0]), passed_over

    def _find_hot_holders(
        self, start: int, stop: int, room: int, n_each: int, seen_sets: set[int]
    ) -> tuple[Offsets, bool]:
        """Ask the lists for each sampled offset that the first of a diagonal may have."""
        found = [np.empty((0, 2), np.int64)]
        n_found, passed_over = 0, False
        wanted = np.full(self._documents.sets.starts.size, n_each, np.int32)
        wanted[list(seen_sets)] = 0
        for first in range(start, min(start + self.query.stride, stop - self.query.k + 1)):
            slot = int(self.query.slots[first])
            if slot < 0:
                continue
            postings = int(self.hot.stops[slot] - self.hot.starts[slot])
            self._matcher.pace.spend(postings * self._matcher.pace.POSTING_US)
            out = np.empty((2 * postings, 2), np.int64)
            n, is_cut = self._pick(hot_holders.hot_holders)(
                self.query,
                self.hot,
                self._documents.sets,
                self._documents.license_sets,
                start,
                stop,
                first,
                max(room - n_found, 0),
                wanted,
                out,
            )
            found.append(out[:n])
            n_found += n
            passed_over |= is_cut
        rows = np.concatenate(found)
        return rows[np.argsort(rows[:, 0], kind="stable")], passed_over

    def _search_hot(self, start: int, stop: int, bounds: HotBounds, offsets: Offsets) -> None:
        """Step 4 in one text, for each expression that documents of open grams carry."""
        slots = self.query.slots[offsets]
        counts = self.hot.stops[slots] - self.hot.starts[slots]
        pace, sets = self._matcher.pace, self._documents.sets
        scratch = self._scratch = hot_gaps.scratch_for(
            self.query.owners.size, int(counts.max()), sets.starts.size, self._scratch
        )
        carried = hot_gaps.carried_by(sets, self._sets_of(np.unique(slots)))
        pace.spend(carried.licenses.size * int(counts.sum()) * pace.POSTING_US)
        at, n, refuted = 0, 0, _NONE_REFUTED
        while at < carried.licenses.size:
            at, n = self._pick(hot_runs.find_hot_runs)(
                self.query,
                self.hot,
                self._cover,
                bounds,
                start,
                stop,
                offsets,
                carried,
                at,
                refuted,
                scratch,
            )
            if not n:
                return
            news = self._compare_listed(int(carried.licenses[at]), scratch.listed[:n])
            if n < len(scratch.listed) and not len(news):
                at, refuted = at + 1, _NONE_REFUTED
            else:
                refuted = np.concatenate((refuted, news))

    def _compare_listed(self, license: int, listed: Offsets) -> Offsets:
        """Compare listed runs of hot grams, longest first; those the text does not confirm."""
        refuted = []
        for start, stop, diagonal, document in listed[
            np.argsort(listed[:, 0] - listed[:, 1], kind="stable")
        ].tolist():
            if self._pick(cover.is_covered)(self._cover, license, start, stop):
                continue
            if (start, stop) not in self.compare(diagonal, start, stop, document):
                refuted.append((diagonal, start, stop))
        return np.array(refuted, np.int64).reshape(-1, 3)

    def _sets_of(self, slots: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Licence sets of the documents of hot grams, ascending."""
        starts, stops = self.hot.set_starts[slots], self.hot.set_stops[slots]
        return np.unique(self.hot.sets[flat_ranges(starts, stops)])

    def _pick(self, kernel: F) -> F:
        return self._matcher.pace.pick(kernel)

    def _text(self) -> Text:
        return Text(self._matcher.blocks.slot_of, self._matcher.blocks.arena)

    def _load(self, start: int, stop: int) -> None:
        """Decode the blocks of positions [start, stop)."""
        self._matcher.blocks.reserve(start >> BLOCK_BITS, stop - 1 >> BLOCK_BITS)

    def _has_nodes(self, n: int) -> bool:
        return int(self._cover.used[0]) + n <= self._cover.nexts.size

    def _make_room(self) -> None:
        more = comparison.empty_runs(2 * self._runs.starts.size)
        for old, new in zip(self._runs, more, strict=True):
            new[: old.size] = old
        self._runs, self._cover = more, cover.grown(self._cover)
