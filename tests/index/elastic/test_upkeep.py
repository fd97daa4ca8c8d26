"""Indexes on a server grow, obey take-downs, are compacted and checked."""

import base64
from pathlib import Path

import pytest

from sc2_attrib.index.building import BuildOptions, Resources
from sc2_attrib.index.corpus.document import SourceDocument
from sc2_attrib.index.elastic.connection import Connection
from sc2_attrib.index.elastic.layout import Layout
from sc2_attrib.index.errors import IndexUnusableError, UsageError
from sc2_attrib.index.stores import FolderStore, ServerStore, Store
from tests.index.corpora import Documents, code_like, nasty, place
from tests.index.elastic.conftest import new_address
from tests.index.elastic.servers import Node

pytestmark = pytest.mark.elastic

TEXTS = code_like(11, 30_000, 12)
RESOURCES = Resources(jobs=1)


def documents(start: int, stop: int, repository: str) -> Documents:
    return Documents(
        [
            SourceDocument(text, place(f"{at}.py", "MIT", repository=repository))
            for at, text in enumerate(TEXTS[start:stop])
        ]
    )


@pytest.fixture
def server(node_8: Node) -> ServerStore:
    return ServerStore(new_address(node_8))


@pytest.fixture
def built(server: ServerStore) -> ServerStore:
    server.build([documents(0, 8, "o/a"), documents(6, 12, "p/b")], BuildOptions())
    return server


def add(store: Store, *sources: Documents) -> None:
    store.add(sources, resources=RESOURCES, request={})


def answers(store: Store) -> list[object]:
    with store.open() as index:
        found = index.search(TEXTS, min_chars=50, max_sources=0)
        facts = index.describe()
    return [found, facts.n_occurrences, facts.n_removed]


def both(server: ServerStore, folder: Path) -> tuple[Store, Store]:
    local = FolderStore(folder)
    for store in (local, server):
        store.build([documents(0, 8, "o/a"), documents(6, 12, "p/b")], BuildOptions())
    return local, server


def test_changes_keep_the_answers_equal(server: ServerStore, tmp_path: Path) -> None:
    """Additions, take-downs, undoing, compaction: after each the answers are a folder's."""
    corpus = nasty(6, n_texts=4)
    local, remote = both(server, tmp_path / "ix")
    with local.open() as index:
        [result] = index.search([TEXTS[3]], min_chars=50, max_sources=0)
        swhid = result.matches[0].sources[0].document
    for change in (
        lambda store: add(store, documents(2, 9, "q/c"), Documents(corpus.documents)),
        lambda store: store.remove(["o/a"], reason="asked to"),
        lambda store: store.remove(["p/*", swhid]),
        lambda store: add(store, documents(0, 4, "o/a")),
        lambda store: store.remove(["p/*"], undo=True),
        lambda store: store.compact(resources=RESOURCES),
        lambda store: store.remove(["o/a"], undo=True),
        lambda store: add(store, documents(0, 4, "o/a")),
    ):
        change(local)
        change(remote)
        assert answers(remote) == answers(local)
    assert [r.what for r in remote.removals()] == [r.what for r in local.removals()] == [swhid]
    for store in (local, remote):
        store.compact(resources=RESOURCES)  # only then a folder counts each content once
        assert sum(store.verify()) > 0
    with local.open() as here, remote.open() as there:
        assert there.describe().n_documents == here.describe().n_documents


def test_adding_twice_changes_nothing(built: ServerStore) -> None:
    """Not even the id of the index."""
    with built.open() as index:
        before = index.describe()
    add(built, documents(0, 8, "o/a"))
    with built.open() as index:
        assert index.describe() == before


def test_open_index_sees_changes_at_once(built: ServerStore) -> None:
    """A removal by somebody else holds for the next search of an index that is open."""
    with built.open() as index:
        [found] = index.search(TEXTS[:1], min_chars=50, max_sources=0)
        assert found.matches
        built.remove(["o/a"])
        [found] = index.search(TEXTS[:1], min_chars=50, max_sources=0)
        repositories = {s.occurrence.repository for m in found.matches for s in m.sources}
        assert "o/a" not in repositories
        built.build([documents(0, 3, "new/one")], BuildOptions(guarantee_chars=60, force=True))
        [found] = index.search(TEXTS[:1], min_chars=60, max_sources=0)
        assert {s.occurrence.repository for m in found.matches for s in m.sources} == {"new/one"}


