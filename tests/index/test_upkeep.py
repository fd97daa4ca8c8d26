"""Additions, take-downs and compaction: an index that changed answers like one built anew."""

import json
import multiprocessing
import random
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from sc2_attrib.index.building import BuildOptions, add_to_index, build_index, compact_index
from sc2_attrib.index.corpus.document import SourceDocument
from sc2_attrib.index.errors import IndexUnusableError, IndexVersionError, UsageError
from sc2_attrib.index.local import open_index
from sc2_attrib.index.manifest import read_removals
from sc2_attrib.index.search import ExactMatch, SearchResult
from sc2_attrib.index.take_down import remove_from_index
from sc2_attrib.index.transaction import writing
from tests.index.corpora import Documents, document, nasty, place

FUNCTION = b"def shared(items):\n" + b"".join(
    b"    total_%d = sum(item.value for item in items if item.kind == %d)\n" % (i, i)
    for i in range(8)
)


def search(folder: Path, texts: Sequence[bytes], max_sources: int = 0) -> list[SearchResult]:
    with open_index(folder) as index:
        return index.search(texts, min_chars=50, max_sources=max_sources)


def only(results: list[SearchResult]) -> ExactMatch:
    [result] = results
    [match] = result.matches
    return match


def source(documents: Sequence[SourceDocument]) -> Documents:
    return Documents(tuple(documents))


@pytest.mark.parametrize("seed", [1, 2])
def test_an_index_that_changed_answers_like_one_built_anew(tmp_path: Path, seed: int) -> None:
    """After twenty random additions, removals and compactions the answers are those of a fresh
    build of what remains: the same extents, sources in the same order, and counts."""
    rng = random.Random(seed)
    corpus = nasty(seed, n_texts=6)
    documents = [
        SourceDocument(item.content, place(f"{i}.py", "MIT", repository=f"o{i % 5}/r{i % 7}"))
        for i, item in enumerate(corpus.documents)
        if item.content.strip()
    ]
    rng.shuffle(documents)
    chunks = [documents[i::13] for i in range(13)]
    changed, fresh = tmp_path / "changed", tmp_path / "fresh"
    build_index([source(chunks[0])], changed, BuildOptions())
    present = list(chunks[0])
    removed: set[str] = set()
    for step in range(20):
        what = rng.choice(["add", "add", "remove", "compact"])
        if what == "add":
            chunk = chunks[step % 13]
            add_to_index([source(chunk)], changed)
            present += [d for d in chunk if d.occurrence.repository not in removed]
        elif what == "remove":
            name = f"o{rng.randrange(5)}/r{rng.randrange(7)}"
            removed.add(name)
            remove_from_index([name], changed)
            present = [d for d in present if d.occurrence.repository not in removed]
        else:
            compact_index(changed)
    build_index([source(list(dict.fromkeys(present)))], fresh, BuildOptions())
    assert search(changed, corpus.texts) == search(fresh, corpus.texts)


def test_adding_twice_changes_nothing(tmp_path: Path) -> None:
    """What the index holds already leaves manifest and files as they are."""
    documents = [document(FUNCTION, "a.py"), document(FUNCTION[:200], "b.py")]
    build_index([source(documents)], tmp_path / "ix", BuildOptions())
    manifest = (tmp_path / "ix" / "manifest.json").read_bytes()
    summary = add_to_index([source(documents)], tmp_path / "ix")
    assert summary.n_documents == 0
    assert (tmp_path / "ix" / "manifest.json").read_bytes() == manifest


def test_a_known_content_gets_another_occurrence(tmp_path: Path) -> None:
    """One document, two places, after an addition as after a build."""
    build_index([source([document(FUNCTION, "a.py")])], tmp_path / "ix", BuildOptions())
    add_to_index([source([document(FUNCTION, "b.py", "GPL-3.0-only")])], tmp_path / "ix")
    match = only(search(tmp_path / "ix", [FUNCTION]))
    assert (match.n_documents, match.n_occurrences) == (1, 2)
    assert [s.occurrence.path for s in match.sources] == ["a.py", "b.py"]


