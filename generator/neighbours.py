"""Which files of a repository help a model most with one of them.

The order: files that it imports, those first whose path agrees best with the import; then files of
the same language before others; then the nearest in the tree; then the most recently changed; then
by path. Imports are found by their words in any language (`import a.b`, `from .b import c`,
`#include "a/b.h"`, `use a::b`, `require('./b')`), not by resolving them: what is wanted is a good
order, and no file is left out for a wrong guess.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

_IMPORT = re.compile(
    r"^[ \t]*(?:import|from|use|pub use|mod|#[ \t]*include|require|require_relative|export .*from"
    r"|(?:const|let|var)[^\n]*\brequire)\b[^\n]*",
    re.MULTILINE,
)
_WORDS = re.compile(r"[\w-]+(?:(?:\.|::|/)[\w-]+)*")
_SEPARATORS = re.compile(r"\.|::|/")
_TEXT_BYTES = 1 << 17  # of the file itself: imports stand at its top
_GENERIC_STEMS = frozenset({"__init__", "index", "mod", "main", "lib"})  # stand for their folder


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be shown: its path in the repository, and when it was last changed."""

    path: str
    changed_s: float


def rank(candidates: Iterable[Candidate], path: str | None, text: str) -> list[Candidate]:
    """Order files by how much they help with the file `path` that has `text`, the best first.

    Without a path only what is imported and what changed last counts.
    """
    imported = imported_names(text)
    own = PurePosixPath(path) if path is not None else None

    def key(candidate: Candidate) -> tuple[int, bool, int, float, str]:
        other = PurePosixPath(candidate.path)
        is_foreign = own is not None and other.suffix != own.suffix
        distance = 0 if own is None else _distance(own.parent, other.parent)
        n_agreeing = _n_agreeing(other, imported)
        return -n_agreeing, is_foreign, distance, -candidate.changed_s, candidate.path

    return sorted((each for each in candidates if each.path != path), key=key)


def imported_names(text: str) -> set[tuple[str, ...]]:
    """List the dotted, slashed or colon-separated names in import lines, split into their parts.

    `from a import b` may name the file a/b, so what follows `import` there is joined on too.
    """
    names: set[tuple[str, ...]] = set()
    for line in _IMPORT.findall(text[:_TEXT_BYTES]):
        found = [tuple(_SEPARATORS.split(name)) for name in _WORDS.findall(line)]
        names.update(found)
        if line.lstrip().startswith("from") and len(found) > 1:
            names.update((*found[1], *name) for name in found[2:] if name != ("import",))
    return {_without_extension(name) for name in names}


def _without_extension(name: tuple[str, ...]) -> tuple[str, ...]:
    return name[:-1] if len(name) > 1 and name[-1] in {"h", "hpp", "js", "ts", "rb"} else name


def _n_agreeing(path: PurePosixPath, imported: set[tuple[str, ...]]) -> int:
    """Count the parts at the end of a path that also stand together in an imported name."""
    parts = (*path.parts[:-1], path.stem)
    if parts and parts[-1] in _GENERIC_STEMS:
        parts = parts[:-1]
    best = 0
    for n in range(1, len(parts) + 1):
        tail = parts[-n:]
        if not any(_contains(name, tail) for name in imported):
            break
        best = n
    return best


def _contains(name: tuple[str, ...], tail: tuple[str, ...]) -> bool:
    return any(name[i : i + len(tail)] == tail for i in range(len(name) - len(tail) + 1))


def _distance(one: PurePosixPath, other: PurePosixPath) -> int:
    """Count the steps from one folder to another."""
    shared = 0
    for a, b in zip(one.parts, other.parts, strict=False):
        if a != b:
            break
        shared += 1
    return len(one.parts) + len(other.parts) - 2 * shared
