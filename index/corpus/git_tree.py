"""A git working tree: the tracked files, as they lie on the disk.

What is ignored or not yet added is no part of the project, and may be secret. A file has the
revision of the HEAD commit only where its bytes are those of the commit, so that a link to the
revision shows what was indexed; a changed or added file has none. The comparison is of git blob
ids computed here, because asking git for changes can run programs that the repository names.

A repository may come from anywhere, its configuration too. Git is asked for lists alone, with its
hooks, monitors, transports and the caller's own `GIT_*` variables out of the way. Files are read
only where no part of their path is a symbolic link: the list of tracked names can be forged.

Repository and address come from the remote `origin`: `owner/name` where the address has the form
that forges use, else the folder's name. Credentials in the address are dropped.

Source: gitformat-index(5), git-ls-files(1), git-ls-tree(1), "GIT URLS" in git-clone(1).
"""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from sc2_attrib.index.corpus.document import (
    CorpusDescription,
    SkippedDocument,
    SkipReason,
    SourceDocument,
)
from sc2_attrib.index.corpus.files import (
    VERSION_CONTROL_NAMES,
    File,
    Repository,
    document_of,
    read_raw,
    read_repository_evidence,
    size_of,
)
from sc2_attrib.index.errors import CorpusError

_GIT = ("git", "--no-pager", "-c", "core.fsmonitor=", "-c", f"core.hooksPath={os.devnull}")
_GIT_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_ALLOW_PROTOCOL": "none",  # a partial clone would fetch what it lacks
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
}
# Set while git runs a hook, and then they name the repository of that hook.
_FOREIGN_VARIABLES = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"}
    | {"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX"}
)
_NOT_A_REPOSITORY = "not a git repository"
_REASON_BY_MODE = {b"120000": SkipReason.SYMBOLIC_LINK, b"160000": SkipReason.SUBMODULE}

_WEB_SCHEMES = frozenset({"http", "https"})
_REMOTE_SCHEMES = _WEB_SCHEMES | {"ssh", "git", "git+ssh"}
_FORGE_PATH = re.compile(
    r"(?!(?:.*/)?\.\.?(?:/|$))(~?[\w.-]+(?:/[\w.-]+)*/[\w.-]+?)(?:\.git)?/?", re.ASCII
)
_SCP_LIKE = re.compile(r"(?:[^@/:]*@)?([\w.-]+):(?!/)(.+)", re.ASCII)  # git@host:owner/name.git


@dataclass(frozen=True, slots=True)
class Origin:
    """What a remote's address says: `owner/name`, and the address on the web."""

    repository: str
    url: str


class GitTreeSource:
    """The tracked files of a git working tree, ordered by path.

    Licence evidence is what each file says in its own first lines, and what licence files and
    manifests say for those around them.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def describe(self) -> CorpusDescription:
        """Name the corpus: the repository, and the commit that is checked out."""
        return CorpusDescription(self._repository.name, _read_head(self._root))

    def estimate_bytes(self) -> int:
        """Add the sizes of the tracked files; binary ones count too."""
        return sum(size_of(found) for found in _files(self._root) if isinstance(found, File))

    def __iter__(self) -> Iterator[SourceDocument | SkippedDocument]:
        """Yield the files ordered by path."""
        head = _read_head(self._root)
        committed = _read_blob_ids(self._root, head) if head else {}
        evidence = read_repository_evidence(_files(self._root))
        repository = replace(self._repository, revision=head, evidence=evidence)
        for found in _files(self._root):
            if isinstance(found, File):
                yield _read_document(found, repository, committed.get(found.location))
            else:
                yield found

    @cached_property
    def _repository(self) -> Repository:
        address = _git(self._root, "config", "--get", "remote.origin.url")
        if origin := origin_of(address.decode(errors="replace").strip()):
            return Repository(origin.repository, url=origin.url)
        return Repository(self._root.name)


def _read_document(
    file: File, repository: Repository, blob_id: str | None
) -> SourceDocument | SkippedDocument:
    """Read a file; it is of the repository's revision only if it has the content it has there."""
    raw = read_raw(file.location)
    if isinstance(raw, SkipReason):
        return SkippedDocument(file.path, raw)
    is_committed = blob_id is not None and _blob_id(raw, blob_id) == blob_id
    return document_of(
        raw, file.path, repository if is_committed else replace(repository, revision=None)
    )


