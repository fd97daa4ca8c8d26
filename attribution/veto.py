"""Which text must not be written: the policy's answer to a text that grows, by a folder's index.

A run of at least `min_chars` characters is denied where the policy denies the match that it would
be, as when a text is checked. What stands in the prompt is no match against the user, and neither
is code of the user's own.

Only documents that the policy may deny are followed (index/matching/open_runs.py); a document is
judged once, by the licences of its places. Where other sources of the same run may make the match
allowed (`combine = "mildest"`, a rule about common text, an index of own code), the run is searched
for, as far ahead as its document goes on, and how far it is allowed is kept. Where its class or
size may save it, or deny it, each likely token that would complete it is tried (run_judge.py).
"""

from collections.abc import Sequence
from typing import NamedTuple

from sc2_attrib.attribution.check import DEFAULT_MAX_SOURCES, DEFAULT_MIN_CHARS
from sc2_attrib.attribution.foresight import COMMON, asks_for_facts, only_softens, worst_case
from sc2_attrib.attribution.policy import COMMON_REPOSITORIES, DEFAULT_POLICY, Combine, Policy
from sc2_attrib.attribution.policy_rule import SourceFacts
from sc2_attrib.attribution.result import Action
from sc2_attrib.attribution.run_judge import DeniedRun, Place, Question, RunJudge, Written
from sc2_attrib.attribution.source_license import license_of
from sc2_attrib.index.corpus.document import Occurrence
from sc2_attrib.index.errors import UsageError
from sc2_attrib.index.matching.open_runs import FollowsRuns, GrowingText, HeldDocument, OpenRun
from sc2_attrib.index.search import Searcher
from sc2_attrib.index.text import normalize

LEAST_ROOM = 16  # bytes of a token, without white space; of StarCoder2's few are longer
FAR_AHEAD = 256  # characters of a document about which one search decides, where they are allowed
KEPT_RUNS = 1 << 14  # how far ahead they are allowed is kept


class VetoState(NamedTuple):
    """A text that grows, as the index follows it and as it is judged."""

    text: GrowingText
    written: Written


class _Verdict(NamedTuple):
    """Of a run that begins at one position of a segment: its lengths that are known.

    Up to `allowed` characters it is allowed, whatever its class; from `denied` on it may be denied.
    """

    allowed: int
    denied: int | None


