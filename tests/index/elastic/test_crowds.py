"""Texts that more documents share than are read: nothing that tells something new is missed."""

from collections.abc import Sequence

import pytest

from sc2_attrib.index.building import BuildOptions
from sc2_attrib.index.elastic import candidates, crowds, popularity
from sc2_attrib.index.search import ExactMatch, SearchResult
from sc2_attrib.index.stores import ServerStore
from tests.index.corpora import Corpus, Documents, multilingual, nasty
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
