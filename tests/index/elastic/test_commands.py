"""The installed command says the same of an index on a server as of one in a folder."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.index.elastic.conftest import new_address
from tests.index.elastic.servers import Node, free_port
from tests.index.near.programs import all_renamed, program

pytestmark = pytest.mark.elastic

COMMAND = Path(sys.executable).with_name("sc2-attrib")
LICENSES: tuple[list[str], ...] = (
    *(["MIT"], ["GPL-3.0-only"], []),
    *(["Apache-2.0", "BSD-3-Clause"], ["LGPL-2.1-or-later"]),
)
POLICIES = ("default", "permissive-only", "copyleft-ok")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left behind."""

    code: int
    stdout: str
    stderr: str


def run(folder: Path, *arguments: str) -> Outcome:
    """Run the command in a folder, as a user with an empty home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SC2_ATTRIB_")}
    done = subprocess.run(
        [COMMAND, *arguments],
        capture_output=True,
        cwd=folder,
        env={**kept, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "TERM": "dumb"},
        timeout=300,
        check=False,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


def write_corpus(path: Path, seeds: Sequence[int]) -> None:
    rows = [
        {
            "content": program(seed).decode(),
            "path": f"{seed}.py",
            "repo_name": f"o/{seed % 5}",
            "detected_licenses": LICENSES[seed % 5],
            "stars": seed,
        }
        for seed in seeds
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder with two corpora, and code with copies and edited copies from both."""
    write_corpus(tmp_path / "first.jsonl", range(30))
    write_corpus(tmp_path / "second.jsonl", range(25, 40))
    source = tmp_path / "src"
    source.mkdir()
    for seed in (0, 1, 2, 6, 31, 99):
        (source / f"{seed}.py").write_bytes(program(seed))
    for seed in (3, 4, 7, 33):
        (source / f"renamed_{seed}.py").write_bytes(all_renamed(program(seed)))
    (source / "empty.py").write_bytes(b"")
    return tmp_path


def without_index(result: dict[str, object]) -> dict[str, object]:
    """All of a result document that doesn't say when, where and by which command it was made."""
    assert isinstance(result["run"], dict)
    changing = ("id", "started", "finished", "command", "index")
    kept = {name: value for name, value in result["run"].items() if name not in changing}
    return {**result, "run": kept}


@pytest.mark.slow
def test_scans_end_alike(node_8: Node, work: Path) -> None:
    """Exit codes and result documents under each policy; after an addition and a removal too."""
    address = new_address(node_8).location
    verdicts = set()
    for changes in (
        [("build", "first.jsonl")],
        [("add", "second.jsonl")],
        [("remove", "--repo", "o/1"), ("compact",)],
    ):
        for index in ("ix", address):
            for change, *what in changes:
                assert run(work, "index", change, *what, "--index", index).code == 0
        for policy in POLICIES:
            local, remote = (
                run(work, "scan", "src", "--index", index, "--policy", policy, "--format", "json")
                for index in ("ix", address)
            )
            assert remote.code == local.code, remote.stderr
            result = json.loads(local.stdout)
            assert without_index(json.loads(remote.stdout)) == without_index(result)
            verdicts.add((policy, local.code))
            assert {match["kind"] for match in result["matches"]} == {"verbatim", "near"}
    assert len({code for _, code in verdicts}) == 2


def test_every_command_takes_an_address(node_8: Node, work: Path) -> None:
    """Statistics, checks, one text; no command shows a password."""
    address = new_address(node_8).location
    build = run(work, "index", "build", "first.jsonl", "--index", address, "--shards", "2")
    assert build.code == 0, build.stderr
    secret = address.replace("://", "://user:s3cret@")
    outcomes = [
        run(work, *arguments, "--index", secret)
        for arguments in (
            ("index", "stats"),
            ("index", "verify"),
            ("index", "search", "--file", "src/1.py"),
            ("scan", "src/1.py", "--format", "json"),
        )
    ]
    assert [outcome.code for outcome in outcomes] == [0, 0, 0, 1], outcomes
    for outcome in outcomes:
        assert "s3cret" not in outcome.stdout + outcome.stderr
    assert address in outcomes[0].stdout


def test_no_server_is_one_line(work: Path) -> None:
    """It names the address without the password, and the code is that of an unusable index."""
    outcome = run(
        work, "scan", "src", "--index", f"elasticsearch+http://u:s3cret@127.0.0.1:{free_port()}/n"
    )
    assert outcome.code == 3
    assert outcome.stdout == ""
    [line] = outcome.stderr.splitlines()
    assert "no server can be reached" in line
    assert "s3cret" not in line
