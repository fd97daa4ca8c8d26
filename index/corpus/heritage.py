"""The contents of blobs, fetched from Software Heritage's object store while a table is read.

Each blob is one object: gzip, named by the SHA-1 of the bytes in it. So whatever arrives can be
proved to be what the table names, and is: by `blob_id`, and by the git blob id where there is one.
Then it is decoded to UTF-8 as the table states.

Blobs are fetched by several threads, since a single one would wait for the network nearly all of
the time. They come out in the table's order, and no more are held than twice the threads. What may
pass by itself (a timeout, a refusal for now, bytes that are not the blob's) is tried again, after a
pause that doubles each time and is drawn at random below that, so that the threads don't return all
at once. A store that does not answer then stops the build; a blob that it doesn't have is left out.

Sources: https://docs.softwareheritage.org (object storage on S3, read without signing);
M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
"""

import hashlib
import random
import re
import threading
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Self

from sc2_attrib.index.corpus.document import SkipReason
from sc2_attrib.index.corpus.files import MAX_FILE_BYTES
from sc2_attrib.index.corpus.stack_rows import Blob, StackFile, changes_bytes
from sc2_attrib.index.errors import CorpusError, UsageError

SOFTWARE_HERITAGE_URL = "https://softwareheritage.s3.amazonaws.com/content/{blob_id}"
PLACEHOLDER = "{blob_id}"

_MAX_PACKED_BYTES = MAX_FILE_BYTES + (1 << 16)  # gzip adds little to what can't be packed
_BLOB_ID = re.compile(r"[0-9a-f]{40}")
_OK, _NOT_FOUND = 200, 404
_PASSING = frozenset({408, 429, *range(500, 600)})
_MOST_REDIRECTS = 3
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class BlobStore:
    """A store of blobs and how to ask it.

    `url` holds `{blob_id}` where the id belongs. A blob is asked for at most `attempts` times; the
    pauses between grow from `pause_s` to `longest_pause_s`.
    """

    url: str = SOFTWARE_HERITAGE_URL
    fetch_jobs: int = 16
    attempts: int = 7
    timeout_s: float = 30.0
    pause_s: float = 0.5
    longest_pause_s: float = 30.0

    def __post_init__(self) -> None:
        if PLACEHOLDER not in self.url:
            raise UsageError(
                f"the blob store's address {self.url!r} holds no {PLACEHOLDER};"
                f" give one such as {SOFTWARE_HERITAGE_URL}"
            )


def fetch_contents(files: Iterable[StackFile], store: BlobStore) -> Iterator[StackFile]:
    """Put the contents in place of the blobs; order and everything else stay.

    Raises:
        CorpusError: the store can't be read.
    """
    pending: deque[tuple[StackFile, Future[bytes | SkipReason]]] = deque()

    def finish_first() -> StackFile:
        file, content = pending.popleft()
        return replace(file, content=content.result())

    with _Fetcher(store) as fetcher:
        for file in files:
            if isinstance(file.content, Blob):
                pending.append((file, fetcher.start(file.content)))
                if len(pending) == 2 * store.fetch_jobs:
                    yield finish_first()
            else:
                while pending:
                    yield finish_first()
                yield file
        while pending:
            yield finish_first()


class _PassingError(Exception):
    """It may work when it is tried again; says what happened."""


class _WrongBytesError(_PassingError):
    """What came is not the blob."""


