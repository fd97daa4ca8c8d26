import gzip
import hashlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sc2_attrib.index.corpus.document import SkippedDocument, SkipReason, SourceDocument
from sc2_attrib.index.corpus.files import MAX_FILE_BYTES
from sc2_attrib.index.corpus.heritage import BlobStore, fetch_contents
from sc2_attrib.index.corpus.location import open_source
from sc2_attrib.index.corpus.parquet import ParquetSource
from sc2_attrib.index.corpus.stack_rows import Blob, StackFile
from sc2_attrib.index.errors import CorpusError, UsageError

Answer = tuple[int, bytes]


def blob_id(raw: bytes) -> str:
    return hashlib.sha1(raw).hexdigest()


def content_id(raw: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(raw) + raw).hexdigest()


class Store:
    """A blob store on this machine; `misbehave` sees each request first and may answer it."""

    def __init__(self, url: str) -> None:
        self.url = url + "/content/{blob_id}"
        self.objects: dict[str, bytes] = {}
        self.asked: Counter[str] = Counter()
        self.peers: set[Any] = set()
        self.misbehave: Callable[[BaseHTTPRequestHandler, int], Answer | None] = lambda *_: None

    def add(self, *contents: bytes) -> list[Blob]:
        self.objects |= {blob_id(raw): gzip.compress(raw) for raw in contents}
        return [Blob(blob_id(raw)) for raw in contents]

    def answer(self, request: BaseHTTPRequestHandler) -> Answer:
        name = request.path.removeprefix("/content/")
        self.asked[name] += 1
        self.peers.add(request.client_address)
        if answer := self.misbehave(request, self.asked[name]):
            return answer
        packed = self.objects.get(name)
        return (404, b"<Error/>") if packed is None else (200, packed)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever proxy this machine has, it is not asked for what is on the machine."""
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def store() -> Iterator[Store]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body = served.answer(self)
            if status:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = Store(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield served
        server.shutdown()
        thread.join()


def fetch(store: Store, *blobs: Blob, **options: Any) -> list[Any]:
    patient = BlobStore(store.url, **({"pause_s": 0.001, "timeout_s": 5, "attempts": 4} | options))
    files = (StackFile(blob, {}, str(number)) for number, blob in enumerate(blobs))
    fetched = list(fetch_contents(files, patient))
    assert [file.place for file in fetched] == [str(number) for number in range(len(blobs))]
    return [file.content for file in fetched]


def test_blobs_are_fetched_once_in_order_over_few_connections(store: Store) -> None:
    """Whichever answer comes first, documents keep their order; connections are kept."""
    contents = [b"int x%d;" % number for number in range(100)]
    blobs = store.add(*contents)

    def slow_at_first(request: BaseHTTPRequestHandler, _: int) -> None:
        time.sleep(0.05 if request.path.endswith(blobs[0].blob_id) else 0)

    store.misbehave = slow_at_first
    assert fetch(store, *blobs, fetch_jobs=4) == contents
    assert set(store.asked.values()) == {1}
    assert len(store.peers) <= 4


def test_no_more_is_asked_for_than_a_few_ahead(store: Store) -> None:
    """A reader that stops, or is slow, holds a bounded number of documents."""
    files = [StackFile(blob, {}, "") for blob in store.add(*(b"%d" % n for n in range(50)))]
    fetched = fetch_contents(files, BlobStore(store.url, fetch_jobs=3))
    next(fetched)
    fetched.close()  # type: ignore[attr-defined]  # it is a generator
    assert len(store.asked) <= 6


def test_missing_blob_is_left_out_and_asked_for_once(store: Store) -> None:
    """The store says that it has not got it: no use in asking again."""
    (there,) = store.add(b"int x;")
    gone = Blob("0" * 40)
    assert fetch(store, gone, there) == [SkipReason.NOT_IN_STORE, b"int x;"]
    assert store.asked[gone.blob_id] == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_refusal_for_now_is_tried_again(store: Store, status: int) -> None:
    """A busy store answers in the end."""
    store.misbehave = lambda _, times: (status, b"SlowDown") if times < 4 else None
    assert fetch(store, *store.add(b"int x;")) == [b"int x;"]


def truncated(request: BaseHTTPRequestHandler, times: int) -> Answer | None:
    if times > 1:
        return None
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    request.wfile.write(b"\x1f\x8b")
    request.close_connection = True
    return 0, b""


def hung_up(request: BaseHTTPRequestHandler, times: int) -> Answer | None:
    if times > 1:
        return None
    request.close_connection = True
    return 0, b""


def slow(_: BaseHTTPRequestHandler, times: int) -> Answer | None:
    time.sleep(1.0 if times == 1 else 0)
    return None


@pytest.mark.parametrize("misbehave", [truncated, hung_up, slow])
def test_broken_answer_is_tried_again(
    store: Store, misbehave: Callable[[BaseHTTPRequestHandler, int], Answer | None]
) -> None:
    """A connection that breaks off or falls asleep costs one attempt."""
    store.misbehave = misbehave
    (blob,) = store.add(b"int x;")
    assert fetch(store, blob, timeout_s=0.3) == [b"int x;"]
    assert store.asked[blob.blob_id] == 2


@pytest.mark.parametrize(
    "body",
    [gzip.compress(b"other"), gzip.compress(b"int x;")[:-4], b"", b"int x;"],
    ids=["other", "cut off", "empty", "not packed"],
)
def test_wrong_bytes_are_never_a_document(store: Store, body: bytes) -> None:
    """Bytes that are not the blob's may be right the next time; if never, they are damaged."""
    first, second = store.add(b"int x;", b"int y;")
    store.misbehave = lambda _, times: (200, body) if times == 1 else None
    assert fetch(store, first) == [b"int x;"]
    store.misbehave = lambda request, _: (200, body) if first.blob_id in request.path else None
    assert fetch(store, first, second) == [SkipReason.DAMAGED, b"int y;"]


