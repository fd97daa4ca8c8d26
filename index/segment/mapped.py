"""A file mapped into memory, and what the system is told about how it is read.

A search reads many small stretches far from each other. By default the kernel reads megabytes ahead
of each, and the next is asked for only when the last has come. So for what is read like that it is
told to read nothing ahead (`at_random`), and whoever is about to read several stretches asks for
all of them first (`will_need`), which a disk serves side by side. Whoever reads from start to end
says so (`in_order`). All of this is advice: systems without it read the same bytes.
"""

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.errors import CorruptIndexError, IndexUnusableError

Stretches = npt.NDArray[np.integer]


class MappedFile:
    """A whole file, read-only. It is let go of when the last view of `data` disappears."""

    def __init__(self, path: Path) -> None:
        """Map a file.

        Raises:
            CorruptIndexError: it is missing.
            IndexUnusableError: it can't be read.
        """
        try:
            with path.open("rb") as file:
                # An empty file can't be mapped; to its reader it is too short like any other.
                self._map = (
                    mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                    if path.stat().st_size
                    else None
                )
        except FileNotFoundError:
            raise CorruptIndexError(path, 0, "the file is missing") from None
        except OSError as error:
            raise IndexUnusableError(f"{path}: can't be read: {error.strerror}") from None
        self.data = memoryview(self._map or b"")
        # Whether what was read once may have left memory: the file takes half of it.
        self.may_be_evicted = len(self.data) > os.sysconf("SC_PHYS_PAGES") * mmap.PAGESIZE // 2
        self._at_random: set[tuple[int, int]] = set()

    def at_random(self, start: int, stop: int) -> None:
        """Let nothing be read ahead in [start, stop)."""
        self._at_random.add((start, stop))
        self._advise("MADV_RANDOM", start, stop)

    def will_need(self, starts: Stretches, stops: Stretches) -> None:
        """Ask for stretches [start, stop) that are read next, in any order."""
        for start, stop in whole_pages(starts, stops):
            self._advise("MADV_WILLNEED", start, stop)

    @contextmanager
    def in_order(self) -> Iterator[None]:
        """Let the system read ahead meanwhile."""
        self._advise("MADV_SEQUENTIAL", 0, len(self.data))
        try:
            yield
        finally:
            self._advise("MADV_NORMAL", 0, len(self.data))
            for start, stop in self._at_random:
                self._advise("MADV_RANDOM", start, stop)

    def _advise(self, advice: str, start: int, stop: int) -> None:
        if self._map is not None and hasattr(mmap, advice):
            start -= start % mmap.PAGESIZE
            with suppress(OSError):  # a file system may know no advice
                self._map.madvise(getattr(mmap, advice), start, min(stop, len(self.data)) - start)


def whole_pages(starts: Stretches, stops: Stretches) -> Iterator[tuple[int, int]]:
    """Widen stretches [start, stop) to whole pages of memory and join those that touch, ascending.

    None is empty.
    """
    if not len(starts):
        return
    order = np.argsort(starts, kind="stable")
    firsts = starts[order] // mmap.PAGESIZE
    ends = np.maximum.accumulate(-(-stops[order] // mmap.PAGESIZE))
    gaps = np.flatnonzero(firsts[1:] > ends[:-1])
    yield from zip(
        (firsts[np.append(0, gaps + 1)] * mmap.PAGESIZE).tolist(),
        (ends[np.append(gaps, ends.size - 1)] * mmap.PAGESIZE).tolist(),
        strict=True,
    )
