"""Steps over hot grams: what the lists say about a diagonal without reading any text.

On a *diagonal* d, offset i of the query stands against position d + i of the segment. The sampled
offsets of a diagonal are those with d + i a multiple of the stride. All functions are kernels
(compiled.py).
"""

import numpy as np

from sc2_attrib.index.compiled import kernel
from sc2_attrib.index.matching.query import Query, text_start, text_stop
from sc2_attrib.index.segment.hot_cache import HotTable, Numbers
from sc2_attrib.index.text import Bytes, Offsets


@kernel
def find_posting(positions: Offsets, first: int, stop: int, position: int) -> int:
    """Row of a posting among the ascending `positions` of [first, stop), or -1: binary search.

    Takes no table: handing one to compiled code costs more than the search.
    """
    low, high = first, stop
    while low < high:
        middle = (low + high) >> 1
        if positions[middle] < position:
            low = middle + 1
        else:
            high = middle
    return low if low < stop and positions[low] == position else -1


@kernel
def sort_by_left(
    lefts: Numbers, start: int, stop: int, first_rank: int, stop_rank: int, out: Numbers
) -> None:
    """Order the postings [start, stop) of a gram by left context, then position: counting sort.

    Args:
        lefts: left context of each posting, in [first_rank, stop_rank).
        out: out, [start, stop) of it.
    """
    places = np.zeros(stop_rank - first_rank + 1, np.int64)
    for row in range(start, stop):
        places[lefts[row] - first_rank + 1] += 1
    places = start + np.cumsum(places)
    for row in range(start, stop):
        rank = lefts[row] - first_rank
        out[places[rank]] = row
        places[rank] += 1


@kernel
def find_left(by_left: Numbers, lefts: Numbers, first: int, stop: int, rank: int) -> int:
    """First of a gram's postings, in order of left context, whose context is not below `rank`."""
    low, high = first, stop
    while low < high:
        middle = (low + high) >> 1
        if lefts[by_left[middle]] < rank:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def find_at(query: Query, hot: HotTable, offset: int, position: int) -> int:
    """Row of the posting of the hot gram at `offset`, or -1 where there is none."""
    slot = query.slots[offset]
    return find_posting(hot.positions, hot.starts[slot], hot.stops[slot], position)


@kernel
def row_at(slot: int, starts: Offsets, stops: Offsets, positions: Offsets, position: int) -> int:
    """Row of a posting of a gram, or -1 where the gram isn't hot or has none there."""
    return find_posting(positions, starts[slot], stops[slot], position) if slot >= 0 else -1


@kernel
def agreeing_left(text: Bytes, offset: int, start: int, contexts: Bytes, rank: int) -> int:
    """Count the bytes of text[start:offset], from its end, that equal a left context."""
    context, n = contexts[rank], 0
    most = min(context.size, offset - start)
    while n < most and text[offset - n - 1] == context[n]:
        n += 1
    return n


@kernel
def agreeing_right(text: Bytes, end: int, stop: int, contexts: Bytes, rank: int) -> int:
    """Count the bytes of text[end:stop] that equal a right context."""
    context, n = contexts[rank], 0
    most = min(context.size, stop - end)
    while n < most and text[end + n] == context[n]:
        n += 1
    return n


@kernel
def agree_left(query: Query, hot: HotTable, offset: int, row: int) -> int:
    """Bytes before the gram that equal the left context of posting `row`, up to the reach."""
    start = text_start(query, offset)
    return agreeing_left(query.text, offset, start, hot.left_contexts, hot.lefts[row])


@kernel
def agree_right(query: Query, hot: HotTable, offset: int, row: int) -> int:
    """Bytes after the gram that equal the right context of posting `row`, up to the reach."""
    stop = text_stop(query, offset)
    return agreeing_right(query.text, offset + query.k, stop, hot.right_contexts, hot.rights[row])


@kernel
def walk_left(query: Query, hot: HotTable, offset: int, position: int) -> tuple[int, int]:
    """Step from a sampled gram to earlier hot ones that stand on its diagonal.

    Returns:
        The first sampled offset that is not reached, and the row of the earliest posting met, or
        -1.
    """
    low = text_start(query, offset)
    at, row = offset - query.stride, -1
    while at >= low and query.slots[at] >= 0:
        position -= 1
        found = find_at(query, hot, at, position)
        if found < 0:
            break
        row = found
        at -= query.stride
    return at, row


@kernel
def walk_right(query: Query, hot: HotTable, offset: int, position: int) -> tuple[int, int]:
    """As `walk_left`, to later grams."""
    high = text_stop(query, offset)
    at, row = offset + query.stride, -1
    while at + query.k <= high and query.slots[at] >= 0:
        position += 1
        found = find_at(query, hot, at, position)
        if found < 0:
            break
        row = found
        at += query.stride
    return at, row


@kernel
def extent(query: Query, hot: HotTable, offset: int, row: int) -> tuple[int, int]:
    """Extent of the match through posting `row` of the hot gram at `offset`, as the lists tell it.

    It ends where a context stops agreeing, or where the next sampled gram is not in its list.
    """
    reach, k, stride, text, slots = query.stride - 1, query.k, query.stride, query.text, query.slots
    positions, starts, stops = hot.positions, hot.starts, hot.stops
    lefts, left_contexts, rights, right_contexts = (
        hot.lefts,
        hot.left_contexts,
        hot.rights,
        hot.right_contexts,
    )
    low, high = text_start(query, offset), text_stop(query, offset)
    start, at, here, position = -1, offset, row, positions[row]
    while start < 0:
        agreeing = agreeing_left(text, at, low, left_contexts, lefts[here])
        before = at - stride
        position -= 1
        if agreeing < reach:
            start = at - agreeing
        elif before < low:
            start = low
        else:
            here = row_at(slots[before], starts, stops, positions, position)
            if here < 0:
                start = before + 1
        at = before
    stop, at, here, position = -1, offset, row, positions[row]
    while stop < 0:
        agreeing = agreeing_right(text, at + k, high, right_contexts, rights[here])
        after = at + stride
        position += 1
        if agreeing < reach:
            stop = at + k + agreeing
        elif after + k > high:
            stop = high
        else:
            here = row_at(slots[after], starts, stops, positions, position)
            if here < 0:
                stop = after + k - 1
        at = after
    return start, stop
