"""A completion with line numbers, its matches coloured and numbered like footnotes.

    12       │ def parse(line):
    13 + [1] │     head, _, rest = line.partition(":")
    14 + [1] │     return head.strip(), rest.strip()
             │                          ^^^^^^^^^^^^

A plus sign marks the lines the model wrote in; the numbers are those of the matches that a line is
part of. Where matches overlap, a character has the colour of the strictest licence. Without colour,
carets show which part of a line is matched. Of the prompt only some lines around the completion are
shown, and the lines of matches that reach into it.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.cells import cell_len
from rich.text import Text

from sc2_attrib.attribution.report.palette import CATEGORY_STYLES, Glyphs
from sc2_attrib.attribution.report.rows import Row, Wrap
from sc2_attrib.attribution.report.visible import escaped
from sc2_attrib.attribution.result import Category, Range

CONTEXT_LINES = 3  # of the prompt, before and after the completion
TAB_COLUMNS = 4

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")


@dataclass(frozen=True, slots=True)
class Run:
    """A match in a text: its footnote's number, its characters, and what its licences ask for."""

    number: int
    chars: Range
    category: Category


@dataclass(frozen=True, slots=True)
class Listing:
    """A text with the range of characters that a model wrote, and the matches in it."""

    text: str
    generated: Range
    runs: Sequence[Run]

    def rows(self, glyphs: Glyphs, *, whole: bool, with_carets: bool) -> Iterator[Row]:
        """List the text; only the completion and what is around it where not `whole`."""
        lines = _lines(self.text)
        margin, near = self._margin(lines, glyphs), self._near(lines)
        n_hidden = 0
        for index, line in enumerate(lines):
            if not (whole or index in near or self._reaches_in(line)):
                n_hidden += 1
                continue
            yield from margin.gap(n_hidden)
            n_hidden = 0
            yield self._row(line, margin.lead(index + 1, *self._marks(line)), with_carets)
        yield from margin.gap(n_hidden)

    def _row(self, line: Range, margin: tuple[Text, Text], with_carets: bool) -> Row:
        text, carets = Text(), ""
        for start, stop in self._pieces(line):
            shown = _shown(self.text[start:stop], column=text.cell_len)
            runs = _on(self.runs, (start, stop))
            text.append(shown, self._style(start, runs))
            carets += ("^" if runs else " ") * cell_len(shown)
        indent = len(text.plain) - len(text.plain.lstrip())
        is_in_part = "^" in carets and " " in carets[indent:]
        under = Text(" " * indent + carets[indent:]) if with_carets and is_in_part else None
        return Row(text, *margin, under=under, wrap=Wrap.CELLS)

    def _pieces(self, line: Range) -> Iterator[Range]:
        """Cut a line wherever a match or the completion begins or ends."""
        start, stop = line
        bounds = {*line, *self.generated, *(end for run in self.runs for end in run.chars)}
        cuts = sorted(bound for bound in bounds if start <= bound <= stop)
        return pairwise(cuts)

    def _style(self, start: int, runs: Iterable[Run]) -> str:
        is_generated = self.generated[0] <= start < self.generated[1]
        strictest = max((run.category for run in runs), key=_severity, default=None)
        if strictest is None:
            return "" if is_generated else "dim"
        return ("bold " if is_generated else "") + CATEGORY_STYLES[strictest]

    def _marks(self, line: Range) -> tuple[bool, str]:
        """Say whether the model wrote in a line, and which matches it is part of."""
        numbers = _ranges([run.number for run in _on(self.runs, line)])
        return _is_on(self.generated, line), f"[{numbers}]" if numbers else ""

    def _near(self, lines: Sequence[Range]) -> range:
        """Number the lines of the completion and some around it."""
        starts = [start for start, _ in lines]
        start, stop = self.generated
        first = bisect_right(starts, start) - 1
        last = bisect_right(starts, max(start, stop - 1)) - 1
        return range(first - CONTEXT_LINES, last + CONTEXT_LINES + 1)

    def _reaches_in(self, line: Range) -> bool:
        """Tell whether a line is part of a match that reaches into the completion."""
        return any(_overlap(run.chars, self.generated) for run in _on(self.runs, line))

    def _margin(self, lines: Sequence[Range], glyphs: Glyphs) -> "_Margin":
        marks = max((len(self._marks(line)[1]) for line in lines), default=0)
        return _Margin(len(str(len(lines))), marks, glyphs)


@dataclass(frozen=True, slots=True)
class _Margin:
    """What stands left of the text: `12 + [1] │ `; the widths are of the number and the marks."""

    number_width: int
    marks_width: int
    glyphs: Glyphs

    def lead(self, number: int, is_generated: bool, marks: str) -> tuple[Text, Text]:
        """Make the margin of a line, and that of the lines it is continued on."""
        sign = "+" if is_generated else " "
        lead = Text(f"{number:>{self.number_width}} {sign} ", "dim")
        lead.append(marks.ljust(self.marks_width), "not dim bold")
        lead.append(f" {self.glyphs.bar} ")
        rest = " " * (self.number_width + self.marks_width + 4)
        return lead, Text(f"{rest}{self.glyphs.bar} ", "dim")

    def gap(self, n_hidden: int) -> Iterator[Row]:
        """Say how many lines are not shown."""
        if n_hidden:
            lead = Text(f"{self.glyphs.gap:>{self.number_width}}   ")
            lines = "line" if n_hidden == 1 else "lines"
            yield Row(Text(f"{n_hidden:,} {lines} of the prompt", "dim"), lead)


def _lines(text: str) -> list[Range]:
    """Give the characters of each line without its end: LF, CRLF or a lone CR."""
    found = _LINE.finditer(text)
    return [(line.start(), line.start() + len(line[0].rstrip("\r\n"))) for line in found]


def _shown(text: str, *, column: int) -> str:
    """Replace tabs by spaces up to the next stop, and what can't be seen by its escape."""
    if text.isprintable():
        return text
    shown = ""
    for char in text:
        if char == "\t":
            shown += " " * (TAB_COLUMNS - (column + cell_len(shown)) % TAB_COLUMNS)
        else:
            shown += char if char.isprintable() else escaped(char)
    return shown


def _ranges(numbers: Sequence[int]) -> str:
    """Write ascending numbers briefly: `1,2,5-9`."""
    starts = [n for n in numbers if n - 1 not in numbers]
    stops = [n for n in numbers if n + 1 not in numbers]
    return ",".join(_range(*ends) for ends in zip(starts, stops, strict=True))


def _range(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first}{',' if last == first + 1 else '-'}{last}"


def _on(runs: Iterable[Run], line: Range) -> list[Run]:
    return [run for run in runs if _is_on(run.chars, line)]


def _is_on(chars: Range, line: Range) -> bool:
    """Tell whether characters lie on a line, or on both sides of it where it is empty."""
    start, stop = line
    return _overlap(chars, (start, max(stop, start + 1)))


def _overlap(one: Range, other: Range) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _severity(category: Category) -> int:
    return category.severity
