"""What is said of a match, an input and a run in words, the same in every format for machines.

Names in them come from anywhere: what can't be seen is shown as its escape (visible.py).
"""

from enum import StrEnum

from sc2_attrib.attribution.report.match_rows import strictest_license
from sc2_attrib.attribution.report.view import counted
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import (
    InputRecord,
    InputStatus,
    MatchKind,
    MatchRecord,
    Result,
    Source,
)

STOPPED = "the run was stopped before all inputs were checked"


class Standing(StrEnum):
    """Whether a match counts against the user."""

    COUNTS = "counts"
    IN_PROMPT = "in-prompt"
    SUPPRESSED = "suppressed"

    @classmethod
    def of(cls, match: MatchRecord) -> "Standing":
        """Say how a match stands."""
        if match.suppression is not None:
            return cls.SUPPRESSED
        return cls.IN_PROMPT if match.in_prompt else cls.COUNTS


def match_sentence(match: MatchRecord, place: str | None = None) -> str:
    """Say what matches what, how closely, and under which licence."""
    license_ = strictest_license(match)
    shown = place or visible(place_of(principal(match)))
    alike = f", {similarity(match):.0%} similar" if match.kind is MatchKind.NEAR else ""
    return (
        f"{counted(match.size.lines, 'line')} ({counted(match.size.normalized_chars, 'character')})"
        f" match {shown} ({match.kind}{alike}) under {visible(license_.expression)}"
        f" ({license_.category}){_places(match)}"
    )


def decision_sentence(match: MatchRecord) -> str:
    """Say what to do about a match, why, and where it doesn't count for which reason."""
    decided = f"{match.policy.action}: {visible(match.policy.reason)}"
    if match.suppression is not None:
        return f"{decided}; suppressed: {suppression_reason(match)}"
    return f"{decided}; already in the prompt" if match.in_prompt else decided


def suppression_reason(match: MatchRecord) -> str:
    """Say why a match doesn't count; empty where it does."""
    said = match.suppression or {}
    kind, reason = said.get("kind", ""), said.get("reason", "")
    by = f" (by {said['author']})" if said.get("author") else ""
    return visible(": ".join(filter(None, (f"{kind}{by}", str(reason)))))


def unchecked_sentence(record: InputRecord) -> str:
    """Say why an input was not checked."""
    verb = "could not be checked" if record.status is InputStatus.ERROR else "was skipped"
    return f"{visible(record.path)} {verb}: {visible(record.reason or 'no reason given')}"


def was_stopped(result: Result) -> bool:
    """Tell whether the run ended before it had seen all inputs."""
    return not result.summary.complete and not any(
        record.status is InputStatus.ERROR for record in result.inputs
    )


def missed(result: Result) -> list[str]:
    """List what keeps the run from being complete, a sentence each."""
    failed = [record for record in result.inputs if record.status is InputStatus.ERROR]
    return [*map(unchecked_sentence, failed), *([STOPPED] if was_stopped(result) else [])]


def principal(match: MatchRecord) -> Source | None:
    """Pick the source to name where there is room for one: the first of the strictest licence."""
    by_severity = (source.license.category.severity for source in match.sources)
    ranked = zip(by_severity, match.sources, strict=True)
    return max(ranked, key=lambda pair: pair[0], default=(0, None))[1]


def place_of(source: Source | None) -> str:
    """Name a source's place: `octo/mail@94a9ed0 src/h.py:4-9`."""
    if source is None:
        return "text of the index"
    revision = f"@{source.revision}" if source.revision else ""
    return f"{source.repo}{revision} {source.path}:{span(source.lines)}"


def span(ends: tuple[int, int]) -> str:
    """Write a range of numbers: `4-9`, or `4`."""
    first, last = ends
    return str(first) if first == last else f"{first}-{last}"


def similarity(match: MatchRecord) -> float:
    """Give the similarity of a match's closest source."""
    return max((source.similarity for source in match.sources), default=1.0)


def _places(match: MatchRecord) -> str:
    documents = match.documents
    if documents.occurrences <= 1:
        return ""
    least = "at least " if documents.at_least else ""
    repositories = counted(documents.repositories, "repository")
    return f", in {least}{documents.occurrences:,} places of {repositories}"
