"""Which text must not be written, by an index that can only be searched: one on a server.

A search there takes milliseconds, whatever it is about, so few are made and each for all texts of a
batch together. What is known of a text is a bound: its end shares at most so many characters with
any document that the policy may deny. The bound grows with the text. Only where a token could make
it `min_chars` is the end of the text searched, for the bound as it is. Where that is too long to
rule a run out, the likely tokens are searched behind the text, and the same search tells the bound
of the text with each of them.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

from sc2_attrib.attribution.check import DEFAULT_MAX_SOURCES
from sc2_attrib.attribution.policy import COMMON_REPOSITORIES, DEFAULT_POLICY, Policy
from sc2_attrib.attribution.run_judge import DeniedRun, Question, RunJudge, Written
from sc2_attrib.attribution.veto import LEAST_ROOM, least_chars
from sc2_attrib.index.search import Searcher
from sc2_attrib.index.text import normalize

TRIED_TEXTS = 4096  # texts with a tried token of which the bound is kept until one is chosen


class SearchedText(NamedTuple):
    """A text that grows, and how much of its end a denied document shares at most.

    `bound` counts characters without white space; it is None before the first search.
    """

    written: Written
    bound: int | None


class SearchVeto:
    """Asks any index by searches; a `Veto` of generator/veto.py. For one thread at a time."""

    def __init__(
        self,
        searcher: Searcher,
        *,
        policy: Policy = DEFAULT_POLICY,
        min_chars: int | None = None,
        own_code: Searcher | None = None,
        common: int = COMMON_REPOSITORIES,
        max_sources: int = DEFAULT_MAX_SOURCES,
    ) -> None:
        """Deny what `policy` denies; see PolicyVeto.

        Raises:
            UsageError: the index finds only longer runs.
        """
        self._guarantee = searcher.guarantee_chars
        self.min_chars = least_chars(searcher, min_chars, self._guarantee)
        self._judge = RunJudge(
            searcher,
            policy,
            min_chars=self.min_chars,
            own_code=own_code,
            common=common,
            max_sources=max_sources,
        )
        self._tried: dict[bytes, int] = {}

    @property
    def room(self) -> int:
        """How many bytes a token has at most that is not looked up by its own length."""
        return LEAST_ROOM

    @property
    def n_searches(self) -> int:
        """How many times the index was searched so far."""
        return self._judge.n_searches

    def normalized(self, raw: bytes) -> bytes:
        """Drop ASCII white space."""
        return normalize(raw)

    def begin(self, before: bytes, sent: Sequence[bytes], *, is_whole: bool = True) -> SearchedText:
        """Take up the text before the cursor; see Veto."""
        written = Written(before, len(before), tuple(map(normalize, sent)), is_whole)
        return SearchedText(written, None)

    def extend(self, state: SearchedText, more: bytes) -> SearchedText:
        """Append raw bytes."""
        written = state.written.grown(more)
        bound = self._tried.get(_key(written.raw))
        if bound is None and state.bound is not None:
            bound = state.bound + len(normalize(more))
        return SearchedText(written, bound)

    def settle(self, states: Sequence[SearchedText]) -> list[SearchedText]:
        """Search the ends of all texts together, if a token could complete a run of one of them."""
        if not any(
            self._is_open(state) and _key(state.written.raw) not in self._tried for state in states
        ):
            return list(states)
        ends = [state.written.ending(self.min_chars) for state in states]
        found = self._judge.search(ends, min_chars=self._guarantee)
        return [
            state._replace(bound=self._judge.bound(end, result, self._guarantee))
            for state, end, result in zip(states, ends, found, strict=True)
        ]

    def denied(self, state: SearchedText) -> list[DeniedRun]:
        """List nothing: what a document goes on with is not known here."""
        return []

    def is_crowded(self, state: SearchedText) -> bool:
        """Tell whether any token may complete a run, so that the likely ones are tried."""
        return self._is_open(state)

    def least_unseen(self, state: SearchedText) -> int:
        """How long a token must be to complete a run."""
        return max(self.min_chars - (state.bound or 0), 1)

    def check(self, asked: Sequence[tuple[SearchedText, bytes]]) -> list[DeniedRun | None]:
        """Try raw tokens by one search: the run that each would complete."""
        questions = [Question(state.written, token, 2 * self.min_chars) for state, token in asked]
        runs, bounds = self._judge.try_and_bound(questions, self._guarantee)
        if len(self._tried) > TRIED_TEXTS:
            self._tried.clear()
        keys = (_key(state.written.raw + token) for state, token in asked)
        self._tried.update(zip(keys, bounds, strict=True))
        return runs

    def _is_open(self, state: SearchedText) -> bool:
        return state.bound is None or state.bound + self.room >= self.min_chars


def _key(text: bytes) -> bytes:
    return blake2b(text, digest_size=16).digest()
