"""Where comment lines may stand in a text without changing what it means.

Plain: anywhere between two lines. Not enough: a string, a comment or a heredoc may go over lines,
a backslash may join two, and inside some brackets a comment would be content. So the text is
scanned as the syntax of its language says (comment_languages.py), and a break between lines is free
where nothing is open. Python is scanned by its own tokenizer. Where the scan can't be sure it says
no: the caller has other ways.

Breaks are numbered by the lines before them: break 0 is before the first line, break n after the
last of n. Lines end at line feeds.
"""

import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from sc2_attrib.attribution.comment_languages import JAVASCRIPT, JSX, SYNTAX_BY_LANGUAGE
from sc2_attrib.attribution.comment_syntax import Nesting, Region, Syntax

# What must be the first line of a file, or stand in the first two.
_HEAD = re.compile(
    r"#!|<\?|<!DOCTYPE|%!|#lang\b|---\s*$|@charset|cabal-version|#\s*(?:syntax|escape|check)\s*=",
    re.IGNORECASE,
)
_CODING = re.compile(r"^[ \t\f]*#.*?coding[:=]")
_JSX = re.compile(r"(?:\breturn|[(=?:&|,>])\s*<(?:[A-Za-z][\w.]*[\s/>]|>)")
_CLOSING: Final = dict(zip(")]}", "([{", strict=True))
_OPENINGS: Final = frozenset("([{")


def syntax_of(text: bytes, language: str | None) -> Syntax | None:
    """Find how comments are written in a text; None where they are not, or not safely."""
    syntax = SYNTAX_BY_LANGUAGE.get(language or "")
    if syntax is JAVASCRIPT and _JSX.search(text.decode("latin-1")):
        return JSX
    if syntax and syntax.unfit and re.search(syntax.unfit, text.decode("latin-1")):
        return None
    return syntax


def free_breaks(text: bytes, language: str | None, syntax: Syntax) -> list[bool]:
    """Tell for each break of a text whether comment lines may stand there."""
    source = text.decode("latin-1")
    lines = source.split("\n")
    if lines[-1] == "":
        lines.pop()
    free = (language == "Python" and _free_in_python(text, lines)) or _Scan(
        source, lines, syntax
    ).run()
    n_head = _head_lines(lines)
    return [is_free and number >= n_head for number, is_free in enumerate(free)]


def _head_lines(lines: list[str]) -> int:
    """Count the lines that must stay the first ones."""
    n_head = int(bool(lines) and _HEAD.match(lines[0]) is not None)
    coded = [number for number, line in enumerate(lines[:2], 1) if _CODING.match(line)]
    return max([n_head, *coded])


def _free_in_python(text: bytes, lines: list[str]) -> list[bool] | None:
    """Ask Python's tokenizer; None where it can't read the text."""
    free = [True] * (len(lines) + 1)
    opened: list[int] = []
    try:
        for token in tokenize.tokenize(io.BytesIO(text).readline):
            kind = tokenize.tok_name[token.type]
            first, last = token.start[0], token.end[0]
            if kind in ("FSTRING_START", "TSTRING_START"):
                opened.append(first)
            elif kind in ("FSTRING_END", "TSTRING_END"):
                first = opened.pop()
            if kind != "NEWLINE" and kind != "NL":
                free[first:last] = [False] * (last - first)
    except (tokenize.TokenError, SyntaxError, ValueError):
        return None
    for number, line in enumerate(lines, 1):
        if line.rstrip("\r").endswith("\\"):
            free[number] = False
    return free


@dataclass(frozen=True, slots=True)
class _Heredoc:
    """A text that begins on the next line and ends with a line that is its name.

    `indent` as its opening has it: with `-` or `~` the name may be indented, with `<<<`, as in PHP,
    code may follow it too.
    """

    name: str
    indent: str

    def ends_with(self, line: str) -> bool:
        """Tell whether a line is the last one."""
        if self.indent == "<<<":
            return re.match(rf"\s*{self.name}\b", line) is not None
        return (line.strip() if self.indent else line.rstrip("\r")) == self.name


