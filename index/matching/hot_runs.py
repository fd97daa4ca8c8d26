"""Matches that consist of hot grams alone: no chain leads to them, the hot lists do.

For one text and one licence expression, `reached` says for each offset how far the best run of that
expression which starts at or before it extends (0: none). A match that lies in none of those runs
starts at or before the start of some run and ends after the end of the run before it: it belongs to
a *gap* between two runs, from `before` (last offset it may start at) to `after` (first end it may
have). If the gap holds a whole guarantee, the match holds its first sampled gram; else some sampled
gram of it lies in a window around the gap. Only postings at those offsets are looked at.

They are linked as seeds are, but all diagonals at once: the postings of a gram and those of the
gram a stride before are both in order of position, so one merge tells which chains go on, which
begin and which end. Most end too soon to hold a match, and cost no more than that. For the others
the contexts tell the exact extent.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.compiled import kernel
from sc2_attrib.index.matching.cover import Cover
from sc2_attrib.index.matching.hot_bounds import HotBounds, rank_range
from sc2_attrib.index.matching.hot_walk import (
    agree_right,
    agreeing_left,
    agreeing_right,
    extent,
    find_left,
    find_posting,
    row_at,
    sort_by_left,
)
from sc2_attrib.index.matching.query import Query
from sc2_attrib.index.segment.documents import LicenseSets
from sc2_attrib.index.segment.hot import HotTable, Numbers
from sc2_attrib.index.text import Offsets


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


class Scratch(NamedTuple):
    """Room that searches share.

    By offset of the query: `reached`; whether a document of the expression `carries` the gram;
    `lowers` and `uppers`, beyond which no all-hot match of the expression reaches; whether its
    postings are `is_wanted`, and then the weakest demands of its gaps, `befores` and `afters`, and
    whether a match with news whose chain `begins` or `ends` there holds no further sampled gram.

    The rest holds the chains that live at two neighbouring sampled grams, one in row 0, the other
    in row 1: postings in order of licence set and position (`rows` of the hot table), and offset
    and row of the first of each one's chain. `sets`, `edges`: set s of `n_sets` has the postings
    [edges[s], edges[s + 1]). `ended`: rows of those that end there, and bounds of their matches.
    """

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


def new_scratch(n: int, n_postings: int) -> Scratch:
    """Make room for texts of `n` bytes and grams of at most `n_postings` postings."""
    return Scratch(
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
    )


@kernel
def _has_license(starts: Offsets, ids: Numbers, members: int, license: int) -> bool:
    """Tell whether a set of expressions holds one (see LicenseSets)."""
    for i in range(starts[members], starts[members + 1]):  # noqa: SIM110 - Numba has no `any`
        if ids[i] == license:
            return True
    return False


@kernel
def find_hot_runs(
    query: Query,
    hot: HotTable,
    sets: LicenseSets,
    cover: Cover,
    bounds: HotBounds,
    search: HotSearch,
    scratch: Scratch,
    out: Offsets,
) -> int:
    """Find matches of hot grams alone, for the expression, inside no found run.

    A match inside one that was listed before may be left out.

    Args:
        query, hot, sets, cover, bounds, search: as elsewhere.
        scratch: overwritten.
        out: rows (start, stop, diagonal, document).

    Returns:
        Rows of `out`; if it is full, there may be more.
    """
    _fill_reached(cover, search, scratch.reached)
    _bound(query, hot, sets, bounds, search, scratch)
    _mark_gaps(query, search, scratch)
    if not scratch.is_wanted[search.start : search.stop].any():
        return 0
    _mark_borders(query, search, scratch)
    n = 0
    for first in range(search.start, min(search.start + query.stride, search.stop)):
        side = 0
        scratch.n_sets[side] = 0
        for offset in range(first, search.stop + query.stride, query.stride):
            scratch.n_sets[1 - side] = 0
            if offset < search.stop and scratch.is_wanted[offset]:
                _enter(query, hot, sets, search, scratch, 1 - side, offset)
            if scratch.n_sets[side]:
                n = _join(query, hot, search, scratch, side, offset, out, n)
            side = 1 - side
    return n


@kernel
def _fill_reached(cover: Cover, search: HotSearch, reached: Offsets) -> None:
    """Set `reached` from the runs of the expression that lie in the text."""
    reached[search.start : search.stop + 1] = 0
    for node in range(cover.used[0]):
        start, stop = cover.starts[node], cover.stops[node]
        if cover.licenses[node] == search.license and search.start <= start < search.stop:
            _reach(reached, start, stop)


@kernel
def _reach(reached: Offsets, start: int, stop: int) -> None:
    """Enter a run."""
    for offset in range(start, stop):
        if reached[offset] >= stop:
            break
        reached[offset] = stop


@kernel
def _bound(
    query: Query,
    hot: HotTable,
    sets: LicenseSets,
    bounds: HotBounds,
    search: HotSearch,
    scratch: Scratch,
) -> None:
    """Set `carries`, `lowers` and `uppers`: as hot_bounds.py does, for one expression."""
    reach, carries = query.stride - 1, scratch.carries
    for offset in range(search.start, search.stop):
        carries[offset] = query.slots[offset] >= 0 and _carries(
            hot, sets, query.slots[offset], search.license
        )
        before = offset - query.stride
        if not carries[offset]:
            continue
        if bounds.lefts[offset] < reach or before < search.start:
            scratch.lowers[offset] = max(offset - bounds.lefts[offset], search.start)
        elif not carries[before] or bounds.rights[before] < reach:
            scratch.lowers[offset] = before + 1
        else:
            scratch.lowers[offset] = scratch.lowers[before]
    for offset in range(search.stop - 1, search.start - 1, -1):
        after = offset + query.stride
        if not carries[offset]:
            continue
        if bounds.rights[offset] < reach or after + query.k > search.stop:
            scratch.uppers[offset] = min(offset + query.k + bounds.rights[offset], search.stop)
        elif not carries[after] or bounds.lefts[after] < reach:
            scratch.uppers[offset] = after + query.k - 1
        else:
            scratch.uppers[offset] = scratch.uppers[after]


@kernel
def _carries(hot: HotTable, sets: LicenseSets, slot: int, license: int) -> bool:
    """Tell whether some document of a hot gram carries an expression."""
    for i in range(hot.set_starts[slot], hot.set_stops[slot]):
        if _has_license(sets.starts, sets.ids, hot.sets[i], license):
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
def _enter(
    query: Query,
    hot: HotTable,
    sets: LicenseSets,
    search: HotSearch,
    scratch: Scratch,
    side: int,
    offset: int,
) -> None:
    """List the postings at a wanted offset that may do, each as a chain that begins there.

    They must be of the expression, and agree with the text as far as the gap demands.
    """
    slot, n, n_sets = query.slots[offset], 0, 0
    low, high, from_, to = _demanded(query, hot, scratch, offset)
    more_low, more_high, more_from, more_to = _continuing(query, hot, offset)
    lefts, rights, by_set = hot.lefts, hot.rights, hot.by_set
    rows, firsts, first_rows = scratch.rows[side], scratch.firsts[side], scratch.first_rows[side]
    members, ids, license = sets.starts, sets.ids, search.license
    scratch.edges[side, 0] = 0
    for i in range(hot.set_starts[slot], hot.set_stops[slot]):
        if not _has_license(members, ids, hot.sets[i], license):
            continue
        for at in range(hot.set_rows[i], hot.set_rows[i] + hot.set_counts[i]):
            row = by_set[at]
            left, right = lefts[row], rights[row]
            if (low <= left < high and from_ <= right < to) and (
                more_low <= left < more_high or more_from <= right < more_to
            ):
                rows[n] = row
                firsts[n] = offset
                first_rows[n] = row
                n += 1
        scratch.sets[side, n_sets] = hot.sets[i]
        n_sets += 1
        scratch.edges[side, n_sets] = n
    scratch.n_sets[side] = n_sets


@kernel
def _demanded(
    query: Query, hot: HotTable, scratch: Scratch, offset: int
) -> tuple[int, int, int, int]:
    """Left and right contexts of a wanted gram that agree as far as its gaps demand."""
    slot, end, reach = query.slots[offset], offset + query.k, query.stride - 1
    low, high = hot.left_starts[slot], hot.left_stops[slot]
    need = min(offset - scratch.befores[offset], reach)
    if need > 0:
        low, high = rank_range(query.text, offset, hot.left_contexts, low, high, need, False)
    first, stop = hot.right_starts[slot], hot.right_stops[slot]
    need = min(scratch.afters[offset] - end, reach)
    if need > 0:
        first, stop = rank_range(query.text, end, hot.right_contexts, first, stop, need, True)
    return low, high, first, stop


@kernel
def _continuing(query: Query, hot: HotTable, offset: int) -> tuple[int, int, int, int]:
    """Left contexts that agree throughout, and right ones: a match holds a further gram there.

    Where a match of one sampled gram would do, these are all.
    """
    slot, reach = query.slots[offset], query.stride - 1
    low, high = hot.left_starts[slot], hot.left_stops[slot]
    first, stop = hot.right_starts[slot], hot.right_stops[slot]
    if query.min_chars > reach + query.k + reach:
        end = offset + query.k
        low, high = rank_range(query.text, offset, hot.left_contexts, low, high, reach, False)
        first, stop = rank_range(query.text, end, hot.right_contexts, first, stop, reach, True)
    return low, high, first, stop


@kernel
def _mark_borders(query: Query, search: HotSearch, scratch: Scratch) -> None:
    """Set `begins` and `ends`: where all that matters of the neighbouring gram is known."""
    for offset in search.offsets:
        if scratch.is_wanted[offset]:
            before, after = offset - query.stride, offset + query.stride
            scratch.begins[offset] = before >= search.start and _is_known(
                query, scratch, offset, before
            )
            scratch.ends[offset] = after < search.stop and _is_known(query, scratch, offset, after)


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
def _join(
    query: Query,
    hot: HotTable,
    search: HotSearch,
    scratch: Scratch,
    side: int,
    offset: int,
    out: Offsets,
    n: int,
) -> int:
    """Let the chains of `side`, a stride before `offset`, go on at `offset`, or end.

    A document has one licence set, so a chain goes on within its set.
    """
    other, at_set = 1 - side, 0
    low, high = _agreeing(query, hot, scratch.n_sets[other], offset)
    for s in range(scratch.n_sets[side]):
        members = scratch.sets[side, s]
        while at_set < scratch.n_sets[other] and scratch.sets[other, at_set] < members:
            at_set += 1
        at = stop = 0
        if at_set < scratch.n_sets[other] and scratch.sets[other, at_set] == members:
            at, stop = scratch.edges[other, at_set], scratch.edges[other, at_set + 1]
        n_ended = _link(
            hot.positions,
            hot.lefts,
            low,
            high,
            scratch.rows[side],
            scratch.firsts[side],
            scratch.first_rows[side],
            scratch.edges[side, s],
            scratch.edges[side, s + 1],
            scratch.rows[other],
            scratch.firsts[other],
            scratch.first_rows[other],
            at,
            stop,
            scratch.ended,
        )
        last = offset - query.stride
        n_ended = _keep_bounded(query, hot, search, scratch, side, last, n_ended)
        n_ended = _keep_reaching(query, hot, search, scratch, side, last, n_ended)
        for j in range(n_ended):
            lower, row = scratch.ended_lowers[j], scratch.rows[side, scratch.ended[j]]
            if scratch.reached[lower] < scratch.ended_uppers[j]:
                n = _end(query, hot, search, scratch, last, row, out, n)
    return n


@kernel
def _keep_bounded(
    query: Query,
    hot: HotTable,
    search: HotSearch,
    scratch: Scratch,
    side: int,
    last: int,
    n_ended: int,
) -> int:
    """Keep of the chains that end at `last` those whose bounds leave room for news; count them."""
    ended, ended_lowers, ended_uppers = scratch.ended, scratch.ended_lowers, scratch.ended_uppers
    firsts, first_rows, rows = scratch.firsts[side], scratch.first_rows[side], scratch.rows[side]
    befores, afters, begins, ends = scratch.befores, scratch.afters, scratch.begins, scratch.ends
    left_contexts, right_contexts = hot.left_contexts, hot.right_contexts
    text, lefts, rights, lowers = query.text, hot.lefts, hot.rights, scratch.lowers
    reached, min_chars, end, upper_of_all = (
        scratch.reached,
        query.min_chars,
        last + query.k,
        scratch.uppers[last],
    )
    start, stop, n = search.start, search.stop, 0
    for i in ended[:n_ended]:
        first, lower, upper = firsts[i], lowers[firsts[i]], upper_of_all
        if not _is_news(reached, min_chars, lower, upper):
            continue
        if befores[first] == befores[last] and afters[first] == afters[last]:
            if begins[first]:
                rank = lefts[first_rows[i]]
                lower = first - agreeing_left(text, first, start, left_contexts, rank)
            if ends[last]:
                upper = end + agreeing_right(text, end, stop, right_contexts, rights[rows[i]])
        if _is_news(reached, min_chars, lower, upper):
            ended[n], ended_lowers[n], ended_uppers[n] = i, lower, upper
            n += 1
    return n


@kernel
def _is_news(reached: Offsets, min_chars: int, lower: int, upper: int) -> bool:
    """Tell whether a match from `lower` to `upper` is long enough and lies in no found run."""
    return bool(upper - lower >= min_chars and reached[lower] < upper)


@kernel
def _keep_reaching(
    query: Query,
    hot: HotTable,
    search: HotSearch,
    scratch: Scratch,
    side: int,
    last: int,
    n_ended: int,
) -> int:
    """Keep of the chains that end at `last` those that extend as far as news must; count them.

    Where the chain's demands leave open how it goes on, the lists are asked for the sampled grams
    at both ends of what a match must hold; those between are not.
    """
    ended, ended_lowers, ended_uppers = scratch.ended, scratch.ended_lowers, scratch.ended_uppers
    rows, reached, slots, text = scratch.rows[side], scratch.reached, query.slots, query.text
    positions, starts, stops = hot.positions, hot.starts, hot.stops
    left_contexts, right_contexts = hot.left_contexts, hot.right_contexts
    lefts, rights = hot.lefts, hot.rights
    k, stride, min_chars = query.k, query.stride, query.min_chars
    start, stop, n = search.start, search.stop, 0
    for j in range(n_ended):
        i, lower, upper = ended[j], ended_lowers[j], ended_uppers[j]
        must_end = max(reached[lower] + 1, lower + min_chars)
        steps = (must_end - last - k) // stride
        if steps > 0:
            far = last + steps * stride
            row = row_at(slots[far], starts, stops, positions, positions[rows[i]] + steps)
            need = min(must_end - far - k, stride - 1)
            if row < 0 or agreeing_right(text, far + k, stop, right_contexts, rights[row]) < need:
                continue
        must_begin = upper - min_chars
        steps = (last - must_begin) // stride
        if steps > 0:
            far = last - steps * stride
            row = row_at(slots[far], starts, stops, positions, positions[rows[i]] - steps)
            need = min(far - must_begin, stride - 1)
            if row < 0 or agreeing_left(text, far, start, left_contexts, lefts[row]) < need:
                continue
        ended[n], ended_lowers[n], ended_uppers[n] = i, lower, upper
        n += 1
    return n


@kernel
def _link(
    positions: Offsets,
    lefts: Numbers,
    low: int,
    high: int,
    rows: Offsets,
    firsts: Offsets,
    first_rows: Offsets,
    start: int,
    stop: int,
    next_rows: Offsets,
    next_firsts: Offsets,
    next_first_rows: Offsets,
    at: int,
    next_stop: int,
    ended: Offsets,
) -> int:
    """Link the postings [start, stop) of one set and gram with those of the gram a stride on.

    Args:
        positions, lefts: of the hot table.
        low, high: ranks of left contexts that agree back to the gram before.
        rows, firsts, first_rows: of the gram before; its postings of the set are [start, stop).
        next_rows, next_firsts, next_first_rows: of the gram; its own are [at, next_stop).
        ended: out, indices of `rows` whose chain ends there.

    Returns:
        Length of `ended`.
    """
    n = 0
    for i in range(start, stop):
        wanted = positions[rows[i]] + 1
        while at < next_stop and positions[next_rows[at]] < wanted:
            at += 1
        if (
            at < next_stop
            and positions[next_rows[at]] == wanted
            and low <= lefts[next_rows[at]] < high
        ):
            next_firsts[at] = firsts[i]
            next_first_rows[at] = first_rows[i]
        else:
            ended[n] = i
            n += 1
    return n


@kernel
def _agreeing(query: Query, hot: HotTable, n_sets: int, offset: int) -> tuple[int, int]:
    """Left contexts of the gram at `offset` that agree back to the sampled gram before."""
    between = query.stride - query.k
    if n_sets == 0 or between <= 0:
        return 0, len(hot.left_contexts)
    slot = query.slots[offset]
    first, stop = hot.left_starts[slot], hot.left_stops[slot]
    return rank_range(query.text, offset, hot.left_contexts, first, stop, between, False)


@kernel
def _end(
    query: Query,
    hot: HotTable,
    search: HotSearch,
    scratch: Scratch,
    last: int,
    row: int,
    out: Offsets,
    n: int,
) -> int:
    """End a chain at posting `row` of the gram at `last`: list its run, if that is news."""
    if n == len(out):
        return n
    start, stop = extent(query, hot, last, row)
    diagonal = hot.positions[row] * query.stride - last
    if not _is_news(scratch.reached, query.min_chars, start, stop) or _is_refuted(
        search, diagonal, start, stop
    ):
        return n
    _reach(scratch.reached, start, stop)
    out[n, 0], out[n, 1], out[n, 2], out[n, 3] = start, stop, diagonal, hot.documents[row]
    return n + 1


@kernel
def _is_refuted(search: HotSearch, diagonal: int, start: int, stop: int) -> bool:
    for row in search.refuted:  # noqa: SIM110 - Numba has no `any`
        if row[0] == diagonal and row[1] == start and row[2] == stop:
            return True
    return False


@kernel
def hot_holders(
    query: Query,
    hot: HotTable,
    sets: LicenseSets,
    set_of: Numbers,
    start: int,
    stop: int,
    first: int,
    room: int,
    seen: npt.NDArray[np.bool_],
    out: Offsets,
) -> tuple[int, bool]:
    """List all-hot diagonals on which the lists say that a document's run is query [start, stop).

    Args:
        query, hot, sets: as elsewhere; a removed document has an empty set.
        set_of: set of expressions of each document.
        start, stop: at least the guarantee apart, within one text.
        first: the first sampled offset of these diagonals, in [start, start + stride).
        room: diagonals to list; beyond it only the first of each set of expressions.
        seen: by set of expressions, whether a document of it was listed; extended.
        out: rows (diagonal, document), at least as many as the gram at `first` has postings.

    Returns:
        Rows of `out`, and whether postings were passed over for lack of room.
    """
    n, passed_over = 0, False
    last = first + (stop - query.k - first) // query.stride * query.stride
    for offset in range(first, last + 1, query.stride):
        if query.slots[offset] < 0:
            return 0, False
    slot, lefts, by_left, positions = query.slots[first], hot.lefts, hot.by_left, hot.positions
    top, bottom, steps = hot.starts[slot], hot.stops[slot], (last - first) // query.stride
    far_top, far_bottom = hot.starts[query.slots[last]], hot.stops[query.slots[last]]
    if by_left[top] < 0:
        sort_by_left(lefts, top, bottom, hot.left_starts[slot], hot.left_stops[slot], by_left)
    near, far = _exact_lefts(query, hot, slot, start, first)
    for low, high in (near, far):
        for at in range(
            find_left(by_left, lefts, top, bottom, low),
            find_left(by_left, lefts, top, bottom, high),
        ):
            if n >= room:
                passed_over = True
                break
            row = by_left[at]
            end = find_posting(positions, far_top, far_bottom, positions[row] + steps)
            if end < 0:
                continue
            members = set_of[hot.documents[row]]
            if sets.starts[members] < sets.starts[members + 1] and _spans(
                query, hot, start, stop, first, row, last, end
            ):
                out[n, 0], out[n, 1] = positions[row] * query.stride - first, hot.documents[row]
                seen[members] = True
                n += 1
    if passed_over:
        n = _one_of_each(query, hot, sets, start, stop, first, last, near, far, seen, out, n)
    return n, passed_over


@kernel
def _one_of_each(
    query: Query,
    hot: HotTable,
    sets: LicenseSets,
    start: int,
    stop: int,
    first: int,
    last: int,
    near: tuple[int, int],
    far: tuple[int, int],
    seen: npt.NDArray[np.bool_],
    out: Offsets,
    n: int,
) -> int:
    """List, as `hot_holders` does, one document of each set of expressions that wasn't seen."""
    slot, lefts, by_set, positions = query.slots[first], hot.lefts, hot.by_set, hot.positions
    far_top, far_bottom = hot.starts[query.slots[last]], hot.stops[query.slots[last]]
    steps = (last - first) // query.stride
    for i in range(hot.set_starts[slot], hot.set_stops[slot]):
        members = hot.sets[i]
        if seen[members] or sets.starts[members] == sets.starts[members + 1]:
            continue
        for at in range(hot.set_rows[i], hot.set_rows[i] + hot.set_counts[i]):
            row, left = by_set[at], lefts[by_set[at]]
            if not (near[0] <= left < near[1] or far[0] <= left < far[1]):
                continue
            end = find_posting(positions, far_top, far_bottom, positions[row] + steps)
            if end >= 0 and _spans(query, hot, start, stop, first, row, last, end):
                out[n, 0], out[n, 1] = positions[row] * query.stride - first, hot.documents[row]
                seen[members] = True
                n += 1
                break
    return n


@kernel
def _exact_lefts(
    query: Query, hot: HotTable, slot: int, start: int, first: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Left contexts of the gram at `first` that agree back to `start` and no further: two ranges.

    Where that is a whole context, it can't be told whether they agree further.
    """
    contexts, top, bottom = hot.left_contexts, hot.left_starts[slot], hot.left_stops[slot]
    low, high = rank_range(query.text, first, contexts, top, bottom, first - start, False)
    further, end = high, high
    if first - start < query.stride - 1:
        further, end = rank_range(query.text, first, contexts, low, high, first - start + 1, False)
    return (low, further), (end, high)


@kernel
def _spans(
    query: Query, hot: HotTable, start: int, stop: int, first: int, row: int, last: int, end: int
) -> bool:
    """Tell whether the postings at the first and last sampled offset make a run [start, stop)."""
    if agree_right(query, hot, last, end) != stop - last - query.k:
        return False
    found_start, found_stop = extent(query, hot, first, row)
    return bool(found_start == start and found_stop == stop)
