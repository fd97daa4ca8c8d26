r"""From a prompt to what its model reads: the parts in the order it was taught, marks between them.

A plain prompt is the text before the cursor. With a suffix it is a hole to fill, and each model
was taught one order for that:

    prefix-suffix-middle   <fim_prefix> PREFIX <fim_suffix> SUFFIX <fim_middle>    StarCoder2
    suffix-prefix-middle   <fim_prefix><fim_suffix> SUFFIX <fim_middle> PREFIX     the demo model

The second is variant 2 of suffix-prefix-middle: the middle goes on directly where the prefix ends,
which even a tiny model learns. With a repository its name and other files stand before, and the
prefix begins with the path of its own file:

    <repo_name>NAME<file_sep>PATH\nTEXT ... <file_sep><fim_prefix>PATH\nPREFIX<fim_suffix> ...

The most relevant file comes last, where a sliding window still reaches it. Sources: Bavarian et
al., Efficient Training of Language Models to Fill in the Middle, arXiv:2207.14255; Lozhkov et al.,
StarCoder 2 and The Stack v2, arXiv:2402.19173, section 5.

A prompt that the model can't read whole is refused, unless the user asked for a truncation. Then
whole characters are dropped, and `LaidOutPrompt.sent` says in words what was left.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from sc2_attrib.generator.prompt import FimOrder, Prompt, Repository, RepositoryFile, Truncation
from sc2_attrib.index.errors import UsageError

T = TypeVar("T")

_LONGEST_CHARACTER = 4  # bytes of one in UTF-8, so at most as many tokens
_NO_TEXT = "\ufffd"  # what decoding puts for bytes that are no character


class Mark(StrEnum):
    """The special tokens that frame a prompt."""

    FIM_PREFIX = "<fim_prefix>"
    FIM_SUFFIX = "<fim_suffix>"
    FIM_MIDDLE = "<fim_middle>"
    REPO_NAME = "<repo_name>"
    FILE_SEP = "<file_sep>"


FIM_MARKS = (Mark.FIM_PREFIX, Mark.FIM_SUFFIX, Mark.FIM_MIDDLE)
REPOSITORY_MARKS = (Mark.REPO_NAME, Mark.FILE_SEP)


class Codec(Protocol):
    """Text to token ids and back, special tokens neither added nor read out of the text."""

    def encode(self, text: str) -> list[int]:
        """Split `text` into token ids."""

    def decode(self, ids: Sequence[int]) -> str:
        """Join tokens to text; bytes that are no character become U+FFFD."""


@dataclass(frozen=True, slots=True)
class PromptFormat:
    """How one model wants its prompts.

    `opening` are the ids that its tokenizer puts before any text (none in StarCoder2), `context` is
    how many tokens it can read and write together, `marks` are the ids of those it knows.
    """

    model: str
    context: int
    opening: tuple[int, ...] = ()
    marks: Mapping[Mark, int] | None = None
    fim_order: FimOrder = FimOrder.PREFIX_SUFFIX_MIDDLE


@dataclass(frozen=True, slots=True)
class LaidOutPrompt:
    """Token ids in the model's layout, the words they stand for, and both together as text."""

    ids: tuple[int, ...]
    sent: Prompt
    text: str


@dataclass(frozen=True, slots=True)
class Parts(Generic[T]):
    """A prompt in pieces, as text or as token ids. `path` is the line that names its own file.

    `files` are in the order in which they are laid out; `name` is None without a repository.
    """

    prefix: T
    suffix: T | None = None
    name: T | None = None
    files: tuple[T, ...] = ()
    path: T | None = None


