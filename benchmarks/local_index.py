"""How fast is the embedded index, and how large? One corpus, one run.

    python -m benchmarks.local_index PARQUET_FOLDER [--index DIR] [--queries N]
                                     [--memory MIB] [--no-near]

Builds an index (or takes a built one), then measures searches of 2 KB and 250 B, warm, one at a
time:

    novel       code of the installed packages numpy, pydantic, rich and transformers: not in the
                corpus, but not free of matches either (licence headers, common idioms)
    verbatim    stretches of documents of the corpus, uniform over documents
    edited      the same with a byte changed every 20 to 400

and batches of each. Every verbatim query must be covered whole by a match, or the benchmark fails.
Prints a Markdown table, with processor time beside the wall's: on a machine with other work only
that can be compared. docs/benchmarks.md records runs with their host.
"""

import argparse
import importlib.util
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.measured_build import measured_build
from sc2_attrib.index.building import BuildOptions, Resources
from sc2_attrib.index.corpus.document import SourceDocument
from sc2_attrib.index.corpus.location import open_source
from sc2_attrib.index.local import open_index
from sc2_attrib.index.memory import DEFAULT_MEMORY
from sc2_attrib.index.search import SearchResult
from sc2_attrib.index.stores import OpenIndex
from sc2_attrib.index.text import normalize

NOVEL_PACKAGES = ("numpy", "pydantic", "rich", "transformers")
QUERY_BYTES = 2048
SHORT_BYTES = 250
MIN_CHARS = 100  # the default of every command
SEED = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--index", type=Path, help="built before from the same corpus")
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--memory", type=int, default=DEFAULT_MEMORY >> 20, help="of a build, MiB")
    parser.add_argument("--no-near", dest="near", action="store_false", help="without near keys")
    arguments = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}\n")
    resources = Resources(memory_bytes=arguments.memory << 20)
    with tempfile.TemporaryDirectory() as folder:
        index_folder = arguments.index or Path(folder) / "index"
        if arguments.index is None:
            source = open_source(str(arguments.corpus))
            options = BuildOptions(near=arguments.near, resources=resources)
            print(f"build: {measured_build([source], index_folder, options)}\n")
        with open_index(index_folder) as index:
            measure_searches(index, arguments.corpus, arguments.queries)


def measure_searches(index: OpenIndex, corpus: Path, n: int) -> None:
    """Print latency and batch rate of each set of queries."""
    sets = query_sets(contents(corpus), n)
    warm_up(index, sets)
    print("| queries | p50 ms | p90 ms | p99 ms | max ms | CPU p50 ms | CPU p99 ms | batch MB/s |")
    print("|---|---|---|---|---|---|---|---|")
    for name, queries in sets.items():
        timed = time_queries(index, queries)
        if name.startswith("verbatim"):
            check_covered(queries, timed.answers)
        started = time.perf_counter()
        search(index, queries)
        rate = sum(map(len, queries)) / 1e6 / (time.perf_counter() - started)
        wall, cpu = timed.wall_ms, timed.cpu_ms
        cells = [quantile(wall, 50), quantile(wall, 90), quantile(wall, 99), max(wall)]
        cells += [quantile(cpu, 50), quantile(cpu, 99)]
        print(f"| {name} | " + " | ".join(f"{ms:.2f}" for ms in cells) + f" | {rate:.1f} |")


def query_sets(documents: Iterable[bytes], n: int) -> dict[str, list[bytes]]:
    """Make the sets of queries from documents of a corpus."""
    rng = random.Random(SEED)
    verbatim = [cut(text, QUERY_BYTES, rng) for text in sample(documents, n, rng)]
    sets = {
        "novel": [cut(text, QUERY_BYTES, rng) for text in novel_texts(n, rng)],
        "verbatim": verbatim,
        "edited": [edit(text, rng) for text in verbatim],
    }
    return sets | {
        f"{name}, {SHORT_BYTES} B": [cut(text, SHORT_BYTES, rng) for text in sets[name]]
        for name in ("novel", "verbatim")
    }


