"""One lexer for all languages: what near matching compares.

A *lexeme* is a name, a keyword, a number, a string or one byte of punctuation; comments and white
space are none. Nothing here knows a language, so the same text always gives the same lexemes,
whatever its file is called. The rules, in the order they are tried at each byte:

    white space            skipped (ASCII)
    comment                // and # to the end of the line, /* */, <!-- -->, and -- to the end of
                           the line. A # or -- begins one only after white space and before a
                           space (or #!), as C has #include and x--
    placeholder            <NAME> <EMAIL> <KEY> <PASSWORD>, as redacted training text holds
    name, keyword          letters, digits, _, $ and bytes above 127; not beginning with a digit
    number                 a digit, then what names are made of, and dots
    string                 triple quotes up to the next ones; else a quote that is closed on the
                           same line, a backslash escaping. 'a after < or & is a lifetime
    punctuation            any other byte, alone; so is a quote or a comment that is never closed

Lexing can begin anew wherever a lexeme begins: nothing but the byte before it is remembered. Any
bytes are allowed, and the time is linear in their number.
"""

import functools
import string
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.compiled import compiled, kernel
from sc2_attrib.index.text import WHITE_SPACE, Bytes

Numbers = npt.NDArray[np.int64]
Kinds = npt.NDArray[np.uint8]

NAME, KEYWORD, NUMBER, STRING, PUNCTUATION, PLACEHOLDER, _COMMENT = range(7)
PLACEHOLDERS = (b"<NAME>", b"<EMAIL>", b"<KEY>", b"<PASSWORD>")
NEWLINE = 10  # the byte before a document
NO_SPACE = 120  # stands for the byte before a lexeme where a document is read from its middle

# Words that mean the same wherever they stand; a renaming doesn't touch them.
KEYWORDS = frozenset(
    """
abstract and as assert async await auto begin bool boolean break byte case catch char class const
continue def default define defer del delete do double elif else elsif end endif enum esac except
export extends extern false final finally float fn for foreach from func function get global go goto
if ifdef ifndef impl implements import in include inline instanceof int interface is it lambda let
local long match mod module mut namespace new next nil none not null object of operator or override
package pass print private proc protected pub public raise range register require return self
set short signed sizeof static string struct super switch template then this throw throws trait
true try type typedef typename typeof undef undefined union unless unsigned until use using val var
virtual void volatile when where while with yield None True False Self NULL String
    """.split()  # noqa: SIM905  # a list of quoted words takes a page
)

# Classes of bytes
_WORD, _DIGIT, _SPACE, _OTHER, _QUOTE, _SLASH, _HASH, _DASH, _LESS = range(9)
_DOT = 46
_SLOTS = 1 << 10  # of the keyword table; a power of two well above the number of keywords

# What may stay open to the end of the text, or of the line
_BLOCK, _MARKUP, _TRIPLE_QUOTES, _TRIPLE_APOSTROPHES, _QUOTES, _APOSTROPHES = range(6)
_N_OPENERS = 6

# Products of a 48-bit number and the step stay below 2**63, so they are alike in both twins.
HASH_MASK = (1 << 48) - 1
_SEED, _STEP = 0x5BD1E9955BD1, 0x6A5D


class Rules(NamedTuple):
    """What the kernels read: class of each byte, hashes of keywords (-1: empty), placeholders.

    `placeholders`: shape (4, 12), their bytes, filled up with zeros.
    """

    classes: Kinds
    keywords: Numbers
    placeholders: Bytes


class Lexemes(NamedTuple):
    """Lexemes of one text: half-open byte ranges, kinds, and a 48-bit hash of the bytes of each."""

    starts: Numbers
    stops: Numbers
    kinds: Kinds
    hashes: Numbers


