"""What people would use instead, on the same texts in one run: python -m benchmarks.search_peers.

    python -m benchmarks.search_peers CORPUS [--megabytes N] [--queries N]

CORPUS is a folder of Parquet files in the shape of The Stack v2, of which the first N MB (100) are
taken. Each engine that is installed (extra `bench`) keeps them and is asked for the same stretches
of 2 KB, code that the corpus holds and code that it doesn't:

    sc2-attrib   exact matches of 100 characters, all extents, with their sources
    infini-gram  suffix array over the bytes without white space; attribute(min_len=100)
    tantivy      our own strided grams as terms of a field, an OR of all grams of the query, 32 hits
    SQLite       FTS5 with its trigram tokenizer; each line of 20 characters as a phrase
    ripgrep      a tree of files, all read: each line of 20 characters as a fixed string
                 (-uuu -a -F -l -f), or all of the text as one that has several lines (-U instead of
                 -f), which finds only what is copied whole and white space for white space

Only the first two tell what is copied from where; the others tell which documents to look at.
Prints a Markdown table: build time, CPU and size, latency, and each ratio to sc2-attrib.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from benchmarks.local_index import QUERY_BYTES, SEED, cut, novel_texts
from sc2_attrib.index.building import BuildOptions, build_index
from sc2_attrib.index.corpus.document import CorpusDescription, SourceDocument
from sc2_attrib.index.corpus.location import open_source
from sc2_attrib.index.grams import GramShape, dense_grams, padded
from sc2_attrib.index.local import open_index
from sc2_attrib.index.text import normalize

MIN_CHARS = 100
LINE_CHARS = 20  # shorter lines are in every corpus
SHAPE = GramShape.for_guarantee(50)
RIPGREP = str(Path(sys.executable).with_name("rg"))  # where a wheel puts it


class Engine(Protocol):
    """Something that keeps texts and is asked which hold a part of a text."""

    name: str

    def build(self, documents: Sequence[SourceDocument], folder: Path) -> None:
        """Keep documents in a folder."""

    def ask(self, text: bytes) -> int:
        """Search for a text; how many hits there are."""


class Ours:
    """sc2-attrib's embedded index, with what every command asks for by default."""

    name = "sc2-attrib"

    def build(self, documents: Sequence[SourceDocument], folder: Path) -> None:
        """Build with exact matching only, as the others have nothing else."""
        build_index([_Corpus(documents)], folder, BuildOptions(near=False))
        self._index = open_index(folder)
        self._index.use_machine_code()

    def ask(self, text: bytes) -> int:
        """Find every match with its sources."""
        [result] = self._index.search([text], min_chars=MIN_CHARS, max_sources=100)
        return len(result.matches)


@dataclass(frozen=True, slots=True)
class _Corpus:
    """Documents as a source of an index."""

    documents: Sequence[SourceDocument]

    def describe(self) -> CorpusDescription:
        return CorpusDescription("benchmark")

    def estimate_bytes(self) -> int | None:
        return None

    def __iter__(self) -> Iterator[SourceDocument]:
        return iter(self.documents)


class InfiniGram:
    """A suffix array over bytes, with the settings that its authors publish for attribution."""

    name = "infini-gram, bytes"

    def build(self, documents: Sequence[SourceDocument], folder: Path) -> None:
        """Write its token files as its own first step would, and let it sort them."""
        from infini_gram.engine import InfiniGramEngine

        place, empty, scratch = folder / "index", folder / "data", folder / "scratch"
        for made in (place, empty, scratch):
            made.mkdir()
        offsets, at = [], 0
        with (place / "tokenized.0").open("wb") as out:
            for each in documents:
                offsets.append(at)
                at += out.write(b"\xff" + normalize(each.content).replace(b"\xff", b"\xfe"))
        (place / "offset.0").write_bytes(b"".join(each.to_bytes(8, "little") for each in offsets))
        options = ["--token_dtype", "u8", "--cpus", "2", "--mem", "8", "--version", "4"]
        folders = ["--data_dir", f"{empty}", "--save_dir", f"{place}", "--temp_dir", f"{scratch}"]
        command = [sys.executable, "-m", "infini_gram.indexing", *folders, *options]
        subprocess.run([*command, "--ulimit", "20000"], check=True, capture_output=True)
        self._engine = InfiniGramEngine(
            str(place),
            eos_token_id=254,
            vocab_size=255,
            token_dtype="u8",
            ds_prefetch_depth=0,
            sa_prefetch_depth=0,
            od_prefetch_depth=0,
        )

    def ask(self, text: bytes) -> int:
        """Find every span that is somewhere in the corpus; not where else it is."""
        answer = self._engine.attribute(
            input_ids=list(normalize(text)),
            delim_ids=[],
            min_len=MIN_CHARS,
            max_cnt=1_000_000,
            enforce_bow=False,
        )
        return len(answer["spans"])


