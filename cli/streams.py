"""The one way to standard output and standard error: a reader that goes away ends no run.

`sc2-attrib scan | head` closes the pipe early. That says nothing about the code that was checked,
so the rest of the output is dropped and the exit code is still that of the run.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO


def print_data(text: str, *, flush: bool = False) -> None:
    """Write `text` to standard output as it is, with no line end added."""
    _write(sys.stdout, text, flush=flush)


def print_message(text: str) -> None:
    """Write `text` to standard error as it is, with no line end added."""
    _write(sys.stderr, text, flush=True)


def flush_all() -> None:
    """Write out what is still held back, before the interpreter does it with a traceback."""
    for stream in (sys.stdout, sys.stderr):
        with _undisturbed(stream):
            stream.flush()


def _write(stream: TextIO, text: str, *, flush: bool) -> None:
    with _undisturbed(stream):
        stream.write(text)
        if flush:
            stream.flush()


@contextlib.contextmanager
def _undisturbed(stream: TextIO) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        # Whatever is still buffered, or written from now on, goes nowhere.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