def warm_up(index: OpenIndex, sets: Mapping[str, list[bytes]]) -> None:
    """Load the compiled kernels."""
    index.use_machine_code()
    search(index, sets["verbatim"][:3])


@dataclass(frozen=True, slots=True)
class Timed:
    """Searches of one text each: how long, how much processor time, and the answers."""

    wall_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    answers: list[SearchResult] = field(default_factory=list)


def time_queries(index: OpenIndex, queries: Sequence[bytes]) -> Timed:
    """Search for each text twice and time the second."""
    for timed in (Timed(), second := Timed()):
        for query in queries:
            time_query(index, query, timed)
    return second


def time_query(index: OpenIndex, query: bytes, timed: Timed) -> None:
    """Search for a text, and note how long it took."""
    started, cpu = time.perf_counter(), time.process_time()
    timed.answers.extend(search(index, [query]))
    timed.cpu_ms.append((time.process_time() - cpu) * 1e3)
    timed.wall_ms.append((time.perf_counter() - started) * 1e3)


def quantile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def search(index: OpenIndex, texts: Sequence[bytes]) -> list[SearchResult]:
    return index.search(texts, min_chars=MIN_CHARS, max_sources=100)


def check_covered(queries: Sequence[bytes], answers: Sequence[SearchResult]) -> None:
    """Fail unless each text that is long enough lies whole in one match."""
    for query, answer in zip(queries, answers, strict=True):
        longest = max((match.normalized_chars for match in answer.matches), default=0)
        wanted = len(normalize(query)) - 3  # a cut may fall into a character
        if wanted >= MIN_CHARS and longest < wanted:
            raise SystemExit(f"wrong answer: {longest} of {wanted} characters found")


def sample_documents(corpus: Path, n: int, rng: random.Random) -> list[bytes]:
    """Draw documents that are long enough, uniformly."""
    return sample(contents(corpus), n, rng)


def contents(corpus: Path) -> Iterator[bytes]:
    return (item.content for item in open_source(str(corpus)) if isinstance(item, SourceDocument))


def sample(documents: Iterable[bytes], n: int, rng: random.Random) -> list[bytes]:
    """Draw documents that are long enough, uniformly (reservoir sampling)."""
    chosen: list[bytes] = []
    long = (content for content in documents if len(content) >= QUERY_BYTES)
    for seen, content in enumerate(long, 1):
        if len(chosen) < n:
            chosen.append(content)
        elif (place := rng.randrange(seen)) < n:
            chosen[place] = content
    return chosen


def novel_texts(n: int, rng: random.Random) -> list[bytes]:
    """Draw source files of installed packages."""
    files = novel_files()
    rng.shuffle(files)
    texts = (path.read_bytes() for path in files)
    return [
        text for text, _ in zip((t for t in texts if len(t) >= QUERY_BYTES), range(n), strict=False)
    ]


def novel_files() -> list[Path]:
    """List the source files of installed packages that the corpus doesn't hold."""
    files = []
    for package in NOVEL_PACKAGES:
        spec = importlib.util.find_spec(package)
        assert spec is not None, f"{package} is not installed"
        assert spec.origin is not None
        files += sorted(Path(spec.origin).parent.rglob("*.py"))
    return files


def cut(text: bytes, n: int, rng: random.Random) -> bytes:
    start = rng.randrange(len(text) - n + 1)
    return text[start : start + n]


def edit(text: bytes, rng: random.Random) -> bytes:
    """Change a byte every 20 to 400."""
    edited, at, step = bytearray(text), 0, rng.randrange(20, 400)
    while (at := at + step) < len(edited):
        edited[at] = rng.randrange(97, 123)
    return bytes(edited)


if __name__ == "__main__":
    main()
