"""`scan --diff`, `--staged` and diffs on standard input: what is checked, and what is dropped."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sc2_attrib.cli.changes import own_lines
from tests.cli.conftest import Outcome, Run, code

IDENTITY = {
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
}  # fmt: skip


class Repository:
    """A git repository with one commit of files of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "-q", "-b", "main", ".")
        (folder / "src").mkdir()
        self.write("src/own.py", code("own"))
        self.write("old.py", code("copyleft"))
        self.commit()

    def git(self, *arguments: str) -> bytes:
        """Run git here."""
        done = subprocess.run(
            ["git", "-c", "protocol.file.allow=always", *arguments],
            cwd=self.folder,
            env=os.environ | IDENTITY,
            check=True,
            capture_output=True,
        )
        return done.stdout

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        (self.folder / path).write_text(text)

    def commit(self) -> None:
        """Commit all that is there."""
        self.git("add", "--all")
        self.git("commit", "-q", "--message", "x")


@pytest.fixture
def repository(folder: Path) -> Repository:
    """A repository that holds copyleft code from the start."""
    return Repository(folder)


def result_of(outcome: Outcome) -> Any:
    assert outcome.code in (0, 1, 4), outcome.stderr
    return json.loads(outcome.stdout)


def inputs_of(result: Any) -> Mapping[str, str]:
    return {each["path"]: each["reason"] or each["status"] for each in result["inputs"]}


def lines_of(result: Any) -> list[tuple[str, list[int]]]:
    paths = {each["id"]: each["path"] for each in result["inputs"]}
    return [(paths[match["input"]], match["generated"]["lines"]) for match in result["matches"]]


def test_only_matches_on_added_lines_are_kept(
    run_here: Run, repository: Repository, index: Path
) -> None:
    """A file with an old and a new copy is checked whole, and only the new copy is reported."""
    repository.write("old.py", code("copyleft") + code("permissive"))
    outcome = run_here("scan", "--diff", "HEAD", "--index", str(index), "--json")
    result = result_of(outcome)
    assert (outcome.code, lines_of(result)) == (0, [("old.py", [22, 42])])
    (record,) = result["inputs"]
    assert (record["kind"], record["lines"]) == ("diff", 42)


def test_one_added_line_brings_the_copy_around_it(
    run_here: Run, repository: Repository, index: Path
) -> None:
    """A copy that a change makes whole counts, though most of its lines are old."""
    lines = code("copyleft").splitlines(keepends=True)
    repository.write("old.py", "".join(lines[:10] + lines[11:]))
    repository.commit()
    repository.write("old.py", "".join(lines))
    result = result_of(run_here("scan", "--diff", "HEAD", "--index", str(index), "--json"))
    assert lines_of(result) == [("old.py", [1, 21])]


def test_every_kind_of_change_is_listed(run_here: Run, repository: Repository, index: Path) -> None:
    """What can't be checked, or need not, is listed with its reason."""
    for name in ("gone", "cut", "moved"):
        repository.write(f"{name}.txt", code(name))
    repository.git("init", "-q", "module")
    repository.git("-C", "module", "commit", "-q", "--allow-empty", "--message", "x")
    repository.commit()
    (repository.folder / "gone.txt").unlink()
    repository.write("cut.txt", "\n".join(code("cut").splitlines()[:-1]) + "\n")
    repository.git("mv", "moved.txt", "src/moved to.txt")
    (repository.folder / "link").symlink_to("old.py")
    (repository.folder / "image").write_bytes(b"\0\1")
    repository.write("vendored.py", code("copyleft"))
    repository.write(".sc2attribignore", "vendored.py\n")
    repository.git("-C", "module", "commit", "-q", "--allow-empty", "--message", "y")
    repository.git("add", "--all")
    repository.write("untracked.py", code("copyleft"))
    (repository.folder / "results").mkdir()
    repository.write("results/a.json", "{}")
    result = result_of(run_here("scan", "--diff", "HEAD", "--index", str(index), "--json"))
    assert inputs_of(result) == {
        ".sc2attribignore": "checked",
        "cut.txt": "no line added",
        "gone.txt": "deleted",
        "image": "binary",
        "link": "symbolic link",
        "module": "submodule",
        "results/": "not tracked by git",
        "src/moved to.txt": "no line added",
        "untracked.py": "not tracked by git",
        "vendored.py": "ignored",
    }
    assert result["summary"]["complete"]


