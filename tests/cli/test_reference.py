"""docs/cli.md says what the program does."""

from pathlib import Path

from sc2_attrib.cli.reference import reference

DOCUMENT = Path(__file__).parents[2] / "docs" / "cli.md"


def test_reference_is_up_to_date() -> None:
    """docs/cli.md is what `python -m sc2_attrib.cli.reference` writes."""
    assert DOCUMENT.read_text(encoding="utf-8") == reference(), (
        "run: python -m sc2_attrib.cli.reference > docs/cli.md"
    )
