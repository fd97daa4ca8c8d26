"""What grows while a segment is built: columns that are appended to on disk, then mapped.

Mapped files are the system's to page in and out, so a column costs no memory of the process. A
`SpoolFolder` knows all of a build's columns and their lengths: a checkpoint is these lengths, made
durable, and going on from it is cutting each file back to its length.
"""

import mmap
import os
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.errors import IndexUnusableError
from sc2_attrib.index.segment.format import octets

_BUFFER_BYTES = 1 << 18
SUFFIX = ".tmp"


class Column:
    """Items of one type, appended; `append` takes them as bytes, `extend` as an array."""

    def __init__(self, path: Path, dtype: npt.DTypeLike, n_bytes: int) -> None:
        """Open a column, cut back to its first `n_bytes` bytes."""
        self.path = path
        self._dtype = np.dtype(dtype)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        self._file = os.fdopen(descriptor, "r+b", buffering=_BUFFER_BYTES)
        if (found := path.stat().st_size) < n_bytes:
            raise IndexUnusableError(
                f"{path}: {found} bytes of an unfinished build, {n_bytes} expected;"
                " begin anew with --force"
            )
        self._file.truncate(n_bytes)
        self._file.seek(n_bytes)
        self.n_bytes = n_bytes

    def __len__(self) -> int:
        return self.n_bytes // self._dtype.itemsize

    def append(self, data: bytes | memoryview) -> None:
        """Append bytes."""
        self.n_bytes += self._file.write(data)

    def extend(self, values: npt.NDArray[Any]) -> None:
        """Append an array."""
        self.append(octets(np.ascontiguousarray(values, self._dtype)))

    def mapped(self) -> npt.NDArray[Any]:
        """View everything there is so far."""
        self._file.flush()
        if not self.n_bytes:
            return np.empty(0, self._dtype)
        view = mmap.mmap(self._file.fileno(), self.n_bytes, access=mmap.ACCESS_READ)
        return np.frombuffer(view, self._dtype, len(self))

    def sync(self) -> None:
        """Make everything there is so far durable."""
        self._file.flush()
        self.write_back()

    def write_back(self) -> None:
        """Make durable what has left the process; may be called beside an `append`."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


class SpoolFolder:
    """The columns of a segment that is being built."""

    def __init__(self, folder: Path, lengths: Mapping[str, int] | None = None) -> None:
        """Begin anew, or go on from the lengths that `sync` gave."""
        self._folder = folder
        self._lengths = lengths or {}
        self._columns: dict[str, Column] = {}
        self._thread = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def column(self, name: str, dtype: npt.DTypeLike) -> Column:
        """Open a column by its name."""
        path = self._folder / f"{name}{SUFFIX}"
        self._columns[name] = Column(path, dtype, self._lengths.get(name, 0))
        return self._columns[name]

    def write_back(self) -> None:
        """Begin to make the columns durable, so that `sync` has little to wait for.

        Raises:
            OSError: what was begun before failed; the system says so only once.
        """
        if self._writing is None or self._writing.done():
            self._finish_writing()
            self._writing = self._thread.submit(self._write_back)

    def _finish_writing(self) -> None:
        if self._writing is not None:
            self._writing.result()

    def _write_back(self) -> None:
        for column in self._columns.values():
            column.write_back()

    def sync(self) -> dict[str, int]:
        """Make all columns durable; their lengths in bytes."""
        self._finish_writing()
        for column in self._columns.values():
            column.sync()
        return {name: column.n_bytes for name, column in self._columns.items()}

    def close(self) -> None:
        """Let go of the files."""
        self._thread.shutdown()
        for column in self._columns.values():
            column.close()
