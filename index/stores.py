"""Indexes by name: the one place that decides whether a name means a folder or a server.

Commands and programs ask `store_at` for a `Store` and never know which kind they got.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from sc2_attrib.index.elastic.address import ServerAddress, is_server, parse_address
from sc2_attrib.index.elastic.layout import Layout
from sc2_attrib.index.errors import UsageError
from sc2_attrib.index.local import IndexStats, index_stats, open_index
from sc2_attrib.index.manifest import read_manifest
from sc2_attrib.index.removal import Removal
from sc2_attrib.index.search import Searcher

if TYPE_CHECKING:  # who only searches shall not wait for what builds
    from sc2_attrib.index.building import BuildOptions, BuildSummary, Resources
    from sc2_attrib.index.checkpoint import Request
    from sc2_attrib.index.corpus.document import CorpusSource
    from sc2_attrib.index.extension import OnProgress
    from sc2_attrib.index.take_down import RemovalSummary


class OpenIndex(Searcher, Protocol):
    """A searcher that is closed at the end of a `with` block."""

    def use_machine_code(self) -> None:
        """Load compiled kernels with the next search: for processes that will search a lot."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Store(Protocol):
    """An index that may or may not be there yet, and what is done to it.

    The functions of index/building.py, index/take_down.py and index/local.py say what each method
    does, returns and raises.
    """

    @property
    def location(self) -> str:
        """Its name as it may be shown: without credentials."""

    def open(self) -> OpenIndex:
        """Open it for searching."""

    def build(
        self,
        sources: Sequence[CorpusSource],
        options: BuildOptions,
        *,
        on_progress: OnProgress | None = None,
    ) -> BuildSummary:
        """Make it of sources."""

    def add(
        self,
        sources: Sequence[CorpusSource],
        *,
        resources: Resources,
        request: Request,
        force: bool = False,
        on_progress: OnProgress | None = None,
    ) -> BuildSummary:
        """Add the documents of sources."""

    def compact(
        self, *, resources: Resources, on_progress: OnProgress | None = None
    ) -> BuildSummary:
        """Delete what was removed."""

    def remove(
        self, names: Sequence[str], *, reason: str | None = None, undo: bool = False
    ) -> RemovalSummary:
        """Take repositories or contents out, or take that back."""

    def stats(self) -> IndexStats:
        """Say how large everything is."""

    def verify(self) -> Iterator[int]:
        """Check everything, yielding the bytes checked at each step."""

    def removals(self) -> tuple[Removal, ...]:
        """Read the log of removals."""


def store_at(location: str | Path, *, layout: Layout | None = None) -> Store:
    """Find out what a name means; nothing is opened yet.

    Args:
        location: of a folder, or of a server (elastic/address.py).
        layout: how an index on a server is laid out when it is made.

    Raises:
        UsageError: an address without the form it should have, or a layout for a folder.
    """
    if isinstance(location, str) and is_server(location):
        return ServerStore(parse_address(location, os.environ), layout or Layout())
    if layout:
        raise UsageError(f"{location}: shards, replicas, refresh and compression need a server")
    return FolderStore(Path(location))


