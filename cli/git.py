"""Asks git about the repository that a command is run in.

It is the user's own: what its configuration says about line ends and filters holds, or a file would
look changed that is not. What would run programs to no purpose is off: monitors, hooks, external
diffs, and the fetching of objects that a partial clone lacks. `GIT_*` variables are left as they
are, because a hook gets the index it is to look at from them.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Final

from sc2_attrib.index.errors import UnusableError, UsageError

_GIT: Final = ("git", "--no-pager", "-c", "core.fsmonitor=", "-c", f"core.hooksPath={os.devnull}")
_ENVIRONMENT: Final = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"}
_CHUNK: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Answer:
    """What git answered: its exit status, its output, and its complaint in one line."""

    code: int
    output: bytes
    complaint: str


def require_repository(option: str) -> None:
    """Check that there is a git, and a working tree here.

    Raises:
        UsageError: there is none; `option` is what asked for it.
    """
    if shutil.which("git") is None:
        raise UsageError(f"{option}: git is not installed, or not on the PATH")
    inside = ask("rev-parse", "--is-inside-work-tree")
    if inside.code != 0:
        why = inside.complaint.removeprefix("fatal: ")
        raise UsageError(f"{option}: {why}; run it in a git working tree")
    if inside.output.strip() != b"true":
        raise UsageError(f"{option}: this is no working tree of git, but its data")


def ask(*arguments: str) -> Answer:
    """Run git and return its answer, whatever it is."""
    done = subprocess.run(
        (*_GIT, *arguments),
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    complaint = " ".join(done.stderr.decode(errors="replace").split())
    return Answer(done.returncode, done.stdout, complaint)


def tell(*arguments: str) -> bytes:
    """Run git and return its output.

    Raises:
        UnusableError: it failed.
    """
    answer = ask(*arguments)
    if answer.code != 0:
        raise UnusableError(f"git {arguments[0]}: {answer.complaint}")
    return answer.output


def lines_of(*arguments: str) -> Iterator[bytes]:
    """Run git and yield the lines of its output as they come, ends included.

    Raises:
        UnusableError: it failed; raised after the last line.
    """
    with subprocess.Popen(
        (*_GIT, *arguments),
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        yield from process.stdout
    if process.returncode != 0:
        raise UnusableError(f"git {arguments[0]}: ended with status {process.returncode}")


class Blobs:
    """Contents of the object database, by id, from one git that stays open."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._requests, self._answers = requests, answers

    def read(self, blob_id: str, max_bytes: int) -> bytes | None:
        """Read a content up to one byte more than `max_bytes`; None: there is no such object."""
        self._requests.write(f"{blob_id}\n".encode())
        self._requests.flush()
        facts = self._answers.readline().split()
        if len(facts) != 3:
            return None
        size = int(facts[2])
        content = self._answers.read(min(size, max_bytes + 1))
        self._drop(size - len(content) + 1)  # and the line feed after it
        return content

    def _drop(self, n_bytes: int) -> None:
        while n_bytes > 0:
            dropped = len(self._answers.read(min(n_bytes, _CHUNK)))
            if not dropped:
                raise UnusableError("git cat-file: ended early")
            n_bytes -= dropped


@contextmanager
def open_blobs() -> Iterator[Blobs]:
    """Start a git that hands out contents."""
    with subprocess.Popen(
        (*_GIT, "cat-file", "--batch"),
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Blobs(process.stdin, process.stdout)


def _environment() -> dict[str, str]:
    return dict(os.environ) | _ENVIRONMENT
