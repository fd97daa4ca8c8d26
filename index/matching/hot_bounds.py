"""How far a match of hot grams alone can reach, as the contexts of their postings tell it.

For each hot gram of a text the lists say how many bytes before and after it any posting agrees
with. That bounds all matches through the gram, and most grams can lie in none that is long enough
and news. All functions are kernels (compiled.py).
"""

from typing import NamedTuple

from sc2_attrib.index.compiled import kernel
from sc2_attrib.index.matching.cover import Cover, is_open
from sc2_attrib.index.matching.query import Query, text_start, text_stop
from sc2_attrib.index.segment.documents import LicenseSets
from sc2_attrib.index.segment.hot import HotTable
from sc2_attrib.index.text import Bytes, Offsets

_QUERY_BORDER = 10  # beyond the text: equals neither text nor the border of a context


class HotBounds(NamedTuple):
    """Per offset of the query; meaningful where the gram is hot.

    `lowers`, `uppers`: no all-hot match through the gram reaches beyond. `lefts`, `rights`: most
    bytes before and after the gram that any posting agrees with, at most the reach.
    """

    lowers: Offsets
    uppers: Offsets
    lefts: Offsets
    rights: Offsets


@kernel
def bound_hot(
    query: Query,
    hot: HotTable,
    start: int,
    stop: int,
    cover: Cover,
    sets: LicenseSets,
    bounds: HotBounds,
    out: Offsets,
) -> int:
    """Bound all-hot matches of a text and list the offsets that can lie in one with news.

    Args:
        query, hot, cover, sets: as elsewhere.
        start, stop: of the text, without its separator.
        bounds: out, for offsets in [start, stop).
        out: out, offsets, ascending.

    Returns:
        Length of `out`.
    """
    reach = query.stride - 1
    _bound_by_neighbours(query, start, stop, bounds)
    n = 0
    for offset in range(start, stop):
        slot = query.slots[offset]
        if slot < 0:
            continue
        lower, upper = bounds.lowers[offset], bounds.uppers[offset]
        bounds.lefts[offset], bounds.rights[offset] = reach, reach
        if upper - lower < query.min_chars or not _has_news(hot, slot, cover, sets, lower, upper):
            continue
        left = _best_agreement(
            query,
            offset,
            hot.left_contexts,
            hot.left_starts[slot],
            hot.left_stops[slot],
            False,
        )
        right = _best_agreement(
            query,
            offset + query.k,
            hot.right_contexts,
            hot.right_starts[slot],
            hot.right_stops[slot],
            True,
        )
        bounds.lefts[offset], bounds.rights[offset] = left, right
        if left + right >= reach:
            out[n] = offset
            n += 1
    if n:
        _bound_by_contexts(query, start, stop, bounds)
    return n


@kernel
def _has_news(
    hot: HotTable, slot: int, cover: Cover, sets: LicenseSets, lower: int, upper: int
) -> bool:
    """Tell whether a document of a hot gram carries an expression not covered here."""
    for i in range(hot.set_starts[slot], hot.set_stops[slot]):
        if is_open(cover, sets, hot.sets[i], lower, upper):
            return True
    return False


@kernel
def _bound_by_neighbours(query: Query, start: int, stop: int, bounds: HotBounds) -> None:
    """Bound by the first sampled gram on either side that is not hot."""
    for offset in range(start, stop):
        if query.slots[offset] >= 0:
            before = offset - query.stride
            if before < start:
                bounds.lowers[offset] = start
            elif query.slots[before] < 0:
                bounds.lowers[offset] = before + 1
            else:
                bounds.lowers[offset] = bounds.lowers[before]
    for offset in range(stop - 1, start - 1, -1):
        if query.slots[offset] >= 0:
            after = offset + query.stride
            if after + query.k > stop:
                bounds.uppers[offset] = stop
            elif query.slots[after] < 0:
                bounds.uppers[offset] = after + query.k - 1
            else:
                bounds.uppers[offset] = bounds.uppers[after]


@kernel
def _bound_by_contexts(query: Query, start: int, stop: int, bounds: HotBounds) -> None:
    """Tighten the bounds by how far any context agrees."""
    reach = query.stride - 1
    for offset in range(start, stop):
        if query.slots[offset] < 0:
            continue
        before = offset - query.stride
        if bounds.lefts[offset] < reach or before < start:
            bounds.lowers[offset] = max(offset - bounds.lefts[offset], start)
        elif query.slots[before] < 0 or bounds.rights[before] < reach:
            bounds.lowers[offset] = before + 1
        else:
            bounds.lowers[offset] = bounds.lowers[before]
    for offset in range(stop - 1, start - 1, -1):
        if query.slots[offset] < 0:
            continue
        after = offset + query.stride
        if bounds.rights[offset] < reach or after + query.k > stop:
            bounds.uppers[offset] = min(offset + query.k + bounds.rights[offset], stop)
        elif query.slots[after] < 0 or bounds.lefts[after] < reach:
            bounds.uppers[offset] = after + query.k - 1
        else:
            bounds.uppers[offset] = bounds.uppers[after]


@kernel
def _query_left(query: Query, offset: int, n: int, low: int) -> int:
    """The byte n places before the gram at `offset`; a border byte beyond the text."""
    return query.text[offset - n - 1] if offset - n > low else _QUERY_BORDER


@kernel
def _query_right(query: Query, end: int, n: int, high: int) -> int:
    return query.text[end + n] if end + n < high else _QUERY_BORDER


@kernel
def _best_agreement(
    query: Query, at: int, contexts: Bytes, first: int, stop: int, right: bool
) -> int:
    """Most bytes beyond the gram's edge `at` that any context of rows [first, stop) agrees with.

    The rows are sorted, so it is one of the two between which the query's own bytes would stand.
    """
    low, _ = rank_range(query, at, contexts, first, stop, query.stride - 1, right)
    best = 0
    for row in range(max(low - 1, first), min(low + 1, stop)):
        best = max(best, _agreement(query, at, contexts[row], right))
    return best


@kernel
def _agreement(query: Query, at: int, context: Bytes, right: bool) -> int:
    """Bytes of a context that equal the query, going away from the gram's edge `at`."""
    n = 0
    while n < context.size and _query_byte(query, at, n, right) == context[n]:
        n += 1
    return n


@kernel
def _query_byte(query: Query, at: int, n: int, right: bool) -> int:
    if right:
        return _query_right(query, at, n, text_stop(query, at - 1))
    return _query_left(query, at, n, text_start(query, at))


@kernel
def rank_range(
    query: Query, at: int, contexts: Bytes, first: int, stop: int, n: int, right: bool
) -> tuple[int, int]:
    """Rows of sorted contexts [first, stop) that agree with the query for n bytes: [low, high)."""
    low, high = first, stop
    while low < high:
        middle = (low + high) >> 1
        if _order(query, at, contexts[middle], n, right) < 0:
            low = middle + 1
        else:
            high = middle
    start, high = low, stop
    while low < high:
        middle = (low + high) >> 1
        if _order(query, at, contexts[middle], n, right) <= 0:
            low = middle + 1
        else:
            high = middle
    return start, low


@kernel
def _order(query: Query, at: int, context: Bytes, n: int, right: bool) -> int:
    """Compare the first n bytes of a context with the query: -1 below, 0 equal, 1 above."""
    for i in range(n):
        wanted = _query_byte(query, at, i, right)
        if context[i] != wanted:
            return -1 if context[i] < wanted else 1
    return 0
