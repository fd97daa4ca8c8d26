"""Items of a source, prepared for a segment; most of a large source by a process of its own.

Reading is Python for the most part: it unpacks tables, looks for licences, hashes, writes places
down. A process runs one line of Python at a time, so in the same one the threads that compress and
hash text would wait for each other. A reader hands batches on over a pipe; a few are taken from it
before they are wanted, so it is never far ahead, and it ends when nobody reads any more.

A process takes half a second to start, so what comes first is read here; with most sources that is
all. What can't be sent to a process is read here to its end.
"""

import os
import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import IO, Any, Self

from sc2_attrib.index.corpus.document import (
    CorpusSource,
    SkippedDocument,
    SourceDocument,
    items_from,
)
from sc2_attrib.index.errors import CorpusError, Sc2AttribError
from sc2_attrib.index.segment.prepared import PreparedDocument, prepared

READ_HERE_BYTES = 64 << 20  # of text, before a reader is started
_BATCH_BYTES = 1 << 20  # of text that a reader sends at a time
_BATCH_ITEMS = 256
_BATCHES_AHEAD = 8  # taken from the pipe before they are wanted
_PIPE_BYTES = 1 << 20

PreparedItem = PreparedDocument | SkippedDocument


def prepared_items(
    source: CorpusSource, first: int, *, read_here_bytes: int | None = READ_HERE_BYTES
) -> Iterator[PreparedItem]:
    """Yield the items of a source from a number on, in its order.

    Args:
        source: to read.
        first: items of it to leave out.
        read_here_bytes: text after which another process goes on; None: never.

    Raises:
        CorpusError: the source can't be read, or the process that reads it was killed.
    """
    n_items = n_bytes = 0
    reader = None
    with closing(_read(source, first)) as items:
        for item in items:
            yield item
            n_items += 1
            n_bytes += text_bytes(item)
            if read_here_bytes is not None and n_bytes >= read_here_bytes:
                reader = _Reader.start(source, first + n_items)
                break
        if reader is None:
            yield from items
            return
    with reader:
        yield from reader.items()


def prepared_item(item: SourceDocument | SkippedDocument) -> PreparedItem:
    """Prepare an item, if it is a document."""
    return prepared(item.content, item.occurrence) if isinstance(item, SourceDocument) else item


def text_bytes(item: PreparedItem) -> int:
    """Raw bytes of text that came with an item."""
    return len(item.content) if isinstance(item, PreparedDocument) else 0


def _read(source: CorpusSource, first: int) -> Generator[PreparedItem]:
    for item in items_from(source, first):
        yield prepared_item(item)


class _Reader:
    """A process that reads a source, and the end of the pipe that its batches come out of."""

    def __init__(self, request: bytes) -> None:
        # -P: not from the folder it is started in, which holds who knows what.
        command = [sys.executable, "-P", "-m", __name__]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pipesize=_PIPE_BYTES,
            env={"ARROW_DEFAULT_MEMORY_POOL": "system", **os.environ},  # keeps nothing: 80 MB less
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stream = self._process.stdout
        with suppress(BrokenPipeError), self._process.stdin as stdin:
            stdin.write(request)

    @classmethod
    def start(cls, source: CorpusSource, first: int) -> Self | None:
        """Start to read a source from an item on; None if it can't be sent to a process."""
        try:
            request = pickle.dumps((source, first))
        except (pickle.PicklingError, AttributeError, TypeError):
            return None
        reader = cls(request)
        if reader._receive() == b"ready":
            return reader
        reader.close()
        return None

    def items(self) -> Iterator[PreparedItem]:
        """Yield what it reads.

        Raises:
            CorpusError: it can't be read, or the process was killed.
        """
        with ThreadPoolExecutor(1) as thread:
            batches = deque(thread.submit(self._receive) for _ in range(_BATCHES_AHEAD))
            try:
                while (batch := batches.popleft().result()) is not None:
                    batches.append(thread.submit(self._receive))
                    yield from self._checked(batch)
            finally:
                self._process.kill()  # the thread waits for nothing more then

    def _checked(self, message: Any) -> list[PreparedItem]:
        if isinstance(message, Sc2AttribError):
            raise message
        if message == b"":
            status = self._process.wait()
            raise CorpusError(
                f"the process that reads the source ended with status {status};"
                " the same command goes on from where it was"
            )
        batch: list[PreparedItem] = message
        return batch

    def _receive(self) -> Any:
        """Wait for what it sends next; empty bytes if it ended."""
        try:
            return pickle.load(self._stream)
        except (EOFError, pickle.UnpicklingError):
            return b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._stream.close()
        self._process.wait()


def _main() -> None:
    """Read the source that standard input names, and send its items to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who reads the pipe decides when it ends
    with os.fdopen(os.dup(1), "wb") as pipe:
        os.dup2(2, 1)  # whatever a library may print is not for the pipe
        try:
            _send_all(pipe)
        except BrokenPipeError:
            os._exit(1)  # without an attempt to send the rest


def _send_all(pipe: IO[bytes]) -> None:
    try:
        source, first = pickle.load(sys.stdin.buffer)
    except (AttributeError, ImportError):  # of a class that only the other process has
        return
    _send(pipe, b"ready")
    try:
        for batch in _batches(_read(source, first)):
            _send(pipe, batch)
    except Sc2AttribError as error:
        _send(pipe, error)
    else:
        _send(pipe, None)


def _send(pipe: IO[bytes], message: object) -> None:
    pipe.write(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))
    pipe.flush()


def _batches(items: Iterator[PreparedItem]) -> Iterator[list[PreparedItem]]:
    batch: list[PreparedItem] = []
    n_bytes = 0
    for item in items:
        batch.append(item)
        n_bytes += text_bytes(item)
        if n_bytes >= _BATCH_BYTES or len(batch) == _BATCH_ITEMS:
            yield batch
            batch, n_bytes = [], 0
    yield batch


if __name__ == "__main__":
    _main()
