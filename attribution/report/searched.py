"""What a run searched: the statement that every format carries, made in this one place.

It says which corpora in which revisions, how much text, what was taken down, which copies are found
for certain and which are reported, what was not checked, and what of a StarCoder2's training data
the index can't know. What follows from finding nothing comes last: no match in this index.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sc2_attrib.attribution.report.sentences import missed, unchecked_sentence
from sc2_attrib.attribution.report.view import counted
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import Corpus, InputStatus, Model, Result, SearchedIndex
from sc2_attrib.attribution.training_sets import (
    UNIQUE_TOKENS,
    TrainingCoverage,
    TrainingSet,
    training_coverage,
)

NO_INDEX = "No index was searched."
NO_MATCH = "No match means no match in this index."


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing to know about how far a result goes: what it is about, and sentences."""

    about: str
    text: str


def statement(result: Result) -> str:
    """Say how far a document goes, a line each: complete or not, searched where, what skipped."""
    faults = missed(result)
    skipped = (each for each in result.inputs if each.status is InputStatus.SKIPPED)
    return "\n".join(
        [
            "THE RUN IS INCOMPLETE." if faults else "The run is complete.",
            *faults,
            searched_statement(result),
            *map(unchecked_sentence, skipped),
        ]
    )


def searched_statement(result: Result) -> str:
    """Say what was searched for what, and what a result without matches means."""
    return " ".join(fact.text for fact in coverage_facts(result))


def coverage_facts(result: Result) -> Sequence[Fact]:
    """List what a reader must know of a result's reach, in the order to read it."""
    index, summary = result.run.index, result.summary
    if index is None:
        return [Fact("Searched", NO_INDEX)]
    corpora = "; ".join(map(_corpus, index.corpora)) or visible(index.location)
    n_missed = (
        f"Inputs: {summary.checked:,} checked, {summary.skipped:,} skipped,"
        f" {summary.errors:,} failed."
    )
    return [
        Fact("Corpora", f"Searched: {corpora}."),
        Fact("Index", _index(index)),
        Fact("Exact copies", _exact(index, result.run.options)),
        Fact("Edited copies", _near(result.run.options)),
        Fact("Inputs", n_missed),
        *_training(result.run.model, index),
        Fact("No match", NO_MATCH),
    ]


def _corpus(corpus: Corpus) -> str:
    named = visible(" ".join(filter(None, (corpus.name, corpus.revision))))
    return f"{named} ({corpus.documents:,} documents, {corpus.bytes:,} bytes)"


def _index(index: SearchedIndex) -> str:
    return (
        f"The index {visible(index.id)}, built {visible(index.built)}, holds"
        f" {index.documents:,} documents of {index.bytes:,} bytes;"
        f" {index.removed:,} were taken down."
    )


def _exact(index: SearchedIndex, options: Mapping[str, object]) -> str:
    return (
        f"Copies of {visible(str(options.get('min_chars')))} characters or more are reported, white"
        f" space not counted; the index finds each of {index.guarantee_chars} or more."
    )


def _near(options: Mapping[str, object]) -> str:
    match options.get("near"):
        case {"min_similarity": float() as similarity, "min_lexemes": int() as n_lexemes}:
            return (
                f"Edited copies are looked for from {similarity:.0%} similarity and"
                f" {n_lexemes} lexemes on; not all are found."
            )
        case _:
            return "Edited copies were not looked for."


def _training(model: Model | None, index: SearchedIndex) -> Iterator[Fact]:
    """Say what the model was trained on; nothing where it is not known, or no model ran."""
    if model is None:
        return
    coverage = training_coverage(model.id, (corpus.name for corpus in index.corpora))
    if coverage is None:
        unknown = f"What the model {visible(model.id)} was trained on is not known here."
        yield Fact("Training data", unknown)
        return
    yield Fact("Training data", " ".join(_trained(model, coverage)))


def _trained(model: Model, coverage: TrainingCoverage) -> Iterator[str]:
    sets = counted(len(coverage.covered) + len(coverage.missing), "set")
    yield (
        f"The model {visible(model.id)} is StarCoder2-{coverage.size.upper()} or builds on it;"
        f" that was trained on {sets}, {UNIQUE_TOKENS[coverage.size]} billion unique tokens in all."
    )
    if coverage.covered:
        yield (
            f"By the names of its corpora the index holds text of {_listed(coverage.covered)};"
            " how much of it is not known."
        )
    else:
        yield "By the names of its corpora the index holds none of them."
    yield f"Not covered (billions of tokens): {_listed(coverage.missing)}."


def _listed(sets: Sequence[TrainingSet]) -> str:
    return ", ".join(f"{each.name} ({each.tokens:g})" for each in sets)
