"""Numbers in words."""

import pytest

from sc2_attrib.cli.wording import counted, listed, sized


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.00 kB"),
        (12_345, "12.3 kB"),
        (99_960, "100 kB"),
        (999_400, "999 kB"),
        (999_600, "1.00 MB"),
        (1_690_000_000, "1.69 GB"),
    ],
)
def test_sizes_have_three_digits(n_bytes: int, text: str) -> None:
    """A size is written in the unit that leaves three digits."""
    assert sized(n_bytes) == text


def test_nouns_follow_their_number() -> None:
    """One of a thing is singular."""
    assert counted(1, "file") == "1 file"
    assert counted(0, "file") == "0 files"
    assert counted(1234, "repository", "repositories") == "1,234 repositories"


def test_columns_are_aligned() -> None:
    """Values start in one column."""
    assert listed([("a", "1"), ("long", "2")]) == "a     1\nlong  2\n"
