"""Gaps: where a match of hot grams alone can lie that is news for one licence expression.

For one text and one expression, `reached` says for each offset how far the best run of that
expression which starts at or before it extends (0: none). A match that lies in none of those runs
starts at or before the start of some run and ends after the end of the run before it: it belongs to
a *gap* between two runs, from `before` (last offset it may start at) to `after` (first end it may
have). If the gap holds a whole guarantee, the match holds its first sampled gram; else some sampled
gram of it lies in a window around the gap. So only postings at those offsets need to be looked at
(hot_runs.py), and only those that agree with the text as far as the gap demands. All functions are
kernels (compiled.py).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.compiled import kernel
from sc2_attrib.index.matching.cover import CELL_BITS, Cover, bucket_of
from sc2_attrib.index.matching.hot_bounds import HotBounds, bound_by_contexts, rank_range
from sc2_attrib.index.matching.query import Query
from sc2_attrib.index.ranges import flat_ranges
from sc2_attrib.index.segment.documents import LicenseSets
from sc2_attrib.index.segment.hot_cache import HotTable, Numbers
from sc2_attrib.index.text import Offsets

_MOST_LISTED = 256  # runs that are listed before they are compared


class HotSearch(NamedTuple):
    """The search in one text for one expression.

    The text is [start, stop) of the joined text, as all offsets. `offsets`: hot offsets that can
    lie in a match with news, ascending. `refuted`: rows (diagonal, start, stop) that the
    text did not confirm, because a hash was equal by chance.
    """

    start: int
    stop: int
    license: int
    offsets: Offsets
    refuted: Offsets


class Carried(NamedTuple):
    """Expressions, ascending; the i-th is held by sets[starts[i]:starts[i + 1]]."""

    licenses: Numbers
    starts: Offsets
    sets: Numbers


def carried_by(sets: LicenseSets, chosen: Numbers) -> Carried:
    """List the expressions of chosen sets."""
    starts, stops = sets.starts[chosen], sets.starts[chosen + 1]
    licenses = sets.ids[flat_ranges(starts, stops)]
    order = np.argsort(licenses, kind="stable")
    licenses = licenses[order]
    firsts = np.flatnonzero(np.diff(licenses, prepend=-1))
    holding = np.repeat(chosen, stops - starts)[order]
    return Carried(licenses[firsts], np.append(firsts, licenses.size), holding)


class Scratch(NamedTuple):
    """Room that searches share.

    By licence set: whether it `holds` the expression that is searched for; sets of documents
    without an open gram may be left out. By offset of the query: `reached`; whether a document of
    the expression `carries` the gram; `lowers` and `uppers`, beyond which no all-hot match of the
    expression reaches; whether its postings are `is_wanted`, and then the weakest demands of its
    gaps, `befores` and `afters`, and whether a match with news whose chain `begins` or `ends` there
    holds no further sampled gram.

    The rest holds the chains that live at two neighbouring sampled grams, one in row 0, the other
    in row 1: postings in order of licence set and position (`rows` of the hot table), and offset
    and row of the first of each one's chain. `sets`, `edges`: set s of `n_sets` has the postings
    [edges[s], edges[s + 1]). `ended`: rows of those that end there, and bounds of their matches.
    `listed`: matches found, (start, stop, diagonal, document) each.
    """

    holds: npt.NDArray[np.bool_]
    reached: Offsets
    carries: npt.NDArray[np.bool_]
    lowers: Offsets
    uppers: Offsets
    is_wanted: npt.NDArray[np.bool_]
    befores: Offsets
    afters: Offsets
    begins: npt.NDArray[np.bool_]
    ends: npt.NDArray[np.bool_]
    rows: Offsets
    firsts: Offsets
    first_rows: Offsets
    sets: Offsets
    edges: Offsets
    n_sets: Offsets
    ended: Offsets
    ended_lowers: Offsets
    ended_uppers: Offsets
    listed: Offsets


def scratch_for(n: int, n_postings: int, n_sets: int, scratch: Scratch | None) -> Scratch:
    """Make room for a query of `n` bytes and grams of at most `n_postings` postings.

    What there is already serves if it has that much: room for a whole batch costs more to make
    than the search in one of its texts.
    """
    if scratch and n < scratch.reached.size and n_postings <= scratch.ended.size:
        return scratch
    return Scratch(
        holds=np.zeros(n_sets, np.bool_),
        reached=np.zeros(n + 1, np.int64),
        carries=np.zeros(n + 1, np.bool_),
        lowers=np.zeros(n + 1, np.int64),
        uppers=np.zeros(n + 1, np.int64),
        is_wanted=np.zeros(n + 1, np.bool_),
        befores=np.zeros(n + 1, np.int64),
        afters=np.zeros(n + 1, np.int64),
        begins=np.zeros(n + 1, np.bool_),
        ends=np.zeros(n + 1, np.bool_),
        rows=np.empty((2, n_postings), np.int64),
        firsts=np.empty((2, n_postings), np.int64),
        first_rows=np.empty((2, n_postings), np.int64),
        sets=np.empty((2, n_postings), np.int64),
        edges=np.empty((2, n_postings + 1), np.int64),
        n_sets=np.zeros(2, np.int64),
        ended=np.empty(n_postings, np.int64),
        ended_lowers=np.empty(n_postings, np.int64),
        ended_uppers=np.empty(n_postings, np.int64),
        listed=np.empty((_MOST_LISTED, 4), np.int64),
    )


@kernel
def mark_gaps(
    query: Query,
    hot: HotTable,
    cover: Cover,
    bounds: HotBounds,
    search: HotSearch,
    scratch: Scratch,
) -> bool:
    """Set the columns of `scratch` that go by offset; tell whether any offset is wanted."""
    _fill_reached(cover, search, scratch.reached)
    _bound(query, hot, bounds, search, scratch)
    _mark_gaps(query, search, scratch)
    return _mark_borders(query, search, scratch)


@kernel
def _fill_reached(cover: Cover, search: HotSearch, reached: Offsets) -> None:
    """Set `reached` from the runs of the expression that lie in the text."""
    reached[search.start : search.stop + 1] = 0
    for cell in range(search.start >> CELL_BITS, (search.stop >> CELL_BITS) + 1):
        node = cover.buckets[bucket_of(cover.buckets.size, search.license, cell)]
        while node >= 0:
            start, stop = cover.starts[node], cover.stops[node]
            if cover.licenses[node] == search.license and search.start <= start < search.stop:
                enter_run(reached, start, stop)
            node = cover.nexts[node]


@kernel
def enter_run(reached: Offsets, start: int, stop: int) -> None:
    """Enter a run."""
    for offset in range(start, stop):
        if reached[offset] >= stop:
            break
        reached[offset] = stop


@kernel
def _bound(
    query: Query,
    hot: HotTable,
    bounds: HotBounds,
    search: HotSearch,
    scratch: Scratch,
) -> None:
    """Set `carries`, `lowers` and `uppers`: as hot_bounds.py does, for one expression.

    All sampled grams of a match with news are among the offsets that can lie in one.
    """
    start, stop, carries, offsets = search.start, search.stop, scratch.carries, search.offsets
    slots, firsts, stops = query.slots, hot.set_starts, hot.set_stops
    holds, sets = scratch.holds, hot.sets
    carries[start:stop] = False
    for offset in offsets:
        slot = slots[offset]
        carries[offset] = _carries(holds, sets, firsts[slot], stops[slot])
    lefts, rights, lowers, uppers = bounds.lefts, bounds.rights, scratch.lowers, scratch.uppers
    bound_by_contexts(query, start, stop, offsets, carries, lefts, rights, lowers, uppers)


@kernel
def _carries(holds: npt.NDArray[np.bool_], sets: Numbers, first: int, stop: int) -> bool:
    """Tell whether some document of a hot gram carries the expression, by the gram's sets."""
    for i in range(first, stop):  # noqa: SIM110 - Numba has no `any`
        if holds[sets[i]]:
            return True
    return False


