"""What a guard asks about text that is being written: which runs of it must not be completed.

guard.py asks it step by step; attribution implements it, by an index and a policy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

S = TypeVar("S")


class DeniedRun(Protocol):
    """A run of text that is not to be written."""

    @property
    def rest(self) -> bytes:
        """Its last bytes, which are not written yet, less those that don't count."""

    @property
    def is_certain(self) -> bool:
        """Tell whether it is denied however it is completed; else each token must be tried."""

    def describe(self) -> Mapping[str, object]:
        """Say what it is and who holds it, in the words of a result."""


class Veto(Protocol[S]):
    """Says which runs of text must not be written; states `S` are values.

    `settle` and `check` take the texts of a batch together, as one question to an index on a server
    costs little more than its wait.
    """

    @property
    def room(self) -> int:
        """How many bytes, less those that don't count, `denied` looks ahead."""

    @property
    def n_searches(self) -> int:
        """How many times the index was searched so far."""

    def normalized(self, raw: bytes) -> bytes:
        """Leave out the bytes that don't count."""

    def begin(self, before: bytes, sent: Sequence[bytes], *, is_whole: bool) -> S:
        """Take up the text before the cursor.

        Args:
            before: raw; it counts as part of a run, but what stands in it whole is not denied.
            sent: further texts, each whole, whose runs are not denied.
            is_whole: nothing of the checked text stands in front of `before`.
        """

    def extend(self, state: S, more: bytes) -> S:
        """Append raw bytes."""

    def settle(self, states: Sequence[S]) -> Sequence[S]:
        """Look up what is not known of texts yet, before they are asked about."""

    def denied(self, state: S) -> Sequence[DeniedRun]:
        """List the runs that at most `room` further bytes would complete, each `rest` once."""

    def is_crowded(self, state: S) -> bool:
        """Tell whether there may be more than `denied` lists: any token must be tried."""

    def least_unseen(self, state: S) -> int:
        """How many bytes a token has at least that may complete a run which `denied` misses."""

    def check(self, asked: Sequence[tuple[S, bytes]]) -> Sequence[DeniedRun | None]:
        """Try raw tokens, each behind a text: the run that it would complete."""


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


@dataclass(frozen=True, slots=True)
class GuardCost:
    """What watching took: seconds, steps of all rows together, searches of the index."""

    seconds: float = 0.0
    n_steps: int = 0
    n_searches: int = 0

    @property
    def ms_per_step(self) -> float:
        """Milliseconds that each step took."""
        return 1000 * self.seconds / max(self.n_steps, 1)
