"""One match as the searcher found it, described for the result document."""

from collections.abc import Mapping
from dataclasses import dataclass

from sc2_attrib.attribution.classify import classify, place_of
from sc2_attrib.attribution.ids import fingerprint, match_id
from sc2_attrib.attribution.offsets import TextOffsets
from sc2_attrib.attribution.own_code import OWN_CODE, own_by_place
from sc2_attrib.attribution.policy import COMMON_REPOSITORIES, Policy
from sc2_attrib.attribution.policy_rule import MatchFacts, SourceFacts
from sc2_attrib.attribution.result import (
    DocumentCounts,
    InputRecord,
    MatchClass,
    MatchKind,
    MatchRecord,
    Range,
    Size,
    Source,
)
from sc2_attrib.attribution.source_license import GoverningTexts, describe_sources
from sc2_attrib.attribution.thresholds import other_tools
from sc2_attrib.index.near.counts import LexemeCounts
from sc2_attrib.index.search import ExactMatch
from sc2_attrib.index.text import normalize


@dataclass(frozen=True, slots=True)
class Generated:
    """The part of an input that a model wrote: bytes [start, stop).

    `sent` are the texts the model was sent, each as one piece: the prefix, the suffix, other files.
    What stands in one of them was not brought in by the model. `stopped` and `vetoes` say how
    decoding went, `prompt` is what the model read, special tokens by their names.
    """

    start: int
    stop: int
    sent: tuple[bytes, ...] = ()
    stopped: str | None = None
    vetoes: tuple[Mapping[str, object], ...] = ()
    prompt: str | None = None
    seed: int | None = None

    def overlap(self, start: int, stop: int) -> int:
        """Count the bytes of [start, stop) that the model wrote."""
        return max(0, min(stop, self.stop) - max(start, self.start))


@dataclass(frozen=True, slots=True)
class Checked:
    """The input a match lies in: its record, the checked bytes and where things are in them.

    `license_texts` finds the texts that govern a source. `common` is the number of repositories
    from which on a text is common.
    """

    record: InputRecord
    utf8: bytes
    offsets: TextOffsets
    lexemes: LexemeCounts
    generated: Generated | None
    license_texts: GoverningTexts
    common: int = COMMON_REPOSITORIES


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a match of any kind: bytes [start, stop) and what stands there.

    `lexemes`: of the extent. `source_text`: what stands in the first of the closest sources.
    `parts`, `edits` and `excerpt` are those of a near match.
    """

    extent: Range
    kind: MatchKind
    sources: tuple[Source, ...]
    documents: DocumentCounts
    lexemes: int
    source_text: bytes
    parts: tuple[str, ...] = ()
    edits: tuple[Mapping[str, object], ...] = ()
    excerpt: str | None = None


def describe_match(match: ExactMatch, checked: Checked, policy: Policy) -> MatchRecord:
    """Locate an exact match in its input, describe its sources and judge it."""
    return describe(facts_of_exact(match, checked), checked, policy)


def facts_of_exact(match: ExactMatch, checked: Checked) -> Facts:
    """Say what is known of an exact match, with its sources described."""
    sources = describe_sources(match.sources, checked.license_texts)
    kinds = [source.kind for source in sources]
    kind = MatchKind.VERBATIM if MatchKind.VERBATIM in kinds else MatchKind.REFORMATTED
    return Facts(
        extent=(match.start, match.stop),
        kind=kind,
        sources=sources,
        documents=DocumentCounts(
            match.n_documents, match.n_occurrences, match.n_repositories, match.at_least
        ),
        lexemes=checked.lexemes.count(match.start, match.stop),
        source_text=match.sources[kinds.index(kind)].excerpt,
    )


def judged_facts(found: Facts, checked: Checked) -> MatchFacts:
    """Say what a policy may ask about a match, also while its text is still being written."""
    start, stop = found.extent
    first, last = checked.offsets.line(start), checked.offsets.line(stop - 1)
    normalized = normalize(checked.utf8[start:stop])
    return MatchFacts(
        sources=tuple(map(source_facts, found.sources)),
        match_class=_class_of(found, checked),
        common=found.documents.repositories >= checked.common,
        in_prompt=_is_in_prompt(found.extent, normalized, checked.generated),
        chars=len(normalized),
        lines=last - first + 1,
        lexemes=found.lexemes,
        input=checked.record.path,
        at_least=found.documents.at_least,
    )


def describe(found: Facts, checked: Checked, policy: Policy) -> MatchRecord:
    """Locate a match in its input and judge it."""
    start, stop = found.extent
    extent = checked.offsets.extent(start, stop)
    normalized = normalize(checked.utf8[start:stop])
    facts = judged_facts(found, checked)
    size = Size(len(normalized), found.lexemes, extent.lines[1] - extent.lines[0] + 1)
    decision = policy.judge(facts)
    return MatchRecord(
        id=match_id(checked.record.id, extent.bytes, found.kind),
        fingerprint=fingerprint(normalized, checked.record.path),
        input=checked.record.id,
        kind=found.kind,
        class_=facts.match_class,
        common=facts.common,
        generated=extent,
        generated_bytes=_generated_bytes(found.extent, checked.generated),
        size=size,
        in_prompt=facts.in_prompt,
        documents=found.documents,
        sources=found.sources,
        parts=found.parts,
        edits=found.edits,
        policy=decision,
        suppression=own_by_place() if decision is OWN_CODE else None,
        excerpt=found.excerpt,
        others=other_tools(checked.utf8, found.extent, found.source_text),
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


def _class_of(found: Facts, checked: Checked) -> MatchClass:
    place = place_of(found.sources, checked.record)
    return classify(checked.utf8, found.extent, checked.lexemes.lexemes, place)


def _generated_bytes(extent: Range, generated: Generated | None) -> int:
    start, stop = extent
    return stop - start if generated is None else generated.overlap(start, stop)


def _is_in_prompt(extent: Range, normalized: bytes, generated: Generated | None) -> bool:
    if generated is None:
        return False
    return generated.overlap(*extent) == 0 or any(
        normalized in normalize(text) for text in generated.sent
    )
