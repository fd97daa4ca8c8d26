"""What goes wrong on a server is an error with its reason, never an empty answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from sc2_attrib.attribution.check import Checker, CheckInput
from sc2_attrib.attribution.result import InputKind, InputStatus
from sc2_attrib.index.building import BuildOptions, Resources
from sc2_attrib.index.elastic import connection as connecting
from sc2_attrib.index.elastic import loading
from sc2_attrib.index.elastic.address import ServerAddress, parse_address
from sc2_attrib.index.elastic.connection import Connection
from sc2_attrib.index.elastic.searcher import ElasticIndex
from sc2_attrib.index.errors import IndexServerError
from sc2_attrib.index.stores import ServerStore
from tests.index.corpora import Documents, code_like, document
from tests.index.elastic.conftest import new_address, skip_without_jdk
from tests.index.elastic.proxy import Manners, proxy
from tests.index.elastic.servers import Node, distribution, free_port

pytestmark = pytest.mark.elastic

TEXTS = code_like(21, 60_000, 20)
CORPUS = Documents([document(text, f"{at}.py") for at, text in enumerate(TEXTS)])


@dataclass(frozen=True, slots=True)
class Through:
    """An index that is asked through a proxy."""

    address: ServerAddress
    manners: Manners

    def opened(self, timeout_s: float = 30) -> ElasticIndex:
        return ElasticIndex(Connection(self.address, timeout_s=timeout_s, patience_s=0.3))


@pytest.fixture(scope="module")
def name(node_8: Node) -> str:
    address = new_address(node_8)
    ServerStore(address).build([CORPUS], BuildOptions(near=False))
    return address.name


@pytest.fixture
def through(node_8: Node, name: str) -> Iterator[Through]:
    manners = Manners()
    with proxy(node_8.host, manners) as host:
        yield Through(parse_address(f"elasticsearch+http://{host}/{name}", {}), manners)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"status": 503}, "503"),
        ({"status": 429}, "429"),
        ({"status": 500}, "500"),
        ({"cut": 100}, "server can be reached"),
        ({"body": b"<html>"}, "damaged answer"),
        ({"body": b"{}"}, "makes no sense"),
        ({"body": b'{"responses": []}'}, "makes no sense"),
        ({"body": b'{"responses": [{"status": 503, "error": {"type": "x"}}]}'}, "missing|sense"),
        ({"delay_s": 1.5}, "no answer in time"),
    ],
    ids=str,
)
def test_faulty_answers_are_errors(through: Through, fault: dict[str, object], why: str) -> None:
    """An input whose search failed is marked with the reason; the next one is checked again."""
    slow = "delay_s" in fault
    with through.opened(timeout_s=0.5 if slow else 30) as index:
        checker = Checker(index, near=None)
        asked = [CheckInput(InputKind.FILE, "a.py", TEXTS[3])]
        [good] = checker.check(asked)
        assert good.matches
        for field, value in fault.items():
            setattr(through.manners, field, value)
        [bad] = checker.check(asked)
        assert bad.record.status is InputStatus.ERROR
        assert bad.record.reason
        assert any(word in bad.record.reason for word in why.split("|")), bad.record.reason
        assert not bad.matches
        through.manners.skip = 1 << 30
        [again] = checker.check(asked)
        assert again == good


def test_short_faults_are_waited_for(through: Through, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy server is asked again."""
    monkeypatch.setattr(connecting, "_FIRST_PAUSE_S", 0.01)
    with through.opened() as index:
        through.manners.status = 429
        ask = through.manners.is_due

        def busy_twice() -> bool:
            due = ask()
            return due and through.manners.n_requests % 3 != 0

        monkeypatch.setattr(Manners, "is_due", lambda _: busy_twice())
        [found] = index.search(TEXTS[:1], min_chars=50, max_sources=0)
        assert found.matches


def test_missing_shard_is_an_error(node_8: Node, name: str) -> None:
    """A closed index, as a red one, gives no empty answer."""
    address = parse_address(f"elasticsearch+http://{node_8.host}/{name}", {})
    connection = Connection(address, patience_s=0.2)
    with ElasticIndex(connection) as index:
        connection.ask(lambda client: client.indices.close(index=name))
        with pytest.raises(IndexServerError):
            index.search(TEXTS[:1], min_chars=50, max_sources=0)
        connection.ask(lambda client: client.indices.open(index=name, wait_for_active_shards=1))
        assert index.search(TEXTS[:1], min_chars=50, max_sources=0)[0].matches