class PolicyVeto:
    """Asks an index in a folder; a `Veto` of generator/veto.py. For one thread at a time."""

    def __init__(
        self,
        searcher: FollowsRuns,
        *,
        policy: Policy = DEFAULT_POLICY,
        min_chars: int | None = None,
        own_code: Searcher | None = None,
        common: int = COMMON_REPOSITORIES,
        max_sources: int = DEFAULT_MAX_SOURCES,
    ) -> None:
        """Deny what `policy` denies.

        Args:
            searcher: an open index in a folder.
            policy: what is denied.
            min_chars: shortest run that counts, in normalised characters; None for 100, or for
                what the index can follow where that is more.
            own_code: an index of the user's own code, whose text is never denied.
            common: repositories from which on a text is common.
            max_sources: sources that a match is judged by, as in a check.

        Raises:
            UsageError: the index can follow only longer runs.
        """
        self._searcher, self._policy = searcher, policy
        self._worst = worst_case(policy)
        self._follower = searcher.follow_runs(self._may_be_denied)
        self.min_chars = least_chars(searcher, min_chars, self._follower.settled_chars)
        searcher.use_machine_code()
        self._judge = RunJudge(
            searcher,
            policy,
            min_chars=self.min_chars,
            own_code=own_code,
            common=common,
            max_sources=max_sources,
        )
        self._by_evidence: dict[str, bool] = {}
        self._verdicts: dict[tuple[object, int], _Verdict] = {}
        known = frozenset({COMMON})
        self._asks_for_facts = asks_for_facts(policy, known=known)
        names_common = any(c.key == COMMON for rule in policy.rules for c in rule.conditions)
        is_strict = policy.combine is Combine.STRICTEST
        self._asks_all = only_softens(policy, known=known) and (
            names_common or not is_strict or own_code is not None
        )

    @property
    def room(self) -> int:
        """How many bytes `denied` looks ahead."""
        return self.min_chars - self._follower.settled_chars

    @property
    def n_searches(self) -> int:
        """How many times the index was searched so far, beside following it."""
        return self._judge.n_searches

    def normalized(self, raw: bytes) -> bytes:
        """Drop ASCII white space."""
        return normalize(raw)

    def begin(self, before: bytes, sent: Sequence[bytes], *, is_whole: bool = True) -> VetoState:
        """Take up the text before the cursor; see Veto."""
        written = Written(before, len(before), tuple(map(normalize, sent)), is_whole)
        return VetoState(self._follower.begin(before), written)

    def extend(self, state: VetoState, more: bytes) -> VetoState:
        """Append raw bytes."""
        text, written = state
        bare = normalize(more)
        return VetoState(self._follower.extend(text, bare) if bare else text, written.grown(more))

    def settle(self, states: Sequence[VetoState]) -> list[VetoState]:
        """All is known already: a folder answers at once."""
        return list(states)

    def denied(self, state: VetoState) -> list[DeniedRun]:
        """List the runs that at most `room` further bytes would complete, each `rest` once."""
        found: dict[bytes, DeniedRun] = {}
        for run in state.text.runs:
            rest = self._denied_rest(state, run)
            if rest is not None and rest not in found:
                whole = state.text.text[run.start :] + rest
                place = self._denied_place(run.holder)
                found[rest] = DeniedRun(whole, rest, place, not self._asks_for_facts)
        return list(found.values())

    def is_crowded(self, state: VetoState) -> bool:
        """Tell whether there may be more open runs than are followed."""
        return state.text.is_crowded

    def least_unseen(self, state: VetoState) -> int:
        """How long a token must be to complete a run unseen: most of it must stand already."""
        if state.text.may_hold(self._follower.shape):
            return self.room + 1
        return self.min_chars - self._follower.shape.guarantee + 1

    def check(self, asked: Sequence[tuple[VetoState, bytes]]) -> list[DeniedRun | None]:
        """Try raw tokens by a search: the run that each would complete."""
        return self._judge.try_tokens(
            [Question(state.written, token, self._looked_at(state)) for state, token in asked]
        )

    def _looked_at(self, state: VetoState) -> int:
        """How much of a text is searched: more than any run that is followed."""
        longest = max((len(state.text.text) - run.start for run in state.text.runs), default=0)
        return max(2 * self.min_chars, longest + self.min_chars)

    def _denied_rest(self, state: VetoState, run: OpenRun) -> bytes | None:
        """Find the fewest bytes of the document that may complete a denied run; None: none do."""
        begun = state.text.text[run.start :]
        needed = max(self.min_chars - len(begun), 1)
        if needed > self.room:
            return None
        ahead = state.text.continuation(run, self.room)
        if len(ahead) < needed:
            return None
        if self._asks_all:
            denied = self._denied_length(run, begun, len(begun) + len(ahead))
            if denied is None:
                return None
            needed = max(denied - len(begun), needed)
        while needed < len(ahead) and state.written.holds_in_prompt(begun + ahead[:needed]):
            needed += 1
        rest = ahead[:needed]
        return None if state.written.holds_in_prompt(begun + rest) else rest

    def _denied_length(self, run: OpenRun, begun: bytes, most: int) -> int | None:
        """Find from which length on a run may be denied; None: it is allowed up to `most`."""
        key = run.part, run.shift + run.start
        verdict = self._verdicts.get(key, _Verdict(self.min_chars - 1, None))
        if verdict.denied is None and verdict.allowed < most:
            n = min(most + FAR_AHEAD, run.stop - key[1])
            text = begun + run.part.read(key[1] + len(begun), n - len(begun))
            verdict = self._verdict(text, verdict.allowed)
            if len(self._verdicts) >= KEPT_RUNS:
                self._verdicts.clear()
            self._verdicts[key] = verdict
        return verdict.denied if verdict.denied is not None and verdict.denied <= most else None

    def _verdict(self, text: bytes, allowed: int) -> _Verdict:
        """Decide about the beginnings of a text, of which those up to `allowed` are allowed."""
        if self._judge.may_deny(text[: allowed + 1]):
            return _Verdict(allowed, allowed + 1)
        allowed, denied = allowed + 1, len(text)
        if allowed == denied or not self._judge.may_deny(text):
            return _Verdict(denied, None)
        while denied - allowed > 1:
            middle = (allowed + denied) // 2
            if self._judge.may_deny(text[:middle]):
                denied = middle
            else:
                allowed = middle
        return _Verdict(allowed, denied)

    def _may_be_denied(self, document: HeldDocument) -> bool:
        """Tell whether the policy may deny any place of a document, by the place alone."""
        if not self._policy.looks_at_places and not self._follower.has_license_texts:
            return any(self._denies_evidence(document, *each) for each in document.evidence())
        return any(map(self._denies_place, document.read_occurrences()))

    def _denies_evidence(self, document: HeldDocument, evidence: str, row: int) -> bool:
        """Judge a place by its licence evidence: equal strings mean evidence of equal meaning."""
        if evidence not in self._by_evidence:
            place = document.segment.documents.read_occurrence(row)
            self._by_evidence[evidence] = self._denies_place(place)
        return self._by_evidence[evidence]

    def _denies_place(self, place: Occurrence) -> bool:
        facts = SourceFacts(
            license_of(place, self._searcher.license_texts).expression,
            place.repository,
            place.path,
            place.language,
        )
        return self._worst.judge_source(facts).action is Action.DENY

    def _denied_place(self, document: HeldDocument) -> Place:
        place = next(filter(self._denies_place, document.read_occurrences()))
        expression = license_of(place, self._searcher.license_texts).expression
        return Place(document.swhid, expression, place.repository, place.path)


def least_chars(searcher: Searcher, min_chars: int | None, settled: int) -> int:
    """Choose the shortest run that counts, or check the one that was asked for.

    Raises:
        UsageError: it leaves no room for a token.
    """
    least = settled + LEAST_ROOM
    if min_chars is None:
        return max(DEFAULT_MIN_CHARS, least)
    if min_chars < least:
        raise UsageError(
            f"min_chars {min_chars} leaves no room for a token: with an index that finds"
            f" every match of {searcher.guarantee_chars} characters, runs of {least} or more"
            " can be avoided; ask for that, or build the index with a lower --guarantee"
        )
    return min_chars