def test_git_id_is_proved_where_the_table_has_one(store: Store) -> None:
    """Both ids of a row must be those of the bytes."""
    raw = b"int x;"
    store.add(raw)
    good, bad = Blob(blob_id(raw), content_id(raw)), Blob(blob_id(raw), "0" * 40)
    assert fetch(store, good, bad) == [raw, SkipReason.DAMAGED]


def test_text_is_decoded_as_the_table_states(store: Store) -> None:
    """The ids are of the bytes as published; what is indexed is UTF-8."""
    raw = "int é;".encode("latin-1")
    (blob,) = store.add(raw)
    stated = ["ISO-8859-1", "UTF-8", None, "SHIFT_JIS", "no such", "hex"]
    assert fetch(store, *(Blob(blob.blob_id, None, encoding) for encoding in stated)) == [
        "int é;".encode(),
        raw,
        raw,
        SkipReason.NOT_IN_STATED_ENCODING,
        SkipReason.NOT_IN_STATED_ENCODING,
        SkipReason.NOT_IN_STATED_ENCODING,
    ]


def test_large_blobs_and_foreign_ids_are_left_out(store: Store) -> None:
    """A stated size spares the request, a bomb is unpacked no further than the limit."""
    (bomb,) = store.add(bytes(MAX_FILE_BYTES + 1))
    stated = Blob("1" * 40, n_bytes=MAX_FILE_BYTES + 1)
    foreign = [Blob("../../etc/passwd"), Blob("x" * 40)]
    expected = [SkipReason.TOO_LARGE] * 2 + [SkipReason.NO_CONTENT] * 2
    assert fetch(store, bomb, stated, *foreign) == expected
    assert set(store.asked) == {bomb.blob_id}


def test_store_that_stays_away_stops_the_build_in_one_line(store: Store) -> None:
    """The error says which address, why, how often it was tried, and what to do."""
    store.misbehave = lambda *_: (503, b"SlowDown")
    with pytest.raises(CorpusError, match=r"can't be fetched: HTTP status 503, 4 times; check the"):
        fetch(store, *store.add(b"int x;"))


def test_store_that_forbids_is_asked_once(store: Store) -> None:
    """A refusal that stays is told at once."""
    store.misbehave = lambda *_: (403, b"AccessDenied")
    (blob,) = store.add(b"int x;")
    with pytest.raises(CorpusError, match="can't be fetched: HTTP status 403; check the network"):
        fetch(store, blob)
    assert store.asked[blob.blob_id] == 1


