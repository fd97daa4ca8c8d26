"""Indexes on a server made and extended: build, add.

A build loads into a concrete index of its own, `NAME-<recipe>-<n>`. When all is there, the alias
NAME is swapped to it in one step, and the index that it replaces is deleted in the same. A build
that was interrupted left its index behind; the same build, by its recipe, goes on with it.

An addition loads into the index that the alias names; what it holds already changes nothing.
"""

import hashlib
import json
import re
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from typing import Any

from sc2_attrib import __version__
from sc2_attrib.index.building import BuildOptions, BuildSummary
from sc2_attrib.index.corpus.document import CorpusSource, SkippedDocument, SourceDocument
from sc2_attrib.index.corpus.license_files import LicenseFile, governed_folder, is_license_file
from sc2_attrib.index.elastic.about import (
    About,
    StoredAbout,
    change_about,
    read_about,
    write_about,
)
from sc2_attrib.index.elastic.address import ServerAddress
from sc2_attrib.index.elastic.connection import Connection, understood
from sc2_attrib.index.elastic.layout import COMPRESSION, FORMAT_VERSION, MAPPINGS, Layout
from sc2_attrib.index.elastic.loading import Loader
from sc2_attrib.index.errors import UsageError
from sc2_attrib.index.extension import REMOVED, BuildProgress, OnProgress
from sc2_attrib.index.grams import LONGEST_GUARANTEE, SHORTEST_GUARANTEE, GramShape
from sc2_attrib.index.near.scheme import NearScheme
from sc2_attrib.index.removal import DenyList
from sc2_attrib.index.search import CorpusSummary
from sc2_attrib.index.segment.documents import content_id
from sc2_attrib.index.transaction import now

PROGRESS_BYTES = 1 << 20  # raw text between two reports of progress
REQUESTS = 4  # under way at a time: the work is the servers'
_MOST_SOURCES = 10_000  # corpora of one index


def build_on_server(
    sources: Sequence[CorpusSource],
    address: ServerAddress,
    options: BuildOptions,
    layout: Layout,
    *,
    on_progress: OnProgress | None = None,
) -> BuildSummary:
    """Build an index of all documents of the sources.

    What was removed from an index that is replaced stays removed.

    Raises:
        UsageError: an index is there, or the unfinished build of another, or an option is out of
            range.
        CorpusError: a source can't be read.
        IndexServerError: the servers refuse, fail, or don't hold what they acknowledged.
    """
    _check_options(options, layout)
    connection = Connection(address)
    try:
        started = time.monotonic()
        replaced = _live(connection)
        if replaced and not options.force:
            raise UsageError(f"{address.location}: there is an index already; --force replaces it")
        about = _new_about(sources, options, layout, replaced)
        index, resumed = _begin(connection, about, layout, force=options.force)
        load = _Load(connection, read_about(connection, index), on_progress)
        summary = load.run(sources, started, resumed=resumed)
        _swap(connection, index, replaced)
        return summary
    finally:
        connection.close()


def add_on_server(
    sources: Sequence[CorpusSource],
    address: ServerAddress,
    *,
    on_progress: OnProgress | None = None,
) -> BuildSummary:
    """Add the documents of the sources; what the index holds already changes nothing.

    Raises:
        IndexUnusableError: there is no index, or it can't be written.
        CorpusError: a source can't be read.
    """
    connection = Connection(address)
    try:
        started = time.monotonic()
        load = _Load(connection, read_about(connection), on_progress)
        return load.run(sources, started, resumed=False)
    finally:
        connection.close()


