"""An index as a source: its segments are taken over, and the whole answers as one index."""

from pathlib import Path

import pytest

from sc2_attrib.index.building import BuildOptions, BuildSummary, add_to_index, build_index
from sc2_attrib.index.corpus.document import CorpusSource, SourceDocument
from sc2_attrib.index.corpus.filtered import filtered
from sc2_attrib.index.corpus.filters import Filters
from sc2_attrib.index.corpus.index_folder import IndexSource
from sc2_attrib.index.corpus.location import open_source
from sc2_attrib.index.errors import CorruptIndexError, UsageError
from sc2_attrib.index.local import index_stats, open_index
from sc2_attrib.index.take_down import remove_from_index
from tests.index.corpora import Documents, code_like, place

TEXTS = code_like(7, 60_000, 30)
QUERIES = [text[: len(text) // 2] for text in TEXTS]


def documents(texts: list[bytes], repository: str) -> Documents:
    return Documents(
        tuple(
            SourceDocument(text, place(f"{TEXTS.index(text)}.py", "MIT", repository=repository))
            for text in texts
        ),
        repository,
    )


def build(folder: Path, *sources: CorpusSource, guarantee: int = 50) -> BuildSummary:
    return build_index(sources, folder, BuildOptions(guarantee_chars=guarantee))


def answers(folder: Path) -> list[object]:
    with open_index(folder) as index:
        assert sum(index.verify()) > 0
        return [*index.search(QUERIES, min_chars=50, max_sources=0)]


def test_parts_joined_answer_like_one_build(tmp_path: Path) -> None:
    """Two parts become one index without their documents being read; the files are linked."""
    parts = documents(TEXTS[:15], "o/a"), documents(TEXTS[15:], "o/b")
    for name, part in zip("ab", parts, strict=True):
        build(tmp_path / name, part)
    summary = build(tmp_path / "ix", IndexSource(tmp_path / "a"), IndexSource(tmp_path / "b"))
    build(tmp_path / "whole", *parts)
    assert answers(tmp_path / "ix") == answers(tmp_path / "whole")
    stats, whole = index_stats(tmp_path / "ix"), index_stats(tmp_path / "whole")
    assert stats.description.corpora == whole.description.corpora
    assert summary.n_documents == stats.description.n_documents == 30
    assert stats.n_segments == 2
    assert next((tmp_path / "ix").glob("segment-*/text")).stat().st_nlink == 2


def test_what_stands_in_both_counts_once(tmp_path: Path) -> None:
    """The same occurrence is listed once, another occurrence of the same content beside it."""
    both = documents(TEXTS[:20], "o/a")
    other = documents(TEXTS[10:], "o/b")
    build(tmp_path / "a", both)
    build(tmp_path / "b", both, other)
    build(tmp_path / "ix", *map(IndexSource, (tmp_path / "a", tmp_path / "b")))
    build(tmp_path / "whole", both, other)
    assert answers(tmp_path / "ix") == answers(tmp_path / "whole")
    assert index_stats(tmp_path / "ix").description.n_occurrences == 40


def test_removals_are_taken_over(tmp_path: Path) -> None:
    """What either index had removed stays out of the whole, and comes back with undo."""
    build(tmp_path / "a", documents(TEXTS[:15], "o/a"))
    build(tmp_path / "ix", documents(TEXTS[15:], "o/b"))
    before = answers(tmp_path / "ix")
    remove_from_index(["o/a"], tmp_path / "a", reason="asked")
    add_to_index([IndexSource(tmp_path / "a")], tmp_path / "ix")
    assert answers(tmp_path / "ix") == before
    assert index_stats(tmp_path / "ix").description.n_removed == 15
    remove_from_index(["o/a"], tmp_path / "ix", undo=True)
    build(tmp_path / "whole", documents(TEXTS[15:], "o/b"), documents(TEXTS[:15], "o/a"))
    assert answers(tmp_path / "ix") == answers(tmp_path / "whole")


def test_taking_over_twice_changes_nothing(tmp_path: Path) -> None:
    """All occurrences are known the second time."""
    build(tmp_path / "a", documents(TEXTS[:15], "o/a"))
    build(tmp_path / "ix", documents(TEXTS[15:], "o/b"))
    for _ in range(2):
        add_to_index([IndexSource(tmp_path / "a")], tmp_path / "ix")
    found = index_stats(tmp_path / "ix").description
    assert (found.n_documents, found.n_occurrences) == (30, 30)


def test_the_source_stays_as_it_is(tmp_path: Path) -> None:
    """It shares files with the whole, which may change or go."""
    build(tmp_path / "a", documents(TEXTS, "o/a"))
    before = answers(tmp_path / "a")
    build(tmp_path / "ix", IndexSource(tmp_path / "a"))
    remove_from_index(["o/a"], tmp_path / "ix")
    assert answers(tmp_path / "a") == before


def test_another_guarantee_is_refused(tmp_path: Path) -> None:
    """Both are named, and nothing is built."""
    build(tmp_path / "a", documents(TEXTS, "o/a"), guarantee=100)
    with pytest.raises(UsageError, match=r"a: has a guarantee of 100 .* one of 50"):
        build(tmp_path / "ix", IndexSource(tmp_path / "a"))
    with pytest.raises(UsageError, match="can't be added to itself"):
        add_to_index([IndexSource(tmp_path / "a")], tmp_path / "a")


def test_a_damaged_part_is_not_taken_over(tmp_path: Path) -> None:
    """Each byte is checked on the way, also of what a search would not read."""
    build(tmp_path / "a", documents(TEXTS, "o/a"))
    text = tmp_path / "a" / "segment-000001" / "text"
    data = bytearray(text.read_bytes())
    data[4096 + 100] ^= 1
    text.write_bytes(data)
    with pytest.raises(CorruptIndexError, match="checksum"):
        build(tmp_path / "ix", IndexSource(tmp_path / "a"))
    assert not list((tmp_path / "ix").glob("segment-*"))


def test_a_part_of_an_index_is_read(tmp_path: Path) -> None:
    """With filters an index is a source like others; its location is that of a folder."""
    build(tmp_path / "a", documents(TEXTS[:15], "o/a"), documents(TEXTS[15:], "o/b"))
    source = open_source(str(tmp_path / "a"))
    assert isinstance(source, IndexSource)
    summary = build(tmp_path / "ix", filtered(source, Filters(repositories=("o/b",))))
    assert (summary.n_documents, sum(summary.skipped.values())) == (15, 15)