@dataclass(slots=True)
class _Scan:
    """One pass over a text, from token to token; what lies between tokens means nothing."""

    source: str
    lines: list[str]
    syntax: Syntax
    open_brackets: Counter[str] = field(default_factory=Counter)
    heredocs: list[_Heredoc] = field(default_factory=list)
    number: int = 0  # of the break that the next line feed makes, less one

    def run(self) -> list[bool]:
        """Tell for each break whether it is free. What can't be read to its end has none."""
        free = [False] * (len(self.lines) + 1)
        free[0] = True
        tokens, position = _tokens(self.syntax), 0
        while found := tokens.search(self.source, position):
            kind = found.lastgroup or ""
            if kind == "stop":
                return free
            if kind == "newline":
                position = self._next_line(found.end(), free)
            else:
                position = self._after(found, kind)
            if position < 0:
                return free
        if self.source and not self.source.endswith("\n"):
            free[-1] = not self.heredocs and self._is_free_after(len(self.lines) - 1)
        return free

    def _after(self, token: re.Match[str], kind: str) -> int:
        """Find where what a token begins is over; -1 if it never is."""
        end = token.end()
        if kind == "bracket":
            self._count(token[0])
        elif kind == "heredoc":
            self.heredocs.append(_Heredoc(token["name"], token["indent"]))
        elif kind == "comment":
            end = self.source.find("\n", end)
            return len(self.source) if end < 0 else end
        elif kind == "nested":
            assert self.syntax.nesting is not None
            end = _nested_end(self.syntax.nesting, self.source, end)
        else:
            region = self.syntax.regions[int(kind.removeprefix("region"))]
            rest = _rest(region, token).match(self.source, end)
            end = rest.end() if rest else -1
        self._pass_lines(token.start(), end)
        return end

    def _pass_lines(self, start: int, end: int) -> None:
        if end > 0:
            self.number += self.source.count("\n", start, end)

    def _count(self, bracket: str) -> None:
        if bracket in _OPENINGS:
            self.open_brackets[bracket] += 1
        elif self.open_brackets[_CLOSING[bracket]]:
            self.open_brackets[_CLOSING[bracket]] -= 1

    def _next_line(self, position: int, free: list[bool]) -> int:
        """Judge the break after a line that ended outside of everything; pass its heredocs."""
        if not self.heredocs:
            free[self.number + 1] = self._is_free_after(self.number)
        self.number += 1
        for heredoc in self.heredocs:
            while self.number < len(self.lines):
                line = self.lines[self.number]
                self.number, position = self.number + 1, position + len(line) + 1
                if heredoc.ends_with(line):
                    break
            else:
                return -1
        if self.heredocs and self.number < len(free):
            self.heredocs.clear()
            free[self.number] = self._is_free_after(self.number - 1)
        return min(position, len(self.source))

    def _is_free_after(self, number: int) -> bool:
        """Judge the break after a line by what is open and by the lines around it."""
        syntax, line = self.syntax, self.lines[number].rstrip("\r")
        following = self.lines[number + 1 : number + 2]
        return not (
            any(self.open_brackets[bracket] for bracket in syntax.closed_brackets)
            or re.search(syntax.goes_on, line)
            or (syntax.ends_statement and not re.search(syntax.ends_statement, line))
            or (following and syntax.follows and re.match(syntax.follows, following[0]))
        )


@cache
def _tokens(syntax: Syntax) -> re.Pattern[str]:
    """Make one expression of all that begins something, tried in this order at each place."""
    return re.compile("|".join(_token_kinds(syntax)), re.MULTILINE)


def _token_kinds(syntax: Syntax) -> Iterator[str]:
    if syntax.stops:
        yield f"(?P<stop>{syntax.stops})"
    if syntax.heredoc:
        yield f"(?P<heredoc>{syntax.heredoc})"
    for number, region in enumerate(syntax.regions):
        yield f"(?P<region{number}>{region.opening})"
    if syntax.line_comments:
        yield f"(?P<comment>{'|'.join(syntax.line_comments)})"
    if syntax.nesting:
        yield f"(?P<nested>{syntax.nesting.quote})"
    yield r"(?P<bracket>[()\[\]{}])|(?P<newline>\n)"


def _rest(region: Region, opening: re.Match[str]) -> re.Pattern[str]:
    """Make the expression of a region's rest, with what its opening's group found."""
    if "{0}" not in region.rest:
        return re.compile(region.rest, re.MULTILINE)
    assert opening.lastindex is not None
    found = opening[opening.lastindex + 1] or ""
    return re.compile(region.rest.replace("{0}", re.escape(found)), re.MULTILINE)


@cache
def _nested_tokens(nesting: Nesting, inside: str) -> re.Pattern[str]:
    """Make the expression of all that means something in what `inside` closes."""
    unfit, passed = nesting.unfit.get(inside, "(?!)"), nesting.passed.get(inside, "(?!)")
    marks = "|".join(map(re.escape, {inside: "", **nesting.openings[inside]}))
    return re.compile(rf"(?P<unfit>{unfit})|\\[\s\S]|{passed}|(?P<mark>{marks})")


def _nested_end(nesting: Nesting, source: str, position: int) -> int:
    """Find the end of a string that may hold code that holds strings; -1 where it is not known."""
    inside = [nesting.quote]
    while inside:
        found = _nested_tokens(nesting, inside[-1]).search(source, position)
        if found is None or found["unfit"]:
            return -1
        position = found.end()
        if found["mark"] == inside[-1]:
            inside.pop()
        elif found["mark"]:
            inside.append(nesting.openings[inside[-1]][found["mark"]])
    return position