class _Load:
    """One run that loads sources into a concrete index."""

    def __init__(
        self,
        connection: Connection,
        stored: StoredAbout,
        on_progress: OnProgress | None,
    ) -> None:
        self._connection = connection
        self._stored = stored
        self._on_progress = on_progress
        self._skipped: Counter[str] = Counter()
        self._read_bytes = self._reported = 0

    def run(
        self, sources: Sequence[CorpusSource], started: float, *, resumed: bool
    ) -> BuildSummary:
        about, index = self._stored.about, self._stored.index
        before = totals(self._connection, index)
        first = len(about.corpora)
        with Loader(
            self._connection, index, about.keys, level=about.level, jobs=REQUESTS
        ) as loader:
            deny = DenyList(removal.what for removal in about.removals)
            for number, source in enumerate(sources):
                loader.source = first + number
                self._read(source, loader, deny)
                loader.finish()
        after = totals(self._connection, index)
        self._check(before, after, loader.loaded.n_documents)
        self._publish(sources, after, loader)
        base = Totals() if resumed or not about.is_ready else before
        return BuildSummary(
            n_documents=after.n_documents - base.n_documents,
            n_occurrences=after.n_occurrences - base.n_occurrences,
            n_duplicates=(after.n_occurrences - after.n_documents)
            - (base.n_occurrences - base.n_documents),
            read_bytes=self._read_bytes,
            raw_bytes=after.raw_bytes - base.raw_bytes,
            skipped=dict(self._skipped),
            bytes_by_part={"primary shards": after.stored_bytes},
            seconds=time.monotonic() - started,
            resumed=resumed,
        )

    def _read(self, source: CorpusSource, loader: Loader, deny: DenyList) -> None:
        for item in source:
            if isinstance(item, SkippedDocument):
                self._skipped[item.reason] += 1
                if isinstance(item, LicenseFile):
                    loader.add_license_file(item.repository, item.path, item.content, item.folder)
                continue
            if not self._take(item, loader, deny):
                self._skipped[REMOVED] += 1
            self._read_bytes += len(item.content)
            if self._on_progress and self._read_bytes - self._reported >= PROGRESS_BYTES:
                self._reported = self._read_bytes
                self._on_progress(
                    BuildProgress("loading", self._read_bytes, None, loader.loaded.n_documents)
                )

    def _take(self, item: SourceDocument, loader: Loader, deny: DenyList) -> bool:
        """Load a document, and if it is a licence file, as such; False: it was removed."""
        identifier, place = content_id(item.content), item.occurrence
        if deny.names(identifier, place.repository):
            return False
        loader.add(item.content, identifier, place)
        if is_license_file(place.path):
            folder = governed_folder(place.path)
            loader.add_license_file(place.repository, place.path, item.content, folder)
        return True

    def _check(self, before: "Totals", after: "Totals", n_acknowledged: int) -> None:
        """Refuse to call an index ready that lacks what was acknowledged."""
        expected = before.n_documents + n_acknowledged
        if after.n_documents < expected:
            raise self._connection.refuse(
                f"holds {after.n_documents:,} documents, but acknowledged {expected:,}; a disk may"
                " have been lost; run the same command again to load what is missing"
            )

    def _publish(self, sources: Sequence[CorpusSource], after: "Totals", loader: Loader) -> None:
        """Put into `about` what the index holds now."""
        skipped, loaded = self._skipped, loader.loaded

        def changed(about: About) -> About:
            first = len(self._stored.about.corpora)
            if loaded.n_occurrences == 0 and about.is_ready:
                return about  # running an addition twice changes nothing
            corpora = [
                CorpusSummary(source.describe(), *after.by_source.get(first + number, (0, 0)))
                for number, source in enumerate(sources)
            ]
            return replace(
                about,
                is_ready=True,
                generation=uuid.uuid4().hex,
                corpora=(*about.corpora, *corpora),
                skipped=dict(Counter(about.skipped) + skipped),
                n_documents=after.n_documents,
                n_occurrences=after.n_occurrences,
                raw_bytes=after.raw_bytes,
            )

        change_about(self._connection, changed, self._stored.index)


@dataclass(frozen=True, slots=True)
class Totals:
    """What an index holds; `by_source`: documents and raw bytes of each corpus."""

    n_documents: int = 0
    n_occurrences: int = 0
    raw_bytes: int = 0
    stored_bytes: int = 0
    by_source: dict[int, tuple[int, int]] = field(default_factory=dict)


def totals(connection: Connection, index: str) -> Totals:
    """Make everything that was loaded visible, and count it."""
    connection.ask(lambda client: client.indices.refresh(index=index))
    sums: dict[str, Any] = {name: {"sum": {"field": name}} for name in ("n_places", "raw_bytes")}
    whole = {"exists": {"field": "n_places"}}  # only the first record of a document has them
    answer = connection.ask(
        lambda client: client.search(
            index=index,
            size=0,
            track_total_hits=True,
            allow_partial_search_results=False,
            query=whole,
            aggs={
                **sums,
                "sources": {
                    "terms": {"field": "source", "size": _MOST_SOURCES},
                    "aggs": {"raw_bytes": sums["raw_bytes"]},
                },
            },
        )
    )
    with understood(connection):
        found = answer["aggregations"]
        return Totals(
            answer["hits"]["total"]["value"],
            round(found["n_places"]["value"]),
            round(found["raw_bytes"]["value"]),
            stored_bytes(connection, index)[0],
            {
                bucket["key"]: (bucket["doc_count"], round(bucket["raw_bytes"]["value"]))
                for bucket in found["sources"]["buckets"]
            },
        )


