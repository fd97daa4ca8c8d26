"""From the paths a user names to the texts to check, in a fixed order, with what is left out.

A folder stands for the files below it, ordered by path, less what is ignored (ignore.py). What is
named itself is taken even if it is ignored. Everything else is treated alike: over the size limit
or binary is skipped by rule; what should be read and can't be is an error, and leaves the run
incomplete. Contents are read one at a time, when the iterator gets to them. A diff on standard
input stands for the files that it changes (changes.py).
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from sc2_attrib.attribution.result import InputKind
from sc2_attrib.attribution.text import readable_path
from sc2_attrib.cli.input_files import Input, input_of, open_input
from sc2_attrib.cli.walk import walk
from sc2_attrib.index.errors import UsageError

STDIN: Final = "-"
STDIN_NAME: Final = "<stdin>"

_SIZE = re.compile(r"(\d+)\s*([kmg]?)(i?)b?", re.IGNORECASE)


def collect(named: Iterable[str], *, max_bytes: int) -> Iterator[Input]:
    """Yield what is behind each name, each path once; `-` is standard input.

    Raises:
        UsageError: a name is no path that exists; raised before anything is read.
    """
    distinct = list(dict.fromkeys(map(_normal_form, named)))
    for name in distinct:
        _require(name)
    return _collected(distinct, max_bytes)


def listed_paths(source: str) -> list[str]:
    """Read the paths that a file or standard input lists: one a line, or NUL-terminated.

    Raises:
        UsageError: the file can't be read.
    """
    try:
        raw = sys.stdin.buffer.read() if source == STDIN else Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"--files-from {source}: {error.strerror}") from error
    paths = raw.split(b"\0") if b"\0" in raw else raw.splitlines()
    return [os.fsdecode(path) for path in paths if path]


def parse_size(text: str) -> int:
    """Read a number of bytes: 5000, 10MB (10 million), 10MiB (10 * 2**20); B may be left out.

    Raises:
        UsageError: the text is no such number.
    """
    parsed = _SIZE.fullmatch(text.strip())
    if parsed is None:
        raise UsageError(f"not a size: '{text}'; write it like 500kB, 10MB or 1MiB")
    digits, unit, binary = parsed.groups()
    size: int = int(digits) * (1024 if binary else 1000) ** " kmg".index(unit.lower() or " ")
    return size


def _normal_form(name: str) -> str:
    return os.path.normpath(name) if name else name


def _require(name: str) -> None:
    try:
        if name != STDIN:
            os.stat(name)  # noqa: PTH116  Path("") would be the working directory
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise UsageError(f"no such file or folder: '{readable_path(name)}'") from error
    except OSError:
        pass  # it's there but can't be read, which _collected reports


def _collected(names: list[str], max_bytes: int) -> Iterator[Input]:
    seen: set[str] = set()
    for name in names:
        for found in _behind(name, max_bytes):
            if found.path not in seen:
                seen.add(found.path)
                yield found


def _behind(name: str, max_bytes: int) -> Iterator[Input]:
    if name == STDIN:
        yield from _piped(max_bytes)
    elif not Path(name).is_dir():
        yield open_input(Path(name), max_bytes)
    else:
        for found in walk(Path(name)):
            yield open_input(found, max_bytes) if isinstance(found, Path) else found


def _piped(max_bytes: int) -> Iterator[Input]:
    """Take standard input for one text; a diff stands for the files that it changes."""
    from sc2_attrib.cli.changes import described_by
    from sc2_attrib.cli.unified_diff import looks_like_diff

    content = sys.stdin.buffer.read(max_bytes + 1)
    if len(content) <= max_bytes and looks_like_diff(content):
        yield from described_by(content, max_bytes=max_bytes)
    else:
        yield input_of(InputKind.STDIN, STDIN_NAME, content, max_bytes)
