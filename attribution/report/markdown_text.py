"""Text of others made safe to stand in Markdown, as GitHub and GitLab read it.

Whatever could begin markup is written as a character reference, which Markdown never takes for
syntax: not in a table, not in a link, not at the start of a line. What can't be seen is shown.
"""

import re

from sc2_attrib.attribution.report.machine_text import WEB_ADDRESS
from sc2_attrib.attribution.report.visible import visible, visible_lines

# `www.` and `://` alone would become links.
_SPECIAL = re.compile(r"(?i)www\.|:(?=//)|[^\w /,;:=+().'%?-]|_")
_FENCE = re.compile(r"`{3,}")


def escaped(text: str) -> str:
    """Write text so that it reads as itself, on one line."""
    shown = visible(text)
    return _SPECIAL.sub(_referenced, shown)


def code(text: str) -> str:
    """Write a name in the type of code; a code span could not hold a line of a table."""
    return f"<code>{escaped(text)}</code>" if text else ""


def link(address: str, shown: str) -> str:
    """Link to an address of the web; anything else is only shown."""
    if not WEB_ADDRESS.fullmatch(address):
        return code(shown)
    return f"[{code(shown)}](<{_address(address)}>)"


def fenced(text: str) -> str:
    """Set a text in a block of code that nothing in it ends."""
    longest = max((len(run) for run in _FENCE.findall(text)), default=2)
    fence = "`" * (longest + 1)
    lines = "\n".join(visible_lines(text.rstrip()))
    return f"{fence}text\n{lines}\n{fence}"


def _referenced(found: re.Match[str]) -> str:
    text = found[0]
    if len(text) > 1:
        return f"{text[:-1]}&#46;"
    return f"&#{ord(text)};" if text.isascii() else text


def _address(address: str) -> str:
    """Encode what would end a link or the cell that it stands in."""
    return re.sub(r"[<>|\\`\[\]]", lambda found: f"%{ord(found[0]):02X}", address)