def test_no_server_at_all() -> None:
    """One line names the address."""
    address = parse_address(f"elasticsearch+http://127.0.0.1:{free_port()}/n", {})
    with pytest.raises(IndexServerError, match=r"127\.0\.0\.1:\d+/n: no server can be reached"):
        ServerStore(address).open()


def test_read_only_index_refuses_additions(node_8: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the flood stage of a full disk leaves it: a line that says so; searches go on."""
    store = ServerStore(new_address(node_8))
    store.build([CORPUS], BuildOptions(near=False))
    connection = Connection(store.address)
    block = {"index.blocks.read_only_allow_delete": True}
    connection.ask(
        lambda client: client.indices.put_settings(index=store.address.name, settings=block)
    )
    new = Documents([document(b"new text " * 40, "new.py")])
    monkeypatch.setattr(loading, "PATIENCE_S", 0.3)
    with pytest.raises(IndexServerError, match="disk"):
        store.add([new], resources=Resources(jobs=1), request={})
    with store.open() as index:
        assert index.search(TEXTS[:1], min_chars=50, max_sources=0)[0].matches
    connection.ask(
        lambda client: client.indices.put_settings(
            index=store.address.name, settings={"index.blocks.read_only_allow_delete": None}
        )
    )
    connection.close()
    store.add([new], resources=Resources(jobs=1), request={})
    assert store.stats().description.n_documents == len(TEXTS) + 1


def test_build_through_a_flaky_proxy(node_8: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests that are refused now and then are sent again; nothing is lost or doubled."""
    monkeypatch.setattr(loading, "BATCH_BYTES", 4000)
    monkeypatch.setattr(connecting, "_FIRST_PAUSE_S", 0.01)
    manners = Manners(status=429)
    with proxy(node_8.host, manners) as host:
        address = parse_address(f"elasticsearch+http://{host}/{new_address(node_8).name}", {})
        monkeypatch.setattr(Manners, "is_due", lambda _: count_up(manners) % 4 == 0)
        ServerStore(address).build([CORPUS], BuildOptions(near=False))
        monkeypatch.undo()
        manners.status = None
        stats = ServerStore(address).stats()
        assert stats.description.n_documents == len(TEXTS)
        assert sum(ServerStore(address).verify()) == sum(map(len, TEXTS))


@pytest.mark.slow
def test_build_on_a_tiny_heap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server whose circuit breakers refuse most requests gets smaller ones, and loses nothing.

    Nor does it answer less when it is asked for a long text.
    """
    skip_without_jdk(8)
    breakers = {
        "network.breaker.inflight_requests.limit": "600kb",
        "indices.breaker.request.limit": "20%",
        "discovery.type": "single-node",
    }
    texts = code_like(41, 8_000_000, 100)
    corpus = Documents([document(text, f"{at}.py") for at, text in enumerate(texts)])
    n_refused = 0
    attempt = loading.Loader._attempt

    def counted(
        loader: loading.Loader,
        documents: Sequence[loading.Document],
        conflicts: list[loading.Document],
    ) -> list[loading.Document]:
        nonlocal n_refused
        refused = attempt(loader, documents, conflicts)
        n_refused += len(refused)
        return refused

    monkeypatch.setattr(loading.Loader, "_attempt", counted)
    node = Node(distribution(8), tmp_path, heap="96m", settings=breakers).start()
    try:
        store = ServerStore(new_address(node))
        store.build([corpus], BuildOptions(near=False))
        assert n_refused > 0
        assert sum(store.verify()) == sum(map(len, texts))
        asked = max(texts, key=len)[:80_000]
        with store.open() as index:  # the whole text's grams are 2 MB of a request
            (found,) = index.search([asked], min_chars=50, max_sources=0)
        assert found.matches[0].stop == len(asked.rstrip())
    finally:
        node.stop()


def count_up(manners: Manners) -> int:
    with manners.lock:
        manners.n_requests += 1
        return manners.n_requests
