"""A prompt in words, and the token layout that puts it before a model.

A plain prompt is the text before the cursor. With a suffix it is a hole to fill, and each model
was taught one order for that:

    prefix-suffix-middle   <fim_prefix> PREFIX <fim_suffix> SUFFIX <fim_middle>    StarCoder2
    suffix-prefix-middle   <fim_prefix><fim_suffix> SUFFIX <fim_middle> PREFIX     the demo model

The second is variant 2 of suffix-prefix-middle: the middle goes on directly where the prefix ends,
which even a tiny model learns. Source: Bavarian et al., Efficient Training of Language Models to
Fill in the Middle, arXiv:2207.14255.

A prompt that the model can't read whole is refused, unless the user asked for a truncation. Then
whole characters are dropped, and `LaidOutPrompt.sent` says in words what was left.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sc2_attrib.index.errors import UsageError

STARCODER2_CONTEXT = 16_384  # tokens StarCoder2 was trained to read; arXiv:2402.19173

# The first 38 entries of StarCoder2's vocabulary, in its order (special_tokens_map.json).
SPECIAL_TOKENS = (
    *("<|endoftext|>", "<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<fim_pad>"),
    *("<repo_name>", "<file_sep>", "<issue_start>", "<issue_comment>", "<issue_closed>"),
    *("<jupyter_start>", "<jupyter_text>", "<jupyter_code>", "<jupyter_output>"),
    *("<jupyter_script>", "<empty_output>", "<code_to_intermediate>", "<intermediate_to_code>"),
    *("<pr>", "<pr_status>", "<pr_is_merged>", "<pr_base>", "<pr_file>", "<pr_base_code>"),
    *("<pr_diff>", "<pr_diff_hunk>", "<pr_comment>", "<pr_event_id>", "<pr_review>"),
    *("<pr_review_state>", "<pr_review_comment>", "<pr_in_reply_to_review_id>"),
    *("<pr_in_reply_to_comment_id>", "<pr_diff_hunk_comment_line>"),
    *("<NAME>", "<EMAIL>", "<KEY>", "<PASSWORD>"),
)
# What StarPII put in place of personal data before training: part of the text, not of its frame.
REDACTIONS = frozenset({"<NAME>", "<EMAIL>", "<KEY>", "<PASSWORD>"})

_LONGEST_CHARACTER = 4  # bytes of one in UTF-8, so at most as many tokens


class FimOrder(StrEnum):
    """The order in which a model was taught to read a hole."""

    PREFIX_SUFFIX_MIDDLE = "prefix-suffix-middle"
    SUFFIX_PREFIX_MIDDLE = "suffix-prefix-middle"


class Truncation(StrEnum):
    """Which part of a prefix that is too long is dropped.

    LEFT keeps its end, MIDDLE its beginning (imports, class head) and its end. A suffix always
    keeps its beginning.
    """

    LEFT = "left"
    MIDDLE = "middle"


@dataclass(frozen=True, slots=True)
class Prompt:
    """The text before the cursor and, where a hole is to be filled, the text behind it.

    Both are text throughout: a special token's name in them is read as the characters it has.

    Raises:
        UsageError: there is no text at all, or it can't be written as UTF-8.
    """

    prefix: str
    suffix: str | None = None

    def __post_init__(self) -> None:
        if not self.prefix and not self.suffix:
            raise UsageError("the prompt is empty; give some text to complete")
        for name, text in (("prompt", self.prefix), ("suffix", self.suffix or "")):
            try:
                text.encode()
            except UnicodeEncodeError as err:
                raise UsageError(
                    f"the {name} is not valid text: character {err.start} is {text[err.start]!r},"
                    " which UTF-8 can't hold; re-encode the input as UTF-8"
                ) from err


@dataclass(frozen=True, slots=True)
class FimTokens:
    """The ids of the three tokens that mark a hole."""

    prefix: int
    suffix: int
    middle: int


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
    how many tokens it can read and write together. `fim` is None where it can't fill holes.
    """

    model: str
    context: int
    opening: tuple[int, ...] = ()
    fim: FimTokens | None = None
    fim_order: FimOrder = FimOrder.PREFIX_SUFFIX_MIDDLE


@dataclass(frozen=True, slots=True)
class LaidOutPrompt:
    """Token ids in the model's layout, and the words they stand for."""

    ids: tuple[int, ...]
    sent: Prompt


@dataclass(frozen=True, slots=True)
class _Part:
    """A prefix or suffix: its text and the same in tokens."""

    text: str
    ids: list[int]


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
        UsageError: the model can't fill holes, or the prompt doesn't fit and may not be cut.
    """
    prefix, suffix = _part(prompt.prefix, codec), _part(prompt.suffix or "", codec)
    frame = len(arrange([], None if prompt.suffix is None else [], model_format))
    room = model_format.context - max_new_tokens - frame
    if len(prefix.ids) + len(suffix.ids) > room:
        if truncation is None or room < 1:
            raise _too_long(len(prefix.ids) + len(suffix.ids) + frame, model_format, max_new_tokens)
        prefix, suffix = _truncate(prefix, suffix, room, truncation, codec.decode)
    if prompt.suffix is None:
        return LaidOutPrompt(arrange(prefix.ids, None, model_format), Prompt(prefix.text))
    sent = Prompt(prefix.text, suffix.text)
    return LaidOutPrompt(arrange(prefix.ids, suffix.ids, model_format), sent)


def arrange(
    prefix: Sequence[int], suffix: Sequence[int] | None, model_format: PromptFormat
) -> tuple[int, ...]:
    """Put the parts of a prompt into the model's order, with its marks between them."""
    if suffix is None:
        return (*model_format.opening, *prefix)
    fim = model_format.fim
    if fim is None:
        raise UsageError(
            f"model {model_format.model} has no fill-in-the-middle tokens; leave the suffix out"
        )
    if model_format.fim_order is FimOrder.PREFIX_SUFFIX_MIDDLE:
        layout = (fim.prefix, *prefix, fim.suffix, *suffix, fim.middle)
    else:
        layout = (fim.prefix, fim.suffix, *suffix, fim.middle, *prefix)
    return (*model_format.opening, *layout)


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
        if part.text.startswith(kept.text):
            break
    return kept


def _keep_end(part: _Part, n: int, decode: Callable[[Sequence[int]], str]) -> _Part:
    """Keep the last `n` tokens, fewer where the first of them would be half a character."""
    first = max(len(part.ids) - n, 0)
    kept = _Part("", [])
    for start in range(first, min(first + _LONGEST_CHARACTER, len(part.ids) + 1)):
        kept = _Part(decode(part.ids[start:]), part.ids[start:])
        if part.text.endswith(kept.text):
            break
    return kept
