"""Alignment: the best one, renamed names, placeholders, and where a stretch begins and ends."""

import random

import numpy as np
import pytest

from sc2_attrib.index.compiled import compiled
from sc2_attrib.index.near import alignment
from sc2_attrib.index.near.alignment import ALONE, Alignment, Band, Side, align, side, stretches
from sc2_attrib.index.near.lexer import NAME, PUNCTUATION, lex
from sc2_attrib.index.near.redaction import is_redaction
from tests.index.near.programs import program, renamed

WIDE = Band(-1000, 1000)


def side_of(text: bytes) -> Side:
    return side(text, lex(text, fast=False))


def aligned(left: bytes, right: bytes, band: Band = WIDE, *, fast: bool = False) -> Alignment:
    ours, theirs = side_of(left), side_of(right)
    n = ours.hashes.size + theirs.hashes.size
    lefts, rights = np.empty((2, n), np.int64)
    n = (compiled(align) if fast else align)(ours, theirs, band, lefts, rights)
    lefts, rights = lefts[:n][::-1].copy(), rights[:n][::-1].copy()
    equal = np.empty(n, np.bool_)
    alignment.compare_columns(ours, theirs, lefts, rights, equal)
    names = alignment.renamed_columns(ours, theirs, lefts, rights)
    return Alignment(lefts, rights, equal | names, names, np.zeros_like(equal))


def best_score(left: Side, right: Side) -> int:
    """The best local alignment's points, by the textbook table."""
    n, m = left.hashes.size, right.hashes.size
    table = np.zeros((n + 1, m + 1), np.int64)
    for i in range(n):
        for j in range(m):
            table[i + 1, j + 1] = max(
                0,
                table[i, j] + points(left, i, right, j),
                table[i, j + 1] - 2,
                table[i + 1, j] - 2,
            )
    return int(table.max())


def points(left: Side, i: int, right: Side, j: int) -> int:
    if left.hashes[i] == right.hashes[j]:
        return 2 if left.kinds[i] == PUNCTUATION else 3
    both_names = left.kinds[i] == right.kinds[j] == NAME
    return 1 if both_names else -2


def score(found: Alignment, left: Side, right: Side) -> int:
    return sum(
        points(left, i, right, j) if ALONE not in (i, j) else -2
        for i, j in zip(found.lefts.tolist(), found.rights.tolist(), strict=True)
    )


@pytest.mark.parametrize("seed", range(12))
def test_alignment_is_the_best_there_is(seed: int) -> None:
    """Its points are those of the textbook table, for texts with lines changed and exchanged."""
    rng = random.Random(seed)
    lines = program(seed, 5).split(b"\n")
    other = [*lines]
    other[rng.randrange(len(other))] = program(seed + 50, 1)
    del other[rng.randrange(len(other))]
    left, right = b"\n".join(lines), b"\n".join(other)
    found = aligned(left, right)
    assert score(found, side_of(left), side_of(right)) == best_score(side_of(left), side_of(right))


@pytest.mark.parametrize("band", [WIDE, Band(-5, 5), Band(3, 40), Band(-40, -3), Band(900, 950)])
def test_twins_agree(band: Band) -> None:
    """Plain and compiled kernels lay out the same columns, in any band."""
    left, right = program(1, 6), program(1, 6).replace(b"if", b"when") + program(2, 2)
    plain, fast = aligned(left, right, band), aligned(left, right, band, fast=True)
    assert plain.lefts.tolist() == fast.lefts.tolist()
    assert plain.rights.tolist() == fast.rights.tolist()


def test_renamed_names_count_as_equal() -> None:
    """A name that another stands for throughout is a renaming; the texts are equal."""
    found = aligned(b"x = f(x, y) + x;", b"total = f(total, y) + total;")
    assert found.similarity == 1.0
    assert int(found.renamed.sum()) == 3


def test_a_name_replaced_once_is_no_renaming() -> None:
    """Where a name stands for two others, only one of them is its new name."""
    found = aligned(b"x = f(x, y) + x;", b"x = f(x, y) + z;")
    assert not found.renamed.any()
    assert found.n_equal == found.n_lefts - 1


def test_two_names_are_not_renamed_to_one() -> None:
    """A renaming is one to one: merging two names is an edit."""
    found = aligned(b"a = a + a + b;", b"z = z + z + z;")
    assert int(found.renamed.sum()) == 3


def test_stretches_leave_out_what_is_not_similar() -> None:
    """A stretch ends where the texts part, and what is long enough on the other side is another."""
    equal = np.array([True] * 80 + [False] * 60 + [True] * 70 + [False] * 9 + [True] * 30)
    assert sorted(stretches(equal, 0.7, 65)) == [(0, 80), (140, 249)]
    assert list(stretches(equal, 0.7, 110)) == []


def test_similarity_is_over_the_longer_side() -> None:
    """What was inserted counts as much as what was deleted."""
    found = aligned(program(3, 4), program(3, 4).replace(b"{", b"{ a b", 1))
    n = side_of(program(3, 4)).hashes.size
    assert found.similarity == pytest.approx(n / (n + 2))


@pytest.mark.parametrize(
    ("redacted", "original", "expected"),
    [
        (b"<NAME>", b"Ada Lovelace", True),
        (b'"<EMAIL>"', b'"ada@example.org"', True),
        (b"<NAME> <<EMAIL>>", b"Ada <ada@example.org>", True),
        (b"<KEY>", b"x" * 64, True),
        (b"<KEY>", b"x" * 65, False),
        (b"<NAME>", b"Ada\nLovelace", False),
        (b'"<NAME>"', b"'Ada'", False),
        (b"Ada", b"Ada", False),
    ],
)
def test_what_a_placeholder_stands_for(redacted: bytes, original: bytes, expected: bool) -> None:
    """Up to 64 bytes without a line end, with the text around it equal."""
    assert is_redaction(redacted, original) is expected


def test_renaming_is_no_hindrance_to_an_alignment() -> None:
    """A text with every second name renamed is aligned from end to end."""
    text = program(9, 10)
    other = renamed(text, {name: name + b"2" for name in set(text.split()) if name.isalpha()})
    found = aligned(text, other)
    assert found.lefts.tolist() == list(range(side_of(text).hashes.size))
