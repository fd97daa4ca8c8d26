"""An index on a server answers what an index in a folder answers, and what brute force finds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import le
from pathlib import Path

import pytest

from sc2_attrib.index.building import BuildOptions
from sc2_attrib.index.corpus.document import SourceDocument
from sc2_attrib.index.elastic import candidates, questions, records
from sc2_attrib.index.errors import UsageError
from sc2_attrib.index.search import (
    ExactMatch,
    IndexDescription,
    NearOptions,
    NearResult,
    SearchResult,
)
from sc2_attrib.index.stores import FolderStore, OpenIndex, ServerStore, Store
from tests.index.corpora import Corpus, Documents, code_like, document, multilingual, nasty, place
from tests.index.elastic.conftest import new_address
from tests.index.elastic.servers import Node
from tests.index.near.programs import all_renamed, program
from tests.index.oracle import Oracle

pytestmark = pytest.mark.elastic
MAJORS = [8, pytest.param(9, marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=MAJORS)
def node(request: pytest.FixtureRequest) -> Node:
    started: Node = request.getfixturevalue(f"node_{request.param}")
    return started


@dataclass(frozen=True, slots=True)
class Pair:
    """The same documents in a folder and on a server."""

    folder: Store
    server: Store

    def opened(self) -> Iterator[OpenIndex]:
        for store in (self.folder, self.server):
            with store.open() as index:
                yield index

    def remove(self, *names: str, undo: bool = False) -> None:
        assert self.folder.remove(names, undo=undo) == self.server.remove(names, undo=undo)


def pair_of(
    node: Node,
    folder: Path,
    documents: Sequence[SourceDocument],
    options: BuildOptions | None = None,
) -> Pair:
    pair = Pair(FolderStore(folder), ServerStore(new_address(node)))
    for store in (pair.folder, pair.server):
        store.build([Documents(documents)], options or BuildOptions())
    return pair


def exact_of(
    index: OpenIndex, texts: Sequence[bytes], min_chars: int, max_sources: int = 0
) -> list[SearchResult]:
    return index.search(texts, min_chars=min_chars, max_sources=max_sources)


def near_of(index: OpenIndex, texts: Sequence[bytes]) -> list[NearResult]:
    exact = exact_of(index, texts, 100)
    return index.search_near(texts, exact, NearOptions(), max_sources=0)


def without_place(description: IndexDescription) -> IndexDescription:
    """What must be equal: all but where it is, when it was built, and the name of the state."""
    return replace(description, location="", built="", id="")


@pytest.mark.parametrize(
    ("corpus", "guarantee"),
    [(nasty(1, n_texts=12), 50), (multilingual(3), 50), (nasty(4, 80, n_texts=6), 80)],
    ids=["nasty", "multilingual", "guarantee-80"],
)
def test_answers_are_brute_forces(node: Node, corpus: Corpus, guarantee: int) -> None:
    """Extents, sources, order, counts, in batches of any size."""
    server = ServerStore(new_address(node))
    server.build([Documents(corpus.documents)], BuildOptions(guarantee_chars=guarantee))
    oracle = Oracle(corpus.documents, guarantee)
    with server.open() as index:
        for min_chars in (guarantee, 2 * guarantee, guarantee + 81):
            found = exact_of(index, corpus.texts, min_chars)
            expected = [oracle.matches(text, min_chars) for text in corpus.texts]
            assert [result.matches for result in found] == expected
            assert any(expected)
            assert [exact_of(index, [text], min_chars)[0] for text in corpus.texts[:4]] == found[:4]


def expressions(match: ExactMatch) -> set[str]:
    return {source.occurrence.license_expression for source in match.sources}


def counts(match: ExactMatch) -> tuple[int, int, int]:
    return match.n_documents, match.n_occurrences, match.n_repositories


@pytest.mark.parametrize("max_sources", [1, 2, 30])
def test_bounded_answers(node: Node, tmp_path: Path, max_sources: int) -> None:
    """With --max-sources both keep every extent and licence, and count no document too many.

    How many documents were compared beyond the bound is up to each; so counts are lower bounds.
    """
    corpus = nasty(2, n_texts=8)
    pair = pair_of(node, tmp_path / "ix", corpus.documents)
    whole, same = (exact_of(index, corpus.texts, 50) for index in pair.opened())
    assert same == whole
    for index in pair.opened():
        bounded = exact_of(index, corpus.texts, 50, max_sources)
        assert any(result.bounded for result in bounded)
        for cut, all_ in zip(bounded, whole, strict=True):
            for match, known in zip(cut.matches, all_.matches, strict=True):
                assert (match.start, match.stop) == (known.start, known.stop)
                assert expressions(match) == expressions(known)
                assert [s for s in known.sources if s in match.sources] == list(match.sources)
                assert all(map(le, counts(match), counts(known)))
                assert match.at_least or match == known


def test_descriptions_are_equal(node: Node, tmp_path: Path) -> None:
    """Counts, corpora, guarantee."""
    pair = pair_of(node, tmp_path / "ix", nasty(2, n_texts=2).documents)
    folder, server = (without_place(index.describe()) for index in pair.opened())
    assert server == folder


def test_full_answers_hide_nothing(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few documents a server lists at once, all that hold a match are found."""
    monkeypatch.setattr(candidates, "FIRST_PAGE", 3)
    monkeypatch.setattr(candidates, "LATER_PAGE", 5)
    monkeypatch.setattr(questions, "WINDOW", 300)
    corpus = nasty(5, n_texts=6)
    server = ServerStore(new_address(node))
    server.build([Documents(corpus.documents)], BuildOptions())
    oracle = Oracle(corpus.documents, 50)
    with server.open() as index:
        for text, found in zip(corpus.texts, exact_of(index, corpus.texts, 50), strict=True):
            assert found.matches == oracle.matches(text, 50)


