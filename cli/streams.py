"""Standard output, the one way to it: a reader that goes away ends no run.

`sc2-attrib scan | head` closes the pipe early. That says nothing about the code that was checked,
so the rest of the output is dropped and the exit code is still that of the run.
"""

import contextlib
import os
import sys
from collections.abc import Iterator


def print_data(text: str, *, flush: bool = False) -> None:
    """Write `text` to stdout as it is, with no line end added."""
    with _undisturbed():
        sys.stdout.write(text)
        if flush:
            sys.stdout.flush()


def exit_code_after_flush(code: int) -> int:
    """Write out what stdout still holds, before the interpreter does it with a traceback."""
    with _undisturbed():
        sys.stdout.flush()
    return code


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        # Whatever is still buffered, or written from now on, goes nowhere.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
