"""docs/policy.md: its files are valid, its commands run."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from sc2_attrib.attribution.policy_file import READY_POLICIES
from sc2_attrib.attribution.policy_table import CONDITION_KEYS, Place, parse_policy
from sc2_attrib.attribution.policy_warnings import warnings
from sc2_attrib.attribution.review import read_reviews
from tests.cli.conftest import Run, code

PAGE = (Path(__file__).parents[2] / "docs" / "policy.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_files_are_valid(tmp_path: Path) -> None:
    """The policy on the page is valid and all of it has effect; the reviews are read."""
    policy, reviews = blocks("toml")
    assert warnings(parse_policy(tomllib.loads(policy), Place("page", policy))) == []
    path = tmp_path / "reviews.toml"
    path.write_text(reviews)
    assert len(read_reviews(path, date(2026, 12, 1)).choices) == 1


def test_every_condition_and_policy_is_described() -> None:
    """The page names each key that a rule may have, and each ready policy."""
    assert [key for key in (*CONDITION_KEYS, *READY_POLICIES) if f"`{key}`" not in PAGE] == []


def commands() -> Iterator[tuple[list[str], str]]:
    """Each command of the page as arguments, and the file that its output goes to."""
    lines = "".join(blocks("sh")).replace("\\\n", " ").splitlines()
    for command, _, target in (line.partition(" > ") for line in lines):
        program, *arguments = shlex.split(command)
        assert program == "sc2-attrib"
        yield arguments, target


def test_commands_run(run_here: Run, folder: Path, index: Path) -> None:
    """Every command of the page does what it says, one after the other, in a project."""
    (folder / "src").mkdir()
    (folder / "src" / "a.py").write_text(code("permissive"))
    (folder / "my-index").symlink_to(index)
    result = json.loads(run_here("scan", "src", "--index", "my-index", "--json").stdout)
    shown, n_run = "", 0
    for arguments, target in commands():
        named = [each.replace("$MATCH", result["matches"][0]["id"][:12]) for each in arguments]
        outcome = run_here(*named)
        assert (outcome.code, "error:" in outcome.stderr) == (0, False), (named, outcome)
        if target:
            (folder / target).write_text(outcome.stdout)
        shown, n_run = shown + outcome.stdout, n_run + 1
    assert n_run >= 18
    for expected in (
        "sc2-attrib-policy.toml: valid: default",
        "action  attribute, rule 'permissive'",
        "record 1, ",
        "1 suppressed (1 by baseline)",
        "1 suppressed (1 by review)",
    ):
        assert expected in shown
    assert json.loads((folder / "policy.schema.json").read_text())["type"] == "object"
