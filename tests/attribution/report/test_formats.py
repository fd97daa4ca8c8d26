"""What holds for every report, whoever reads it."""

import pytest

from sc2_attrib.attribution.report import FORMATS
from sc2_attrib.attribution.result import Result
from tests.attribution.report.results import (
    N_MANY,
    RESULTS,
    empty,
    incomplete,
    many,
    of_all_kinds,
    stopped,
)

MACHINE_FORMATS = (
    *("csv", "cyclonedx", "cyclonedx-1.6", "gitlab", "jsonl", "junit"),
    *("sarif", "spdx", "spdx-tv", "spdx3"),
)
PEOPLE_FORMATS = ("html", "markdown", "notice", "notice-md")
ALL_FORMATS = (*MACHINE_FORMATS, *PEOPLE_FORMATS)


@pytest.mark.parametrize("name", ALL_FORMATS)
@pytest.mark.parametrize("result", RESULTS)
def test_report_is_utf_8_and_the_same_every_time(name: str, result: str) -> None:
    """Whatever a result holds, it renders to text that can be written, byte for byte the same."""
    first, second = (FORMATS[name](RESULTS[result]()) for _ in range(2))
    assert first.encode() == second.encode()
    assert first.endswith("\n")


@pytest.mark.parametrize("name", ALL_FORMATS)
def test_report_describes_and_does_not_accuse(name: str) -> None:
    """A report says what matches; that something infringes is for courts to say."""
    assert "infring" not in FORMATS[name](of_all_kinds()).lower()


@pytest.mark.parametrize("name", ALL_FORMATS)
def test_report_says_what_was_searched(name: str) -> None:
    """Also a run without matches says that this means no match in this index."""
    assert "No match means no match in this index" in FORMATS[name](empty())


@pytest.mark.parametrize("name", ALL_FORMATS)
@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (incomplete(), "permission denied"),
        (stopped(), "the run was stopped before all inputs were checked"),
    ],
    ids=["failed input", "stopped run"],
)
def test_incomplete_run_says_so(name: str, result: Result, reason: str) -> None:
    """No format lets a run that missed something read as clean."""
    text = FORMATS[name](result)
    assert reason in text
    assert reason not in FORMATS[name](empty())


@pytest.mark.parametrize("name", [*MACHINE_FORMATS, "html"])
def test_ten_thousand_matches_are_all_there(name: str) -> None:
    """Nothing is dropped or merged where there is much to say."""
    text = FORMATS[name](many())
    last = f"{N_MANY - 1:032x}"
    is_hashed = name == "gitlab"  # which writes a hash of the fingerprint
    assert is_hashed or all(f"{number:032x}" in text for number in (0, N_MANY // 2))
    assert is_hashed or last in text
