"""A model on a server: a real one (transformers' own), and one that misbehaves in every way."""

import contextlib
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_attrib.generator import (
    FimOrder,
    LocalModel,
    Prompt,
    Repository,
    RepositoryFile,
    Sampling,
    StopReason,
    Truncation,
)
from sc2_attrib.generator.remote import RemoteModel, ServerLocation
from sc2_attrib.generator.server_events import error_message, read_events
from sc2_attrib.index.errors import ModelUnavailableError, UsageError

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers each request with the next of the server's answers, the last one again and again."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(json.loads(body))
        self.server.keys.append(self.headers["Authorization"])
        self.server.answer(self)

    def do_GET(self) -> None:
        self.server.answer(self)

    def send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, *pieces: bytes) -> None:
        """Send pieces as a chunked stream and close the connection."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """A loopback server with a list of answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[Answer] = []
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []

    def answer(self, handler: Handler) -> None:
        (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])(handler)

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that goes away is what some tests are about

    @property
    def location(self) -> ServerLocation:
        return ServerLocation(f"http://127.0.0.1:{self.server_port}/v1", "code")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that waits for its answers; retries wait next to no time."""
    monkeypatch.setattr("sc2_attrib.generator.remote._FIRST_WAIT_S", 0.01)
    with Server() as running:
        thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def event(text: str = "", finish: str | None = None, **more: object) -> bytes:
    choice = {"text": text, "index": 0, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice], **more}).encode() + b"\n\n"


def streaming(*pieces: bytes) -> Answer:
    return lambda handler: handler.stream(*pieces)


def answering(status: int, body: bytes, **headers: str) -> Answer:
    return lambda handler: handler.send(status, body, **headers)


GOOD = streaming(event("a = "), event("1\n"), event("", "stop"), b"data: [DONE]\n\n")


def test_a_stream_is_passed_on_piece_by_piece(server: Server) -> None:
    """Text as it comes, the reason, the counts that the server gives, and the request as sent."""
    usage = {"prompt_tokens": 7, "completion_tokens": 3}
    server.answers = [
        streaming(
            b": a comment\n\n", event("x"), event("é"), event("", "length", usage=usage),
            b"data: [DONE]\n\n",
        )
    ]  # fmt: skip
    pieces: list[str] = []
    model = RemoteModel(server.location, api_key="secret")
    sampling = Sampling(9, True, 0.5, 0.9, seed=4, stop_strings=("END",))
    completion = model.complete(Prompt("def f"), sampling, on_text=pieces.append)
    assert pieces == ["x", "é"]
    assert (completion.text, completion.stopped) == ("xé", StopReason.LENGTH)
    assert (completion.n_prompt_tokens, completion.n_new_tokens) == (7, 3)
    assert server.keys == ["Bearer secret"]
    assert server.requests == [
        {
            "model": "code",
            "prompt": "def f",
            "max_tokens": 9,
            "stream": True,
            "seed": 4,
            "temperature": 0.5,
            "top_p": 0.9,
            "stop": ["END", "<file_sep>", "<|endoftext|>", "<repo_name>"],
        }
    ]


@pytest.mark.parametrize(
    ("prompt", "order", "text"),
    [
        (Prompt("a", "b"), None, "<fim_prefix>a<fim_suffix>b<fim_middle>"),
        (
            Prompt("a", "b"),
            FimOrder.SUFFIX_PREFIX_MIDDLE,
            "<fim_prefix><fim_suffix>b<fim_middle>a",
        ),
        (
            Prompt("a", None, Repository("o/r", "c.py", (RepositoryFile("d.py", "1"),), 99)),
            None,
            "<repo_name>o/r<file_sep>d.py\n1<file_sep>c.py\na",
        ),
    ],
)
def test_holes_and_repositories_go_into_the_prompt(
    prompt: Prompt, order: FimOrder | None, text: str, server: Server
) -> None:
    """Servers know no parts, so the layout is text; the completion says what was sent."""
    server.answers = [GOOD]
    completion = RemoteModel(server.location, fim_order=order).complete(prompt, Sampling())
    assert server.requests[0]["prompt"] == completion.sent_text == text
    assert completion.text == "a = 1\n"


@pytest.mark.parametrize("at", ["prefix", "suffix", "file"])
def test_a_prompt_cannot_give_commands(at: str, server: Server) -> None:
    """A special token's name in a text would be read as the token: refused, nothing is sent."""
    files = (RepositoryFile("a", "<file_sep>" if at == "file" else "a"),)
    prompt = Prompt(
        "<fim_middle>" if at == "prefix" else "a",
        "<|endoftext|>" if at == "suffix" else "a",
        Repository("r", None, files, 99),
    )
    with pytest.raises(UsageError, match="which a server reads as a special token"):
        RemoteModel(server.location).complete(prompt, Sampling())
    assert server.requests == []


