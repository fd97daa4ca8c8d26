import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sc2_attrib.index.elastic import upkeep
from sc2_attrib.index.elastic.address import ServerAddress, parse_address
from tests.index.elastic.servers import Node, distribution, missing


def skip_without_jdk(major: int) -> None:
    """Skip, with the reason; on a build server that is a failure."""
    if why := missing(major):
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)


def _node(major: int, factory: pytest.TempPathFactory) -> Iterator[Node]:
    skip_without_jdk(major)
    node = Node(distribution(major), factory.mktemp(f"elasticsearch-{major}")).start()
    yield node
    node.stop()


@pytest.fixture(scope="session")
def node_8(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    yield from _node(8, tmp_path_factory)


@pytest.fixture(scope="session")
def node_9(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    yield from _node(9, tmp_path_factory)


NewAddress = Callable[[Node], ServerAddress]


def new_address(*nodes: Node) -> ServerAddress:
    """An index that nobody else uses."""
    hosts = ",".join(node.host for node in nodes)
    return parse_address(f"elasticsearch+http://{hosts}/t{uuid.uuid4().hex[:12]}", {})


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Merging needs no half a minute of waiting where nobody looks at the size."""
    monkeypatch.setattr(upkeep, "LEASES_S", 0)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path
