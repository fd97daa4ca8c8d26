"""A large source is read by a process of its own: same items, same errors, the same index."""

import os
import pickle
import signal
from itertools import islice
from pathlib import Path

import pytest

from sc2_attrib.index import extension
from sc2_attrib.index.building import BuildOptions, Resources, build_index
from sc2_attrib.index.corpus.document import CorpusSource, SkippedDocument
from sc2_attrib.index.corpus.folder import FolderSource
from sc2_attrib.index.corpus.jsonl import JsonLinesSource
from sc2_attrib.index.errors import CorpusError, CorruptIndexError, IndexVersionError
from sc2_attrib.index.read_ahead import PreparedItem, prepared_items
from sc2_attrib.index.segment.prepared import PreparedDocument
from tests.index.corpora import Documents, code_like, nasty

CHILDREN = Path("/proc/thread-self/children")
needs_proc = pytest.mark.skipif(
    not CHILDREN.exists(), reason="the system doesn't tell which processes were started"
)


def folder_of_code(root: Path, n_files: int = 30) -> FolderSource:
    """Files of code, and some that are left out."""
    root.mkdir()
    (root / "LICENSE").write_bytes(b"Permission is hereby granted, free of charge, to any person")
    for number, text in enumerate(code_like(1, 60_000, n_files)):
        (root / f"{number:03}.py").write_bytes(b"# SPDX-License-Identifier: MIT\n" + text)
        (root / f"{number:03}.bin").write_bytes(b"\0\1\2")
    return FolderSource(root)


def read_here(source: CorpusSource, first: int = 0) -> list[PreparedItem]:
    """All items, without another process."""
    return list(prepared_items(source, first, read_here_bytes=None))


def children() -> set[int]:
    """Processes that this thread started and did not wait for."""
    return set(map(int, CHILDREN.read_text(encoding="ascii").split()))


@pytest.mark.parametrize("first", [0, 1, 40, 61, 70])
@pytest.mark.parametrize("here", [1, 20_000, 10**9])
def test_a_reader_goes_on_where_reading_here_stopped(tmp_path: Path, first: int, here: int) -> None:
    """Each item once, in order, from wherever it begins and wherever the reader takes over."""
    source = folder_of_code(tmp_path / "code")
    expected = read_here(source)
    assert {type(item) for item in expected} >= {PreparedDocument, SkippedDocument}
    assert list(prepared_items(source, first, read_here_bytes=here)) == expected[first:]


@needs_proc
def test_it_is_another_process_that_reads_and_it_ends_with_the_reading(tmp_path: Path) -> None:
    """There while items are wanted, also where not all are taken; gone afterwards."""
    source, before = folder_of_code(tmp_path / "code"), children()
    for n_taken in (5, None):
        items = prepared_items(source, 0, read_here_bytes=1)
        taken = list(islice(items, 5))
        assert len(children() - before) == 1
        taken += islice(items, 0) if n_taken else items
        items.close()  # type: ignore[attr-defined]  # it is a generator
        assert len(taken) == (n_taken or len(read_here(source)))
        assert children() == before


def test_what_is_wrong_with_a_source_is_said_as_if_it_were_read_here(tmp_path: Path) -> None:
    """After the items before it, in the same words."""
    path = tmp_path / "rows.jsonl"
    row = b'{"content": "x = 1", "path": "a.py", "repo_name": "o/r"}\n'
    path.write_bytes(row * 2000 + b"{not JSON\n" + row)
    said = []
    for here in (None, 1):
        items, taken = (
            prepared_items(JsonLinesSource(path), 0, read_here_bytes=here),
            list[PreparedItem](),
        )
        with pytest.raises(CorpusError) as failure:
            taken.extend(items)
        said.append((len(taken) >= 1500, str(failure.value)))
    assert said[0] == said[1]
    assert said[0][0]


def test_a_source_that_only_this_process_knows_is_read_here() -> None:
    """Whether it can't be sent or can't be understood there."""

    class Local(Documents):
        """A class inside a function: no other process can find it."""

    documents = nasty(1).documents
    expected = read_here(Documents(documents))
    for source in (Documents(documents), Local(documents)):
        assert list(prepared_items(source, 0, read_here_bytes=1)) == expected


@needs_proc
def test_a_reader_that_is_killed_is_no_end_of_the_source(tmp_path: Path) -> None:
    """Reading fails, and a build leaves a checkpoint from which the same command goes on."""
    source = JsonLinesSource(tmp_path / "rows.jsonl")
    row = b'{"content": "%s", "path": "%d.py", "repo_name": "o/r"}\n'
    texts = (bytes(text).replace(b"\n", b"\\n") for text in code_like(2, 6_000_000, 3000))
    (tmp_path / "rows.jsonl").write_bytes(b"".join(row % (t, n) for n, t in enumerate(texts)))
    before = children()
    items = prepared_items(source, 0, read_here_bytes=1)
    list(islice(items, 2))
    for pid in children() - before:
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(CorpusError, match=r"ended with status -9; the same command goes on"):
        list(items)


def test_an_index_is_the_same_whoever_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte by byte, and with the same counts."""
    source = folder_of_code(tmp_path / "code")
    summaries, files = [], []
    for name, jobs, here in (("here", 1, 1), ("apart", 2, 1)):
        monkeypatch.setattr(extension, "READ_HERE_BYTES", here)
        options = BuildOptions(resources=Resources(jobs=jobs), near=False)
        summary = build_index([source], tmp_path / name, options)
        summaries.append((summary.n_documents, summary.skipped, summary.read_bytes))
        segments = sorted((tmp_path / name).glob("segment-*/*"))
        files.append({path.name: path.read_bytes() for path in segments})
    assert summaries[0] == summaries[1]
    assert files[0] == files[1]


@pytest.mark.parametrize(
    "error",
    [
        CorpusError("no"),
        CorruptIndexError(Path("ix/text"), 7, "cut short"),
        IndexVersionError(Path("ix"), 9, 2),
    ],
)
def test_errors_pass_from_process_to_process(error: Exception) -> None:
    """With their words and facts; a worker's answer must not become another failure."""
    passed = pickle.loads(pickle.dumps(error))
    assert (type(passed), str(passed), vars(passed)) == (type(error), str(error), vars(error))
