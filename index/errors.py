"""Every error this package raises on purpose.

    Sc2AttribError
    ├── UsageError              the call itself is wrong: an option, a path, a key
    ├── InterruptedRunError     the user stopped it
    └── UnusableError           something the run needs can't be used
        ├── IndexUnusableError      there is no index here, or it can't be opened
        │   ├── IndexVersionError       written in a format this version doesn't read
        │   ├── CorruptIndexError       a file of the index is damaged
        │   └── IndexServerError        the server that holds it does not answer as it should
        ├── CorpusError             a source can't be read
        └── ModelUnavailableError   a model, or what runs it, is missing or broken

Each message says what is wrong, where, which value was seen and what to do next. `exit_code` is the
process status of docs/cli.md; only the command line reads it.
"""

from pathlib import Path
from typing import ClassVar, Self


class Sc2AttribError(Exception):
    """Base of the tree; never raised itself."""

    exit_code: ClassVar[int] = 3


class UsageError(Sc2AttribError):
    """The command or call is wrong in itself; running it again can't help."""

    exit_code: ClassVar[int] = 2


class InterruptedRunError(Sc2AttribError):
    """The user interrupted the run; what was finished before is kept."""

    exit_code: ClassVar[int] = 130


class UnusableError(Sc2AttribError):
    """Something that the run needs is missing or can't be used."""


class IndexUnusableError(UnusableError):
    """The folder holds no index, or one that can't be opened."""


class IndexVersionError(IndexUnusableError):
    """The index was written in a format that this version doesn't read."""

    def __init__(self, path: Path, found: int, supported: int) -> None:
        super().__init__(
            f"{path}: index format version {found}, but this version reads {supported};"
            " rebuild it with 'sc2-attrib index build --force'"
        )
        self.path, self.found, self.supported = path, found, supported

    def __reduce__(self) -> tuple[type[Self], tuple[Path, int, int]]:
        """Let it pass from one process to another."""
        return type(self), (self.path, self.found, self.supported)


class CorruptIndexError(IndexUnusableError):
    """Bytes of an index file are not what was written."""

    def __init__(self, path: Path, offset: int, why: str) -> None:
        super().__init__(
            f"{path}: at byte {offset}: {why};"
            " restore the file or rebuild with 'sc2-attrib index build --force'"
        )
        self.path, self.offset, self.why = path, offset, why

    def __reduce__(self) -> tuple[type[Self], tuple[Path, int, str]]:
        """Let it pass from one process to another."""
        return type(self), (self.path, self.offset, self.why)


class IndexServerError(IndexUnusableError):
    """The server that holds an index refuses, fails, or answers in part; later it may not."""


class CorpusError(UnusableError):
    """A source of documents can't be read, or has not the shape it should."""


class ModelUnavailableError(UnusableError):
    """A model can't be loaded, or the packages that run models are not installed."""
