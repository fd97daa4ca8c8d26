"""Judges a text that is being written as it would be judged if it ended with the next token.

The text with a token behind it is searched, and each match that ends in the token is put to the
policy with the same facts as when the whole is checked: sources, class, size, whether it is common.
What is denied then must not be written. The class of a match doesn't change with what follows
(classify.py), so what was let through stays so unless the match itself grows, and then it is judged
again.

Where the prompt was cut the text in front is not known, on which class and size depend: there
whatever the policy may deny is denied (foresight.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sc2_attrib.attribution.check import DEFAULT_MAX_SOURCES
from sc2_attrib.attribution.foresight import COMMON, worst_case
from sc2_attrib.attribution.match import (
    Checked,
    Generated,
    facts_of_exact,
    judged_facts,
    source_facts,
)
from sc2_attrib.attribution.offsets import TextOffsets
from sc2_attrib.attribution.own_code import stands_whole_in
from sc2_attrib.attribution.policy import Policy
from sc2_attrib.attribution.policy_rule import MatchFacts
from sc2_attrib.attribution.result import Action, InputKind, InputRecord, InputStatus, Source
from sc2_attrib.attribution.source_license import describe_sources
from sc2_attrib.attribution.text import readable
from sc2_attrib.index.near.counts import LexemeCounts
from sc2_attrib.index.search import ExactMatch, Searcher, SearchResult
from sc2_attrib.index.text import normalize

LONGEST_CHARACTER = 4  # bytes in UTF-8
_RECORD = InputRecord(
    id="",
    kind=InputKind.COMPLETION,
    path="<completion>",
    sha256=None,
    swhid=None,
    bytes=None,
    lines=None,
    language=None,
    encoding=None,
    completion=None,
    text=None,
    status=InputStatus.CHECKED,
    reason=None,
    bounded=False,
)


class Place(NamedTuple):
    """A place for which a run is denied."""

    document: str
    license: str
    repository: str
    path: str


@dataclass(frozen=True, slots=True)
class DeniedRun:
    """A run of text that is denied; `rest` are its last bytes, which are not written yet.

    Both are without white space. `place` is one that holds it. Unless it `is_certain`, the facts
    that it has once it is complete may save it.
    """

    run: bytes
    rest: bytes
    place: Place
    is_certain: bool = True

    def describe(self) -> Mapping[str, object]:
        """Say it in the words of a result."""
        text = readable(self.run)
        return {"chars": len(self.run), "run": text, **self.place._asdict()}


class Written(NamedTuple):
    """A text that is being written, raw, and what its prompt sent.

    `n_before`: bytes of it that were there before. `sent`: without white space. `is_whole`: the
    text that will be checked begins with it.
    """

    raw: bytes
    n_before: int
    sent: tuple[bytes, ...]
    is_whole: bool

    def grown(self, more: bytes) -> "Written":
        """Append raw bytes."""
        return self._replace(raw=self.raw + more)

    def holds_in_prompt(self, run: bytes) -> bool:
        """Tell whether a run, without white space, was sent."""
        return any(run in text for text in self.sent)

    def ending(self, n: int) -> bytes:
        """Give the end of it with at least `n` bytes that are not white space; all of it if less.

        It may begin inside a character.
        """
        size = 2 * n
        while size < len(self.raw):
            end = self.raw[-size:]
            if len(normalize(end)) >= n:
                return end
            size *= 2
        return self.raw


class Question(NamedTuple):
    """A token to try behind a text, whose last `n` bytes that are no white space are looked at."""

    written: Written
    token: bytes
    n: int


class RunJudge:
    """Searches and judges texts that are being written, for one index and one policy."""

    def __init__(
        self,
        searcher: Searcher,
        policy: Policy,
        *,
        min_chars: int,
        own_code: Searcher | None,
        common: int,
        max_sources: int = DEFAULT_MAX_SOURCES,
    ) -> None:
        """Judge as a checker with these settings does (check.py)."""
        self._searcher, self._policy, self._own_code = searcher, policy, own_code
        self._min_chars, self._common, self._max_sources = min_chars, common, max_sources
        self._worst = worst_case(policy, known=frozenset({COMMON}))
        self._ever = worst_case(policy)
        self.n_searches = 0

    def try_tokens(self, asked: Sequence[Question]) -> list[DeniedRun | None]:
        """Find the denied run that each token would complete or lengthen, all in one search.

        One more is made of whole texts where a match is longer than what was looked at.
        """
        found = self._found(asked, self._min_chars)
        return [self._denied(*each) for each in zip(asked, *found, strict=True)]

    def try_and_bound(
        self, asked: Sequence[Question], least: int
    ) -> tuple[list[DeniedRun | None], list[int]]:
        """Try tokens, and tell of each text what `bound` tells, by the same searches."""
        ends, results = self._found(asked, least)
        runs = [self._denied(*each) for each in zip(asked, ends, results, strict=True)]
        texts = [end + each.token for end, each in zip(ends, asked, strict=True)]
        return runs, [self.bound(*each, least) for each in zip(texts, results, strict=True)]

    def bound(self, text: bytes, found: SearchResult, least: int) -> int:
        """Bound the characters that a text's end shares with any document that may be denied.

        Args:
            text: that was searched; a longer run than all of it is as long as it at least.
            found: all matches in it of at least `least` characters.
            least: see there.
        """
        open_ones = [
            match.normalized_chars + len(normalize(text[match.stop :]))
            for match in found.matches
            if len(normalize(text[match.stop :])) < LONGEST_CHARACTER
            and self._may_come_to_be_denied(match)
        ]
        return max(least - 1 + LONGEST_CHARACTER, *open_ones, 0)

    def _found(
        self, asked: Sequence[Question], min_chars: int
    ) -> tuple[list[bytes], list[SearchResult]]:
        """Search the ends of texts with the tokens behind them; the ends, and what was found."""
        ends = [each.written.ending(each.n) for each in asked]
        texts = [end + each.token for end, each in zip(ends, asked, strict=True)]
        found = self.search(texts, min_chars=min_chars)
        longer = [
            number
            for number, each in enumerate(asked)
            if len(ends[number]) < len(each.written.raw) and _is_cut(found[number])
        ]
        wholes = [asked[number].written.raw for number in longer]
        texts = [whole + asked[number].token for whole, number in zip(wholes, longer, strict=True)]
        for number, whole, result in zip(
            longer, wholes, self.search(texts, min_chars=min_chars), strict=True
        ):
            ends[number], found[number] = whole, result
        return ends, found

    def search(self, texts: Sequence[bytes], *, min_chars: int) -> list[SearchResult]:
        """Search texts together, and count that."""
        if not texts:
            return []
        self.n_searches += 1
        return self._searcher.search(texts, min_chars=min_chars, max_sources=self._max_sources)

    def may_deny(self, run: bytes) -> bool:
        """Tell whether the policy may deny a run, by all that is known before its class and size.

        The longer a run, the fewer hold it; so one that may be denied stays so when it grows.
        """
        [found] = self.search([run], min_chars=self._min_chars)
        return any(
            self._denies(self._worst, self._facts_at_worst(self._described(match), match), run)
            for match in found.matches
            if match.stop - match.start == len(run)
        )

    def _denied(self, asked: Question, end: bytes, found: SearchResult) -> DeniedRun | None:
        """Judge the matches that end in a token, of the searched end of a text and the token."""
        n, text = len(asked.written.raw), asked.written.raw + asked.token
        checked, offset = self._checked(asked.written, text), n - len(end)
        for match in found.matches:
            start, stop = match.start + offset, match.stop + offset
            if stop <= n or match.normalized_chars < self._min_chars:
                continue
            if asked.written.holds_in_prompt(normalize(text[start:stop])):
                continue
            source = self._denied_source(replace(match, start=start, stop=stop), asked, checked)
            if source is not None:
                run, rest = normalize(text[start:stop]), normalize(text[max(start, n) : stop])
                return DeniedRun(run, rest, _place(source))
        return None

    def _denied_source(self, match: ExactMatch, asked: Question, checked: Checked) -> Source | None:
        """Judge a match as when its text is checked; a source for which it is denied."""
        run = checked.utf8[match.start : match.stop]
        found = facts_of_exact(match, checked)
        policy, facts = self._worst, self._facts_at_worst(found.sources, match)
        if self._denies(policy, facts, run) and asked.written.is_whole:
            policy, facts = self._policy, judged_facts(found, checked)
        if not self._denies(policy, facts, run):
            return None
        denied = (
            source
            for source, known in zip(found.sources, facts.sources, strict=True)
            if policy.judge_source(known, facts).action is Action.DENY
        )
        return next(denied, found.sources[0])  # it may be denied for one that is not listed

    def _may_come_to_be_denied(self, match: ExactMatch) -> bool:
        """Tell whether a longer run may be denied for one of a match's sources."""
        known = map(source_facts, self._described(match))
        return (match.at_least and self._policy.looks_at_places) or any(
            self._ever.judge_source(each).action is Action.DENY for each in known
        )

    def _denies(self, policy: Policy, facts: MatchFacts, run: bytes) -> bool:
        if policy.judge(facts).action is not Action.DENY:
            return False
        return self._own_code is None or not stands_whole_in(self._own_code, run)

    def _described(self, match: ExactMatch) -> Sequence[Source]:
        return describe_sources(match.sources, self._searcher.license_texts)

    def _facts_at_worst(self, sources: Sequence[Source], match: ExactMatch) -> MatchFacts:
        return MatchFacts(
            sources=tuple(map(source_facts, sources)),
            common=match.n_repositories >= self._common,
            at_least=match.at_least,
        )

    def _checked(self, written: Written, text: bytes) -> Checked:
        return Checked(
            _RECORD,
            text,
            TextOffsets(text),
            LexemeCounts(text),
            Generated(written.n_before, len(text)),
            self._searcher.license_texts,
            self._common,
        )


def _place(source: Source) -> Place:
    return Place(source.document, source.license.expression, source.repo, source.path)


def _is_cut(result: SearchResult) -> bool:
    """Tell whether a match begins where the text does, but for a part of a character."""
    return any(match.start < LONGEST_CHARACTER for match in result.matches)
