"""Runs the installed command as a user would, away from the user's own files, on a small index."""

import io
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from sc2_attrib.cli import commands, failures
from sc2_attrib.generator.demo.texts import TrainingText
from sc2_attrib.generator.demo.training import Recipe, train_demo

COMMAND = Path(sys.executable).with_name("sc2-attrib")

LICENSES = {"permissive": "MIT", "copyleft": "GPL-3.0-only"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left behind."""

    code: int
    stdout: str
    stderr: str


Run = Callable[..., Outcome]
Generate = Callable[..., int]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a user with an empty home."""
    home = tmp_path / "home"
    home.mkdir()
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SC2_ATTRIB_", "XDG_")) and name != "NO_COLOR"
    }
    return kept | {"HOME": str(home), "COLUMNS": "80", "TERM": "dumb"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that commands are run in."""
    path = tmp_path / "work"
    path.mkdir()
    return path


@pytest.fixture
def run(folder: Path, environment: Mapping[str, str]) -> Run:
    """Run the installed command."""

    def run_command(
        *arguments: str,
        stdin: str | bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: Path = folder,
    ) -> Outcome:
        done = subprocess.run(
            [COMMAND, *arguments],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            cwd=cwd,
            env={**environment, **(env or {})},
            timeout=300,
            check=False,
        )
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run_command


@pytest.fixture
def run_here(
    folder: Path,
    environment: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run a command in this process: quicker, where the process is not what is tested."""
    monkeypatch.chdir(folder)
    for name in os.environ.keys() - environment.keys():
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run_command(
        *arguments: str, stdin: str | bytes = b"", env: Mapping[str, str] | None = None
    ) -> Outcome:
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            try:
                code = commands.run([*arguments])
            except Exception as error:
                code = failures.report(error, debug=False)
        shown = capsys.readouterr()
        return Outcome(code, shown.out, shown.err)

    return run_command


def code(seed: str, *, n_lines: int = 20) -> str:
    """Make Python code that no other seed makes."""
    words = random.Random(seed)

    def name() -> str:
        return "".join(words.choices("abcdefghijklmnopqrstuvwxyz", k=9))

    lines = [f"    {name()} = {name()}({name()}, {words.randrange(10**6)})" for _ in range(n_lines)]
    return "\n".join([f"def {name()}({name()}):", *lines]) + "\n"


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of code with one file a licence, and one that says nothing about its own."""
    folder = tmp_path_factory.mktemp("corpus") / "library"
    folder.mkdir()
    for name, expression in LICENSES.items():
        header = f"# SPDX-License-Identifier: {expression}\n"
        (folder / f"{name}.py").write_text(header + code(name))
    (folder / "unknown.py").write_text(code("unknown"))
    return folder


@pytest.fixture(scope="session")
def index(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the corpus."""
    path = tmp_path_factory.mktemp("index") / "idx"
    subprocess.run(
        [COMMAND, "index", "build", corpus, "--index", path], check=True, capture_output=True
    )
    return path


LINES = code("copyleft").splitlines(keepends=True)[:7]
DEFINITION, BODY = LINES[0], "".join(LINES[1:])


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows one thing by heart: the beginning of a copyleft file of the index."""
    folder = tmp_path_factory.mktemp("model") / "tiny"
    recipe = Recipe(n_steps=60, n_warm_up=5)
    train_demo([TrainingText("copyleft.py", DEFINITION + BODY)], folder, recipe=recipe)
    return folder


@pytest.fixture
def generate(
    index: Path, model: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generate:
    """Run `generate` with the index and the model."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("SC2_ATTRIB_INDEX", str(index))
    monkeypatch.setenv("SC2_ATTRIB_MODEL", str(model))

    def run_generate(*arguments: str) -> int:
        try:
            return commands.run(["generate", *arguments])
        except Exception as error:  # as main.py does
            return failures.report(error, debug=False)

    return run_generate
