"""Three nodes, one replica: what a node that dies does to a build and to a scan."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import pytest

from sc2_attrib.index.building import BuildOptions
from sc2_attrib.index.corpus.document import SkippedDocument, SourceDocument
from sc2_attrib.index.elastic import loading
from sc2_attrib.index.elastic.layout import Layout
from sc2_attrib.index.errors import IndexServerError
from sc2_attrib.index.stores import ServerStore
from tests.index.corpora import Documents, code_like, document
from tests.index.elastic.conftest import new_address, skip_without_jdk
from tests.index.elastic.servers import Node, cluster, distribution

pytestmark = [pytest.mark.elastic, pytest.mark.slow]

TEXTS = code_like(31, 4_000_000, 400)
CORPUS = Documents([document(text, f"{at}.py") for at, text in enumerate(TEXTS)])
LAYOUT = Layout(shards=3, replicas=1)


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[Node]]:
    skip_without_jdk(8)
    started = cluster(distribution(8), tmp_path)
    yield started
    for node in started:
        node.stop()


class Killing(Documents):
    """A corpus in the middle of which something happens."""

    def __iter__(self) -> Iterator[SourceDocument | SkippedDocument]:
        for number, item in enumerate(self.items):
            if number == len(self.items) // 2:
                HAPPENING.pop()()
            yield item


HAPPENING: list[Callable[[], None]] = []


def kill(nodes: Iterable[Node]) -> None:
    for node in nodes:
        node.kill()


def test_build_survives_a_killed_node(nodes: list[Node], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is lost; then all nodes die, the build ends with a line, and goes on after that."""
    monkeypatch.setattr(loading, "BATCH_BYTES", 100_000)
    store = ServerStore(new_address(*nodes), LAYOUT)
    HAPPENING.append(nodes[0].kill)
    store.build([Killing(CORPUS.items)], BuildOptions(near=False))
    assert store.stats().description.n_documents == len(set(TEXTS))
    assert sum(store.verify()) == sum(map(len, set(TEXTS)))

    other = ServerStore(new_address(*nodes), LAYOUT)
    monkeypatch.setattr(loading, "PATIENCE_S", 2)
    HAPPENING.append(partial(kill, nodes[1:]))
    with pytest.raises(IndexServerError, match="goes on where it was"):
        other.build([Killing(CORPUS.items)], BuildOptions(near=False))
    for node in nodes:
        node.start(wait=False)
    for node in nodes:
        node.wait(3)
    HAPPENING.append(lambda: None)
    monkeypatch.setattr(loading, "PATIENCE_S", 60)
    summary = other.build([Killing(CORPUS.items)], BuildOptions(near=False))
    assert summary.resumed
    assert sum(other.verify()) == sum(map(len, set(TEXTS)))


def test_answers_stay_whole_while_nodes_die(nodes: list[Node]) -> None:
    """Every search in the meantime is answered whole, or is an error."""
    store = ServerStore(new_address(*nodes), LAYOUT)
    store.build([CORPUS], BuildOptions(near=False))
    texts = TEXTS[:4]
    with store.open() as index:
        expected = index.search(texts, min_chars=100, max_sources=0)
        killer = threading.Timer(1, nodes[0].kill)
        killer.start()
        end, n_answers, n_errors = time.monotonic() + 15, 0, 0
        while time.monotonic() < end or not n_answers:
            try:
                assert index.search(texts, min_chars=100, max_sources=0) == expected
                n_answers += 1
            except IndexServerError:
                n_errors += 1
        killer.join()
        assert n_answers > n_errors
        for node in nodes[1:]:
            node.kill()
        with pytest.raises(IndexServerError):
            index.search(texts, min_chars=100, max_sources=0)
        for node in nodes:
            node.start(wait=False)
        for node in nodes:
            node.wait(3)
        assert index.search(texts, min_chars=100, max_sources=0) == expected
