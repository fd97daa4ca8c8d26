"""The files below a folder in a fixed order, and what is left out of them with its reason.

The order is that of the paths as strings. What is ignored (ignore.py), symbolic links and version
control data are left out; an ignored folder is named once, not file by file.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sc2_attrib.attribution.check import UncheckedInput
from sc2_attrib.attribution.result import InputKind, InputStatus
from sc2_attrib.cli.ignore import IgnoreRules
from sc2_attrib.index.corpus.document import SkipReason

IGNORED: Final = "ignored"


@dataclass(frozen=True, slots=True)
class _Place:
    """A file or folder met on the way. `rules` hold in the folder it lies in."""

    path: Path
    is_folder: bool
    rules: IgnoreRules
    reason_to_skip: str | None = None


def walk(root: Path) -> Iterator[Path | UncheckedInput]:
    """Yield the files below a folder, their paths beginning with `root` as it is given."""
    top = root.resolve()
    pending = [_Place(top, True, IgnoreRules.above(top))]
    while pending:
        place = pending.pop()
        shown = root / place.path.relative_to(top)
        if place.reason_to_skip:
            yield skipped(shown.as_posix() + "/" * place.is_folder, place.reason_to_skip)
        elif not place.is_folder:
            yield shown
        else:
            try:
                pending += _children_backwards(place)
            except OSError as error:
                yield unreadable(shown.as_posix() + "/", error)


def skipped(path: str, reason: str) -> UncheckedInput:
    """Make the input for something that a rule leaves out."""
    return UncheckedInput(InputKind.FILE, path, InputStatus.SKIPPED, reason)


def unreadable(path: str, error: OSError) -> UncheckedInput:
    """Make the input for something that should have been checked and can't be read."""
    return UncheckedInput(InputKind.FILE, path, InputStatus.ERROR, reason_of(error))


def reason_of(error: OSError) -> str:
    """Say why the system refused, without the path."""
    return error.strerror or str(error)


def _children_backwards(folder: _Place) -> list[_Place]:
    """List a folder, last first: the end of the list is what `walk` takes next."""
    rules = folder.rules.entering(folder.path)
    with os.scandir(folder.path) as entries:
        places = [_place(entry, rules) for entry in entries]
    return sorted(places, key=_sort_key, reverse=True)


def _sort_key(place: _Place) -> str:
    # All paths below a folder go on with '/', so this makes the order that of whole paths.
    return place.path.name + "/" if place.is_folder else place.path.name


def _place(entry: os.DirEntry[str], rules: IgnoreRules) -> _Place:
    path, is_folder = Path(entry.path), entry.is_dir(follow_symlinks=False)
    return _Place(path, is_folder, rules, _reason_to_skip(entry, rules))


def _reason_to_skip(entry: os.DirEntry[str], rules: IgnoreRules) -> str | None:
    from sc2_attrib.index.corpus.files import VERSION_CONTROL_NAMES

    if entry.name in VERSION_CONTROL_NAMES:
        return SkipReason.VERSION_CONTROL
    if entry.is_symlink():
        return SkipReason.SYMBOLIC_LINK
    if not entry.is_file() and not entry.is_dir():
        return SkipReason.SPECIAL_FILE
    if rules.ignores(Path(entry.path), is_folder=entry.is_dir()):
        return IGNORED
    return None
