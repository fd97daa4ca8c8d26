"""Matches that consist of hot grams alone: no chain leads to them, the hot lists do.

For one text and one licence expression, `reached` says for each offset how far the best run of that
expression which starts at or before it extends (0: none). A match that lies in none of those runs
starts at or before the start of some run and ends after the end of the run before it: it belongs to
a *gap* between two runs, from `before` (last offset it may start at) to `after` (first end it may
have). If the gap holds a whole guarantee, the match holds its first sampled gram; else some sampled
gram of it lies in a window around the gap. Only those offsets are examined: ranges of context ranks
say which postings can reach far enough, and where more than a context is needed, the list of a gram
further on is asked first.

`next_hot_run` gives one candidate at a time; the caller compares it with the text, updates
`reached`, and asks again. Offsets that are settled stay settled, since `reached` only grows.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.compiled import kernel
from sc2_attrib.index.matching.cover import Cover
from sc2_attrib.index.matching.hot_bounds import HotBounds, rank_range
from sc2_attrib.index.matching.hot_walk import agree_right, extent, find_posting
from sc2_attrib.index.matching.query import Query
from sc2_attrib.index.segment.documents import LicenseSets
from sc2_attrib.index.segment.hot import HotTable
from sc2_attrib.index.text import Offsets


class HotSearch(NamedTuple):
    """State of the search in one text for one expression.

    The text is [start, stop) of the joined text, as all offsets.

    `offsets`: hot offsets that can lie in a match, ascending. `settled`: by offset. `reached`: by
    offset, see above. `refuted`: rows (diagonal, start, stop) that the text did not confirm,
    because a hash was equal by chance.
    """

    start: int
    stop: int
    license: int
    offsets: Offsets
    settled: npt.NDArray[np.bool_]
    reached: Offsets
    refuted: Offsets


class HotRun(NamedTuple):
    """Query [start, stop) on `diagonal`, in `document`; `found` is 0 if there is none."""

    found: int
    diagonal: int
    start: int
    stop: int
    document: int


@kernel
def _has_license(sets: LicenseSets, members: int, license: int) -> bool:
    """Tell whether a set of expressions holds one."""
    for i in range(sets.starts[members], sets.starts[members + 1]):
        if sets.ids[i] == license:
            return True
    return False


@kernel
def carriers(
    query: Query, hot: HotTable, sets: LicenseSets, offsets: Offsets, license: int, out: Offsets
) -> int:
    """Keep the hot offsets of which some document carries `license`; the length of `out`."""
    n = 0
    for offset in offsets:
        slot = query.slots[offset]
        for i in range(hot.set_starts[slot], hot.set_stops[slot]):
            if _has_license(sets, hot.sets[i], license):
                out[n] = offset
                n += 1
                break
    return n


@kernel
def fill_reached(cover: Cover, search: HotSearch) -> None:
    """Set `reached` from the runs of the expression that lie in the text."""
    search.reached[search.start : search.stop + 1] = 0
    for node in range(cover.used[0]):
        start, stop = cover.starts[node], cover.stops[node]
        if cover.licenses[node] == search.license and search.start <= start < search.stop:
            for offset in range(start, stop):
                if search.reached[offset] < stop:
                    search.reached[offset] = stop


@kernel
def next_hot_run(
    query: Query,
    hot: HotTable,
    sets: LicenseSets,
    bounds: HotBounds,
    search: HotSearch,
) -> HotRun:
    """Find a match of hot grams alone, for the expression, inside no found run.

    Args:
        query, hot, sets, bounds: as elsewhere.
        search: its `settled` is extended.
    """
    guarantee, reach = query.k + query.stride - 1, query.stride - 1
    after = -1  # first end that a match of this gap has; -1: any
    for offset in range(search.start, search.stop + 1):
        is_last = offset == search.stop
        starts_run = not is_last and search.reached[offset] > offset
        if not is_last and not (starts_run and search.reached[offset] >= after):
            continue
        before = offset - 1 if not is_last else search.stop
        if after >= 0 and not is_last and after - before >= guarantee:
            low, high = before, before + query.stride - 1
        else:
            low = after - guarantee if after >= 0 else search.start
            high = before + reach
        found = _examine(query, hot, sets, bounds, search, low, high)
        if found.found:
            return found
        if starts_run:
            after = search.reached[offset] + 1
    return HotRun(0, 0, 0, 0, 0)


@kernel
def _examine(
    query: Query,
    hot: HotTable,
    sets: LicenseSets,
    bounds: HotBounds,
    search: HotSearch,
    low: int,
    high: int,
) -> HotRun:
    """Examine the offsets in [low, high] that are not settled."""
    for i in range(np.searchsorted(search.offsets, low), search.offsets.size):
        offset = search.offsets[i]
        if offset > high:
            break
        if search.settled[offset]:
            continue
        found = _longest_through(query, hot, sets, bounds, search, offset)
        if found.found:
            return found
        search.settled[offset] = True
    return HotRun(0, 0, 0, 0, 0)


@kernel
def _longest_through(
    query: Query,
    hot: HotTable,
    sets: LicenseSets,
    bounds: HotBounds,
    search: HotSearch,
    offset: int,
) -> HotRun:
    """The longest match through the hot gram at `offset` that lies in no found run."""
    best = HotRun(0, 0, 0, 0, 0)
    lower, upper = bounds.lowers[offset], bounds.uppers[offset]
    if upper - lower < query.min_chars or search.reached[lower] >= upper:
        return best
    reach, slot, end = query.stride - 1, query.slots[offset], offset + query.k
    left, right = bounds.lefts[offset], bounds.rights[offset]
    must_end = search.reached[lower] + 1  # whatever ends before lies in a found run
    need_left = max(reach - right, 0)
    while need_left < min(reach, left + 1) and search.reached[offset - need_left] >= upper:
        need_left += 1
    need_right = min(max(reach - left, must_end - end, 0), reach)
    if need_left > left or need_right > right:
        return best
    steps = max(
        (must_end - end) // query.stride, 0
    )  # sampled grams further on, whole before must_end
    far = offset + steps * query.stride
    first_left, stop_left = rank_range(
        query,
        offset,
        hot.left_contexts,
        hot.left_starts[slot],
        hot.left_stops[slot],
        need_left,
        False,
    )
    first_right, stop_right = rank_range(
        query,
        end,
        hot.right_contexts,
        hot.right_starts[slot],
        hot.right_stops[slot],
        need_right,
        True,
    )
    for i in range(hot.set_starts[slot], hot.set_stops[slot]):
        if not _has_license(sets, hot.sets[i], search.license):
            continue
        for row in hot.by_set[hot.set_rows[i] : hot.set_rows[i] + hot.set_counts[i]]:
            if not (
                first_left <= hot.lefts[row] < stop_left
                and first_right <= hot.rights[row] < stop_right
            ):
                continue
            if steps > 0:
                far_row = find_posting(hot, query.slots[far], hot.positions[row] + steps)
                if far_row < 0 or agree_right(query, hot, far, far_row) < min(
                    must_end - far - query.k, reach
                ):
                    continue
            start, stop = extent(query, hot, offset, row)
            diagonal = hot.positions[row] * query.stride - offset
            if (
                stop - start > best.stop - best.start
                and stop - start >= query.min_chars
                and search.reached[start] < stop
                and not _is_refuted(search, diagonal, start, stop)
            ):
                best = HotRun(1, diagonal, start, stop, hot.documents[row])
                if stop - start >= upper - lower:
                    return best
    return best


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
    slot, steps = query.slots[first], (last - first) // query.stride
    # Contexts before the first gram that agree back to `start`, and those that agree further.
    contexts, top, bottom = hot.left_contexts, hot.left_starts[slot], hot.left_stops[slot]
    low, high = rank_range(query, first, contexts, top, bottom, first - start, False)
    longer, end_longer = high, high
    if first - start < query.stride - 1:
        longer, end_longer = rank_range(query, first, contexts, low, high, first - start + 1, False)
    for i in range(hot.set_starts[slot], hot.set_stops[slot]):
        members = hot.sets[i]
        if sets.starts[members] == sets.starts[members + 1]:
            continue
        for row in hot.by_set[hot.set_rows[i] : hot.set_rows[i] + hot.set_counts[i]]:
            if n >= room and seen[members]:
                passed_over = True
                break
            left = hot.lefts[row]
            if not low <= left < high or longer <= left < end_longer:
                continue
            far = find_posting(hot, query.slots[last], hot.positions[row] + steps)
            if far < 0 or agree_right(query, hot, last, far) != stop - last - query.k:
                continue
            found_start, found_stop = extent(query, hot, first, row)
            if found_start == start and found_stop == stop:
                out[n, 0] = hot.positions[row] * query.stride - first
                out[n, 1] = hot.documents[row]
                seen[members] = True
                n += 1
    return n, passed_over
