"""The choice of one row's next token, while some tokens are tried and others forbidden."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

TRIED_TOKENS = 32  # of those that must be tried one by one; top_k is 50 where it is not set
LEAST_CHANCE = 1e-4  # of a token that is tried, beside the likeliest that is left
_NEVER = float("-inf")


class TokenSet:
    """Some tokens, as a set and as a tensor."""

    def __init__(self, tokens: Iterable[int]) -> None:
        self._members = frozenset(tokens)
        self._tensor: torch.Tensor | None = None

    def __bool__(self) -> bool:
        return bool(self._members)

    def __contains__(self, token: object) -> bool:
        return token in self._members

    def tensor(self, device: torch.device) -> torch.Tensor:
        """Give the tokens, ascending, on a device."""
        import torch

        if self._tensor is None or self._tensor.device != device:
            self._tensor = torch.tensor(sorted(self._members), dtype=torch.long, device=device)
        return self._tensor


class Choice:
    """The scores of one row, changed in place; `given` is what they were."""

    def __init__(self, scores: torch.Tensor, forbidden: Iterable[int]) -> None:
        """Take forbidden tokens from the choice."""
        self.scores, self.given = scores, scores.clone()
        self._waiting: list[int] = []
        scores[TokenSet(forbidden).tensor(scores.device)] = _NEVER

    def withhold(self, untried: Sequence[TokenSet]) -> None:
        """Take tokens from the choice until they are tried; all but the likely ones stay out."""
        import torch

        likely = _NEVER
        for tokens in untried:
            at = tokens.tensor(self.scores.device)
            likely = max(likely, float(self.scores[at].max()))
            self.scores[at] = _NEVER
        if likely == _NEVER or likely < self._least():
            return
        most = min(TRIED_TOKENS, self.given.shape[-1])
        chances, likeliest = torch.topk(self.given, most)
        self._waiting = [
            token
            for token, chance in zip(likeliest.tolist(), chances.tolist(), strict=True)
            if chance > _NEVER and any(token in tokens for tokens in untried)
        ]

    def next_tried(self) -> list[int]:
        """Name the tokens to try now: those that are likely beside what is left to choose."""
        if not self._waiting:
            return []
        least = max(self._least(), float(self.given[self._waiting[0]]) + math.log(LEAST_CHANCE))
        taken = [token for token in self._waiting if float(self.given[token]) >= least]
        self._waiting = self._waiting[len(taken) :]
        return taken

    def allow(self, token: int) -> None:
        """Give a token back to the choice."""
        self.scores[token] = self.given[token]

    def chances(self, tokens: Sequence[int]) -> tuple[list[float], float]:
        """Tell the chances that some tokens had, and that of the likeliest which is left."""
        chances = self.given.float().softmax(dim=-1)
        left = chances.masked_fill(self.scores == _NEVER, 0.0)
        return chances[list(tokens)].tolist(), float(left.max())

    @property
    def is_empty(self) -> bool:
        """Tell whether no token is left."""
        return float(self.scores.max()) == _NEVER

    def _least(self) -> float:
        return float(self.scores.max()) + math.log(LEAST_CHANCE)
