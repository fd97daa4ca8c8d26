"""`generate` with a real model of two layers, and the demo.

Run in this process where it can be: torch is then imported once, not once a test.
"""

import io
import json
import sys
from pathlib import Path

import pytest

from sc2_attrib.attribution.result_json import schema
from sc2_attrib.cli import commands
from tests.cli.conftest import DEFINITION, LINES, Generate, Run, code


def feed(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))


def test_pipe_gets_the_plain_completion(
    generate: Generate, capsys: pytest.CaptureFixture[str]
) -> None:
    """Piped, stdout is what the model wrote and nothing else; stderr has the annotated text."""
    code_of_run = generate(DEFINITION, "--max-new-tokens", "120")
    printed = capsys.readouterr()
    assert code_of_run == 1  # copyleft
    assert printed.out.startswith(LINES[1])
    assert "GPL-3.0-only is copyleft" in printed.err
    assert generate(DEFINITION, "--max-new-tokens", "120", "--quiet") == 1
    assert capsys.readouterr() == (printed.out, "")


def test_json_holds_model_and_completion(
    generate: Generate, capsys: pytest.CaptureFixture[str], model: Path
) -> None:
    """-f json is the whole result: the model, how it was asked, and the range that it wrote."""
    generate(DEFINITION, "--json", "--max-new-tokens", "120", "--seed", "7")
    result = json.loads(capsys.readouterr().out)
    pytest.importorskip("jsonschema").validate(result, schema())
    [checked] = result["inputs"]
    start, stop = checked["completion"]["bytes"]
    assert result["run"]["model"]["parameters"]["seed"] == 7
    assert checked["kind"] == "completion"
    assert (start, stop) == (len(DEFINITION), len(checked["text"]))
    assert result["matches"][0]["generated_bytes"] > 100
    assert [source["path"] for source in result["matches"][0]["sources"]] == ["copyleft.py"]


def test_what_stands_in_the_prompt_does_not_count(
    generate: Generate, capsys: pytest.CaptureFixture[str]
) -> None:
    """A copyleft text that the user gave is shown as theirs, and is no violation."""
    assert generate(code("copyleft") + "\n\n", "--json", "--max-new-tokens", "1") == 0
    [match] = json.loads(capsys.readouterr().out)["matches"]
    assert match["in_prompt"]


