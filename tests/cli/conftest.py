"""Runs the installed command as a user would, away from the user's own files."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("sc2-attrib")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left behind."""

    code: int
    stdout: str
    stderr: str


Run = Callable[..., Outcome]


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
        *arguments: str, stdin: str | bytes = b"", env: Mapping[str, str] | None = None
    ) -> Outcome:
        done = subprocess.run(
            [COMMAND, *arguments],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            cwd=folder,
            env={**environment, **(env or {})},
            timeout=300,
            check=False,
        )
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run_command
