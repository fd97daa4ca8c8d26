"""One match as the searcher found it, described for the result document."""

from collections.abc import Mapping
from dataclasses import dataclass

from sc2_attrib.attribution.ids import fingerprint, match_id
from sc2_attrib.attribution.offsets import TextOffsets
from sc2_attrib.attribution.own_code import OWN_CODE, own_by_place
from sc2_attrib.attribution.policy import COMMON_REPOSITORIES, Policy
from sc2_attrib.attribution.policy_rule import MatchFacts, SourceFacts
from sc2_attrib.attribution.result import (
    DocumentCounts,
    InputRecord,
    MatchKind,
    MatchRecord,
    Size,
    Source,
)
from sc2_attrib.attribution.source import describe_source
from sc2_attrib.index.search import ExactMatch
from sc2_attrib.index.text import normalize


@dataclass(frozen=True, slots=True)
class Generated:
    """The part of an input that a model wrote: bytes [start, stop).

    `sent` are the texts the model was sent, each as one piece: the prefix, the suffix, other files.
    What stands in one of them was not brought in by the model. `stopped` and `vetoes` say how
    decoding went.
    """

    start: int
    stop: int
    sent: tuple[bytes, ...] = ()
    stopped: str | None = None
    vetoes: tuple[Mapping[str, object], ...] = ()

    def overlap(self, start: int, stop: int) -> int:
        """Count the bytes of [start, stop) that the model wrote."""
        return max(0, min(stop, self.stop) - max(start, self.start))


@dataclass(frozen=True, slots=True)
class Checked:
    """The input a match lies in: its record, the checked bytes and where things are in them."""

    record: InputRecord
    utf8: bytes
    offsets: TextOffsets
    generated: Generated | None


def describe_match(match: ExactMatch, checked: Checked, policy: Policy) -> MatchRecord:
    """Locate a match in its input, describe its sources and judge it."""
    extent = checked.offsets.extent(match.start, match.stop)
    normalized = normalize(checked.utf8[match.start : match.stop])
    sources = tuple(map(describe_source, match.sources))
    kinds = {source.kind for source in sources}
    kind = MatchKind.VERBATIM if MatchKind.VERBATIM in kinds else MatchKind.REFORMATTED
    size = Size(match.normalized_chars, None, extent.lines[1] - extent.lines[0] + 1)
    facts = MatchFacts(
        sources=tuple(map(source_facts, sources)),
        common=match.n_repositories >= COMMON_REPOSITORIES,
        in_prompt=_is_in_prompt(match, normalized, checked.generated),
        chars=size.normalized_chars,
        lines=size.lines,
        lexemes=size.lexemes,
        input=checked.record.path,
        at_least=match.at_least,
    )
    decision = policy.judge(facts)
    return MatchRecord(
        id=match_id(checked.record.id, extent.bytes, kind),
        fingerprint=fingerprint(normalized, checked.record.path),
        input=checked.record.id,
        kind=kind,
        class_=facts.match_class,
        common=facts.common,
        generated=extent,
        generated_bytes=_generated_bytes(match, checked.generated),
        size=size,
        in_prompt=facts.in_prompt,
        documents=DocumentCounts(
            match.n_documents, match.n_occurrences, match.n_repositories, match.at_least
        ),
        sources=sources,
        parts=(),
        edits=(),
        policy=decision,
        suppression=own_by_place() if decision is OWN_CODE else None,
    )


def source_facts(source: Source) -> SourceFacts:
    """Pick what a policy may ask about a source."""
    return SourceFacts(
        expression=source.license.expression,
        repository=source.repo,
        path=source.path,
        language=source.language,
        kind=source.kind,
        similarity=source.similarity,
    )


def _generated_bytes(match: ExactMatch, generated: Generated | None) -> int:
    if generated is None:
        return match.stop - match.start
    return generated.overlap(match.start, match.stop)


def _is_in_prompt(match: ExactMatch, normalized: bytes, generated: Generated | None) -> bool:
    if generated is None:
        return False
    return generated.overlap(match.start, match.stop) == 0 or any(
        normalized in normalize(text) for text in generated.sent
    )
