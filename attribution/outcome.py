"""From checked inputs to the result of a run: the document, its verdict and the exit status.

The exit status of `scan`, of `generate` and of `report`, which only reads a saved result, comes
from one function. A run that missed something is never clean by its status: what was found decides
the verdict, what was missed decides `complete`, and each makes the status non-zero by itself.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum

from sc2_attrib.attribution.check import CheckedInput
from sc2_attrib.attribution.result import (
    SCHEMA,
    Action,
    Corpus,
    InputStatus,
    MatchRecord,
    Result,
    Run,
    SearchedIndex,
    Summary,
    Verdict,
)
from sc2_attrib.attribution.suppression import KnownMatches, count_suppressed, settled
from sc2_attrib.index.errors import UsageError
from sc2_attrib.index.search import IndexDescription

CLEAN, VIOLATION, INCOMPLETE = 0, 1, 4


class FailOn(StrEnum):
    """Which matches are violations: those denied, also those to review, all, or none."""

    DENY = "deny"
    REVIEW = "review"
    MATCH = "match"
    NEVER = "never"

    def covers(self, match: MatchRecord) -> bool:
        """Tell whether a match that counts is a violation."""
        if self is FailOn.MATCH or self is FailOn.NEVER:
            return self is FailOn.MATCH
        return match.policy.action.severity >= Action(self).severity


def assemble(
    run: Run,
    checked: Iterable[CheckedInput],
    *,
    fail_on: FailOn,
    finished: bool = True,
    known: Sequence[KnownMatches] = (),
) -> Result:
    """Make the result of a run. Matches stand in the order of inputs, then of their starts.

    Args:
        run: the circumstances; `fail_on` is added to its options, for `report` to exit alike.
        checked: what came of each input, in order.
        fail_on: which matches are violations.
        finished: false where the run was stopped before all inputs were seen.
        known: who may settle matches that have been seen before, asked in this order.
    """
    checked = list(checked)
    found = _with_own_fingerprints(match for item in checked for match in item.matches)
    matches = tuple(settled(found, known))
    texts = {key: text for item in checked for key, text in item.texts.items()}
    return Result(
        schema=SCHEMA,
        run=replace(run, options={**run.options, "fail_on": fail_on}),
        inputs=tuple(item.record for item in checked),
        matches=matches,
        texts=dict(sorted(texts.items())),
        summary=_summarize(checked, matches, fail_on, finished),
    )


def exit_code(result: Result, fail_on: FailOn | None = None) -> int:
    """Give the exit status: 1 a violation, else 4 incomplete, else 0.

    `fail_on` is what the run itself used unless another is given.

    Raises:
        UsageError: the result names no `fail_on` that this version knows.
    """
    if verdict(result.matches, fail_on or fail_on_of(result)) is Verdict.VIOLATION:
        return VIOLATION
    return CLEAN if result.summary.complete else INCOMPLETE


def verdict(matches: Iterable[MatchRecord], fail_on: FailOn) -> Verdict:
    """Put the matches in one word. What stands in the prompt, or is suppressed, doesn't count."""
    counted = [match for match in matches if counts(match)]
    if any(fail_on.covers(match) for match in counted):
        return Verdict.VIOLATION
    return Verdict.MATCHES if counted else Verdict.CLEAN


def counts(match: MatchRecord) -> bool:
    """Tell whether a match counts against the user."""
    return not match.in_prompt and match.suppression is None


def describe_index(index: IndexDescription) -> SearchedIndex:
    """Put what was searched into the words of the result."""
    corpora = (
        Corpus(each.corpus.name, each.corpus.revision, each.n_documents, each.raw_bytes)
        for each in index.corpora
    )
    return SearchedIndex(
        location=index.location,
        id=index.id,
        corpora=tuple(corpora),
        documents=index.n_documents,
        bytes=index.raw_bytes,
        removed=index.n_removed,
        guarantee_chars=index.guarantee_chars,
        built=index.built,
    )


def fail_on_of(result: Result) -> FailOn:
    """Say which matches were violations for the run.

    Raises:
        UsageError: the result names nothing that this version knows.
    """
    named = result.run.options.get("fail_on", FailOn.DENY)
    if named not in list(FailOn):
        raise UsageError(f"run.options.fail_on: {named!r} is not one of {', '.join(FailOn)}")
    return FailOn(str(named))


def _summarize(
    checked: Sequence[CheckedInput],
    matches: Sequence[MatchRecord],
    fail_on: FailOn,
    finished: bool,
) -> Summary:
    statuses = Counter(item.record.status for item in checked)
    actions = Counter(match.policy.action for match in matches if match.suppression is None)
    return Summary(
        inputs=len(checked),
        checked=statuses[InputStatus.CHECKED],
        skipped=statuses[InputStatus.SKIPPED],
        errors=statuses[InputStatus.ERROR],
        complete=finished and not statuses[InputStatus.ERROR],
        matches=len(matches),
        matched_chars=sum(item.matched_chars for item in checked),
        by_action={action: actions[action] for action in Action},
        by_license=_count_licenses(matches),
        verdict=verdict(matches, fail_on),
        suppressed=count_suppressed(matches),
    )


def _count_licenses(matches: Iterable[MatchRecord]) -> dict[str, int]:
    expressions = ({source.license.expression for source in match.sources} for match in matches)
    return dict(sorted(Counter(each for some in expressions for each in some).items()))


def _with_own_fingerprints(matches: Iterable[MatchRecord]) -> Iterator[MatchRecord]:
    """Add `:2`, `:3` … to a fingerprint that has come before."""
    seen: Counter[str] = Counter()
    for match in matches:
        seen[match.fingerprint] += 1
        n_equal = seen[match.fingerprint]
        own = match.fingerprint if n_equal == 1 else f"{match.fingerprint}:{n_equal}"
        yield replace(match, fingerprint=own)
