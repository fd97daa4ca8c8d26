"""Inputs that are large in one direction: answers stay complete, memory and segments bounded."""

import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sc2_attrib.index.building import BuildOptions, Resources, build_index
from sc2_attrib.index.corpus.document import CorpusDescription, SourceDocument
from sc2_attrib.index.grams import GramShape
from sc2_attrib.index.local import index_stats, open_index
from sc2_attrib.index.memory import LEAST_MEMORY, MemoryPlan
from sc2_attrib.index.search import ExactMatch
from sc2_attrib.index.text import normalize
from tests.index.corpora import Documents, document, place

ROOT = Path(__file__).parents[2]
FUNCTION = b"".join(
    b"    total_%d = sum(item.value for item in items if item.kind == %d)\n" % (i, i)
    for i in range(40)
)


def statements(n: int, seed: int, line_end: bytes = b"\n") -> bytes:
    """Code of `n` bytes over a small vocabulary."""
    rng = random.Random(seed)
    names = [b"%cname_%d" % (rng.randrange(97, 123), rng.randrange(10_000)) for _ in range(5_000)]
    lines = [b"%s = %s(%s)" % tuple(rng.choices(names, k=3)) for _ in range(200_000)]
    return line_end.join(rng.choices(lines, k=n // 25))[:n]


def build(folder: Path, *documents: SourceDocument) -> None:
    build_index([Documents(documents)], folder, BuildOptions(resources=Resources(jobs=2)))


def matches(folder: Path, text: bytes, max_sources: int = 100) -> tuple[ExactMatch, ...]:
    with open_index(folder) as index:
        index.use_machine_code()
        [result] = index.search([text], min_chars=100, max_sources=max_sources)
    return result.matches


@pytest.mark.slow
@pytest.mark.parametrize(("n_bytes", "line_end"), [(100_000_000, b"\n"), (50_000_000, b";")])
def test_a_huge_document_is_found_anywhere_in_it(
    tmp_path: Path, n_bytes: int, line_end: bytes
) -> None:
    """100 MB of lines, or 50 MB in one: stretches of begin, middle and end are found whole."""
    text = statements(n_bytes, 1, line_end)
    build(tmp_path, document(text, "huge.py"))
    for start in (0, n_bytes // 2, len(text) - 100_000):
        stretch = text[start : start + 100_000]
        [match] = matches(tmp_path, stretch)
        assert match.normalized_chars == len(normalize(stretch))
        [source] = match.sources
        assert source.start <= start + 1
        assert source.stop >= start + len(stretch) - 1


@pytest.mark.slow
def test_a_hundred_thousand_copies_are_one_document(tmp_path: Path) -> None:
    """Every place counts, a listing is bounded and says so, and each licence keeps a source."""
    n, licenses = 100_000, ("MIT", "GPL-2.0-only", "")
    copies = (
        SourceDocument(FUNCTION, place("f.py", licenses[i % 3], repository=f"o/r{i:06d}"))
        for i in range(n - 1)
    )
    rare = SourceDocument(FUNCTION, place("f.py", "AGPL-3.0-only", repository="z/last"))
    build(tmp_path, *copies, rare)
    assert index_stats(tmp_path).description.n_documents == 1
    [match] = matches(tmp_path, FUNCTION)
    assert (match.n_documents, match.at_least) == (1, True)
    found = {source.occurrence.license_expression for source in match.sources}
    assert found == {*licenses, "AGPL-3.0-only"}
    [match] = matches(tmp_path, FUNCTION, max_sources=0)
    assert (match.n_occurrences, len(match.sources), match.at_least) == (n, n, False)


def test_a_text_of_one_byte_is_found_whole(tmp_path: Path) -> None:
    """A million times the same letter: every gram is the same, at every place."""
    build(tmp_path, document(b"a" * 1_000_000, "a.txt"), document(FUNCTION, "f.py"))
    [match] = matches(tmp_path, b"a" * 500)
    assert (match.start, match.stop) == (0, 500)
    [match] = matches(tmp_path, FUNCTION)
    assert match.normalized_chars == len(normalize(FUNCTION))


@pytest.mark.slow
def test_one_gram_closes_no_more_segments_than_its_postings_need(tmp_path: Path) -> None:
    """A corpus of one gram has a segment for each share of postings that memory holds."""
    plan, shape = MemoryPlan.of(LEAST_MEMORY, 2), GramShape.for_guarantee(50)
    n_documents, size = 100, 1_000_000
    documents = [document(b"a" * (size + i), f"{i}.txt") for i in range(n_documents)]
    options = BuildOptions(near=False, resources=Resources(jobs=2, memory_bytes=LEAST_MEMORY))
    build_index([Documents(documents)], tmp_path, options)
    n_postings = n_documents * size // shape.stride
    assert index_stats(tmp_path).n_segments <= 1 + n_postings // plan.most_part_postings


@pytest.mark.slow
def test_ten_megabytes_of_licence_headers_are_all_found(tmp_path: Path) -> None:
    """A text of nothing but headers, each of which stands in hundreds of documents: every one is
    a match of its full length."""
    rng = random.Random(1)
    header = b"# " + b" ".join(b"word%d" % rng.randrange(500) for _ in range(90)) + b"\n"
    code = statements(400_000, 1)
    documents = [
        document(header + code[1_000 * i :][:1_000], f"{i}.py", ("MIT", "GPL-2.0-only")[i % 2])
        for i in range(400)
    ]
    build(tmp_path, *documents)
    n = 10_000_000 // len(header + b"~%06d\n")
    text = b"".join(header + b"~%06d\n" % i for i in range(n))  # no code goes on with a tilde
    found = matches(tmp_path, text)
    assert len(found) == n
    assert {match.normalized_chars for match in found} == {len(normalize(header))}
    assert all(match.n_documents >= 100 for match in found)


@dataclass(frozen=True, slots=True)
class Generated:
    """A corpus that is made while it is read, so that it takes no memory itself."""

    n_documents: int

    def describe(self) -> CorpusDescription:
        return CorpusDescription("generated")

    def estimate_bytes(self) -> int | None:
        return None

    def __iter__(self) -> Iterator[SourceDocument]:
        text = statements(4_000_000, 2)
        rng = random.Random(3)
        for i in range(self.n_documents):
            start = rng.randrange(len(text) - 10_000)
            content = b"# %d\n" % i + text[start : start + 10_000]
            yield document(content, f"{i}.py", ("MIT", "ISC", "")[i % 3])


BUILD = """
import sys
from pathlib import Path
from sc2_attrib.index.building import BuildOptions, Resources, build_index
from tests.index.test_stress import Generated

resources = Resources(jobs=2, memory_bytes=int(sys.argv[2]))
build_index([Generated(30_000)], Path(sys.argv[1]), BuildOptions(resources=resources))
"""


def anonymous_bytes(process: int) -> int:
    """Anonymous memory of a process; 0 if it has gone."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^RssAnon:\s*(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells anonymous memory")
def test_a_build_stays_within_its_memory(tmp_path: Path) -> None:
    """300 MB with --memory 256MiB: never more than that and what the program itself takes."""
    with subprocess.Popen(
        [sys.executable, "-c", BUILD, tmp_path / "ix", str(LEAST_MEMORY)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, anonymous_bytes(process.pid))
            time.sleep(0.02)
    assert process.returncode == 0
    assert 0 < peak <= LEAST_MEMORY + (300 << 20)
    assert index_stats(tmp_path / "ix").description.n_documents == 30_000
