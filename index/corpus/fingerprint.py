"""Tells cheaply whether a source is what it was: by names, sizes and times, not by contents."""

import hashlib
import os
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

from sc2_attrib.index.corpus import jsonl, parquet
from sc2_attrib.index.corpus.location import INSTALLED
from sc2_attrib.index.corpus.remote import RemoteFile, is_url, shown_url, tells_changes

BY_SIZE = " (by names and sizes alone)"


def fingerprint(location: str) -> str:
    """Hash what tells a source apart from what it was before: 16 hexadecimal digits.

    Of files, their paths, sizes and times of change; of files at a URL, also what else their
    driver knows; of `python:`, the interpreter and the versions of the distributions. Of anything
    else, nothing but its location is known. Where only names and sizes are known, BY_SIZE follows.

    Raises:
        CorpusError: a URL can't be read.
    """
    facts = list(_facts_of(location))
    # Without credentials, which may be others the next time.
    name = shown_url(location) if is_url(location) else location
    digest = hashlib.sha256(name.encode(errors="surrogateescape"))
    for fact in facts:
        digest.update(b"\0" + fact.encode(errors="surrogateescape"))
    is_certain = not is_url(location) or all(map(tells_changes, facts))
    return digest.hexdigest()[:16] + ("" if is_certain else BY_SIZE)


def _facts_of(location: str) -> Iterator[str]:
    if location == INSTALLED:
        return _installed()
    if is_url(location):
        is_jsonl = shown_url(location).endswith(jsonl.SUFFIXES)
        return RemoteFile(location).facts("" if is_jsonl else parquet.SUFFIX)
    return _files(Path(location))


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
