"""What a match is: code, a licence, imports, data, documentation or a test.

A match is what the greater part of its characters is. Each line adds its characters to a class:

    comment                 paragraphs whose words speak of rights are licence, others docs
    import, include, use    imports, up to where its brackets close
    literals                data: lines of numbers, strings and paths, and files of settings
    documentation strings   docs, as is prose in files of prose
    anything else           code; what follows it as a comment on the same line is docs

Rulers, brackets and the like say nothing, unless there is nothing else. Code and imports of tests
are told by the paths of the sources, or by what test code calls. The tables are in
classify_rules.py, lexemes those of near matching. So many lines, and so much of a long one, are
looked at that the work is bounded.

The class depends on the text up to the end of the match and on its sources, on nothing else: not on
a quote that is closed behind it, nor on the name of the checked file. So a guard that sees the text
while it is written (veto.py) tells the same class as whoever reads it afterwards.
"""

import re
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np

from sc2_attrib.attribution import classify_rules as rules
from sc2_attrib.attribution.result import InputRecord, MatchClass, Source
from sc2_attrib.index.near.lexer import KEYWORD, NAME, NEWLINE, NUMBER, STRING, Lexemes, lex

# Policies let licences and imports pass. A header doesn't cover for so many characters of code
# below it, which would have been a match by themselves.
ENOUGH_CODE = 100
_NO_CODE = (MatchClass.LICENSE, MatchClass.IMPORTS)

