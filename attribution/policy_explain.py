"""Why a match has its action: every source, every licence of it, and the rule that decided.

Nothing is decided here: a recorded match is put to the same policy again, source by source and
licence by licence, and what it answers is listed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sc2_attrib.attribution.license import read_license
from sc2_attrib.attribution.license_tree import Term, terms
from sc2_attrib.attribution.match import source_facts
from sc2_attrib.attribution.policy import Policy
from sc2_attrib.attribution.policy_rule import Case, MatchFacts, SourceFacts
from sc2_attrib.attribution.result import MatchRecord, PolicyDecision, Result
from sc2_attrib.index.errors import UsageError


@dataclass(frozen=True, slots=True)
class TermVerdict:
    """What one licence of a source comes to."""

    term: Term
    decision: PolicyDecision


@dataclass(frozen=True, slots=True)
class SourceVerdict:
    """What one source comes to. `count` sources are alike in all that the policy looks at."""

    source: SourceFacts
    decision: PolicyDecision
    terms: tuple[TermVerdict, ...]
    count: int
    is_own: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a policy says about a match, and which of the sources settled it (by position)."""

    decision: PolicyDecision
    sources: tuple[SourceVerdict, ...]
    decisive: int | None


def recorded_facts(match: MatchRecord, path: str) -> MatchFacts:
    """Give the facts of a match that is in a result; `path` is that of its input."""
    return MatchFacts(
        sources=tuple(map(source_facts, match.sources)),
        match_class=match.class_,
        common=match.common,
        in_prompt=match.in_prompt,
        chars=match.size.normalized_chars,
        lines=match.size.lines,
        lexemes=match.size.lexemes,
        input=path,
        at_least=match.documents.at_least,
    )


def explain(facts: MatchFacts, policy: Policy) -> Explanation:
    """Put each source of a match to a policy, those that are alike as one."""
    decision = policy.judge(facts)
    verdicts = tuple(_verdicts(facts, policy))
    decisive = None if facts.in_prompt else _decisive(verdicts, decision)
    return Explanation(decision, verdicts, decisive)


def find_match(result: Result, name: str) -> MatchRecord:
    """Find the match of an id or a fingerprint, or of the beginning of one.

    Raises:
        UsageError: none has it, or several have.
    """
    found = [
        match for match in result.matches if match.fingerprint == name or match.id.startswith(name)
    ] or [match for match in result.matches if match.fingerprint.startswith(name)]
    if len(found) == 1 and name:
        return found[0]
    what = "several matches begin so" if found else "no match has this id or fingerprint"
    ids = ", ".join(match.id[:12] for match in (found or result.matches)[:5])
    raise UsageError(f"'{name}': {what}; {f'there are {ids}' if ids else 'the result has none'}")


def _verdicts(facts: MatchFacts, policy: Policy) -> Iterator[SourceVerdict]:
    unlisted = (each for each in policy.judged_sources(facts) if each not in facts.sources)
    for source, count in _distinct((*facts.sources, *unlisted), policy):
        yield SourceVerdict(
            source=source,
            decision=policy.judge_source(source, facts),
            terms=tuple(_terms(source, facts, policy)),
            count=count,
            is_own=policy.own.owns(source),
        )


def _distinct(sources: Sequence[SourceFacts], policy: Policy) -> Iterable[tuple[SourceFacts, int]]:
    """Join the sources that the policy can't tell apart; the first stands for them."""
    groups: dict[object, list[SourceFacts]] = {}
    for source in sources:
        alike = (source.expression, source.kind, source.similarity)
        groups.setdefault(source if policy.looks_at_places else alike, []).append(source)
    return ((group[0], len(group)) for group in groups.values())


def _terms(source: SourceFacts, facts: MatchFacts, policy: Policy) -> Iterator[TermVerdict]:
    for term in dict.fromkeys(terms(read_license(source.expression))):
        yield TermVerdict(term, policy.judge_term(Case(term, source, facts)))


def _decisive(verdicts: Sequence[SourceVerdict], decision: PolicyDecision) -> int | None:
    return next(
        (n for n, each in enumerate(verdicts) if each.decision == decision and not each.is_own),
        None,
    )
