"""Interrupted builds and additions: the same command goes on, another is refused."""

import itertools
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sc2_attrib.index import building
from sc2_attrib.index.building import BuildOptions, BuildSummary, Resources, add_to_index
from sc2_attrib.index.checkpoint import CHECKPOINT
from sc2_attrib.index.corpus.document import (
    CorpusDescription,
    CorpusSource,
    SkippedDocument,
    SkipReason,
    SourceDocument,
)
from sc2_attrib.index.errors import CorpusError, UsageError
from sc2_attrib.index.local import open_index
from sc2_attrib.index.manifest import is_index
from sc2_attrib.index.memory import LEAST_MEMORY, MemoryPlan
from sc2_attrib.index.segment.builder import SegmentBuilder
from sc2_attrib.index.take_down import remove_from_index
from tests.index.changing import texts_of
from tests.index.corpora import Documents, code_like, document, place

ROOT = Path(__file__).parents[2]
REQUEST = {"sources": "a, b", "filters": "none"}
OPTIONS = BuildOptions(resources=Resources(jobs=2, checkpoint_bytes=60_000), request=REQUEST)


def corpus(seed: int) -> Documents:
    """Related texts, some of them twice, and items that are skipped."""
    rng = random.Random(seed)
    contents = code_like(seed, 200_000, 60)
    items: list[SourceDocument | SkippedDocument] = []
    for number, content in enumerate([*contents, *rng.sample(contents, 20)]):
        items.append(SourceDocument(content, place(f"{number}.py", "MIT", repository=f"o/{seed}")))
        if rng.random() < 0.2:
            items.append(SkippedDocument(f"{number}.bin", SkipReason.BINARY))
    return Documents(tuple(items), f"corpus {seed}")


SOURCES: list[CorpusSource] = [corpus(1), corpus(2)]


@dataclass(frozen=True, slots=True)
class Breaking:
    """A source that breaks off after some items."""

    source: Documents
    n_items: int
    error: type[BaseException] = ZeroDivisionError

    def describe(self) -> CorpusDescription:
        return self.source.describe()

    def estimate_bytes(self) -> int | None:
        return None

    def __iter__(self) -> Iterator[SourceDocument | SkippedDocument]:
        yield from itertools.islice(self.source, self.n_items)
        raise self.error


def build(folder: Path, sources: list[CorpusSource], **changes: object) -> BuildSummary:
    return building.build_index(sources, folder, replace(OPTIONS, **changes))  # type: ignore[arg-type]


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        f"{number}/{path.name}": path.read_bytes()
        for number, segment in enumerate(sorted(folder.glob("segment-*")))
        for path in segment.iterdir()
    }


def counts(summary: BuildSummary) -> tuple[object, ...]:
    return (
        summary.n_documents,
        summary.n_occurrences,
        summary.n_duplicates,
        summary.read_bytes,
        summary.skipped,
        summary.bytes_by_part,
    )


@pytest.mark.parametrize("broken", [(0, 30), (0, 80), (1, 1), (1, 79)])
def test_an_interrupted_build_goes_on_to_the_same_index(
    tmp_path: Path, broken: tuple[int, int]
) -> None:
    """Files, counts and corpora are those of a build that was not interrupted; nothing is left."""
    expected = build(tmp_path / "whole", SOURCES)
    number, n_items = broken
    interrupted = [*SOURCES]
    interrupted[number] = Breaking(corpus(number + 1), n_items)
    with pytest.raises(ZeroDivisionError):
        build(tmp_path / "ix", interrupted)
    assert (tmp_path / "ix" / CHECKPOINT).exists()
    summary = build(tmp_path / "ix", SOURCES)
    assert summary.resumed
    assert not expected.resumed
    assert counts(summary) == counts(expected)
    assert files_of(tmp_path / "ix") == files_of(tmp_path / "whole")
    with open_index(tmp_path / "ix") as index, open_index(tmp_path / "whole") as whole:
        assert index.describe().corpora == whole.describe().corpora
    assert sorted(path.name for path in (tmp_path / "ix").iterdir()) == [
        "manifest.json",
        "segment-000001",
        "write.lock",
    ]


@pytest.mark.parametrize("error", [CorpusError, KeyboardInterrupt])
def test_what_was_read_before_an_error_is_kept(tmp_path: Path, error: type[BaseException]) -> None:
    """A source that fails, or Ctrl-C, loses nothing: the next run reads only what is left."""
    options = replace(OPTIONS, resources=Resources())  # no checkpoint is due before the end
    with pytest.raises(error):
        building.build_index([Breaking(corpus(1), 50, error)], tmp_path / "ix", options)
    seen: list[int] = []

    @dataclass(frozen=True, slots=True)
    class Watched(Breaking):
        def items_from(self, first: int) -> Iterator[SourceDocument | SkippedDocument]:
            seen.append(first)
            return itertools.islice(self.source, first, None)

    building.build_index([Watched(corpus(1), 0)], tmp_path / "ix", options)
    assert seen == [50]
    with open_index(tmp_path / "ix") as index:
        assert index.describe().n_documents == 60


