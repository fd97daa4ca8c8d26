"""The statement of what was searched."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from sc2_attrib.attribution.report.searched import coverage_facts, searched_statement, statement
from sc2_attrib.attribution.result import Corpus, Result
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


def with_model(model: str, corpora: Iterable[str]) -> Result:
    result = of_all_kinds()
    assert result.run.index is not None
    assert result.run.model is not None
    index = replace(result.run.index, corpora=tuple(Corpus(name, None, 1, 10) for name in corpora))
    run = replace(result.run, index=index, model=replace(result.run.model, id=model))
    return replace(result, run=run)


def training(result: Result) -> str:
    (said,) = [fact.text for fact in coverage_facts(result) if fact.about == "Training data"]
    return said


def test_starcoder2_is_told_from_which_of_its_training_sets_the_index_holds_text() -> None:
    """The Stack is held by its name, and the rest of the training data is named as not covered."""
    said = training(with_model("bigcode/starcoder2-3b", ["the-stack-v2-train-smol-ids"]))
    assert "holds text of the-stack-v2-train-smol (525.5); how much of it is not known" in said
    assert "Not covered (billions of tokens): pull requests (19.54)" in said
    assert "arXiv" not in said  # which only the larger models read


def test_index_of_something_else_covers_no_training_set() -> None:
    """Where no corpus bears the name of a set, all sets are listed as not covered."""
    said = training(with_model("/models/starcoder2-15b", ["python"]))
    assert "holds none of them" in said
    assert "Not covered (billions of tokens): the-stack-v2-train-full (775.48)" in said
    assert "arXiv (30.26)" in said


@pytest.mark.parametrize("model", ["demo", "gpt2", "starcoder2-30b", "starcoder2-3bit"])
def test_training_data_of_other_models_is_not_guessed(model: str) -> None:
    """A name that is not one of the family's gets no list of training sets."""
    assert training(with_model(model, ["the-stack-v2"])) == (
        f"What the model {model} was trained on is not known here."
    )


def test_scan_without_a_model_says_nothing_of_training() -> None:
    """Files that were scanned may be by anybody."""
    result = of_all_kinds()
    without = replace(result, run=replace(result.run, model=None))
    assert all(fact.about != "Training data" for fact in coverage_facts(without))
