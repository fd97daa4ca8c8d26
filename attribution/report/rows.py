"""Rows of terminal output: what stands in a line, and what to do where it is too long for one.

Rich would break any long line at the width; a broken link can't be followed, and a broken line of
a redirected report can't be searched. So only a terminal gets lines broken, and only where a row
says so: prose between words, code anywhere but under its own margin. All else is left whole.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import accumulate, islice, zip_longest

from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.text import Text

LINES_AT_ONCE = 50  # a call of Rich costs as much as several lines
NARROWEST = 20  # columns; a smaller terminal gets rows of this width, broken by itself


class Wrap(Enum):
    """Where a row may be broken."""

    NEVER = auto()
    WORDS = auto()
    CELLS = auto()


@dataclass(frozen=True, slots=True)
class Row:
    """A line with a margin on its left.

    `lead` is the margin of the first line, `rest` that of the lines it is continued on. `under`
    stands below the text, broken at the same places: marks for single characters.
    """

    text: Text = field(default_factory=Text)
    lead: Text = field(default_factory=Text)
    rest: Text = field(default_factory=Text)
    under: Text | None = None
    wrap: Wrap = Wrap.NEVER


def indented(text: Text, indent: int, *, wrap: Wrap = Wrap.NEVER) -> Row:
    """Make a row that stands `indent` columns to the right, all its lines."""
    margin = Text(" " * indent)
    return Row(text, margin, margin, wrap=wrap)


def labelled(label: Text, text: Text, width: int) -> Row:
    """Make a row of prose with a label in a margin `width` columns wide."""
    lead = Text.assemble(label, " " * (width - label.cell_len))
    return Row(text, lead, Text(" " * width), wrap=Wrap.WORDS)


def print_rows(rows: Iterable[Row], console: Console) -> None:
    """Print rows, broken only on a terminal. Nothing in them is read as markup."""
    lines = (line for row in rows for line in _lines(row, console))
    while some := list(islice(lines, LINES_AT_ONCE)):
        console.print(Text("\n").join(some), soft_wrap=True, highlight=False)


def _lines(row: Row, console: Console) -> Iterator[Text]:
    lead = row.lead
    for text, under in _pieces(row, console):
        yield _line(lead, text)
        if under is not None and under.plain.strip():
            yield _line(row.rest, under)
        lead = row.rest


def _pieces(row: Row, console: Console) -> Iterator[tuple[Text, Text | None]]:
    width = max(NARROWEST, console.width - row.lead.cell_len)
    is_broken = console.is_terminal and row.text.cell_len > width
    if row.wrap is Wrap.NEVER or not is_broken:
        yield row.text, row.under
        return
    breaks = _word_breaks if row.wrap is Wrap.WORDS else _cell_breaks
    texts = row.text.divide(breaks(row.text.plain, width))
    unders = row.under.divide(_cell_breaks(row.under.plain, width)) if row.under else ()
    yield from zip_longest(texts, unders)


def _word_breaks(text: str, width: int) -> list[int]:
    """Find where to break prose so that no line is wider than `width`, if its words allow that."""
    breaks, used = [], 0
    for word in re.finditer(r"\S+\s*", text):
        if used and used + cell_len(word[0].rstrip()) > width:
            breaks.append(word.start())
            used = 0
        used += cell_len(word[0])
    return breaks


def _cell_breaks(text: str, width: int) -> list[int]:
    return list(accumulate(map(len, chop_cells(text, width))))[:-1]


def _line(margin: Text, text: Text) -> Text:
    line = Text.assemble(margin, text)
    line.rstrip()
    return line
