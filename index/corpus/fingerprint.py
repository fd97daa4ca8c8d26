"""Tells cheaply whether a source is what it was: by names, sizes and times, not by contents."""

import hashlib
import os
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

from sc2_attrib.index.corpus.location import INSTALLED


def fingerprint(location: str) -> str:
    """Hash what tells a source apart from what it was before: 16 hexadecimal digits.

    Of files, their paths, sizes and times of change; of `python:`, the interpreter and the versions
    of the distributions. Of anything else, nothing but its location is known.
    """
    facts = _installed() if location == INSTALLED else _files(Path(location))
    digest = hashlib.sha256(location.encode(errors="surrogateescape"))
    for fact in facts:
        digest.update(b"\0" + fact.encode(errors="surrogateescape"))
    return digest.hexdigest()[:16]


def _installed() -> Iterator[str]:
    yield f"{sys.executable} {sys.version}"
    yield from sorted({f"{each.name} {each.version}" for each in distributions()})


def _files(path: Path) -> Iterator[str]:
    if path.is_file():
        yield _facts(path)
    for folder, folders, names in os.walk(path):
        folders.sort()
        yield from (_facts(Path(folder, name)) for name in sorted(names))


def _facts(path: Path) -> str:
    found = path.lstat()
    return f"{path} {found.st_size} {found.st_mtime_ns}"
