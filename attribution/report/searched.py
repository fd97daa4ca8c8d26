"""What a run searched, in the words that every format for machines carries."""

from collections.abc import Iterator, Mapping

from sc2_attrib.attribution.report.sentences import missed, unchecked_sentence
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import Corpus, InputStatus, Result, SearchedIndex


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
    index, summary = result.run.index, result.summary
    if index is None:
        return "No index was searched."
    return " ".join(
        [
            *_searched(index),
            *_thresholds(index, result.run.options),
            f"Inputs: {summary.checked:,} checked, {summary.skipped:,} skipped,"
            f" {summary.errors:,} failed.",
            "No match means no match in this index.",
        ]
    )


def _searched(index: SearchedIndex) -> Iterator[str]:
    corpora = "; ".join(map(_corpus, index.corpora)) or visible(index.location)
    yield f"Searched: {corpora}."
    yield (
        f"The index {visible(index.id)}, built {visible(index.built)}, holds"
        f" {index.documents:,} documents of {index.bytes:,} bytes;"
        f" {index.removed:,} were taken down."
    )


def _corpus(corpus: Corpus) -> str:
    named = visible(" ".join(filter(None, (corpus.name, corpus.revision))))
    return f"{named} ({corpus.documents:,} documents, {corpus.bytes:,} bytes)"


def _thresholds(index: SearchedIndex, options: Mapping[str, object]) -> Iterator[str]:
    yield (
        f"Copies of {visible(str(options.get('min_chars')))} characters or more are reported, white"
        f" space not counted; the index finds each of {index.guarantee_chars} or more."
    )
    match options.get("near"):
        case {"min_similarity": float() as similarity, "min_lexemes": int() as n_lexemes}:
            yield (
                f"Edited copies are looked for from {similarity:.0%} similarity and"
                f" {n_lexemes} lexemes on; not all are found."
            )
        case _:
            yield "Edited copies were not looked for."
