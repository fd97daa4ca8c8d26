"""What changed, as texts to check: since a commit, in git's index, or as a piped diff says.

A changed file is checked whole, since a copy may reach from old lines into new ones; the checker
drops the matches that touch no added line. So offsets and lines are those of the file. What has no
added line is listed as skipped: deleted and merely moved files, links, submodules. Files come by
path; paths are spelt from the folder that the command runs in.

`--diff REF` compares the files as they lie on the disk with the last commit that REF and HEAD share
(git's `--merge-base`): what others did on REF meanwhile is not this branch's doing. `--staged`
reads contents from git's index, because what is committed is not always what lies on the disk. A
piped diff must describe the files on the disk; where it doesn't, the file is not checked, and the
run is incomplete.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from sc2_attrib.attribution.check import UncheckedInput
from sc2_attrib.attribution.result import InputKind, InputStatus, Range
from sc2_attrib.attribution.text import decode_input, readable_path
from sc2_attrib.cli import git
from sc2_attrib.cli.ignore import OWN_IGNORE_FILE, IgnoreRules
from sc2_attrib.cli.input_files import Input, input_of, open_input
from sc2_attrib.cli.unified_diff import FileDiff, parse_diff
from sc2_attrib.cli.walk import IGNORED
from sc2_attrib.index.corpus.document import SkipReason
from sc2_attrib.index.errors import UsageError

DELETED: Final = "deleted"
NO_LINE_ADDED: Final = "no line added"
UNTRACKED: Final = "not tracked by git"
UNMERGED: Final = "in conflict: resolve it and add it"
NOT_IN_INDEX: Final = "its content is not in this clone"
NOT_AS_SAID: Final = "not as the diff says: apply the diff first, and run in the folder it is for"

# What a user's configuration may change, and the answer must not depend on.
_COMPARISON: Final = (
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-relative",
    "--find-renames",
    "--ignore-submodules=dirty",
    "--submodule=short",
    "--inter-hunk-context=0",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)
_REASON_BY_MODE: Final[Mapping[bytes, str]] = {
    b"000000": DELETED,
    b"120000": SkipReason.SYMBOLIC_LINK,
    b"160000": SkipReason.SUBMODULE,
}

# The lines of a file that are new; None: all of them, as far as git can tell.
_Added = tuple[Range, ...] | None


@dataclass(frozen=True, slots=True)
class _Change:
    """A path that changed, from here. `reason`: why it is not to be checked, if it isn't."""

    path: str
    added: _Added = ()
    blob_id: str = ""
    reason: str | None = None
    status: InputStatus = InputStatus.SKIPPED


def changed_since(ref: str, named: Sequence[str], *, max_bytes: int) -> Iterator[Input]:
    """Yield the files that differ from where REF and HEAD parted, as they lie on the disk.

    Args:
        ref: names a commit.
        named: the files and folders to look at; none: the whole working tree.
        max_bytes: larger files are skipped.

    Raises:
        UsageError: there is no working tree here, no such commit, or no such path.
    """
    git.require_repository("--diff")
    changes = _changes((_parting(ref),), named)
    return _inputs([*changes, *_untracked(named)], partial(_on_disk, max_bytes=max_bytes))


def staged(since: str | None, named: Sequence[str], *, max_bytes: int) -> Iterator[Input]:
    """Yield the files that git's index has changed, with the content they have there.

    `since` names the commit to compare with, as in `changed_since`; None: the one that is checked
    out. For the rest see there too.
    """
    git.require_repository("--staged")
    base = () if since is None else (_parting(since),)
    return _from_index(_changes(("--cached", *base), named), max_bytes)


def described_by(diff: bytes, *, max_bytes: int) -> Iterator[Input]:
    """Yield the files that a diff changes, as they lie on the disk.

    Raises:
        UsageError: the diff can't be read.
    """
    files = list(parse_diff(diff.split(b"\n")))
    return _inputs(map(_described, files), partial(_as_described, _by_path(files), max_bytes))


