"""A proxy on this machine in front of a node: it speaks TLS, demands a login, misbehaves."""

import base64
import http.client
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

USER, PASSWORD, API_KEY = "scanner", "p@ss:/wörd", "aWQ6c2VjcmV0"
BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@dataclass(slots=True)
class Manners:
    """How the proxy behaves. `skip`: requests that are passed on before it misbehaves.

    `status`: answered instead of asking. `cut`: bytes of a body that are sent. `delay_s`: before
    an answer. `body`: instead of the node's. `login`: it must be given.
    """

    skip: int = 0
    status: int | None = None
    cut: int | None = None
    delay_s: float = 0.0
    body: bytes | None = None
    login: bool = False
    n_requests: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_due(self) -> bool:
        """Count a request; tell whether to misbehave."""
        with self.lock:
            self.n_requests += 1
            return self.n_requests > self.skip


def _handler(target: str, manners: Manners) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            known = (BASIC, f"ApiKey {API_KEY}")
            if manners.login and self.headers.get("authorization") not in known:
                self._send(401, b'{"error": {"type": "security_exception", "reason": "no"}}')
                return
            is_due = manners.is_due()
            if is_due and manners.status:
                self._send(manners.status, b'{"error": {"type": "busy", "reason": "try later"}}')
                return
            status, answer, kind = self._asked(body)
            time.sleep(manners.delay_s if is_due else 0)
            if is_due and manners.body is not None:
                answer = manners.body
            self._send(status, answer, kind, cut=manners.cut if is_due else None)

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = handle_any  # noqa: N815  # as the base

        def _asked(self, body: bytes) -> tuple[int, bytes, str]:
            node = http.client.HTTPConnection(target)
            kept = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in ("host", "authorization", "accept-encoding")
            }
            node.request(self.command, self.path, body, kept)
            answer = node.getresponse()
            read = answer.read(), answer.headers.get("content-type") or ""
            node.close()
            return answer.status, *read

        def _send(
            self, status: int, body: bytes, kind: str = "application/json", cut: int | None = None
        ) -> None:
            self.send_response(status)
            self.send_header("X-elastic-product", "Elasticsearch")
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body if cut is None else body[:cut])
            if cut is not None:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away, or trusts nobody, is no news."""


@contextmanager
def proxy(target: str, manners: Manners, tls: "Certificate | None" = None) -> Iterator[str]:
    """Run a proxy; yields its host and port."""
    server = _Server(("127.0.0.1", 0), _handler(target, manners))
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True, slots=True)
class Certificate:
    """Of 127.0.0.1, signed by itself."""

    certificate: Path
    key: Path

    @classmethod
    def new(cls, folder: Path) -> "Certificate":
        """Make one."""
        made = cls(folder / "ca.pem", folder / "key.pem")
        subject = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
        files = ["-keyout", str(made.key), "-out", str(made.certificate)]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject, *files],
            check=True,
            capture_output=True,
        )
        return made

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as openssl prints it."""
        said = subprocess.run(
            ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", self.certificate],
            check=True,
            capture_output=True,
            text=True,
        )
        return said.stdout.partition("=")[2].strip()
