"""The lexer: what is a lexeme, in any language, and in any bytes."""

import random

import pytest

from sc2_attrib.index.near.lexer import (
    KEYWORD,
    NAME,
    NO_SPACE,
    NUMBER,
    PLACEHOLDER,
    PUNCTUATION,
    STRING,
    lex,
)
from tests.index.near.programs import program

ALPHABET = b"ab1_ \n\t\"'/*#-<!>\\.\xc3\xa9\x00&NAME"


def lexemes(text: bytes) -> list[bytes]:
    found = lex(text, fast=False)
    return [text[start:stop] for start, stop in zip(found.starts, found.stops, strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"x = y+1", [b"x", b"=", b"y", b"+", b"1"]),
        (b"a // b\nc", [b"a", b"c"]),
        (b"a /* b\n */ c", [b"a", b"c"]),
        (b"a /* b", [b"a", b"/", b"*", b"b"]),
        (b"a # b\r\nc", [b"a", b"c"]),
        (b"#!/bin/sh\nls", [b"ls"]),
        (b"#include <a>", [b"#", b"include", b"<", b"a", b">"]),
        (b"a <!-- b --> c", [b"a", b"c"]),
        (b"a -- b\nc", [b"a", b"c"]),
        (b"x--", [b"x", b"-", b"-"]),
        (b'f(\'it\', "a\\"b")', [b"f", b"(", b"'it'", b",", b'"a\\"b"', b")"]),
        (b"don't\nstop", [b"don", b"'", b"t", b"stop"]),
        (b'"open\nb"', [b'"', b"open", b"b", b'"']),
        (b'"""a\nb""" c', [b'"""a\nb"""', b"c"]),
        (
            b"<'a>(x: &'a str, 'b')",
            [*b"<,',a,>,(,x,:,&,',a".split(b","), b"str", b",", b"'b'", b")"],
        ),
        (b"0x1F 1.5e3 2..3", [b"0x1F", b"1.5e3", b"2..3"]),
        ("größe=$x".encode(), ["größe".encode(), b"=", b"$x"]),
        (b"<NAME> <NAMES> <EMAIL>x", [b"<NAME>", b"<", b"NAMES", b">", b"<EMAIL>", b"x"]),
        (b"a\x00b", [b"a", b"\x00", b"b"]),
        (b"", []),
        (b"// only a comment", []),
    ],
)
def test_cases(text: bytes, expected: list[bytes]) -> None:
    """Each rule of the module's table holds on an example."""
    assert lexemes(text) == expected


def test_kinds() -> None:
    """Names, keywords, numbers, strings, signs and placeholders are told apart."""
    kinds = lex(b"x return 1 'a' + <KEY>", fast=False).kinds.tolist()
    assert kinds == [NAME, KEYWORD, NUMBER, STRING, PUNCTUATION, PLACEHOLDER]


def test_equal_lexemes_have_equal_hashes() -> None:
    """A hash depends on the bytes of a lexeme alone."""
    hashes = lex(b"ab abc ab 'ab' (ab)", fast=False).hashes.tolist()
    assert hashes[0] == hashes[2] == hashes[5]
    assert len(set(hashes)) == 5


def test_twins_agree_on_any_bytes() -> None:
    """Plain and compiled lexer cut random bytes alike, and lexemes never overlap."""
    rng = random.Random(4)
    for _ in range(300):
        text = bytes(rng.choices(ALPHABET, k=rng.randint(0, 80)))
        plain, fast = lex(text, fast=False), lex(text, fast=True)
        for column in range(len(plain)):
            assert plain[column].tolist() == fast[column].tolist()
        assert (plain.starts < plain.stops).all()
        assert (plain.starts[1:] >= plain.stops[:-1]).all()


def test_reading_may_begin_at_any_lexeme() -> None:
    """From a lexeme on, a text is cut as it is from its beginning on."""
    for seed in range(5):
        text = program(seed) + b"# x\nfn<'a>(x--, y) -- z\n"
        whole = lex(text, fast=False)
        for i in range(0, whole.starts.size, 7):
            start = int(whole.starts[i])
            rest = lex(text[start:], NO_SPACE, fast=False)
            assert (rest.starts + start).tolist() == whole.starts[i:].tolist()
            assert rest.hashes.tolist() == whole.hashes[i:].tolist()


@pytest.mark.parametrize(
    "piece",
    [b'"', b"'", b"/*", b"'''", b'"""', b'\\"', b'"\\', b"<!--", b"&'a", b"<NAM", b"# ", b"\x00"],
)
def test_hostile_text_takes_linear_time(piece: bytes) -> None:
    """What is opened a million times and never closed is cut like any text: squares would hang."""
    text = piece * (2_000_000 // len(piece))
    found = lex(text, fast=True)
    assert 0 <= found.starts.size <= len(text)
    assert int((found.stops - found.starts).sum()) <= len(text)
