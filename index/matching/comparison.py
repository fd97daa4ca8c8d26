"""Chains compared with the text: the only place where a match becomes true.

Chains are split where documents meet, put in order (most linked grams first, for those lead to the
longest runs), and compared byte by byte unless they can hold no news. Blocks of text are fetched
when a comparison needs them: the kernel stops, the caller loads, the kernel goes on.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.compiled import kernel
from sc2_attrib.index.grams import CONTEXT
from sc2_attrib.index.matching.chains import Chains
from sc2_attrib.index.matching.cover import Cover, add_run, is_open, room_needed
from sc2_attrib.index.matching.query import Query
from sc2_attrib.index.segment.content import BLOCK_BITS, BLOCK_CHARS
from sc2_attrib.index.segment.documents import LicenseSets
from sc2_attrib.index.text import Bytes, Offsets

GRAM_ALONE = 2 * (
    CONTEXT - 1
)  # a match reaches at most so far beyond a gram whose contexts both differ
DONE, BLOCK_MISSING, ROOM_MISSING = 0, 1, 2


class Candidates(NamedTuple):
    """Chains within one document each: compare query [lower, upper) on the diagonal.

    `strides`: sampled grams linked, minus one. `license_sets`: of the document.
    """

    diagonals: Offsets
    lowers: Offsets
    uppers: Offsets
    documents: Offsets
    license_sets: npt.NDArray[np.int32]
    strides: Offsets


class Runs(NamedTuple):
    """Maximal equal runs that were seen: query [start, stop) on a diagonal, in a document."""

    starts: Offsets
    stops: Offsets
    diagonals: Offsets
    documents: Offsets


class Text(NamedTuple):
    """Decoded blocks: block b is row slot_of[b] - 1 of `arena`; 0 means not present."""

    slot_of: npt.NDArray[np.int32]
    arena: Bytes


@kernel
def split_at_documents(
    chains: Chains,
    starts: Offsets,
    license_sets: npt.NDArray[np.int32],
    min_chars: int,
    stride: int,
    out: Candidates,
) -> int:
    """Cut chains where documents meet and keep the pieces that may hold a match.

    Args:
        chains: with bounds.
        starts: shape (n_documents + 1,), where documents begin in the segment.
        license_sets: shape (n_documents,).
        min_chars: shortest match that is asked for.
        stride: of the index.
        out: filled as far as it has room.

    Returns:
        Number of pieces.
    """
    n, room = 0, len(out.diagonals)
    for chain in range(len(chains.diagonals)):
        diagonal = chains.diagonals[chain]
        begin, end = diagonal + chains.lowers[chain], diagonal + chains.uppers[chain]
        document = max(np.searchsorted(starts, begin, "right") - 1, 0)
        while document < len(license_sets) and starts[document] < end:
            lower, upper = max(begin, starts[document]), min(end, starts[document + 1])
            if upper - lower >= min_chars:
                if n < room:
                    out.diagonals[n], out.documents[n] = diagonal, document
                    out.lowers[n], out.uppers[n] = lower - diagonal, upper - diagonal
                    out.license_sets[n] = license_sets[document]
                    out.strides[n] = (chains.lasts[chain] - chains.firsts[chain]) // stride
                n += 1
            document += 1
    return n


def reading_order(candidates: Candidates) -> npt.NDArray[np.int64]:
    """Order to compare in: most linked grams first, neighbours in the store together."""
    positions = candidates.diagonals + candidates.lowers
    return np.lexsort((positions, -candidates.strides))


def empty_candidates(n: int) -> Candidates:
    """Make room for `n` chains."""
    return Candidates(
        diagonals=np.empty(n, np.int64),
        lowers=np.empty(n, np.int64),
        uppers=np.empty(n, np.int64),
        documents=np.empty(n, np.int64),
        license_sets=np.empty(n, np.int32),
        strides=np.empty(n, np.int64),
    )


def empty_runs(n: int) -> Runs:
    """Make room for `n` runs."""
    return Runs(*(np.empty(n, np.int64) for _ in Runs._fields))


@kernel
def compare_all(
    query: Query,
    candidates: Candidates,
    order: Offsets,
    at: int,
    is_compared: npt.NDArray[np.bool_],
    text: Text,
    cover: Cover,
    sets: LicenseSets,
    runs: Runs,
    n_runs: int,
) -> tuple[int, int, int]:
    """Compare candidates that may hold news, from order[at] on.

    Args:
        query, candidates, order: what to compare, in which order.
        at: where to go on.
        is_compared: set for each candidate that was compared.
        text: decoded blocks.
        cover: runs found so far, by licence expression; extended.
        sets: licence expressions of sets.
        runs: out; `n_runs` of its rows are in use.
        n_runs: see `runs`.

    Returns:
        Where it stopped in `order`, runs in use, and DONE, BLOCK_MISSING (blocks of that
        candidate) or ROOM_MISSING (in `runs` or `cover`).
    """
    while at < order.size:
        c = order[at]
        lower, upper = candidates.lowers[c], candidates.uppers[c]
        license_set = candidates.license_sets[c]
        if not is_compared[c] and is_open(cover, sets, license_set, lower, upper):
            if not has_blocks(
                text, candidates.diagonals[c] + lower, candidates.diagonals[c] + upper
            ):
                return at, n_runs, BLOCK_MISSING
            most = (upper - lower) // query.min_chars + 1
            nodes = room_needed(sets, license_set, lower, upper, most)
            if n_runs + most > runs.starts.size or cover.used[0] + nodes > cover.nexts.size:
                return at, n_runs, ROOM_MISSING
            first = n_runs
            n_runs = compare(
                query,
                candidates.diagonals[c],
                lower,
                upper,
                candidates.documents[c],
                text,
                runs,
                n_runs,
            )
            for run in range(first, n_runs):
                add_run(cover, sets, license_set, runs.starts[run], runs.stops[run])
            is_compared[c] = True
        at += 1
    return at, n_runs, DONE


@kernel
def confirm(
    query: Query,
    diagonals: Offsets,
    lowers: Offsets,
    uppers: Offsets,
    start: int,
    stop: int,
    text: Text,
    at: int,
    is_confirmed: npt.NDArray[np.bool_],
) -> tuple[int, int]:
    """Tell on which diagonals the text has exactly the run [start, stop), from row `at` on.

    Args:
        query: the texts.
        diagonals: to look at.
        lowers, uppers: at most one byte beyond the run on either side, as far as text and document
            go; that byte must differ.
        start, stop: of the run.
        text: decoded blocks.
        at: where to go on.
        is_confirmed: out, by row.

    Returns:
        Where it stopped, and DONE or BLOCK_MISSING (blocks of that row).
    """
    while at < diagonals.size:
        diagonal, lower, upper = diagonals[at], lowers[at], uppers[at]
        if not has_blocks(text, diagonal + lower, diagonal + upper):
            return at, BLOCK_MISSING
        is_confirmed[at] = True
        for offset in range(lower, upper):
            position = diagonal + offset
            slot = text.slot_of[position >> BLOCK_BITS] - 1
            is_equal = query.text[offset] == text.arena[slot, position & (BLOCK_CHARS - 1)]
            if is_equal != (start <= offset < stop):
                is_confirmed[at] = False
                break
        at += 1
    return at, DONE


@kernel
def has_blocks(text: Text, start: int, stop: int) -> bool:
    """Tell whether all blocks of positions [start, stop) are decoded."""
    for block in range(start >> BLOCK_BITS, (stop - 1 >> BLOCK_BITS) + 1):
        if text.slot_of[block] == 0:
            return False
    return True


@kernel
def compare(
    query: Query,
    diagonal: int,
    lower: int,
    upper: int,
    document: int,
    text: Text,
    runs: Runs,
    n_runs: int,
) -> int:
    """Append the maximal equal runs in [lower, upper); the new number of runs."""
    at, start = lower, -1
    while at < upper:
        position = diagonal + at
        row = text.arena[text.slot_of[position >> BLOCK_BITS] - 1]
        inside = position & (BLOCK_CHARS - 1)
        stop = min(upper, at + BLOCK_CHARS - inside)
        for offset in range(at, stop):
            if query.text[offset] == row[inside + offset - at]:
                if start < 0:
                    start = offset
            elif start >= 0:
                n_runs = _append(query, diagonal, start, offset, document, runs, n_runs)
                start = -1
        at = stop
    if start >= 0:
        n_runs = _append(query, diagonal, start, upper, document, runs, n_runs)
    return n_runs


@kernel
def _append(
    query: Query, diagonal: int, start: int, stop: int, document: int, runs: Runs, n_runs: int
) -> int:
    if stop - start < query.min_chars:
        return n_runs
    runs.starts[n_runs], runs.stops[n_runs] = start, stop
    runs.diagonals[n_runs], runs.documents[n_runs] = diagonal, document
    return n_runs + 1
