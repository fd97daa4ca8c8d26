"""How fast is an index in Elasticsearch, and how large? One corpus, one run, beside a folder's.

    python -m tests.index.elastic.servers --nodes 3     (prints the hosts of servers to measure)
    python -m benchmarks.server_index PARQUET_FOLDER ADDRESS... [--queries N] [--trigrams BYTES]
                                      [--add PARQUET]

An ADDRESS is elasticsearch+http(s)://.../NAME of an index that is made anew; its shards are as many
as its hosts. Builds the index in a folder and at each address, without near keys, merges it, and
measures the same searches. Every verbatim query must be covered whole by a match, and no server may
answer otherwise than the folder, or the benchmark fails.

`--add` then adds a corpus to both, removes some contents and a repository, and takes that back; the
answers are compared after each step.

`--trigrams` also measures how BigCode's own search lay in Elasticsearch: character trigrams with
positions over whole texts (made by the client here), asked by phrases of 100 characters.
"""

import argparse
import base64
import os
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.local_index import (
    QUERY_BYTES,
    SEED,
    cut,
    edit,
    measure_searches,
    novel_texts,
    sample_documents,
)
from sc2_attrib.index.building import BuildOptions, Resources
from sc2_attrib.index.corpus.document import SourceDocument
from sc2_attrib.index.corpus.location import open_source
from sc2_attrib.index.elastic.address import ServerAddress, parse_address
from sc2_attrib.index.elastic.connection import Connection
from sc2_attrib.index.elastic.layout import Layout
from sc2_attrib.index.elastic.upkeep import merge
from sc2_attrib.index.extension import BuildProgress
from sc2_attrib.index.search import NearOptions, NearResult, SearchResult
from sc2_attrib.index.segment.documents import content_id
from sc2_attrib.index.stores import FolderStore, ServerStore, Store

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