def test_another_request_is_refused(tmp_path: Path) -> None:
    """It names what differs; with --force the work is forgotten and the other one done."""
    with pytest.raises(ZeroDivisionError):
        build(tmp_path, [Breaking(corpus(1), 60)])
    other = REQUEST | {"sources": "b"}
    with pytest.raises(UsageError, match=r"sources a, b, now b\); run that again .*--force"):
        build(tmp_path, [corpus(2)], request=other)
    assert (tmp_path / CHECKPOINT).exists()
    summary = build(tmp_path, [corpus(2)], request=other, force=True)
    assert (summary.n_documents, summary.resumed) == (60, False)
    assert not (tmp_path / CHECKPOINT).exists()


def test_an_interrupted_addition_goes_on(tmp_path: Path) -> None:
    """The index answers as before meanwhile; afterwards it holds everything once."""
    build(tmp_path, [corpus(1)])
    with pytest.raises(ZeroDivisionError):
        add_to_index(
            [Breaking(corpus(2), 70)], tmp_path, resources=OPTIONS.resources, request=REQUEST
        )
    with open_index(tmp_path) as index:
        assert index.describe().n_documents == 60
    with pytest.raises(UsageError, match="holds unfinished work of another command"):
        add_to_index([corpus(2)], tmp_path, request={"sources": "c"})
    summary = add_to_index([corpus(2)], tmp_path, resources=OPTIONS.resources, request=REQUEST)
    assert summary.resumed
    with open_index(tmp_path) as index:
        assert sum(index.verify()) > 0
        found = index.describe()
    assert (found.n_documents, found.n_occurrences) == (120, 160)


def test_unfinished_work_does_not_outlive_a_change(tmp_path: Path) -> None:
    """A removal meanwhile changes what may be added, so the addition begins anew."""
    build(tmp_path, [corpus(1)])
    with pytest.raises(ZeroDivisionError):
        add_to_index(
            [Breaking(corpus(2), 70)], tmp_path, resources=OPTIONS.resources, request=REQUEST
        )
    remove_from_index(["o/2"], tmp_path)
    assert not (tmp_path / CHECKPOINT).exists()
    assert len(list(tmp_path.glob("segment-*"))) == 1
    summary = add_to_index([corpus(2)], tmp_path, resources=OPTIONS.resources, request=REQUEST)
    assert (summary.n_documents, summary.skipped["removed"]) == (0, 80)


def test_a_full_segment_is_followed_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several segments, interrupted among them, hold each document and occurrence once."""
    monkeypatch.setattr(SegmentBuilder, "is_full", property(lambda self: self.n_occurrences >= 25))
    with pytest.raises(ZeroDivisionError):
        build(tmp_path, [corpus(1), Breaking(corpus(2), 60)])
    assert len(list(tmp_path.glob("segment-*"))) > 3
    again: list[CorpusSource] = [corpus(1), corpus(2), corpus(1)]
    summary = build(tmp_path, again)
    assert summary.resumed
    with open_index(tmp_path) as index:
        assert sum(index.verify()) > 0
        found = index.describe()
        text = next(iter(corpus(2))).content  # type: ignore[union-attr]  # the first is a document
        (result,) = index.search([text], min_chars=50, max_sources=0)
    assert found.n_occurrences == summary.n_occurrences == 160
    assert not list(tmp_path.glob("segment-*/*.tmp"))
    assert result.matches


CHILD = """
import sys
from pathlib import Path
from tests.index.test_resuming import OPTIONS, SLOW_SOURCES
from sc2_attrib.index.building import build_index
print("started", flush=True)
build_index(SLOW_SOURCES, Path(sys.argv[1]), OPTIONS)
"""
SLOW_SOURCES: list[CorpusSource] = [
    Documents(tuple(document(text, f"{i}.py") for i, text in enumerate(texts_of(900, seed))))
    for seed in (3, 4)
]


def run_and_kill(folder: Path, seconds: float) -> None:
    """Build in a process of its own and kill it after some time."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, folder],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(seconds)
        process.kill()


@pytest.mark.slow
def test_a_build_may_be_killed_again_and_again(tmp_path: Path) -> None:
    """kill -9 at random moments: the index in the end is that of a build in peace."""
    build(tmp_path / "whole", SLOW_SOURCES)
    rng = random.Random(1)
    n_kills = n_resumable = 0
    while n_kills < 40 and not is_index(tmp_path / "ix"):  # killed after that, it was done
        run_and_kill(tmp_path / "ix", rng.uniform(0.5, 1.5))
        n_kills += 1
        n_resumable += (tmp_path / "ix" / CHECKPOINT).exists()
    assert n_resumable > 1
    if not is_index(tmp_path / "ix"):
        build(tmp_path / "ix", SLOW_SOURCES)
    with open_index(tmp_path / "ix") as index, open_index(tmp_path / "whole") as whole:
        assert sum(index.verify()) > 0
        assert index.describe() == replace(
            whole.describe(), location=str(tmp_path / "ix"), built=index.describe().built
        )


def test_too_little_memory_is_refused() -> None:
    """The plan says what is needed."""
    with pytest.raises(UsageError, match=r"--memory 255MiB: a build needs at least 256MiB"):
        MemoryPlan.of((255 << 20), jobs=1)
    assert MemoryPlan.of(LEAST_MEMORY, jobs=64).group_postings > 10_000
