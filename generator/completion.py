"""What a model gives back, and the protocol above which nobody knows what kind of model it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from sc2_attrib.generator.prompt import Prompt, Truncation
from sc2_attrib.generator.sampling import Sampling
from sc2_attrib.generator.veto import GuardCost
from sc2_attrib.index.errors import UsageError

if TYPE_CHECKING:
    import torch


class TokenFilter(Protocol):
    """What transformers calls a LogitsProcessor: lowers the scores of tokens not to be chosen."""

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Return the scores to choose the next token by; shapes as in `Model.complete`."""


class StopReason(StrEnum):
    """Why a completion ends where it does."""

    EOS = "eos"  # the model ended the text
    FILE_SEP = "file_sep"  # the model began another file or repository
    SUFFIX = "suffix"  # a filled hole ran into the text behind it
    STOP = "stop"  # a text appeared that the user named
    LENGTH = "length"  # max_new_tokens were written
    MATCH = "match"  # a run of text was complete that the policy denies


@dataclass(frozen=True, slots=True)
class Completion:
    """A generated text and how it came about.

    `text` is only what the model wrote, without the special tokens that frame it. `sent` is the
    prompt as the model saw it, so after any truncation and with the files that found room, and
    `sent_text` the same in the model's layout, special tokens by their names. The token counts hold
    special tokens too; a server may not tell that of the prompt. `seed` is the one of its batch;
    `seconds` is the time from the first to the last token, of the whole batch where there was one.
    `token_ids` are those of the prompt and of the completion as the model wrote it; a server tells
    none. `vetoes` say which tokens were not to be chosen (guard.py), and `guard_cost` what watching
    took, of the whole batch.
    """

    text: str
    sent: Prompt
    sent_text: str
    n_prompt_tokens: int | None
    n_new_tokens: int
    stopped: StopReason
    seed: int
    seconds: float
    token_ids: tuple[int, ...] = ()
    vetoes: tuple[Mapping[str, object], ...] = ()
    guard_cost: GuardCost | None = None


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """Which model wrote: the facts every result states, None where they are not known.

    `revision` changes whenever the weights or the configuration do. `n_parameters` are its
    weights, `context` the tokens that it reads and writes together. `license` is that of the
    weights. `options` are those of loading that change what it writes.
    """

    id: str
    revision: str | None
    dtype: str | None
    device: str | None
    n_parameters: int | None
    context: int | None
    license: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)


class Model(Protocol):
    """Something that completes prompts."""

    def describe(self) -> ModelDescription:
        """Say which model this is."""

    def complete(
        self,
        prompt: Prompt,
        sampling: Sampling,
        *,
        truncation: Truncation | None = None,
        on_text: Callable[[str], None] | None = None,
        logits_processors: Sequence[TokenFilter] = (),
    ) -> Completion:
        """Continue a prompt, or fill its hole.

        Args:
            prompt: what to complete.
            sampling: how tokens are chosen, and how many.
            truncation: what to drop of a prompt that is too long; None refuses it.
            on_text: called with each new piece of the text as it is written. The pieces joined are
                the completion's text. With several beams there is one piece, at the end.
            logits_processors: called for each new token with all ids so far, shape (rows, tokens),
                padded on the left, and the scores of the next, shape (rows, vocabulary); each
                returns the scores to use. As transformers' class of that name.

        Raises:
            UsageError: the prompt is too long, or the model can't do what is asked.
        """

    def complete_batch(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        *,
        truncation: Truncation | None = None,
        logits_processors: Sequence[TokenFilter] = (),
    ) -> list[Completion | UsageError]:
        """Complete several prompts together; one that can't be is answered by its error.

        The same prompts in the same order with the same seed give the same texts on a machine;
        other company may change one, by rounding or by the numbers that are drawn.
        """
