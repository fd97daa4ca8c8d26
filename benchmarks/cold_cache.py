"""How fast is a search when nothing of the index is in memory? Linux only.

    python -m benchmarks.cold_cache CORPUS INDEX [--queries N]

Before each search every file of INDEX is dropped from the page cache. The kernel keeps pages that a
process has mapped, as a searching process has: so this one first gives its own back (`madvise`; the
addresses stay valid), then asks the kernel to forget the files (`posix_fadvise`), and then counts
with `mincore` that no page is left. Pages that another process has mapped would be left, and end
this with an error: give it a copy.

The process has loaded the compiled kernels and is in one of two states:

    open for long   it has searched for the other texts, and keeps decoded what they needed (128 MB
                    at most)
    just opened     it has searched for nothing; checksums of all that is read are compared, too

Each text is searched for once. Prints wall times, which are those of this disk, with processor time
and the page faults that waited for the disk.
"""

import argparse
import ctypes
import gc
import os
import resource
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.local_index import check_covered, contents, quantile, query_sets, search, warm_up
from sc2_attrib.index.local import LocalIndex, open_index
from sc2_attrib.index.search import SearchResult

MADV_DONTNEED = 4  # <asm-generic/mman-common.h>
SETS = ("novel", "verbatim")
N_TRIES = 100
HEADS = ("texts", "index", "p50 ms", "p90 ms", "p99 ms", "CPU p50 ms", "faults p50", "faults p99")


@dataclass(frozen=True, slots=True)
class Cold:
    """Searches with nothing in memory."""

    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    n_faults: list[float] = field(default_factory=list)
    answers: list[SearchResult] = field(default_factory=list)

    def search(self, index: LocalIndex, folder: Path, text: bytes) -> None:
        """Drop what is in memory and search for a text."""
        drop_pages(folder)
        faults, cpu, started = _faults(), time.process_time(), time.perf_counter()
        self.answers.extend(search(index, [text]))
        self.wall_ms.append((time.perf_counter() - started) * 1e3)
        self.cpu_ms.append((time.process_time() - cpu) * 1e3)
        self.n_faults.append(_faults() - faults)

    def cells(self) -> list[str]:
        """What a table says of it."""
        times = [quantile(self.wall_ms, percent) for percent in (50, 90, 99)]
        times.append(quantile(self.cpu_ms, 50))
        faults = [quantile(self.n_faults, percent) for percent in (50, 99)]
        return [f"{ms:.2f}" for ms in times] + [f"{n:.0f}" for n in faults]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("index", type=Path, help="built from the corpus and open nowhere else")
    parser.add_argument("--queries", type=int, default=100)
    arguments = parser.parse_args()
    folder = arguments.index.resolve()
    sets = query_sets(contents(arguments.corpus), arguments.queries)
    print("| " + " | ".join(HEADS) + " |\n" + "|---" * len(HEADS) + "|")
    with open_index(folder) as index:
        warm_up(index, sets)
        for name in SETS:
            print_row(name, "open for long", folder, sets[name], index)
    for name in SETS:
        print_row(name, "just opened", folder, sets[name])


def print_row(
    name: str, state: str, folder: Path, texts: list[bytes], index: LocalIndex | None = None
) -> None:
    """Search for texts in an open index, or in one opened for each, and print what it took."""
    cold = Cold()
    for text in texts:
        opened: AbstractContextManager[LocalIndex] = (
            nullcontext(index) if index else open_index(folder)
        )
        with opened as searched:
            searched.use_machine_code()
            cold.search(searched, folder, text)
    if name == "verbatim":
        check_covered(texts, cold.answers)
    print(f"| {name} | {state} | " + " | ".join(cold.cells()) + " |", flush=True)


def drop_pages(folder: Path) -> None:
    """Drop all files below a folder from memory, and make sure that they are."""
    gc.collect()  # an index that was closed keeps its maps until then
    for _ in range(N_TRIES):
        _let_go(folder)
        if not (n_left := _count_pages(folder)):
            return
        time.sleep(0.01)  # the kernel still reads ahead
    raise SystemExit(f"{folder}: {n_left} pages stay in memory; does another process use it?")


def _let_go(folder: Path) -> None:
    for start, n_bytes in _mappings(folder):
        _check(_libc().madvise(ctypes.c_void_p(start), ctypes.c_size_t(n_bytes), MADV_DONTNEED))
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _count_pages(folder: Path) -> int:
    """Pages of mapped files that are in memory, whoever brought them there."""
    n_pages = 0
    for start, n_bytes in _mappings(folder):
        present = (ctypes.c_ubyte * -(-n_bytes // resource.getpagesize()))()
        _check(_libc().mincore(ctypes.c_void_p(start), ctypes.c_size_t(n_bytes), present))
        n_pages += sum(page & 1 for page in bytes(present))
    return n_pages


def _mappings(folder: Path) -> Iterator[tuple[int, int]]:
    """Where this process has mapped files below a folder: addresses and lengths."""
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        span, _, path = line.partition(" ")
        if f"{folder}{os.sep}" in path:
            start, stop = (int(address, 16) for address in span.split("-"))
            yield start, stop - start


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(status: int) -> None:
    if status:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_majflt


if __name__ == "__main__":
    main()
