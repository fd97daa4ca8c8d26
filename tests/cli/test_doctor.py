"""`doctor`: what is there, what is missing, what would fail."""

import json
from pathlib import Path

import pytest

from sc2_attrib.cli import commands
from tests.cli.conftest import Run
from tests.cli.test_startup import modules_after


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


def test_without_a_model_torch_is_not_asked() -> None:
    """Looking around costs no seconds: what runs models is loaded only where one is named."""
    assert modules_after("doctor").isdisjoint({"torch", "transformers"})


def test_key_is_not_shown(run: Run) -> None:
    """The variable that holds a server's key is named, its value is not."""
    outcome = run("doctor", env={"SC2_ATTRIB_API_KEY": "sk-secret"})
    assert "SC2_ATTRIB_API_KEY is set" in outcome.stdout
    assert "sk-secret" not in outcome.stdout


def test_model_that_is_not_there_is_measured_all_the_same(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """How to get the weights, what they would take, and the option that would fit."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("sc2_attrib.generator.forecast.free_bytes", lambda _: 24 * 10**9)
    assert commands.run(["doctor", "--model", "15b", "--json"]) == 3
    found = findings(capsys.readouterr().out)
    assert "hf download bigcode/starcoder2-15b" in found["model"]["state"]
    state = found["memory"]["state"]
    assert state.startswith("bfloat16 needs 35.9 GB: ")
    assert "weights 31.9 GB, and for 16,384 tokens keys and values 336 MB" in state
    assert "has 24.0 GB free; --quantize int8 needs 20.8 GB" in state
    assert found["memory"]["would_fail"] == "generate, unless given that option"
