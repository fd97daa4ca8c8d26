"""Builds of an index in a process of their own, with what they cost.

Such a process has loaded and holds nothing else, so its processor time, with that of the reader it
starts (index/read_ahead.py), and its anonymous memory are the build's. Memory is looked at 50 times
a second (`RssAnon` in /proc, which only Linux has): what the process can't give back without
writing it somewhere, the interpreter and its libraries included, mapped files not.
"""

import multiprocessing
import resource
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sc2_attrib.index.building import BuildOptions, BuildSummary, build_index
from sc2_attrib.index.corpus.document import (
    CorpusDescription,
    CorpusSource,
    SkippedDocument,
    SourceDocument,
)
from sc2_attrib.index.memory import MemoryWatch

LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class MeasuredBuild:
    """What a build did, its processor time, and the most anonymous memory of its process.

    `source_cpu_s`: the part that reading took: of the sources, if they were timed, else of the
    reader.
    """

    summary: BuildSummary
    cpu_s: float
    source_cpu_s: float
    peak_bytes: int | None

    @property
    def size(self) -> int:
        """Bytes of the index."""
        return sum(self.summary.bytes_by_part.values())

    def __str__(self) -> str:
        done, read = self.summary, self.summary.read_bytes
        parts = (f"{name} {n / read:.3f}" for name, n in done.bytes_by_part.items())
        peak = f"{self.peak_bytes / (1 << 20):.0f} MiB" if self.peak_bytes else "not known"
        return (
            f"{done.n_documents} documents, {read / 1e6:.0f} MB in {done.seconds:.1f} s"
            f" ({read / 1e6 / done.seconds:.1f} MB/s), {self.cpu_s:.1f} CPU s"
            f" ({self.source_cpu_s:.1f} of them reading),"
            f" memory {peak}, index {self.size / read:.3f} of raw ({', '.join(parts)})"
        )


def measured_build(
    sources: Sequence[CorpusSource],
    folder: Path,
    options: BuildOptions,
    *,
    time_sources: bool = False,
) -> MeasuredBuild:
    """Build an index in a new process; the sources are sent there.

    Sources that are timed are read by the process that builds.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as process:
        return process.submit(_build, sources, folder, options, time_sources).result()


def _build(
    sources: Sequence[CorpusSource], folder: Path, options: BuildOptions, time_sources: bool
) -> MeasuredBuild:
    timed = [_Timed(source) for source in sources]
    with _watched() as watch:
        started = time.process_time()
        summary = build_index(timed if time_sources else sources, folder, options)
        cpu_s = time.process_time() - started
    reader = resource.getrusage(resource.RUSAGE_CHILDREN)
    reader_cpu_s = reader.ru_utime + reader.ru_stime
    source_cpu_s = sum(source.cpu_s for source in timed) + reader_cpu_s
    return MeasuredBuild(summary, cpu_s + reader_cpu_s, source_cpu_s, watch.peak_bytes)


@dataclass(slots=True)
class _Timed:
    """A source that remembers how much processor time it took."""

    source: CorpusSource
    cpu_s: float = 0

    def describe(self) -> CorpusDescription:
        return self.source.describe()

    def estimate_bytes(self) -> int | None:
        return self.source.estimate_bytes()

    def __iter__(self) -> Iterator[SourceDocument | SkippedDocument]:
        items = iter(self.source)
        while True:
            started = time.thread_time()
            item = next(items, None)
            self.cpu_s += time.thread_time() - started
            if item is None:
                return
            yield item


@contextmanager
def _watched() -> Iterator[MemoryWatch]:
    """Look at this process's memory all the time."""
    watch, is_done = MemoryWatch(), threading.Event()

    def look() -> None:
        while not is_done.wait(LOOK_S):
            watch.look()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        is_done.set()
        thread.join()
