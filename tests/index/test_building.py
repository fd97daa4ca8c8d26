"""Builds: what is refused, what a failure leaves, and that the numbers add up."""

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sc2_attrib.index import building, manifest, transaction
from sc2_attrib.index.building import BuildOptions, BuildSummary, build_index
from sc2_attrib.index.corpus.document import (
    CorpusDescription,
    SkippedDocument,
    SkipReason,
    SourceDocument,
)
from sc2_attrib.index.errors import CorpusError, IndexUnusableError, UsageError
from sc2_attrib.index.extension import BuildProgress
from sc2_attrib.index.local import index_stats, open_index
from tests.index.corpora import Documents, built, code_like, document, nasty, place
from tests.index.oracle import Oracle

OLD, NEW = (code_like(seed, 40_000, 20) for seed in (1, 2))


@dataclass(frozen=True, slots=True)
class Failing:
    """A source that breaks off after some documents."""

    contents: list[bytes]
    error: type[BaseException]

    def describe(self) -> CorpusDescription:
        return CorpusDescription("failing")

    def estimate_bytes(self) -> int | None:
        return None

    def __iter__(self) -> Iterator[SourceDocument]:
        for number, content in enumerate(self.contents):
            yield document(content, f"{number}")
        raise self.error


def build(folder: Path, contents: list[bytes], *, force: bool = False) -> BuildSummary:
    documents = tuple(document(text, f"{i}.py") for i, text in enumerate(contents))
    return build_index([Documents(documents)], folder, BuildOptions(force=force))


def holds(folder: Path, contents: list[bytes]) -> bool:
    """Tell whether an index finds each of the contents whole."""
    with open_index(folder) as index:
        results = index.search(contents, min_chars=50, max_sources=1)
    return all(
        result.matches and result.matches[0].stop - result.matches[0].start == len(text.strip())
        for text, result in zip(contents, results, strict=True)
    )


def names_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# What is refused


def test_an_existing_index_is_refused_without_force(tmp_path: Path) -> None:
    """It stays what it was; with force it is replaced, and nothing of it is left."""
    build(tmp_path, OLD)
    before = (tmp_path / "manifest.json").read_bytes()
    with pytest.raises(UsageError, match=f"{tmp_path}: there is an index already; --force"):
        build(tmp_path, NEW)
    assert (tmp_path / "manifest.json").read_bytes() == before
    build(tmp_path, NEW, force=True)
    assert holds(tmp_path, NEW)
    assert not holds(tmp_path, OLD)
    assert len(list(tmp_path.glob("segment-*"))) == 1


def test_an_index_that_appears_while_waiting_is_refused_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another build may finish between the first look and the lock."""
    lock = transaction.writing

    def late(folder: Path) -> AbstractContextManager[None]:
        monkeypatch.setattr(building, "writing", lock)
        build(folder, OLD)
        return lock(folder)

    monkeypatch.setattr(building, "writing", late)
    with pytest.raises(UsageError, match="there is an index already"):
        build(tmp_path, NEW)
    assert holds(tmp_path, OLD)


def test_what_is_no_index_is_left_alone(tmp_path: Path) -> None:
    """A file, a folder with other files, a path through a file: named, and untouched."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").write_text("x")
    before = names_in(tmp_path)
    for name, error in (
        ("file", UsageError),
        ("folder", UsageError),
        ("file/below", IndexUnusableError),
    ):
        for force in (False, True):
            with pytest.raises(error, match=str(tmp_path / name)):
                build(tmp_path / name, NEW, force=force)
    assert names_in(tmp_path) == before


@pytest.mark.parametrize("name", ["segment-anything", "segment-1.py", ".manifest-of-mine"])
def test_names_like_ours_are_not_ours(tmp_path: Path, name: str) -> None:
    """A folder or file whose name begins like one of an index is other people's."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "model.py").write_text("x")
    with pytest.raises(UsageError, match="holds other files"):
        build(tmp_path, NEW)
    assert (tmp_path / name / "model.py").exists()


def test_a_neighbour_with_such_a_name_survives(tmp_path: Path) -> None:
    """What stands beside the segments of an index isn't removed with what a build left."""
    build(tmp_path, OLD)
    (tmp_path / "segment-anything").mkdir()
    (tmp_path / "segment-anything" / "model.py").write_text("x")
    build(tmp_path, NEW, force=True)
    assert (tmp_path / "segment-anything" / "model.py").exists()


def test_force_does_not_replace_a_foreign_manifest(tmp_path: Path) -> None:
    """Browser extensions and web applications have a manifest.json of their own."""
    (tmp_path / "manifest.json").write_text('{"manifest_version": 3}')
    (tmp_path / "background.js").write_text("x")
    with pytest.raises(UsageError):
        build(tmp_path, NEW, force=True)
    assert "manifest_version" in (tmp_path / "manifest.json").read_text()


