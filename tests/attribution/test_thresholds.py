"""The rules of other tools, against cases worked by hand and against the plain methods."""

import random
import string
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc2_attrib.attribution.result import OtherTools
from sc2_attrib.attribution.thresholds import (
    CERTAIN_GRAM,
    CERTAIN_TILE,
    SCANOSS_GRAM,
    SCANOSS_WINDOW,
    TILE,
    copilot_lexemes,
    other_tools,
    share_run,
    tile_text,
    whole_lines,
    winnowed_text,
)


def letters(n: int, seed: int) -> bytes:
    """Letters among which no few come twice."""
    return "".join(random.Random(seed).choices(string.ascii_lowercase, k=n)).encode()


def judged(shared: bytes, before: int = 300) -> OtherTools:
    """Judge a match on `shared` in a text that goes on around it."""
    text = letters(before, 1) + b"\n" + shared + b"\n" + letters(300, 2)
    return other_tools(text, (before + 1, before + 1 + len(shared)), shared)


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("a = b;", 4),  # a, =, b, ;
        ("foo_bar(x1, 0x1F)", 6),  # foo_bar ( x1 , 0x1F )
        ("x == y", 4),  # two signs
        ("===", 3),
        ("====", 1),
        ("====------////****####", 5),
        ("#####", 1),
        ("+++++", 5),  # no run of this sign is one lexeme
        ('"a b"', 4),  # strings are not lexemes
        ("größe über", 2),
        ("a→b", 3),
        ("naïve ٣", 2),
        (" \t\n", 0),
        ("// a comment", 4),  # comments count
    ],
)
def test_lexemes_of_copilot(text: str, n: int) -> None:
    """Words, runs of four, and any other sign; white space separates."""
    raw = text.encode()
    assert copilot_lexemes(raw, (0, len(raw))) == n


@pytest.mark.parametrize(
    ("extent", "n"), [((0, 11), 3), ((1, 11), 2), ((0, 10), 2), ((1, 10), 1), ((4, 7), 1)]
)
def test_lexemes_that_are_cut_do_not_count(extent: tuple[int, int], n: int) -> None:
    """A word that goes on outside of the match is no lexeme of it."""
    assert copilot_lexemes(b"foo bar baz", extent) == n


def test_copilot_begins_at_65_lexemes() -> None:
    """64 words are not flagged, 65 are, and 22 calls of three lexemes are."""
    assert not judged(b"w " * 63 + b"w").copilot
    assert judged(b"w " * 64 + b"w").copilot
    assert judged(b"f()\n" * 22).copilot
    assert not judged(b"f()\n" * 21).copilot


@pytest.mark.parametrize(
    ("text", "source", "expected"),
    [
        (range(10), range(10), True),
        (range(9), range(9), False),
        (range(20), [*range(9), 99, *range(10, 19)], False),  # nine, another one, nine
        (range(20), [*range(9), 99, *range(10, 20)], True),
        (range(12), [5, *range(1, 11), 5], True),  # ten, at other places
    ],
)
def test_ten_lines_in_a_row(text: range, source: list[int], expected: bool) -> None:
    """Ten equal lines that follow each other are flagged, however they are indented."""
    ours = b"\n".join(b"\tstatement %d;" % n for n in text)
    theirs = b"\n".join(b"    statement %d;  " % n for n in source)
    assert other_tools(ours, (0, len(ours)), theirs).ten_lines is expected


@pytest.mark.parametrize(
    ("extent", "lines"),
    [
        ((0, 11), [b"one", b"two", b"three"[:3]]),
        ((0, 13), [b"one", b"two", b"three"]),
        ((0, 8), [b"one", b"two"]),  # with the line's end
        ((0, 7), [b"one", b"two"]),  # without
        ((1, 13), [b"two", b"three"]),
        ((2, 6), []),
    ],
)
def test_lines_that_are_cut_do_not_count(extent: tuple[int, int], lines: list[bytes]) -> None:
    """Only lines that lie whole in the match are compared."""
    text = b"one\ntwo\nthree"
    expected = lines if extent != (0, 11) else lines[:2]
    assert whole_lines(text, extent) == expected


def test_white_space_as_data_portraits_has_it() -> None:
    """Line ends become one, other runs a space, which no line begins with."""
    text = b"  def f(x):\r\n\r\n\t\treturn  x \n\n"
    assert tile_text(text) == "def f(x):\nreturn x"
    assert tile_text("a\u00a0\u2003b".encode()) == "a b"


@pytest.mark.parametrize(
    ("n", "expected"), [(49, False), (50, None), (98, None), (99, True), (200, True)]
)
def test_tiles_of_data_portraits(n: int, expected: bool | None) -> None:
    """From 50 equal characters on a tile may lie in them, from 99 on one does for certain."""
    assert judged(letters(n, 3)).data_portraits is expected