@kernel
def _mark_gaps(query: Query, search: HotSearch, scratch: Scratch) -> None:
    """Mark the offsets that every match of a gap has a sampled gram among.

    A match longer than the guarantee has several in a row; so many are marked on either side that
    all of them are seen.
    """
    guarantee, reach = query.k + query.stride - 1, query.stride - 1
    around = (query.min_chars - guarantee) // query.stride * query.stride
    reached = scratch.reached
    scratch.is_wanted[search.start : search.stop + 1] = False
    after = -1  # first end that a match of this gap has; -1: any
    for offset in range(search.start, search.stop + 1):
        is_last = offset == search.stop
        starts_run = not is_last and reached[offset] > offset
        if not is_last and not (starts_run and reached[offset] >= after):
            continue
        before = offset - 1 if not is_last else search.stop
        if after >= 0 and not is_last and after - before >= guarantee:
            low, high = before, before + query.stride - 1
        else:
            low = after - guarantee if after >= 0 else search.start
            high = before + reach
        low, high = max(low - around, search.start), high + around
        _mark(query, search, scratch, low, high, before, after)
        if starts_run:
            after = reached[offset] + 1


@kernel
def _mark(
    query: Query,
    search: HotSearch,
    scratch: Scratch,
    low: int,
    high: int,
    before: int,
    after: int,
) -> None:
    """Mark the offsets in [low, high] that can lie in a match with news in a gap."""
    for i in range(np.searchsorted(search.offsets, low), search.offsets.size):
        offset = search.offsets[i]
        if offset > high:
            break
        if not scratch.carries[offset]:
            continue
        lower, upper = scratch.lowers[offset], scratch.uppers[offset]
        if upper - lower < query.min_chars or scratch.reached[lower] >= upper:
            continue
        is_first = not scratch.is_wanted[offset]
        scratch.is_wanted[offset] = True
        scratch.befores[offset] = before if is_first else max(before, scratch.befores[offset])
        scratch.afters[offset] = after if is_first else min(after, scratch.afters[offset])


