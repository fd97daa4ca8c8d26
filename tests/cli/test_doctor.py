"""`doctor`: what is there, what is missing, what would fail."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def _without_torch(environment: dict[str, str], tmp_path: Path) -> None:
    """Hide torch: asking it for a GPU takes seconds."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "torch.py").write_text("raise ImportError('hidden')\n")
    environment["PYTHONPATH"] = str(hidden)


def findings(stdout: str) -> dict[str, dict[str, str]]:
    return {each["subject"]: each for each in json.loads(stdout)}


def test_nothing_named_is_no_failure(run: Run) -> None:
    """Without an index or model the commands that need one are named, and the exit code is 0."""
    outcome = run("doctor", "--json")
    found = findings(outcome.stdout)
    assert outcome.code == 0
    assert found["index"]["would_fail"].startswith("scan, ")
    assert found["model"]["would_fail"].startswith("generate")
    assert found["demo index"]["would_fail"] is None
    assert found["numpy"]["would_fail"] is None


def test_named_index_is_described(run: Run, index: Path) -> None:
    """The index that commands would use is opened and described in a line."""
    outcome = run("doctor", "--index", str(index))
    [line] = [line for line in outcome.stdout.splitlines() if line.startswith("index ")]
    assert "library; 3 documents" in line
    assert "would fail" not in line


@pytest.mark.parametrize("option", ["--index", "--model"])
def test_named_thing_that_is_missing_exits_3(option: str, run: Run) -> None:
    """What the user names and doesn't work is a failure, with its reason."""
    outcome = run("doctor", option, "nowhere")
    assert outcome.code == 3
    assert "nowhere" in outcome.stdout
    assert "-> would fail: " in outcome.stdout


def test_settings_are_listed_without_credentials(run: Run, folder: Path) -> None:
    """Where each setting comes from is said; a password in one is not."""
    (folder / "sc2-attrib.toml").write_text("min-chars = 70\n")
    address = "elasticsearch+https://me:secret@host/code"
    outcome = run("doctor", env={"SC2_ATTRIB_INDEX": address})
    assert "secret" not in outcome.stdout
    assert "SC2_ATTRIB_INDEX=elasticsearch+https://host/code" in outcome.stdout
    assert "setting min_chars" in outcome.stdout
    assert "70, from sc2-attrib.toml" in outcome.stdout
