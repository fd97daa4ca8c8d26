"""Which grams are hot, and what an edge says."""

import numpy as np
import pytest

from sc2_attrib.index.elastic import popularity
from sc2_attrib.index.elastic.popularity import (
    BEFORE,
    BEHIND,
    TERM_CHARS,
    Popularity,
    edge,
    gram_of,
)
from sc2_attrib.index.elastic.records import edges_of, terms_of
from sc2_attrib.index.grams import GramShape


def test_a_gram_is_hot_after_enough_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents count, not how often one of them repeats a gram."""
    monkeypatch.setattr(popularity, "POPULAR", 3)
    counted = Popularity()
    common, twice = np.uint64(7 << 40 | 99), np.uint64(5)
    for number in range(3):
        keys = np.array([common, twice, twice, 1000 + number], np.uint64)
        assert not counted.count(keys).any()
    assert counted.count(np.array([common, 8, 1000], np.uint64)).tolist() == [True, False, False]


def test_counts_do_not_overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A count stays at its most: what is popular stays so."""
    monkeypatch.setattr(popularity, "_MOST", 5)
    counted = Popularity()
    keys = np.array([42], np.uint64)
    assert [bool(counted.count(keys)[0]) for _ in range(9)] == [False] * 4 + [True] * 5


def test_equal_terms_share_a_count() -> None:
    """A gram is hot or not by what its term keeps of the key."""
    one, other = (np.array([key], np.uint64) for key in (3 << 50 | 77, 3 << 50 | 1 << 30 | 77))
    assert terms_of(one) == terms_of(other)
    counted = Popularity()
    for _ in range(popularity.POPULAR):
        counted.count(one)
    assert counted.count(other).all()


def test_edges_begin_with_the_nearest_byte() -> None:
    """So a prefix finds what agrees so far; the ends of a text cut them."""
    shape = GramShape(4, 3)
    assert edges_of("termterm", b"abcdEFGHijkl", 4, shape) == ("termterm<dc", "termterm>ij")
    assert edges_of("termterm", b"aEFGH", 1, shape) == ("termterm<a", "termterm>")
    assert gram_of("termterm>ij") == "termterm"
    assert len("termterm") == TERM_CHARS


def test_edges_hold_any_byte() -> None:
    """Each byte is one character, a different one, and none controls anything."""
    whole = edge("", BEHIND, bytes(range(256)))[1:]
    assert len(set(whole)) == 256
    assert min(map(ord, whole)) > ord(" ")
    assert edge("t", BEFORE, b'"\\') == 't<"\\'
