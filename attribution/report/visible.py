r"""Text of others made safe to print.

Paths and code come from anywhere. A terminal obeys escape sequences in them, and bidirectional
controls make a line read as something it is not. Every character that Python doesn't call printable
(controls, format characters, surrogates, separators but the space) is shown as its escape, `\x1b`.
"""

import re

LINE_ENDS = re.compile(r"\r\n|\r|\n")


def visible(text: str) -> str:
    """Show what can't be seen; printable text comes back as it is."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else escaped(char) for char in text)


def visible_lines(text: str) -> list[str]:
    """Cut a text into lines, at LF, CRLF or CR alone, and show what can't be seen but tabs."""
    return ["\t".join(map(visible, line.split("\t"))) for line in LINE_ENDS.split(text)]


def escaped(text: str) -> str:
    r"""Spell characters as Python does: `\x1b`, `\u202e`."""
    return text.encode("unicode_escape").decode("ascii")
