"""What an OpenAI-compatible server sends back, read without trusting it.

A stream is server-sent events: lines `data: {...}`, blank lines between events, comments that begin
with a colon, and `data: [DONE]` at the end. Some servers answer a request for a stream with one
JSON object; that is read as a stream of one event.

Sources: https://html.spec.whatwg.org/multipage/server-sent-events.html; the legacy completions
endpoint of https://platform.openai.com/docs/api-reference/completions.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sc2_attrib.index.errors import ModelUnavailableError

DONE = "[DONE]"
_LONGEST_LINE = 1 << 20  # bytes; an event holds a token or a few
_LONGEST_MESSAGE = 300  # characters of a server's error that are shown


@dataclass(frozen=True, slots=True)
class CompletionEvent:
    """A piece of text, and what else an event says: the end, and tokens counted so far."""

    text: str = ""
    finish_reason: str | None = None
    stop_text: str | None = None
    n_prompt_tokens: int | None = None
    n_new_tokens: int | None = None


def read_events(chunks: Iterable[bytes]) -> Iterator[CompletionEvent]:
    """Read a stream up to its end.

    Raises:
        ModelUnavailableError: the server reports an error, sends what is no completion, or breaks
            off before it has said that the completion is over.
    """
    is_over = False
    for data in _data_lines(chunks):
        if data == DONE:
            return
        event = read_completion(data)
        is_over = is_over or event.finish_reason is not None
        yield event
    if not is_over:
        raise ModelUnavailableError("the server broke off before the completion was over")


def read_completion(data: str | bytes) -> CompletionEvent:
    """Read one JSON object of the completions endpoint."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as err:
        raise ModelUnavailableError(f"the server sent no JSON: {shown(data)}") from err
    if not isinstance(value, dict):
        raise ModelUnavailableError(f"the server sent no completion: {shown(data)}")
    if value.get("error"):
        raise ModelUnavailableError(f"the server reports: {error_message(data)}")
    choices = value.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else {}
    text = choice.get("text") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(text, str | None):
        raise ModelUnavailableError(f"the server sent no completion: {shown(data)}")
    usage = value.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return CompletionEvent(
        text=text or "",
        finish_reason=_text_of(choice, "finish_reason"),
        stop_text=_text_of(choice, "stop_reason"),  # vLLM says which
        n_prompt_tokens=_count_of(usage, "prompt_tokens"),
        n_new_tokens=_count_of(usage, "completion_tokens"),
    )


def error_message(body: str | bytes) -> str:
    """Find what a server says is wrong: OpenAI's form, FastAPI's, a plain one, or any text."""
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        return shown(body)
    for key in ("error", "message", "detail"):
        if isinstance(value, dict) and value.get(key):
            value = value[key]
    return shown(value if isinstance(value, str) else json.dumps(value))


def shown(data: str | bytes) -> str:
    """Make foreign text fit for one line of a terminal."""
    text = data.decode(errors="replace") if isinstance(data, bytes) else data
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _LONGEST_MESSAGE else line[:_LONGEST_MESSAGE] + " …"


def _data_lines(chunks: Iterable[bytes]) -> Iterator[str]:
    for line in _lines(chunks):
        if line.startswith(b"data:"):
            yield line[5:].strip().decode(errors="replace")
        elif line.startswith(b"{"):  # no stream, but one object on one line
            yield line.decode(errors="replace")


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    pending = b""
    for chunk in chunks:
        *lines, pending = (pending + chunk).split(b"\n")
        yield from lines
        if len(pending) > _LONGEST_LINE:
            raise ModelUnavailableError("the server sent an event without end")
    yield pending


def _text_of(choice: Mapping[str, object], key: str) -> str | None:
    value = choice.get(key)
    return value if isinstance(value, str) else None


def _count_of(usage: Mapping[str, object], key: str) -> int | None:
    value = usage.get(key)
    return value if isinstance(value, int) and value >= 0 else None
