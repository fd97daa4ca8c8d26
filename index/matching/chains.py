"""Seeds on one diagonal, linked into chains with proven bounds.

A *seed* is a query gram with a posting. Seeds of one match lie on one diagonal, a stride apart. A
sampled gram of the diagonal that is in no posting proves that query and text differ inside it, so a
match through its neighbour ends before the gram's last byte. Thus each chain gets [lower, upper):
no match through it reaches beyond, and chains that are too short need not be read. Context bits
tighten the bounds: if they differ, a match reaches at most 12 bytes beyond the gram on that side.

Bounds never rest on two hashes being equal. A false seed only makes a chain longer; what is true is
decided by comparing with the text (comparison.py).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.compiled import kernel
from sc2_attrib.index.grams import CONTEXT
from sc2_attrib.index.matching.hot_walk import agree_left, agree_right, walk_left, walk_right
from sc2_attrib.index.matching.query import Query
from sc2_attrib.index.segment.hot_cache import HotTable
from sc2_attrib.index.segment.pages import LEFT_DIFFERS, RIGHT_DIFFERS, Seeds
from sc2_attrib.index.text import Offsets

_WITHIN = CONTEXT - 1  # a match reaches at most so many bytes beyond a gram whose context differs


class Diagonals(NamedTuple):
    """Seeds in the order of diagonal, then offset."""

    diagonals: Offsets
    offsets: Offsets
    differs: npt.NDArray[np.uint8]


class Chains(NamedTuple):
    """Chains: offsets of their first and last gram, and bounds of any match through them."""

    diagonals: Offsets
    firsts: Offsets
    lasts: Offsets
    lowers: Offsets
    uppers: Offsets


def sort_seeds(seeds: Seeds, stride: int, n: int) -> Diagonals:
    """Order seeds by diagonal and offset; `n` is the length of the joined text."""
    offsets = seeds.grams.astype(np.int64)
    diagonals = seeds.positions.astype(np.int64) * stride - offsets
    bits = n.bit_length()
    if (int(diagonals.max(initial=0)) + n).bit_length() + bits > 62:  # too long for one sort key
        order = np.lexsort((offsets, diagonals))
        return Diagonals(diagonals[order], offsets[order], seeds.differs[order])
    # Sorting whole keys is several times faster than sorting row numbers.
    keys = ((diagonals + n).astype(np.uint64) << np.uint64(bits)) | offsets.astype(np.uint64)
    keys = np.sort(keys << np.uint64(2) | seeds.differs)
    pairs = (keys >> np.uint64(2)).astype(np.int64)
    return Diagonals(
        (pairs >> bits) - n, pairs & ((1 << bits) - 1), (keys & np.uint64(3)).astype(np.uint8)
    )


@kernel
def link(query: Query, hot: HotTable, seeds: Diagonals, out: Chains) -> int:
    """Link sorted seeds into chains that may hold a match, stepping over hot grams between them.

    Args:
        query, hot: the texts, and the table that `query.slots` points into.
        seeds: none of them hot.
        out: arrays of at least as many rows as there are seeds.

    Returns:
        Number of chains.
    """
    diagonals, offsets, differs = seeds.diagonals, seeds.offsets, seeds.differs
    owners, starts = query.owners, query.starts
    n = stop = 0
    while stop < offsets.size:
        start = stop
        stop = _link_end(query, hot, diagonals, offsets, differs, start)
        diagonal, first, last = diagonals[start], offsets[start], offsets[stop - 1]
        if differs[start] & LEFT_DIFFERS:
            lower = first - _WITHIN
        elif _is_hot(query.slots, owners, first, first - query.stride):
            first, lower = _reach_left(query, hot, diagonal, first)
        else:
            lower = first - query.stride + 1
        if differs[stop - 1] & RIGHT_DIFFERS:
            upper = last + query.k + _WITHIN
        elif _is_hot(query.slots, owners, last, last + query.stride):
            last, upper = _reach_right(query, hot, diagonal, last)
        else:
            upper = last + query.stride + query.k - 1
        lower = max(lower, starts[owners[first]])
        upper = min(upper, starts[owners[first] + 1] - 1)
        if upper - lower >= query.min_chars:
            out.diagonals[n], out.firsts[n], out.lasts[n] = diagonal, first, last
            out.lowers[n], out.uppers[n] = lower, upper
            n += 1
    return n


@kernel
def _link_end(
    query: Query,
    hot: HotTable,
    diagonals: Offsets,
    offsets: Offsets,
    differs: npt.NDArray[np.uint8],
    start: int,
) -> int:
    """End of the seeds that one chain links, from seed `start` on."""
    slots, owners, stride = query.slots, query.owners, query.stride
    stop = start + 1
    while stop < offsets.size:
        last, offset = offsets[stop - 1], offsets[stop]
        if diagonals[stop] != diagonals[start] or owners[last] != owners[offset]:
            break
        if differs[stop - 1] & RIGHT_DIFFERS or differs[stop] & LEFT_DIFFERS:
            break
        if last + stride != offset and (
            slots[last + stride] < 0 or not _reaches(query, hot, diagonals[start], last, offset)
        ):
            break
        stop += 1
    return stop


@kernel
def _reaches(query: Query, hot: HotTable, diagonal: int, last: int, offset: int) -> bool:
    """Tell whether all sampled grams between two seeds of a diagonal are hot and present."""
    at, _ = walk_right(query, hot, last, (diagonal + last) // query.stride)
    return at == offset


@kernel
def _is_hot(
    slots: npt.NDArray[np.int32], owners: npt.NDArray[np.int32], offset: int, other: int
) -> bool:
    """Tell whether the gram at another offset is hot and of the same text as the one at `offset`.

    Asked before a walk, which takes tables: handing these on costs more than most chains do.
    """
    return bool(0 <= other < slots.size and slots[other] >= 0 and owners[other] == owners[offset])


@kernel
def _reach_left(query: Query, hot: HotTable, diagonal: int, offset: int) -> tuple[int, int]:
    """First gram that a walk over hot ones reaches, and the lower bound there."""
    absent, row = walk_left(query, hot, offset, (diagonal + offset) // query.stride)
    if row < 0:
        return offset, absent + 1
    first = absent + query.stride
    agreeing = agree_left(query, hot, first, row)
    return first, max(absent + 1, first - agreeing) if agreeing < query.stride - 1 else absent + 1


@kernel
def _reach_right(query: Query, hot: HotTable, diagonal: int, offset: int) -> tuple[int, int]:
    """As `_reach_left`: the last gram, and the upper bound."""
    absent, row = walk_right(query, hot, offset, (diagonal + offset) // query.stride)
    upper = absent + query.k - 1
    if row < 0:
        return offset, upper
    last = absent - query.stride
    agreeing = agree_right(query, hot, last, row)
    return last, min(upper, last + query.k + agreeing) if agreeing < query.stride - 1 else upper