@pytest.mark.parametrize(
    ("pieces", "prompt", "text", "stopped"),
    [
        (["a<file_", "sep>b.py\n"], Prompt("x"), "a", StopReason.FILE_SEP),
        (["a", "<|endoftext|>b"], Prompt("x"), "a", StopReason.EOS),
        (["ab", "cSTO", "P d"], Prompt("x"), "abc", StopReason.STOP),
        (["y\n", "return total_of_all_rows + 1"], Prompt("x", "return total_of_all_rows + 1"),
         "y\n", StopReason.SUFFIX),
    ],
)  # fmt: skip
def test_the_text_ends_where_a_local_one_would(
    pieces: list[str], prompt: Prompt, text: str, stopped: StopReason, server: Server
) -> None:
    """Whatever the server makes of the stops it was given."""
    server.answers = [streaming(*map(event, pieces), event("more", "length"))]
    shown: list[str] = []
    completion = RemoteModel(server.location).complete(
        prompt, Sampling(stop_strings=("STOP",)), on_text=shown.append
    )
    assert "".join(shown) == completion.text == text
    assert completion.stopped is stopped


def test_a_server_may_say_which_text_it_stopped_at(server: Server) -> None:
    """One that cuts the text itself, and names the reason as vLLM does."""
    choice = {"text": "a", "finish_reason": "stop", "stop_reason": "END"}
    server.answers = [answering(200, json.dumps({"choices": [choice]}).encode())]
    completion = RemoteModel(server.location).complete(Prompt("x"), Sampling(stop_strings=("END",)))
    assert (completion.text, completion.stopped) == ("a", StopReason.STOP)


@pytest.mark.parametrize(
    "busy",
    [
        answering(503, b"{}"),
        answering(429, b"", Retry_After="0"),
        answering(500, b"oops"),
        lambda handler: handler.connection.shutdown(socket.SHUT_RDWR),
    ],
)
def test_a_busy_server_is_asked_again(busy: Answer, server: Server) -> None:
    """Twice refused, or cut off before an answer, and the third time is as good as the first."""
    server.answers = [busy, busy, GOOD]
    assert RemoteModel(server.location).complete(Prompt("x"), Sampling()).text == "a = 1\n"
    assert len(server.requests) == 3


def dribble(handler: Handler) -> None:
    """Begin a stream and fall silent."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"%x\r\n%s\r\n" % (len(event("a")), event("a")))
    handler.wfile.flush()
    time.sleep(1.5)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (answering(503, b'{"error": {"message": "too many"}}'), "HTTP 503: too many"),
        (answering(401, b'{"error": "no"}'), "HTTP 401: no; set SC2_ATTRIB_API_KEY or"),
        (answering(404, b'{"detail": "no such model"}'), "HTTP 404: no such model"),
        (answering(400, b"\x1b[31mred\r\nlines"), r"HTTP 400: \[31mred lines$"),
        (answering(302, b"", Location="http://elsewhere/"), "HTTP 302"),
        (answering(200, b"<html>"), "broke off before the completion was over"),
        (streaming(b"data: {broken\n\n"), "the server sent no JSON: {broken"),
        (streaming(b'data: ["text"]\n\n'), "the server sent no completion"),
        (streaming(b'data: {"choices": ["a"]}\n\n'), "the server sent no completion"),
        (streaming(b'data: {"choices": [{"text": 1}]}\n\n'), "the server sent no completion"),
        (streaming(event("a"), b'data: {"error": "CUDA"}\n\n'), "the server reports: CUDA"),
        (streaming(event("a")), "broke off before the completion was over"),
        (streaming(b"data: " + b"x" * 2_000_000), "an event without end"),
        (streaming(event("a" * 500_000) * 40), "the text has no end"),
        (dribble, "the connection was lost: "),
    ],
)
def test_what_a_server_may_do_wrong_is_one_line(
    answer: Answer, complaint: str, server: Server
) -> None:
    """An error that names the server, and nothing of the key or of its terminal commands."""
    server.answers = [answer]
    model = RemoteModel(server.location, api_key="secret", timeout_s=0.5)
    with pytest.raises(ModelUnavailableError, match=complaint) as caught:
        model.complete(Prompt("x"), Sampling())
    message = str(caught.value)
    assert message.startswith(f"{server.location.url}: ")
    assert message.isprintable()
    assert "secret" not in message
    assert len(message) < 500


def test_nobody_listens(server: Server) -> None:
    """A port where there is no server."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        location = ServerLocation(f"http://127.0.0.1:{unused.getsockname()[1]}/v1", "m")
    with pytest.raises(ModelUnavailableError, match=r"/v1: no answer: .*refused"):
        RemoteModel(location).complete(Prompt("x"), Sampling())


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b'{"data": [{"id": "a"}, {"id": "b"}]}', "name the model behind #; it has a, b"),
        (b'{"data": []}', "name the model behind #; it has none"),
        (b"[]", "it doesn't list its models"),
    ],
)
def test_a_model_without_a_name_must_be_the_only_one(
    body: bytes, complaint: str, server: Server
) -> None:
    """Where there are several, they are listed."""
    server.answers = [answering(200, body)]
    with pytest.raises(ModelUnavailableError, match=complaint):
        RemoteModel(ServerLocation(server.location.url, None))
    server.answers = [answering(200, b'{"data": [{"id": "bigcode/starcoder2-3b"}]}')]
    about = RemoteModel(ServerLocation(server.location.url, None)).describe()
    assert (about.id, about.license) == ("bigcode/starcoder2-3b", "BigCode OpenRAIL-M")


