r"""Unified diffs, as git and diff(1) write them: which lines of which file are new.

Lines of a hunk are counted, not guessed from what they begin with: an added line may itself look
like a header. Names with odd characters are quoted by git as in C, `"b/\303\244.py"`. What stands
between the diffs of two files (a commit message, a mode, an index line) is passed over.

Source: "Unified format" in the manual of GNU diff; "Generating patch text" in git-diff(1).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from sc2_attrib.attribution.result import Range
from sc2_attrib.index.errors import UsageError

_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_FIRST_LINE = re.compile(rb"diff --git |--- \S|commit [0-9a-f]{40}|From [0-9a-f]{40} ")
_ESCAPE = re.compile(rb'\\([0-7]{3}|[abtnvfr"\\])')
_ESCAPED: Final = dict(zip(b'abtnvfr"\\', b'\a\b\t\n\v\f\r"\\', strict=True))
_ESCAPES: Final = {code: letter for letter, code in _ESCAPED.items()}
_NOWHERE: Final = b"/dev/null"
_PREFIXES: Final = (b"a/", b"b/", b"i/", b"w/", b"c/", b"o/")  # git's, mnemonic ones included


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines of the new file from `first` on, 1-based; `added` are the numbers of the new ones.

    `lines` have no line feeds; there are none where the parser was told to drop them.
    """

    first: int
    added: tuple[int, ...]
    lines: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What a diff says about one file.

    `path` is the new file's, None where it was deleted. Lines are those that end at a line feed. A
    binary file has no hunks.
    """

    path: bytes | None
    hunks: tuple[Hunk, ...]
    is_binary: bool

    @property
    def added(self) -> tuple[Range, ...]:
        """List the ranges of added lines, 1-based and inclusive, in order."""
        ranges: list[Range] = []
        for number in (number for hunk in self.hunks for number in hunk.added):
            if ranges and ranges[-1][1] == number - 1:
                ranges[-1] = (ranges[-1][0], number)
            else:
                ranges.append((number, number))
        return tuple(ranges)


def looks_like_diff(content: bytes) -> bool:
    """Tell a diff, as commands print it, from any other text."""
    begins = _FIRST_LINE.match(content.lstrip(b"\n"))
    return begins is not None and re.search(rb"^(?:@@ -\d|diff --git )", content, re.M) is not None


def parse_diff(lines: Iterable[bytes], *, with_lines: bool = True) -> Iterator[FileDiff]:
    """Read a diff file by file.

    Args:
        lines: with or without their line feeds.
        with_lines: keep the lines of the new files.

    Raises:
        UsageError: a hunk is not as long as it says, or the diff is one of several parents.
    """
    current: _Section | None = None
    numbered = enumerate(lines, start=1)
    for number, raw in numbered:
        line = raw.removesuffix(b"\n")
        if line.startswith((b"diff --cc ", b"diff --combined ", b"@@@ ")):
            raise UsageError(f"diff, line {number}: a merge's combined diff; use a plain one")
        if line.startswith(b"diff --git ") or (line.startswith(b"--- ") and _is_over(current)):
            if current is not None:
                yield from current.finished()
            current = _Section()
        if current is None:
            continue
        if hunk := _HUNK.match(line):
            current.hunks.append(_read_hunk(hunk, numbered, with_lines=with_lines))
        else:
            current.take_header(line)
    if current is not None:
        yield from current.finished()


@dataclass(slots=True)
class _Section:
    """The diff of one file while it is read."""

    old: bytes | None = None
    new: bytes | None = None
    renamed_to: bytes | None = None  # never has a prefix
    has_names: bool = False  # from --- and +++: better than those of git's first line
    is_file: bool = False
    is_gone: bool = False
    is_binary: bool = False
    hunks: list[Hunk] = field(default_factory=list)

    def take_header(self, line: bytes) -> None:
        """Note what a line outside of the hunks says."""
        keyword, _, rest = line.partition(b" ")
        if keyword == b"diff":
            self.is_file = True
            self.old, self.new = _names_of(line.removeprefix(b"diff --git "))
        elif keyword == b"---":
            self.old = _name(rest)
        elif keyword == b"+++":
            self.new, self.has_names, self.is_file = _name(rest), True, True
        elif line.startswith((b"rename to ", b"copy to ")):
            self.renamed_to = _name(line.partition(b" to ")[2])
        elif line.startswith(b"deleted file mode "):
            self.is_gone = True
        elif line.startswith(b"Binary files ") or line == b"GIT binary patch":
            self.is_binary = True

    def finished(self) -> Iterator[FileDiff]:
        """Yield what the section said, if it was about a file at all."""
        new = self.renamed_to or _without_prefix(self.new, self.old)
        if self.is_file:
            yield FileDiff(None if self.is_gone else new, tuple(self.hunks), self.is_binary)


def _is_over(section: _Section | None) -> bool:
    """Tell whether `---` begins another file: git's own header has one before its hunks."""
    return section is None or section.has_names or bool(section.hunks)


