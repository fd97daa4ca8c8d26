"""The statement of what was searched."""

from dataclasses import replace

from sc2_attrib.attribution.report.searched import searched_statement, statement
from sc2_attrib.attribution.result import Corpus
from tests.attribution.report.results import incomplete, of_all_kinds


def test_statement_has_corpora_counts_and_thresholds() -> None:
    """Each corpus with its revision and size, removals, guarantee, thresholds and inputs."""
    result = of_all_kinds()
    assert result.run.index is not None
    index = replace(
        result.run.index, corpora=(Corpus("stack", "v2.1", 1234, 56789),), removed=7, built="today"
    )
    near = {"min_similarity": 0.7, "min_lexemes": 65}
    run = replace(result.run, index=index, options={"min_chars": 80, "near": near})
    said = searched_statement(replace(result, run=run))
    assert "stack v2.1 (1,234 documents, 56,789 bytes)" in said
    assert "7 were taken down" in said
    assert "Copies of 80 characters or more are reported, white space not counted" in said
    assert f"each of {index.guarantee_chars} or more" in said
    assert "Edited copies are looked for from 70% similarity and 65 lexemes on" in said
    assert "4 checked, 1 skipped, 0 failed" in said
    assert said.endswith("No match means no match in this index.")


def test_run_that_looked_for_no_edited_copies_says_so() -> None:
    """What was not looked for is not silently absent."""
    assert "Edited copies were not looked for." in searched_statement(of_all_kinds())


def test_statement_lists_what_is_missing_and_skipped() -> None:
    """One line each, incomplete first."""
    assert statement(incomplete()).splitlines()[:2] == [
        "THE RUN IS INCOMPLETE.",
        "b.py could not be checked: permission denied",
    ]
    assert statement(of_all_kinds()).splitlines()[-1] == "logo.png was skipped: binary"