def test_copies_removed_one_by_one_disappear_one_by_one(tmp_path: Path) -> None:
    """Of 200 copies of one function, a hot text, exactly the removed ones are gone each time."""
    copies = [
        SourceDocument(FUNCTION + b"# copy %d" % i, place("f.py", "MIT", repository=f"o/r{i:03d}"))
        for i in range(200)
    ]
    folder = tmp_path / "ix"
    build_index([source(copies)], folder, BuildOptions())
    left = [f"o/r{i:03d}" for i in range(200)]
    with open_index(folder) as index:
        index.use_machine_code()
        while left:
            gone, left = left[:8], left[8:]
            remove_from_index(gone, folder)
            [result] = index.search([FUNCTION], min_chars=50, max_sources=0)
            found = [s.occurrence.repository for m in result.matches for s in m.sources]
            assert found == left


def test_a_removal_can_be_taken_back_until_compaction(tmp_path: Path) -> None:
    """Undo brings a repository back; what was compacted away stays away."""
    folder = tmp_path / "ix"
    build_index([source([document(FUNCTION)])], folder, BuildOptions())
    assert remove_from_index(["o/*"], folder, reason="asked to").n_documents == 1
    assert search(folder, [FUNCTION])[0].matches == ()
    assert remove_from_index(["o/*"], folder, undo=True).n_documents == 1
    assert only(search(folder, [FUNCTION])).n_documents == 1
    remove_from_index(["o/r"], folder)
    compact_index(folder)
    remove_from_index(["o/r"], folder, undo=True)
    assert search(folder, [FUNCTION])[0].matches == ()


def test_a_removal_is_a_standing_deny_list(tmp_path: Path) -> None:
    """A removed content is left out of later additions, wherever it comes from, with the reason."""
    folder = tmp_path / "ix"
    build_index([source([document(FUNCTION)])], folder, BuildOptions())
    swhid = only(search(folder, [FUNCTION])).sources[0].document
    remove_from_index([swhid], folder)
    summary = add_to_index([source([document(FUNCTION, "elsewhere.py", "ISC")])], folder)
    assert summary.skipped == {"removed": 1}
    assert search(folder, [FUNCTION])[0].matches == ()


def test_removals_that_cannot_be_read_are_not_forgotten_in_silence(tmp_path: Path) -> None:
    """--force refuses an index whose manifest is damaged, until it is said that its list of
    removals may go; nothing is touched meanwhile."""
    build_index([source([document(FUNCTION)])], tmp_path, BuildOptions())
    remove_from_index(["o/gone"], tmp_path)
    path = tmp_path / "manifest.json"
    damaged = path.read_text().replace("o/gone", "o/done")
    path.write_text(damaged)
    with pytest.raises(UsageError, match=r"what was removed .* --forget-removals .*checksum"):
        build_index([], tmp_path, BuildOptions(force=True))
    assert path.read_text() == damaged
    assert (tmp_path / "segment-000001" / "text").exists()
    options = BuildOptions(force=True, forget_removals=True)
    build_index([source([document(FUNCTION)])], tmp_path, options)
    assert only(search(tmp_path, [FUNCTION])).n_documents == 1
    assert read_removals(tmp_path) == ()


def test_removals_of_another_format_version_are_kept(tmp_path: Path) -> None:
    """An index that only a later version can search is rebuilt with what was removed from it."""
    build_index([source([document(FUNCTION)])], tmp_path, BuildOptions())
    remove_from_index(["o/gone"], tmp_path)
    path = tmp_path / "manifest.json"
    fields = json.loads(path.read_bytes()) | {"version": 99, "what a later version adds": 1}
    del fields["checksum"]
    text = json.dumps(fields, sort_keys=True).encode()
    path.write_text(json.dumps(fields | {"checksum": f"{zlib.crc32(text):08x}"}))
    with pytest.raises(IndexVersionError):
        open_index(tmp_path)
    build_index([source([document(FUNCTION)])], tmp_path, BuildOptions(force=True))
    assert [removal.what for removal in read_removals(tmp_path)] == ["o/gone"]