@functools.cache
def lexer_rules() -> Rules:
    """Lay out the rules as tables."""
    classes = np.full(256, _OTHER, np.uint8)
    classes[list(WHITE_SPACE)] = _SPACE
    classes[list(string.ascii_letters.encode() + b"_$")] = _WORD
    classes[128:] = _WORD
    classes[list(string.digits.encode())] = _DIGIT
    for byte, group in (
        (b"\"'", _QUOTE),
        (b"/", _SLASH),
        (b"#", _HASH),
        (b"-", _DASH),
        (b"<", _LESS),
    ):
        classes[list(byte)] = group
    keywords = np.full(_SLOTS, -1, np.int64)
    for word in KEYWORDS:
        value = hash_bytes(np.frombuffer(word.encode(), np.uint8), 0, len(word))
        slot = value % _SLOTS
        while keywords[slot] >= 0:
            slot = (slot + 1) % _SLOTS
        keywords[slot] = value
    rows = b"".join(word.ljust(12, b"\0") for word in PLACEHOLDERS)
    return Rules(classes, keywords, np.frombuffer(rows, np.uint8).reshape(-1, 12))


def lex(text: bytes, previous: int = NEWLINE, *, fast: bool) -> Lexemes:
    """Cut a text into lexemes.

    Args:
        text: any bytes.
        previous: the byte before it; NO_SPACE where it is read from a lexeme in its middle on.
        fast: use machine code.
    """
    run = compiled(lex_into) if fast else lex_into
    room = room_for(len(text))
    n = run(np.frombuffer(text, np.uint8), previous, lexer_rules(), room)
    starts, stops, kinds, hashes = room
    return Lexemes(starts[:n].copy(), stops[:n].copy(), kinds[:n].copy(), hashes[:n].copy())


def room_for(n: int) -> Lexemes:
    """Make room for n lexemes."""
    starts, stops, hashes = np.empty((3, n), np.int64)
    return Lexemes(starts, stops, np.empty(n, np.uint8), hashes)


@kernel
def hash_bytes(text: Bytes, start: int, stop: int) -> int:
    """Hash bytes [start, stop) to 48 bits."""
    value = _SEED
    for at in range(start, stop):
        value = ((value ^ int(text[at])) * _STEP) & HASH_MASK
    return value


@kernel
def lex_into(text: Bytes, previous: int, rules: Rules, out: Lexemes) -> int:
    """Cut a text into lexemes.

    Args:
        text: any bytes.
        previous: the byte before the text.
        rules: `lexer_rules`.
        out: out, with room for as many lexemes as the text has bytes.

    Returns:
        Number of lexemes.
    """
    classes, n, at = rules.classes, 0, 0
    open_until = np.zeros(_N_OPENERS, np.int64)  # an opener before this offset is never closed
    while at < text.size:
        group = classes[text[at]]
        if group == _SPACE:
            at += 1
            continue
        start, stop, kind = at, at + 1, PUNCTUATION
        if group <= _DIGIT:  # most lexemes are words: hashed here, without a call
            kind = NUMBER if group == _DIGIT else NAME
            value = _SEED
            while at < text.size and (
                classes[text[at]] <= _DIGIT or (kind == NUMBER and text[at] == _DOT)
            ):
                value = ((value ^ int(text[at])) * _STEP) & HASH_MASK
                at += 1
            if kind == NAME and is_keyword(value, rules.keywords):
                kind = KEYWORD
        else:
            if group != _OTHER:
                before = int(text[at - 1]) if at else previous
                kind, stop = special(text, at, before, group, rules, open_until)
            if kind == _COMMENT:
                at = stop
                continue
            value = _SEED
            while at < stop:
                value = ((value ^ int(text[at])) * _STEP) & HASH_MASK
                at += 1
        out.starts[n], out.stops[n], out.kinds[n], out.hashes[n] = start, at, kind, value
        n += 1
    return n


@kernel
def special(
    text: Bytes, at: int, before: int, group: int, rules: Rules, open_until: Numbers
) -> tuple[int, int]:
    """Find kind and end of what begins at `at` with a quote, or with what may begin a comment."""
    if group == _QUOTE:
        stop = string_end(text, at, before, rules.classes, open_until)
        return (STRING, stop) if stop > at else (PUNCTUATION, at + 1)
    stop = comment_end(text, at, before, group, rules, open_until)
    if stop > at:
        return _COMMENT, stop
    width = placeholder_width(text, at, rules.placeholders) if group == _LESS else 0
    return (PLACEHOLDER, at + width) if width else (PUNCTUATION, at + 1)


