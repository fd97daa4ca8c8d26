"""What a terminal can show and how much of it the user wants, and the phrases all blocks share."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from sc2_attrib.attribution.report.palette import ACTION_STYLES, ASCII, UNICODE, Glyphs
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import Action

QUIET = -1


@dataclass(frozen=True, slots=True)
class View:
    """How to show a result. `verbosity`: -1 a line a match, 0 the usual, 1 and 2 more of it."""

    glyphs: Glyphs
    verbosity: int
    has_color: bool

    @classmethod
    def of(cls, console: Console, verbosity: int) -> "View":
        """Ask a console what it can show."""
        has_color = console.color_system is not None and not console.no_color
        glyphs = UNICODE if console.encoding.lower().startswith("utf") else ASCII
        return cls(glyphs, verbosity, has_color)

    def action(self, action: Action) -> Text:
        """Show an action by mark, word and colour."""
        return Text(f"{self.glyphs.actions[action]} {action}", ACTION_STYLES[action])

    def listed(self, phrases: Iterable[str]) -> str:
        """Join short phrases of one line."""
        return self.glyphs.dot.join(phrase for phrase in phrases if phrase)


def counted(number: int, noun: str) -> str:
    """Say how many: `1 match`, `2,048 matches`."""
    if number == 1:
        return f"1 {noun}"
    ending = "es" if noun.endswith("ch") else "s"
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else noun + ending
    return f"{number:,} {plural}"


def plain(text: str, style: str = "") -> Text:
    """Show text of others: nothing in it is obeyed, as markup or by the terminal."""
    return Text(visible(text), style)