@pytest.mark.parametrize("guarantee", [-1, 31, 1001])
def test_a_guarantee_out_of_range_is_refused(tmp_path: Path, guarantee: int) -> None:
    """Before anything is written."""
    with pytest.raises(UsageError, match=f"--guarantee {guarantee}: must lie between 32 and 1000"):
        build_index([], tmp_path / "ix", BuildOptions(guarantee_chars=guarantee))
    assert not (tmp_path / "ix").exists()


# What a failure leaves


@pytest.mark.parametrize("error", [CorpusError, KeyboardInterrupt, MemoryError, ZeroDivisionError])
@pytest.mark.parametrize("n_documents", [0, 20])
def test_a_source_that_fails_changes_nothing(
    tmp_path: Path, error: type[BaseException], n_documents: int
) -> None:
    """The error goes on as it is, the old index stays, nothing is left behind."""
    build(tmp_path, OLD)
    before = names_in(tmp_path)
    with pytest.raises(error):
        build_index([Failing(NEW[:n_documents], error)], tmp_path, BuildOptions(force=True))
    assert names_in(tmp_path) == before
    assert holds(tmp_path, OLD)


def test_a_first_build_that_fails_leaves_no_index(tmp_path: Path) -> None:
    """Opening says that there is none; the next build works."""
    with pytest.raises(CorpusError):
        build_index([Failing(NEW, CorpusError)], tmp_path / "ix", BuildOptions())
    assert names_in(tmp_path / "ix") == ["write.lock"]
    with pytest.raises(IndexUnusableError, match="holds no index"):
        open_index(tmp_path / "ix")
    build(tmp_path / "ix", NEW)
    assert holds(tmp_path / "ix", NEW)


def test_an_interrupt_while_sorting_changes_nothing(tmp_path: Path) -> None:
    """As an interrupt while reading."""

    def interrupt(progress: BuildProgress) -> None:
        if progress.phase == "sorting":
            raise KeyboardInterrupt

    build(tmp_path, OLD)
    before = names_in(tmp_path)
    source = Documents(tuple(document(text, f"{i}") for i, text in enumerate(NEW)))
    with pytest.raises(KeyboardInterrupt):
        build_index([source], tmp_path, BuildOptions(force=True), on_progress=interrupt)
    assert names_in(tmp_path) == before
    assert holds(tmp_path, OLD)


def interrupted(step: Callable[..., object], *, after: bool) -> Callable[..., object]:
    """A step at which Ctrl-C arrives, before it has happened or after."""

    def wrapped(*arguments: object) -> object:
        if after:
            step(*arguments)
        raise KeyboardInterrupt

    return wrapped


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", ["fsync", "replace", "sync_folder"])
def test_an_interrupt_while_publishing_leaves_one_of_the_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    """The index is the old one or the new one, whole, and the next build finds no litter."""
    build(tmp_path, OLD)
    n_names = len(names_in(tmp_path))
    place, name = {
        "fsync": (os, "fsync"),
        "replace": (Path, "replace"),
        "sync_folder": (manifest, "sync_folder"),
    }[step]
    write = transaction.publish

    def publish(*arguments: object) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(place, name, interrupted(getattr(place, name), after=after))
            write(*arguments)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(building, "publish", publish)
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path, NEW, force=True)
    assert holds(tmp_path, OLD) != holds(tmp_path, NEW)
    assert len(names_in(tmp_path)) == n_names, "litter"


HOLD_LOCK = """
import sys
from pathlib import Path
from sc2_attrib.index.transaction import writing
with writing(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_writer_in_another_process_is_named(tmp_path: Path) -> None:
    """The second gets an error at once; when the first is killed, the way is free."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_LOCK, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        with pytest.raises(IndexUnusableError, match=f"process {first.pid} on .* is writing to it"):
            build(tmp_path, NEW)
        first.kill()
    build(tmp_path, NEW)


# What is built


def test_the_numbers_add_up(tmp_path: Path) -> None:
    """Documents, occurrences, bytes and skips, in summary, description and statistics."""
    first = [document(text, f"{i}.py") for i, text in enumerate(OLD)]
    second: list[SourceDocument | SkippedDocument] = [
        SourceDocument(OLD[0], place("copy.py", "MIT", repository="o/copy")),
        SkippedDocument("a.bin", SkipReason.BINARY),
        SkippedDocument("b.bin", SkipReason.BINARY),
        document(NEW[0], "new.py"),
        document(b"", "empty.py"),
    ]
    sources = [Documents(tuple(first), "first"), Documents(tuple(second), "second")]
    summary = build_index(sources, tmp_path, BuildOptions())
    stats = index_stats(tmp_path)
    found = stats.description
    n_bytes = sum(map(len, OLD)) + len(NEW[0])

    assert (summary.n_documents, summary.n_occurrences, summary.n_duplicates) == (22, 23, 1)
    assert (found.n_documents, found.n_occurrences, found.n_removed) == (22, 23, 0)
    assert summary.raw_bytes == found.raw_bytes == n_bytes
    assert summary.skipped == stats.skipped == {SkipReason.BINARY: 2}
    assert [(c.corpus.name, c.n_documents, c.raw_bytes) for c in found.corpora] == [
        ("first", 20, sum(map(len, OLD))),
        ("second", 2, len(NEW[0])),
    ]
    files = {path.name: path.stat().st_size for path in tmp_path.glob("segment-*/*")}
    assert summary.bytes_by_part == files
    assert set(files) == {part.split("/")[0] for part in stats.bytes_by_part}
    assert 0 < sum(stats.bytes_by_part.values()) < sum(files.values())
    assert (found.location, found.guarantee_chars, stats.n_segments) == (str(tmp_path), 50, 1)