def arrange(parts: Parts[T], order: FimOrder) -> list[Mark | T]:
    """Put the pieces of a prompt into a model's order, with marks between them."""
    layout: list[Mark | T] = []
    if parts.name is not None:
        layout += [Mark.REPO_NAME, parts.name]
        for file in parts.files:
            layout += [Mark.FILE_SEP, file]
        layout.append(Mark.FILE_SEP)
    before: list[Mark | T] = [] if parts.path is None else [parts.path]
    before.append(parts.prefix)
    if parts.suffix is None:
        return layout + before
    if order is FimOrder.PREFIX_SUFFIX_MIDDLE:
        return [*layout, Mark.FIM_PREFIX, *before, Mark.FIM_SUFFIX, parts.suffix, Mark.FIM_MIDDLE]
    return [*layout, Mark.FIM_PREFIX, Mark.FIM_SUFFIX, parts.suffix, Mark.FIM_MIDDLE, *before]


def in_words(prompt: Prompt, order: FimOrder) -> str:
    """Write a prompt as its model reads it, special tokens by their names."""
    return "".join(arrange(_texts(prompt), order))


def fitting_files(
    repository: Repository, room: int, count_tokens: Callable[[str], int]
) -> Repository:
    """Leave out the files that don't fit into `room` tokens, or into what the user allowed."""
    room = min(room, repository.max_tokens)
    kept = []
    for file in repository.files:
        n_tokens = 1 + count_tokens(_file_text(file))  # 1: the mark before it
        if n_tokens <= room:
            kept.append(file)
            room -= n_tokens
    return replace(repository, files=tuple(kept))


def lay_out(
    prompt: Prompt,
    model_format: PromptFormat,
    *,
    codec: Codec,
    max_new_tokens: int,
    truncation: Truncation | None = None,
) -> LaidOutPrompt:
    """Write a prompt as the tokens its model reads.

    Raises:
        UsageError: the model lacks the marks, or the prompt doesn't fit and may not be cut.
    """
    _require_marks(prompt, model_format)
    prefix, suffix = _part(prompt.prefix, codec), _part(prompt.suffix or "", codec)
    n_frame = _n_frame(prompt, model_format, codec)
    room = model_format.context - max_new_tokens - n_frame
    n_text = len(prefix.ids) + len(suffix.ids)
    if n_text > room:
        too_long = _too_long(n_text + n_frame, model_format, max_new_tokens)
        if truncation is None or room < 1:
            raise too_long
        prefix, suffix = _truncate(prefix, suffix, room, truncation, codec.decode)
        if not prefix.ids and not suffix.ids:
            raise too_long
    shown = prompt.repository and fitting_files(
        prompt.repository, room - n_text, lambda text: len(codec.encode(text))
    )
    sent = Prompt(prefix.text, None if prompt.suffix is None else suffix.text, shown)
    suffix_ids = None if sent.suffix is None else suffix.ids
    ids = _joined(_encoded(sent, prefix.ids, suffix_ids, codec), model_format)
    return LaidOutPrompt(ids, sent, in_words(sent, model_format.fim_order))


def _require_marks(prompt: Prompt, model_format: PromptFormat) -> None:
    known = model_format.marks or {}
    if prompt.suffix is not None and not all(mark in known for mark in FIM_MARKS):
        raise UsageError(
            f"model {model_format.model} has no fill-in-the-middle tokens; leave the suffix out"
        )
    if prompt.repository is not None and not all(mark in known for mark in REPOSITORY_MARKS):
        raise UsageError(
            f"model {model_format.model} has no tokens for repositories; leave --repo out"
        )


def _n_frame(prompt: Prompt, model_format: PromptFormat, codec: Codec) -> int:
    """Count the tokens that a prompt needs besides its own text and other files."""
    repository = prompt.repository and replace(prompt.repository, files=())
    suffix: list[int] | None = None if prompt.suffix is None else []
    bare = _encoded(replace(prompt, repository=repository), [], suffix, codec)
    return len(_joined(bare, model_format))


def _joined(parts: Parts[list[int]], model_format: PromptFormat) -> tuple[int, ...]:
    marks = model_format.marks or {}
    laid_out = arrange(parts, model_format.fim_order)
    ids = ([marks[each]] if isinstance(each, Mark) else each for each in laid_out)
    return (*model_format.opening, *(token for some in ids for token in some))


