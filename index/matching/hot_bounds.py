"""How far a match of hot grams alone can reach, as the contexts of their postings tell it.

For each hot gram of a text the lists say how many bytes before and after it any posting agrees
with. That bounds all matches through the gram, and most grams can lie in none that is long enough
and news. All functions are kernels (compiled.py).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.compiled import kernel
from sc2_attrib.index.matching.cover import Cover, is_open
from sc2_attrib.index.matching.query import SEPARATOR, Query
from sc2_attrib.index.segment.documents import LicenseSets
from sc2_attrib.index.segment.hot_cache import HotTable
from sc2_attrib.index.text import Bytes, Offsets

_SEPARATOR = SEPARATOR[0]  # a number, which kernels read; no byte of a context


class HotBounds(NamedTuple):
    """Per offset of the query; meaningful where the gram is hot.

    `lowers`, `uppers`: no all-hot match through the gram reaches beyond. `lefts`, `rights`: most
    bytes before and after the gram that any posting agrees with, at most the reach. The contexts
    that agree throughout are [`left_lows`, `left_highs`) and [`right_lows`, `right_highs`), told of
    the offsets that `bound_hot` lists.
    """

    lowers: Offsets
    uppers: Offsets
    lefts: Offsets
    rights: Offsets
    left_lows: Offsets
    left_highs: Offsets
    right_lows: Offsets
    right_highs: Offsets


@kernel
def bound_hot(
    query: Query,
    hot: HotTable,
    start: int,
    stop: int,
    is_hot: npt.NDArray[np.bool_],
    cover: Cover,
    sets: LicenseSets,
    bounds: HotBounds,
    out: Offsets,
) -> int:
    """Bound all-hot matches of a text and list the offsets that can lie in one with news.

    Args:
        query, hot, cover, sets: as elsewhere.
        start, stop: of the text, without its separator.
        is_hot: by offset of the query, whether the gram there is.
        bounds: out, for offsets in [start, stop).
        out: out, offsets, ascending.

    Returns:
        Length of `out`.
    """
    lefts, rights, lowers, uppers = bounds.lefts, bounds.rights, bounds.lowers, bounds.uppers
    reach, n = query.stride - 1, 0
    lefts[start:stop] = reach
    rights[start:stop] = reach
    hot_offsets = start + np.flatnonzero(is_hot[start:stop])
    bound_by_contexts(query, start, stop, hot_offsets, is_hot, lefts, rights, lowers, uppers)
    for each in hot_offsets:
        offset = int(each)
        slot = query.slots[offset]
        lower, upper = lowers[offset], uppers[offset]
        if upper - lower < query.min_chars or not _has_news(hot, slot, cover, sets, lower, upper):
            continue
        lefts[offset], bounds.left_lows[offset], bounds.left_highs[offset] = _best_agreement(
            query.text,
            offset,
            hot.left_contexts,
            hot.left_starts[slot],
            hot.left_stops[slot],
            False,
        )
        rights[offset], bounds.right_lows[offset], bounds.right_highs[offset] = _best_agreement(
            query.text,
            offset + query.k,
            hot.right_contexts,
            hot.right_starts[slot],
            hot.right_stops[slot],
            True,
        )
        if lefts[offset] + rights[offset] >= reach:
            out[n] = offset
            n += 1
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
def bound_by_contexts(
    query: Query,
    start: int,
    stop: int,
    offsets: Offsets,
    is_in: npt.NDArray[np.bool_],
    lefts: Offsets,
    rights: Offsets,
    lowers: Offsets,
    uppers: Offsets,
) -> None:
    """Bound the matches through each gram by those beside it, and by how far contexts agree.

    Args:
        query: as elsewhere.
        start, stop: of a text; all columns but `offsets` are by offset of the query.
        offsets: in the text, ascending, all that are in among them.
        is_in: whether the gram there may stand in a match.
        lefts, rights: most bytes before and after it that a posting agrees with, at most the reach.
        lowers, uppers: out, where `is_in`.
    """
    reach = query.stride - 1
    for offset in offsets:
        if not is_in[offset]:
            continue
        before = offset - query.stride
        if lefts[offset] < reach or before < start:
            lowers[offset] = max(offset - lefts[offset], start)
        elif not is_in[before] or rights[before] < reach:
            lowers[offset] = before + 1
        else:
            lowers[offset] = lowers[before]
    for offset in offsets[::-1]:
        if not is_in[offset]:
            continue
        after = offset + query.stride
        if rights[offset] < reach or after + query.k > stop:
            uppers[offset] = min(offset + query.k + rights[offset], stop)
        elif not is_in[after] or lefts[after] < reach:
            uppers[offset] = after + query.k - 1
        else:
            uppers[offset] = uppers[after]


@kernel
def _best_agreement(
    text: Bytes, at: int, contexts: Bytes, first: int, stop: int, right: bool
) -> tuple[int, int, int]:
    """Most bytes beyond the gram's edge `at` that any context of rows [first, stop) agrees with.

    The rows are sorted, so it is one of the two between which the query's own bytes would stand.

    Returns:
        That number, and the rows that agree throughout: [low, high).
    """
    low, high = rank_range(text, at, contexts, first, stop, contexts.shape[1], right)
    if low < high:
        return contexts.shape[1], low, high
    best = 0
    for row in range(max(low - 1, first), min(low + 1, stop)):
        n, most = 0, contexts.shape[1]
        while n < most and _byte(text, at, n, right) == contexts[row, n]:
            n += 1
        best = max(best, n)
    return best, low, high


@kernel
def rank_range(
    text: Bytes, at: int, contexts: Bytes, first: int, stop: int, n: int, right: bool
) -> tuple[int, int]:
    """Rows of sorted contexts [first, stop) that agree with a text for n bytes: [low, high).

    Args:
        text: of the query. A separator stands behind each text; it equals no byte of a context.
        at: edge of the gram; the n bytes before it, from the last on, or after it (`right`).
        contexts, first, stop: of one gram, sorted.
        n: at most the width of a context.
    """
    low, high = first, stop
    while low < high:
        middle = (low + high) >> 1
        if _order(text, at, contexts, middle, n, right) < 0:
            low = middle + 1
        else:
            high = middle
    start, high = low, stop
    while low < high:
        middle = (low + high) >> 1
        if _order(text, at, contexts, middle, n, right) <= 0:
            low = middle + 1
        else:
            high = middle
    return start, low


@kernel
def _order(text: Bytes, at: int, contexts: Bytes, row: int, n: int, right: bool) -> int:
    """Compare the first n bytes of a context with the text: -1 below, 0 equal, 1 above."""
    for i in range(n):
        wanted = _byte(text, at, i, right)
        if contexts[row, i] != wanted:
            return -1 if contexts[row, i] < wanted else 1
    return 0


@kernel
def _byte(text: Bytes, at: int, n: int, right: bool) -> int:
    """The n-th byte beyond a gram's edge; before the first text stands what stands between them."""
    if right:
        return int(text[at + n])
    return int(text[at - n - 1]) if n < at else _SEPARATOR
