"""Edited copies on the command line: shown with what was changed, or left out."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run, code

LINES = code("copyleft").splitlines()
OLD_NAME, OLD_NUMBER = LINES[4].split()[0], LINES[11].rstrip(")").rsplit(" ", 1)[1]


@pytest.fixture
def edited(folder: Path) -> Path:
    """A copy with a name and a number changed, and a line more."""
    lines = [*LINES[:17], "    added", *LINES[17:]]
    lines[4] = lines[4].replace(OLD_NAME, "new_name")
    lines[11] = lines[11].replace(OLD_NUMBER, "77")
    path = folder / "edited.py"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_search_tells_edited_copies(run_here: Run, index: Path, edited: Path) -> None:
    """A near match states its lines, size, similarity and source; --json has its edits."""
    found = run_here("index", "search", "--file", str(edited), "--index", str(index))
    assert found.code == 0
    [line, source] = [line for line in found.stdout.splitlines() if "similar" in line]
    assert line.startswith("lines 1-22, ")
    assert line.endswith("% similar: 1 document, 1 place in 1 repository")
    assert source.startswith("  library copyleft.py:2-22  GPL-3.0-only")
    assert "{+" not in found.stdout
    shown = run_here("index", "search", "--file", str(edited), "--index", str(index), "--json")
    [near] = (match for match in json.loads(shown.stdout)["matches"] if kind(match) == "near")
    assert {edit["kind"] for edit in near["edits"]} == {"renamed", "replaced", "inserted"}


def test_explain_shows_both_sides(run_here: Run, index: Path, edited: Path) -> None:
    """`--explain` marks what is new in the text and what it stands for in the source."""
    command = ["index", "search", "--file", str(edited), "--index", str(index), "--explain"]
    shown = run_here(*command).stdout
    checked, source = shown[shown.index("  checked\n") :].split("  source\n")
    assert f"{{+new_name+}}{LINES[4].strip().removeprefix(OLD_NAME)}" in checked
    assert "{+77+})" in checked
    assert "{+added+}" in checked
    assert f"[-{OLD_NAME}-]" in source
    assert f"[-{OLD_NUMBER}-])" in source
    assert "{+" not in source
    assert "[-" not in checked
    assert all(line.startswith("    | ") for line in checked.splitlines()[1:])


def test_scan_shows_changes_when_asked_for_more(run_here: Run, index: Path, edited: Path) -> None:
    """`-v` shows both sides with the numbers of their lines; without it a match is a few lines."""
    command = ["scan", str(edited), "--index", str(index), "--no-color"]
    brief, full = run_here(*command).stdout, run_here(*command, "-v").stdout
    assert "near" in brief
    assert "{+new_name+}" not in brief
    assert "{+new_name+}" in full
    assert f"[-{OLD_NAME}-]" in full
    assert "checked, lines 1-22" in full
    assert "source, copyleft.py:2-22" in full


def test_near_matches_are_left_out(run_here: Run, index: Path, edited: Path) -> None:
    """With --no-near only copies are searched for; they are found all the same."""
    for command in (["scan", str(edited)], ["index", "search", "--file", str(edited)]):
        asked = [*command, "--index", str(index), "--json"]
        near, exact = (json.loads(run_here(*asked, *more).stdout) for more in ([], ["--no-near"]))
        assert kinds(near) == {"near", "verbatim"}
        assert kinds(exact) == {"verbatim"}


def kinds(found: dict[str, list[Any]]) -> set[str]:
    """The kinds of matches in a result, or in the answer of a search."""
    return {kind(match) for match in found["matches"]}


def kind(match: dict[str, Any]) -> str:
    """A search tells the kind of each source alone."""
    found = match.get("kind") or match["sources"][0]["kind"]
    assert isinstance(found, str)
    return found


def test_how_near_is_near_enough(run_here: Run, index: Path, edited: Path) -> None:
    """More lexemes may be asked for than a copy has, or more similarity."""
    asked = ["scan", str(edited), "--index", str(index), "--json"]
    assert kinds(json.loads(run_here(*asked, "--min-lexemes", "500").stdout)) == {"verbatim"}
    [near, *_] = json.loads(run_here(*asked).stdout)["matches"]
    [less, *_] = json.loads(run_here(*asked, "--min-similarity", "0.999").stdout)["matches"]
    assert near["generated"]["lines"] == [1, 22]
    assert less["generated"]["lines"][1] < 22
    assert less["sources"][0]["similarity"] > near["sources"][0]["similarity"]


def test_how_many_repositories_make_text_common(run_here: Run, index: Path, edited: Path) -> None:
    """With --common 1 whatever stands in a repository is boilerplate, near or not, and allowed."""
    asked = ["scan", str(edited), "--index", str(index), "--json"]
    usual, common = run_here(*asked), run_here(*asked, "--common", "1")
    assert (usual.code, common.code) == (1, 0)
    for outcome, is_common, action in ((usual, False, "deny"), (common, True, "allow")):
        matches = json.loads(outcome.stdout)["matches"]
        assert {match["kind"] for match in matches} == {"near", "verbatim"}
        assert {match["common"] for match in matches} == {is_common}
        assert {match["policy"]["action"] for match in matches} == {action}
    refused = run_here(*asked, "--common", "0")
    assert refused.code == 2
    assert "common" in refused.stderr