def test_the_number_of_threads_does_not_matter(tmp_path: Path) -> None:
    """With one and with three the files are equal byte for byte, and so is the id."""
    corpus = nasty(4)
    for jobs in (1, 3):
        built(tmp_path / str(jobs), corpus.documents, jobs=jobs).close()
    one, three = (index_stats(tmp_path / name).description for name in ("1", "3"))
    assert one.id == three.id
    for path in (tmp_path / "1").glob("segment-*/*"):
        other = tmp_path / "3" / path.relative_to(tmp_path / "1")
        assert path.read_bytes() == other.read_bytes()


def test_another_licence_is_another_index(tmp_path: Path) -> None:
    """The id changes with what is answered, and only with that."""
    ids = []
    for number, license in enumerate(("MIT", "MIT", "GPL-2.0-only")):
        with built(tmp_path / str(number), [document(OLD[0], "a.py", license)]) as index:
            ids.append(index.describe().id)
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("contents", [[], [b""], [b" \n"], [b"x"], [b"", b"\t", b"y" * 49]])
def test_an_index_of_nothing_answers_nothing(tmp_path: Path, contents: list[bytes]) -> None:
    """No documents, empty ones, white space, and documents below the guarantee."""
    with built(tmp_path, [document(text, f"{i}") for i, text in enumerate(contents)]) as index:
        for is_fast in (False, True):
            if is_fast:
                index.use_machine_code()
            for texts in ([], [b""], [b"", b"y" * 200, b" \n"]):
                results = index.search(texts, min_chars=50, max_sources=0)
                assert [result.matches for result in results] == [()] * len(texts)


def test_below_the_guarantee_is_refused(tmp_path: Path) -> None:
    """The message names both numbers."""
    with (
        built(tmp_path, [document(OLD[0])], guarantee=80) as index,
        pytest.raises(UsageError, match=r"--min-chars 79: .* finds every match of 80"),
    ):
        index.search([b"x"], min_chars=79, max_sources=0)


LINE_ENDS = (b"\n", b"\r\n", b"\r", b"\n\n", b"\r\r", b"\r\n\r\n", b"\n\r", b" \t")


def lined(rng: random.Random, n_lines: int) -> bytes:
    """A document of short lines with all kinds of line ends, perhaps with a byte order mark."""
    start = rng.choice([b"", b"\xef\xbb\xbf", b"\n", b"\r\n "])
    lines = (
        f"{rng.getrandbits(64):x} é {rng.choice('函数返回')}".encode() + rng.choice(LINE_ENDS)
        for _ in range(n_lines)
    )
    return start + b"".join(lines)


def test_sources_are_located_in_their_documents(tmp_path: Path) -> None:
    """Offsets and lines are those of the raw document: in blocks, across them, beside neighbours.

    Documents end with a carriage return where the next begins with a line feed.
    """
    rng = random.Random(5)
    contents = [lined(rng, rng.choice([5, 40, 3000])) for _ in range(24)]
    documents = [document(text, f"{i}") for i, text in enumerate(contents)]
    texts = []
    for content in contents:
        start = rng.randrange(len(content) // 2)
        texts += [content[start : start + 300], content[: rng.randrange(60, 40_000)]]
    oracle = Oracle(documents, 50)
    with built(tmp_path, documents) as index:
        index.use_machine_code()
        results = index.search(texts, min_chars=50, max_sources=0)
    assert any(match for result in results for match in result.matches)
    for text, result in zip(texts, results, strict=True):
        assert result.matches == oracle.matches(text, 50)


def test_threads_share_an_open_index(tmp_path: Path) -> None:
    """Searches at the same time answer as searches one after another."""
    corpus = nasty(5, n_texts=12)
    with built(tmp_path, corpus.documents) as index:
        index.use_machine_code()

        def search(text: bytes) -> object:
            return index.search([text], min_chars=50, max_sources=5)

        expected = [search(text) for text in corpus.texts]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(search, corpus.texts * 2)) == expected * 2
