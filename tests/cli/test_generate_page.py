"""docs/generate.md: its commands run, its keys are read, and it names what the command has."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

from sc2_attrib.cli.batch_records import read_prompts
from sc2_attrib.cli.config import SETTINGS
from sc2_attrib.generator.architecture import OPENRAIL, STARCODER2
from tests.cli.conftest import DEFINITION, Run
from tests.cli.pages import Page

PAGE = Page.named("generate.md")
QUICK = ("--max-new-tokens", "4")  # what is tested is that they run


def commands() -> Iterator[list[str]]:
    """Each command of the page as arguments; $'...' is read as a shell reads it."""
    for line in PAGE.commands():
        program, *arguments = shlex.split(line.replace(r"\n", "\n").replace("$'", "'"))
        assert program == "sc2-attrib"
        yield arguments


def test_commands_run(
    run_here: Run,
    folder: Path,
    index: Path,
    model: Path,
) -> None:
    """Every command of the page does what it says, in a project with its settings."""
    [settings] = PAGE.blocks("toml")
    assert set(tomllib.loads(settings)) <= set(SETTINGS)
    (folder / "sc2-attrib.toml").write_text(settings)
    (folder / "my-index").symlink_to(index)
    (folder / "my-model").symlink_to(model)
    (folder / "main.py").write_text(f"import other\n\n{DEFINITION}\n\nend = 1\n")
    (folder / "other.py").write_text("def other(): ...\n")
    [line] = re.findall(r'`(\{"prompt".*?\})`', PAGE.text)
    (folder / "prompts.jsonl").write_text(f"{line}\n")
    assert len(read_prompts(folder / "prompts.jsonl")) == 1
    n_run, shown = 0, ""
    for arguments in commands():
        is_generate = arguments[0] == "generate"
        outcome = run_here(*arguments, *(QUICK if is_generate else ()))
        assert (outcome.code, "error:" in outcome.stderr) == (0, False), (arguments, outcome)
        n_run, shown = n_run + 1, shown + outcome.stderr
    assert n_run >= 7
    assert "prompt as sent: <repo_name>" in shown
    [checked] = json.loads((folder / "result.json").read_text())["inputs"]
    assert checked["path"] == "main.py"
    samples = [json.loads(each) for each in (folder / "out.jsonl").read_text().splitlines()]
    described = re.findall(r"`(\w+)`", PAGE.text[PAGE.text.index("line for each sample") :])[:7]
    assert [set(described) - set(each) for each in samples] == [set(), set()]


def test_the_models_are_named() -> None:
    """Each published size, and the licence."""
    assert [size for size in STARCODER2 if f"`{size}`" not in PAGE.text] == []
    assert OPENRAIL in PAGE.text