def _read_hunk(
    header: re.Match[bytes], lines: Iterator[tuple[int, bytes]], *, with_lines: bool
) -> Hunk:
    n_old, n_new = (1 if header[group] is None else int(header[group]) for group in (1, 3))
    first = int(header[2])
    added: list[int] = []
    kept: list[bytes] = []
    at = first
    while n_old or n_new:
        number, raw = next(lines, (0, None))
        sign = b"" if raw is None else raw[:1].strip() or b" "  # some programs trim empty lines
        if sign == b"\\":  # "No newline at end of file"
            continue
        is_old, is_new = sign != b"+", sign != b"-"
        if raw is None or sign not in (b" ", b"+", b"-") or n_old < is_old or n_new < is_new:
            where = f"line {number}" if number else "at its end"
            raise UsageError(f"diff, {where}: not what its hunk says; it is cut or changed")
        n_old, n_new = n_old - is_old, n_new - is_new
        if sign == b"+":
            added.append(at)
        at += is_new
        if is_new and with_lines:
            kept.append(raw[1:].removesuffix(b"\n"))
    return Hunk(first, tuple(added), tuple(kept))


def _names_of(both: bytes) -> tuple[bytes | None, bytes | None]:
    """Split the two names of git's first line, which are equal but for their prefixes."""
    if both.startswith(b'"'):
        old, _, new = both.partition(b'" ')
        return _name(old + b'"'), _name(new)
    middle = len(both) // 2
    return both[:middle], both[middle + 1 :]


def _name(text: bytes) -> bytes | None:
    """Unquote a name, or cut off the time that diff(1) puts after it."""
    if text.startswith(b'"') and text.rstrip().endswith(b'"'):
        return _ESCAPE.sub(_unescaped, text.rstrip()[1:-1])
    name = text.partition(b"\t")[0].removesuffix(b"\r")
    return None if name == _NOWHERE else name


def quoted_name(name: bytes) -> str:
    """Write a name as git does: quoted if it would not be read again as it is."""
    text = name.decode(errors="surrogateescape")
    if text.isprintable() and not re.search(r'["\\]', text):
        return text
    return '"' + "".join(map(_spelt, name)) + '"'


def _spelt(code: int) -> str:
    if code in _ESCAPES:
        return f"\\{chr(_ESCAPES[code])}"
    return chr(code) if 32 <= code < 127 else f"\\{code:03o}"


def _unescaped(escape: re.Match[bytes]) -> bytes:
    code = escape[1]
    return bytes([int(code, 8) & 0xFF if len(code) == 3 else _ESCAPED[code[0]]])


def _without_prefix(name: bytes | None, other: bytes | None) -> bytes | None:
    """Drop the `b/` that git puts before a name, where the other side has another."""
    if name is None or not name.startswith(_PREFIXES):
        return name
    is_prefix = other is None or (other.startswith(_PREFIXES) and other[:2] != name[:2])
    return name[2:] if is_prefix else name