def test_prompt_from_file_and_standard_input(
    generate: Generate, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file, `-` and a pipe give the same prompt as an argument; a file gives its name too."""
    Path("a.py").write_text(DEFINITION)
    generate(DEFINITION, "-q", "--max-new-tokens", "8")
    expected = capsys.readouterr().out
    generate("--prompt-file", "a.py", "-q", "--max-new-tokens", "8")
    assert capsys.readouterr().out == expected
    for arguments in ((), ("-",)):
        feed(monkeypatch, DEFINITION.encode())
        generate(*arguments, "-q", "--max-new-tokens", "8")
        assert capsys.readouterr().out == expected
    generate("--prompt-file", "a.py", "--json", "--max-new-tokens", "8")
    [checked] = json.loads(capsys.readouterr().out)["inputs"]
    assert (checked["path"], checked["language"]) == ("a.py", "Python")


def test_hole_is_filled_between_its_ends(
    generate: Generate, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a suffix, the completion stands between the two texts that were given."""
    generate("--fim-prefix", "a = ", "--fim-suffix", "\nb\n", "--json", "--max-new-tokens", "4")
    [checked] = json.loads(capsys.readouterr().out)["inputs"]
    start, stop = checked["completion"]["bytes"]
    assert start == len("a = ")
    assert checked["text"].encode()[:start] == b"a = "
    assert checked["text"].encode()[stop:] == b"\nb\n"


@pytest.mark.parametrize(
    ("arguments", "exit_code", "complaint"),
    [
        (("a", "--prompt-file", "b"), 2, "generate: give one of PROMPT, --prompt-file, --fim and"),
        (("--prompt-file", "none"), 2, "--prompt-file none: No such file or directory"),
        (("",), 2, "the prompt is empty; give some text to complete"),
        (("a", "--temperature", "0.5"), 2, "temperature is 0.5, but it acts only with do_sample"),
        (("a", "--model", "nowhere"), 2, "model 'nowhere': no such folder"),
        (("a", "--model", "demo"), 3, "the demo model is not trained; "),
        (("a", "--model", "."), 3, "no config.json, so this is no model"),
        (("a", "--device", "cuda:99"), 2, "--device cuda:99: no such device; this machine has cpu"),
        (("a", "--dtype", "int3"), 2, "Invalid value for '--dtype': 'int3' is not one of 'auto'"),
        ((DEFINITION * 500,), 2, "the prompt is "),
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: tuple[str, ...],
    exit_code: int,
    complaint: str,
    generate: Generate,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Every wrong request ends with one line that names what is wrong, and its exit code."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert generate(*arguments) == exit_code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert complaint in printed.err
    assert printed.err.count("\n") == 1


def test_long_prompt_is_cut_only_on_request(
    generate: Generate, capsys: pytest.CaptureFixture[str]
) -> None:
    """--truncate-prompt drops what doesn't fit; the result still holds the whole text."""
    prompt = DEFINITION * 500
    generate(prompt, "--truncate-prompt", "left", "--json", "--max-new-tokens", "2")
    [checked] = json.loads(capsys.readouterr().out)["inputs"]
    assert checked["text"].startswith(prompt)


def test_prompt_that_is_no_text_is_refused(
    generate: Generate, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that are no UTF-8 are no prompt; the line says where they are."""
    feed(monkeypatch, b"abc\xff")
    assert generate("-") == 2
    assert "standard input: byte 3 is no UTF-8" in capsys.readouterr().err


@pytest.mark.slow
def test_demo(run: Run, environment: dict[str, str], tmp_path: Path) -> None:
    """The demo makes index and model, shows a match with its licence, and names both."""
    environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    first = run("demo", "-f", "json=r.json", "-f", "terminal")
    assert first.code == 0
    assert "PSF-2.0" in first.stdout
    assert "sc2-attrib generate --index demo --model demo" in first.stderr
    second = run("demo")
    assert second.stdout == first.stdout
    assert run("index", "stats", "--index", "demo").code == 0
    named = run("generate", "x = ", "--index", "demo", "--model", "demo", "--max-new-tokens", "2")
    assert named.code == 0


def test_demo_without_torch_says_what_to_install(
    run: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    """Where no model can run, the demo ends with exit 3 and the command that helps."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    for name in ("torch", "transformers"):
        (hidden / f"{name}.py").write_text(f"raise ModuleNotFoundError('no {name}', name='{name}')")
    outcome = run("demo", env={"PYTHONPATH": str(hidden), "XDG_CACHE_HOME": str(tmp_path / "c")})
    assert outcome.code == 3
    assert outcome.stderr.count("\n") == 1
    assert 'pip install "sc2-attrib[generate]"' in outcome.stderr


def test_policy_decides_and_the_ledger_records(generate: Generate, folder: Path) -> None:
    """A completion is judged by the policy given, and recorded with its model and its seed."""
    options = ("--policy", "copyleft-ok", "--ledger", "l.jsonl", "--seed", "7", "-f", "json=r.json")
    assert generate(DEFINITION, *options) == 0
    result = json.loads((folder / "r.json").read_text())
    assert result["matches"][0]["policy"]["action"] == "attribute"
    record = json.loads((folder / "l.jsonl").read_text())
    assert (record["kind"], record["model"]["parameters"]["seed"]) == ("completion", 7)
    assert record["matches"][0]["fingerprint"] == result["matches"][0]["fingerprint"]
    (folder / "p.jsonl").write_text(json.dumps({"prompt": DEFINITION}) + "\n")
    batch = ("--prompts", "p.jsonl", "--output", "o.jsonl", "--policy", "copyleft-ok")
    assert generate(*batch, "--ledger", "l.jsonl", "--include-text") == 0
    assert len((folder / "l.jsonl").read_text().splitlines()) == 2
    assert commands.run(["ledger", "verify", "--ledger", "l.jsonl"]) == 0
    recheck = ["ledger", "recheck", "--ledger", "l.jsonl", "--policy"]
    assert commands.run([*recheck, "copyleft-ok"]) == 4
    assert commands.run([*recheck, "default"]) == 1
