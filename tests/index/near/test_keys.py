"""Keys of near matching: signatures are datasketch's, token grams don't see names."""

import random

import numpy as np
import pytest
from datasketch import MinHash

from sc2_attrib.index.near.keys import (
    block_minima,
    document_keys,
    gram_keys,
    query_keys,
    shingle_hash,
    shingles,
    signature_keys,
    window_keys,
)
from sc2_attrib.index.near.lexer import Lexemes, Numbers, lex
from sc2_attrib.index.near.scheme import BANDS, GRAM, GRAM_STRIDE, ROWS, SHORTEST, NearScheme
from tests.index.near.programs import all_renamed, program

SCHEME = NearScheme.new()


def signature_of(lexemes: Lexemes) -> Numbers:
    minima = np.empty((1, BANDS * ROWS), np.int64)
    block_minima(lexemes.hashes, lexemes.hashes.size, SCHEME.permutations(), minima)
    signature: Numbers = minima[0]
    return signature


def grams(text: bytes, step: int = 1) -> dict[int, int]:
    """Key of each gram that is kept, by its first lexeme."""
    lexemes = lex(text, fast=False)
    places, keys = np.empty((2, lexemes.hashes.size), np.int64)
    n = gram_keys(lexemes.hashes, lexemes.kinds, step, places, keys)
    return dict(zip((places[:n] * step).tolist(), keys[:n].tolist(), strict=True))


@pytest.mark.parametrize("seed", range(4))
def test_signature_is_bit_equal_to_datasketch(seed: int) -> None:
    """Given our shingle hash, a datasketch MinHash has the very same signature."""
    lexemes = lex(program(seed, 8), fast=False)
    theirs = MinHash(BANDS * ROWS, 1, hashfunc=shingle_hash, scheme="affine32")
    theirs.update_batch(shingles(lexemes))
    assert theirs.hashvalues.tolist() == signature_of(lexemes).tolist()
    bands = np.empty((1, BANDS), np.int64)
    window_keys(signature_of(lexemes)[None, :], 1, bands)
    assert signature_keys(theirs.hashvalues).tolist() == bands[0].tolist()


def test_permutations_are_datasketchs() -> None:
    """A new scheme has the permutations of a MinHash, and is the same after a round trip."""
    multipliers, offsets = MinHash(BANDS * ROWS, 1, scheme="affine32").permutations
    assert SCHEME.multipliers == tuple(multipliers.tolist())
    assert SCHEME.offsets == tuple(offsets.tolist())
    assert NearScheme.from_fields(SCHEME.to_fields()) == SCHEME


@pytest.mark.parametrize(
    "change", [{"rows": 5}, {"offsets": [1]}, {"multipliers": [-1] * 32}, {"arithmetic": "legacy"}]
)
def test_another_scheme_is_refused(change: dict[str, object]) -> None:
    """Keys that are made otherwise are not taken for ours."""
    with pytest.raises(ValueError, match="near keys"):
        NearScheme.from_fields(SCHEME.to_fields() | change)


def test_twins_agree() -> None:
    """Plain and compiled kernels make the same keys, of documents and of queries."""
    texts = [program(seed, n) for seed, n in enumerate((0, 3, 20, 60))] + [b"", b"1, " * 200]
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    plain = document_keys(b"".join(texts), ends, SCHEME, fast=False)
    fast = document_keys(b"".join(texts), ends, SCHEME, fast=True)
    for ours, theirs in zip(plain, fast, strict=True):
        assert ours.tolist() == theirs.tolist()
    for text in texts:
        lexemes = lex(text, fast=False)
        asked = query_keys(lexemes, SCHEME, fast=False)
        again = query_keys(lexemes, SCHEME, fast=True)
        assert asked.keys.tolist() == again.keys.tolist()
        assert asked.places.tolist() == again.places.tolist()


def test_grams_are_blind_to_names() -> None:
    """A text whose names are all renamed has the same token grams; another has none."""
    text = program(1)
    assert grams(text) == grams(all_renamed(text))
    assert not set(grams(text).values()) & set(grams(program(2)).values())


def test_swapped_names_make_another_gram() -> None:
    """It matters which name stands where: only a renaming, one to one, leaves grams equal."""
    text = b"f(a, b, c); g(b, a, c); h(c, a, b); if (a < b) { return c[a] + 1; } while (!b) x = y;"
    assert len(grams(text)) > 2
    assert grams(text)[0] != grams(text.replace(b"g(b, a", b"g(a, b"))[0]


def test_every_run_of_65_lexemes_holds_a_gram_whole() -> None:
    """Wherever a copy of 65 lexemes begins in a document, one of its indexed grams is found."""
    text = program(3, 60)
    indexed = grams(text, GRAM_STRIDE)
    for start in range(0, 200, 3):
        assert any(start <= at and at + GRAM <= start + 65 for at in indexed)


def test_tables_of_numbers_have_no_grams() -> None:
    """Grams of few distinct codes say nothing, so they are left out."""
    assert not grams(b"0, 1, 2, 3, " * 50)


def test_short_texts_have_no_keys() -> None:
    """Below the shortest gram there are neither keys nor milestones."""
    text = b"a " * (SHORTEST - 1)
    found = document_keys(text, np.array([0, len(text)]), SCHEME, fast=False)
    assert found.keys.size == found.milestones.size == 0
    assert found.counts.tolist() == [0]
    assert query_keys(lex(text, fast=False), SCHEME, fast=False).keys.size == 0


def test_similar_windows_share_bands() -> None:
    """Of two windows, the more shingles they share the more of their bands are equal."""
    rng = random.Random(5)
    text = program(7, 12).split(b"\n")
    shared = []
    for n_changed in (0, 1, 4, 12):
        lines = list(text)
        for at in rng.sample(range(len(lines)), n_changed):
            lines[at] = program(rng.randint(100, 200), 1)
        ours, theirs = np.empty((2, 1, BANDS), np.int64)
        window_keys(signature_of(lex(b"\n".join(text), fast=False))[None, :], 1, ours)
        window_keys(signature_of(lex(b"\n".join(lines), fast=False))[None, :], 1, theirs)
        shared.append(int((ours == theirs).sum()))
    assert shared[0] == BANDS > shared[2] >= shared[3]
    assert shared[1] > 0