class Tantivy:
    """A Lucene-like engine that is given our sampling: a term for each strided gram."""

    name = "tantivy, our grams"

    def build(self, documents: Sequence[SourceDocument], folder: Path) -> None:
        """Index the grams and store the texts."""
        import tantivy

        schema = tantivy.SchemaBuilder()
        schema.add_unsigned_field("gram", indexed=True)
        schema.add_bytes_field("text", stored=True, indexed=False)
        self._index = tantivy.Index(schema.build(), path=str(folder))
        writer = self._index.writer(512 << 20, num_threads=2)
        for each in documents:
            text = normalize(each.content)
            keys = dense_grams(padded(text), SHAPE.k)[0][:: SHAPE.stride].tolist()
            document = tantivy.Document(text=each.content)
            for key in keys:
                document.add_unsigned("gram", key)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()

    def ask(self, text: bytes) -> int:
        """Ask for all grams at once."""
        import tantivy

        keys = dict.fromkeys(dense_grams(padded(normalize(text)), SHAPE.k)[0].tolist())
        query = tantivy.Query.term_set_query(self._index.schema, "gram", list(keys))
        return len(self._index.searcher().search(query, 32).hits)


class Trigrams:
    """SQLite's full-text search over trigrams."""

    name = "SQLite FTS5 trigram"

    def build(self, documents: Sequence[SourceDocument], folder: Path) -> None:
        """Keep the texts in the table."""
        import sqlite3

        self._base = sqlite3.connect(folder / "fts.db")
        self._base.execute("PRAGMA journal_mode=off")
        self._base.execute("PRAGMA cache_size=-1000000")
        self._base.execute("CREATE VIRTUAL TABLE t USING fts5(text, tokenize='trigram')")
        rows = ((each.content.decode("utf-8", "replace"),) for each in documents)
        self._base.executemany("INSERT INTO t VALUES (?)", rows)
        self._base.commit()

    def ask(self, text: bytes) -> int:
        """Ask for each line as a phrase."""
        query = "SELECT rowid FROM t WHERE t MATCH ? LIMIT 32"
        phrases = ('"' + line.replace('"', '""') + '"' for line in _lines(text))
        return sum(len(self._base.execute(query, (each,)).fetchall()) for each in phrases)


class Ripgrep:
    """No index: every file is read, for each line of the text."""

    name = "ripgrep, lines"

    def build(self, documents: Sequence[SourceDocument], folder: Path) -> None:
        """Write the files."""
        for n, each in enumerate(documents):
            place = folder / f"{n // 1000}"
            place.mkdir(exist_ok=True)
            (place / f"{n}").write_bytes(each.content)
        self._folder = folder

    def ask(self, text: bytes) -> int:
        """Count the files with one of the lines, found in one pass."""
        return self._count_files("-f", "-", patterns="\n".join(_lines(text)))

    def _count_files(self, *what: str, patterns: str = "") -> int:
        command = [RIPGREP, "-uuu", "-a", "-F", "-l", *what, str(self._folder)]
        found = subprocess.run(command, input=patterns.encode(), capture_output=True, check=False)
        return found.stdout.count(b"\n")


class RipgrepWhole(Ripgrep):
    """The same, for all of the text at once."""

    name = "ripgrep, whole"

    def ask(self, text: bytes) -> int:
        """Count the files that hold the text, less characters that the cut broke."""
        return self._count_files("-U", "-e", text.decode("utf-8", "ignore"))


def _lines(text: bytes) -> list[str]:
    """Whole lines of a cut, those that say something."""
    lines = text.decode("utf-8", "replace").splitlines()[1:-1]
    return list(dict.fromkeys(line for line in lines if len(line.strip()) >= LINE_CHARS))


