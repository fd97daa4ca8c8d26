"""Killed, out of disk, failing system calls: an index is what it was before or after a change."""

import errno
import itertools
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sc2_attrib.index.building import BuildOptions, build_index
from sc2_attrib.index.errors import IndexUnusableError
from sc2_attrib.index.local import open_index
from sc2_attrib.index.segment.format import SectionWriter
from sc2_attrib.index.take_down import remove_from_index
from tests.index.changing import BASE, CHANGES, add, documents_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An index of BASE."""
    folder = tmp_path / "ix"
    build_index([documents_of(BASE, "o/base")], folder, BuildOptions())
    return folder


def assert_sound(folder: Path) -> None:
    """Every byte is right, and what was reported as indexed is found."""
    with open_index(folder) as index:
        assert sum(index.verify()) > 0
        results = index.search(BASE, min_chars=50, max_sources=0)
        assert all(result.matches for result in results)


def kill_at_random(change: str, folder: Path, rng: random.Random) -> None:
    """Start a change in a process of its own and kill it within a second."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.index.changing", change, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.random())
        process.kill()


@pytest.mark.parametrize("change", CHANGES)
def test_a_killed_change_leaves_a_sound_index(folder: Path, change: str) -> None:
    """After kill -9 at a random moment the index is sound and the next change works."""
    kill_at_random(change, folder, random.Random(change))
    assert_sound(folder)
    CHANGES[change](folder)
    assert_sound(folder)


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_may_be_killed_at_any_moment(folder: Path, change: str) -> None:
    """The same for fifteen moments of each kind of change."""
    rng = random.Random(change)
    for _ in range(15):
        kill_at_random(change, folder, rng)
        assert_sound(folder)
    CHANGES[change](folder)
    assert_sound(folder)
    names = {path.name for path in folder.iterdir()}
    assert len(names) == 2 + len(list(folder.glob("segment-*"))), "litter was left"


@pytest.mark.parametrize("change", ["add", "build", "compact"])
@pytest.mark.parametrize("nth", [1, 5, 15])
def test_a_full_disk_is_one_clear_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, change: str, nth: int
) -> None:
    """ENOSPC at the nth write of an index file: an error that says so, the index as before."""
    names = sorted(path.name for path in folder.iterdir())
    with monkeypatch.context() as patched:
        run_out_of_space(patched, nth)
        with pytest.raises(IndexUnusableError, match="No space left"):
            CHANGES[change](folder)
    assert_sound(folder)
    assert sorted(path.name for path in folder.iterdir()) == names


def test_a_full_disk_removes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A removal that can't be written has not happened."""
    with monkeypatch.context() as patched:
        run_out_of_space(patched, 1)
        with pytest.raises(IndexUnusableError, match="No space left"):
            remove_from_index(["o/base"], folder)
    assert_sound(folder)


def run_out_of_space(patched: pytest.MonkeyPatch, nth: int) -> None:
    """Let the nth write of an index file and all after it fail."""
    write, calls = SectionWriter._write_plain, itertools.count(1)

    def failing(self: SectionWriter, data: bytes | memoryview) -> None:
        if next(calls) >= nth:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(self, data)

    patched.setattr(SectionWriter, "_write_plain", failing)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failing_system_call_leaves_the_index_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """fsync or rename fails while the manifest is written: an error, and the old index."""

    def fails(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        if call == "fsync":
            patched.setattr(os, "fsync", fails)
        else:
            patched.setattr(Path, "replace", fails)
        with pytest.raises(IndexUnusableError, match="Input/output error"):
            add(folder)
    assert_sound(folder)
    add(folder)
    assert_sound(folder)
