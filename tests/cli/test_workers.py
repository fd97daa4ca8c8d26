"""Worker processes check as one process does; whatever ends them is told."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from itertools import count
from multiprocessing import Pipe, active_children
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from sc2_attrib.attribution.check import BATCH_INPUTS, CheckInput
from sc2_attrib.attribution.policy import DEFAULT_POLICY
from sc2_attrib.attribution.result import InputKind
from sc2_attrib.cli.checking import CheckSettings, sharing_texts
from sc2_attrib.cli.input_files import Input
from sc2_attrib.cli.workers import LARGE_INPUTS, check_all, check_in_processes, in_order
from sc2_attrib.index.errors import UnusableError
from sc2_attrib.index.search import NearOptions
from tests.cli.conftest import COMMAND, code


@pytest.fixture
def settings(index: Path) -> CheckSettings:
    return CheckSettings(str(index), DEFAULT_POLICY, None, 100, NearOptions(), 50)


def texts(n_texts: int) -> list[Input]:
    """Own code, and a copy in every tenth text."""
    seeds = ("copyleft" if number % 10 == 3 else f"own {number}" for number in range(n_texts))
    return [
        CheckInput(InputKind.FILE, f"{number}.py", code(seed).encode())
        for number, seed in enumerate(seeds)
    ]


def test_processes_answer_as_one_does(settings: CheckSettings) -> None:
    """A large scan is shared out, and its answers are the same, in the same order."""
    inputs = texts(LARGE_INPUTS + 50)
    with settings.opened() as checker:
        alone = list(checker.check(inputs))
        shared = check_all(settings, checker, inputs, jobs=2)
        first = next(shared)
        assert len(active_children()) == 2
        assert [first, *shared] == alone
    assert active_children() == []
    assert sum(len(each.matches) for each in alone) == (LARGE_INPUTS + 50 + 6) // 10


def test_texts_are_in_memory_once(settings: CheckSettings) -> None:
    """The same excerpt of several inputs is one object, whoever found it."""
    with settings.opened() as checker:
        found = [each for one in (1, 2) for each in checker.check(texts(10))]
    before, after = ([text for each in items for text in each.texts.values()]
                     for items in (found, list(sharing_texts(found))))  # fmt: skip
    assert before == after
    assert (len(set(map(id, before))), len(set(map(id, after)))) == (2, 1)


def test_slow_batch_holds_up_nobody() -> None:
    """While one worker takes long, others go on for a few batches, and then all is in order."""
    is_ahead = threading.Event()

    def slow(connection: Connection) -> None:
        while True:
            number = connection.recv()
            assert is_ahead.wait(60)
            connection.send([number])

    def quick(connection: Connection) -> None:
        for n_done in count(1):
            connection.send([connection.recv()])
            if n_done == 4:  # as far as it may go ahead
                is_ahead.set()

    pipes = [Pipe(), Pipe()]
    for serve, (_, theirs) in zip((slow, quick), pipes, strict=True):
        threading.Thread(target=until_closed, args=(serve, theirs), daemon=True).start()
    work: Any = range(40)
    answers: list[Any] = list(in_order([ours for ours, _ in pipes], work))
    assert answers == [[number] for number in range(40)]
    for ours, _ in pipes:
        ours.close()


def until_closed(serve: Callable[[Connection], None], connection: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        serve(connection)


def test_small_scan_stays_in_one_process(settings: CheckSettings) -> None:
    """A few inputs are not worth the start of a process."""
    with settings.opened(jobs=2) as checker:
        answers = check_all(settings, checker, texts(20), jobs=2)
        assert len(list(answers)) == 20
        assert active_children() == []


def test_killed_worker_ends_the_run(settings: CheckSettings) -> None:
    """Inputs are read as they are needed; a worker that is killed is an error, no lost answer."""
    inputs = iter(texts(700))
    with contextlib.closing(check_in_processes(settings, inputs, 2)) as answers:
        next(answers)
        os.kill(active_children()[0].pid or 0, signal.SIGKILL)
        with pytest.raises(UnusableError, match="worker process ended"):
            list(answers)
        assert len(list(inputs)) >= 700 - 6 * BATCH_INPUTS
    assert active_children() == []


def test_index_that_can_not_be_opened(settings: CheckSettings, tmp_path: Path) -> None:
    """What a worker can't open is told as if this process had tried."""
    missing = CheckSettings(str(tmp_path / "gone"), DEFAULT_POLICY, None, 100, None, 50)
    with pytest.raises(UnusableError, match="gone"):
        list(check_in_processes(missing, texts(300), 2))


def is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_end_of_a_scan_is_that_of_its_workers(
    how: signal.Signals, folder: Path, index: Path, environment: Mapping[str, str]
) -> None:
    """Ctrl-C and kill -9 leave no report, no process and no traceback."""
    for each in texts(700):
        assert isinstance(each, CheckInput)
        (folder / each.path).write_bytes(each.raw)
    command = [str(COMMAND), "scan", ".", "--index", str(index), "--jobs", "2"]
    command += ["-f", "json=out.json", "--resume", ".progress"]
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:  # fmt: skip
        progress = folder / ".progress"
        while not (progress.exists() and progress.read_bytes().count(b"\n") > 2):
            assert process.poll() is None
            time.sleep(0.01)
        if how is signal.SIGINT:  # as a terminal does, to all of them
            os.killpg(process.pid, how)
        else:
            process.send_signal(how)
        shown = process.communicate(timeout=60)
    assert process.returncode == (130 if how is signal.SIGINT else -how)
    assert shown == (b"", b"")
    assert not (folder / "out.json").exists()
    for _ in range(6000):  # the last to go is multiprocessing's own resource tracker
        if not is_alive(process.pid):
            return
        time.sleep(0.01)
    pytest.fail("a process is left")