def is_git_tree(root: Path) -> bool:
    """Check that a folder is the root of a working tree, and that there is a git to ask."""
    if not (root / ".git").exists() or shutil.which("git") is None:
        return False
    answer = _run(root, "rev-parse", "--git-dir")
    # Any other failure is told when the source is read; reading untracked files would be worse.
    return answer.returncode == 0 or _NOT_A_REPOSITORY.encode() not in answer.stderr


def origin_of(address: str) -> Origin | None:
    """Read a remote's address, if it has the form that forges use; drop what authenticates."""
    try:
        host, path = _host_and_path(address)
    except ValueError:  # an impossible port or host
        return None
    found = _FORGE_PATH.fullmatch(path)
    return Origin(found[1], f"https://{host}/{found[1]}") if host and found else None


def _host_and_path(address: str) -> tuple[str, str]:
    if scp := _SCP_LIKE.fullmatch(address):
        return scp[1], scp[2]
    url = urlsplit(address)
    if url.scheme not in _REMOTE_SCHEMES:
        return "", ""
    host = url.hostname or ""
    if url.port and url.scheme in _WEB_SCHEMES:  # the ports of other protocols have no web pages
        host += f":{url.port}"
    return host, url.path.removeprefix("/")


def _files(root: Path) -> Iterator[File | SkippedDocument]:
    """Yield the tracked files ordered by path."""
    modes = {}
    for entry in _git(root, "ls-files", "-z", "--stage").split(b"\0")[:-1]:
        facts, _, name = entry.partition(b"\t")
        modes[name] = facts.partition(b" ")[0]  # of the sides of a conflict, any
    by_path = sorted((name.decode(errors="replace"), name) for name in modes)
    for path, name in by_path:
        file = File(path, root / os.fsdecode(name))
        reason = _REASON_BY_MODE.get(modes[name]) or _reason_to_skip(root, file)
        yield SkippedDocument(path, reason) if reason else file


def _reason_to_skip(root: Path, file: File) -> SkipReason | None:
    location = file.location
    if not location.is_relative_to(root) or ".." in location.parts:
        return SkipReason.LEADS_OUTSIDE
    if not VERSION_CONTROL_NAMES.isdisjoint(location.relative_to(root).parts):
        return SkipReason.VERSION_CONTROL
    if location.resolve() != location:
        return SkipReason.SYMBOLIC_LINK
    if not location.exists():
        return SkipReason.NOT_CHECKED_OUT
    return None if location.is_file() else SkipReason.SPECIAL_FILE


def _read_head(root: Path) -> str | None:
    """Read the id of the commit that is checked out; None before the first."""
    return _git(root, "rev-parse", "--verify", "--quiet", "HEAD").decode().strip() or None


def _read_blob_ids(root: Path, commit: str) -> Mapping[Path, str]:
    """Read which content each file has in a commit."""
    ids = {}
    for entry in _git(root, "ls-tree", "-r", "-z", commit).split(b"\0")[:-1]:
        facts, _, name = entry.partition(b"\t")
        ids[root / os.fsdecode(name)] = facts.rpartition(b" ")[2].decode()
    return ids


def _blob_id(raw: bytes, like: str) -> str:
    """Hash a content as git does, with the algorithm that an id of the same repository shows."""
    algorithm = hashlib.sha1 if len(like) == 40 else hashlib.sha256
    return algorithm(b"blob %d\0" % len(raw) + raw).hexdigest()


def _git(root: Path, *arguments: str) -> bytes:
    """Ask git something; an empty answer where there is no such thing.

    Raises:
        CorpusError: git can't answer.
    """
    answer = _run(root, *arguments)
    if answer.returncode not in (0, 1):
        why = " ".join(answer.stderr.decode(errors="replace").split())
        raise CorpusError(f"{root}: git {arguments[0]}: {why}")
    return answer.stdout


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN_VARIABLES}
    here_only = {"GIT_CEILING_DIRECTORIES": str(root.resolve().parent)}
    return subprocess.run(
        (*_GIT, "-C", str(root), *arguments),
        env=kept | _GIT_ENVIRONMENT | here_only,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