@kernel
def comment_end(
    text: Bytes, at: int, before: int, group: int, rules: Rules, open_until: Numbers
) -> int:
    """Find the end of the comment at `at`; `at` itself where none begins."""
    following = int(text[at + 1]) if at + 1 < text.size else NEWLINE
    if group == _SLASH:
        if following == 47:  # //
            return line_end(text, at)
        if following == 42:  # /*
            return closing(text, at, at + 2, 42, 47, _BLOCK, open_until)
        return at
    if group == _LESS:
        is_markup = at + 3 < text.size and following == 33 and text[at + 2] == text[at + 3] == 45
        return closing(text, at, at + 4, 45, 62, _MARKUP, open_until) if is_markup else at
    if rules.classes[before] != _SPACE:
        return at
    if group == _DASH:
        if following != 45 or at + 2 >= text.size:  # --
            return at
        following = int(text[at + 2])
    is_comment = rules.classes[following] == _SPACE or (group == _HASH and following in (33, 35))
    return line_end(text, at) if is_comment else at


@kernel
def string_end(text: Bytes, at: int, before: int, classes: Kinds, open_until: Numbers) -> int:
    """Find the end of the string at `at`; `at` itself where the quote begins none."""
    quote = int(text[at])
    is_double = quote == 34
    if at + 2 < text.size and text[at + 1] == quote and text[at + 2] == quote:
        opener = _TRIPLE_QUOTES if is_double else _TRIPLE_APOSTROPHES
        stop = closing(text, at, at + 3, quote, quote, opener, open_until)
        if stop > at:
            return stop
    if not is_double and before in (38, 60) and is_lifetime(text, at, classes):  # & <
        return at
    opener = _QUOTES if is_double else _APOSTROPHES
    if at < open_until[opener]:
        return at
    stop = at + 1
    while stop < text.size and text[stop] != quote and text[stop] not in (10, 13):
        stop += 2 if text[stop] == 92 else 1  # a backslash
    if stop < text.size and text[stop] == quote:
        return stop + 1
    open_until[opener] = stop
    return at


@kernel
def is_lifetime(text: Bytes, at: int, classes: Kinds) -> bool:
    """Tell whether a name stands behind the apostrophe at `at`, and no apostrophe behind it."""
    stop = at + 1
    while stop < text.size and classes[text[stop]] <= _DIGIT:
        stop += 1
    return stop > at + 1 and (stop == text.size or text[stop] != 39)


@kernel
def closing(
    text: Bytes, at: int, start: int, first: int, last: int, opener: int, open_until: Numbers
) -> int:
    """Find the end of what opened at `at` and is closed from `start` on; `at` if it never is.

    It is closed by two bytes `first` and `last`; by three of them where both are quotes, or dashes
    before a >.
    """
    if at < open_until[opener]:
        return at
    width = 2 if first == 42 else 3
    for end in range(start + width, text.size + 1):
        is_end = text[end - 1] == last and text[end - 2] == first
        if is_end and (width == 2 or text[end - 3] == first):
            return end
    open_until[opener] = text.size
    return at


@kernel
def line_end(text: Bytes, at: int) -> int:
    """Find the line end from `at` on, or the end of the text."""
    while at < text.size and text[at] != 10 and text[at] != 13:
        at += 1
    return at


@kernel
def placeholder_width(text: Bytes, at: int, placeholders: Bytes) -> int:
    """Count the bytes of the placeholder at `at`; 0 where there is none."""
    for row in range(placeholders.shape[0]):
        width = 0
        while (
            placeholders[row, width] != 0
            and at + width < text.size
            and text[at + width] == placeholders[row, width]
        ):
            width += 1
        if placeholders[row, width] == 0:
            return width
    return 0


@kernel
def is_keyword(value: int, keywords: Numbers) -> bool:
    """Look a hash up among those of the keywords."""
    slot = value % _SLOTS
    while keywords[slot] >= 0:
        if keywords[slot] == value:
            return True
        slot = (slot + 1) % _SLOTS
    return False
