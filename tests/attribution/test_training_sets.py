"""What StarCoder2 was trained on, and which of it an index names."""

import pytest

from sc2_attrib.attribution.training_sets import (
    TRAINING_SETS,
    UNIQUE_TOKENS,
    Size,
    training_coverage,
)


@pytest.mark.parametrize("size", Size)
def test_sets_add_up_to_the_published_total(size: Size) -> None:
    """The sets of each model hold the tokens that the paper's table 4 sums up, but for overlaps."""
    total = sum(each.tokens for each in TRAINING_SETS if size in each.models)
    assert total == pytest.approx(UNIQUE_TOKENS[size], rel=0.02)


@pytest.mark.parametrize(
    ("corpus", "is_covered"),
    [
        ("the-stack-v2-train-smol-ids", True),
        ("bigcode--The-Stack-v2-dedup (language Python)", True),
        ("the-stack-v2", True),
        ("the-stack-v25", False),
        ("the-stack-v1", False),
        ("python", False),
    ],
)
def test_corpus_is_recognised_by_its_name(corpus: str, is_covered: bool) -> None:
    """Copies and selections of The Stack v2 count; what only resembles its name does not."""
    coverage = training_coverage("bigcode/starcoder2-7b", ["other", corpus])
    assert coverage is not None
    assert bool(coverage.covered) is is_covered
    assert len(coverage.covered) + len(coverage.missing) == 13


def test_hostile_name_of_a_corpus_takes_no_time() -> None:
    """A long name with many chances to begin is read once."""
    coverage = training_coverage("starcoder2-3b", ["-the-stack-v" * 5000])
    assert coverage is not None
    assert not coverage.covered