def test_unreachable_store_names_its_address_without_credentials() -> None:
    """Nobody listens there; what authenticates is not repeated."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    away = BlobStore(f"http://me:secret@127.0.0.1:{port}/{{blob_id}}", attempts=2, pause_s=0)
    with pytest.raises(CorpusError, match=rf"^http://127.0.0.1:{port}/0+: .*refused.*") as caught:
        list(fetch_contents([StackFile(Blob("0" * 40), {}, "")], away))
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_proxy_of_the_environment_is_asked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a proxy the store is reached through it, with the proxy's credentials."""
    (blob,) = store.add(b"int x;")
    proxy = store.url.removesuffix("/content/{blob_id}").replace("//", "//me:secret@")
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("http_proxy", proxy)
    seen = []

    def forward(request: BaseHTTPRequestHandler, _: int) -> Answer:
        seen.append((request.path, request.headers["Proxy-Authorization"]))
        return 200, store.objects[blob.blob_id]

    store.misbehave = forward
    store.url = "http://blobs.invalid/{blob_id}"
    assert fetch(store, blob) == [b"int x;"]
    assert seen == [(f"http://blobs.invalid/{blob.blob_id}", "Basic bWU6c2VjcmV0")]


def test_address_without_a_place_for_the_id_is_a_usage_error() -> None:
    """It would give the same object for every blob."""
    with pytest.raises(UsageError, match=r"'https://x/' holds no \{blob_id\}; give one such as"):
        BlobStore("https://x/")


def test_files_with_contents_pass_in_their_place(store: Store) -> None:
    """Only what is a blob is fetched, and all keep their order."""
    (blob,) = store.add(b"fetched")
    contents: list[bytes | Blob | SkipReason | None] = [
        b"first",
        blob,
        None,
        SkipReason.EMPTY,
        blob,
    ]
    files = [StackFile(content, {}, "") for content in contents]
    fetched = fetch_contents(files, BlobStore(store.url))
    expected = [b"first", b"fetched", None, SkipReason.EMPTY, b"fetched"]
    assert [file.content for file in fetched] == expected


def row(raw: bytes, path: str) -> dict[str, object]:
    ids = {"blob_id": blob_id(raw), "content_id": content_id(raw), "length_bytes": len(raw)}
    return ids | {"path": path, "src_encoding": "ISO-8859-1", "language": "C"}


def check_corpus(path: Path, store: Store) -> None:
    raw = "int é;".encode("latin-1")
    source = open_source(str(path), store=BlobStore(store.url))
    assert isinstance(source, ParquetSource)
    assert source.estimate_bytes() is None
    first, second = source
    assert isinstance(first, SourceDocument)
    assert first.content == raw.decode("latin-1").encode()
    assert first.occurrence.repository == "o/n"
    assert first.occurrence.path == "/a.c"
    assert first.occurrence.src_encoding == "ISO-8859-1"
    assert second == SkippedDocument("o/n/gone.c", SkipReason.NOT_IN_STORE)


def test_table_at_file_level_without_contents_is_fetched(tmp_path: Path, store: Store) -> None:
    """The rows are those of a table with contents, the texts come from the store."""
    raw = "int é;".encode("latin-1")
    store.add(raw)
    rows = [row(raw, "/a.c"), row(b"gone", "/gone.c")]
    columns: dict[str, Any] = {name: [r[name] for r in rows] for name in rows[0]}
    pq.write_table(pa.table(columns | {"repo_name": ["o/n"] * 2}), tmp_path / "x.parquet")
    check_corpus(tmp_path / "x.parquet", store)


def test_table_at_repository_level_without_contents_is_fetched(
    tmp_path: Path, store: Store
) -> None:
    """As in train-full-ids: the ids stand within `files`."""
    raw = "int é;".encode("latin-1")
    store.add(raw)
    files = [[row(raw, "/a.c"), row(b"gone", "/gone.c")]]
    pq.write_table(pa.table({"repo_name": ["o/n"], "files": files}), tmp_path / "x.parquet")
    check_corpus(tmp_path / "x.parquet", store)
