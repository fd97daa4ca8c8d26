"""Corpora at URLs: read like files, and their credentials kept where they belong."""

import base64
import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sc2_attrib.index.building import BuildOptions, build_index
from sc2_attrib.index.corpus.document import CorpusSource, SourceDocument
from sc2_attrib.index.corpus.fingerprint import BY_SIZE, fingerprint
from sc2_attrib.index.corpus.location import open_source
from sc2_attrib.index.corpus.remote import RemoteFile, shown_url
from sc2_attrib.index.errors import CorpusError, UsageError

ROWS = [
    {"content": f"def function_{i}(): pass\n", "path": f"{i}.py", "repo_name": f"o/r{i % 3}"}
    for i in range(300)
]
SECRETS = ("zoe99", "pa55word", "t0ken")


def parquet_bytes(rows: list[dict[str, str]]) -> bytes:
    stream = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), stream, row_group_size=70)
    return bytes(stream.getvalue())


def jsonl_bytes(rows: list[dict[str, str]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def contents(source: CorpusSource) -> list[str]:
    return [item.content.decode() for item in source if isinstance(item, SourceDocument)]


ALL = [row["content"] for row in ROWS]


@pytest.fixture
def memory() -> Iterator[str]:
    """A folder of fsspec's own file system in memory."""
    system = fsspec.filesystem("memory")
    yield "memory://corpus"
    system.rm("/corpus", recursive=True)


def put(url: str, data: bytes) -> str:
    with fsspec.open(url, "wb") as file:
        file.write(data)
    return url


class Site(BaseHTTPRequestHandler):
    """Serves `files` to whoever knows user, password and token, in ranges as asked."""

    files: dict[str, bytes] = {}  # noqa: RUF012  # set for each test
    validators = True

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        login = "Basic " + base64.b64encode(b"zoe99:pa55word").decode()
        if self.headers.get("Authorization") != login or query != "key=t0ken":
            self.send_error(403)
        elif path not in self.files:
            self.send_error(404)
        else:
            self._answer(self.files[path])

    def _answer(self, data: bytes) -> None:
        start, stop = 0, len(data)
        asked = self.headers.get("Range")
        if asked:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, stop = int(first), min(int(last or stop) + 1, stop)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(stop - start))
        self.send_header("Accept-Ranges", "bytes")
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(data)}")
        if self.validators:
            self.send_header("ETag", f'"{hash(data)}"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data[start:stop])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a server with credentials in it, up to the path."""
    pytest.importorskip("aiohttp")
    monkeypatch.setattr(Site, "files", {})
    monkeypatch.setattr(Site, "validators", True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://zoe99:pa55word@127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def has_no_secret(text: str) -> bool:
    return not any(secret in text for secret in SECRETS)


def test_a_parquet_file_and_a_folder_of_them_are_read(memory: str) -> None:
    """The same rows as from a file here, in the order of the paths; hidden files are left out."""
    one = put(f"{memory}/data/a.parquet", parquet_bytes(ROWS[:200]))
    put(f"{memory}/data/b/b.parquet", parquet_bytes(ROWS[200:]))
    put(f"{memory}/data/.cache/c.parquet", b"")
    put(f"{memory}/data/README.md", b"")
    assert contents(open_source(one)) == ALL[:200]
    assert contents(open_source(f"{memory}/data")) == ALL
    assert open_source(f"{memory}/data").describe().name == "data"
    assert open_source(one).describe().name == "a"
    assert open_source(one).estimate_bytes() == pytest.approx(sum(map(len, ALL[:200])), rel=0.5)


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz"])
def test_json_lines_are_read(memory: str, suffix: str) -> None:
    """Packed or not."""
    data = jsonl_bytes(ROWS)
    url = put(f"{memory}/a.{suffix}", gzip.compress(data) if suffix.endswith("gz") else data)
    assert contents(open_source(url)) == ALL
    assert open_source(url).describe().name == "a"


def test_a_server_that_wants_credentials_is_read_and_nobody_sees_them(
    site: str, tmp_path: Path
) -> None:
    """A build from a table on a web server; its index folder holds no secret in any file."""
    Site.files |= {"/d/a.parquet": parquet_bytes(ROWS), "/d/b.jsonl": jsonl_bytes(ROWS)}
    for name in ("a.parquet", "b.jsonl"):
        url = f"{site}/d/{name}?key=t0ken"
        source = open_source(url)
        assert contents(source) == ALL
        request = {"sources": shown_url(url), "state": fingerprint(url)}
        build_index([source], tmp_path / name, BuildOptions(request=request))
        for path in (tmp_path / name).rglob("*"):
            assert path.is_dir() or has_no_secret(path.read_bytes().decode("latin-1"))
        assert has_no_secret(repr(source.describe()) + repr(RemoteFile(url)) + str(RemoteFile(url)))


@pytest.mark.parametrize(
    ("path", "query", "why"),
    [
        ("/none.parquet", "key=t0ken", "404"),
        ("/none.jsonl", "key=t0ken", "404"),
        ("/a.parquet", "key=t0ken2", "403"),
        ("/damaged.parquet", "key=t0ken", "Parquet magic bytes"),
    ],
)
def test_what_cannot_be_read_is_one_line_without_secrets(
    site: str, path: str, query: str, why: str
) -> None:
    """The place, the reason, and no trace of user, password or key, in the cause neither."""
    Site.files |= {"/a.parquet": parquet_bytes(ROWS), "/damaged.parquet": b"x" * 999}
    with pytest.raises(CorpusError, match=why) as caught:
        contents(open_source(f"{site}{path}?{query}"))
    error: BaseException | None = caught.value
    while error:
        assert has_no_secret(str(error))
        assert "\n" not in str(error)
        error = error.__cause__
    assert path in str(caught.value)


def test_a_host_that_is_not_there_is_one_line(site: str) -> None:
    """Nobody listens: the place, and what the system says."""
    url = "http://zoe99:pa55word@127.0.0.1:1/a.jsonl?key=t0ken"
    with pytest.raises(CorpusError, match=r"^http://127\.0\.0\.1:1/a\.jsonl: ") as caught:
        contents(open_source(url))
    assert has_no_secret(str(caught.value))


def test_a_folder_without_tables_is_said(memory: str) -> None:
    """An empty answer would read as an empty corpus."""
    put(f"{memory}/data/README.md", b"")
    with pytest.raises(CorpusError, match=r"memory://corpus/data: no \*\.parquet file there"):
        contents(open_source(f"{memory}/data"))


def test_a_missing_driver_is_named() -> None:
    """One line with what to install, or that nothing is known of such addresses."""
    fsspec.register_implementation("gs", "no_such_module.FileSystem", clobber=True)
    with pytest.raises(UsageError, match=r"gs://bucket/a\.parquet: .* pip install gcsfs"):
        contents(open_source("gs://zoe99:pa55word@bucket/a.parquet"))
    with pytest.raises(UsageError, match=r"fsspec knows no gopher:// addresses"):
        contents(open_source("gopher://host/a.jsonl"))


def test_a_change_is_noticed_where_the_server_tells(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another password makes no other source, another content does; a server that tells nothing
    is said to tell nothing."""
    Site.files["/a.jsonl"] = jsonl_bytes(ROWS)
    url = f"{site}/a.jsonl?key=t0ken"
    before = fingerprint(url)
    assert not before.endswith(BY_SIZE)
    assert fingerprint(url) == before
    Site.files["/a.jsonl"] = jsonl_bytes(ROWS[::-1])
    assert fingerprint(url) != before
    monkeypatch.setattr(Site, "validators", False)
    assert fingerprint(url).endswith(BY_SIZE)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@host:8/a/b.parquet?sig=1#x", "https://host:8/a/b.parquet"),
        ("s3://bucket/a", "s3://bucket/a"),
        ("hf://datasets/o/n@v1/data", "hf://datasets/o/n@v1/data"),
        ("https://[u:p", "https://"),
    ],
)
def test_a_url_is_shown_without_what_it_keeps_to_itself(url: str, shown: str) -> None:
    """Neither user nor password, query or fragment; a revision is none of them."""
    assert shown_url(url) == shown
