"""What operators do to an index on a server: take-downs, compaction, checks, figures.

A removal is an entry of the log in `about`, which every search reads: in effect at once, for
everybody. `compact` deletes what the log names, and lets the servers merge.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sc2_attrib.index.building import BuildSummary
from sc2_attrib.index.elastic.about import About, StoredAbout, change_about, read_about
from sc2_attrib.index.elastic.building import stored_bytes, totals
from sc2_attrib.index.elastic.candidates import COLUMNS, Found
from sc2_attrib.index.elastic.connection import Connection, pauses, understood
from sc2_attrib.index.elastic.documents import StoredDocument, read_documents
from sc2_attrib.index.elastic.popularity import Popularity, gram_of
from sc2_attrib.index.elastic.questions import Query, any_of
from sc2_attrib.index.elastic.records import (
    FindHot,
    Record,
    encode,
    name_term,
    records,
    unpack_license_file,
    unpack_places,
)
from sc2_attrib.index.errors import IndexUnusableError
from sc2_attrib.index.local import IndexStats
from sc2_attrib.index.removal import DenyList, Removal, check_name, log_with, log_without
from sc2_attrib.index.take_down import RemovalSummary
from sc2_attrib.index.transaction import now

PAGE = 500  # documents listed at once
_TERMS_AT_ONCE = 100  # of one record that are asked for together
_POLL_S = 0.5
LEASES_S = (
    60.0  # to wait for what shards renew every 30 s, and never catch up with while others load
)


def remove_on_server(
    connection: Connection, names: Sequence[str], *, reason: str | None = None, undo: bool = False
) -> RemovalSummary:
    """Take repositories or contents out, or take removals back; see `remove_from_index`.

    Raises:
        UsageError: a name names nothing, or there is no such removal to undo.
        IndexUnusableError: there is no index, or it can't be written.
    """
    for name in names:
        check_name(name)
    before = read_about(connection).about

    def changed(about: About) -> About:
        log = (
            log_without(about.removals, names, connection.location)
            if undo
            else log_with(about.removals, names, reason, when=now())
        )
        n_occurrences, n_documents = _count_removed(connection, log)
        return replace(
            about, removals=log, n_removed=n_occurrences, n_removed_documents=n_documents
        )

    after = change_about(connection, changed)
    return RemovalSummary(
        abs(after.n_removed - before.n_removed),
        abs(after.n_removed_documents - before.n_removed_documents),
    )


def compact_on_server(connection: Connection) -> BuildSummary:
    """Delete what was removed, and merge what is left.

    Raises:
        IndexUnusableError: there is no index, or it can't be written.
    """
    started = time.monotonic()
    stored = read_about(connection)
    deny = DenyList(removal.what for removal in stored.about.removals)
    affected = _affected(connection, stored.about.removals)
    popularity = Popularity()
    for document in read_documents(connection, stored.index, affected):
        _leave_out(connection, stored, document, deny, popularity.count)
    _delete_license_files(connection, stored.index, deny)
    merge(connection, stored.index)
    left = totals(connection, stored.index)

    def changed(about: About) -> About:
        return replace(
            about,
            n_documents=left.n_documents,
            n_occurrences=left.n_occurrences,
            raw_bytes=left.raw_bytes,
            n_removed=0,
            n_removed_documents=0,
        )

    change_about(connection, changed)
    return BuildSummary(
        n_documents=left.n_documents,
        n_occurrences=left.n_occurrences,
        n_duplicates=left.n_occurrences - left.n_documents,
        read_bytes=left.raw_bytes,
        raw_bytes=left.raw_bytes,
        skipped={},
        bytes_by_part={"primary shards": left.stored_bytes},
        seconds=time.monotonic() - started,
    )


def verify_on_server(connection: Connection) -> Iterator[int]:
    """Check each text against its id, and that it is found by all its grams.

    Yields:
        Bytes of text checked at each step.

    Raises:
        IndexUnusableError: at the first damage.
        IndexServerError: the servers don't answer as they should.
    """
    stored = read_about(connection)
    n_documents = 0
    for page in _pages(connection, stored.index, {"exists": {"field": "n_places"}}):
        for document in read_documents(connection, stored.index, page):
            _check_grams(connection, stored, document)
            n_documents += 1
            yield len(document.content)
    if n_documents < stored.about.n_documents:
        raise IndexUnusableError(
            f"{connection.location}: {n_documents:,} documents, but it was built with"
            f" {stored.about.n_documents:,}; restore a snapshot or build it again"
        )


def stats_of_server(connection: Connection) -> IndexStats:
    """Say how large everything is."""
    stored = read_about(connection)
    primaries, copies, n_segments = stored_bytes(connection, stored.index)
    sizes = {"primary shards": primaries} | ({"copies": copies} if copies else {})
    return IndexStats(
        stored.about.describe(connection.location),
        sizes,
        n_segments,
        stored.about.skipped,
        removals=stored.about.removals,
    )


def _count_removed(connection: Connection, removals: Sequence[Removal]) -> tuple[int, int]:
    """Occurrences that removals name, and documents that have no other."""
    deny = DenyList(removal.what for removal in removals)
    index = connection.address.name
    n_occurrences = n_documents = 0
    for page in _pages(connection, index, _named(deny)) if removals else ():
        ids = [found.document for found in page]
        answer = connection.ask(
            lambda client, ids=ids: client.mget(index=index, ids=ids, stored_fields=["places"])  # type: ignore[misc]  # bound now
        )
        with understood(connection):
            for record in answer["docs"]:
                identifier = bytes.fromhex(record["_id"])
                places = unpack_places(record["fields"]["places"][0])
                n = sum(deny.names(identifier, place.repository) for place in places)
                n_occurrences += n
                n_documents += n == len(places)
    return n_occurrences, n_documents


def _affected(connection: Connection, removals: Sequence[Removal]) -> list[Found]:
    if not removals:
        return []
    deny = DenyList(removal.what for removal in removals)
    return [
        found
        for page in _pages(connection, connection.address.name, _named(deny))
        for found in page
    ]


def _delete_license_files(connection: Connection, index: str, deny: DenyList) -> None:
    """Delete the licence files that are denied, page by page until none is found."""
    body = {
        "size": PAGE,
        "query": _named(deny, repositories="licensed", exists="licensed"),
        "track_total_hits": False,
        "stored_fields": ["places"],
        "docvalue_fields": ["document"],
    }
    while True:
        connection.ask(lambda client: client.indices.refresh(index=index))
        (answer,) = connection.search([body])
        with understood(connection):
            denied = [hit["_id"] for hit in answer["hits"]["hits"] if _is_denied(hit, deny)]
        if not denied:
            return
        operations = [{"delete": {"_index": index, "_id": name}} for name in denied]
        connection.ask(lambda client, operations=operations: client.bulk(operations=operations))  # type: ignore[misc]  # bound now


def _is_denied(hit: Mapping[str, Any], deny: DenyList) -> bool:
    """Tell whether a licence file is denied; a hash may be equal by chance."""
    repository = unpack_license_file(hit["fields"]["places"][0])[0]
    return deny.names(bytes.fromhex(hit["fields"]["document"][0]), repository)


def _named(
    deny: DenyList, *, repositories: str = "repositories", exists: str = "n_places"
) -> dict[str, Any]:
    """Query the documents with an occurrence that a deny list names.

    Args:
        deny: the list.
        repositories: field of the repositories.
        exists: field that only the records in question have.
    """
    return {
        "bool": {
            "should": [
                {"terms": {"document": sorted(map(bytes.hex, deny.contents))}},
                {"terms": {repositories: sorted(map(name_term, deny.repositories))}},
                {"terms": {"owners": sorted(map(name_term, deny.owners))}},
            ],
            "minimum_should_match": 1,
            "filter": [{"exists": {"field": exists}}],
        }
    }


def _pages(connection: Connection, index: str, query: dict[str, Any]) -> Iterator[list[Found]]:
    """List first records by document id, page by page."""
    body: dict[str, Any] = {
        "size": PAGE,
        "query": query,
        "sort": [{"document": "asc"}],
        "track_total_hits": False,
        "stored_fields": "_none_",
        "docvalue_fields": COLUMNS,
    }
    connection.ask(lambda client: client.indices.refresh(index=index))
    while True:
        (answer,) = connection.search([body])
        with understood(connection):
            page = [Found.of(hit) for hit in answer["hits"]["hits"]]
        if page:
            yield page
        if len(page) < PAGE:
            return
        body = {**body, "search_after": [page[-1].document]}


def _leave_out(
    connection: Connection,
    stored: StoredAbout,
    document: StoredDocument,
    deny: DenyList,
    find_hot: FindHot,
) -> None:
    """Delete a document, or send it again without the occurrences that are denied."""
    kept = [
        occurrence
        for occurrence in document.occurrences
        if not deny.names(document.identifier, occurrence.repository)
    ]
    made = records(
        document.content,
        document.identifier,
        kept or document.occurrences,
        stored.about.keys,
        origin=document.origin,
        level=stored.about.level,
        find_hot=find_hot,
    )
    for record in [made[-1]] if kept else made[::-1]:
        _replace(connection, stored.index, record, delete=not kept)


def _replace(connection: Connection, index: str, record: Record, *, delete: bool) -> None:
    if delete:
        connection.ask(
            lambda client: client.options(ignore_status=404).delete(index=index, id=record.id)
        )
    else:
        operations: Any = encode(record, "index", index)
        answer = connection.ask(lambda client: client.bulk(operations=operations))
        if answer["errors"]:
            raise connection.refuse(f"record {record.id} could not be replaced: {answer['items']}")


def merge(connection: Connection, index: str) -> None:
    """Let each shard become one Lucene segment; it may take hours, so it is asked how far it is."""
    connection.ask(lambda client: client.indices.refresh(index=index))
    connection.ask(lambda client: client.indices.flush(index=index))
    for _ in pauses(LEASES_S):
        if not _keeps_records(connection, index):
            break
    answer = connection.ask(
        lambda client: client.indices.forcemerge(
            index=index, max_num_segments=1, wait_for_completion=False
        )
    )
    with understood(connection):
        path = f"/_tasks/{answer['task']}"
    # By its path: the client's own method warns that this interface may change one day.
    while not connection.ask(
        lambda client: client.perform_request("GET", path, headers={"accept": "application/json"})
    )["completed"]:
        time.sleep(_POLL_S)


def _keeps_records(connection: Connection, index: str) -> bool:
    """Tell whether a merge would keep each record twice: whole too, for copies that fall behind.

    That ends for a record when the shard's leases have moved beyond it.
    """
    answer = connection.ask(lambda client: client.indices.stats(index=index, level="shards"))
    with understood(connection):
        return any(
            lease["retaining_seq_no"] <= shard["seq_no"]["max_seq_no"]
            for shards in answer["indices"][index]["shards"].values()
            for shard in shards
            for lease in shard["retention_leases"]["leases"]
        )


def _check_grams(connection: Connection, stored: StoredAbout, document: StoredDocument) -> None:
    """Ask for the records of a document by all their terms at once."""
    made = records(
        document.content,
        document.identifier,
        document.occurrences,
        stored.about.keys,
        origin=document.origin,
        level=1,
        find_hot=lambda keys: np.ones(keys.size, np.bool_),
    )
    for record in made:
        wanted = [
            *({"term": {"near": term}} for term in record.fields.get("near", ())),
            *({"term": {"licenses": term}} for term in record.fields["licenses"]),
            *({"term": {"grams": term}} for term in record.fields["grams"]),
            *_as_either(record),
        ]
        for at in range(0, len(wanted), _TERMS_AT_ONCE):
            filters = [{"ids": {"values": [record.id]}}, *wanted[at : at + _TERMS_AT_ONCE]]
            body = {"size": 0, "track_total_hits": True, "query": {"bool": {"filter": filters}}}
            (answer,) = connection.search([body])
            with understood(connection):
                n = answer["hits"]["total"]["value"]
            if n != 1:
                raise IndexUnusableError(
                    f"{connection.location}: record {record.id} is not found by all its grams;"
                    " restore a snapshot or rebuild with 'sc2-attrib index build --force'"
                )


def _as_either(record: Record) -> Iterator[Query]:
    """Demand each gram of a record as a hot one, with its edges, or as another."""
    edges: dict[str, list[Query]] = {term: [] for term in record.fields.get("hot", ())}
    for each in record.fields.get("edges", ()):
        edges[gram_of(each)].append({"term": {"edges": each}})
    for term, demands in edges.items():
        as_hot = {"bool": {"filter": [{"term": {"hot": term}}, *demands]}}
        yield any_of([{"term": {"grams": term}}, as_hot])
