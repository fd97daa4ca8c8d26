"""Documents that hold an extent on a diagonal of hot grams alone, as the lists tell it.

Such a diagonal has its first sampled offset within a stride of the extent's start. The postings of
the gram there, ordered by left context, give those whose run begins exactly at the start; the
gram's last sampled offset must have a posting on the same diagonal, and its right context end where
the extent does. All functions are kernels (compiled.py).
"""

from sc2_attrib.index.compiled import kernel
from sc2_attrib.index.matching.hot_bounds import rank_range
from sc2_attrib.index.matching.hot_walk import (
    agree_right,
    extent,
    find_left,
    find_posting,
    sort_by_left,
)
from sc2_attrib.index.matching.query import Query
from sc2_attrib.index.segment.documents import LicenseSets
from sc2_attrib.index.segment.hot_cache import HotTable, Numbers
from sc2_attrib.index.text import Offsets


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
    wanted: Numbers,
    out: Offsets,
) -> tuple[int, bool]:
    """List all-hot diagonals on which the lists say that a document's run is query [start, stop).

    They can't tell whether a run goes on where a whole context agrees and the next sampled gram is
    not hot; so what is listed must be compared.

    Args:
        query, hot, sets: as elsewhere; a removed document has an empty set.
        set_of: set of expressions of each document.
        start, stop: at least the guarantee apart, within one text.
        first: the first sampled offset of these diagonals, in [start, start + stride).
        room: diagonals to list; beyond it only as many of each set of expressions as are wanted.
        wanted: by set of expressions; lowered by what is listed.
        out: rows (diagonal, document), some twice; it has room for two of each posting.

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
                wanted[members] -= 1
                n += 1
    if passed_over:
        n = _some_of_each(query, hot, sets, start, stop, first, last, near, far, wanted, out, n)
    return n, passed_over


@kernel
def _some_of_each(
    query: Query,
    hot: HotTable,
    sets: LicenseSets,
    start: int,
    stop: int,
    first: int,
    last: int,
    near: tuple[int, int],
    far: tuple[int, int],
    wanted: Numbers,
    out: Offsets,
    n: int,
) -> int:
    """List, as `hot_holders` does, documents of each set of expressions that are wanted."""
    slot, lefts, by_set, positions = query.slots[first], hot.set_lefts, hot.by_set, hot.positions
    far_top, far_bottom = hot.starts[query.slots[last]], hot.stops[query.slots[last]]
    steps = (last - first) // query.stride
    for i in range(hot.set_starts[slot], hot.set_stops[slot]):
        members = hot.sets[i]
        if sets.starts[members] == sets.starts[members + 1]:
            continue
        for at in range(hot.set_rows[i], hot.set_rows[i] + hot.set_counts[i]):
            if wanted[members] <= 0:
                break
            row, left = by_set[at], lefts[at]
            if not (near[0] <= left < near[1] or far[0] <= left < far[1]):
                continue
            end = find_posting(positions, far_top, far_bottom, positions[row] + steps)
            if end >= 0 and _spans(query, hot, start, stop, first, row, last, end):
                out[n, 0], out[n, 1] = positions[row] * query.stride - first, hot.documents[row]
                wanted[members] -= 1
                n += 1
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
