r"""Text of others made safe to print.

Paths and code come from anywhere. A terminal obeys escape sequences in them, and bidirectional
controls make a line read as something it is not. Every character that Python doesn't call printable
(controls, format characters, surrogates, separators but the space) is shown as its escape, `\x1b`.
"""


def visible(text: str) -> str:
    """Show what can't be seen; printable text comes back as it is."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else escaped(char) for char in text)


def escaped(text: str) -> str:
    r"""Spell characters as Python does: `\x1b`, `\u202e`."""
    return text.encode("unicode_escape").decode("ascii")