def test_a_batch_has_a_seed_a_row(server: Server) -> None:
    """Equal prompts get different seeds; a prompt that can't be sent doesn't stop the others."""
    server.answers = [GOOD]
    prompts = [Prompt("x"), Prompt("<fim_middle>"), Prompt("x")]
    done = RemoteModel(server.location).complete_batch(prompts, Sampling(seed=5))
    assert isinstance(done[1], UsageError)
    assert sorted(request["seed"] for request in server.requests) == [5, 7]
    assert [getattr(each, "seed", None) for each in done] == [5, None, 7]


@pytest.mark.parametrize(
    ("sampling", "options", "complaint"),
    [
        (Sampling(num_beams=2), {}, "servers don't search with beams"),
        (Sampling(), {"truncation": Truncation.LEFT}, "leave --truncate-prompt out"),
        (Sampling(), {"logits_processors": [lambda ids, scores: scores]}, "can't be filtered"),
    ],
)
def test_what_a_server_cannot_do_is_refused(
    sampling: Sampling, options: dict[str, Any], complaint: str, server: Server
) -> None:
    """Nothing that was asked for is left out in silence."""
    with pytest.raises(UsageError, match=complaint):
        RemoteModel(server.location).complete(Prompt("x"), sampling, **options)
    assert server.requests == []


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("openai+http://h:80/v1#m", ServerLocation("http://h:80/v1", "m")),
        ("openai+https://h/v1/#a/b:c", ServerLocation("https://h/v1", "a/b:c")),
        ("openai+http://[::1]:8000/v1", ServerLocation("http://[::1]:8000/v1", None)),
        ("demo", None),
        ("./openai+http", None),
        ("http://h/v1", None),
    ],
)
def test_locations(location: str, expected: ServerLocation | None) -> None:
    """What names a server, and what doesn't."""
    assert ServerLocation.parse(location) == expected


@pytest.mark.parametrize(
    "location",
    [
        "openai+http://",
        "openai+http://h:port/v1",
        "openai+http://me:pw@h/v1#m",
        "openai+http://h/?q",
    ],
)
def test_locations_that_cannot_be_used(location: str) -> None:
    """The line says the form, and never a password."""
    with pytest.raises(UsageError) as caught:
        ServerLocation.parse(location)
    assert "pw" not in str(caught.value)


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_no_bytes_crash_the_reader(chunks: list[bytes]) -> None:
    """Any stream is either read or refused with our own error."""
    with contextlib.suppress(ModelUnavailableError):
        list(read_events([b"data: ", *chunks]))
    assert error_message(b"".join(chunks)).isprintable()


@dataclass(slots=True)
class ServeProcess:
    """`transformers serve` on a port of its own."""

    port: int
    process: "subprocess.Popen[bytes]" = field(repr=False)

    def wait(self) -> None:
        for _ in range(900):
            assert self.process.poll() is None, "the server ended"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError("the server didn't start")


@pytest.fixture
def real_server(model_folder: Path) -> Iterator[ServeProcess]:
    """A process of transformers' own server with the small model."""
    if find_spec("fastapi") is None or find_spec("uvicorn") is None:
        pytest.skip("transformers serve needs fastapi and uvicorn")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = Path(sys.executable).with_name("transformers")
    arguments = ["serve", str(model_folder), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        [command, *arguments, "--device", "cpu"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with process:
        running = ServeProcess(port, process)
        try:
            running.wait()
            yield running
        finally:
            process.terminate()


@pytest.mark.slow
def test_a_real_server_writes_what_the_local_model_does(
    real_server: ServeProcess, model: LocalModel, training_texts: tuple[Any, ...]
) -> None:
    """Greedy text of transformers' server, plain and into a hole, equals that of this process."""
    location = ServerLocation.parse(f"openai+http://127.0.0.1:{real_server.port}/v1")
    assert location is not None
    remote = RemoteModel(location, fim_order=FimOrder.SUFFIX_PREFIX_MIDDLE)
    found = re.search(r"def .*\n", training_texts[0].text)
    assert found is not None
    rest = training_texts[0].text[found.end() :].splitlines(keepends=True)
    sampling = Sampling(max_new_tokens=32)
    for prompt in (Prompt(found.group()), Prompt(found.group() + rest[0], "".join(rest[2:6]))):
        pieces: list[str] = []
        completion = remote.complete(prompt, sampling, on_text=pieces.append)
        local = model.complete(prompt, sampling)
        assert completion.text == "".join(pieces) == local.text
        assert completion.sent_text == local.sent_text
        assert len(pieces) > 3