def _texts(prompt: Prompt) -> Parts[str]:
    repository = prompt.repository
    if repository is None:
        return Parts(prompt.prefix, prompt.suffix)
    return Parts(
        prompt.prefix,
        prompt.suffix,
        name=repository.name,
        files=tuple(_file_text(file) for file in reversed(repository.files)),
        path=None if repository.path is None else f"{repository.path}\n",
    )


def _encoded(
    prompt: Prompt, prefix: list[int], suffix: list[int] | None, codec: Codec
) -> Parts[list[int]]:
    """Encode what stands around a prompt's own text, which is encoded already."""
    texts = _texts(prompt)
    return Parts(
        prefix,
        suffix,
        name=None if texts.name is None else _part(texts.name, codec).ids,
        files=tuple(_part(file, codec).ids for file in texts.files),
        path=None if texts.path is None else _part(texts.path, codec).ids,
    )


def _file_text(file: RepositoryFile) -> str:
    return f"{file.path}\n{file.text}"


@dataclass(frozen=True, slots=True)
class _Part:
    """A prefix or suffix: its text and the same in tokens."""

    text: str
    ids: list[int]


def _part(text: str, codec: Codec) -> _Part:
    return _Part(text, codec.encode(text) if text else [])


def _too_long(n_tokens: int, model_format: PromptFormat, max_new_tokens: int) -> UsageError:
    context = model_format.context
    if max_new_tokens >= context:
        return UsageError(
            f"max_new_tokens is {max_new_tokens:,}, but model {model_format.model} reads and"
            f" writes {context:,} tokens together; lower --max-new-tokens"
        )
    return UsageError(
        f"the prompt is {n_tokens:,} tokens long, but model {model_format.model} can read"
        f" {context - max_new_tokens:,} (its {context:,} minus {max_new_tokens:,} new ones);"
        " shorten it or give --truncate-prompt left|middle"
    )


def _truncate(
    prefix: _Part,
    suffix: _Part,
    room: int,
    truncation: Truncation,
    decode: Callable[[Sequence[int]], str],
) -> tuple[_Part, _Part]:
    """Cut both parts to `room` tokens together; a suffix gets half, or what the prefix leaves."""
    n_suffix = min(len(suffix.ids), max(room // 2, room - len(prefix.ids)))
    n_prefix = room - n_suffix
    suffix = _keep_start(suffix, n_suffix, decode)
    if len(prefix.ids) <= n_prefix:
        return prefix, suffix
    n_head = n_prefix // 2 if truncation is Truncation.MIDDLE else 0
    head = _keep_start(prefix, n_head, decode)
    tail = _keep_end(prefix, n_prefix - n_head, decode)
    return _Part(head.text + tail.text, head.ids + tail.ids), suffix


def _keep_start(part: _Part, n: int, decode: Callable[[Sequence[int]], str]) -> _Part:
    """Keep the first `n` tokens, fewer where the last of them would be half a character."""
    kept = _Part("", [])
    for stop in range(min(n, len(part.ids)), max(n - _LONGEST_CHARACTER, -1), -1):
        kept = _Part(decode(part.ids[:stop]), part.ids[:stop])
        if part.text.startswith(kept.text) and _is_whole(part, kept.text, part.ids[stop:], decode):
            break
    return kept


def _keep_end(part: _Part, n: int, decode: Callable[[Sequence[int]], str]) -> _Part:
    """Keep the last `n` tokens, fewer where the first of them would be half a character."""
    first = max(len(part.ids) - n, 0)
    kept = _Part("", [])
    for start in range(first, min(first + _LONGEST_CHARACTER, len(part.ids) + 1)):
        kept = _Part(decode(part.ids[start:]), part.ids[start:])
        if part.text.endswith(kept.text) and _is_whole(part, kept.text, part.ids[:start], decode):
            break
    return kept


def _is_whole(
    part: _Part, kept: str, left_out: list[int], decode: Callable[[Sequence[int]], str]
) -> bool:
    """Tell a character that stands for what is no text from one that was cut through."""
    if _NO_TEXT not in (kept[:1], kept[-1:]):
        return True
    return len(kept) + len(decode(left_out)) == len(part.text)