def test_moved_file_is_compared_with_what_it_was(
    run_here: Run, repository: Repository, index: Path
) -> None:
    """Moving a file makes none of its lines new."""
    repository.git("mv", "old.py", "new.py")
    repository.write("new.py", code("copyleft") + "x = 1\n")
    result = result_of(run_here("scan", "--diff", "HEAD", "--index", str(index), "--json"))
    assert (inputs_of(result), lines_of(result)) == ({"new.py": "checked"}, [])


def test_a_branch_answers_for_its_own_changes(
    run_here: Run, repository: Repository, index: Path
) -> None:
    """What the named branch did after this one left it is no change of this one."""
    repository.git("checkout", "-q", "-b", "topic")
    repository.write("topic.py", code("permissive"))
    repository.commit()
    repository.git("checkout", "-q", "main")
    (repository.folder / "old.py").unlink()
    repository.commit()
    repository.git("checkout", "-q", "topic")
    result = result_of(run_here("scan", "--diff", "main", "--index", str(index), "--json"))
    assert inputs_of(result) == {"topic.py": "checked"}


def test_paths_are_spelt_from_the_current_folder(
    run: Run, repository: Repository, index: Path
) -> None:
    """In a subfolder, names of others begin with `..`; a name limits the diff."""
    repository.write("old.py", code("permissive"))
    repository.write("src/own.py", code("permissive"))
    here = repository.folder / "src"
    for named, expected in ((["own.py"], {"own.py"}), ([], {"../old.py", "own.py"})):
        command = [*named, "--diff", "HEAD", "--index", str(index), "--json"]
        assert set(inputs_of(result_of(run("scan", *command, cwd=here)))) == expected


def test_staged_content_is_checked_not_the_file(
    run_here: Run, repository: Repository, index: Path
) -> None:
    """What is about to be committed counts, whatever lies on the disk by now."""
    repository.write("src/own.py", code("copyleft"))
    repository.git("add", "src/own.py")
    repository.write("src/own.py", code("own"))
    repository.write("old.py", code("permissive"))
    outcome = run_here("scan", "--staged", "--index", str(index), "--json")
    result = result_of(outcome)
    assert (outcome.code, inputs_of(result)) == (1, {"src/own.py": "checked"})
    assert lines_of(result) == [("src/own.py", [1, 21])]


def test_staged_before_the_first_commit(run_here: Run, folder: Path, index: Path) -> None:
    """Everything is new where there is no commit yet; sizes and binary files are looked at."""
    subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)
    (folder / "a.py").write_text(code("copyleft"))
    (folder / "b.bin").write_bytes(b"\0\1")
    (folder / "c.txt").write_text("x" * 5000)
    subprocess.run(["git", "add", "."], cwd=folder, check=True)
    outcome = run_here(
        "scan", "--staged", "--index", str(index), "--json", "--max-file-size", "4kB"
    )
    assert outcome.code == 1
    assert inputs_of(json.loads(outcome.stdout)) == {
        "a.py": "checked",
        "b.bin": "binary",
        "c.txt": "over the size limit",
    }


def test_conflict_leaves_the_run_incomplete(
    run_here: Run, repository: Repository, index: Path
) -> None:
    """A file in conflict has no content to check yet, so nobody can call it clean."""
    repository.git("checkout", "-q", "-b", "topic")
    repository.write("src/own.py", "a\n")
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.write("src/own.py", "b\n")
    repository.commit()
    with pytest.raises(subprocess.CalledProcessError):
        repository.git("merge", "topic")
    outcome = run_here("scan", "--staged", "--index", str(index), "--json")
    assert outcome.code == 4
    assert inputs_of(json.loads(outcome.stdout)) == {
        "src/own.py": "in conflict: resolve it and add it"
    }


def test_names_that_are_no_unicode(run_here: Run, repository: Repository, index: Path) -> None:
    """A name of any bytes is checked, in both ways."""
    name = os.fsdecode(b'caf\xe9 "x"\t.py')
    try:
        repository.write(name, code("copyleft"))
    except OSError:
        pytest.skip("this file system takes only Unicode names")
    repository.git("add", "--all")
    for how in (["--diff", "HEAD"], ["--staged"]):
        result = result_of(run_here("scan", *how, "--index", str(index), "--json"))
        assert lines_of(result) == [('caf\\xe9 "x"\t.py', [1, 21])]


