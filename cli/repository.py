"""The repository around a prompt, as far as a model can be shown it: `--repo`."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from sc2_attrib.attribution.text import decode_input
from sc2_attrib.cli.walk import walk
from sc2_attrib.generator.neighbours import Candidate, rank
from sc2_attrib.generator.prompt import Repository, RepositoryFile
from sc2_attrib.index.errors import UsageError

DEFAULT_TOKENS = 4096  # of other files: StarCoder2's attention window

_MAX_FILES = 20_000  # looked at in a repository
_MAX_READ = 64  # of these, in the order of relevance
_MAX_FILE_BYTES = 1 << 16  # more than the window can hold
_ORIGIN = re.compile(r"\[remote \"origin\"\][^\[]*?url = \S*?([\w.-]+/[\w.-]+?)(?:\.git)?/?\s")


def gather(folder: Path, path: Path | None, text: str, *, max_tokens: int) -> Repository:
    """Read the files of a repository that help most with one of them.

    What git ignores, links, binary and large files are left out.

    Args:
        folder: the root of the repository.
        path: the file that the prompt is from, None where it is from none.
        text: of that file.
        max_tokens: of all other files together.

    Raises:
        UsageError: `folder` is none.
    """
    if not folder.is_dir():
        raise UsageError(f"--repo {folder}: no such folder")
    own = _inside(folder, path)
    ranked = rank(_candidates(folder), own, text)
    return Repository(
        name=_name(folder),
        path=own,
        files=tuple(_read(folder, ranked[:_MAX_READ])),
        max_tokens=max_tokens,
    )


def _inside(folder: Path, path: Path | None) -> str | None:
    if path is None or not path.resolve().is_relative_to(folder.resolve()):
        return path.name if path is not None else None
    return path.resolve().relative_to(folder.resolve()).as_posix()


def _candidates(folder: Path) -> Iterator[Candidate]:
    for item in itertools.islice(walk(folder), _MAX_FILES):
        if not isinstance(item, Path):
            continue
        try:
            status = item.stat()
        except OSError:  # gone since the folder was read
            continue
        if 0 < status.st_size <= _MAX_FILE_BYTES:
            yield Candidate(item.relative_to(folder).as_posix(), status.st_mtime)


def _read(folder: Path, candidates: list[Candidate]) -> Iterator[RepositoryFile]:
    for candidate in candidates:
        try:
            raw = decode_input((folder / candidate.path).read_bytes()).utf8
            text = raw.decode()
            candidate.path.encode()
        except (OSError, UnicodeError):
            continue
        if "\0" not in text:
            yield RepositoryFile(candidate.path, text)


def _name(folder: Path) -> str:
    """Return owner/name of the origin, or what the folder is called."""
    try:
        config = (folder / ".git" / "config").read_text(encoding="utf-8", errors="replace")
    except OSError:
        config = ""
    found = _ORIGIN.search(config)
    return found[1] if found else folder.resolve().name or "repository"
