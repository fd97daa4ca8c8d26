"""How categories and actions look in a terminal.

The colours are of the 256 that terminals don't redefine, and dark or light enough for either
background: each has a contrast of at least 3.9 : 1 to black and to white (WCAG asks 3 : 1 of what
is not running text). No meaning is in a colour alone: the word stands beside it, and a mark.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sc2_attrib.attribution.result import Action, Category

CATEGORY_STYLES: Mapping[Category, str] = {
    Category.PERMISSIVE: "color(28)",  # green
    Category.COPYLEFT_LIMITED: "color(130)",  # amber
    Category.UNKNOWN: "color(30)",  # teal
    Category.NONE: "color(62)",  # slate
    Category.COPYLEFT: "color(160)",  # red
    Category.NETWORK_COPYLEFT: "color(133)",  # purple
    Category.PROPRIETARY: "color(161)",  # crimson
}

ACTION_STYLES: Mapping[Action, str] = {
    Action.ALLOW: "color(28)",
    Action.ATTRIBUTE: "color(28)",
    Action.REVIEW: "bold color(130)",
    Action.DENY: "bold color(160)",
}


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The marks that are not letters, so that a terminal without Unicode gets others."""

    actions: Mapping[Action, str]
    clean: str
    bar: str
    dot: str
    gap: str
    ellipsis: str


UNICODE = Glyphs(
    {Action.ALLOW: "✓", Action.ATTRIBUTE: "•", Action.REVIEW: "!", Action.DENY: "✗"},
    clean="✓",
    bar="│",
    dot=" · ",
    gap="⋮",
    ellipsis="…",
)
ASCII = Glyphs(
    {Action.ALLOW: "=", Action.ATTRIBUTE: "*", Action.REVIEW: "!", Action.DENY: "x"},
    clean="=",
    bar="|",
    dot=", ",
    gap=":",
    ellipsis="...",
)
