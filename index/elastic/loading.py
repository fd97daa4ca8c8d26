"""Documents sent to the servers, many requests at a time, each document at most once.

A batch is sent in three steps: ask which of its documents are there already; create the others;
and give those that are there the occurrences they lack, by sending them whole. A document that
another writer created or changed meanwhile is refused (409) and goes through the steps again, so
writers need no lock, and a request that was sent twice does no harm.

What the servers refuse for the moment is sent again after a pause, in halves. The bytes under way
are bounded: `jobs` batches are being sent, as many wait, and the reader waits for them.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar

from sc2_attrib.index.corpus.document import Occurrence
from sc2_attrib.index.corpus.license_files import MOST_BYTES as MOST_LICENSE_BYTES
from sc2_attrib.index.elastic.connection import (
    BUSY,
    Connection,
    ServersBusyError,
    pauses,
    refusal,
    understood,
)
from sc2_attrib.index.elastic.popularity import Popularity
from sc2_attrib.index.elastic.records import (
    KeyScheme,
    Origin,
    Record,
    encode,
    license_record,
    records,
    unpack_places,
)
from sc2_attrib.index.errors import IndexServerError

R = TypeVar("R")

BATCH_BYTES = 2 << 20  # of raw text
BATCH_DOCUMENTS = 500
PATIENCE_S = 120.0  # with servers that are busy or gone, before a load gives up


@dataclass(frozen=True, slots=True)
class Document:
    """A content to load, with all its occurrences, of which the last `n_new` are news.

    `seq_no`, `primary_term`: of the record that it replaces; None: there is none.
    """

    content: bytes
    identifier: bytes
    occurrences: tuple[Occurrence, ...]
    n_new: int
    origin: Origin
    seq_no: int | None = None
    primary_term: int = 0

    @property
    def name(self) -> str:
        """Id of its first record."""
        return self.identifier.hex()

    @property
    def news(self) -> tuple[Occurrence, ...]:
        """Occurrences that are to be added."""
        return self.occurrences[-self.n_new :]

    def without_base(self) -> "Document":
        """Only what is to be added: to be joined anew with what the servers hold."""
        return Document(self.content, self.identifier, self.news, self.n_new, self.origin)


@dataclass(slots=True)
class Loaded:
    """What the servers acknowledged so far."""

    n_documents: int = 0
    n_occurrences: int = 0


@dataclass(slots=True)
class _Batch:
    documents: dict[bytes, Document] = field(default_factory=dict)
    raw_bytes: int = 0


class Loader:
    """Loads documents into one concrete index."""

    def __init__(
        self,
        connection: Connection,
        index: str,
        keys: KeyScheme,
        *,
        level: int,
        jobs: int,
    ) -> None:
        """Start threads.

        Args:
            connection: to the servers.
            index: concrete name.
            keys: what documents are found by.
            level: of compression.
            jobs: requests under way at a time.
        """
        self.loaded = Loaded()
        self.source = 0  # corpus that what is added from now on belongs to
        self._n_added = 0  # documents; one that comes again later counts again
        self._connection = connection
        self._index = index
        self._keys = keys
        self._level = level
        self._popularity = Popularity()
        self._jobs = jobs
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(jobs)
        self._sending: deque[Future[None]] = deque()
        self._batch = _Batch()
        self._files: list[Record] = []
        self._last_refusal = ""

    def add(self, content: bytes, identifier: bytes, occurrence: Occurrence) -> None:
        """Take an occurrence in; may wait for the servers.

        Raises:
            IndexServerError: a batch before it could not be loaded.
        """
        known = self._batch.documents.get(identifier)
        if known is None:
            self._batch.documents[identifier] = Document(
                content, identifier, (occurrence,), 1, Origin(self.source, self._n_added)
            )
            self._n_added += 1
            self._batch.raw_bytes += len(content)
        elif occurrence not in known.occurrences:
            occurrences = (*known.occurrences, occurrence)
            self._batch.documents[identifier] = replace(
                known, occurrences=occurrences, n_new=len(occurrences)
            )
        if self._batch.raw_bytes >= BATCH_BYTES or len(self._batch.documents) >= BATCH_DOCUMENTS:
            self._send()

    def add_license_file(self, repository: str, path: str, content: bytes, folder: str) -> None:
        """Take a licence file in; its text is found by its repository."""
        if len(content) <= MOST_LICENSE_BYTES:
            self._files.append(license_record(repository, path, folder, content))
        if len(self._files) >= BATCH_DOCUMENTS:
            self._send_files()

    def finish(self) -> None:
        """Wait until everything that was added is acknowledged.

        Raises:
            IndexServerError: something could not be loaded.
        """
        self._send()
        self._send_files()
        self._wait(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _send(self) -> None:
        if self._batch.documents:
            documents = list(self._batch.documents.values())
            self._sending.append(self._pool.submit(self._load, documents))
            self._batch = _Batch()
            self._wait(2 * self._jobs)

    def _send_files(self) -> None:
        files, self._files = self._files, []
        if files:
            lines = [encode(record, "index", self._index) for record in files]
            self._sending.append(self._pool.submit(self._store_files, lines))

    def _store_files(self, lines: Sequence[bytes]) -> None:
        self._patiently(lambda: self._bulk(lines))

    def _wait(self, ahead: int) -> None:
        while len(self._sending) > ahead:
            self._sending.popleft().result()

    def _load(self, documents: Sequence[Document]) -> None:
        """Load a batch; what others changed meanwhile is joined and sent again."""
        left = list(documents)
        while left:
            left = self._store(self._merged(left))

    def _merged(self, documents: Sequence[Document]) -> list[Document]:
        """Join documents with what the servers hold; those with nothing new are left out."""
        ids = [document.name for document in documents]
        answer = self._patiently(
            lambda: self._connection.ask(
                lambda client: client.mget(
                    index=self._index, ids=ids, stored_fields=["places", "source", "number"]
                )
            )
        )
        with understood(self._connection):
            joined = [
                _joined(document, found)
                for document, found in zip(documents, answer["docs"], strict=True)
            ]
        return [document for document in joined if document.n_new]

    def _store(self, documents: Sequence[Document]) -> list[Document]:
        """Send documents until each is stored or in conflict; the latter are returned."""
        left, size, conflicts = list(documents), len(documents), list[Document]()
        for _ in pauses(PATIENCE_S):
            refused: list[Document] = []
            for at in range(0, len(left), max(size, 1)):
                refused += self._attempt(left[at : at + size], conflicts)
            if not refused:
                return conflicts
            left, size = refused, -(-size // 2)
        raise self._impatient()

    def _attempt(self, documents: Sequence[Document], conflicts: list[Document]) -> list[Document]:
        """Send documents once; those refused for the moment are returned."""
        sent = [self._records(document) for document in documents]
        try:
            items = iter(self._bulk([line for lines in sent for line in lines], all_or_error=False))
        except ServersBusyError as error:
            self._last_refusal = str(error)
            return list(documents)
        refused = []
        for document, lines in zip(documents, sent, strict=True):
            statuses = {next(items) for _ in lines}
            if statuses & set(BUSY):
                refused.append(document)
            elif 409 in statuses:
                conflicts.append(document.without_base())
            else:
                self._count(document)
        return refused

    def _bulk(self, lines: Sequence[bytes], *, all_or_error: bool = True) -> list[int]:
        """Send actions; the status of each.

        Raises:
            ServersBusyError: no answer, or with `all_or_error`, an action was refused for now.
            IndexServerError: an action was refused for good.
        """
        operations: Any = b"".join(lines)  # the client takes bytes as they are
        # Refused, a batch is not sent again as it is, but in halves, or after a pause: see callers.
        answer = self._connection.ask(
            lambda client: client.bulk(operations=operations), patiently=False
        )
        with understood(self._connection):
            items = [next(iter(item.values())) for item in answer["items"]]
            if len(items) != len(lines):
                raise ValueError(f"{len(items)} outcomes of {len(lines)} actions")
            for item in items:
                status = item["status"]
                if status >= 400 and status != 409:
                    why = refusal(status, item.get("error"), self._index)
                    self._last_refusal = f"{self._connection.location}: {why}"
                    if status not in BUSY:
                        raise self._connection.refuse(f"record {item['_id']}: {why}")
                    if all_or_error:
                        raise ServersBusyError(self._last_refusal)
            return [item["status"] for item in items]

    def _records(self, document: Document) -> list[bytes]:
        """Write the bulk actions of a document; the record that makes it whole comes last."""
        *parts, first = records(
            document.content,
            document.identifier,
            document.occurrences,
            self._keys,
            origin=document.origin,
            level=self._level,
            find_hot=self._popularity.count,
        )
        lines = [encode(part, "index", self._index) for part in parts]
        if document.seq_no is None:
            return [*lines, encode(first, "create", self._index)]
        condition = {"if_seq_no": document.seq_no, "if_primary_term": document.primary_term}
        return [*lines, encode(first, "index", self._index, **condition)]

    def _patiently(self, request: Callable[[], R]) -> R:
        """Repeat a request while the servers are busy or gone."""
        for _ in pauses(PATIENCE_S):
            try:
                return request()
            except ServersBusyError as error:
                self._last_refusal = str(error)
        raise self._impatient()

    def _impatient(self) -> IndexServerError:
        return IndexServerError(
            f"{self._last_refusal}; gave up after {PATIENCE_S:.0f} s; the same command goes"
            " on where it was"
        )

    def _count(self, document: Document) -> None:
        with self._lock:
            self.loaded.n_documents += document.seq_no is None
            self.loaded.n_occurrences += document.n_new


def _joined(document: Document, found: Mapping[str, Any]) -> Document:
    """Put the occurrences of a document behind those that a record has."""
    if "error" in found:
        raise ValueError(f"record {document.name}: {found['error']}")
    if not found["found"]:
        return document
    there = unpack_places(found["fields"]["places"][0])
    known = set(there)
    news = [occurrence for occurrence in document.news if occurrence not in known]
    return replace(
        document,
        occurrences=(*there, *news),
        n_new=len(news),
        origin=Origin.of(found["fields"]),
        seq_no=found["_seq_no"],
        primary_term=found["_primary_term"],
    )
