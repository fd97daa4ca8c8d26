"""From the paths a user names to the texts to check, in a fixed order, with what is left out.

A folder stands for the files below it, ordered by path, less what is ignored (ignore.py). What is
named itself is taken even if it is ignored. Everything else is treated alike: over the size limit
or binary is skipped by rule; what should be read and can't be is an error, and leaves the run
incomplete. Contents are read one at a time, when the iterator gets to them.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final

from sc2_attrib.attribution.check import CheckInput, UncheckedInput
from sc2_attrib.attribution.result import InputKind
from sc2_attrib.attribution.text import decode_input, readable_path
from sc2_attrib.cli.walk import skipped, unreadable, walk
from sc2_attrib.index.corpus.document import SkipReason
from sc2_attrib.index.corpus.language import language_of
from sc2_attrib.index.errors import UsageError

STDIN: Final = "-"
STDIN_NAME: Final = "<stdin>"

_SIZE = re.compile(r"(\d+)\s*([kmg]?)(i?)b?", re.IGNORECASE)


Input = CheckInput | UncheckedInput


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
        yield _read(InputKind.STDIN, STDIN_NAME, sys.stdin.buffer, max_bytes)
    elif not Path(name).is_dir():
        yield _open(Path(name), max_bytes)
    else:
        for found in walk(Path(name)):
            yield _open(found, max_bytes) if isinstance(found, Path) else found


def _open(path: Path, max_bytes: int) -> Input:
    try:
        with path.open("rb") as file:
            return _read(InputKind.FILE, path.as_posix(), file, max_bytes)
    except OSError as error:
        return unreadable(path.as_posix(), error)


def _read(kind: InputKind, path: str, file: BinaryIO, max_bytes: int) -> Input:
    content = file.read(max_bytes + 1)  # one more than allowed tells, of a pipe too
    if len(content) > max_bytes:
        return replace(skipped(path, SkipReason.TOO_LARGE), kind=kind)
    if b"\0" in decode_input(content).utf8:
        return replace(skipped(path, SkipReason.BINARY), kind=kind)
    return CheckInput(kind, path, content, language=language_of(path))