def stored_bytes(connection: Connection, index: str) -> tuple[int, int, int]:
    """Measure an index: bytes of its primary shards and of their copies, and Lucene segments."""
    answer = connection.ask(lambda client: client.indices.segments(index=index))
    primaries = copies = n_segments = 0
    with understood(connection):
        for about in answer["indices"].values():
            for shard in chain.from_iterable(about["shards"].values()):
                size = sum(segment["size_in_bytes"] for segment in shard["segments"].values())
                n_segments += len(shard["segments"])
                if shard["routing"]["primary"]:
                    primaries += size
                else:
                    copies += size
    return primaries, copies, n_segments


def _check_options(options: BuildOptions, layout: Layout) -> None:
    if not SHORTEST_GUARANTEE <= options.guarantee_chars <= LONGEST_GUARANTEE:
        raise UsageError(
            f"--guarantee {options.guarantee_chars}: must lie between"
            f" {SHORTEST_GUARANTEE} and {LONGEST_GUARANTEE} characters"
        )
    if layout.compression not in COMPRESSION:
        raise UsageError(f"--compression {layout.compression}: one of {', '.join(COMPRESSION)}")


def _live(connection: Connection) -> StoredAbout | None:
    """The index that the alias names, if there is one.

    Raises:
        UsageError: something else has the name.
    """
    name = connection.address.name
    if not connection.ask(lambda client: client.indices.exists(index=name)):
        return None
    if not connection.ask(lambda client: client.indices.exists_alias(name=name)):
        raise UsageError(f"{connection.location}: {name!r} is an index of its own, not ours")
    return read_about(connection)


def _new_about(
    sources: Sequence[CorpusSource],
    options: BuildOptions,
    layout: Layout,
    replaced: StoredAbout | None,
) -> About:
    shape = GramShape.for_guarantee(options.guarantee_chars)
    recipe = [
        FORMAT_VERSION,
        options.guarantee_chars,
        options.near,
        dict(options.request),
        asdict(layout),
        [asdict(source.describe()) for source in sources],
    ]
    return About(
        shape=shape,
        recipe=hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:12],
        generation=uuid.uuid4().hex,
        built=now(),
        tool_version=__version__,
        near=NearScheme.new() if options.near else None,
        level=COMPRESSION[layout.compression],
        removals=replaced.about.removals if replaced else (),
    )


def _begin(
    connection: Connection, about: About, layout: Layout, *, force: bool
) -> tuple[str, bool]:
    """Find the unfinished index of the same build, or make a new one; its name, and which.

    Raises:
        UsageError: there is an unfinished build of another recipe.
    """
    unfinished = _unfinished(connection)
    for index in unfinished:
        if f"-{about.recipe}-" in index:
            write_about(connection, about, index)  # unless it is there
            return index, True
    if unfinished and not force:
        raise UsageError(
            f"{connection.location}: an unfinished build of other sources or options is there"
            f" ({unfinished[0]}); run that one again, or --force to delete it"
        )
    if unfinished:
        connection.ask(lambda client: client.indices.delete(index=unfinished))
    index = f"{connection.address.name}-{about.recipe}-{uuid.uuid4().hex[:8]}"
    settings = layout.settings()
    connection.ask(
        lambda client: client.indices.create(index=index, mappings=MAPPINGS, settings=settings)
    )
    write_about(connection, about, index)
    return index, False


def _unfinished(connection: Connection) -> list[str]:
    """Concrete indices that builds made and no alias names."""
    name = connection.address.name
    ours = re.compile(re.escape(name) + "-[0-9a-f]{12}-[0-9a-f]{8}")
    answer = connection.ask(lambda client: client.indices.get_alias(index=f"{name}-*"))
    with understood(connection):
        return sorted(
            index
            for index, about in answer.items()
            if ours.fullmatch(index) and not about["aliases"]
        )


def _swap(connection: Connection, index: str, replaced: StoredAbout | None) -> None:
    """Let the name mean the new index, in one step for everybody."""
    name = connection.address.name
    actions: list[dict[str, Any]] = [{"add": {"index": index, "alias": name}}]
    if replaced:
        actions.append({"remove_index": {"index": replaced.index}})
    connection.ask(lambda client: client.indices.update_aliases(actions=actions))
