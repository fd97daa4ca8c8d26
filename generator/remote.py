"""A model behind a server that speaks OpenAI's completions: vLLM, llama.cpp, Ollama, TGI.

`openai+http://HOST:PORT/v1#NAME` names one; without NAME the server's only model is meant. The
prompt is sent as text in the model's layout, so special tokens stand in it by their names, and a
prompt that holds such a name itself is refused: a server would read it as a command. What comes
back is cut here at the same ends as a local model's text, whatever the server makes of `stop`.

A request is tried again while nothing has come back: where no connection is made, and where the
server says that it is busy. Redirects are not followed, so a key goes nowhere else.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from sc2_attrib.generator.checkpoint import known_license
from sc2_attrib.generator.completion import Completion, ModelDescription, StopReason, TokenFilter
from sc2_attrib.generator.layout import fitting_files, in_words
from sc2_attrib.generator.prompt import (
    SPECIAL_TOKENS,
    STARCODER2_CONTEXT,
    FimOrder,
    Prompt,
    Truncation,
)
from sc2_attrib.generator.sampling import Sampling
from sc2_attrib.generator.server_events import (
    CompletionEvent,
    error_message,
    read_events,
    shown,
)
from sc2_attrib.generator.transcript import TextEnd, stop_texts
from sc2_attrib.index.errors import ModelUnavailableError, UsageError

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

SCHEMES = ("openai+http", "openai+https")
DEFAULT_TIMEOUT_S = 120.0

_CONNECT_S = 10.0
_ATTEMPTS = 4
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_MAX_STOPS = 4  # OpenAI's limit; more are cut here only
_MAX_TEXT = 1 << 24  # characters; no completion is so long
_MAX_BODY = 1 << 20
_MAX_CONNECTIONS = 8
_BYTES_PER_TOKEN = 3  # of code, a low guess, where only the server can count

_DEFAULT = Sampling()
_ENDS = {
    "<file_sep>": StopReason.FILE_SEP,
    "<|endoftext|>": StopReason.EOS,
    "<repo_name>": StopReason.FILE_SEP,
    "<fim_prefix>": StopReason.EOS,
    "<fim_suffix>": StopReason.EOS,
    "<fim_middle>": StopReason.EOS,
}


@dataclass(frozen=True, slots=True)
class ServerLocation:
    """The address of a server up to /v1, and the model meant there if one is named."""

    url: str
    model: str | None

    @staticmethod
    def parse(location: str) -> ServerLocation | None:
        """Read `openai+http://host:port/v1#name`; None is no server at all.

        Raises:
            UsageError: it is one, but can't be used.
        """
        scheme, colon, _ = location.partition("://")
        if scheme not in SCHEMES or not colon:
            return None
        try:
            parts = urlsplit(location)
            has_port = parts.port is None or parts.port > 0
        except ValueError as err:
            raise UsageError(f"model {scheme}://…: {err}; give {_FORM}") from err
        if not parts.hostname or not has_port or parts.query:
            raise UsageError(f"model {scheme}://{parts.hostname or ''}: not {_FORM}")
        if "@" in parts.netloc:
            raise UsageError(
                f"model {scheme}://{parts.hostname}: no key belongs in the address;"
                " set SC2_ATTRIB_API_KEY or OPENAI_API_KEY"
            )
        address = (scheme.removeprefix("openai+"), parts.netloc, parts.path.rstrip("/"), "", "")
        return ServerLocation(urlunsplit(address), parts.fragment or None)


_FORM = "openai+http://HOST:PORT/v1#MODEL"


class RemoteModel:
    """A model on a server; `Model` (completion.py) says what the methods promise."""

    def __init__(
        self,
        location: ServerLocation,
        *,
        api_key: str | None = None,
        fim_order: FimOrder | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        """Take the location of a server; nothing is sent but where no model is named.

        Args:
            location: where it is.
            api_key: sent as a bearer token; never shown.
            fim_order: how its model reads a hole; None is StarCoder2's.
            timeout_s: longest silence of the server.

        Raises:
            ModelUnavailableError: the server can't be asked for its models, or has several.
        """
        import urllib3

        timeout = urllib3.Timeout(connect=min(_CONNECT_S, timeout_s), read=timeout_s)
        self._http = urllib3.PoolManager(timeout=timeout, retries=False, maxsize=_MAX_CONNECTIONS)
        self._url = location.url
        self._headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._fim_order = fim_order or FimOrder.PREFIX_SUFFIX_MIDDLE
        self._model = location.model or self._only_model()

    def describe(self) -> ModelDescription:
        """Say which model this is, as far as a server tells."""
        return ModelDescription(
            id=self._model,
            revision=None,
            dtype=None,
            device=self._url,
            n_parameters=None,
            context=None,
            license=known_license(self._model),
        )

    def complete(
        self,
        prompt: Prompt,
        sampling: Sampling,
        *,
        truncation: Truncation | None = None,
        on_text: Callable[[str], None] | None = None,
        logits_processors: Sequence[TokenFilter] = (),
    ) -> Completion:
        """Continue a prompt, or fill its hole."""
        self._refuse_what_servers_cannot(sampling, truncation, logits_processors)
        sent = _with_room(prompt, sampling)
        sent_text = _as_text(sent, self._fim_order)
        end = TextEnd({**stop_texts(sent, sampling), **_ENDS}, on_text)
        started = time.perf_counter()
        with self._posted("/completions", self._request(sent_text, sampling)) as response:
            last = self._collect(response, end)
        text = end.finish()
        return Completion(
            text=text,
            sent=sent,
            sent_text=sent_text,
            n_prompt_tokens=last.n_prompt_tokens,
            n_new_tokens=last.n_new_tokens or 0,
            stopped=end.stopped or _reason(last, sampling),
            seed=sampling.seed,
            seconds=time.perf_counter() - started,
        )

    def complete_batch(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        *,
        truncation: Truncation | None = None,
        logits_processors: Sequence[TokenFilter] = (),
    ) -> list[Completion | UsageError]:
        """Complete prompts at the same time, each with a seed of its own: the next number."""

        def complete(row: int) -> Completion | UsageError:
            own = replace(sampling, seed=sampling.seed + row)
            try:
                return self.complete(
                    prompts[row], own, truncation=truncation, logits_processors=logits_processors
                )
            except UsageError as err:
                return err

        with ThreadPoolExecutor(_MAX_CONNECTIONS) as pool:
            return list(pool.map(complete, range(len(prompts))))

    def _refuse_what_servers_cannot(
        self,
        sampling: Sampling,
        truncation: Truncation | None,
        logits_processors: Sequence[TokenFilter],
    ) -> None:
        for is_asked, what in (
            (bool(logits_processors), "tokens can't be filtered on a server"),
            (truncation is not None, "only the server can count tokens, so leave"),
            (sampling.num_beams > 1, "servers don't search with beams"),
        ):
            if is_asked:
                option = " --truncate-prompt out" if truncation is not None else ""
                raise UsageError(f"model {self._model} at {self._url}: {what}{option}")

    def _request(self, text: str, sampling: Sampling) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._model,
            "prompt": text,
            "max_tokens": sampling.max_new_tokens,
            "stream": True,
            "seed": sampling.seed,
            "temperature": sampling.temperature if sampling.do_sample else 0.0,
            "stop": [*sampling.stop_strings, *_ENDS][:_MAX_STOPS],
        }
        if sampling.do_sample and sampling.top_p != 1.0:
            request["top_p"] = sampling.top_p
        if sampling.do_sample and sampling.top_k != _DEFAULT.top_k:
            request["top_k"] = sampling.top_k  # not OpenAI's, but known to most servers
        return request

    def _collect(self, response: BaseHTTPResponse, end: TextEnd) -> CompletionEvent:
        """Pass pieces on as they come; return the last event with all that was counted."""
        last = CompletionEvent()
        n_pieces = n_characters = 0
        for event in read_events(self._chunks(response)):
            end.append(event.text)
            n_pieces += bool(event.text)
            n_characters += len(event.text)
            if n_characters > _MAX_TEXT:
                raise self._failed("the text has no end")
            last = CompletionEvent(
                "",
                event.finish_reason or last.finish_reason,
                event.stop_text or last.stop_text,
                last.n_prompt_tokens if event.n_prompt_tokens is None else event.n_prompt_tokens,
                last.n_new_tokens if event.n_new_tokens is None else event.n_new_tokens,
            )
            if end.stopped is not None:
                break
        return replace(last, n_new_tokens=last.n_new_tokens or n_pieces)

    def _chunks(self, response: BaseHTTPResponse) -> Iterator[bytes]:
        from urllib3.exceptions import HTTPError

        try:
            while chunk := response.read1():
                yield chunk
        except (HTTPError, OSError) as err:
            raise self._failed(f"the connection was lost: {_reason_of(err)}") from err

    @contextmanager
    def _posted(self, path: str, body: dict[str, Any]) -> Iterator[BaseHTTPResponse]:
        """Send a request and give the answer to it, which is closed afterwards."""
        response = self._answer("POST", path, json.dumps(body).encode())
        try:
            yield response
        except ModelUnavailableError as err:
            raise err if str(err).startswith(self._url) else self._failed(str(err)) from err
        finally:
            response.close()

    def _answer(self, method: str, path: str, body: bytes | None = None) -> BaseHTTPResponse:
        """Ask until there is an answer, or it is clear that there will be none."""
        from urllib3.exceptions import HTTPError

        for attempt in range(_ATTEMPTS):
            is_last = attempt == _ATTEMPTS - 1
            wait_s = _FIRST_WAIT_S * 2**attempt
            try:
                response = self._http.request(
                    method,
                    self._url + path,
                    body=body,
                    headers=self._headers,
                    preload_content=False,
                    redirect=False,
                )
            except HTTPError as err:
                if is_last:
                    raise self._failed(f"no answer: {_reason_of(err)}") from err
            else:
                if response.status == 200:
                    return response
                if is_last or response.status not in _BUSY:
                    raise self._failed(_refusal(response))
                wait_s = _wanted_wait(response, wait_s)
                response.close()
            time.sleep(wait_s)
        raise AssertionError("the last attempt returns or raises")

    def _only_model(self) -> str:
        response = self._answer("GET", "/models")
        try:
            models = json.loads(response.read(_MAX_BODY))["data"]
            names = [str(model["id"]) for model in models]
        except (ValueError, KeyError, TypeError) as err:
            raise self._failed("it doesn't list its models; name one: …/v1#MODEL") from err
        finally:
            response.close()
        if len(names) != 1:
            listed = ", ".join(map(shown, names[:10])) or "none"
            raise self._failed(f"name the model behind #; it has {listed}")
        return names[0]

    def _failed(self, why: str) -> ModelUnavailableError:
        return ModelUnavailableError(f"{self._url}: {why}")


def _with_room(prompt: Prompt, sampling: Sampling) -> Prompt:
    """Leave out files of the repository that would surely not fit; nobody here counts tokens."""
    if prompt.repository is None:
        return prompt

    def n_tokens(text: str) -> int:
        return len(text.encode()) // _BYTES_PER_TOKEN + 1

    own = n_tokens(prompt.prefix) + n_tokens(prompt.suffix or "")
    room = STARCODER2_CONTEXT - sampling.max_new_tokens - own
    return replace(prompt, repository=fitting_files(prompt.repository, room, n_tokens))


def _as_text(prompt: Prompt, order: FimOrder) -> str:
    """Write a prompt in the model's layout, and make sure that only the marks are special."""
    files = prompt.repository.files if prompt.repository else ()
    parts = [prompt.prefix, prompt.suffix or "", *(file.text for file in files)]
    for token in SPECIAL_TOKENS:
        if any(token in part for part in parts):
            raise UsageError(
                f"the prompt holds {token}, which a server reads as a special token;"
                " take it out, or use a local model, which reads it as text"
            )
    return in_words(prompt, order)


def _reason(last: CompletionEvent, sampling: Sampling) -> StopReason:
    if last.finish_reason == "length":
        return StopReason.LENGTH
    return StopReason.STOP if last.stop_text in sampling.stop_strings else StopReason.EOS


def _refusal(response: BaseHTTPResponse) -> str:
    body = response.read(_MAX_BODY)
    response.close()
    if response.status in (401, 403):
        return (
            f"HTTP {response.status}: {error_message(body)};"
            " set SC2_ATTRIB_API_KEY or OPENAI_API_KEY to a key it takes"
        )
    return f"HTTP {response.status}: {error_message(body)}"


def _wanted_wait(response: BaseHTTPResponse, otherwise: float) -> float:
    """Return the seconds a busy server asks to wait, within reason."""
    wanted = response.headers.get("Retry-After", "")
    return min(float(wanted), _LONGEST_WAIT_S) if wanted.isdecimal() else otherwise


def _reason_of(error: Exception) -> str:
    """Return the last part of urllib3's messages, which say the same thing several times."""
    return shown(str(error)).rpartition(": ")[2] or type(error).__name__