def test_lone_carriage_returns_end_lines(
    run_here: Run, repository: Repository, index: Path
) -> None:
    """Git ends lines at line feeds alone, results do not: an added line is still found."""
    (repository.folder / "old.py").write_bytes(b"a\rb\rc\n" + code("copyleft").encode())
    result = result_of(run_here("scan", "--diff", "HEAD", "--index", str(index), "--json"))
    assert lines_of(result) == []
    (repository.folder / "old.py").write_bytes(b"a\rb\rc\n" + code("permissive").encode())
    result = result_of(run_here("scan", "--diff", "HEAD", "--index", str(index), "--json"))
    assert lines_of(result) == [("old.py", [4, 24])]


def test_lines_are_renumbered() -> None:
    """A range of git's lines covers all lines of ours that it holds."""
    text = b"a\rb\nc\r\nd\re\r\nf"
    assert own_lines(text, [(1, 1), (2, 3), (4, 4)]) == ((1, 2), (3, 5), (6, 6))
    assert own_lines(b"a\nb", [(2, 2)]) == ((2, 2),)


def test_diff_on_standard_input(run_here: Run, repository: Repository, index: Path) -> None:
    """A piped diff stands for the files it changes, with the lines it adds."""
    repository.write("old.py", code("copyleft") + code("permissive"))
    diff = repository.git("diff")
    outcome = run_here("scan", "-", "--index", str(index), "--json", stdin=diff)
    result = result_of(outcome)
    assert (outcome.code, lines_of(result)) == (0, [("old.py", [22, 42])])
    assert result["inputs"][0]["kind"] == "diff"


def test_diff_that_is_not_applied_is_incomplete(
    run_here: Run, repository: Repository, index: Path
) -> None:
    """Where the files are not as the diff says, nothing can be said about them."""
    repository.write("old.py", code("copyleft") + code("permissive"))
    diff = repository.git("diff")
    repository.git("checkout", "-q", "old.py")
    outcome = run_here("scan", "-", "--index", str(index), stdin=diff)
    assert outcome.code == 4
    assert "old.py" in outcome.stdout
    assert "not as the diff says" in outcome.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--diff", "nowhere"], "--diff nowhere: no such commit in this clone"),
        (["--diff", "--output=x"], "--diff --output=x: no such commit"),
        (["--diff", "HEAD:old.py"], "--diff HEAD:old.py: no such commit"),
        (["--diff", "HEAD", "nosuch.py"], "no such file or folder: 'nosuch.py'"),
        (["--diff", "HEAD", "-"], "standard input is no file of git"),
        (["--staged", "--baseline", "b", "--update-baseline"], "--update-baseline: check whole"),
        (["--diff", "HEAD", "--baseline", "b", "--update-baseline"], "--update-baseline: check"),
    ],
)  # fmt: skip
def test_wrong_use(
    arguments: list[str], message: str, run_here: Run, repository: Repository, index: Path
) -> None:
    """What can't be compared is refused in a line, before anything is checked."""
    outcome = run_here("scan", *arguments, "--index", str(index))
    assert (outcome.code, outcome.stdout) == (2, "")
    assert message in outcome.stderr
    assert not (repository.folder / "x").exists()


def test_histories_that_share_nothing(run_here: Run, repository: Repository, index: Path) -> None:
    """Without a commit in common there is no telling what is new."""
    repository.git("checkout", "-q", "--orphan", "other")
    repository.write("src/own.py", code("other"))
    repository.commit()
    outcome = run_here("scan", "--diff", "main", "--index", str(index))
    assert outcome.code == 2
    assert "no commit in common with HEAD" in outcome.stderr


def test_no_repository_and_no_git(run_here: Run, folder: Path, index: Path) -> None:
    """Outside of a working tree, or without git, the line says which of the two it is."""
    ceiling = {"GIT_CEILING_DIRECTORIES": str(folder.parent)}
    outside = run_here("scan", "--staged", "--index", str(index), env=ceiling)
    assert (outside.code, "not a git repository" in outside.stderr) == (2, True)
    without = run_here("scan", "--diff", "HEAD", "--index", str(index), env={"PATH": str(folder)})
    assert (without.code, "git is not installed" in without.stderr) == (2, True)


def test_configuration_of_git_changes_nothing(
    run_here: Run, repository: Repository, index: Path
) -> None:
    """Colours, prefixes and external diffs that a user has set leave the answer as it is."""
    repository.write("src/own.py", code("permissive"))
    for key, value in (
        ("color.ui", "always"), ("diff.noprefix", "true"), ("diff.external", "false"),
        ("diff.relative", "true"), ("core.quotePath", "false"), ("diff.renames", "false"),
    ):  # fmt: skip
        repository.git("config", key, value)
    result = result_of(run_here("scan", "--diff", "HEAD", "--index", str(index), "--json"))
    assert lines_of(result) == [("src/own.py", [1, 21])]