class _Fetcher:
    """The threads and connections that a table's blobs are fetched with."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._pool = ThreadPoolExecutor(store.fetch_jobs, thread_name_prefix="fetch")
        self._connections: Any = None
        self._stopped = threading.Event()
        self._random = random.Random()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._pool.shutdown(cancel_futures=True)
        if self._connections is not None:
            self._connections.clear()

    def start(self, blob: Blob) -> "Future[bytes | SkipReason]":
        """Have a blob fetched by one of the threads."""
        if self._connections is None:
            self._connections = _connections(self._store)
        return self._pool.submit(self._fetch, blob)

    def _fetch(self, blob: Blob) -> bytes | SkipReason:
        if not _BLOB_ID.fullmatch(blob.blob_id):
            return SkipReason.NO_CONTENT  # and nothing that may be put into an address
        if blob.n_bytes is not None and blob.n_bytes > MAX_FILE_BYTES:
            return SkipReason.TOO_LARGE
        return self._ask_repeatedly(blob)

    def _ask_repeatedly(self, blob: Blob) -> bytes | SkipReason:
        url = self._store.url.replace(PLACEHOLDER, blob.blob_id)
        for attempt in range(1, self._store.attempts + 1):
            try:
                status, packed = self._ask(url)
                return SkipReason.NOT_IN_STORE if status == _NOT_FOUND else unpack(packed, blob)
            except _PassingError as err:
                problem = err
            if self._stopped.wait(0 if attempt == self._store.attempts else self._pause(attempt)):
                break
        if isinstance(problem, _WrongBytesError):
            return SkipReason.DAMAGED
        raise _unreadable(url, f"{problem}, {attempt} times") from problem

    def _ask(self, url: str) -> tuple[int, bytes]:
        """Ask once, and return the status, which is success or 'not found', with what came."""
        from urllib3.exceptions import HTTPError

        try:
            response = self._connections.request("GET", url, preload_content=False)
            try:
                packed = response.read(_MAX_PACKED_BYTES + 1, decode_content=False)
            finally:
                response.release_conn()
        except HTTPError as err:
            raise _PassingError(str(getattr(err, "reason", None) or err)) from err
        if response.status in _PASSING:
            raise _PassingError(f"HTTP status {response.status}")
        if response.status not in (_OK, _NOT_FOUND):
            raise _unreadable(url, f"HTTP status {response.status}")
        return response.status, packed

    def _pause(self, attempt: int) -> float:
        longest = min(self._store.longest_pause_s, self._store.pause_s * 2**attempt)
        return self._random.uniform(0, longest)


def unpack(packed: bytes, blob: Blob) -> bytes | SkipReason:
    """Turn an object of the store into a text, having proved that it is the blob.

    Raises:
        _WrongBytesError: it is not.
    """
    unzip = zlib.decompressobj(_GZIP)
    try:
        raw = unzip.decompress(packed, MAX_FILE_BYTES + 1)
    except zlib.error as err:
        raise _WrongBytesError(str(err)) from err
    if max(len(raw), len(packed) - (1 << 16)) > MAX_FILE_BYTES:
        return SkipReason.TOO_LARGE
    if not unzip.eof or not _is_blob(raw, blob):
        raise _WrongBytesError("the bytes are not those of the blob")
    return _to_utf8(raw, blob.src_encoding)


def _is_blob(raw: bytes, blob: Blob) -> bool:
    git_blob = hashlib.sha1(b"blob %d\0" % len(raw) + raw, usedforsecurity=False).hexdigest()
    is_named = hashlib.sha1(raw, usedforsecurity=False).hexdigest() == blob.blob_id
    return is_named and blob.content_id in (None, "", git_blob)


def _to_utf8(raw: bytes, src_encoding: str | None) -> bytes | SkipReason:
    """Decode a text as the table states; what is UTF-8 by its word stays, valid or not."""
    if not src_encoding or not changes_bytes(src_encoding):
        return raw
    try:
        return raw.decode(src_encoding).encode()
    except (LookupError, UnicodeError):  # LookupError: no such encoding
        return SkipReason.NOT_IN_STATED_ENCODING


def _connections(store: BlobStore) -> Any:
    """Make the connections, through a proxy where the environment names one."""
    import urllib.request

    import urllib3

    retry_nothing_here = urllib3.Retry(
        connect=0,
        read=0,
        status=0,
        other=0,
        redirect=_MOST_REDIRECTS,
        respect_retry_after_header=False,
    )
    options: dict[str, Any] = {
        "maxsize": store.fetch_jobs,
        "timeout": store.timeout_s,
        "retries": retry_nothing_here,
    }
    url = urllib3.util.parse_url(store.url)
    proxy = urllib.request.getproxies().get(url.scheme or "")
    if proxy is None or urllib.request.proxy_bypass(url.host or ""):
        return urllib3.PoolManager(**options)
    credentials = urllib3.util.make_headers(proxy_basic_auth=urllib3.util.parse_url(proxy).auth)
    return urllib3.ProxyManager(proxy, proxy_headers=credentials, **options)


def _unreadable(url: str, why: str) -> CorpusError:
    address = re.sub(r"//[^/@]*@", "//", url)  # without credentials
    return CorpusError(
        f"{address}: can't be fetched: {why}; check the network and the blob store's address,"
        " or use a table with contents"
    )
