"""How fast is the embedded index, and how large? One corpus, one run.

    python benchmarks/local_index.py PARQUET_FOLDER [--index DIR] [--queries N]

Builds an index (or takes a built one), then measures searches of 2 KB and 250 B, warm, one at a
time:

    novel       code of the installed packages numpy, pydantic, rich and transformers: not in the
                corpus, but not free of matches either (licence headers, common idioms)
    verbatim    stretches of documents of the corpus, uniform over documents
    edited      the same with a byte changed every 20 to 400

and batches of each. Every verbatim query must be covered whole by a match, or the benchmark fails.
Prints a Markdown table; docs/benchmarks.md records runs with their host.
"""

import argparse
import importlib.util
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from sc2_attrib.index.building import BuildOptions, build_index
from sc2_attrib.index.corpus.document import SourceDocument
from sc2_attrib.index.corpus.location import open_source
from sc2_attrib.index.local import open_index
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
    arguments = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}\n")
    with tempfile.TemporaryDirectory() as folder:
        index_folder = arguments.index or Path(folder) / "index"
        if arguments.index is None:
            measure_build(arguments.corpus, index_folder)
        with open_index(index_folder) as index:
            measure_searches(index, arguments.corpus, arguments.queries)


def measure_build(corpus: Path, folder: Path) -> None:
    """Build and print rate and size."""
    summary = build_index([open_source(str(corpus))], folder, BuildOptions())
    size = sum(summary.bytes_by_part.values())
    print(
        f"build: {summary.n_documents} documents, {summary.raw_bytes / 1e6:.0f} MB,"
        f" {summary.raw_bytes / 1e6 / summary.seconds:.1f} MB/s,"
        f" index {size / summary.raw_bytes:.3f} of raw ("
        + ", ".join(f"{k} {v / summary.raw_bytes:.3f}" for k, v in summary.bytes_by_part.items())
        + ")\n"
    )


def measure_searches(index: OpenIndex, corpus: Path, n: int) -> None:
    """Print latency and batch rate of each set of queries."""
    rng = random.Random(SEED)
    verbatim = [cut(text, QUERY_BYTES, rng) for text in sample_documents(corpus, n, rng)]
    sets = {
        "novel": [cut(text, QUERY_BYTES, rng) for text in novel_texts(n, rng)],
        "verbatim": verbatim,
        "edited": [edit(text, rng) for text in verbatim],
    }
    sets |= {
        f"{name}, {SHORT_BYTES} B": [cut(text, SHORT_BYTES, rng) for text in sets[name]]
        for name in ("novel", "verbatim")
    }
    index.use_machine_code()
    index.search(verbatim[:3], min_chars=MIN_CHARS, max_sources=100)
    print("| queries | p50 ms | p90 ms | p99 ms | max ms | batch MB/s |\n|---|---|---|---|---|---|")
    for name, queries in sets.items():
        times, answers = time_each(queries, lambda q: search(index, [q])[0])
        if name.startswith("verbatim"):
            check_covered(queries, answers)
        started = time.perf_counter()
        search(index, queries)
        rate = sum(map(len, queries)) / 1e6 / (time.perf_counter() - started)
        cuts = statistics.quantiles(times, n=100)
        print(
            f"| {name} | {cuts[49]:.2f} | {cuts[89]:.2f} | {cuts[98]:.2f} | {max(times):.2f}"
            f" | {rate:.1f} |"
        )


def search(index: OpenIndex, texts: Sequence[bytes]) -> list[SearchResult]:
    return index.search(texts, min_chars=MIN_CHARS, max_sources=100)


def time_each(
    queries: Sequence[bytes], run: Callable[[bytes], SearchResult]
) -> tuple[list[float], list[SearchResult]]:
    """Run each query twice and time the second: milliseconds, and the answers."""
    for query in queries:
        run(query)
    times, answers = [], []
    for query in queries:
        started = time.perf_counter()
        answers.append(run(query))
        times.append((time.perf_counter() - started) * 1e3)
    return times, answers


def check_covered(queries: Sequence[bytes], answers: Sequence[SearchResult]) -> None:
    """Fail unless each text that is long enough lies whole in one match."""
    for query, answer in zip(queries, answers, strict=True):
        longest = max((match.normalized_chars for match in answer.matches), default=0)
        wanted = len(normalize(query)) - 3  # a cut may fall into a character
        if wanted >= MIN_CHARS and longest < wanted:
            raise SystemExit(f"wrong answer: {longest} of {wanted} characters found")


def sample_documents(corpus: Path, n: int, rng: random.Random) -> list[bytes]:
    """Draw documents that are long enough, uniformly (reservoir sampling)."""
    chosen: list[bytes] = []
    seen = 0
    for item in open_source(str(corpus)):
        if isinstance(item, SourceDocument) and len(item.content) >= QUERY_BYTES:
            seen += 1
            if len(chosen) < n:
                chosen.append(item.content)
            elif (place := rng.randrange(seen)) < n:
                chosen[place] = item.content
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
