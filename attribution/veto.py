"""Which text must not be written: the policy's answer to a text that grows.

A run of at least `min_chars` characters is denied where the policy denies the match that it would
be: `Policy.judge` on the sources that hold the whole run, as when a text is checked. What stands in
the prompt is no match against the user, and neither is code of the user's own.

Only documents that the policy may deny are followed (index/matching/open_runs.py); a document is
judged once, by the licences of its places. Where another source of the same run may make the match
allowed (`combine = "mildest"`, a rule about common text, an index of own code), the run is searched
for and judged with all its sources. The longer a run, the fewer hold it, so a run that is denied
stays so when it grows.

Not known while a text is written, and so no condition of a rule fulfilled by it: the class and the
final size of a match, and whether white space differs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Self

from sc2_attrib.attribution.check import DEFAULT_MAX_SOURCES, DEFAULT_MIN_CHARS, Checker
from sc2_attrib.attribution.own_code import stands_whole_in
from sc2_attrib.attribution.policy import COMMON_REPOSITORIES, DEFAULT_POLICY, Combine, Policy
from sc2_attrib.attribution.policy_rule import MatchFacts, SourceFacts
from sc2_attrib.attribution.result import Action
from sc2_attrib.attribution.source_license import describe_sources, license_of
from sc2_attrib.attribution.text import readable
from sc2_attrib.index.corpus.document import Occurrence
from sc2_attrib.index.errors import UsageError
from sc2_attrib.index.matching.open_runs import FollowsRuns, GrowingText, HeldDocument, OpenRun
from sc2_attrib.index.search import ExactMatch, Searcher
from sc2_attrib.index.text import normalize

LEAST_ROOM = 16  # bytes of a token, without white space; of StarCoder2's few are longer
LONGEST_CHARACTER = 4  # bytes in UTF-8
CACHED_RUNS = 4096  # decisions about runs that are kept


class VetoState(NamedTuple):
    """A text that grows, and the texts of its prompt without white space."""

    text: GrowingText
    sent: tuple[bytes, ...]


class _Denied(NamedTuple):
    """A place for which a run is denied."""

    document: str
    license: str
    repository: str
    path: str


@dataclass(frozen=True, slots=True)
class DeniedRun:
    """A run of text that is denied; `rest` are its last bytes, which are not written yet.

    Both are without white space. `place` is one that holds it.
    """

    run: bytes
    rest: bytes
    place: _Denied

    def describe(self) -> Mapping[str, object]:
        """Say it in the words of a result."""
        text = readable(self.run)
        return {"chars": len(self.run), "run": text, **self.place._asdict()}


class PolicyVeto:
    """Asks an index and a policy; a `Veto` of generator/guard.py. For one thread at a time."""

    def __init__(
        self,
        searcher: Searcher,
        *,
        policy: Policy = DEFAULT_POLICY,
        min_chars: int | None = None,
        own_code: Searcher | None = None,
        common: int = COMMON_REPOSITORIES,
    ) -> None:
        """Deny what `policy` denies.

        Args:
            searcher: an open index in a folder.
            policy: what is denied.
            min_chars: shortest run that counts, in normalised characters; None for 100, or for
                what the index can follow where that is more.
            own_code: an index of the user's own code, whose text is never denied.
            common: repositories from which on a text is common.

        Raises:
            UsageError: the index can't follow texts, or only longer runs.
        """
        if not isinstance(searcher, FollowsRuns):
            raise UsageError(
                f"{searcher.describe().location}: text can be avoided only by an index in a folder,"
                " which answers within a token's time; build one, or use --on-match annotate"
            )
        self._searcher, self._policy = searcher, policy
        self._own_code, self._common = own_code, common
        self._follower = searcher.follow_runs(self._may_be_denied)
        least = self._follower.settled_chars + LEAST_ROOM
        self.min_chars = max(DEFAULT_MIN_CHARS, least) if min_chars is None else min_chars
        if self.min_chars < least:
            raise UsageError(
                f"min_chars {self.min_chars} leaves no room for a token: with an index that finds"
                f" every match of {searcher.guarantee_chars} characters, runs of {least} or more"
                " can be avoided; ask for that, or build the index with a lower --guarantee"
            )
        searcher.use_machine_code()
        self._by_evidence: dict[str, bool] = {}
        self._is_denied = lru_cache(CACHED_RUNS)(self._judge_run)
        names_common = any(c.key == "common" for rule in policy.rules for c in rule.conditions)
        is_strict = policy.combine is Combine.STRICTEST
        self._asks_all = names_common or not is_strict or own_code is not None

    @classmethod
    def of(cls, checker: Checker) -> Self:
        """Deny what a checker finds to be denied: by its index, policy, length and own code.

        Raises:
            UsageError: its index can't follow texts, or only longer runs.
        """
        return cls(
            checker.searcher,
            policy=checker.policy,
            min_chars=checker.min_chars,
            own_code=checker.own_code,
            common=checker.common,
        )

    @property
    def room(self) -> int:
        """How many bytes `denied` looks ahead."""
        return self.min_chars - self._follower.settled_chars

    def normalized(self, raw: bytes) -> bytes:
        """Drop ASCII white space."""
        return normalize(raw)

    def begin(self, before: bytes, sent: Sequence[bytes]) -> VetoState:
        """Take up the text before the cursor; see Veto."""
        return VetoState(self._follower.begin(before), tuple(map(normalize, sent)))

    def extend(self, state: VetoState, more: bytes) -> VetoState:
        """Append normalised bytes."""
        return state._replace(text=self._follower.extend(state.text, more)) if more else state

    def denied(self, state: VetoState) -> list[DeniedRun]:
        """List the runs that at most `room` further bytes would complete, each `rest` once."""
        found: dict[bytes, DeniedRun] = {}
        for run in state.text.runs:
            rest = self._denied_rest(state, run)
            if rest is not None and rest not in found:
                place = self._denied_place(run.holder)
                found[rest] = DeniedRun(state.text.text[run.start :] + rest, rest, place)
        return list(found.values())

    def is_crowded(self, state: VetoState) -> bool:
        """Tell whether there may be more open runs than are followed."""
        return state.text.is_crowded

    def may_complete(self, state: VetoState, n: int) -> bool:
        """Tell whether a token of `n` bytes may complete a run: most of it must stand already."""
        starts_here = n > self.min_chars - self._searcher.guarantee_chars
        return starts_here or state.text.may_hold(self._follower.shape)

    def check(self, state: VetoState, tokens: Sequence[bytes]) -> list[DeniedRun | None]:
        """Try tokens (normalised bytes) by a search for each: the run that it would complete."""
        text = state.text.text
        near = text[-2 * self.min_chars :]
        found = dict(zip(tokens, self._matches(near, tokens), strict=True))
        longer = [token for token in tokens if len(near) < len(text) and _is_cut(found[token])]
        found_whole = dict(zip(longer, self._matches(text, longer), strict=True))
        return [
            self._completed(state, text, token, found_whole[token])
            if token in found_whole
            else self._completed(state, near, token, found[token])
            for token in tokens
        ]

    def _matches(self, before: bytes, tokens: Sequence[bytes]) -> list[Sequence[ExactMatch]]:
        """Search a text with each token behind it."""
        found = self._searcher.search(
            [before + token for token in tokens],
            min_chars=self.min_chars,
            max_sources=DEFAULT_MAX_SOURCES,
        )
        return [each.matches for each in found]

    def _completed(
        self, state: VetoState, before: bytes, token: bytes, matches: Sequence[ExactMatch]
    ) -> DeniedRun | None:
        text = before + token
        for match in matches:
            run = text[match.start : match.stop]
            if match.stop > len(before) and not _stands_in(run, state.sent):
                place = self._denied_source(match, run)
                if place is not None:
                    written = max(len(before) - match.start, 0)
                    return DeniedRun(run, run[written:], place)
        return None

    def _denied_rest(self, state: VetoState, run: OpenRun) -> bytes | None:
        """Find the fewest bytes of the document that would complete a denied run; None: none do."""
        begun = state.text.text[run.start :]
        needed = max(self.min_chars - len(begun), 1)
        if needed > self.room:
            return None
        ahead = state.text.continuation(run, self.room)
        if len(ahead) < needed:
            return None
        if self._denies(state, begun + ahead[:needed]):
            return ahead[:needed]
        if not self._denies(state, begun + ahead):
            return None
        allowed, denied = needed, len(ahead)
        while denied - allowed > 1:
            middle = (allowed + denied) // 2
            if self._denies(state, begun + ahead[:middle]):
                denied = middle
            else:
                allowed = middle
        return ahead[:denied]

    def _denies(self, state: VetoState, run: bytes) -> bool:
        """Decide about a run that a document holds which may be denied."""
        return not _stands_in(run, state.sent) and (not self._asks_all or self._is_denied(run))

    def _judge_run(self, run: bytes) -> bool:
        """Search for a run and judge it with all its sources."""
        [found] = self._searcher.search(
            [run], min_chars=self.min_chars, max_sources=DEFAULT_MAX_SOURCES
        )
        whole = [each for each in found.matches if each.stop - each.start == len(run)]
        return any(self._denied_source(each, run) is not None for each in whole)

    def _denied_source(self, match: ExactMatch, run: bytes) -> _Denied | None:
        """Judge a match as it is judged when a text is checked; a source for which it is denied."""
        described = describe_sources(match.sources, self._searcher.license_texts)
        sources = tuple(
            SourceFacts(each.license.expression, each.repo, each.path, each.language)
            for each in described
        )
        common = match.n_repositories >= self._common
        facts = MatchFacts(sources=sources, common=common, at_least=match.at_least)
        if self._policy.judge(facts).action is not Action.DENY:
            return None
        if self._own_code is not None and stands_whole_in(self._own_code, run):
            return None
        denied = next(
            each
            for each, source in zip(described, sources, strict=True)
            if self._policy.judge_source(source).action is Action.DENY
        )
        return _Denied(denied.document, denied.license.expression, denied.repo, denied.path)

    def _may_be_denied(self, document: HeldDocument) -> bool:
        """Tell whether the policy denies any place of a document, by the place alone."""
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
        return self._policy.judge_source(facts).action is Action.DENY

    def _denied_place(self, document: HeldDocument) -> _Denied:
        place = next(filter(self._denies_place, document.read_occurrences()))
        expression = license_of(place, self._searcher.license_texts).expression
        return _Denied(document.swhid, expression, place.repository, place.path)


def _is_cut(matches: Sequence[ExactMatch]) -> bool:
    """Tell whether a match begins where the text does, but for a part of a character."""
    return any(match.start < LONGEST_CHARACTER for match in matches)


def _stands_in(run: bytes, sent: Sequence[bytes]) -> bool:
    return any(run in text for text in sent)