@pytest.mark.parametrize("min_chars", [50, 131, 240])
def test_matches_across_the_parts_of_long_documents(
    node: Node, min_chars: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A match is found wherever the cut between two records falls in it."""
    monkeypatch.setattr(records, "PART_BYTES", 997)
    text = code_like(7, 6000, 1)[0] + bytes(range(256)) * 2
    documents = [document(text, "long.py"), document(b"", "empty.py"), document(text[:700], "s")]
    server = ServerStore(new_address(node))
    server.build([Documents(documents)], BuildOptions())
    oracle = Oracle(documents, 50)
    texts = [text[at : at + 330] for at in range(600, 1100, 13)] + [text]
    with server.open() as index:
        for each, found in zip(texts, exact_of(index, texts, min_chars), strict=True):
            assert found.matches == oracle.matches(each, min_chars)
    assert sum(server.verify()) == len(text) + 700


def programs() -> list[SourceDocument]:
    return [
        SourceDocument(program(seed), place(f"{seed}.py", "MIT", repository=f"o/{seed % 7}"))
        for seed in range(40)
    ]


def edited_programs() -> list[bytes]:
    texts = [all_renamed(program(seed)) for seed in (0, 3, 9)]
    texts += [program(seed).replace(b"return", b"yield") for seed in (1, 2)]
    return [*texts, program(5), b"too short", b"", program(99)]


def test_edited_copies_are_equal(node: Node, tmp_path: Path) -> None:
    """Near matches, their similarity, edits and sources; after a removal too."""
    pair = pair_of(node, tmp_path / "ix", programs())
    texts = edited_programs()
    folder, server = (near_of(index, texts) for index in pair.opened())
    assert server == folder
    assert sum(bool(result.matches) for result in folder) >= 5
    pair.remove("o/0", "o/3")
    folder, server = (near_of(index, texts) for index in pair.opened())
    assert server == folder
    with pair.server.open() as index:
        assert near_of(index, texts[:1]) == server[:1]  # whatever it is searched together with


def test_without_near_keys_only_copies_are_found(node: Node, tmp_path: Path) -> None:
    """An index built with --no-near."""
    pair = pair_of(node, tmp_path / "ix", programs()[:9], BuildOptions(near=False))
    folder, server = (near_of(index, edited_programs()) for index in pair.opened())
    assert server == folder == [NearResult((), bounded=False)] * len(folder)


def test_license_texts_are_equal(node: Node, tmp_path: Path) -> None:
    """Of the nearest folder; a removal takes them at once, compaction for good."""
    code = code_like(1, 3000, 3)
    places = ["/src/x.py", "/src/vendor/z.py", "y.py"]
    files = [("/LICENSE", b"MIT\n"), ("/NOTICE.txt", b"note\n"), ("/src/vendor/COPYING", b"BSD\n")]
    documents = [
        SourceDocument(content, place(path, "", repository=repository))
        for repository in ("o/a", "p/b")
        for path, content in [*zip(places, code, strict=True), *files]
    ]
    pair = pair_of(node, tmp_path / "ix", documents)

    def texts(index: OpenIndex) -> list[object]:
        return [index.license_texts(name, at) for name in ("o/a", "p/b", "q/c") for at in places]

    def compare() -> list[object]:
        folder, server = (texts(index) for index in pair.opened())
        assert server == folder
        return folder

    before = compare()
    assert sum(map(bool, before)) == 6
    pair.remove("o/*")
    assert sum(map(bool, compare())) == 3
    pair.remove("o/*", undo=True)
    assert compare() == before
    pair.remove("o/*")
    for store in (pair.folder, pair.server):
        store.compact(resources=BuildOptions().resources)
    pair.remove("o/*", undo=True)
    assert sum(map(bool, compare())) == 3


def test_below_the_guarantee_is_refused(node: Node, tmp_path: Path) -> None:
    """As in a folder: a shorter match might be missed."""
    pair = pair_of(node, tmp_path / "ix", [document(b"x" * 99)])
    for index in pair.opened():
        with pytest.raises(UsageError, match="50"):
            exact_of(index, [b"text"], 49)
        assert exact_of(index, [], 50) == []
