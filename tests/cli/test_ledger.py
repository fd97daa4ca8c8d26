"""The ledger on the command line."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Outcome, Run, code

LEDGER = {"SC2_ATTRIB_LEDGER": "l.jsonl"}


@pytest.fixture
def run(run_here: Run) -> Run:
    """Run commands in this process."""
    return run_here


@pytest.fixture
def scanned(run: Run, folder: Path, index: Path) -> Path:
    """A ledger of two scans: one with its texts, one without."""
    for name in ("permissive", "copyleft"):
        (folder / f"{name}.py").write_text(code(name))
    with_text = ("--include-text", "-f", "json=r.json")
    assert run("scan", "permissive.py", "--index", str(index), *with_text, env=LEDGER).code == 0
    assert run("scan", "copyleft.py", "-q", "--index", str(index), env=LEDGER).code == 1
    return folder / "l.jsonl"


def read(ledger: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ledger.read_text().splitlines()]


def test_every_scan_is_recorded(scanned: Path, folder: Path, run: Run) -> None:
    """A record names index, policy, texts and matches, and the digest of the saved result."""
    first, second = read(scanned)
    assert (first["kind"], first["verdict"], second["verdict"]) == ("scan", "matches", "violation")
    saved = (folder / "r.json").read_bytes()
    assert first["result_sha256"] == hashlib.sha256(saved).hexdigest()
    assert first["inputs"][0]["text"] == code("permissive")
    assert "text" not in second["inputs"][0]
    assert second["matches"][0]["action"] == "deny"
    assert len(second["policy"]["sha256"]) == 64
    shown = run("ledger", "show", "--last", "1", env=LEDGER).stdout
    assert shown.split()[0] == "2"
    assert "copyleft.py  violation  (1 deny)" in shown
    assert len(run("ledger", "show", "--json", env=LEDGER).stdout.splitlines()) == 2


def test_verify_tells_tampering(scanned: Path, run: Run) -> None:
    """A whole ledger gives its anchor; an edited line is named, with exit code 3."""
    good = run("ledger", "verify", env=LEDGER)
    assert good.code == 0
    anchor = good.stdout.splitlines()[-1]
    assert anchor == f"2:{read(scanned)[1]['hash']}"
    assert run("ledger", "verify", "--anchor", anchor, env=LEDGER).code == 0
    scanned.write_bytes(scanned.read_bytes().replace(b'"action":"deny"', b'"action":"allow"'))
    bad = run("ledger", "verify", env=LEDGER)
    assert (bad.code, bad.stdout) == (3, "")
    assert "l.jsonl: line 2: its hash is not that of its text; it was edited" in bad.stderr


def test_run_without_its_ledger_is_no_run(run: Run, folder: Path, index: Path) -> None:
    """A ledger that can't be written ends the run before it starts; no report is left."""
    (folder / "a.py").write_text(code("permissive"))
    outcome = run(
        "scan", "a.py", "--index", str(index), "--ledger", "no/l.jsonl", "-f", "json=r.json"
    )
    assert outcome.code == 3
    assert "no/l.jsonl: the ledger can't be written" in outcome.stderr
    assert not (folder / "r.json").exists()


def test_missing_ledger_is_wrong_usage(run: Run) -> None:
    """Without a name, and without a file, it is said what to do."""
    nameless, missing = run("ledger", "verify"), run("ledger", "verify", "--ledger", "none")
    assert (nameless.code, missing.code) == (2, 2)
    assert "name one with --ledger, SC2_ATTRIB_LEDGER" in nameless.stderr
    assert "none: no such ledger" in missing.stderr


def test_recheck(scanned: Path, run: Run, index: Path, folder: Path) -> None:
    """Take-downs and other policies show; texts that are gone leave the recheck incomplete."""
    changed = folder / "changed"
    shutil.copytree(index, changed)

    def recheck(*arguments: str) -> Outcome:
        return run("ledger", "recheck", "--index", str(changed), *arguments, env=LEDGER)

    assert recheck().stdout.count("nothing has changed") == 2
    removal = ("index", "remove", "--repo", "library", "--index", str(changed))
    run(*removal)
    removed = recheck()
    assert (removed.code, removed.stdout.count("  taken down  ")) == (0, 2)
    run(*removal, "--undo")
    stricter = recheck("--policy", "permissive-only")
    assert (stricter.code, stricter.stdout.count("change")) == (0, 2)
    (folder / "deny.toml").write_text('[[rules]]\naction = "deny"\n')
    denied = recheck("--policy", "deny.toml", "--json")
    assert denied.code == 1
    first, second = map(json.loads, denied.stdout.splitlines())
    assert (first["verdict_then"], first["verdict"]) == ("matches", "violation")
    assert [change["kind"] for change in first["changes"]] == ["other action"]
    assert second["changes"] == []
    (folder / "copyleft.py").write_text("# changed\n")
    incomplete = recheck()
    assert incomplete.code == 4
    assert "no change seen, 1 text not at hand" in incomplete.stdout
