"""Runs the commands of a page of docs/, one after the other, as its reader would.

Each line of a block marked `sh` is a command, and must do what it says: end with 0.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cli.conftest import COMMAND, Outcome, Run

DOCS = Path(__file__).parents[2] / "docs"

_OF_A_SHELL = re.compile(r"[|<>&$]")


@dataclass(frozen=True, slots=True)
class Page:
    """The text of a page."""

    text: str

    @staticmethod
    def named(name: str) -> "Page":
        return Page((DOCS / name).read_text(encoding="utf-8"))

    def blocks(self, language: str) -> list[str]:
        """List what stands between fences of a language."""
        return re.findall(rf"^```{language}\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)

    def commands(self) -> Iterator[str]:
        """List the commands, those over several lines joined."""
        for block in self.blocks("sh"):
            yield from block.replace("\\\n", " ").splitlines()


def run_all(
    page: Page, run_here: Run, folder: Path, environment: Mapping[str, str], **variables: str
) -> str:
    """Run the commands of a page; return all they printed. `variables` are the shell's."""
    shown = ""
    for command in page.commands():
        if _OF_A_SHELL.search(command):
            outcome = _in_shell(command, folder, {**environment, **variables})
        else:
            program, *arguments = shlex.split(command)
            assert program == "sc2-attrib"
            outcome = run_here(*arguments)
        assert (outcome.code, "error:" in outcome.stderr) == (0, False), (command, outcome)
        shown += outcome.stdout + outcome.stderr
    assert shown
    return shown


def _in_shell(command: str, folder: Path, environment: Mapping[str, str]) -> Outcome:
    path = f"{COMMAND.parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", command],
        cwd=folder,
        env={**environment, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)