PHRASE_BYTES = 100
BATCH_BYTES = 1 << 20
STATS_S = 1.2  # servers count their CPU time once a second
_TRIGRAMS: dict[str, Any] = {
    "_source": {"enabled": False},
    "properties": {
        "text": {"type": "text", "analyzer": "whitespace", "norms": False, "store": False},
        "raw": {"type": "binary", "store": True},
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("addresses", nargs="+", metavar="ADDRESS")
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--trigrams", type=int, default=0, metavar="BYTES")
    parser.add_argument("--add", type=Path, metavar="PARQUET", help="compare after changes too")
    parser.add_argument("--near", action="store_true", help="build with near keys, compare these")
    arguments = parser.parse_args()
    addresses = [parse_address(address, os.environ) for address in arguments.addresses]
    with tempfile.TemporaryDirectory() as folder:
        local = FolderStore(Path(folder) / "index")
        measure_build(local, arguments.corpus, Load(), near=arguments.near)
        measure(local, Load(), arguments)
        for address in addresses:
            server = ServerStore(address, Layout(shards=len(address.hosts)))
            load = Load(address)
            measure_build(server, arguments.corpus, load, near=arguments.near)
            measure(server, load, arguments)
            compare(local, server, arguments)
            if arguments.add:
                change(local, server, arguments)
    if arguments.trigrams:
        connection = Connection(addresses[0], timeout_s=600)
        connection.ask(lambda client: measure_trigrams(connection, client, arguments))
        connection.close()


def measure(store: Store, load: "Load", arguments: argparse.Namespace) -> None:
    """Print latency and batch rate of each set of queries, and what CPU they cost."""
    rng = random.Random(SEED)
    verbatim = sample_documents(arguments.corpus, arguments.queries, rng)
    sets = {"novel": novel_texts(arguments.queries, rng), "verbatim": verbatim}
    with store.open() as index:
        measure_searches(index, arguments.corpus, arguments.queries)
        for name, texts in sets.items():
            time.sleep(STATS_S)
            queries = [cut(text, QUERY_BYTES, rng) for text in texts]
            here, there = time.process_time(), load.look()
            for query in queries:
                index.search([query], min_chars=100, max_sources=100)
            here = time.process_time() - here
            time.sleep(STATS_S)
            there = load.look() - there
            print(
                f"\n{name}: CPU a query, mean: {here / len(queries) * 1e3:.1f} ms here,"
                f" {there / len(queries) * 1e3:.1f} ms there",
                flush=True,
            )


@dataclass(slots=True)
class Load:
    """What the servers of an address do meanwhile: CPU seconds, the most heap that was seen."""

    address: ServerAddress | None = None
    peak_heap: int = 0
    connections: list[Connection] = field(default_factory=list)

    def look_again(self, _: BuildProgress) -> None:
        """Look while an index is built."""
        self.look()

    def look(self) -> float:
        """Note the largest heap of a server; CPU seconds of all of them so far."""
        if self.address is None:
            return 0.0
        if not self.connections:
            self.connections.append(Connection(self.address))
        answer = self.connections[0].ask(lambda client: client.nodes.stats(metric="jvm,process"))
        nodes = answer["nodes"].values()
        heaps = [node["jvm"]["mem"]["heap_used_in_bytes"] for node in nodes]
        self.peak_heap = max(self.peak_heap, *heaps)
        cpu_ms: int = sum(node["process"]["cpu"]["total_in_millis"] for node in nodes)
        return cpu_ms / 1e3


def measure_build(store: Store, corpus: Path, load: Load, *, near: bool) -> None:
    """Build and merge; print rates, sizes and memory."""
    cpu, server_cpu = time.process_time(), load.look()
    summary = store.build(
        [open_source(str(corpus))],
        BuildOptions(near=near, force=True, resources=Resources(jobs=2)),
        on_progress=load.look_again,
    )
    cpu, server_cpu = time.process_time() - cpu, load.look() - server_cpu
    merged = store.compact(resources=Resources())
    size = merged.bytes_by_part.values()
    print(
        f"\n{store.location}: {summary.n_documents} documents,"
        f" {summary.raw_bytes / 1e6:.0f} MB, {summary.raw_bytes / 1e6 / summary.seconds:.1f} MB/s"
        f" (CPU: {cpu:.0f} s here, {server_cpu:.0f} s there; memory: {peak_mb()} MB here,"
        f" heap {load.peak_heap >> 20} MB there), merged in {merged.seconds:.0f} s to"
        f" {sum(size) / summary.raw_bytes:.3f} of raw\n",
        flush=True,
    )


def peak_mb() -> int:
    """The most memory this process ever had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def compare(local: Store, server: Store, arguments: argparse.Namespace) -> None:
    """Fail unless both find the same exact matches: extents, sources, counts; count near ones.

    Of edited copies each looks at so many candidates; where there are more, it may see others.
    """
    rng = random.Random(SEED + 1)
    texts = [cut(t, QUERY_BYTES, rng) for t in sample_documents(arguments.corpus, 50, rng)]
    texts += [edit(text, rng) for text in texts]
    texts += [cut(text, QUERY_BYTES, rng) for text in novel_texts(50, rng)]
    expected, found = answers(local, texts), answers(server, texts)
    for number, ((one, _), (other, _)) in enumerate(zip(expected, found, strict=True)):
        if one != other:
            raise SystemExit(f"{server.location}: text {number}: another answer than the folder's")
    n_exact = sum(len(exact.matches) for exact, _ in expected)
    n_near = sum(len(near.matches) for _, near in expected)
    n_equal = sum(
        one[1].matches == other[1].matches for one, other in zip(expected, found, strict=True)
    )
    print(
        f"\n{len(texts)} texts: {n_exact} exact matches equal to the folder's; of {n_near} near"
        f" matches those of {n_equal} texts are equal",
        flush=True,
    )


def change(local: Store, server: Store, arguments: argparse.Namespace) -> None:
    """Compare after an addition, after removals, and when these are taken back."""
    rng = random.Random(SEED + 1)
    contents = sample_documents(arguments.corpus, 50, rng)  # texts that are compared, too
    names = ["swh:1:cnt:" + content_id(content).hex() for content in contents[::3]]
    stores = (local, server)
    for store in stores:
        store.add([open_source(str(arguments.add))], resources=Resources(jobs=2), request={})
    names += sorted({repository_of(arguments.add)})
    compare(local, server, arguments)
    for what, undo in (("removed", False), ("taken back", True), ("removed", False)):
        gone = [store.remove(names, undo=undo) for store in stores]
        print(f"\n{what}: {gone[0]}", flush=True)
        if gone[0] != gone[1]:
            raise SystemExit(f"{server.location}: {what} {gone[1]}")
        compare(local, server, arguments)
    for store in stores:
        store.compact(resources=Resources())
    compare(local, server, arguments)


def repository_of(corpus: Path) -> str:
    """The repository of the first document of a corpus."""
    for item in open_source(str(corpus)):
        if isinstance(item, SourceDocument):
            return item.occurrence.repository
    raise SystemExit(f"{corpus}: no documents")


def answers(store: Store, texts: list[bytes]) -> list[tuple[SearchResult, NearResult]]:
    """Search each text alone, without bounds."""
    with store.open() as index:
        index.use_machine_code()
        exact = [index.search([text], min_chars=100, max_sources=0)[0] for text in texts]
        near = [
            index.search_near([text], [found], NearOptions(), max_sources=0)[0]
            for text, found in zip(texts, exact, strict=True)
        ]
    return list(zip(exact, near, strict=True))


def measure_trigrams(
    connection: Connection, client: "Elasticsearch", arguments: argparse.Namespace
) -> None:
    """Load trigrams of whole texts, and ask for phrases; print rate, size and latency."""
    index = "trigram-peer"
    client.options(ignore_status=404).indices.delete(index=index)
    settings = {"number_of_replicas": 0, "refresh_interval": "-1"}
    client.indices.create(index=index, mappings=_TRIGRAMS, settings=settings)
    started, raw_bytes, phrases = time.monotonic(), 0, list[bytes]()
    rng = random.Random(1)
    for batch in _batches(arguments.corpus, arguments.trigrams):
        operations: list[dict[str, Any]] = []
        for text in batch:
            raw_bytes += len(text)
            fields = {"text": _trigrams(text), "raw": base64.b64encode(text).decode()}
            operations += [{"index": {}}, fields]
            if len(text) > PHRASE_BYTES:
                phrases.append(cut(text, PHRASE_BYTES, rng))
        client.bulk(index=index, operations=operations)
    seconds = time.monotonic() - started
    merge(connection, index)
    size = client.indices.stats(index=index)["_all"]["primaries"]["store"]["size_in_bytes"]
    times = [_ask_phrase(client, index, phrase) for phrase in rng.sample(phrases, 100)]
    cuts = statistics.quantiles(times, n=100)
    print(
        f"\ntrigrams: {raw_bytes / 1e6:.0f} MB, {raw_bytes / 1e6 / seconds:.1f} MB/s,"
        f" {size / raw_bytes:.2f} of raw; phrase of {PHRASE_BYTES} characters p50"
        f" {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms"
    )


def _ask_phrase(client: "Elasticsearch", index: str, phrase: bytes) -> float:
    """Ask for a phrase that is there, twice, and time the second: milliseconds."""
    query = {"match_phrase": {"text": _trigrams(phrase)}}
    for _ in range(2):
        started = time.perf_counter()
        answer = client.search(index=index, query=query, size=10, source=False)
        elapsed = time.perf_counter() - started
    if not answer["hits"]["hits"]:
        raise SystemExit("wrong answer: a phrase of the corpus was not found")
    return elapsed * 1e3


def _trigrams(text: bytes) -> str:
    """Write each three bytes as a word."""
    codes = base64.b64encode(b"".join(text[at : at + 3] for at in range(len(text) - 2))).decode()
    return " ".join(codes[at : at + 4] for at in range(0, len(codes), 4))


def _batches(corpus: Path, n_bytes: int) -> Iterator[list[bytes]]:
    batch, size, total = list[bytes](), 0, 0
    for item in open_source(str(corpus)):
        if isinstance(item, SourceDocument):
            batch.append(item.content)
            size += len(item.content)
            total += len(item.content)
        if size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
        if total >= n_bytes:
            break
    if batch:
        yield batch


if __name__ == "__main__":
    main()
