"""Decoding that is watched: it avoids text that a veto denies, or stops where such text is.

The idea is memorisation-free decoding: before a token is chosen, each one is taken from the choice
that would complete a run of text which must not be written, so that the next best is taken. What
must not be written is asked of a `Veto`. Beams and rows change places between the steps, so what is
known of a text is kept by its token ids, and a step goes on from the text without its last token.

Most tokens are settled by what the veto knows: the bytes that would complete a run. Two kinds are
not, tokens that are longer than the veto sees ahead, and all tokens where text of a thousand places
is recited. Of these the likeliest are tried one by one, and the others are not chosen.

White space doesn't count. An edited copy passes: only the same bytes are avoided.

Source: Ippolito et al., Preventing Generation of Verbatim Memorization in Language Models Gives a
False Sense of Privacy, 2023, https://arxiv.org/abs/2210.17546
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from sc2_attrib.generator.vocabulary import Vocabulary

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

TRIED_TOKENS = 32  # of those that must be tried one by one; top_k is 50 where it is not set
LOGGED_PROBABILITY = 0.01  # of a token whose veto is logged even if it was not the likeliest
FOLLOWED_TEXTS = 1024  # that are kept whole: of the last steps, as each is as long as its text

S = TypeVar("S")


class OnMatch(StrEnum):
    """What to do while text is written that the policy denies."""

    ANNOTATE = "annotate"  # nothing; it is reported afterwards
    STOP = "stop"  # end the completion there
    AVOID = "avoid"  # choose other tokens


class DeniedRun(Protocol):
    """A run of text that is not to be written."""

    @property
    def rest(self) -> bytes:
        """Its last bytes, which are not written yet, less those that don't count."""

    def describe(self) -> Mapping[str, object]:
        """Say what it is and who holds it, in the words of a result."""


@dataclass(frozen=True, slots=True)
class Vetoed:
    """A token that was not to be chosen, and why.

    `position` counts the new tokens before it. `completes` is the run that it would complete.
    """

    position: int
    token: str
    token_id: int
    completes: DeniedRun

    def describe(self) -> Mapping[str, object]:
        """Say it in the words of a result."""
        token = {"position": self.position, "token": self.token, "token_id": self.token_id}
        return token | dict(self.completes.describe())


class Veto(Protocol[S]):
    """Says which runs of text must not be written; states `S` are values."""

    @property
    def room(self) -> int:
        """How many bytes, less white space, `denied` looks ahead."""

    def normalized(self, raw: bytes) -> bytes:
        """Leave out the bytes that don't count."""

    def begin(self, before: bytes, sent: Sequence[bytes]) -> S:
        """Take up the text before the cursor.

        Args:
            before: raw; it counts as part of a run, but what stands in it whole is not denied.
            sent: further texts, each whole, whose runs are not denied.
        """

    def extend(self, state: S, more: bytes) -> S:
        """Append normalised bytes."""

    def denied(self, state: S) -> Sequence[DeniedRun]:
        """List the runs that at most `room` further bytes would complete, each `rest` once."""

    def is_crowded(self, state: S) -> bool:
        """Tell whether there may be more than `denied` lists."""

    def may_complete(self, state: S, n: int) -> bool:
        """Tell whether a token of `n` bytes, more than `room`, may complete a run at all."""

    def check(self, state: S, tokens: Sequence[bytes]) -> Sequence[DeniedRun | None]:
        """Try tokens (normalised bytes): the run that each would complete."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What is to be said of one sequence of token ids.

    `completed`: the run that its last token completed, where decoding stops for it.
    """

    vetoes: tuple[Vetoed, ...] = ()
    completed: DeniedRun | None = None
    has_ended: bool = False


@dataclass(frozen=True, slots=True)
class _Text(Generic[S]):
    """What is known of one sequence of token ids."""

    state: S
    n_new: int
    denied: Sequence[DeniedRun]
    outcome: _Outcome = _Outcome()