def _parting(ref: str) -> str:
    """Find the last commit that a name and HEAD share.

    Raises:
        UsageError: the name is no commit's, or nothing is shared.
    """
    named = git.ask("rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    if named.code != 0:
        raise UsageError(
            f"--diff {ref}: no such commit in this clone; name a branch, a tag or a commit, and"
            " fetch it first where the clone is shallow"
        )
    commit = named.output.decode().strip()
    shared = git.ask("merge-base", commit, "HEAD")
    if shared.code != 0:
        raise UsageError(
            f"--diff {ref}: no commit in common with HEAD; where the clone is shallow, fetch more"
            " of its history"
        )
    return shared.output.decode().strip()


def _changes(base: tuple[str, ...], named: Sequence[str]) -> list[_Change]:
    """List what differs, with the lines that were added."""
    _require(named)
    paths = ("--", *map(_literal, named))
    raw = git.tell("diff", "--raw", "-z", "--no-abbrev", *_COMPARISON, *base, *paths)
    patch = git.lines_of("diff", "--unified=0", *_COMPARISON, *base, *paths)
    diffs = _by_path(parse_diff(patch, with_lines=False))
    spelt, rules = _Spelling(), _OwnRules()
    return [_change(*facts, diffs=diffs, spelt=spelt, rules=rules) for facts in _raw_entries(raw)]


def _raw_entries(raw: bytes) -> Iterator[tuple[bytes, bytes, bytes, bytes]]:
    """Yield new mode, new id, status and new path of each entry of `git diff --raw -z`."""
    fields = iter(raw.split(b"\0")[:-1])
    for facts in fields:
        _, mode, _, blob_id, status = facts.split(b" ")
        path = next(fields)
        yield mode, blob_id, status[:1], next(fields) if status[:1] in b"RC" else path


def _change(
    mode: bytes,
    blob_id: bytes,
    status: bytes,
    path: bytes,
    *,
    diffs: Mapping[bytes, list[FileDiff]],
    spelt: "_Spelling",
    rules: "_OwnRules",
) -> _Change:
    shown, added = spelt(path), _added_lines(diffs.get(path, []))
    if status == b"U":
        return _Change(shown, reason=UNMERGED, status=InputStatus.ERROR)
    reason = _REASON_BY_MODE.get(mode) or rules.reason_to_skip(shown)
    if reason is None and added == ():
        reason = NO_LINE_ADDED
    return _Change(shown, added, blob_id.decode(), reason)


def _added_lines(diffs: Iterable[FileDiff]) -> _Added:
    """Join what the diffs of one file say; there are two where a link became a file."""
    diffs = list(diffs)
    if any(diff.is_binary for diff in diffs):
        return None
    return tuple(sorted(each for diff in diffs for each in diff.added))


def _by_path(files: Iterable[FileDiff]) -> dict[bytes, list[FileDiff]]:
    found: dict[bytes, list[FileDiff]] = {}
    for each in files:
        if each.path is not None:
            found.setdefault(each.path, []).append(each)
    return found


def _untracked(named: Sequence[str]) -> Iterator[_Change]:
    """List what git neither tracks nor ignores, an untracked folder once."""
    kinds = ("--others", "--exclude-standard", "--directory", "--no-empty-directory")
    paths = map(_literal, named) if named else (":/",)
    listed = git.tell("ls-files", "-z", "--full-name", *kinds, "--", *paths)
    spelt = _Spelling()
    for path in listed.split(b"\0")[:-1]:
        yield _Change(spelt(path) + "/" * path.endswith(b"/"), reason=UNTRACKED)


def _described(diff: FileDiff) -> _Change:
    path = os.fsdecode(diff.path) if diff.path is not None else "?"
    added = None if diff.is_binary else diff.added
    if diff.path is None:
        return _Change(path, reason=DELETED)
    return _Change(path, added, reason=None if added != () else NO_LINE_ADDED)


def _inputs(changes: Iterable[_Change], read: Callable[[_Change], Input]) -> Iterator[Input]:
    """Read changes, ordered by path."""
    for change in sorted(changes, key=lambda change: change.path):
        if change.reason is not None:
            yield UncheckedInput(InputKind.DIFF, change.path, change.status, change.reason)
        else:
            yield _only_added(read(change), change.added)


def _from_index(changes: Iterable[_Change], max_bytes: int) -> Iterator[Input]:
    with git.open_blobs() as blobs:
        yield from _inputs(changes, partial(_in_index, blobs=blobs, max_bytes=max_bytes))


def _in_index(change: _Change, *, blobs: git.Blobs, max_bytes: int) -> Input:
    content = blobs.read(change.blob_id, max_bytes)
    if content is None:
        return UncheckedInput(InputKind.DIFF, change.path, InputStatus.ERROR, NOT_IN_INDEX)
    return input_of(InputKind.DIFF, change.path, content, max_bytes)


def _on_disk(change: _Change, *, max_bytes: int) -> Input:
    return open_input(Path(change.path), max_bytes, kind=InputKind.DIFF)


def _as_described(diffs: Mapping[bytes, list[FileDiff]], max_bytes: int, change: _Change) -> Input:
    """Read a file, and see whether it is what its diff makes of it."""
    found = _on_disk(change, max_bytes=max_bytes)
    if isinstance(found, UncheckedInput):
        return found
    lines = found.raw.split(b"\n")
    hunks = [hunk for diff in diffs[os.fsencode(change.path)] for hunk in diff.hunks]
    if all(
        tuple(lines[hunk.first - 1 : hunk.first - 1 + len(hunk.lines)]) == hunk.lines
        for hunk in hunks
        if hunk.lines
    ):
        return found
    return UncheckedInput(InputKind.DIFF, change.path, InputStatus.ERROR, NOT_AS_SAID)


def _only_added(found: Input, added: _Added) -> Input:
    if isinstance(found, UncheckedInput) or added is None:
        return found
    return replace(found, added_lines=own_lines(decode_input(found.raw).utf8, added))


def own_lines(text: bytes, ranges: Iterable[Range]) -> tuple[Range, ...]:
    """Number lines as results do, where a lone carriage return ends one too.

    Args:
        text: the file.
        ranges: 1-based and inclusive, of lines that end at line feeds alone.
    """
    if text.count(b"\r") == text.count(b"\r\n"):
        return tuple(ranges)
    firsts = [1]
    for line in text.split(b"\n"):
        firsts.append(firsts[-1] + 1 + line.removesuffix(b"\r").count(b"\r"))
    end = len(firsts) - 1
    return tuple((firsts[min(a, end) - 1], firsts[min(z, end)] - 1) for a, z in ranges)


class _Spelling:
    """Spells the paths that git prints, which start at the root, from the current folder."""

    def __init__(self) -> None:
        prefix = git.tell("rev-parse", "--show-prefix").removesuffix(b"\n")
        self._here = os.fsdecode(prefix) or "."

    def __call__(self, path: bytes) -> str:
        """Spell one path."""
        return Path(os.path.relpath(os.fsdecode(path), self._here)).as_posix()


class _OwnRules:
    """What the .sc2attribignore files of the working tree say about tracked files."""

    def __init__(self) -> None:
        root = git.tell("rev-parse", "--show-toplevel").removesuffix(b"\n")
        self._root = Path(os.fsdecode(root))

    def reason_to_skip(self, shown: str) -> str | None:
        """Say that a path, spelt from here, is ignored by name or with its folder."""
        path = Path(os.path.normpath(Path.cwd() / shown))
        if not path.is_relative_to(self._root):
            return None
        rules = IgnoreRules(files=(OWN_IGNORE_FILE,))
        parents = [up for up in reversed(path.parents) if up.is_relative_to(self._root)]
        for folder, below in zip(parents, [*parents[1:], path], strict=True):
            rules = rules.entering(folder)
            if rules.ignores(below, is_folder=below != path):
                return IGNORED
        return None


def _require(named: Sequence[str]) -> None:
    for name in named:
        if not os.path.lexists(name):
            raise UsageError(f"no such file or folder: '{readable_path(name)}'")


def _literal(name: str) -> str:
    """Spell a path so that git takes no character of it for a pattern."""
    return f":(literal){name}"
