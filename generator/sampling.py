"""How tokens are chosen, in transformers' own words."""

import math
from dataclasses import dataclass

from sc2_attrib.index.errors import UsageError

_LARGEST_SEED = 2**64 - 1  # torch's generators take an unsigned 64-bit seed


@dataclass(frozen=True, slots=True)
class Sampling:
    """Options of one completion; names, meanings and defaults are those of transformers.

    Two differ: `max_new_tokens` (20 there), and `seed`, which `generate` doesn't have: the same
    seed gives the same text on the same machine. `top_k` 0 and `top_p` 1 switch these filters off.
    `temperature`, `top_p` and `top_k` act only with `do_sample`, so setting one without it is
    refused rather than ignored. A completion ends in front of any of the `stop_strings`.

    Raises:
        UsageError: a value is out of range or would have no effect.
    """

    max_new_tokens: int = 256
    do_sample: bool = False
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 50
    num_beams: int = 1
    seed: int = 0
    stop_strings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require(self.max_new_tokens >= 1, "max_new_tokens", self.max_new_tokens, "at least 1")
        _require(self.num_beams >= 1, "num_beams", self.num_beams, "at least 1")
        _require(self.top_k >= 0, "top_k", self.top_k, "at least 0")
        _require(0 < self.top_p <= 1, "top_p", self.top_p, "above 0 and at most 1")
        _require(
            0 < self.temperature < math.inf,
            "temperature",
            self.temperature,
            "a finite number above 0; for the likeliest text leave do_sample out",
        )
        _require(0 <= self.seed <= _LARGEST_SEED, "seed", self.seed, "between 0 and 2**64 - 1")
        if "" in self.stop_strings:
            raise UsageError("a stop string is empty; give the text to end at")
        if not self.do_sample:
            self._refuse_options_without_effect()

    def _refuse_options_without_effect(self) -> None:
        for name, default in (("temperature", 1.0), ("top_p", 1.0), ("top_k", 50)):
            value = getattr(self, name)
            if value != default:
                raise UsageError(
                    f"{name} is {value}, but it acts only with do_sample; add --do-sample"
                )


def _require(holds: bool, name: str, value: float, rule: str) -> None:
    if not holds:
        raise UsageError(f"{name} is {value}; it must be {rule}")