class Guard(Generic[S]):
    """Watches one call of `generate`; what transformers calls a LogitsProcessor.

    Make one for each call: the ids of its first step are the prompt. It goes before processors that
    leave tokens out, such as `top_k`, as transformers itself puts those of the caller; where none
    is left to choose the text ends.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        veto: Veto[S],
        *,
        on_match: OnMatch = OnMatch.AVOID,
    ) -> None:
        """Watch what is written with a vocabulary, which may be shared."""
        self._veto = veto
        self._on_match = on_match
        self._words = vocabulary
        self._texts: dict[bytes, _Text[S]] = {}  # the oldest first
        self._outcomes: dict[bytes, _Outcome] = {}

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Lower the scores of tokens that must not be chosen to -inf.

        Args:
            input_ids: shape (rows, tokens), padded on the left: all ids so far.
            scores: shape (rows, vocabulary): of the next token, logits or their logarithm.

        Returns:
            Scores of the same shape; what was given is left as it is.
        """
        scores = scores.clone()  # type: ignore[assignment]  # torch says Tensor
        for row, ids in enumerate(input_ids.cpu().numpy()):
            ids = self._bare(ids)
            text = self._text(ids)
            if text.outcome.has_ended:
                continue
            if self._on_match is OnMatch.STOP:
                if text.outcome.completed is not None:
                    self._force_end(scores[row])
            elif vetoes := self._avoid(text, scores[row]):
                outcome = replace(text.outcome, vetoes=_joined(text.outcome.vetoes, vetoes))
                self._keep(ids, replace(text, outcome=outcome))
        self._forget(len(input_ids))
        return scores

    def vetoes(self, ids: Sequence[int]) -> tuple[Vetoed, ...]:
        """List the vetoes on the way to a sequence of ids: prompt and new tokens."""
        return self._outcome(ids).vetoes

    def completed(self, ids: Sequence[int]) -> DeniedRun | None:
        """Return the run for which decoding stopped after these ids: prompt and new tokens."""
        return self._outcome(ids).completed

    def _outcome(self, sequence: Sequence[int]) -> _Outcome:
        ids = self._bare(_array(sequence))
        shorter = _key(ids[:-1])
        if _key(ids) not in self._outcomes and shorter not in self._texts:
            return self._outcomes.get(shorter, _Outcome())  # a beam that ended long ago
        return self._outcomes.get(_key(ids)) or self._text(ids).outcome

    def _text(self, ids: npt.NDArray[np.int64]) -> _Text[S]:
        """Look a sequence up, or go on from the one without its last token, or begin."""
        known = self._texts.get(_key(ids))
        if known is not None:
            return known
        shorter = self._texts.get(_key(ids[:-1]))
        return self._keep(
            ids, self._begin(ids) if shorter is None else self._next(shorter, int(ids[-1]))
        )

    def _keep(self, ids: npt.NDArray[np.int64], text: _Text[S]) -> _Text[S]:
        key = _key(ids)
        self._texts[key], self._outcomes[key] = text, text.outcome
        return text

    def _forget(self, n_rows: int) -> None:
        """Drop the oldest texts, but none of the last step."""
        for key in list(self._texts)[: -max(FOLLOWED_TEXTS, 2 * n_rows)]:
            del self._texts[key]

    def _begin(self, ids: npt.NDArray[np.int64]) -> _Text[S]:
        before, others = self._words.split(ids.tolist())
        state = self._veto.begin(before, others)
        return _Text(state, 0, self._veto.denied(state))

    def _next(self, text: _Text[S], token: int) -> _Text[S]:
        outcome = text.outcome
        if outcome.has_ended or outcome.completed is not None or token in self._words.ends:
            return replace(text, outcome=replace(outcome, has_ended=True))
        more = self._words.normalized(token)
        completed = self._completed(text, more) if self._on_match is OnMatch.STOP else None
        state = self._veto.extend(text.state, more)
        outcome = replace(outcome, completed=completed)
        return _Text(state, text.n_new + 1, self._veto.denied(state), outcome)

    def _completed(self, text: _Text[S], more: bytes) -> DeniedRun | None:
        """Find the run that a token completed."""
        for run in text.denied:
            if more.startswith(run.rest):
                return run
        is_long = len(more) > self._veto.room and self._veto.may_complete(text.state, len(more))
        if more and (is_long or self._veto.is_crowded(text.state)):
            return self._veto.check(text.state, [more])[0]
        return None

    def _force_end(self, scores: torch.Tensor) -> None:
        scores.fill_(float("-inf"))
        scores[self._words.ends] = 0.0

    def _avoid(self, text: _Text[S], scores: torch.Tensor) -> list[Vetoed]:
        """Take tokens from the choice, in place; those that mattered."""
        import torch

        forbidden = {
            token: run for run in text.denied for token in self._words.beginning_with(run.rest)
        }
        untried, given = self._untried(text), scores
        if untried:
            given = scores.clone()
            forbidden.update(self._tried(text, scores, untried))
        if not forbidden:
            return []
        chances = given.float().softmax(dim=-1)
        tokens = torch.tensor(sorted(forbidden), device=scores.device)
        scores[tokens] = float("-inf")
        best = float(chances.masked_fill(scores == float("-inf"), 0.0).max())
        if scores.max() == float("-inf"):
            self._force_end(scores)
        return [
            Vetoed(text.n_new, self._words.shown(token), token, forbidden[token])
            for token, chance in zip(tokens.tolist(), chances[tokens].tolist(), strict=True)
            if chance > min(best, LOGGED_PROBABILITY)
        ]

    def _untried(self, text: _Text[S]) -> Sequence[int]:
        """List the tokens that must be tried one by one."""
        if self._veto.is_crowded(text.state):
            return self._words.visible
        return [
            token
            for n, tokens in self._words.long.items()
            if self._veto.may_complete(text.state, n)
            for token in tokens
        ]

    def _tried(
        self, text: _Text[S], scores: torch.Tensor, untried: Sequence[int]
    ) -> dict[int, DeniedRun]:
        """Try the likeliest of some tokens and take the others from the choice, in place."""
        import torch

        likeliest = torch.topk(scores, min(TRIED_TOKENS, scores.shape[-1])).indices.tolist()
        asked = set(untried)
        tried = [token for token in likeliest if token in asked]
        asked.difference_update(tried)
        found = self._veto.check(text.state, [self._words.normalized(token) for token in tried])
        scores[torch.tensor(sorted(asked), device=scores.device)] = float("-inf")
        return {token: run for token, run in zip(tried, found, strict=True) if run is not None}

    def _bare(self, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Leave out the padding on the left."""
        n = 0
        while n < ids.size and int(ids[n]) in self._words.padding:
            n += 1
        return ids[n:]


def _joined(old: tuple[Vetoed, ...], new: Sequence[Vetoed]) -> tuple[Vetoed, ...]:
    """Add vetoes, each once: the same step may be asked for twice, by two beams."""
    seen = {(each.position, each.token_id) for each in old}
    return (*old, *(each for each in new if (each.position, each.token_id) not in seen))


def _array(ids: Sequence[int]) -> npt.NDArray[np.int64]:
    import numpy as np

    return np.array(ids, np.int64)


def _key(ids: npt.NDArray[np.int64]) -> bytes:
    return hashlib.blake2b(ids.tobytes(), digest_size=16).digest()