@dataclass(frozen=True, slots=True)
class FolderStore:
    """An index in a folder."""

    folder: Path

    @property
    def location(self) -> str:
        """The folder."""
        return str(self.folder)

    def open(self) -> OpenIndex:
        """Open it for searching."""
        return open_index(self.folder)

    def build(
        self,
        sources: Sequence[CorpusSource],
        options: BuildOptions,
        *,
        on_progress: OnProgress | None = None,
    ) -> BuildSummary:
        """Make it of sources."""
        from sc2_attrib.index.building import build_index

        return build_index(sources, self.folder, options, on_progress=on_progress)

    def add(
        self,
        sources: Sequence[CorpusSource],
        *,
        resources: Resources,
        request: Request,
        force: bool = False,
        on_progress: OnProgress | None = None,
    ) -> BuildSummary:
        """Add the documents of sources."""
        from sc2_attrib.index.building import add_to_index

        return add_to_index(
            sources,
            self.folder,
            resources=resources,
            request=request,
            force=force,
            on_progress=on_progress,
        )

    def compact(
        self, *, resources: Resources, on_progress: OnProgress | None = None
    ) -> BuildSummary:
        """Delete what was removed."""
        from sc2_attrib.index.building import compact_index

        return compact_index(self.folder, resources=resources, on_progress=on_progress)

    def remove(
        self, names: Sequence[str], *, reason: str | None = None, undo: bool = False
    ) -> RemovalSummary:
        """Take repositories or contents out, or take that back."""
        from sc2_attrib.index.take_down import remove_from_index

        return remove_from_index(names, self.folder, reason=reason, undo=undo)

    def stats(self) -> IndexStats:
        """Say how large everything is."""
        return index_stats(self.folder)

    def verify(self) -> Iterator[int]:
        """Check everything, yielding the bytes checked at each step."""
        with open_index(self.folder) as index:
            yield from index.verify()

    def removals(self) -> tuple[Removal, ...]:
        """Read the log of removals."""
        return read_manifest(self.folder).removals


@dataclass(frozen=True, slots=True)
class ServerStore:
    """An index in Elasticsearch. `layout`: of an index that is made."""

    address: ServerAddress
    layout: Layout = field(default_factory=Layout)

    @property
    def location(self) -> str:
        """The address without credentials."""
        return self.address.location

    def open(self) -> OpenIndex:
        """Open it for searching."""
        from sc2_attrib.index.elastic.searcher import open_server

        return open_server(self.address)

    def build(
        self,
        sources: Sequence[CorpusSource],
        options: BuildOptions,
        *,
        on_progress: OnProgress | None = None,
    ) -> BuildSummary:
        """Make it of sources."""
        from sc2_attrib.index.elastic.building import build_on_server

        return build_on_server(sources, self.address, options, self.layout, on_progress=on_progress)

    def add(
        self,
        sources: Sequence[CorpusSource],
        *,
        resources: Resources,
        request: Request,
        force: bool = False,
        on_progress: OnProgress | None = None,
    ) -> BuildSummary:
        """Add the documents of sources; an unfinished addition needs no forgetting."""
        from sc2_attrib.index.elastic.building import add_on_server

        return add_on_server(sources, self.address, on_progress=on_progress)

    def compact(
        self, *, resources: Resources, on_progress: OnProgress | None = None
    ) -> BuildSummary:
        """Delete what was removed, and let the servers merge."""
        from sc2_attrib.index.elastic.upkeep import compact_on_server

        with self._connected() as connection:
            return compact_on_server(connection)

    def remove(
        self, names: Sequence[str], *, reason: str | None = None, undo: bool = False
    ) -> RemovalSummary:
        """Take repositories or contents out, or take that back."""
        from sc2_attrib.index.elastic.upkeep import remove_on_server

        with self._connected() as connection:
            return remove_on_server(connection, names, reason=reason, undo=undo)

    def stats(self) -> IndexStats:
        """Say how large everything is."""
        from sc2_attrib.index.elastic.upkeep import stats_of_server

        with self._connected() as connection:
            return stats_of_server(connection)

    def verify(self) -> Iterator[int]:
        """Check everything, yielding the bytes checked at each step."""
        from sc2_attrib.index.elastic.upkeep import verify_on_server

        with self._connected() as connection:
            yield from verify_on_server(connection)

    def removals(self) -> tuple[Removal, ...]:
        """Read the log of removals."""
        from sc2_attrib.index.elastic.about import read_about

        with self._connected() as connection:
            return read_about(connection).about.removals

    def _connected(self) -> AbstractContextManager[Any]:
        from sc2_attrib.index.elastic.connection import Connection

        return closing(Connection(self.address))
