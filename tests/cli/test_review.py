"""Reviewed choices, by options and in a terminal."""

import json
import os
import pty
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Run, code


@pytest.fixture
def run(run_here: Run) -> Run:
    """Run commands in this process."""
    return run_here


@pytest.fixture(scope="session")
def saved(index: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two copies of denied code, and the result of a scan of them."""
    folder = tmp_path_factory.mktemp("saved")
    for name in ("a.py", "b.py"):
        (folder / name).write_text(code("copyleft"))
    done = subprocess.run(
        [COMMAND, "scan", "a.py", "b.py", "--index", index, "-f", "json=r.json"],
        cwd=folder,
        check=False,
    )
    assert done.returncode == 1
    return folder


@pytest.fixture
def result(saved: Path, folder: Path) -> Path:
    """The saved result, with the files it is about, in the folder of the test."""
    shutil.copytree(saved, folder, dirs_exist_ok=True)
    return folder / "r.json"


def matches(result: Path) -> list[str]:
    return [match["fingerprint"] for match in json.loads(result.read_text())["matches"]]


def test_choice_by_options(run: Run, folder: Path, index: Path, result: Path) -> None:
    """A choice is kept with reason, author and expiry, and the next scan obeys it."""
    first, second = matches(result)
    decide = ("--action", "allow", "--author", "Ada", "--reason", "ours")
    made = run("review", "r.json", "--match", first[:8], *decide, "--expires", "2999-12-31")
    assert (made.code, made.stdout) == (0, "")
    assert made.stderr == f"sc2-attrib: sc2-attrib-reviews.toml: {first} allow\n"
    assert run("scan", "a.py", "b.py", "--index", str(index), "-q").code == 1
    assert run("review", "--fingerprint", second, *decide).code == 0
    scan = run("scan", "a.py", "b.py", "--index", str(index))
    assert scan.code == 0
    assert "suppressed by review: ours, Ada, until 2999-12-31" in scan.stdout
    assert "2 suppressed (2 by review)" in scan.stdout
    listed = run("review", "list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == [second, first]
    assert "until 2999-12-31  a.py  Ada: ours" in listed[1]


def test_expired_choice_counts_no_longer(run: Run, folder: Path, index: Path, result: Path) -> None:
    """After its last day the match fails the run again; prune drops the choice."""
    for fingerprint in matches(result):
        run("review", "--fingerprint", fingerprint, "--action", "allow", "--reason", "x")
    path = folder / "sc2-attrib-reviews.toml"
    path.write_text(path.read_text().replace("decided", "expires = 2020-01-01\ndecided"))
    scan = run("scan", "a.py", "b.py", "--index", str(index), "--json")
    assert scan.code == 1
    assert scan.stderr == "sc2-attrib: 2 reviewed choices expired, so the policy decides\n"
    assert "expired 2020-01-01" in run("review", "list").stdout
    assert run("review", "prune").stderr.endswith("2 choices dropped\n")
    assert run("review", "list").stdout == ""


def test_reviews_lie_beside_the_policy(run: Run, folder: Path, index: Path, result: Path) -> None:
    """The file of choices is looked for where the policy is, unless it is named."""
    (folder / "legal").mkdir()
    (folder / "legal" / "p.toml").write_text(run("policy", "show").stdout)
    decide = ("--action", "attribute", "--reason", "named in NOTICE", "--policy", "legal/p.toml")
    for fingerprint in matches(result):
        assert run("review", "--fingerprint", fingerprint, *decide).code == 0
    assert (folder / "legal" / "sc2-attrib-reviews.toml").exists()
    scan = ("scan", "a.py", "b.py", "--index", str(index), "-q")
    assert run(*scan, "--policy", "legal/p.toml").code == 0
    assert run(*scan).code == 1
    assert run(*scan, "--reviews", "legal/sc2-attrib-reviews.toml").code == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "Missing command"),
        (("r.json",), "no terminal"),
        (("r.json", "--match", "zz", "--action", "allow", "--reason", "x"), "no match has this id"),
        (("r.json", "--match", "a", "--action", "skip", "--reason", "x"), "give --action (allow,"),
        (("r.json", "--match", "a", "--action", "allow"), "and --reason"),
        (("--match", "a", "--action", "allow", "--reason", "x"), "name the result too"),
        (("r.json", "--match", "a", "--expires", "soon"), "--expires soon: not a date"),
        (("r.json", "--match", "a", "--expires", "2020-01-01"), "that day has passed"),
        (("none.json",), "none.json: No such file"),
    ],
)
def test_wrong_use_is_told(
    arguments: tuple[str, ...], complaint: str, run: Run, result: Path
) -> None:
    """What is missing or impossible is said, and nothing is kept."""
    outcome = run("review", *arguments)
    assert outcome.code == 2
    assert complaint in outcome.stderr
    assert not (result.parent / "sc2-attrib-reviews.toml").exists()


def in_terminal(typed: str, folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run `review r.json` with standard input and error on a terminal, and type."""
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    with subprocess.Popen(
        [COMMAND, "review", "r.json", "--author", "Bob"],
        stdin=theirs,
        stderr=subprocess.PIPE,
        cwd=folder,
        env={**environment},
    ) as process:
        _, shown = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    return process.returncode, shown.decode()


def test_choice_in_a_terminal(
    folder: Path, environment: dict[str, str], result: Path, run: Run
) -> None:
    """Each open match is shown beside its source; choices are kept at once, until `q`."""
    typed = "x\na\n\nbecause\nnever\n2999-01-01\nq\n"
    code_, shown = in_terminal(typed, folder, environment)
    assert code_ == 0
    assert "deny: GPL-3.0-only is copyleft (rule copyleft)" in shown
    assert "GPL-3.0-only (header)  library  copyleft.py:2-22" in shown
    line = code("copyleft").splitlines()[0][:30]
    assert f"{line} " in shown
    assert shown.count(line) >= 2
    assert "1 choice made" in shown
    [listed] = run("review", "list").stdout.splitlines()
    assert listed.endswith("until 2999-01-01  a.py  Bob: because")


def test_settled_matches_are_not_asked_about_again(
    folder: Path, environment: dict[str, str], result: Path
) -> None:
    """A second dialogue begins where the first ended; skipped matches come again."""
    assert "1 choice made" in in_terminal("d\nno\n\ns\n", folder, environment)[1]
    shown = in_terminal("s\n", folder, environment)[1]
    assert "a.py:1" not in shown
    assert "b.py:1" in shown
    assert "0 choices made" in shown
