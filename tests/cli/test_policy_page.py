"""docs/policy.md: its files are valid, its commands run."""

import json
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from sc2_attrib.attribution.policy_file import READY_POLICIES
from sc2_attrib.attribution.policy_table import CONDITION_KEYS, Place, parse_policy
from sc2_attrib.attribution.policy_warnings import warnings
from sc2_attrib.attribution.review import read_reviews
from tests.cli.conftest import Run, code
from tests.cli.pages import Page, run_all

PAGE = Page.named("policy.md")


def test_files_are_valid(tmp_path: Path) -> None:
    """The policy on the page is valid and all of it has effect; the reviews are read."""
    policy, reviews = PAGE.blocks("toml")
    assert warnings(parse_policy(tomllib.loads(policy), Place("page", policy))) == []
    path = tmp_path / "reviews.toml"
    path.write_text(reviews)
    assert len(read_reviews(path, date(2026, 12, 1)).choices) == 1


def test_every_condition_and_policy_is_described() -> None:
    """The page names each key that a rule may have, and each ready policy."""
    assert [key for key in (*CONDITION_KEYS, *READY_POLICIES) if f"`{key}`" not in PAGE.text] == []


def test_commands_run(
    run_here: Run, folder: Path, index: Path, environment: Mapping[str, str]
) -> None:
    """Every command of the page does what it says, one after the other, in a project."""
    (folder / "src").mkdir()
    (folder / "src" / "a.py").write_text(code("permissive"))
    (folder / "my-index").symlink_to(index)
    result = json.loads(run_here("scan", "src", "--index", "my-index", "--json").stdout)
    match = result["matches"][0]["id"][:12]
    shown = run_all(PAGE, run_here, folder, environment, MATCH=match)
    for expected in (
        "sc2-attrib-policy.toml: valid: default",
        "action  attribute, rule 'permissive'",
        "record 1, ",
        "1 suppressed (1 by baseline)",
        "1 suppressed (1 by review)",
    ):
        assert expected in shown
    assert json.loads((folder / "policy.schema.json").read_text())["type"] == "object"
