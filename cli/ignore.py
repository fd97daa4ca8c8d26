"""Which files below a folder git, or the user, wants left alone.

`.gitignore` files are read as git reads them: each speaks of what lies below its own folder, a
deeper file overrules a shallower one, within a file the last pattern that fits decides, and nothing
in an ignored folder comes back. `.sc2attribignore` has the same form and overrules the
`.gitignore` beside it. Above a folder that is scanned they are read up to the root of its working
tree, where `.git/info/exclude` counts too. The user's global excludes are left out: what a scan
covers must not depend on who runs it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sc2_attrib.index.errors import UsageError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

OWN_IGNORE_FILE = ".sc2attribignore"
IGNORE_FILES = (".gitignore", OWN_IGNORE_FILE)  # the later overrules the earlier


@dataclass(frozen=True, slots=True)
class _Layer:
    """The patterns of one file, which speak of paths relative to `folder`."""

    folder: Path
    patterns: "GitIgnoreSpec"


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The rules that hold in one folder, the weakest first. Paths are absolute.

    `files` are the names of the files that make rules.
    """

    layers: tuple[_Layer, ...] = ()
    files: tuple[str, ...] = IGNORE_FILES

    @staticmethod
    def above(folder: Path) -> "IgnoreRules":
        """Read the rules that reach into `folder` from its working tree.

        A folder that those rules ignore was named on purpose: then none of them hold in it.
        """
        root = _working_tree(folder)
        if root is None:
            return IgnoreRules()
        rules = IgnoreRules(tuple(_layer(root, root / ".git" / "info" / "exclude")))
        for parent in _path_from(root, folder):
            rules = rules.entering(parent)
            if rules.ignores(parent / folder.relative_to(parent).parts[0], is_folder=True):
                return IgnoreRules()
        return rules

    def entering(self, folder: Path) -> "IgnoreRules":
        """Add the rules that the files in `folder` itself make."""
        added = (layer for name in self.files for layer in _layer(folder, folder / name))
        return replace(self, layers=(*self.layers, *added))

    def ignores(self, path: Path, *, is_folder: bool) -> bool:
        """Say whether a path is ignored, given that no folder it lies in is."""
        for layer in reversed(self.layers):
            below = path.relative_to(layer.folder).as_posix() + ("/" if is_folder else "")
            decision = layer.patterns.check_file(below).include
            if decision is not None:
                return decision
        return False


def _working_tree(folder: Path) -> Path | None:
    """Find the root of the git working tree that holds `folder`, itself included."""
    return next((up for up in (folder, *folder.parents) if (up / ".git").exists()), None)


def _path_from(root: Path, folder: Path) -> list[Path]:
    """List the folders from `root` down to the parent of `folder`."""
    return [up for up in reversed(folder.parents) if up.is_relative_to(root)]


def _layer(folder: Path, file: Path) -> Iterator[_Layer]:
    """Read one ignore file; nothing if it isn't there."""
    if not file.is_file():
        return
    from pathspec import GitIgnoreSpec

    lines = file.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    try:
        yield _Layer(folder, GitIgnoreSpec.from_lines(lines))
    except ValueError as error:
        raise UsageError(f"{file}: {error}") from error
