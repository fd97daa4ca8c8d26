"""What becomes of build time, size and latency when a corpus grows? One machine, one run.

    python -m benchmarks.growth CORPUS RECORD [--factors 1/16 1/4 1 10] [--forks 1000]
                                [--queries N] [--scratch DIR] [--near]

For each factor the corpus is made smaller or larger (growing.py), an index of it is built in
processes of their own, and the same texts are searched for in each: code that is in none of them
and stretches of documents that are in all of them (local_index.py). With --forks so many copies of
one document in a hundred are added to the corpus, once as they are and once with a first line of
their own. An index is deleted when it was measured; the largest takes half the bytes of its corpus.

Each measurement is a line of JSON appended to RECORD; what stands there already is not measured
again. Then all of RECORD is printed as a Markdown table, and what a factor of 1 has to be compared
with. growth_plot.py draws it. Times are processor time, which other work disturbs least.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

from benchmarks.growing import Forks, Scaled, every
from benchmarks.local_index import check_covered, quantile, query_sets, time_queries, warm_up
from benchmarks.measured_build import MeasuredBuild, measured_build
from sc2_attrib.index.building import BuildOptions
from sc2_attrib.index.corpus.document import CorpusSource
from sc2_attrib.index.local import open_index

FACTORS = ("1/16", "1/8", "1/4", "1/2", "1")
ONE_IN = 100  # documents of which there are forks
WHOLE = "x 1"  # the name of what all else is compared with


@dataclass(frozen=True, slots=True)
class Point:
    """A corpus and what its index costs; `cpu_ms`: 50th and 99th percentile of each set."""

    corpus: str
    n_documents: int
    n_occurrences: int
    read_bytes: int
    index_bytes: int
    n_segments: int
    build_s: float
    build_cpu_s: float
    peak_bytes: int | None
    cpu_ms: dict[str, tuple[float, float]]

    @property
    def cpu_s_a_gigabyte(self) -> float:
        """Processor time of the build for a gigabyte of the corpus."""
        return self.build_cpu_s / self.read_bytes * 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("record", type=Path)
    parser.add_argument("--factors", nargs="*", type=Fraction, default=[*map(Fraction, FACTORS)])
    parser.add_argument("--forks", type=int, default=0)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--scratch", type=Path, help="where indexes are built")
    parser.add_argument("--near", action="store_true", help="with near keys")
    arguments = parser.parse_args()
    smallest = int(max(1 / factor for factor in (*arguments.factors, Fraction(1, 16))))
    in_all = (document.content for document in every(arguments.corpus, smallest))
    sets = query_sets(in_all, arguments.queries)
    measured = {point.corpus for point in read_points(arguments.record)}
    for name, sources in corpora(arguments.corpus, arguments.factors, arguments.forks):
        if name not in measured:
            with tempfile.TemporaryDirectory(dir=arguments.scratch) as folder:
                build = measured_build(sources, Path(folder), BuildOptions(near=arguments.near))
                print(f"{name}: {build}", flush=True)
                append_point(arguments.record, measure(name, build, Path(folder), sets))
    print_table(read_points(arguments.record))


def corpora(
    corpus: Path, factors: Sequence[Fraction], n_forks: int
) -> Iterator[tuple[str, list[CorpusSource]]]:
    """List what is measured: its name and the sources it is made of."""
    for factor in factors:
        yield f"x {factor}", [Scaled(corpus, factor)]
    if n_forks:
        for kind, are_distinct in (("copies", False), ("altered copies", True)):
            name = f"{WHOLE} and {n_forks} {kind} of 1/{ONE_IN}"
            yield name, [Scaled(corpus, Fraction(1)), Forks(corpus, n_forks, ONE_IN, are_distinct)]


def measure(name: str, build: MeasuredBuild, folder: Path, sets: dict[str, list[bytes]]) -> Point:
    """Search for all texts; each verbatim one must be found."""
    cpu_ms = {}
    with open_index(folder) as index:
        warm_up(index, sets)
        for kind, queries in sets.items():
            timed = time_queries(index, queries)
            if kind.startswith("verbatim"):
                check_covered(queries, timed.answers)
            cpu_ms[kind] = quantile(timed.cpu_ms, 50), quantile(timed.cpu_ms, 99)
        n_segments = index.stats().n_segments
    done = build.summary
    return Point(
        corpus=name,
        n_documents=done.n_documents,
        n_occurrences=done.n_occurrences,
        read_bytes=done.read_bytes,
        index_bytes=build.size,
        n_segments=n_segments,
        build_s=done.seconds,
        build_cpu_s=build.cpu_s,
        peak_bytes=build.peak_bytes,
        cpu_ms=cpu_ms,
    )


def append_point(record: Path, point: Point) -> None:
    with record.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(point)) + "\n")


def read_points(record: Path) -> list[Point]:
    """Read what was measured, the smaller corpora first."""
    if not record.exists():
        return []
    lines = record.read_text(encoding="utf-8").splitlines()
    return sorted((Point(**json.loads(line)) for line in lines), key=lambda point: point.read_bytes)


def print_table(points: Sequence[Point]) -> None:
    """Print all points; in brackets, how many times what the whole corpus takes once."""
    whole = next((point for point in points if point.corpus == WHOLE), None)
    names = list(points[0].cpu_ms) if points else []
    heads = ["corpus", "documents", "GB", "CPU s a GB", "memory MiB", "index a byte", "segments"]
    print("| " + " | ".join(heads + [f"{name} p50 · p99 ms" for name in names]) + " |")
    print("|---" * (len(heads) + len(names)) + "|")
    for point in points:
        cells = [
            point.corpus,
            f"{point.n_documents:,}",
            f"{point.read_bytes / 1e9:.2f}",
            _cell(point.cpu_s_a_gigabyte, whole.cpu_s_a_gigabyte if whole else 0),
            f"{(point.peak_bytes or 0) >> 20}",
            f"{point.index_bytes / point.read_bytes:.3f}",
            f"{point.n_segments}",
        ]
        for name in names:
            pairs = zip(point.cpu_ms[name], whole.cpu_ms[name] if whole else (0, 0), strict=True)
            cells.append(" · ".join(_cell(ms, of_whole) for ms, of_whole in pairs))
        print("| " + " | ".join(cells) + " |")


def _cell(value: float, of_whole: float) -> str:
    return f"{value:.2f}" + (f" ({value / of_whole:.2f}x)" if of_whole else "")


if __name__ == "__main__":
    main()
