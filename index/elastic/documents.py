"""Candidates read whole: text and occurrences, checked against the content id."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sc2_attrib.index.corpus.document import Occurrence
from sc2_attrib.index.elastic.candidates import Found
from sc2_attrib.index.elastic.connection import Connection, ServersBusyError, understood
from sc2_attrib.index.elastic.records import (
    PART_BYTES,
    Origin,
    part_id,
    unpack_places,
    unpack_text,
)
from sc2_attrib.index.errors import IndexUnusableError
from sc2_attrib.index.segment.documents import content_id

REQUEST_BYTES = 8 << 20  # raw text read by one request
_FIELDS = ["text", "places", "source", "number"]
MOST_BYTES = 1 << 30  # raw text of all candidates of one call


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document as the servers hold it; `occurrences` may be removed ones."""

    identifier: bytes
    content: bytes
    occurrences: tuple[Occurrence, ...]
    origin: Origin


def read_documents(
    connection: Connection, index: str, wanted: Sequence[Found]
) -> Iterator[StoredDocument]:
    """Read documents, in the order given; those deleted meanwhile are left out.

    Raises:
        IndexServerError: no answer, or too much text.
        IndexUnusableError: a document is damaged.
    """
    check_bytes(connection, wanted)
    for group in _groups(wanted):
        yield from _read_group(connection, index, group)


def _read_group(
    connection: Connection, index: str, group: Sequence[Found]
) -> Iterator[StoredDocument]:
    """Read documents in one request, or in halves where that is too much for the servers."""
    ids = [part_id(found.document, part) for found in group for part in range(found.n_parts)]
    try:
        answer = connection.ask(
            lambda client: client.mget(index=index, ids=ids, stored_fields=_FIELDS, realtime=False),
            patiently=len(group) == 1,
        )
    except ServersBusyError:
        if len(group) == 1:
            raise
        middle = len(group) // 2
        yield from _read_group(connection, index, group[:middle])
        yield from _read_group(connection, index, group[middle:])
        return
    with understood(connection):
        records = {record["_id"]: record for record in answer["docs"]}
        documents = [_document(connection, found, records) for found in group]
    yield from (document for document in documents if document is not None)


def check_bytes(connection: Connection, wanted: Iterable[Found]) -> None:
    """Refuse to read more text than fits in memory."""
    if sum(found.raw_bytes for found in wanted) > MOST_BYTES:
        raise connection.refuse(
            f"documents of more than {MOST_BYTES >> 30} GiB share text with this and have to be"
            " read; check it in parts"
        )


def _groups(wanted: Sequence[Found]) -> Iterator[list[Found]]:
    group, n_bytes = list[Found](), 0
    for found in wanted:
        if group and n_bytes + found.raw_bytes > REQUEST_BYTES:
            yield group
            group, n_bytes = [], 0
        group.append(found)
        n_bytes += found.raw_bytes
    if group:
        yield group


def _document(
    connection: Connection, found: Found, records: Mapping[str, Mapping[str, Any]]
) -> StoredDocument | None:
    first = records[found.document]
    if "error" in first:
        raise connection.refuse(f"record {found.document}: {first['error']}")
    if not first["found"]:
        return None
    try:
        content = b"".join(
            unpack_text(
                records[part_id(found.document, part)]["fields"]["text"][0], most=PART_BYTES
            )
            for part in range(found.n_parts)
        )
        occurrences = tuple(unpack_places(first["fields"]["places"][0]))
        origin = Origin.of(first["fields"])
    except (KeyError, ValueError, TypeError) as error:
        raise _damaged(connection, found.document, f"{type(error).__name__}: {error}") from error
    identifier = content_id(content)
    if identifier.hex() != found.document:
        raise _damaged(connection, found.document, "the text is another than the id says")
    return StoredDocument(identifier, content, occurrences, origin)


def _damaged(connection: Connection, document: str, why: str) -> IndexUnusableError:
    return IndexUnusableError(
        f"{connection.location}: document {document}: {why}; restore a snapshot, or rebuild with"
        " 'sc2-attrib index build --force'"
    )
