"""Talking to the servers: the client made once, every failure turned into one line.

The client is `elasticsearch` 8.19, which speaks to servers 8 and 9; it is imported when the first
request is made. It repeats what a host didn't answer on the next host. What a server refuses for
the moment (429: too busy, out of memory) is repeated here, after longer and longer pauses.
"""

import base64
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sc2_attrib.index.elastic.address import ServerAddress
from sc2_attrib.index.errors import IndexServerError, IndexUnusableError, UsageError

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

R = TypeVar("R")

CLIENT_VERSIONS: Final = ((8, 19), (9,))  # from, to before
TIMEOUT_S = 30.0  # of a request
PATIENCE_S = 20.0  # how long a busy server is asked again
BUSY: Final = (429, 502, 503, 504)
_OVER = object()
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0
_MOST_REASON = 300  # characters of a server's own words that are passed on


class ServersBusyError(IndexServerError):
    """The servers are too busy or can't be reached; a little later they may."""


class Connection:
    """A client of the servers of one address; safe to use from several threads."""

    def __init__(
        self,
        address: ServerAddress,
        *,
        timeout_s: float = TIMEOUT_S,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Make a client; nothing is sent yet.

        Args:
            address: of the index.
            timeout_s: how long to wait for an answer.
            patience_s: how long to ask a busy server again.

        Raises:
            UsageError: what the address says can't be used, such as a CA file that isn't there.
            IndexUnusableError: the Python client is missing or of another version.
        """
        self.address = address
        self.patience_s = patience_s
        self._client = _client(address, timeout_s)
        self._is_down = False  # patience ran out; until a search succeeds, nobody waits again

    @property
    def location(self) -> str:
        """Address as it may be shown."""
        return self.address.location

    def ask(self, request: Callable[["Elasticsearch"], R], *, patiently: bool = True) -> R:
        """Send a request; while the servers are busy, send it again, unless told otherwise.

        Raises:
            IndexServerError: no answer, or a refusal.
        """
        waits = self._waits() if patiently else pauses(0)
        next(waits)
        while True:
            with self._explained():
                try:
                    return request(self._client)
                except Exception as error:
                    if status_of(error) not in BUSY or next(waits, _OVER) is _OVER:
                        raise

    def search(self, bodies: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Send searches of the index together; all answers are whole.

        Raises:
            IndexServerError: a shard is missing or failed, or an answer came too late.
        """
        answers: dict[int, dict[str, Any]] = {}
        left, size = list(range(len(bodies))), max(len(bodies), 1)
        for _ in self._waits():
            refused = self._attempt(bodies, left, size, answers)
            left = [n for n in left if n not in answers or answers[n].get("status") in BUSY]
            if not left:
                self._is_down = False
                break
            size = -(-size // 2)  # what is too much for a small memory at once may do in parts
        for number in range(len(bodies)):
            if refused and number not in answers:
                raise refused
            self._check_whole(answers[number])
        return [answers[number] for number in range(len(bodies))]

    def _attempt(
        self,
        bodies: Sequence[Mapping[str, Any]],
        left: Sequence[int],
        size: int,
        answers: dict[int, dict[str, Any]],
    ) -> ServersBusyError | None:
        """Send those searches that are left, `size` a request; what the servers refuse, if any."""
        for at in range(0, len(left), size):
            group = left[at : at + size]
            try:
                answers.update(
                    zip(group, self._answers([bodies[number] for number in group]), strict=True)
                )
            except ServersBusyError as error:
                cause = error.__cause__
                if isinstance(cause, Exception) and (status_of(cause) or 0) in BUSY:
                    return error
                raise
        return None

    def refuse(self, why: str) -> IndexServerError:
        """Make the error for an answer that can't be used."""
        return IndexServerError(f"{self.location}: {why}")

    def close(self) -> None:
        """Let go of the sockets."""
        self._client.close()

    def _waits(self) -> Iterator[None]:
        """Wait as long as there is patience, which a cluster that is down has used up."""
        yield from pauses(0 if self._is_down else self.patience_s)
        self._is_down = True

    def _answers(self, bodies: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Send searches in one request, once."""
        lines: list[Mapping[str, Any]] = []
        for body in bodies:
            # A server's own default is to leave out in silence what a failed shard would add.
            lines += [{"index": self.address.name, "allow_partial_search_results": False}, body]
        answer = self.ask(lambda client: client.msearch(searches=lines), patiently=False)
        with understood(self):
            found: list[dict[str, Any]] = answer["responses"]
            if len(found) != len(bodies):
                raise ValueError(f"{len(found)} answers to {len(bodies)} searches")
            return found

    def _check_whole(self, answer: Mapping[str, Any]) -> None:
        if "error" in answer:
            raise self.refuse(refusal(answer.get("status"), answer["error"], self.address.name))
        with understood(self):
            shards = answer["_shards"]
            if answer["timed_out"] or shards["failed"] or shards["successful"] < shards["total"]:
                raise self.refuse(
                    f"only {shards['successful']} of {shards['total']} shards answered in time;"
                    " see that the cluster is healthy and run it again"
                )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn the client's exceptions into ours."""
        from elastic_transport import TransportError
        from elasticsearch import ApiError, UnsupportedProductError

        try:
            yield
        except UnsupportedProductError as error:
            raise self.refuse("answers, but is no Elasticsearch") from error
        except ApiError as error:
            why = refusal(error.status_code, error.body, self.address.name)
            kind = ServersBusyError if error.status_code in BUSY else IndexServerError
            raise kind(f"{self.location}: {why}") from error
        except TransportError as error:
            raise ServersBusyError(f"{self.location}: {_unreachable(error)}") from error


def pauses(patience_s: float) -> Iterator[None]:
    """Yield, then again after longer and longer pauses, until patience is at an end."""
    end, pause = time.monotonic() + patience_s, _FIRST_PAUSE_S
    while True:
        yield
        if time.monotonic() + pause > end:
            return
        time.sleep(pause * random.uniform(0.5, 1))  # so that many clients don't come at once
        pause = min(2 * pause, _LONGEST_PAUSE_S)


@contextmanager
def understood(connection: Connection) -> Iterator[None]:
    """Refuse an answer that is not what was asked for, instead of failing on it."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise connection.refuse(
            f"an answer that makes no sense ({type(error).__name__}: {error}); is a proxy between?"
        ) from error


def status_of(error: Exception) -> int | None:
    """HTTP status of a client's exception, if it has one."""
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _client(address: ServerAddress, timeout_s: float) -> "Elasticsearch":
    try:
        import elasticsearch
    except ImportError as error:
        raise IndexUnusableError(
            f"{address.location}: the Python client is missing;"
            " pip install 'elasticsearch>=8.19,<9'"
        ) from error
    version = elasticsearch.__version__
    if not CLIENT_VERSIONS[0] <= version < CLIENT_VERSIONS[1]:
        raise IndexUnusableError(
            f"the Python client elasticsearch {'.'.join(map(str, version))} does not speak to"
            " servers 8 and 9; pip install 'elasticsearch>=8.19,<9'"
        )
    options: dict[str, Any] = {
        "request_timeout": timeout_s,
        "max_retries": max(3, len(address.hosts)),
        "retry_on_timeout": True,
        "retry_on_status": (502, 503, 504),
    }
    if address.user and address.password:
        # Encoded here: the client itself takes ASCII only.
        login = f"{address.user}:{address.password}".encode()
        options["basic_auth"] = base64.b64encode(login).decode()
    if address.api_key:
        options["api_key"] = address.api_key
    if address.ca_file:
        _check_ca_file(address, address.ca_file)
        options["ca_certs"] = address.ca_file
    if address.fingerprint:
        options["ssl_assert_fingerprint"] = address.fingerprint
        options["verify_certs"] = True
    try:
        return elasticsearch.Elasticsearch(list(address.hosts), **options)
    except (OSError, ValueError) as error:
        raise UsageError(f"{address.location}: {error}") from error


def _check_ca_file(address: ServerAddress, path: str) -> None:
    """Refuse at once a file that the client would stumble over at its first request."""
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:  # also of a file that holds no certificate
        why = error.strerror or error
        raise UsageError(f"{address.location}: CA file {path!r}: {why}; name a PEM file") from error


def refusal(status: object, body: object, name: str) -> str:
    """Say in one line what a server refused, and what to do."""
    kind, reason = _reason(body)
    if status == 401:
        return "the server wants credentials, or other ones (401)"
    if status == 403 and "block" not in kind:
        return f"these credentials don't allow it (403): {reason}"
    if status == 404 and "index_not_found" in kind:
        return f"there is no index {name!r}; make it with 'sc2-attrib index build'"
    if "media_type_header" in kind or status == 406:
        return (
            "the server and the Python client are of different ages; use a server from 8.19 on and"
            f" pip install 'elasticsearch>=8.19,<9' ({reason})"
        )
    if "circuit_breaking" in kind:
        return (
            f"the servers have too little memory for this (429): {reason}; give them a larger heap,"
            " or check it in parts"
        )
    if "cluster_block" in kind:
        return (
            f"the index is blocked, mostly because a disk is nearly full: {reason}; make room,"
            " remove the block, and run it again"
        )
    if status == 503:
        return f"part of the index is missing at present (503): {reason}"
    return f"the server refuses ({status}): {reason}"


def _reason(body: object) -> tuple[str, str]:
    """Kind and words of an error that a server reports; any shape is possible."""
    error: Any = body.get("error", body) if isinstance(body, Mapping) else body
    if not isinstance(error, Mapping):
        return "", " ".join(str(error).split())[:_MOST_REASON]
    causes = error.get("root_cause") or [error]
    cause = causes[0] if isinstance(causes, list) and isinstance(causes[0], Mapping) else error
    kind = f"{error.get('type')} {cause.get('type')}"
    words = str(cause.get("reason") or error.get("reason") or error.get("type"))
    return kind, " ".join(words.split())[:_MOST_REASON]


def _unreachable(error: Exception) -> str:
    from elastic_transport import ConnectionTimeout, SerializationError, TlsError

    words = " ".join(str(getattr(error, "message", error)).split())[:_MOST_REASON]
    if isinstance(error, TlsError):
        return f"no trusted connection: {words}; name the CA file or the fingerprint"
    if isinstance(error, ConnectionTimeout):
        return "no answer in time; see that the cluster is healthy and run it again"
    if isinstance(error, SerializationError):
        return f"a damaged answer: {words}"
    return f"no server can be reached: {words}"
