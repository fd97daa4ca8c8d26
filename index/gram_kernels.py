"""grams.py as machine code: the same hashes at 500 MB/s and more a core.

Importing this module imports Numba (0.5 s), so only builds and large queries do. All functions
release the GIL. Texts are padded as grams.py says; work goes in chunks that stay in the first-level
cache.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from sc2_attrib.index import grams
from sc2_attrib.index.grams import CONTEXT, MER, PADDING, Contexts, Fingerprints, Keys
from sc2_attrib.index.text import Bytes, Offsets

_CHUNK = 4096  # grams hashed at a time: four arrays of 8 bytes each, 128 KiB
_PIECE = 128  # raw bytes counted at a time when content is cut
_MIX_1, _MIX_2, _MIX_3 = (np.uint64(m) for m in (grams.MIX_1, grams.MIX_2, grams.MIX_3))
_CLUSTER_MASK = np.uint64(grams.CLUSTER_MASK)
_U = np.uint64


@njit(nogil=True, inline="always")
def _mix(first: np.uint64, last: np.uint64) -> np.uint64:
    mixed = (first ^ (first >> _U(29))) * _MIX_1
    mixed = ((mixed ^ (mixed >> _U(32))) ^ last) * _MIX_2
    return mixed ^ (mixed >> _U(32))


@njit(nogil=True, inline="always")
def _remix(value: np.uint64) -> np.uint64:
    mixed = value * _MIX_3
    mixed = (mixed ^ (mixed >> _U(29))) * _MIX_1
    return mixed ^ (mixed >> _U(32))


@njit(nogil=True, inline="always")
def _gram_step(state: np.uint64, word: np.uint64) -> np.uint64:
    state = (state ^ word) * _MIX_1
    return state ^ (state >> _U(32))


@njit(nogil=True, inline="always")
def _gram_end(state: np.uint64) -> np.uint64:
    state = state * _MIX_2
    return state ^ (state >> _U(33))


@njit(nogil=True, cache=True)
def _words(text: Bytes, start: int, n: int, out: Keys) -> None:
    """out[i] = the eight bytes at start + i, little-endian, as shifted streams: it vectorises."""
    a, b, c, d = (
        text[start : start + n],
        text[start + 1 : start + 1 + n],
        text[start + 2 : start + 2 + n],
        text[start + 3 : start + 3 + n],
    )
    e, f, g, h = (
        text[start + 4 : start + 4 + n],
        text[start + 5 : start + 5 + n],
        text[start + 6 : start + 6 + n],
        text[start + 7 : start + 7 + n],
    )
    words = out[:n]
    for i in range(n):
        words[i] = (
            _U(a[i])
            | (_U(b[i]) << _U(8))
            | (_U(c[i]) << _U(16))
            | (_U(d[i]) << _U(24))
            | (_U(e[i]) << _U(32))
            | (_U(f[i]) << _U(40))
            | (_U(g[i]) << _U(48))
            | (_U(h[i]) << _U(56))
        )


@njit(nogil=True, cache=True)
def _pair_mixes(words: Keys, distance: int, n: int, out: Keys) -> None:
    """out[i] = mix of words[i] and words[i + distance]."""
    first, last, mixes = words[:n], words[distance : distance + n], out[:n]
    for i in range(n):
        mixes[i] = _mix(first[i], last[i])


@njit(nogil=True, cache=True)
def strided_grams(
    text: Bytes,
    ends: Offsets,
    base: int,
    k: int,
    stride: int,
    keys: Keys,
    payloads: Keys,
) -> int:
    """Hash the indexed grams of documents that stand one after another.

    Args:
        text: padded text of the documents.
        ends: shape (n + 1,), document i is [ends[i], ends[i + 1]) of the text without its padding.
        base: position of the text's first byte in the segment; grams begin at multiples of `stride`
            of position.
        k: gram length.
        stride: in normalised bytes.
        keys: out.
        payloads: out: fingerprint << 48 | context << 40 | position // stride.

    Returns:
        Number of grams. Documents shorter than k + stride - 1 have none: no match in them is
        promised.
    """
    # words[j] holds the eight bytes from CONTEXT - j before the chunk on.
    words = np.empty(_CHUNK + k + 64, np.uint64)
    mers = np.empty(_CHUNK + k + 64, np.uint64)
    count = 0
    for document in range(ends.size - 1):
        start, stop = ends[document], ends[document + 1]
        if stop - start < k + stride - 1:
            continue
        at = (start + base + stride - 1) // stride * stride - base
        while at <= stop - k:
            chunk = at
            n = min(_CHUNK, stop - k - chunk + 1)
            _words(text, PADDING + chunk - CONTEXT, n + k + 2 * CONTEXT - 8, words)
            _pair_mixes(words[CONTEXT:], MER - 8, n + k - MER, mers)
            while at < chunk + n:
                i = at - chunk
                smallest = mers[i]
                for j in range(i + 1, i + k - MER + 1):
                    smallest = min(smallest, mers[j])
                state = _MIX_3 * _U(k)
                for j in range(i, i + k, 8):
                    state = _gram_step(state, words[CONTEXT + j])
                state = _gram_end(state)
                before = _mix(words[i], words[i + CONTEXT - 8]) >> _U(60)
                first_after = CONTEXT + i + k
                after = _mix(words[first_after], words[first_after + CONTEXT - 8]) >> _U(60)
                keys[count] = (_remix(smallest) & _CLUSTER_MASK) | (state >> _U(36))
                payloads[count] = (
                    ((state & _U(0xFFFF)) << _U(48))
                    | (((before << _U(4)) | after) << _U(40))
                    | _U((at + base) // stride)
                )
                count += 1
                at += stride
    return count


@njit(nogil=True, cache=True)
def dense_grams(
    text: Bytes, n_grams: int, k: int, keys: Keys, fingerprints: Fingerprints, contexts: Contexts
) -> None:
    """Fill the arrays for grams 0 … n_grams - 1 of a padded text, as grams.dense_grams."""
    size = _CHUNK + k + 64
    words, mers, spare = (
        np.empty(size, np.uint64),
        np.empty(size, np.uint64),
        np.empty(size, np.uint64),
    )
    states = np.empty(_CHUNK, np.uint64)
    window = k - MER + 1
    for chunk in range(0, n_grams, _CHUNK):
        n = min(_CHUNK, n_grams - chunk)
        _words(text, PADDING + chunk, n + k - 8, words)
        live = n + k - MER
        _pair_mixes(words, MER - 8, live, mers)
        smallest = _sliding_minimum(mers, spare, live, window)
        state = states[:n]
        state[:] = _MIX_3 * _U(k)
        for j in range(0, k, 8):
            word = words[j : j + n]
            for i in range(n):
                state[i] = _gram_step(state[i], word[i])
        for i in range(n):
            end = _gram_end(state[i])
            keys[chunk + i] = (_remix(smallest[i]) & _CLUSTER_MASK) | (end >> _U(36))
            fingerprints[chunk + i] = np.uint16(end & _U(0xFFFF))
        # The pieces before and after the grams are one stream, k + CONTEXT bytes apart.
        first = PADDING + chunk - CONTEXT
        live = n + k + CONTEXT
        _words_long(text, first, live + CONTEXT - 8, words, spare)
        for i in range(n):
            before = spare[i]
            after = spare[i + k + CONTEXT]
            contexts[chunk + i] = np.uint8(((before >> _U(60)) << _U(4)) | (after >> _U(60)))


@njit(nogil=True, cache=True)
def _words_long(text: Bytes, start: int, n: int, words: Keys, out: Keys) -> None:
    """out[i] = mix of the 13 bytes at start + i, for n - 5 offsets."""
    _words(text, start, n, words)
    _pair_mixes(words, CONTEXT - 8, n - (CONTEXT - 8), out)


@njit(nogil=True, cache=True)
def _sliding_minimum(values: Keys, spare: Keys, n: int, window: int) -> Keys:
    """Minimum of each `window` neighbours, by doubling: log2(window) passes that vectorise."""
    source, target, live, width = values, spare, n, 1
    while width < window:
        step = min(width, window - width)
        left, right, out = source[: live - step], source[step:live], target[: live - step]
        for i in range(live - step):
            out[i] = min(left[i], right[i])
        live -= step
        width += step
        source, target = target, source
    return source


@njit(nogil=True, inline="always")
def _is_text(byte: np.uint8) -> np.bool_:
    """Tell whether a byte is no white space, in eight bits and without a branch."""
    is_text: np.bool_ = (byte != np.uint8(32)) & (np.uint8(byte - np.uint8(9)) > np.uint8(4))
    return is_text


@njit(nogil=True, cache=True)
def normalize_into(raw: Bytes, out: Bytes, at: int) -> int:
    """Append the bytes of `raw` that are not white space to `out` from `at` on; the new end.

    `out` needs one byte more than it gets: each byte is written before it is known to count.
    """
    end = _U(at)  # unsigned, for indexing with what may be negative costs as much again
    for byte in raw:
        out[end] = byte
        end += _U(_is_text(byte))
    return int(end)


@njit(nogil=True, cache=True)
def normalize_block(raw: Bytes, out: Bytes) -> int:
    """Fill `out` from its start as `normalize_into` does, as far as it goes; where that ends."""
    end, stop = _U(0), _U(out.size)
    for byte in raw:
        if end == stop:
            break
        out[end] = byte
        end += _U(_is_text(byte))
    return int(end)


@njit(nogil=True, cache=True)
def normalize_documents(raw: Bytes, raw_ends: Offsets, out: Bytes, ends: Offsets) -> None:
    """Normalise documents that stand one after another.

    Args:
        raw: their raw bytes.
        raw_ends: shape (n + 1,), document i is raw[raw_ends[i]:raw_ends[i + 1]].
        out: at least PADDING + raw.size + PADDING bytes; filled from PADDING on.
        ends: out, shape (n + 1,): document i is [ends[i], ends[i + 1]) of `out` after its padding.
    """
    at = PADDING
    ends[0] = 0
    for document in range(raw_ends.size - 1):
        at = normalize_into(raw[raw_ends[document] : raw_ends[document + 1]], out, at)
        ends[document + 1] = at - PADDING


@njit(nogil=True, cache=True)
def find_cuts(
    raw: Bytes, raw_ends: Offsets, ends: Offsets, base: int, block_bits: int, cuts: Offsets
) -> int:
    """Find the raw offsets where content blocks begin.

    Args:
        raw, raw_ends, ends: as `normalize_documents` takes and leaves them.
        base: position of the first normalised byte in the segment.
        block_bits: a block is 2**block_bits normalised bytes.
        cuts: out, raw offsets of those bytes, ascending.

    Returns:
        Number of cuts.
    """
    block = 1 << block_bits
    count = 0
    next_cut = (base + block - 1) // block * block - base
    for document in range(raw_ends.size - 1):
        at, offset, stop = ends[document], raw_ends[document], raw_ends[document + 1]
        while next_cut < ends[document + 1]:
            piece = raw[offset : min(offset + _PIECE, stop)]
            n = _count_text(piece)
            if at + n <= next_cut:
                at += n
                offset += piece.size
                continue
            for i in range(piece.size):
                byte = piece[i]
                if _is_text(byte):
                    if at == next_cut:
                        cuts[count] = offset + i
                        count += 1
                        next_cut += block
                    at += 1
            offset += piece.size
    return count


@njit(nogil=True, cache=True)
def _count_text(raw: Bytes) -> int:
    """Count the bytes that are not white space, at most 255 of them: it vectorises."""
    n = np.uint8(0)
    for byte in raw:
        n += np.uint8(_is_text(byte))
    return int(n)


@njit(nogil=True, cache=True)
def scatter(
    keys: Keys, payloads: Keys, n: int, shift: int, out: npt.NDArray[np.uint64], starts: Offsets
) -> None:
    """Group pairs by the top bits of their key, keeping their order within a group.

    Args:
        keys, payloads: the first n are taken.
        n: number of pairs.
        shift: group = key >> shift.
        out: shape (n, 2).
        starts: out, shape (n_groups + 1,): group g is out[starts[g]:starts[g + 1]].
    """
    starts[:] = 0
    for i in range(n):
        starts[(keys[i] >> _U(shift)) + 1] += 1
    for group in range(1, starts.size):
        starts[group] += starts[group - 1]
    at = starts[:-1].copy()
    for i in range(n):
        group = keys[i] >> _U(shift)
        place = at[group]
        out[place, 0], out[place, 1] = keys[i], payloads[i]
        at[group] = place + 1


@njit(nogil=True, cache=True)
def sort_pairs(
    keys: Keys, payloads: Keys, spare_keys: Keys, spare_payloads: Keys, bits: int
) -> tuple[Keys, Keys]:
    """Sort pairs by the low `bits` bits of their keys, stably: radix sort with 11-bit digits.

    Returns:
        The two arrays that hold the result, either the given ones or the spare ones.
    """
    digit_bits, n_digits = 11, (bits + 10) // 11
    n = keys.size
    mask = _U((1 << digit_bits) - 1)
    counts = np.zeros((n_digits, 1 << digit_bits), np.int64)
    for i in range(n):
        key = keys[i]
        for digit in range(n_digits):
            counts[digit, (key >> _U(digit * digit_bits)) & mask] += 1
    for digit in range(n_digits):
        places = counts[digit]
        total, largest = 0, 0
        for value in range(places.size):
            count = places[value]
            largest = max(largest, count)
            places[value] = total
            total += count
        if largest == n:
            continue
        shift = _U(digit * digit_bits)
        for i in range(n):
            key = keys[i]
            value = (key >> shift) & mask
            place = places[value]
            places[value] = place + 1
            spare_keys[place], spare_payloads[place] = key, payloads[i]
        keys, spare_keys = spare_keys, keys
        payloads, spare_payloads = spare_payloads, payloads
    return keys, payloads


@njit(nogil=True, cache=True)
def find_pages(fence: Keys, keys: Keys, first: Offsets, met: Offsets) -> int:
    """Find the first page that can hold each key: the last one whose first key is smaller.

    Args:
        fence: first key of each page.
        keys: of the query's grams, in text order: neighbours mostly share a page.
        first: out, a page number a key.
        met: out, the pages among them, of neighbouring keys once.

    Returns:
        Length of `met`.
    """
    n_met = 0
    page, low_key, high_key = -1, _U(0), _U(0)
    for i in range(keys.size):
        key = keys[i]
        if page < 0 or key <= low_key or key >= high_key:
            low, high = 0, fence.size
            while low < high:
                middle = (low + high) >> 1
                if fence[middle] < key:
                    low = middle + 1
                else:
                    high = middle
            page = max(low - 1, 0)
            low_key = fence[page]
            high_key = fence[page + 1] if page + 1 < fence.size else _U(0xFFFFFFFFFFFFFFFF)
            met[n_met] = page
            n_met += 1
        first[i] = page
    return n_met


@njit(nogil=True, cache=True)
def scan_pages(
    fence: Keys,
    words: npt.NDArray[np.uint32],
    halves: npt.NDArray[np.uint16],
    octets: npt.NDArray[np.uint8],
    layout: tuple[int, int, int],
    checked: npt.NDArray[np.bool_],
    first: Offsets,
    keys: Keys,
    fingerprints: Fingerprints,
    contexts: Contexts,
    both_differ_is_final: bool,
    out_grams: npt.NDArray[np.int32],
    out_positions: npt.NDArray[np.uint32],
    out_differs: Bytes,
) -> tuple[int, int]:
    """Scan the pages of each gram for its fingerprint; pages.py explains layout and answer.

    Args:
        fence, first: as in `find_pages`.
        words, halves, octets: the pages as rows of u32, u16 and u8.
        layout: where fingerprints, contexts and the count begin in a row.
        checked: pages whose checksum was tested.
        keys, fingerprints, contexts: of the query's grams.
        both_differ_is_final: leave out postings whose context differs on both sides.
        out_grams, out_positions, out_differs: one row a posting found.

    Returns:
        Number of rows, which may exceed the arrays (then only as many as fit were written), and a
        page that must be checked before another call, or -1.
    """
    first_print, first_side, count_at = layout
    n = 0
    for i in range(keys.size):
        page, key, wanted = first[i], keys[i], fingerprints[i]
        while True:
            if not checked[page]:
                return n, page
            row = halves[page, first_print : first_print + halves[page, count_at]]
            is_there = np.uint8(0)
            for slot in range(row.size):  # eight bits and no branch, so that it vectorises
                is_there = np.uint8(is_there | np.uint8(row[slot] == wanted))
            for slot in range(row.size if is_there else 0):
                if row[slot] != wanted:
                    continue
                position = words[page, slot]
                side = octets[page, first_side + slot] ^ contexts[i]
                left, right = side >> 4 != 0, side & 15 != 0
                if left and right and both_differ_is_final and position != 0xFFFFFFFF:
                    continue
                if n < out_grams.size:
                    out_grams[n], out_positions[n] = i, position
                    out_differs[n] = np.uint8(left) * 2 + np.uint8(right)
                n += 1
            page += 1
            if page >= fence.size or fence[page] > key:
                break
    return n, -1
