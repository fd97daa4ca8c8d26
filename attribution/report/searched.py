"""What a run searched, in a paragraph that every format for machines carries."""

from sc2_attrib.attribution.report.sentences import missed, unchecked_sentence
from sc2_attrib.attribution.result import InputStatus, Result


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
    index, min_chars = result.run.index, result.run.options.get("min_chars")
    if index is None:
        return "No index was searched."
    names = [" ".join(filter(None, (each.name, each.revision))) for each in index.corpora]
    return (
        f"Searched: {', '.join(names) or index.location}, {index.documents:,} documents,"
        f" {index.bytes:,} bytes; {index.removed:,} documents were taken down. Copies of"
        f" {min_chars} characters or more are found, white space not counted."
        " No match means no match in this index."
    )