def test_compaction_deletes_removed_text_from_the_disk(tmp_path: Path) -> None:
    """The decompressed store holds a removed text before compaction, and not after."""
    folder = tmp_path / "ix"
    secret, kept = FUNCTION.replace(b"total", b"secret"), FUNCTION.replace(b"total", b"kept")
    documents = [
        SourceDocument(secret, place("s.py", "MIT", repository="o/gone")),
        SourceDocument(kept, place("k.py", "MIT", repository="o/stays")),
    ]
    build_index([source(documents)], folder, BuildOptions())
    remove_from_index(["o/gone"], folder)
    assert b"secret_1" in stored_text(folder)
    compact_index(folder)
    assert b"secret_1" not in stored_text(folder)
    assert b"kept_1" in stored_text(folder)


def stored_text(folder: Path) -> bytes:
    """All text blocks of an index, decompressed."""
    with open_index(folder) as index:
        return b"".join(
            segment.content.read_block(block)
            for segment in index._current().segments
            for block in range(segment.content.n_blocks)
        )


def test_many_segments_are_joined(tmp_path: Path) -> None:
    """Additions keep the number of segments at ten or less, and nothing is lost."""
    folder = tmp_path / "ix"
    texts = [FUNCTION.replace(b"total", b"name%d" % i) for i in range(14)]
    build_index([source([document(texts[0])])], folder, BuildOptions())
    for i, text in enumerate(texts[1:], 1):
        add_to_index([source([document(text, f"{i}.py")])], folder)
    with open_index(folder) as index:
        assert index.stats().n_segments <= 10
        assert index.describe().n_documents == 14
        assert all(r.matches for r in index.search(texts, min_chars=100, max_sources=0))


def test_an_open_index_sees_changes_of_other_processes(tmp_path: Path) -> None:
    """A search after a change answers from the changed index, without opening it again."""
    folder = tmp_path / "ix"
    build_index([source([document(FUNCTION)])], folder, BuildOptions())
    with open_index(folder) as index:
        before = index.describe()
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=remove_from_index, args=(["o/r"], folder))
        process.start()
        process.join()
        assert process.exitcode == 0
        assert index.search([FUNCTION], min_chars=50, max_sources=0)[0].matches == ()
        assert index.describe().id != before.id
        assert (before.n_removed, index.describe().n_removed) == (0, 1)


def test_verify_reads_everything(tmp_path: Path) -> None:
    """A sound index is read to the last byte; a flipped one is named."""
    folder = tmp_path / "ix"
    build_index([source([document(FUNCTION)])], folder, BuildOptions())
    with open_index(folder) as index:
        assert sum(index.verify()) > len(FUNCTION)


@pytest.mark.parametrize("name", ["", "owner/*/x", "*", "swh:1:cnt:12", "swh:1:rev:" + 40 * "0"])
def test_a_name_that_names_nothing_is_refused(tmp_path: Path, name: str) -> None:
    """Neither a repository, nor an owner's, nor a content: nothing is written."""
    build_index([source([document(FUNCTION)])], tmp_path / "ix", BuildOptions())
    with pytest.raises(UsageError):
        remove_from_index([name], tmp_path / "ix")


def test_a_second_writer_is_told_of_the_first(tmp_path: Path) -> None:
    """While one writes, another gets an error that names its process, at once."""
    folder = tmp_path / "ix"
    build_index([source([document(FUNCTION)])], folder, BuildOptions())
    with writing(folder), pytest.raises(IndexUnusableError, match=r"process \d+ on .* is writing"):
        add_to_index([source([document(FUNCTION, "b.py")])], folder)
