"""Shares the inputs of a large scan out to worker processes.

Most of the work of a check is Python, of which a process runs one line at a time, however many
threads it has. So each worker is a process with a checker of its own. The files of an index are
mapped into memory, whose pages all of them share: an index is in memory once.

A worker gets a batch over its pipe, answers, and gets the next; so neither side waits for the other
to read. It ends when its pipe does, also where this process is killed. A batch that comes back
early waits for its turn, and no more than a few are handed out ahead of it: memory doesn't grow
with the number of inputs.
"""

import signal
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from typing import TYPE_CHECKING

from sc2_attrib.attribution.check import (
    BATCH_BYTES,
    BATCH_INPUTS,
    CheckedInput,
    Checker,
    CheckInput,
    batches,
)
from sc2_attrib.cli.checking import CheckSettings
from sc2_attrib.cli.input_files import Input
from sc2_attrib.index.errors import Sc2AttribError, UnusableError, UsageError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

LARGE_INPUTS = 4 * BATCH_INPUTS  # from here on workers, which take a second to start, pay
LARGE_BYTES = 4 * BATCH_BYTES
_AHEAD = 2  # batches a worker that may wait for their turn

Batch = Sequence[Input]
Answer = list[CheckedInput] | Sc2AttribError


def check_all(
    settings: CheckSettings, checker: Checker, inputs: Iterable[Input], jobs: int
) -> Iterator[CheckedInput]:
    """Check inputs by `checker` or, if they are many and `jobs` allows it, by workers."""
    rest = iter(inputs)
    first = list(_first(rest))
    if jobs == 1 or (len(first) < LARGE_INPUTS and sum(map(_size, first)) < LARGE_BYTES):
        return checker.check(chain(first, rest))
    return check_in_processes(settings, chain(first, rest), jobs)


def check_in_processes(
    settings: CheckSettings, inputs: Iterable[Input], jobs: int
) -> Generator[CheckedInput]:
    """Check inputs in `jobs` processes; results come in their order.

    Raises:
        UnusableError: the index can't be used, or a worker was killed.
    """
    with _workers(settings, jobs) as workers:
        for answer in in_order(workers, batches(inputs)):
            yield from answer


def _first(inputs: Iterator[Input]) -> Iterator[Input]:
    """Take inputs until they are as many as make a large scan."""
    n_inputs = n_bytes = 0
    while n_inputs < LARGE_INPUTS and n_bytes < LARGE_BYTES:
        item = next(inputs, None)
        if item is None:
            return
        n_inputs, n_bytes = n_inputs + 1, n_bytes + _size(item)
        yield item


def _size(item: Input) -> int:
    return len(item.raw) if isinstance(item, CheckInput) else 0


def in_order(
    workers: Sequence["Connection"], work: Iterable[Batch]
) -> Iterator[list[CheckedInput]]:
    """Hand each batch to whoever is free; yield the answers in the order of the batches."""
    pending = enumerate(work)
    free = list(workers)
    busy: dict[Connection, int] = {}
    early: dict[int, list[CheckedInput]] = {}
    due, is_over = 0, False
    while True:
        while free and not is_over and len(busy) + len(early) < _AHEAD * len(workers):
            number, batch = next(pending, (-1, None))
            if batch is None:
                is_over = True
            else:
                busy[_sent(free.pop(), batch)] = number
        if due in early:
            yield early.pop(due)
            due += 1
            continue
        if not busy:  # and nothing was handed out: there is no more
            return
        for worker in _ready(busy):
            early[busy.pop(worker)] = _received(worker)
            free.append(worker)


def _ready(busy: Iterable["Connection"]) -> list["Connection"]:
    from multiprocessing.connection import Connection, wait

    return [each for each in wait(list(busy)) if isinstance(each, Connection)]


def _sent(worker: "Connection", batch: Batch) -> "Connection":
    try:
        worker.send(batch)
    except OSError as error:
        raise _died() from error
    return worker


def _received(worker: "Connection") -> list[CheckedInput]:
    try:
        answer: Answer = worker.recv()
    except (EOFError, OSError) as error:
        raise _died() from error
    if isinstance(answer, Sc2AttribError):
        raise answer
    return answer


def _died() -> UnusableError:
    return UnusableError(
        "a worker process ended before its work was done, perhaps for want of memory; scan again"
        " with fewer --jobs"
    )


@contextmanager
def _workers(settings: CheckSettings, n_workers: int) -> Iterator[list["Connection"]]:
    """Start workers; stop them in the midst of their work if need be."""
    from multiprocessing import get_context

    context = get_context("spawn")  # a copy of this process would have its locks, but no threads
    with ExitStack() as stack:
        connections = []
        for _ in range(n_workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(settings, theirs), daemon=True)
            process.start()
            theirs.close()
            stack.callback(process.join)
            stack.callback(process.terminate)
            stack.callback(ours.close)
            connections.append(ours)
        yield connections


def _serve(settings: CheckSettings, connection: "Connection") -> None:
    """Answer batches until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started us
    try:
        with settings.opened() as checker:
            while True:
                batch: Batch = connection.recv()
                connection.send(list(checker.check(batch)))
    except (EOFError, ConnectionError):
        pass  # nobody wants an answer any more
    except Sc2AttribError as error:
        kind = UsageError if isinstance(error, UsageError) else UnusableError
        connection.send(kind(str(error)))  # a type that any process can make again
