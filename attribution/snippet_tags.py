"""SPDX snippet tags as lines of comments: written around copies, and found again.

    # SPDX-SnippetBegin
    # SPDX-License-Identifier: MIT
    # SPDX-SnippetCopyrightText: Copyright (c) 2020 Bob
    # SPDX-SnippetComment: sc2-attrib: verbatim copy of octo/mail@94a9ed0 src/h.py:4-9 (swh:1:cnt:…)
    …
    # SPDX-SnippetEnd

The comment that begins with the program's name tells our tags from those of others, which are never
touched. Putting tags in and taking them out are inverse to each other, byte by byte.

Source: SPDX 2.3, Annex H, "Snippet tags format"; REUSE 3.3, "In-line snippet comments".
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sc2_attrib.attribution.comment_syntax import Syntax
from sc2_attrib.attribution.report.visible import visible

MARK: Final = "sc2-attrib: "
BEGIN: Final = "SPDX-SnippetBegin"
END: Final = "SPDX-SnippetEnd"

_TAG = "SPDX-"
_COMMENT = "SPDX-SnippetComment: "
_ENDINGS: Final = ("?>", "*/", "/*", "*)", "(*", "--")  # of PHP; of comments, and what nests there


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a copy stands as well, under which licence and by whom; `place` as a sentence."""

    expression: str
    copyright: tuple[str, ...]
    place: str


@dataclass(frozen=True, slots=True)
class Snippet:
    """Lines of a text that are a copy, 1-based and inclusive."""

    first: int
    last: int
    origins: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class Untagged:
    """A text without our tags; `removed` are the lines they stood on, 1-based and in order."""

    text: bytes
    removed: tuple[int, ...]

    def line(self, number: int) -> int:
        """Number a line of the tagged text as it is without tags."""
        return number - sum(1 for each in self.removed if each < number)


def with_tags(
    text: bytes, snippets: Iterable[Snippet], syntax: Syntax, *, ascii_only: bool
) -> bytes:
    """Put tags around snippets, which lie apart from each other and are in order."""
    lines = _split(text)
    end_of_line = b"\r\n" if lines and lines[0].endswith(b"\r\n") else b"\n"
    parts: list[bytes] = []
    done = 0
    for snippet in snippets:
        inside = lines[snippet.first - 1 : snippet.last]
        indent = _indent(inside[0]) if syntax.may_indent else b""
        end = indent + _line(END, syntax, ascii_only=True)
        parts += lines[done : snippet.first - 1]
        for tag in _begin(snippet.origins):
            parts.append(indent + _line(tag, syntax, ascii_only=ascii_only) + end_of_line)
        parts += inside
        parts.append(end + end_of_line if inside[-1].endswith(b"\n") else end_of_line + end)
        done = snippet.last
    return b"".join([*parts, *lines[done:]])


def without_tags(text: bytes, syntax: Syntax) -> Untagged:
    """Take our tags out of a text. Where begins and ends don't pair, nothing is taken out."""
    lines = _split(text)
    said = [_said(line, syntax) for line in lines]
    removed: set[int] = set()
    opened: list[set[int]] = []
    for number, tag in enumerate(said):
        if tag == BEGIN:
            opened.append(_ours(said, number))
        elif tag == END and not opened:
            return Untagged(text, ())
        elif tag == END and (ours := opened.pop()):
            removed |= ours | {number}
    if opened or not removed:
        return Untagged(text, ())
    kept = [line for number, line in enumerate(lines) if number not in removed]
    last = len(lines) - 1
    if last in removed and not lines[last].endswith(b"\n") and kept:
        kept[-1] = kept[-1].removesuffix(b"\n").removesuffix(b"\r")
    return Untagged(b"".join(kept), tuple(sorted(number + 1 for number in removed)))


def _split(text: bytes) -> list[bytes]:
    return re.findall(rb"[^\n]*\n|[^\n]+\Z", text)


def _begin(origins: Sequence[Origin]) -> Iterator[str]:
    yield BEGIN
    for expression in dict.fromkeys(origin.expression for origin in origins):
        yield f"SPDX-License-Identifier: {expression}"
    for line in dict.fromkeys(line for origin in origins for line in origin.copyright):
        yield f"SPDX-SnippetCopyrightText: {line}"
    for place in dict.fromkeys(origin.place for origin in origins):
        yield f"{_COMMENT}{MARK}{place}"


def _ours(said: Sequence[str | None], begin: int) -> set[int]:
    """List the lines of a begin that is ours; none of one that is not."""
    numbers = {begin}
    is_ours = False
    for number in range(begin + 1, len(said)):
        tag = said[number]
        if tag is None or tag in (BEGIN, END):
            break
        starts = tag.startswith(f"{_COMMENT}{MARK}")
        if is_ours and not starts:  # our comments come last
            break
        is_ours |= starts
        numbers.add(number)
    return numbers if is_ours else set()


def _indent(line: bytes) -> bytes:
    return line[: len(line) - len(line.lstrip(b" \t"))]


def _line(text: str, syntax: Syntax, *, ascii_only: bool) -> bytes:
    shown = _harmless(text, is_closed=bool(syntax.after), ascii_only=ascii_only)
    return f"{syntax.before}{shown}{syntax.after}".encode()


def _said(line: bytes, syntax: Syntax) -> str | None:
    """Read the tag on a line that has nothing else."""
    text = line.decode(errors="replace").strip()
    before, after = syntax.before, syntax.after
    if not text.startswith(before + _TAG) or not text.endswith(after):
        return None
    return text[len(before) : len(text) - len(after)]


def _harmless(text: str, *, is_closed: bool, ascii_only: bool) -> str:
    """Keep a name from ending its comment, its line, or the reader's trust in what is seen."""
    shown = visible(" ".join(text.split()))
    for ending in _ENDINGS if is_closed else _ENDINGS[:1]:
        shown = shown.replace(ending, " ".join(ending))
    if ascii_only:
        spelt = unicodedata.normalize("NFKD", shown.replace("\N{COPYRIGHT SIGN}", "(c)"))
        shown = spelt.encode("ascii", "ignore").decode()
    return shown.rstrip("\\ ")
