"""docs/terminal.md, ci.md and audit.md: their commands run, their files are valid."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from sc2_attrib.cli.config import SETTINGS
from tests.cli.conftest import Run, code
from tests.cli.pages import Page, run_all
from tests.cli.test_ci_files import ACTION, GITLAB, HOOKS, commit, documents, git, lint


@pytest.fixture
def project(folder: Path, corpus: Path, index: Path) -> Path:
    """A branch that adds a copy of permissive code to a project, with an index beside it."""
    (folder / "src").mkdir()
    (folder / "src" / "old.py").write_text(code("own"))
    (folder / ".gitignore").write_text("my-index\n")
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder)
    git(folder, "switch", "--quiet", "--create", "change")
    (folder / "src" / "new.py").write_text("x = 1\n" + code("permissive"))
    (folder.parent / "library").symlink_to(corpus)
    return folder


def test_terminal_page(run_here: Run, project: Path, environment: Mapping[str, str]) -> None:
    """What one does in a terminal, from the index to the tags, works in this order."""
    page = Page.named("terminal.md")
    [settings] = page.blocks("toml")
    assert set(tomllib.loads(settings)) <= set(SETTINGS)
    (project / "sc2-attrib.toml").write_text(settings)
    shown = run_all(page, run_here, project, environment)
    assert shown.count("src/new.py:2:1") >= 4
    assert "src/new.py: 1 snippet" in shown
    [sample] = page.blocks("python")
    tags = [line.partition(" <")[0] for line in sample.splitlines() if line.startswith("# SPDX")]
    written = (project / "src" / "new.py").read_text()
    assert [tag for tag in tags if tag not in written] == [
        "# SPDX-SnippetCopyrightText: Copyright (c) 2020 Ada"  # the copy has none
    ]
    assert json.loads((project / "result.json").read_text())["summary"]["complete"]
    assert not (project / "scan.progress").exists()


def test_ci_page(run_here: Run, project: Path, index: Path, environment: Mapping[str, str]) -> None:
    """The commands for CI pass where nothing is denied, and leave their reports."""
    (project / "my-index").symlink_to(index)
    git(project, "add", "src")
    run_all(Page.named("ci.md"), run_here, project, environment)
    left = ("result.json", "junit.xml", "out.sarif", "sc2-attrib-baseline.toml")
    assert [name for name in left if not (project / name).stat().st_size] == []


def test_ci_page_files_are_valid(tmp_path: Path) -> None:
    """The files of the page are valid, and name hooks and inputs that there are."""
    hooks, workflow, gitlab = Page.named("ci.md").blocks("yaml")
    for text, kind in ((workflow, "vendor.github-workflows"), (gitlab, "vendor.gitlab-ci")):
        (tmp_path / "file.yml").write_text(text)
        lint("check-jsonschema", "--builtin-schema", kind, tmp_path / "file.yml")
    (tmp_path / ".pre-commit-config.yaml").write_text(hooks)
    lint("pre-commit", "validate-config", tmp_path / ".pre-commit-config.yaml")
    [repository] = yaml.safe_load(hooks)["repos"]
    used = {each["id"] for each in repository["hooks"]}
    assert used <= {each["id"] for each in documents(HOOKS)[0]}
    steps: list[dict[str, Any]] = yaml.safe_load(workflow)["jobs"]["copies"]["steps"]
    assert set(steps[-1]["with"]) <= set(documents(ACTION)[0]["inputs"])
    [included] = yaml.safe_load(gitlab)["include"]
    assert set(included["inputs"]) <= set(documents(GITLAB)[0]["spec"]["inputs"])


def test_ci_page_names_all_outputs() -> None:
    """The page tells every output of the action."""
    text = Page.named("ci.md").text
    assert [name for name in documents(ACTION)[0]["outputs"] if f"`{name}`" not in text] == []


def test_audit_page(
    run_here: Run, project: Path, index: Path, environment: Mapping[str, str]
) -> None:
    """From the scan to the recheck, each paper is made of the one result."""
    (project / "my-index").symlink_to(index)
    found = run_here("scan", "src", "--index", "my-index", "--json").stdout
    [match] = json.loads(found)["matches"]
    page = Page.named("audit.md")
    shown = run_all(page, run_here, project, environment, MATCH=match["id"])
    assert "No match means no match in this index." in shown
    assert "action  attribute, rule" in shown
    assert "Ada" in (project / "sc2-attrib-reviews.toml").read_text()
    papers = ("report.html", "matches.csv", "NOTICE.txt", "sbom.spdx.json", "sbom.cdx.json")
    assert [name for name in papers if not (project / name).stat().st_size] == []
    assert "# SPDX-SnippetBegin" in (project / "src" / "new.py").read_text()