@pytest.mark.parametrize(
    ("n", "expected"), [(29, False), (30, None), (92, None), (93, True), (200, True)]
)
def test_fingerprints_of_scanoss(n: int, expected: bool | None) -> None:
    """From 30 letters on they may share a fingerprint, from 93 on they do for certain."""
    assert judged(letters(n, 3)).scanoss is expected


def test_scanoss_compares_letters_and_digits() -> None:
    """Case, signs and white space make no difference; a file below 256 bytes has no fingerprint."""
    assert winnowed_text("if (a_B == 10) {größe}".encode()) == b"ifab10gre"
    shared = letters(93, 3)
    spaced = b" ".join(shared[at : at + 1].upper() for at in range(93))
    text = letters(300, 1) + b"\n" + spaced
    assert other_tools(text, (301, len(text)), shared).scanoss is True
    assert other_tools(text[250:], (51, len(text) - 250), shared).scanoss is False


def tiles(text: str) -> set[str]:
    """What Data Portraits stores of a document: tiles, one after the other."""
    return {text[at : at + TILE] for at in range(0, len(text) - TILE + 1, TILE)}


def windows(text: str) -> set[str]:
    """What it asks for of a text: a tile at each character."""
    return {text[at : at + TILE] for at in range(len(text) - TILE + 1)}


def winnowed(text: bytes) -> set[int]:
    """The fingerprints of a text: the least hash of each window of grams."""
    grams = [zlib.crc32(text[at : at + SCANOSS_GRAM]) for at in range(len(text) - SCANOSS_GRAM + 1)]
    return {
        min(grams[at : at + SCANOSS_WINDOW])
        for at in range(max(len(grams) - SCANOSS_WINDOW + 1, bool(grams)))
    }


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 200), st.integers(0, 200), st.integers(0, 2**32))
def test_what_is_certain_holds_for_the_plain_methods(ours: int, theirs: int, seed: int) -> None:
    """Wherever 99 or 93 equal characters stand in two files, the tools themselves see them."""
    tile, gram = letters(CERTAIN_TILE, seed).decode(), letters(CERTAIN_GRAM, seed)
    ends = [letters(n, seed + 1 + at) for at, n in enumerate((ours, 200 - ours, theirs, 77))]
    a, b, c, d = (end.decode() for end in ends)
    assert tiles(a + tile + b) & windows(c + tile + d)
    assert winnowed(ends[0] + gram + ends[1]) & winnowed(ends[2] + gram + ends[3])


def test_what_is_impossible_and_what_depends() -> None:
    """With 49 and 29 equal characters they see nothing; with 98 it depends on where tiles begin."""
    less = letters(TILE - 1, 5).decode()
    a, b, c, d = (letters(60, seed).decode() for seed in range(10, 14))
    assert not tiles(a + less + b) & windows(c + less + d)
    short = less[: SCANOSS_GRAM - 1]
    assert not winnowed((a + short + b).encode()) & winnowed((c + short + d).encode())
    most = letters(CERTAIN_TILE - 1, 5).decode()
    seen = {bool(tiles("x" * at + most) & windows(most)) for at in range(TILE)}
    assert seen == {True, False}


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.integers(0, 2), max_size=30),
    st.lists(st.integers(0, 2), max_size=30),
    st.integers(1, 12),
)
def test_runs_are_those_of_the_plain_method(ours: list[int], theirs: list[int], n: int) -> None:
    """Lists, texts and bytes share a run of some length just where comparing them all says so."""
    runs = {tuple(ours[at : at + n]) for at in range(len(ours) - n + 1)}
    expected = any(tuple(theirs[at : at + n]) in runs for at in range(len(theirs) - n + 1))
    assert share_run(ours, theirs, n) is expected
    assert share_run(bytes(ours), bytes(theirs), n) is expected
    text, other = ("".join("aé\ud800"[each] for each in side) for side in (ours, theirs))
    assert share_run(text, other, n) is expected


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.binary(max_size=200), st.integers(0, 400), st.integers(0, 400))
def test_any_bytes_can_be_judged(text: bytes, source: bytes, start: int, stop: int) -> None:
    """Whatever the text, and wherever the match is cut, there is an answer."""
    start, stop = sorted((min(start, len(text)), min(stop, len(text))))
    found = other_tools(text, (start, stop), source)
    assert found.copilot in (True, False)
    assert found.ten_lines in (True, False)
    if source == text[start:stop] and len(tile_text(source)) >= CERTAIN_TILE:
        assert found.data_portraits is True


@pytest.mark.parametrize("piece", [b"a", b"=", b"\n", b" ", b"a\n", b"\xff", "é".encode(), b"a-"])
def test_long_hostile_text_is_judged(piece: bytes) -> None:
    """A match of one long word, of blank lines, or of one line repeated takes no long time."""
    text = piece * (200_000 // len(piece)) + b"-"
    found = other_tools(b"x" + text + b"x", (1, len(text) + 1), text + b"\n" + text)
    assert found.ten_lines in (True, False)
