"""Loading needs so much memory, however much is loaded."""

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sc2_attrib.index.building import BuildOptions
from sc2_attrib.index.corpus.document import CorpusDescription, SourceDocument
from sc2_attrib.index.extension import BuildProgress
from sc2_attrib.index.memory import MemoryWatch
from sc2_attrib.index.stores import ServerStore
from tests.index.corpora import document
from tests.index.elastic.conftest import new_address, skip_without_jdk
from tests.index.elastic.servers import Node, distribution

pytestmark = [pytest.mark.elastic, pytest.mark.slow]

DOCUMENT_BYTES = 50_000
CORPUS_BYTES = 1_000_000_000
CLIENT_BYTES = 300 << 20  # what a load adds: the batches under way, and the libraries
SERVER_BYTES = 3 << 29  # a heap of 1 GiB and the JVM around it


@dataclass(frozen=True, slots=True)
class Generated:
    """A corpus of lines of chance, made while it is read."""

    n_bytes: int

    def describe(self) -> CorpusDescription:
        return CorpusDescription("generated", "1")

    def estimate_bytes(self) -> int | None:
        return self.n_bytes

    def __iter__(self) -> Iterator[SourceDocument]:
        rng = random.Random(1)
        for number in range(self.n_bytes // DOCUMENT_BYTES):
            text = base64.encodebytes(rng.randbytes(DOCUMENT_BYTES * 76 // 77 * 3 // 4))
            yield document(text, f"{number}.txt")


def test_memory_is_bounded(tmp_path: Path) -> None:
    """A gigabyte through a server with a heap of one gigabyte: all is there, neither side grew."""
    skip_without_jdk(8)
    node = Node(distribution(8), tmp_path, heap="1g").start()
    client, most = MemoryWatch(), [0]
    before = client.peak_bytes
    assert before is not None

    def look(_: BuildProgress) -> None:
        client.look()
        most[0] = max(most[0], node.resident_bytes())

    try:
        store = ServerStore(new_address(node))
        summary = store.build([Generated(CORPUS_BYTES)], BuildOptions(near=False), on_progress=look)
        assert summary.n_documents == CORPUS_BYTES // DOCUMENT_BYTES
        assert summary.raw_bytes > CORPUS_BYTES * 0.95
        assert client.peak_bytes is not None
        print(f"{client.peak_bytes - before:,} bytes here, {most[0]:,} there")
        assert client.peak_bytes - before < CLIENT_BYTES
        assert most[0] < SERVER_BYTES
    finally:
        node.stop()
