"""Texts that more documents share than are read: nothing that tells something new is missed."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from sc2_attrib.index.building import BuildOptions
from sc2_attrib.index.corpus.document import SourceDocument
from sc2_attrib.index.elastic import candidates, crowds, popularity
from sc2_attrib.index.errors import IndexServerError
from sc2_attrib.index.search import ExactMatch, SearchResult
from sc2_attrib.index.stores import FolderStore, ServerStore
from tests.index.corpora import LETTERS, Corpus, Documents, multilingual, nasty, place
from tests.index.elastic.conftest import new_address
from tests.index.elastic.servers import Node
from tests.index.elastic.test_parity import expressions
from tests.index.oracle import Oracle

MOST_BYTES = 500  # of a text: brute force by prefixes costs the server milliseconds a byte
pytestmark = pytest.mark.elastic


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make few documents many."""
    monkeypatch.setattr(popularity, "POPULAR", 2)
    monkeypatch.setattr(candidates, "FIRST_PAGE", 3)
    monkeypatch.setattr(crowds, "FIRST_READ", 1)


def assert_bounded_well(
    found: Sequence[SearchResult], expected: Sequence[Sequence[ExactMatch]]
) -> None:
    """Every extent, every licence; sources that are true, and counts that are lower bounds."""
    for result, matches in zip(found, expected, strict=True):
        extents = [(match.start, match.stop) for match in result.matches]
        assert extents == [(match.start, match.stop) for match in matches]
        for cut, whole in zip(result.matches, matches, strict=True):
            assert expressions(cut) == expressions(whole)
            assert [s for s in whole.sources if s in cut.sources] == list(cut.sources)
            assert cut.n_documents <= whole.n_documents
            assert cut.at_least or cut == whole


@pytest.mark.parametrize(
    ("corpus", "guarantee"),
    [
        pytest.param(nasty(4, 80, n_texts=4), 80, id="guarantee-80"),
        pytest.param(nasty(1, n_texts=8), 50, id="nasty", marks=pytest.mark.slow),
        pytest.param(multilingual(3), 50, id="multilingual", marks=pytest.mark.slow),
    ],
)
@pytest.mark.usefixtures("small")
def test_no_extent_or_license_is_missed(node_8: Node, corpus: Corpus, guarantee: int) -> None:
    """Where every gram that three documents have is hot, answers agree with brute force."""
    server = ServerStore(new_address(node_8))
    server.build([Documents(corpus.documents)], BuildOptions(guarantee_chars=guarantee))
    oracle = Oracle(corpus.documents, guarantee)
    texts = [text[:MOST_BYTES] for text in corpus.texts]
    with server.open() as index:
        for min_chars, max_sources in ((guarantee, 1), (2 * guarantee, 5), (guarantee + 81, 999)):
            found = index.search(texts, min_chars=min_chars, max_sources=max_sources)
            assert_bounded_well(found, [oracle.matches(text, min_chars) for text in texts])


N_MANY = 60_000
HEADER, TAIL = 420, 130  # bytes that nearly all documents share, and that some go on with


def shared_by_many(rng: random.Random, text: bytes) -> Iterator[SourceDocument]:
    """Documents with the same header; few lack its begin or go on with the text behind it."""
    names = [*("MIT",) * 400, *(f"LicenseRef-{number}" for number in range(40))]
    for number in range(N_MANY):
        first = rng.randrange(1, 250) if rng.random() < 0.1 else 0
        more = rng.randrange(20) if rng.random() < 0.3 else 0
        more = rng.randrange(20, TAIL) if number % 5000 == 77 else more
        shared = text[first : HEADER + more]
        before = noise(rng, rng.randrange(40) if rng.random() < 0.5 else 0)
        repository = f"o{number % 97}/r{number % 1013}"
        yield SourceDocument(
            b"\n".join((before, shared, noise(rng, 40))),
            place(f"{number}.py", rng.choice(names), repository=repository),
        )


def noise(rng: random.Random, n: int) -> bytes:
    return bytes(rng.choices(LETTERS, k=n))


@pytest.mark.slow
def test_a_header_that_sixty_thousand_documents_share(node_8: Node, tmp_path: Path) -> None:
    """Few of them are read, and the answer has each extent and licence of an unbounded one."""
    rng = random.Random(5)
    text = noise(rng, HEADER + TAIL)
    documents = list(shared_by_many(rng, text))
    texts = [noise(rng, 200) + text + noise(rng, 300), text[100:HEADER] + noise(rng, 99)]
    folder, server = FolderStore(tmp_path / "ix"), ServerStore(new_address(node_8))
    for store in (folder, server):
        store.build([Documents(documents)], BuildOptions(near=False))
    with folder.open() as known, server.open() as index:
        expected = known.search(texts, min_chars=100, max_sources=0)
        found = index.search(texts, min_chars=100, max_sources=100)
        with pytest.raises(IndexServerError, match="50,000"):
            index.search(texts, min_chars=100, max_sources=0)
    assert_bounded_well(found, [result.matches for result in expected])
    assert len(expected[0].matches) > 5
    for result in found:
        assert result.bounded
        assert all(match.at_least or match.n_documents < 100 for match in result.matches)
        assert all(len(match.sources) >= min(match.n_documents, 100) for match in result.matches)
