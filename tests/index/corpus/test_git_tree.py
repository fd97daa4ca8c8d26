import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sc2_attrib.index.corpus.document import (
    CorpusDescription,
    SkippedDocument,
    SkipReason,
    SourceDocument,
)
from sc2_attrib.index.corpus.folder import FolderSource
from sc2_attrib.index.corpus.git_tree import GitTreeSource, Origin, origin_of
from sc2_attrib.index.corpus.location import open_source
from sc2_attrib.index.errors import CorpusError

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git here")

IDENTITY = {
    f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
}


def git(root: Path, *arguments: str, stdin: bytes = b"") -> str:
    settings = IDENTITY | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ("git", "-C", str(root), "-c", "init.defaultBranch=main", *arguments)
    done = subprocess.run(
        command, env=os.environ | settings, input=stdin, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def write(root: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def commit(root: Path, files: dict[str, bytes], *options: str) -> str:
    """Make a repository of some files, and return its commit."""
    root.mkdir()
    git(root, "init", *options)
    write(root, files)
    git(root, "add", "--all")
    git(root, "commit", "-m", "x")
    return git(root, "rev-parse", "HEAD")


def documents(source: GitTreeSource) -> dict[str, tuple[bytes, str | None]]:
    found = (d for d in source if isinstance(d, SourceDocument))
    return {d.occurrence.path: (d.content, d.occurrence.revision) for d in found}


def skips(source: GitTreeSource) -> dict[str, str]:
    return {d.path: d.reason for d in source if isinstance(d, SkippedDocument)}


def test_only_tracked_files_are_read_ordered_by_path(tmp_path: Path) -> None:
    """What is ignored or not added, secrets for one, is not read and not even reported."""
    root = tmp_path / "proj"
    files = {"b.c": b"int b;", "a/z.c": b"int z;", "a.c": b"int a;", ".gitignore": b".env\n"}
    head = commit(root, files)
    write(root, {".env": b"PASSWORD=1", "new.c": b"int n;"})
    source = GitTreeSource(root)
    assert list(documents(source)) == [".gitignore", "a.c", "a/z.c", "b.c"]
    assert skips(source) == {}
    assert source.describe() == CorpusDescription("proj", head)
    assert source.estimate_bytes() == sum(map(len, files.values()))


def test_revision_is_stated_only_for_what_the_commit_holds(tmp_path: Path) -> None:
    """A changed or added file is read as it lies, and no commit is said to have it."""
    root = tmp_path / "proj"
    head = commit(root, {"same.c": b"same", "changed.c": b"old", "staged.c": b"old"})
    write(root, {"changed.c": b"new", "staged.c": b"new", "added.c": b"added"})
    git(root, "add", "staged.c", "added.c")
    assert documents(GitTreeSource(root)) == {
        "added.c": (b"added", None),
        "changed.c": (b"new", None),
        "same.c": (b"same", head),
        "staged.c": (b"new", None),
    }


def test_repository_with_sha256_is_read_too(tmp_path: Path) -> None:
    """Ids of either length are compared."""
    head = commit(tmp_path / "proj", {"a.c": b"int a;"}, "--object-format=sha256")
    assert documents(GitTreeSource(tmp_path / "proj")) == {"a.c": (b"int a;", head)}


def test_repository_before_its_first_commit_has_no_revision(tmp_path: Path) -> None:
    """Added files are tracked already."""
    git(tmp_path, "init")
    write(tmp_path, {"a.c": b"int a;"})
    git(tmp_path, "add", "a.c")
    assert documents(GitTreeSource(tmp_path)) == {"a.c": (b"int a;", None)}


def test_origin_names_the_repository_and_its_address(tmp_path: Path) -> None:
    """The occurrence has the forge's name and an address without what authenticates."""
    root = tmp_path / "folder"
    commit(root, {"a.c": b"int a;"})
    git(root, "remote", "add", "origin", "https://me:secret@git.example/o/n.git")
    (document,) = GitTreeSource(root)
    assert isinstance(document, SourceDocument)
    assert document.occurrence.repository == "o/n"
    assert document.occurrence.url == "https://git.example/o/n"


@pytest.mark.parametrize(
    ("address", "repository", "url"),
    [
        ("https://github.com/o/n.git", "o/n", "https://github.com/o/n"),
        ("https://github.com/o/n/", "o/n", "https://github.com/o/n"),
        ("http://token@host:8080/o/n.js", "o/n.js", "https://host:8080/o/n.js"),
        ("git@github.com:o/n.git", "o/n", "https://github.com/o/n"),
        ("host:group/sub/n", "group/sub/n", "https://host/group/sub/n"),
        ("ssh://git@host:2222/o/n.git", "o/n", "https://host/o/n"),
        ("git://host/~o/n", "~o/n", "https://host/~o/n"),
    ],
)
def test_address_of_a_forge_is_understood(address: str, repository: str, url: str) -> None:
    """The protocols that git speaks lead to one address on the web."""
    assert origin_of(address) == Origin(repository, url)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/srv/git/n.git",
        "../n",
        "file:///srv/o/n",
        "git@host:/srv/o/n.git",
        "https://host/n",
        "https://host:x/o/n",
        "https://host/o/..",
        "https://[::1/o/n",
        "ext::sh -c 'x' o/n",
    ],
)
def test_other_addresses_name_no_repository(address: str) -> None:
    """A path on somebody's disk is no name that others know."""
    assert origin_of(address) is None