@dataclass(slots=True)
class Measured:
    """An engine's figures; latencies in milliseconds."""

    name: str
    build_s: float
    cpu_s: float
    size: int
    latencies: dict[str, list[float]] = field(default_factory=dict)
    n_answered: dict[str, int] = field(default_factory=dict)


def measure(
    engine: Engine,
    documents: Sequence[SourceDocument],
    queries: dict[str, list[bytes]],
    most_s: float,
) -> Measured:
    """Build and ask; each set twice, the second time counts, for at most `most_s` seconds."""
    with tempfile.TemporaryDirectory() as folder:
        started, cpu = time.perf_counter(), _cpu_s()
        engine.build(documents, Path(folder))
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        result = Measured(engine.name, time.perf_counter() - started, _cpu_s() - cpu, size)
        for name, texts in queries.items():
            times, n_answered, until = [], 0, time.perf_counter() + most_s
            for text in texts:
                engine.ask(text)
                asked = time.perf_counter()
                n_answered += engine.ask(text) > 0
                times.append((time.perf_counter() - asked) * 1e3)
                if time.perf_counter() > until:
                    break
            result.latencies[name], result.n_answered[name] = times, n_answered
    return result


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def first_documents(corpus: Path, n_bytes: int) -> list[SourceDocument]:
    """Take documents from the start of a corpus."""
    chosen, total = [], 0
    for item in open_source(str(corpus)):
        if isinstance(item, SourceDocument):
            chosen.append(item)
            total += len(item.content)
        if total >= n_bytes:
            break
    return chosen


def installed() -> Iterator[Callable[[], Engine]]:
    """Engines that are here; ours first."""
    yield Ours
    yield Trigrams
    for engine, module in ((Tantivy, "tantivy"), (InfiniGram, "infini_gram")):
        try:
            __import__(module)
        except ImportError:
            print(f"{module} is not installed: left out", file=sys.stderr)
        else:
            yield engine
    if Path(RIPGREP).exists():
        yield from (Ripgrep, RipgrepWhole)
    else:
        print("ripgrep is not installed: left out", file=sys.stderr)


def row(measured: Measured, ours: Measured, raw: int) -> str:
    """A line of the table: figures, and in brackets how many times ours they are."""
    cells: list[Any] = [
        measured.name,
        _cell(measured.build_s, ours.build_s, "{:.1f} s"),
        _cell(measured.cpu_s, ours.cpu_s, "{:.1f} s"),
        _cell(measured.size / raw, ours.size / raw, "{:.2f}"),
    ]
    for name, times in measured.latencies.items():
        theirs = statistics.quantiles(ours.latencies[name], n=100)
        found = f"{measured.n_answered[name]} of {len(times)}"
        quantiles = statistics.quantiles(times, n=100)
        both = [_cell(quantiles[at], theirs[at], "{:.2f}") for at in (49, 98)]
        cells += [" · ".join(both), found]
    return "| " + " | ".join(cells) + " |"


def _cell(value: float, ours: float, form: str) -> str:
    ratio = value / max(ours, 1e-9)
    times = f"{ratio:.2g}" if ratio < 100 else f"{ratio:.0f}"
    return form.format(value) + (f" ({times}x)" if value != ours else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--queries", type=int, default=100)
    arguments = parser.parse_args()
    rng = random.Random(SEED)
    documents = first_documents(arguments.corpus, arguments.megabytes * 1_000_000)
    raw = sum(len(each.content) for each in documents)
    long = [each.content for each in documents if len(each.content) >= QUERY_BYTES]
    chosen = rng.sample(long, min(arguments.queries, len(long)))
    queries = {
        "verbatim": [cut(text, QUERY_BYTES, rng) for text in chosen],
        "novel": [
            cut(text, QUERY_BYTES, rng) for text in islice(novel_texts(len(chosen), rng), len(long))
        ],
    }
    print(f"{len(documents):,} documents, {raw:,} bytes; {arguments.queries} queries a set.\n")
    heads = [f"{name} p50 · p99 ms | answered" for name in queries]
    print("| engine | build | CPU | bytes a raw byte | " + " | ".join(heads) + " |")
    print("|---" * (4 + 2 * len(queries)) + "|")
    ours: Measured | None = None
    for engine in installed():
        measured = measure(engine(), documents, queries, most_s=60)
        ours = ours or measured
        print(row(measured, ours, raw), flush=True)


if __name__ == "__main__":
    main()
