"""Keys of texts for near matching: what an index stores, and what a query looks up.

Two channels, in one table of 64-bit keys:

MinHash     A window is 128 shingles (5 lexemes in a row), one begins at each 64th lexeme. Its
            signature is the minimum of the shingles' hashes under each of 32 permutations, and each
            band of 4 minima is a key. Windows that share a share J of their shingles share a band
            with probability 1 - (1 - J**4)**8. This finds copies with changed lines.
token grams 34 lexemes in a row, one each 32, names abstracted: a name is written as the distance
            to where it was used before in the gram, a number or a string as its kind. Equal for
            renamed code, whatever the names, and every run of 65 lexemes holds one whole. Grams of
            few distinct codes (tables of numbers) are left out.

Positions are *units* of 32 lexemes: a window begins at every second unit, a gram at each. Hashes of
lexemes are those of lexer.py, all arithmetic is in integers below 2**63, so that the compiled twins
agree with the plain ones.

Sources: Broder 1997, On the resemblance and containment of documents; Leskovec et al., Mining of
Massive Datasets, 3.4 (bands); Baker 1996, Parameterized pattern matching (distances).
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.compiled import compiled, kernel
from sc2_attrib.index.near.lexer import (
    HASH_MASK,
    NAME,
    NEWLINE,
    NUMBER,
    STRING,
    Kinds,
    Lexemes,
    Numbers,
    Rules,
    lex_into,
    lexer_rules,
    room_for,
)
from sc2_attrib.index.near.scheme import (
    BANDS,
    GRAM,
    GRAM_STRIDE,
    QUERY_STRIDE,
    ROWS,
    SHINGLE,
    SHORTEST,
    STRIDE,
    UNITS,
    WINDOW,
    NearScheme,
)
from sc2_attrib.index.text import Bytes, Offsets

F = TypeVar("F", bound=Callable[..., object])

_M31, _M32 = (1 << 31) - 1, (1 << 32) - 1
_FMIX_1, _FMIX_2 = 0x85EBCA6B, 0xC2B2AE35  # MurmurHash3's 32-bit finaliser, as datasketch has it
# Odd numbers of 31 bits, one for each place in a shingle
_FACTOR_1, _FACTOR_2, _FACTOR_3 = 0x5851F42D, 0x4C957F2D, 0x7A3F9E1B
_FACTOR_4, _FACTOR_5 = 0x6D2B79F5, 0x59D2F15F
_STEP = 0x6C8F  # below 2**15, see lexer.py
_PERMUTATIONS = BANDS * ROWS
MIN_CODES = 8  # distinct codes of a gram that is kept
_SLOTS = 64  # of the table of names in a gram: more than GRAM, a power of two


@kernel
def mix(value: int) -> int:
    """Mix 32 bits as MurmurHash3 and datasketch do."""
    value ^= value >> 16
    value = (value * _FMIX_1) & _M32
    value ^= value >> 13
    value = (value * _FMIX_2) & _M32
    return value ^ (value >> 16)


@kernel
def fold(state: int, value: int) -> int:
    """Take a number of 48 bits into a hash of 48 bits."""
    state = ((state ^ value) * _STEP) & HASH_MASK
    return state ^ state >> 23


@kernel
def shingle_at(hashes: Numbers, at: int) -> int:
    """Hash the SHINGLE lexemes from `at` on to 32 bits: products of 31 bits each, added up."""
    return (
        ((int(hashes[at]) & _M31) * _FACTOR_1 >> 3)
        + ((int(hashes[at + 1]) & _M31) * _FACTOR_2 >> 3)
        + ((int(hashes[at + 2]) & _M31) * _FACTOR_3 >> 3)
        + ((int(hashes[at + 3]) & _M31) * _FACTOR_4 >> 3)
        + ((int(hashes[at + 4]) & _M31) * _FACTOR_5 >> 3)
    ) >> 24 & _M32


@kernel
def block_minima(hashes: Numbers, size: int, permutations: Numbers, out: Numbers) -> None:
    """Take the minima of each block of `size` shingles under every permutation.

    Args:
        hashes: of the lexemes of a text, at least SHINGLE.
        size: of a block; the last one may have fewer.
        permutations: shape (2, 32).
        out: out, shape (n_blocks, 32): uint32 numbers.
    """
    multipliers, offsets = permutations[0], permutations[1]
    for at in range(hashes.size - SHINGLE + 1):
        if at % size == 0:
            minima = out[at // size]
            minima[:] = _M32
        value = mix(shingle_at(hashes, at))
        for i in range(_PERMUTATIONS):
            # The mask that changes nothing lets the compiler multiply 32 bits instead of 64.
            permuted = ((int(multipliers[i]) & _M32) * value + int(offsets[i])) & _M32
            minima[i] = min(minima[i], permuted)


@kernel
def window_keys(minima: Numbers, width: int, keys: Numbers) -> int:
    """Hash the bands of each window of `width` blocks.

    Args:
        minima: as `block_minima` makes them.
        width: blocks a window; fewer where the text has fewer.
        keys: out, shape (n, BANDS): 62 bits, a row for the window at each block but the last ones.

    Returns:
        Number of windows.
    """
    n = max(int(minima.shape[0]) - width + 1, 1)
    signature = np.empty(_PERMUTATIONS, np.int64)
    for window in range(n):
        signature[:] = _M32
        for block in range(window, min(window + width, minima.shape[0])):
            for i in range(_PERMUTATIONS):
                signature[i] = min(signature[i], minima[block, i])
        band_keys(signature, keys[window])
    return n


@kernel
def band_keys(signature: Numbers, out: Numbers) -> None:
    """Hash each band of a signature to 62 bits."""
    for band in range(BANDS):
        high, low = band + 1, 0
        for i in range(band * ROWS, (band + 1) * ROWS):
            high = mix(high ^ int(signature[i]))
            low = mix((low + int(signature[i]) + high) & _M32)
        out[band] = ((high >> 2) << 32) | low


@kernel
def gram_key(hashes: Numbers, kinds: Kinds, at: int, names: Numbers, places: Numbers) -> int:
    """Hash the token gram at `at` to 62 bits; -1 where it has few distinct codes.

    `names`, `places`: shape (_SLOTS,), places all below `at`: a name's last place, by its hash.
    """
    high, low = GRAM, GRAM
    seen = 0  # bit set of codes
    for i in range(at, at + GRAM):
        kind, value = int(kinds[i]), int(hashes[i])
        if kind == NAME:
            slot = value & (_SLOTS - 1)
            while places[slot] >= at and names[slot] != value:
                slot = (slot + 1) & (_SLOTS - 1)
            code = i - int(places[slot]) if places[slot] >= at else 0
            names[slot], places[slot] = value, i
        elif kind in (NUMBER, STRING):
            code = 64 + kind
        else:
            code = value
        high = fold(high, code)
        low = fold(low, high >> 16)
        seen |= 1 << ((code ^ (code >> 9)) & 31)
    codes = 0
    while seen:
        seen &= seen - 1
        codes += 1
    if codes < MIN_CODES:
        return -1
    return ((mix(high & _M32) >> 2) << 32) | mix((low ^ high >> 16) & _M32)


@kernel
def gram_keys(hashes: Numbers, kinds: Kinds, step: int, places: Numbers, keys: Numbers) -> int:
    """Hash the token grams at multiples of `step`.

    Args:
        hashes, kinds: of the lexemes of a text.
        step: lexemes from one gram to the next.
        places: out: number of each gram that is kept, which is its first lexeme // step, ascending.
        keys: out: 62 bits each.

    Returns:
        Number of grams that are kept.
    """
    names, last_places = np.zeros(_SLOTS, np.int64), np.empty(_SLOTS, np.int64)
    n = 0
    for at in range(0, hashes.size - GRAM + 1, step):
        last_places[:] = -1
        key = gram_key(hashes, kinds, at, names, last_places)
        if key >= 0:
            keys[n], places[n] = key, at // step
            n += 1
    return n


class DocumentKeys(NamedTuple):
    """Keys of documents that stand one after another.

    `keys`, `units`: shape (n,), in no order; units count on over all documents. `milestones`: byte
    offset within its document of every 64th lexeme, `counts` of them a document.
    """

    keys: Numbers
    units: Numbers
    milestones: Numbers
    counts: Numbers


def document_keys(raw: bytes, raw_ends: Offsets, scheme: NearScheme, *, fast: bool) -> DocumentKeys:
    """Make the keys of documents: document i is raw[raw_ends[i]:raw_ends[i + 1]]."""
    sizes = np.diff(raw_ends)
    room = (len(raw) // STRIDE + sizes.size) * (BANDS + STRIDE // GRAM_STRIDE)
    found = DocumentKeys(
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(len(raw) // STRIDE + sizes.size, np.int64),
        np.empty(sizes.size, np.int64),
    )
    run = compiled(keys_of_documents) if fast else keys_of_documents
    n, n_milestones = run(
        np.frombuffer(raw, np.uint8),
        raw_ends,
        lexer_rules(),
        room_for(int(sizes.max(initial=0))),
        scheme.permutations(),
        found,
    )
    return found._replace(
        keys=found.keys[:n], units=found.units[:n], milestones=found.milestones[:n_milestones]
    )


@kernel
def keys_of_documents(
    raw: Bytes,
    raw_ends: Offsets,
    rules: Rules,
    lexemes: Lexemes,
    permutations: Numbers,
    out: DocumentKeys,
) -> tuple[int, int]:
    """Make the keys of documents that stand one after another.

    Args:
        raw: their text.
        raw_ends: shape (n + 1,).
        rules: of the lexer.
        lexemes: room for those of the longest document.
        permutations: shape (2, 32).
        out: out.

    Returns:
        Number of keys, and of milestones.
    """
    n, n_milestones = 0, 0
    for document in range(raw_ends.size - 1):
        text = raw[raw_ends[document] : raw_ends[document + 1]]
        n_lexemes = lex_into(text, NEWLINE, rules, lexemes)
        count = 0 if n_lexemes < SHORTEST else (n_lexemes + STRIDE - 1) // STRIDE
        out.counts[document] = count
        if not count:
            continue
        hashes, kinds = lexemes.hashes[:n_lexemes], lexemes.kinds[:n_lexemes]
        for i in range(count):
            out.milestones[n_milestones + i] = lexemes.starts[i * STRIDE]
        first = n_milestones * UNITS
        minima = np.empty(((n_lexemes - SHINGLE) // STRIDE + 1, _PERMUTATIONS), np.int64)
        block_minima(hashes, STRIDE, permutations, minima)
        bands = np.empty((minima.shape[0], BANDS), np.int64)
        for window in range(window_keys(minima, WINDOW // STRIDE, bands)):
            out.keys[n : n + BANDS] = bands[window]
            out.units[n : n + BANDS] = first + window * UNITS
            n += BANDS
        n_grams = gram_keys(hashes, kinds, GRAM_STRIDE, out.units[n:], out.keys[n:])
        out.units[n : n + n_grams] += first
        n += n_grams
        n_milestones += count
    return n, n_milestones


class QueryKeys(NamedTuple):
    """Keys of a text that is looked up, each with the lexeme it begins at; bands come first."""

    keys: Numbers
    places: Numbers
    n_bands: int


def query_keys(lexemes: Lexemes, scheme: NearScheme, *, fast: bool) -> QueryKeys:
    """Make all keys of a text by which the index may hold it: windows each 16, grams at each."""
    n = lexemes.hashes.size
    if n < SHORTEST:
        return QueryKeys(np.empty(0, np.int64), np.empty(0, np.int64), 0)
    minima = np.empty(((n - SHINGLE) // QUERY_STRIDE + 1, _PERMUTATIONS), np.int64)
    bands = np.empty((len(minima), BANDS), np.int64)
    grams, places = np.empty((2, n - GRAM + 1), np.int64)

    def pick(function: F) -> F:
        return compiled(function) if fast else function

    pick(block_minima)(lexemes.hashes, QUERY_STRIDE, scheme.permutations(), minima)
    n_windows = pick(window_keys)(minima, WINDOW // QUERY_STRIDE, bands)
    n_grams = pick(gram_keys)(lexemes.hashes, lexemes.kinds, 1, places, grams)
    windows = np.repeat(np.arange(n_windows) * QUERY_STRIDE, BANDS)
    return QueryKeys(
        np.concatenate((bands[:n_windows].ravel(), grams[:n_grams])),
        np.concatenate((windows, places[:n_grams])),
        windows.size,
    )


def shingle_hash(shingle: bytes) -> int:
    """Hash a shingle, given as the 8 little-endian bytes of the hash of each of its lexemes.

    For datasketch: MinHash(32, hashfunc=shingle_hash), updated with every item of `shingles`, has
    the signature that an index makes.
    """
    return int(shingle_at(np.frombuffer(shingle, "<i8"), 0))


def shingles(lexemes: Lexemes) -> list[bytes]:
    """List the shingles of a text as `shingle_hash` takes them."""
    whole = lexemes.hashes.astype("<i8").tobytes()
    return [whole[at : at + 8 * SHINGLE] for at in range(0, len(whole) - 8 * SHINGLE + 1, 8)]


def signature_keys(signature: npt.NDArray[np.unsignedinteger]) -> Numbers:
    """Make the band keys of a signature, such as the `hashvalues` of a datasketch MinHash."""
    keys = np.empty(BANDS, np.int64)
    band_keys(signature.astype(np.int64), keys)
    return keys
