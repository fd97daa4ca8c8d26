"""Copyright statements in a text: the lines that say who holds the rights in it, as they stand.

A statement is the word copyright, `(c)` or the sign, and then a year or a name. Licences speak of
copyright all the time ("the above copyright notice", "COPYRIGHT HOLDERS"), and their own texts hold
forms to fill in; neither names anybody. The line is kept from its mark to its end, without what
closes a comment.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

MOST_LINES = 20
LONGEST_LINE = 200  # characters; a longer line is code or data

TAG = "SPDX-FileCopyrightText:"

MARKS = (b"copyright", b"(c)", b"\xc2\xa9")  # in lower case; the first that names somebody counts
_CACHED_LINES = 4096  # the same few lines stand in most files of a repository
_SIGN = r"(?:\(c\)|©|&copy;)"
_STATEMENT = re.compile(
    rf"(?P<whole>(?:{TAG}\s*)?(?:(?P<mark>copyright(?:ed)?\b:?\s*(?:{_SIGN})?|{_SIGN})[\s,:]*)"
    rf"(?P<sign>{_SIGN}?)[\s,]*(?P<rest>\S.*))",
    re.IGNORECASE,
)
_TAGGED = re.compile(rf"{TAG}\s*(?P<rest>\S.*)", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d\b")
_NAME = re.compile(r"(?:the\s+|by\s+)?[A-Z][\w.&'-]*", re.ASCII)
_NO_NAME = re.compile(
    r"(?:the\s+)?(?:notices?|holders?|owners?|laws?|licen[cs]es?|acts?|statements?|interests?"
    r"|disclaimers?|information|and|or|in|is|of|for|to|as|years?|text|lines?|protection|treat\w+)\b",
    re.IGNORECASE,
)
_FORM = re.compile(
    r"[\[<{](?:year|yyyy|name|owner|date|copyright)|\byyyy\b|%Y|name of author", re.IGNORECASE
)
_COMMENT_END = re.compile(r"(?:\s|\*/|-->|\*\)|[*#;\"'`|\\])+$")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def copyright_lines(text: bytes, lowered: bytes | None = None) -> tuple[str, ...]:
    """Read the copyright statements of a text, each once, in their order.

    `lowered` is the text in lower case, if the caller has it already.
    """
    lowered = text.lower() if lowered is None else lowered
    for mark in MARKS:
        statements = filter(None, map(_statement, _lines_with(mark, text, lowered)))
        if lines := dict.fromkeys(islice(statements, MOST_LINES)):
            return tuple(lines)
    return ()


def _lines_with(mark: bytes, text: bytes, lowered: bytes) -> Iterator[bytes]:
    at = lowered.find(mark)
    while at >= 0:
        end = _line_end(text, at)
        yield text[max(text.rfind(b"\n", 0, at), text.rfind(b"\r", 0, at)) + 1 : end]
        at = lowered.find(mark, end)


def _line_end(text: bytes, at: int) -> int:
    line_feed = text.find(b"\n", at)
    end = len(text) if line_feed < 0 else line_feed
    carriage_return = text.find(b"\r", at, end)
    return end if carriage_return < 0 else carriage_return


@lru_cache(_CACHED_LINES)
def _statement(raw: bytes) -> str | None:
    line = " ".join(raw.decode(errors="replace").split())
    if len(line) > LONGEST_LINE or _FORM.search(line):
        return None
    if tagged := _TAGGED.search(line):
        return _cleaned(tagged["rest"])
    found = _STATEMENT.search(line)
    return _cleaned(found["whole"]) if found and _names_somebody(found) else None


def _names_somebody(found: re.Match[str]) -> bool:
    rest, mark = found["rest"], found["mark"].casefold()
    if _YEAR.match(rest):
        return True
    if not mark.startswith("copyright") or _NO_NAME.match(rest):  # "(c)" may count a list's items
        return False
    return _NAME.match(rest) is not None


def _cleaned(statement: str) -> str | None:
    line = _CONTROL.sub("", _COMMENT_END.sub("", statement)).strip()
    return line or None
