"""What becomes of build time, size and latency when a corpus grows? One machine, one run.

    python -m benchmarks.growth CORPUS FOLDER [--factors 1/16 1/4 1 10] [--forks 1000]
                                [--queries N] [--near]

For each factor the corpus is made smaller or larger (growing.py), and an index of it is built in
FOLDER, in a process of its own; what is there already is not built again. With --forks so many
copies of one document in a hundred are added to the whole corpus, in one index as they are and in
another with a first line of their own. An index takes about half the bytes of its corpus.

Then texts are searched for, code that is in none of the corpora and stretches of documents that are
in all (local_index.py), each in all indexes in turn, so that other work on the machine disturbs all
alike. Every verbatim text must be found whole in each. A text is searched for twice; the second
time counts. Times are processor time. Prints a Markdown table and writes FOLDER/growth.jsonl, which
growth_plot.py draws. Reading the corpus is not counted as building: all of it is read to make a
part of it.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path

from benchmarks.growing import Forks, Scaled, every
from benchmarks.local_index import Timed, check_covered, quantile, query_sets, time_query, warm_up
from benchmarks.measured_build import measured_build
from sc2_attrib.index.building import BuildOptions
from sc2_attrib.index.corpus.document import CorpusSource
from sc2_attrib.index.local import LocalIndex, open_index

FACTORS = ("1/16", "1/8", "1/4", "1/2", "1")
ONE_IN = 100  # documents of which there are forks
WHOLE = "x 1"  # the name of what all else is compared with
RECORD = "growth.jsonl"


@dataclass(frozen=True, slots=True)
class Point:
    """A corpus and what its index costs; `cpu_ms`: 50th and 99th percentile of each set."""

    corpus: str
    n_documents: int
    read_bytes: int
    index_bytes: int
    build_s: float
    build_cpu_s: float
    source_cpu_s: float
    peak_bytes: int | None
    cpu_ms: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def cpu_s_a_gigabyte(self) -> float:
        """Processor time of the build for a gigabyte of the corpus, without making the corpus."""
        return (self.build_cpu_s - self.source_cpu_s) / self.read_bytes * 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("folder", type=Path, help="for the indexes")
    parser.add_argument("--factors", nargs="*", type=Fraction, default=[*map(Fraction, FACTORS)])
    parser.add_argument("--forks", type=int, default=0)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--near", action="store_true", help="with near keys")
    arguments = parser.parse_args()
    options = BuildOptions(near=arguments.near)
    points = [
        built(name, sources, arguments.folder, options)
        for name, sources in corpora(arguments.corpus, arguments.factors, arguments.forks)
    ]
    points.sort(key=lambda point: point.read_bytes)
    in_all = every(arguments.corpus, int(max(1 / factor for factor in arguments.factors)))
    sets = query_sets((document.content for document in in_all), arguments.queries)
    measure(points, arguments.folder, sets)
    lines = [json.dumps(asdict(point)) + "\n" for point in points]
    (arguments.folder / RECORD).write_text("".join(lines), encoding="utf-8")
    print_table(points)


def corpora(
    corpus: Path, factors: Sequence[Fraction], n_forks: int
) -> Iterator[tuple[str, list[CorpusSource]]]:
    """List what is measured: its name and the sources it is made of."""
    for factor in factors:
        yield f"x {factor}", [Scaled(corpus, factor)]
    if n_forks:
        for kind, are_distinct in (("copies", False), ("altered copies", True)):
            name = f"{WHOLE} and {n_forks} {kind} of 1 in {ONE_IN}"
            yield name, [Scaled(corpus, Fraction(1)), Forks(corpus, n_forks, ONE_IN, are_distinct)]


def built(name: str, sources: Sequence[CorpusSource], folder: Path, options: BuildOptions) -> Point:
    """Build an index, unless it is there, and say what that took."""
    place, record = index_folder(folder, name), index_folder(folder, name).with_suffix(".json")
    if not record.exists():
        place.mkdir(parents=True)
        build = measured_build(sources, place, options, time_sources=True)
        print(f"{name}: {build}\n", flush=True)
        point = Point(
            corpus=name,
            n_documents=build.summary.n_documents,
            read_bytes=build.summary.read_bytes,
            index_bytes=build.size,
            build_s=build.summary.seconds,
            build_cpu_s=build.cpu_s,
            source_cpu_s=build.source_cpu_s,
            peak_bytes=build.peak_bytes,
        )
        record.write_text(json.dumps(asdict(point)), encoding="utf-8")
    return Point(**json.loads(record.read_text(encoding="utf-8")))


def index_folder(folder: Path, name: str) -> Path:
    return folder / name.replace(" ", "-").replace("/", "-")


def measure(points: Sequence[Point], folder: Path, sets: Mapping[str, list[bytes]]) -> None:
    """Search for all texts in all indexes, and let the points say how long it took."""
    with ExitStack() as stack:
        indexes = [
            stack.enter_context(open_index(index_folder(folder, point.corpus))) for point in points
        ]
        for index in indexes:
            warm_up(index, sets)
        for name, queries in sets.items():
            for point, timed in zip(points, time_in_turn(indexes, queries), strict=True):
                if name.startswith("verbatim"):
                    check_covered(queries, timed.answers)
                point.cpu_ms[name] = quantile(timed.cpu_ms, 50), quantile(timed.cpu_ms, 99)


def time_in_turn(indexes: Sequence[LocalIndex], queries: Sequence[bytes]) -> list[Timed]:
    """Time each search in all indexes before the next."""
    for timed in ([Timed() for _ in indexes], all_timed := [Timed() for _ in indexes]):
        for query in queries:
            for index, of_index in zip(indexes, timed, strict=True):
                time_query(index, query, of_index)
    return all_timed


def read_points(record: Path) -> list[Point]:
    """Read what was measured, the smaller corpora first."""
    return [Point(**json.loads(line)) for line in record.read_text(encoding="utf-8").splitlines()]


def print_table(points: Sequence[Point]) -> None:
    """Print all points; in brackets, how many times what the whole corpus takes once."""
    whole = next((point for point in points if point.corpus == WHOLE), points[-1])
    names = list(whole.cpu_ms)
    heads = ["corpus", "documents", "GB", "CPU s a GB", "memory MiB", "index a byte"]
    print("| " + " | ".join(heads + [f"{name} p50 · p99 ms" for name in names]) + " |")
    print("|---" * (len(heads) + len(names)) + "|")
    for point in points:
        cells = [
            point.corpus,
            f"{point.n_documents:,}",
            f"{point.read_bytes / 1e9:.2f}",
            _cell(point.cpu_s_a_gigabyte, whole.cpu_s_a_gigabyte),
            f"{(point.peak_bytes or 0) >> 20}",
            f"{point.index_bytes / point.read_bytes:.3f}",
        ]
        for name in names:
            pairs = zip(point.cpu_ms[name], whole.cpu_ms[name], strict=True)
            cells.append(" · ".join(_cell(ms, of_whole) for ms, of_whole in pairs))
        print("| " + " | ".join(cells) + " |")


def _cell(value: float, of_whole: float) -> str:
    return f"{value:.2f}" + (f" ({value / of_whole:.2f}x)" if value != of_whole else "")


if __name__ == "__main__":
    main()