_LINE = re.compile(rb"[^\r\n]+")
_WORD = re.compile(r"[^\W\d_]+")
_CALL = re.compile(r"\b[A-Za-z_]\w*\(")
_TEMPLATE = re.compile(r"[{}=;]")
_EMPTY = re.compile(r"[\W_]*")
_DATA_SHARE = 0.55  # of what a line says, in literals
_PROSE_SHARE = 0.6  # of lines
_LOOK_AHEAD = 4  # bytes behind its start by which the lexer tells what a lexeme is
_MOST_LINES, _MOST_LINE = 5_000, 2_000  # lines of a match, bytes of a line that are looked at
_CODE_TAILS = (";", ":", "{", "}", "=", "(", "\\", "|")


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of where a matched text stands: a path, its language, whether generated."""

    path: str
    language: str | None = None
    is_generated: bool = False


def place_of(sources: Sequence[Source], record: InputRecord) -> Place:
    """Choose the source that says what a match is: if any, one that is no test."""
    if not sources:
        return Place(record.path, record.language)
    return place_of_sources(sources)


def place_of_sources(sources: Sequence[Source]) -> Place:
    """Choose the source that says what a match is among at least one."""
    source = min(sources, key=lambda each: (each.is_generated, is_test_path(each.path)))
    return Place(source.path, source.language, source.is_generated)


@dataclass(frozen=True, slots=True)
class Line:
    """A line as far as it lies in the match.

    `n_visible` bytes are not white space, `n_lexed` of them lie in lexemes, `n_literal` in numbers
    and strings, `n_said` in these and in names and keywords. `in_docstring`: in a string of several
    lines that begins a body.
    """

    text: str
    n_visible: int
    n_lexed: int
    n_literal: int
    n_said: int
    in_docstring: bool


def classify(text: bytes, extent: tuple[int, int], lexemes: Lexemes, place: Place) -> MatchClass:
    """Tell what stands in bytes [start, stop) of a text, of which `lexemes` are all."""
    lexemes = lexemes_until(text, extent[1], lexemes)
    lines = list(islice(_lines(text, extent, lexemes), _MOST_LINES))
    weights = _Weigher(place.language, place.path).weigh(lines)
    if not weights:
        return MatchClass.DOCS if lines else MatchClass.CODE
    found = max(weights, key=lambda each: (weights[each], each == MatchClass.CODE))
    if found in _NO_CODE and weights[MatchClass.CODE] >= ENOUGH_CODE:
        found = MatchClass.CODE
    if found is not MatchClass.CODE:
        return found
    if _is_test(place, lines):
        return MatchClass.TEST
    return MatchClass.DATA if place.is_generated else MatchClass.CODE


def lexemes_until(text: bytes, stop: int, lexemes: Lexemes) -> Lexemes:
    """Give the lexemes of text[:stop], of all those of the text.

    Only at the cut they differ: what is open there is closed behind it, or is read otherwise.
    """
    n = max(int(np.searchsorted(lexemes.stops, stop, "right")) - _LOOK_AHEAD, 0)
    start = int(lexemes.stops[n - 1]) if n else 0
    previous = text[start - 1] if start else NEWLINE
    rest = lex(text[start:stop], previous, fast="numba" in sys.modules)
    return Lexemes(
        np.concatenate((lexemes.starts[:n], rest.starts + start)),
        np.concatenate((lexemes.stops[:n], rest.stops + start)),
        np.concatenate((lexemes.kinds[:n], rest.kinds)),
        np.concatenate((lexemes.hashes[:n], rest.hashes)),
    )


def _lines(text: bytes, extent: tuple[int, int], lexemes: Lexemes) -> Iterator[Line]:
    """Cut an extent to its lines that are not blank."""
    start, stop = extent
    first, last = np.searchsorted(lexemes.stops, [start + 1, stop])
    at = slice(int(first), int(last) + 1)
    starts, stops, kinds = (column[at] for column in (lexemes.starts, lexemes.stops, lexemes.kinds))
    docstrings = _docstrings(text, lexemes, at)
    for found in _LINE.finditer(text, start, stop):
        begin, end = found.span()
        n_visible = len(b"".join(found[0].split()))
        if not n_visible:
            continue
        one = slice(int(np.searchsorted(stops, begin, "right")), int(np.searchsorted(starts, end)))
        sizes = np.minimum(stops[one], end) - np.maximum(starts[one], begin)
        those = kinds[one]
        n_literal = int(sizes[(those == NUMBER) | (those == STRING)].sum())
        n_named = int(sizes[(those == NAME) | (those == KEYWORD)].sum())
        yield Line(
            found[0][:_MOST_LINE].decode(errors="replace").strip(),
            n_visible,
            min(int(sizes.sum()), n_visible),
            n_literal,
            n_literal + n_named,
            _reaches_into(docstrings, begin, end),
        )


def _docstrings(text: bytes, lexemes: Lexemes, at: slice) -> list[tuple[int, int]]:
    """Find strings of several lines where documentation stands: first, or after a colon."""
    found = []
    for number in np.flatnonzero(lexemes.kinds[at] == STRING).tolist():
        number += at.start
        start, stop = int(lexemes.starts[number]), int(lexemes.stops[number])
        if b"\n" not in text[start:stop]:
            continue
        before = int(lexemes.stops[number - 1]) if number else 0
        if not number or text[before - 1 : before] == b":":
            found.append((start, stop))
    return found


def _reaches_into(ranges: Sequence[tuple[int, int]], start: int, stop: int) -> bool:
    """Tell whether [start, stop) has a byte of half-open ranges that ascend."""
    before = bisect_left(ranges, (stop,))
    return before > 0 and start < ranges[before - 1][1]


class _Weigher:
    """Adds up the characters of each class, line by line."""

    def __init__(self, language: str | None, path: str) -> None:
        self._language = language or ""
        is_license_file = rules.LICENSE_FILE.search(path) is not None
        self._is_prose = self._language in rules.PROSE or (is_license_file and not language)
        self._is_license_file = is_license_file and self._is_prose
        self._weights: Counter[MatchClass] = Counter()
        self._paragraph: list[Line] = []
        self._comments: list[list[Line]] = []  # paragraphs of the comment that is being read
        self._n_open = 0  # brackets of an import that are not closed yet

    def weigh(self, lines: Sequence[Line]) -> Counter[MatchClass]:
        """Give the characters of each class; rulers and lone brackets have none."""
        self._is_prose |= self._reads_as_prose(lines)
        for line in lines:
            is_empty = _EMPTY.fullmatch(line.text) is not None
            if not self._n_open and self._is_comment(line):
                if is_empty or _EMPTY.fullmatch(line.text.removeprefix("dnl")):
                    self._end_paragraph()
                else:
                    self._paragraph.append(line)
                continue
            self._end_comment()
            if is_empty and not line.n_literal:
                self._count_brackets(line.text)
                continue
            if rules.CONDITION_LINE.match(line.text):
                continue
            kind = self._class_of_code(line)
            n_own = line.n_lexed if kind is MatchClass.CODE and line.n_lexed else line.n_visible
            self._weights[kind] += n_own
            self._weights[MatchClass.DOCS] += line.n_visible - n_own
        self._end_comment()
        return +self._weights

    @cached_property
    def _comment(self) -> re.Pattern[str]:
        if self._language == "Assembly":
            return rules.COMMENTS_ASSEMBLY
        return rules.COMMENTS.get(self._language, rules.ANY_COMMENT)

    def _is_comment(self, line: Line) -> bool:
        if self._is_prose or line.in_docstring or self._comment.match(line.text):
            return True
        if line.n_lexed == 0:  # the lexer reads `#  define` as a comment
            return self._language in rules.HASHED or not line.text.startswith("#")
        return self._is_prose_line(line)

    def _reads_as_prose(self, lines: Sequence[Line]) -> bool:
        """Tell whether most lines are sentences, whatever the language is said to be."""
        others = [line for line in lines if not self._comment.match(line.text) and line.n_lexed]
        n_prose = sum(map(self._is_prose_line, others))
        return n_prose >= max(_PROSE_SHARE * len(others), 3)

    def _is_prose_line(self, line: Line) -> bool:
        text = line.text
        if self._language in rules.MARKUP:
            text = rules.TAGS.sub(" ", text).strip()
            if line.text.startswith("<"):
                return _WORD.search(text) is not None and not _TEMPLATE.search(text)
        if text.endswith(_CODE_TAILS) or _CALL.search(text) or rules.LITERAL_LINE.match(text):
            return False
        return rules.PROSE_LINE.match(text) is not None

    def _end_comment(self) -> None:
        """Give the comment that was gathered to licence or to docs: as a whole, or by paragraphs.

        In a long licence many a paragraph says nothing of rights.
        """
        self._end_paragraph()
        whole = " ".join(line.text for paragraph in self._comments for line in paragraph)
        is_license = self._is_license_file or (
            len(self._comments) > 1 and _speaks_of_rights(whole, rules.LICENSE_SHARE_OF_ALL)
        )
        for paragraph in self._comments:
            text = " ".join(line.text for line in paragraph)
            is_one = is_license or _speaks_of_rights(text, rules.LICENSE_SHARE)
            kind = MatchClass.LICENSE if is_one else MatchClass.DOCS
            self._weights[kind] += sum(line.n_visible for line in paragraph)
        self._comments = []

    def _end_paragraph(self) -> None:
        if self._paragraph:
            self._comments.append(self._paragraph)
            self._paragraph = []

    def _class_of_code(self, line: Line) -> MatchClass:
        if self._n_open or self._import.match(line.text):
            self._n_open = max(self._n_open, 0)
            self._count_brackets(line.text, begins=True)
            return MatchClass.IMPORTS
        return MatchClass.DATA if self._is_data(line) else MatchClass.CODE

    @cached_property
    def _import(self) -> re.Pattern[str]:
        return rules.IMPORTS.get(self._language, rules.ANY_IMPORT)

    def _count_brackets(self, text: str, *, begins: bool = False) -> None:
        """Follow the brackets of an import to where they close."""
        if begins or self._n_open:
            opened = sum(text.count(each) for each in "({") - sum(text.count(each) for each in ")}")
            self._n_open = max(self._n_open + opened, 0)

    def _is_data(self, line: Line) -> bool:
        if self._language in rules.TABLES:
            return True
        if self._language in rules.CONFIGURATION:
            return rules.SETTING_LINE.match(line.text) is not None
        if rules.PATH_LINE.fullmatch(line.text):
            return True
        is_literal = line.n_literal >= _DATA_SHARE * line.n_said
        is_table = line.n_literal > 0 and rules.TABLE_LINE.match(line.text) is not None
        return is_literal and is_table and not _CALL.search(line.text)


def _speaks_of_rights(text: str, share: float) -> bool:
    """Tell whether so many words of a comment, or one phrase of a short one, are of licences."""
    words = [word.lower() for word in _WORD.findall(text)]
    n_legal = sum(word in rules.LICENSE_WORDS for word in words)
    if n_legal >= max(share * len(words), 2):
        return True
    return len(words) < rules.SHORT_COMMENT and rules.LICENSE_PHRASE.search(text) is not None


def _is_test(place: Place, lines: Sequence[Line]) -> bool:
    if place.language not in rules.CONFIGURATION and is_test_path(place.path):
        return True
    n_tests = sum(rules.TEST_LINE.match(line.text) is not None for line in lines)
    return n_tests >= max(rules.TEST_SHARE * len(lines), 2)


def is_test_path(path: str) -> bool:
    """Tell whether a path is one of tests, by its words."""
    return rules.TEST_PATH.search(rules.NO_TEST_PATH.sub("/", path)) is not None
