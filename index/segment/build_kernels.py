"""Machine code that only builds need: lines of blocks, hot grams and what stands around them."""

import numpy as np
from numba import njit

from sc2_attrib.index.grams import Keys
from sc2_attrib.index.segment.hot import BORDER
from sc2_attrib.index.segment.pages import HOT
from sc2_attrib.index.text import Bytes, Offsets

_U = np.uint64
_BORDER = np.uint8(BORDER)
_HOT_MARK = np.uint64(HOT)


@njit(nogil=True, cache=True)
def count_line_ends(raw: Bytes, edges: Offsets, counts: Offsets) -> None:
    """Count LF, CRLF and lone CR in each block raw[edges[i]:edges[i + 1]].

    No block may begin inside a CRLF.
    """
    for block in range(edges.size - 1):
        text = raw[edges[block] : edges[block + 1]]
        n = 0
        for piece in range(0, text.size, 255):  # counts of eight bits, so that it vectorises
            n += _count_line_ends(text[piece : piece + 256], min(255, text.size - piece))
        counts[block] = n


@njit(nogil=True, cache=True)
def _count_line_ends(text: Bytes, size: int) -> int:
    """Count those that end within the first `size` bytes, which are all but one or all of it."""
    n = np.uint8(0)
    for i in range(min(size, text.size - 1)):
        is_lone_cr = (text[i] == np.uint8(13)) & (text[i + 1] != np.uint8(10))
        n += np.uint8((text[i] == np.uint8(10)) | is_lone_cr)
    if size == text.size and text[size - 1] in (np.uint8(10), np.uint8(13)):
        n += np.uint8(1)
    return int(n)


@njit(nogil=True, cache=True)
def split_hot(
    keys: Keys, payloads: Keys, cap: int, out_keys: Keys, out_payloads: Keys, hot: Offsets
) -> tuple[int, int]:
    """Take the grams with more than `cap` postings out of sorted postings.

    Args:
        keys: ascending; postings of one key are in order of position.
        payloads: fingerprint << 48 | context << 40 | position.
        cap: most postings a gram may have in pages.
        out_keys, out_payloads: out: the postings for the pages, one marker in place of each hot
            gram.
        hot: out: numbers of the postings of hot grams, gram after gram, in order of (key,
            fingerprint, position).

    Returns:
        Lengths of the pages' postings and of `hot`.
    """
    n, n_out, n_hot, start = keys.size, 0, 0, 0
    while start < n:
        stop = start + 1
        while stop < n and keys[stop] == keys[start]:
            stop += 1
        if stop - start <= cap:
            for i in range(start, stop):
                out_keys[n_out], out_payloads[n_out] = keys[i], payloads[i]
                n_out += 1
        else:
            prints = payloads[start:stop] >> _U(48)
            order = np.argsort(prints, kind="mergesort")
            first = 0
            while first < order.size:
                last = first + 1
                wanted = prints[order[first]]
                while last < order.size and prints[order[last]] == wanted:
                    last += 1
                if last - first <= cap:
                    for i in range(first, last):
                        out_keys[n_out] = keys[start]
                        out_payloads[n_out] = payloads[start + order[i]]
                        n_out += 1
                else:
                    for i in range(first, last):
                        hot[n_hot] = start + order[i]
                        n_hot += 1
                    out_keys[n_out] = keys[start]
                    out_payloads[n_out] = (wanted << _U(48)) | _HOT_MARK
                    n_out += 1
                first = last
        start = stop
    return n_out, n_hot


@njit(nogil=True, cache=True)
def gather_contexts(
    text: Bytes,
    base: int,
    positions: Offsets,
    starts: Offsets,
    stops: Offsets,
    k: int,
    reach: int,
    lefts: Bytes,
    rights: Bytes,
) -> None:
    """Copy what stands before and after grams.

    Args:
        text: normalised text from position `base` on; holds `reach` bytes around every gram, as far
            as its document goes.
        base: position of text[0] in the segment.
        positions: shape (n,), normalised positions of the grams.
        starts, stops: shape (n,), borders of their documents.
        k: gram length.
        reach: bytes to take on each side.
        lefts, rights: out, shape (n, reach); left contexts are reversed; BORDER beyond the
            document.
    """
    for i in range(positions.size):
        before, after = positions[i] - 1, positions[i] + k
        for j in range(reach):
            lefts[i, j] = text[before - j - base] if before - j >= starts[i] else _BORDER
            rights[i, j] = text[after + j - base] if after + j < stops[i] else _BORDER