@kernel
def _mark_borders(query: Query, search: HotSearch, scratch: Scratch) -> bool:
    """Set `begins` and `ends`: where all that matters of the neighbouring gram is known.

    Tells whether any offset is wanted.
    """
    any_wanted = False
    for offset in search.offsets:
        if scratch.is_wanted[offset]:
            any_wanted = True
            before, after = offset - query.stride, offset + query.stride
            scratch.begins[offset] = before >= search.start and _is_known(
                query, scratch, offset, before
            )
            scratch.ends[offset] = after < search.stop and _is_known(query, scratch, offset, after)
    return any_wanted


@kernel
def _is_known(query: Query, scratch: Scratch, offset: int, neighbour: int) -> bool:
    """Tell whether a match of a gap at `offset` that holds the gram beside it was entered there.

    It was if nothing was demanded there, or the same as at `offset`.
    """
    before, after = scratch.befores[neighbour], scratch.afters[neighbour]
    return bool(
        scratch.is_wanted[neighbour]
        and (
            (before >= neighbour and after <= neighbour + query.k)
            or _demand_alike(scratch, offset, neighbour)
        )
    )


@kernel
def _demand_alike(scratch: Scratch, offset: int, other: int) -> bool:
    """Tell whether two wanted offsets, and so all between them, have the same gaps."""
    return bool(
        scratch.befores[offset] == scratch.befores[other]
        and scratch.afters[offset] == scratch.afters[other]
    )


@kernel
def demanded(
    query: Query, hot: HotTable, bounds: HotBounds, scratch: Scratch, offset: int
) -> tuple[int, int, int, int]:
    """Left and right contexts of a wanted gram that agree as far as its gaps demand."""
    slot, end, reach = query.slots[offset], offset + query.k, query.stride - 1
    low, high = hot.left_starts[slot], hot.left_stops[slot]
    need = offset - scratch.befores[offset]
    if need >= reach:
        low, high = bounds.left_lows[offset], bounds.left_highs[offset]
    elif need > 0:
        low, high = rank_range(query.text, offset, hot.left_contexts, low, high, need, False)
    first, stop = hot.right_starts[slot], hot.right_stops[slot]
    need = scratch.afters[offset] - end
    if need >= reach:
        first, stop = bounds.right_lows[offset], bounds.right_highs[offset]
    elif need > 0:
        first, stop = rank_range(query.text, end, hot.right_contexts, first, stop, need, True)
    return low, high, first, stop


@kernel
def continuing(
    query: Query, hot: HotTable, bounds: HotBounds, offset: int
) -> tuple[int, int, int, int]:
    """Left contexts that agree throughout, and right ones: a match holds a further gram there.

    Where a match of one sampled gram would do, these are all.
    """
    slot, reach = query.slots[offset], query.stride - 1
    if query.min_chars > reach + query.k + reach:
        return (
            bounds.left_lows[offset],
            bounds.left_highs[offset],
            bounds.right_lows[offset],
            bounds.right_highs[offset],
        )
    return (
        hot.left_starts[slot],
        hot.left_stops[slot],
        hot.right_starts[slot],
        hot.right_stops[slot],
    )
