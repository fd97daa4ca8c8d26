"""A local model whose decoding is watched: a `Model` that avoids what a veto denies, or stops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sc2_attrib.generator.completion import (
    Completion,
    Model,
    ModelDescription,
    StopReason,
    TokenFilter,
)
from sc2_attrib.generator.guard import Guard, OnMatch
from sc2_attrib.generator.prompt import Prompt, Truncation
from sc2_attrib.generator.sampling import Sampling
from sc2_attrib.generator.veto import Veto
from sc2_attrib.generator.vocabulary import Vocabulary
from sc2_attrib.index.errors import UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class GuardedModel:
    """Another model's completions, watched; `Model` (completion.py) says what the methods promise.

    Each completion states its vetoes, and StopReason.MATCH where it was stopped.
    """

    def __init__(self, model: Model, veto: Veto[Any], *, on_match: OnMatch) -> None:
        """Watch a model of this process.

        Raises:
            UsageError: its tokens can't be watched.
        """
        tokenizer: PreTrainedTokenizerBase | None = getattr(model, "tokenizer", None)
        if tokenizer is None:
            raise UsageError(
                f"model {model.describe().id} chooses its tokens elsewhere, so they can't be"
                f" watched; run it on this machine, or leave --on-match {on_match} out"
            )
        self._model, self._veto, self._on_match = model, veto, on_match
        self._vocabulary = Vocabulary(tokenizer, veto)

    def describe(self) -> ModelDescription:
        """Say which model this is, and how it was watched."""
        about = self._model.describe()
        return replace(about, options={**about.options, "on_match": self._on_match})

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
        guard = self._new_guard(truncation)
        completion = self._model.complete(
            prompt,
            sampling,
            truncation=truncation,
            on_text=on_text,
            logits_processors=(*logits_processors, guard),
        )
        return watched(completion, guard)

    def complete_batch(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        *,
        truncation: Truncation | None = None,
        logits_processors: Sequence[TokenFilter] = (),
    ) -> list[Completion | UsageError]:
        """Complete several prompts together."""
        guard = self._new_guard(truncation)
        answers = self._model.complete_batch(
            prompts, sampling, truncation=truncation, logits_processors=(*logits_processors, guard)
        )
        return [
            watched(answer, guard) if isinstance(answer, Completion) else answer
            for answer in answers
        ]

    def _new_guard(self, truncation: Truncation | None) -> Guard[Any]:
        sees_whole = truncation is None  # then a prompt that is too long is refused
        return Guard(self._vocabulary, self._veto, on_match=self._on_match, sees_whole=sees_whole)


def watched(completion: Completion, guard: Guard[Any]) -> Completion:
    """Add what a guard knows of a completion that it watched."""
    ids = completion.token_ids
    stopped = completion.stopped if guard.completed(ids) is None else StopReason.MATCH
    vetoes = tuple(each.describe() for each in guard.vetoes(ids))
    return replace(completion, stopped=stopped, vetoes=vetoes, guard_cost=guard.cost)