def test_links_submodules_and_missing_files_are_left_out(tmp_path: Path) -> None:
    """Each says why; a folder that became a link leads nowhere."""
    outside = tmp_path / "outside"
    write(outside, {"x.c": b"secret"})
    root = tmp_path / "proj"
    root.mkdir()
    (root / "link.c").symlink_to(outside / "x.c")
    git(root, "init")
    write(root, {"gone.c": b"gone", "moved/x.c": b"x", "kept.c": b"kept", "pipe.c": b"p"})
    git(root, "add", "--all")
    git(root, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    (root / "gone.c").unlink()
    shutil.rmtree(root / "moved")
    (root / "moved").symlink_to(outside)
    (root / "pipe.c").unlink()
    os.mkfifo(root / "pipe.c")
    source = GitTreeSource(root)
    assert list(documents(source)) == ["kept.c"]
    assert skips(source) == {
        "gone.c": SkipReason.NOT_CHECKED_OUT,
        "link.c": SkipReason.SYMBOLIC_LINK,
        "module": SkipReason.SUBMODULE,
        "moved/x.c": SkipReason.SYMBOLIC_LINK,
        "pipe.c": SkipReason.SPECIAL_FILE,
    }


def test_forged_names_lead_nowhere(tmp_path: Path) -> None:
    """An index that was written by hand can't make files outside the tree be read."""
    write(tmp_path, {"up.c": b"secret"})
    root = tmp_path / "proj"
    commit(root, {"aa/up.c": b"int a;", "b.c": b"int b;"})
    index = root / ".git/index"
    index.write_bytes(index.read_bytes().replace(b"aa/up.c", b"../up.c")[:-20] + bytes(20))
    source = GitTreeSource(root)
    assert list(documents(source)) == ["b.c"]
    assert skips(source) == {"../up.c": SkipReason.LEADS_OUTSIDE}


def test_configuration_of_the_repository_runs_nothing(tmp_path: Path) -> None:
    """A cloned folder may name programs as monitor, filter, pager and transport: none is run."""
    root = tmp_path / "proj"
    commit(root, {"a.c": b"int a;", ".gitattributes": b"*.c filter=evil diff=evil\n"})
    program = tmp_path / "evil"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\ncat\n")
    program.chmod(0o755)
    for hook in ("post-index-change", "fsmonitor-watchman", "post-checkout"):
        shutil.copy(program, root / ".git/hooks" / hook)
    core = ("core.fsmonitor", "core.pager", "core.sshCommand", "core.editor", "diff.external")
    named = ("filter.evil.clean", "filter.evil.smudge", "diff.evil.textconv", "alias.ls-files")
    for key in core + named:
        git(root, "config", key, str(program))
    write(root, {"a.c": b"int b;"})
    assert documents(GitTreeSource(root))["a.c"] == (b"int b;", None)
    assert not (tmp_path / "ran").exists()


def test_hooks_of_another_repository_do_not_mislead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While git runs a hook its variables name that hook's repository."""
    commit(tmp_path / "other", {"other.c": b"x"})
    commit(tmp_path / "proj", {"a.c": b"int a;"})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other/.git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "other/.git/index"))
    assert list(documents(GitTreeSource(tmp_path / "proj"))) == ["a.c"]


def test_root_of_a_working_tree_is_one_and_other_folders_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a repository, or without git, a folder is a folder."""
    root = tmp_path / "proj"
    commit(root, {"src/a.c": b"int a;"})
    write(tmp_path / "fake", {".git/config": b"", "a.c": b"int a;"})
    assert isinstance(open_source(str(root)), GitTreeSource)
    assert isinstance(open_source(str(root / "src")), FolderSource)
    assert isinstance(open_source(str(tmp_path / "fake")), FolderSource)
    monkeypatch.setenv("PATH", "")
    assert isinstance(open_source(str(root)), FolderSource)


def test_repository_that_git_refuses_is_an_error_in_its_words(tmp_path: Path) -> None:
    """Reading all files instead would index what is not tracked."""
    root = tmp_path / "proj"
    commit(root, {"a.c": b"int a;"})
    (root / ".git/index").write_bytes(b"noise" * 20)
    source = open_source(str(root))
    with pytest.raises(CorpusError, match=r"proj: git ls-files: .*(bad|index)"):
        list(source)
