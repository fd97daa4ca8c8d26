"""Decoding that is watched: it avoids text that a veto denies, or stops where such text is.

The idea is memorisation-free decoding: before a token is chosen, each one is taken from the choice
that would complete a run of text which must not be written, so that the next best is taken. What
must not be written is asked of a `Veto`. Beams and rows change places between the steps, so what is
known of a text is kept by its token ids, and a step goes on from the text without its last token.

Most tokens are settled by what the veto knows: the bytes that would complete a run. Others must be
tried one by one: those that are longer than the veto sees ahead, those that complete a run which is
denied or not by what it then is, and all of them where text of a thousand places is recited. Of
these the likely ones are tried, those of all rows together, and the others are not chosen.

White space doesn't count. An edited copy passes: only the same bytes are avoided.

Source: Ippolito et al., Preventing Generation of Verbatim Memorization in Language Models Gives a
False Sense of Privacy, 2023, https://arxiv.org/abs/2210.17546
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Generic

from sc2_attrib.generator.choice import Choice, TokenSet
from sc2_attrib.generator.veto import DeniedRun, GuardCost, S, Veto, Vetoed
from sc2_attrib.generator.vocabulary import Vocabulary

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

LOGGED_PROBABILITY = 0.01  # of a token whose veto is logged even if it was not the likeliest
FOLLOWED_TEXTS = 1024  # that are kept whole: of the last steps, as each is as long as its text


class OnMatch(StrEnum):
    """What to do while text is written that the policy denies."""

    ANNOTATE = "annotate"  # nothing; it is reported afterwards
    STOP = "stop"  # end the completion there
    AVOID = "avoid"  # choose other tokens


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
    denied: Sequence[DeniedRun] = ()
    outcome: _Outcome = _Outcome()


@dataclass(frozen=True, slots=True)
class _Watched(Generic[S]):
    """A text, the choice of its next token, and what was taken from it."""

    text: _Text[S]
    choice: Choice
    forbidden: dict[int, DeniedRun]

    @classmethod
    def of(
        cls, text: _Text[S], scores: torch.Tensor, veto: Veto[S], words: Vocabulary
    ) -> _Watched[S] | None:
        """Forbid what is certain and withhold what must be tried; None where there is neither."""
        certain = [run for run in text.denied if run.is_certain]
        forbidden = {token: run for run in certain for token in words.beginning_with(run.rest)}
        untried = _untried(text, veto, words)
        if not forbidden and not untried:
            return None
        choice = Choice(scores, forbidden)
        choice.withhold(untried)
        return cls(text, choice, forbidden)


def _untried(text: _Text[S], veto: Veto[S], words: Vocabulary) -> list[TokenSet]:
    """List the tokens that must be tried one by one."""
    if veto.is_crowded(text.state):
        return [words.visible]
    doubtful = [run.rest for run in text.denied if not run.is_certain]
    sets = [TokenSet(words.beginning_with(rest)) for rest in doubtful]
    return [each for each in (words.of_at_least(veto.least_unseen(text.state)), *sets) if each]


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
        sees_whole: bool = True,
    ) -> None:
        """Watch what is written.

        Args:
            vocabulary: of the model; it may be shared.
            veto: what must not be written.
            on_match: avoid it, or stop there.
            sees_whole: no prompt was cut, so all is known that may tell the class of a run.
        """
        self._veto = veto
        self._on_match = on_match
        self._words = vocabulary
        self._sees_whole = sees_whole
        self._texts: dict[bytes, _Text[S]] = {}  # the oldest first
        self._outcomes: dict[bytes, _Outcome] = {}
        self._searched_before = veto.n_searches
        self._seconds, self._n_steps = 0.0, 0

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Lower the scores of tokens that must not be chosen to -inf.

        Args:
            input_ids: shape (rows, tokens), padded on the left: all ids so far.
            scores: shape (rows, vocabulary): of the next token, logits or their logarithm.

        Returns:
            Scores of the same shape; what was given is left as it is.
        """
        started = time.perf_counter()
        scores = scores.clone()  # type: ignore[assignment]  # torch says Tensor
        rows = [self._bare(ids) for ids in input_ids.cpu().numpy()]
        texts = self._texts_of(rows)
        if self._on_match is OnMatch.STOP:
            self._stop(texts, scores)
        else:
            self._avoid(rows, texts, scores)
        self._forget(len(rows))
        self._seconds += time.perf_counter() - started
        self._n_steps += 1
        return scores

    @property
    def cost(self) -> GuardCost:
        """What it took so far."""
        n_searches = self._veto.n_searches - self._searched_before
        return GuardCost(self._seconds, self._n_steps, n_searches)

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
        return self._outcomes.get(_key(ids)) or self._texts_of([ids])[0].outcome

    def _texts_of(self, rows: Sequence[npt.NDArray[np.int64]]) -> list[_Text[S]]:
        """Look sequences up; go on with new ones from those without the last token, or begin."""
        new: dict[bytes, _Text[S]] = {}
        grown: dict[bytes, tuple[_Text[S], int]] = {}
        for ids in rows:
            key, shorter = _key(ids), self._texts.get(_key(ids[:-1]))
            if key in self._texts:
                continue
            new[key] = self._begun(ids) if shorter is None else self._next(shorter, int(ids[-1]))
            if shorter is not None and not new[key].outcome.has_ended:
                grown[key] = shorter, int(ids[-1])
        if self._on_match is OnMatch.STOP:
            for key, run in zip(grown, self._completed(list(grown.values())), strict=True):
                new[key] = replace(new[key], outcome=replace(new[key].outcome, completed=run))
        self._settle({key: text for key, text in new.items() if not text.outcome.has_ended}, new)
        for key, text in new.items():
            self._keep(key, text)
        return [self._texts[_key(ids)] for ids in rows]

    def _settle(self, going_on: Mapping[bytes, _Text[S]], new: dict[bytes, _Text[S]]) -> None:
        states = self._veto.settle([text.state for text in going_on.values()]) if going_on else []
        for (key, text), state in zip(going_on.items(), states, strict=True):
            new[key] = replace(text, state=state, denied=self._veto.denied(state))

    def _keep(self, key: bytes, text: _Text[S]) -> None:
        self._texts[key], self._outcomes[key] = text, text.outcome

    def _forget(self, n_rows: int) -> None:
        """Drop the oldest texts, but none of the last step."""
        for key in list(self._texts)[: -max(FOLLOWED_TEXTS, 2 * n_rows)]:
            del self._texts[key]

    def _begun(self, ids: npt.NDArray[np.int64]) -> _Text[S]:
        before, others = self._words.split(ids.tolist())
        return _Text(self._veto.begin(before, others, is_whole=self._sees_whole), 0)

    def _next(self, text: _Text[S], token: int) -> _Text[S]:
        outcome = text.outcome
        if outcome.has_ended or outcome.completed is not None or token in self._words.ends:
            return replace(text, outcome=replace(outcome, has_ended=True))
        return _Text(
            self._veto.extend(text.state, self._words.raw(token)), text.n_new + 1, (), outcome
        )

    def _completed(self, grown: Sequence[tuple[_Text[S], int]]) -> list[DeniedRun | None]:
        """Find the run that each text's new token completed."""
        found = [self._certain(text, self._words.normalized(token)) for text, token in grown]
        doubtful = [
            number
            for number, (text, token) in enumerate(grown)
            if found[number] is None and self._is_doubtful(text, self._words.normalized(token))
        ]
        asked = [(grown[number][0].state, self._words.raw(grown[number][1])) for number in doubtful]
        tried = self._veto.check(asked) if asked else []
        for number, run in zip(doubtful, tried, strict=True):
            found[number] = run
        return found

    def _certain(self, text: _Text[S], more: bytes) -> DeniedRun | None:
        completed = (run for run in text.denied if run.is_certain and more.startswith(run.rest))
        return next(completed, None)

    def _is_doubtful(self, text: _Text[S], more: bytes) -> bool:
        """Tell whether a token must be tried to know what it completed."""
        return bool(more) and (
            self._veto.is_crowded(text.state)
            or len(more) >= self._veto.least_unseen(text.state)
            or any(more.startswith(run.rest) for run in text.denied)
        )

    def _stop(self, texts: Sequence[_Text[S]], scores: torch.Tensor) -> None:
        for row, text in enumerate(texts):
            if text.outcome.completed is not None and not text.outcome.has_ended:
                self._force_end(scores[row])

    def _force_end(self, scores: torch.Tensor) -> None:
        scores.fill_(float("-inf"))
        scores[self._words.ends] = 0.0

    def _avoid(
        self,
        rows: Sequence[npt.NDArray[np.int64]],
        texts: Sequence[_Text[S]],
        scores: torch.Tensor,
    ) -> None:
        """Take tokens from the choice of each row, in place, and keep what is to be said of it."""
        open_rows = [row for row, text in enumerate(texts) if not text.outcome.has_ended]
        watched = [
            _Watched.of(texts[row], scores[row], self._veto, self._words) for row in open_rows
        ]
        self._try([each for each in watched if each is not None])
        for row, each in zip(open_rows, watched, strict=True):
            if each is not None and (vetoes := self._vetoed(each)):
                old = each.text.outcome
                outcome = replace(old, vetoes=_joined(old.vetoes, vetoes))
                self._keep(_key(rows[row]), replace(each.text, outcome=outcome))

    def _try(self, watched: Sequence[_Watched[S]]) -> None:
        """Try the likely tokens of all rows together, until there is enough left to choose."""
        while asked := [(each, token) for each in watched for token in each.choice.next_tried()]:
            found = self._veto.check(
                [(each.text.state, self._words.raw(token)) for each, token in asked]
            )
            for (each, token), run in zip(asked, found, strict=True):
                if run is None:
                    each.choice.allow(token)
                else:
                    each.forbidden[token] = run

    def _vetoed(self, watched: _Watched[S]) -> list[Vetoed]:
        """Say which forbidden tokens mattered; where no token is left the text ends."""
        choice, forbidden = watched.choice, sorted(watched.forbidden)
        vetoed = []
        if forbidden:
            chances, best = choice.chances(forbidden)
            vetoed = [
                Vetoed(
                    watched.text.n_new, self._words.shown(token), token, watched.forbidden[token]
                )
                for token, chance in zip(forbidden, chances, strict=True)
                if chance > min(best, LOGGED_PROBABILITY)
            ]
        if choice.is_empty:
            self._force_end(choice.scores)
        return vetoed

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
