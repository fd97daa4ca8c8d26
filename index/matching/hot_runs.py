"""Matches that consist of hot grams alone: no chain leads to them, the hot lists do.

hot_gaps.py tells for one text and one licence expression at which offsets a match with news has a
sampled gram. The postings there are linked as seeds are, but all diagonals at once: the postings of
a gram and those of the gram a stride before are both in order of position, so one merge tells which
chains go on, which begin and which end. Most end too soon to hold a match, and cost no more than
that. For the others the contexts tell the exact extent.

The innermost loops take arrays out of the tables first: handing a table to a function costs a
reference count for each of its arrays, which is more than most of these functions do.
"""

from sc2_attrib.index.compiled import kernel
from sc2_attrib.index.matching.cover import Cover
from sc2_attrib.index.matching.hot_bounds import HotBounds, rank_range
from sc2_attrib.index.matching.hot_gaps import (
    Carried,
    HotSearch,
    Scratch,
    continuing,
    demanded,
    enter_run,
    mark_gaps,
)
from sc2_attrib.index.matching.hot_walk import (
    agreeing_left,
    agreeing_right,
    extent,
    row_at,
)
from sc2_attrib.index.matching.query import Query
from sc2_attrib.index.segment.hot_cache import HotTable, Numbers
from sc2_attrib.index.text import Offsets


@kernel
def find_hot_runs(
    query: Query,
    hot: HotTable,
    cover: Cover,
    bounds: HotBounds,
    start: int,
    stop: int,
    offsets: Offsets,
    carried: Carried,
    at: int,
    refuted: Offsets,
    scratch: Scratch,
) -> tuple[int, int]:
    """Find matches of hot grams alone for the first expression that has any, inside no found run.

    A match inside one that was listed before may be left out.

    Args:
        query, hot, cover, bounds: as elsewhere.
        start, stop, offsets: of the search in a text, see `HotSearch`.
        carried: expressions to search for.
        at: expression to begin with.
        refuted: of that one, see `HotSearch`.
        scratch: overwritten; it `holds` nothing.

    Returns:
        That expression, and the rows of `scratch.listed`, which may leave out some if they fill it.
    """
    while at < carried.licenses.size:
        search = HotSearch(start, stop, carried.licenses[at], offsets, refuted)
        holding = carried.sets[carried.starts[at] : carried.starts[at + 1]]
        for members in holding:
            scratch.holds[members] = True
        n = 0
        if mark_gaps(query, hot, cover, bounds, search, scratch):
            n = _find_runs(query, hot, bounds, search, scratch)
        for members in holding:
            scratch.holds[members] = False
        if n:
            return at, n
        at, refuted = at + 1, refuted[:0]
    return at, 0


@kernel
def _find_runs(
    query: Query, hot: HotTable, bounds: HotBounds, search: HotSearch, scratch: Scratch
) -> int:
    """Link the postings at wanted offsets and list the matches they make; count them."""
    n = 0
    for first in range(search.start, min(search.start + query.stride, search.stop)):
        side = 0
        scratch.n_sets[side] = 0
        for offset in range(first, search.stop + query.stride, query.stride):
            scratch.n_sets[1 - side] = 0
            if offset < search.stop and scratch.is_wanted[offset]:
                _enter(query, hot, bounds, scratch, 1 - side, offset)
            if scratch.n_sets[side]:
                n = _join(query, hot, search, scratch, side, offset, n)
            side = 1 - side
    return n


@kernel
def _enter(
    query: Query,
    hot: HotTable,
    bounds: HotBounds,
    scratch: Scratch,
    side: int,
    offset: int,
) -> None:
    """List the postings at a wanted offset that may do, each as a chain that begins there.

    They must be of the expression, and agree with the text as far as the gap demands.
    """
    slot, n, n_sets = query.slots[offset], 0, 0
    low, high, from_, to = demanded(query, hot, bounds, scratch, offset)
    if low >= high or from_ >= to:
        scratch.n_sets[side] = 0
        return
    more_low, more_high, more_from, more_to = continuing(query, hot, bounds, offset)
    by_set, lefts, rights = hot.by_set, hot.set_lefts, hot.set_rights
    rows, firsts, first_rows = scratch.rows[side], scratch.firsts[side], scratch.first_rows[side]
    scratch.edges[side, 0] = 0
    for i in range(hot.set_starts[slot], hot.set_stops[slot]):
        if not scratch.holds[hot.sets[i]]:
            continue
        for at in range(hot.set_rows[i], hot.set_rows[i] + hot.set_counts[i]):
            left, right = lefts[at], rights[at]
            if (low <= left < high and from_ <= right < to) and (
                more_low <= left < more_high or more_from <= right < more_to
            ):
                rows[n] = by_set[at]
                firsts[n] = offset
                first_rows[n] = by_set[at]
                n += 1
        if n > scratch.edges[side, n_sets]:
            scratch.sets[side, n_sets] = hot.sets[i]
            n_sets += 1
            scratch.edges[side, n_sets] = n
    scratch.n_sets[side] = n_sets


@kernel
def _join(
    query: Query,
    hot: HotTable,
    search: HotSearch,
    scratch: Scratch,
    side: int,
    offset: int,
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
            lower, upper = scratch.ended_lowers[j], scratch.ended_uppers[j]
            if _is_news(scratch.reached, query.min_chars, lower, upper):  # of those just listed too
                row = scratch.rows[side, scratch.ended[j]]
                n = _end(query, hot, search, scratch, last, row, n)
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
    n: int,
) -> int:
    """End a chain at posting `row` of the gram at `last`: list its run, if that is news."""
    out = scratch.listed
    if n == len(out):
        return n
    start, stop = extent(query, hot, last, row)
    diagonal = hot.positions[row] * query.stride - last
    if not _is_news(scratch.reached, query.min_chars, start, stop) or _is_refuted(
        search, diagonal, start, stop
    ):
        return n
    enter_run(scratch.reached, start, stop)
    out[n, 0], out[n, 1], out[n, 2], out[n, 3] = start, stop, diagonal, hot.documents[row]
    return n + 1


@kernel
def _is_refuted(search: HotSearch, diagonal: int, start: int, stop: int) -> bool:
    for row in search.refuted:  # noqa: SIM110 - Numba has no `any`
        if row[0] == diagonal and row[1] == start and row[2] == stop:
            return True
    return False