def test_existing_index_is_replaced_only_by_force(built: ServerStore) -> None:
    """The new one takes its place in one step; what was removed stays removed; no rest is left."""
    built.remove(["o/a"])
    with pytest.raises(UsageError, match="--force"):
        built.build([documents(0, 3, "o/a")], BuildOptions())
    built.build([documents(0, 3, "o/a"), documents(2, 5, "n/n")], BuildOptions(force=True))
    with built.open() as index:
        assert index.describe().n_documents == 3
    connection = Connection(built.address)
    names = connection.ask(lambda client: client.indices.get(index=f"{built.address.name}*"))
    connection.close()
    assert len(names) == 1


def test_interrupted_build_is_resumed(server: ServerStore) -> None:
    """The same command goes on with what is there; another is refused, unless forced."""

    class Broken(Documents):
        def __iter__(self):  # type: ignore[no-untyped-def]  # as its base
            yield from self.items[:5]
            raise KeyboardInterrupt

    whole = documents(0, 12, "o/a")
    with pytest.raises(KeyboardInterrupt):
        server.build([Broken(whole.items)], BuildOptions())
    with pytest.raises(IndexUnusableError, match="no index"):
        server.open()
    with pytest.raises(UsageError, match="unfinished build"):
        server.build([whole], BuildOptions(guarantee_chars=60))
    summary = server.build([whole], BuildOptions())
    assert summary.resumed
    assert summary.n_documents == 12
    with server.open() as index:
        assert index.describe().n_documents == 12


def test_stats_and_layout(server: ServerStore) -> None:
    """Sizes, shards as asked for."""
    store = ServerStore(server.address, Layout(shards=3, replicas=0, compression="best"))
    store.build([documents(0, 12, "o/a")], BuildOptions())
    stats = store.stats()
    assert stats.description.n_documents == 12
    assert stats.bytes_by_part["primary shards"] > 1000
    assert stats.n_segments >= 2
    with store.open() as index:
        assert index.describe().n_documents == 12


def test_unknown_compression_is_refused(server: ServerStore) -> None:
    """Before anything is made."""
    with pytest.raises(UsageError, match="fast, default, best"):
        ServerStore(server.address, Layout(compression="zip")).build([], BuildOptions())


@pytest.mark.parametrize("damage", ["text", "grams", "gone"])
def test_verify_finds_damage(built: ServerStore, damage: str) -> None:
    """Another text, a record that its grams don't find, a document that is gone."""
    assert sum(built.verify()) == sum(map(len, TEXTS))
    connection = Connection(built.address)
    index = built.address.name
    name = sorted(
        hit["fields"]["document"][0]
        for hit in connection.search(
            [{"query": {"exists": {"field": "n_places"}}, "docvalue_fields": ["document"]}]
        )[0]["hits"]["hits"]
    )[0]
    if damage == "gone":
        connection.ask(lambda client: client.delete(index=index, id=name))
    else:
        [stored] = connection.ask(
            lambda client: client.mget(index=index, ids=[name], stored_fields=["text", "places"])
        )["docs"]
        fields = {
            **{"document": name, "raw_bytes": 9, "n_parts": 1, "source": 0, "number": 0},
            **{"n_places": 1, "grams": [], "text": stored["fields"]["text"][0]},
            "places": stored["fields"]["places"][0],
        }
        if damage == "text":
            fields["text"] = base64.b64encode(b"rubbish").decode()
        connection.ask(lambda client: client.index(index=index, id=name, document=fields))
    connection.close()
    with pytest.raises(IndexUnusableError, match=r"restore|build"):
        list(built.verify())


def test_what_is_not_ours_is_left_alone(server: ServerStore) -> None:
    """An index of another program under the same name is neither read nor replaced."""
    connection = Connection(server.address)
    connection.ask(lambda client: client.indices.create(index=server.address.name))
    connection.close()
    with pytest.raises(UsageError, match="not ours"):
        server.build([documents(0, 1, "o/a")], BuildOptions(force=True))
    with pytest.raises(IndexUnusableError, match="not an index of sc2-attrib"):
        server.open()
