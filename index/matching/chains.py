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
from sc2_attrib.index.matching.query import Query, text_start, text_stop
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
    """Link sorted seeds into chains, stepping over hot grams between them.

    Args:
        query, hot: the texts, and the table that `query.slots` points into.
        seeds: none of them hot.
        out: arrays of at least as many rows as there are seeds.

    Returns:
        Number of chains.
    """
    n = 0
    last_differs = False
    for s in range(seeds.offsets.size):
        offset, diagonal = seeds.offsets[s], seeds.diagonals[s]
        left_differs = seeds.differs[s] & LEFT_DIFFERS != 0
        if (
            n > 0
            and out.diagonals[n - 1] == diagonal
            and query.owners[out.lasts[n - 1]] == query.owners[offset]
            and not (left_differs or last_differs)
            and _reaches(query, hot, diagonal, out.lasts[n - 1], offset)
        ):
            out.lasts[n - 1] = offset
        else:
            if n > 0:
                _close(query, hot, out, n - 1, last_differs)
            _open(query, hot, out, n, diagonal, offset, left_differs)
            n += 1
        last_differs = seeds.differs[s] & RIGHT_DIFFERS != 0
    if n > 0:
        _close(query, hot, out, n - 1, last_differs)
    return n


@kernel
def _reaches(query: Query, hot: HotTable, diagonal: int, last: int, offset: int) -> bool:
    """Tell whether all sampled grams between two seeds of a diagonal are hot and present."""
    if last + query.stride == offset:
        return True
    if query.slots[last + query.stride] < 0:
        return False
    at, _ = walk_right(query, hot, last, (diagonal + last) // query.stride)
    return at == offset


@kernel
def _open(
    query: Query,
    hot: HotTable,
    out: Chains,
    chain: int,
    diagonal: int,
    offset: int,
    left_differs: bool,
) -> None:
    """Start a chain at a seed and bound it on the left."""
    start = text_start(query, offset)
    first = offset
    if left_differs:
        lower = offset - _WITHIN
    else:
        absent, row = walk_left(query, hot, offset, (diagonal + offset) // query.stride)
        lower = absent + 1
        if row >= 0:
            first = absent + query.stride
            agreeing = agree_left(query, hot, first, row)
            if agreeing < query.stride - 1:
                lower = max(lower, first - agreeing)
    out.diagonals[chain] = diagonal
    out.firsts[chain] = first
    out.lasts[chain] = offset
    out.lowers[chain] = max(lower, start)


@kernel
def _close(query: Query, hot: HotTable, out: Chains, chain: int, right_differs: bool) -> None:
    """End a chain at its last seed and bound it on the right."""
    last = out.lasts[chain]
    stop = text_stop(query, last)
    if right_differs:
        upper = last + query.k + _WITHIN
    else:
        absent, row = walk_right(query, hot, last, (out.diagonals[chain] + last) // query.stride)
        upper = absent + query.k - 1
        if row >= 0:
            last = absent - query.stride
            agreeing = agree_right(query, hot, last, row)
            if agreeing < query.stride - 1:
                upper = min(upper, last + query.k + agreeing)
            out.lasts[chain] = last
    out.uppers[chain] = min(upper, stop)
