"""The hooks, the action and the GitLab job: valid by their own tools, and their scripts run."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import code

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}|\$\[\[ *([\w.-]+) *\]\]")
HOOKS, ACTION, GITLAB = ".pre-commit-hooks.yaml", "action.yml", "templates/sc2-attrib.yml"


def documents(name: str) -> list[Any]:
    return list(yaml.safe_load_all((ROOT / name).read_text(encoding="utf-8")))


def lint(*command: str | Path) -> None:
    """Run a linter of this environment; what it complains of is the failure."""
    done = subprocess.run(
        [BIN / command[0], *command[1:]], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_hooks_are_valid() -> None:
    """pre-commit takes the list of hooks."""
    lint("pre-commit", "validate-manifest", ROOT / HOOKS)


def test_action_is_valid() -> None:
    """GitHub's schema takes the action, and no script of it holds what a stranger may write."""
    lint("check-jsonschema", "--builtin-schema", "vendor.github-actions", ROOT / ACTION)
    lint("zizmor", "--offline", "--no-progress", ROOT / ACTION)


def test_gitlab_template_is_valid(tmp_path: Path) -> None:
    """GitLab's schema takes the header with the inputs, and the job."""
    header, job = documents(GITLAB)
    for document in (header, job):
        (tmp_path / "a.json").write_text(json.dumps(document))
        lint("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", tmp_path / "a.json")
    used = {found[1] for found in re.finditer(r"\$\[\[ inputs\.([\w-]+)", json.dumps(job))}
    assert used == set(header["spec"]["inputs"])


# What the files do, in a project of their own.


def git(folder: Path, *arguments: str | Path) -> str:
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "change")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def project(folder: Path) -> Path:
    """A working tree that has had a copy of copyleft code for long."""
    (folder / "old.py").write_text(code("copyleft"))
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder)
    return folder


def hook_settings(
    project: Path, clone: Path, environment: Mapping[str, str], index: Path, language: str
) -> Mapping[str, str]:
    """Configure the hooks of a clone in a project; return the environment of pre-commit."""
    names = [each["id"] for each in documents(HOOKS)[0]]
    hooks = [{"id": name, "language": language} for name in names]
    repository = {"repo": str(clone), "rev": git(clone, "rev-parse", "HEAD"), "hooks": hooks}
    (project / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [repository]}))
    git(project, "add", ".pre-commit-config.yaml")
    return {
        **environment,
        "PATH": f"{BIN}{os.pathsep}{environment['PATH']}",
        "PRE_COMMIT_HOME": str(project.parent / "pre-commit"),
        "SC2_ATTRIB_INDEX": str(index),
    }


def run_hook(project: Path, settings: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [BIN / "pre-commit", "run", *arguments],
        cwd=project,
        env=settings,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def assert_hooks_work(project: Path, settings: Mapping[str, str]) -> None:
    """One stops a copy that is about to be committed and lets old ones be; the other sees all."""
    (project / "own.py").write_text(code("own"))
    git(project, "add", "own.py")
    status, shown = run_hook(project, settings, "sc2-attrib")
    assert (status, "Passed" in shown) == (0, True), shown
    (project / "new.py").write_text("x = 1\n" + code("copyleft"))
    git(project, "add", "new.py")
    status, shown = run_hook(project, settings, "sc2-attrib")
    assert (status, "exit code: 1" in shown) == (1, True), shown
    assert "new.py:2:1" in shown
    assert "old.py" not in shown
    status, shown = run_hook(project, settings, "sc2-attrib-files", "--all-files")
    assert (status, "new.py:2:1" in shown, "old.py:1:1" in shown) == (1, True, True), shown


def test_hooks_run(
    project: Path, index: Path, environment: Mapping[str, str], tmp_path: Path
) -> None:
    """The hooks do their work under pre-commit, with the program that is installed here."""
    clone = tmp_path / "hooks"
    clone.mkdir()
    shutil.copy(ROOT / HOOKS, clone)
    git(clone, "init", "--quiet")
    commit(clone)
    assert_hooks_work(project, hook_settings(project, clone, environment, index, "system"))


@pytest.mark.slow
def test_hooks_are_installed_by_pre_commit(
    project: Path, index: Path, environment: Mapping[str, str], tmp_path: Path
) -> None:
    """From a clone, pre-commit makes an environment that has no torch, and the hooks work in it."""
    clone = tmp_path / "clone"
    git(ROOT, "clone", "--quiet", "--no-local", ROOT, clone)
    settings = hook_settings(project, clone, environment, index, "python")
    assert_hooks_work(project, settings)
    [python] = (tmp_path / "pre-commit").glob("repo*/py_env-*/bin/python")
    assert subprocess.run([python, "-c", "import sc2_attrib.cli.main"], check=False).returncode == 0
    assert subprocess.run(
        [python, "-c", "import torch"], check=False, capture_output=True
    ).returncode


def interpolated(text: str, values: Mapping[str, str]) -> str:
    """Put in values as GitHub and GitLab do, for the plain names that our files use."""
    return EXPRESSION.sub(lambda found: values[found[1] or found[2]], text)


class Action:
    """Runs the scripts of the action's steps as GitHub does, in a project."""

    def __init__(self, project: Path, environment: Mapping[str, str], **inputs: str) -> None:
        self.action = documents(ACTION)[0]
        self.project, self.environment = project, environment
        temporary = project.parent / "runner"
        temporary.mkdir()
        (temporary / "sc2-attrib").symlink_to(BIN.parent)
        defaults = {name: each["default"] for name, each in self.action["inputs"].items()}
        named = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert named.keys() <= defaults.keys()
        self.values = {f"inputs.{name}": value for name, value in (defaults | named).items()}
        self.values["runner.temp"] = str(temporary)
        self.summary = temporary / "summary.md"

    def run(self, name: str) -> int:
        """Run the step of this name, and take its outputs."""
        [step] = [each for each in self.action["runs"]["steps"] if each["name"] == name]
        given = {key: interpolated(value, self.values) for key, value in step["env"].items()}
        output = self.project.parent / "output"
        output.write_text("")
        files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(self.summary)}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.project,
            env={**self.environment, **given, **files},
            check=False,
        )
        for line in output.read_text().splitlines():
            key, _, value = line.partition("=")
            self.values[f"steps.{step['id']}.outputs.{key}"] = value
        return done.returncode

    def output(self, name: str) -> str:
        """Give an output of the whole action; empty if no step has set it."""
        value = self.action["outputs"][name]["value"]
        return EXPRESSION.sub(lambda found: self.values.get(found[1], ""), value)


def test_action_checks_a_change(
    project: Path, corpus: Path, environment: Mapping[str, str]
) -> None:
    """The action builds an index, checks what a branch adds, writes all reports, and fails."""
    action = Action(project, environment, sources=f"\n{corpus}\n", diff="HEAD~1", index="a/idx")
    (project / ".gitignore").write_text("a/\nsc2-attrib-reports/\n")
    (project / "new.py").write_text("x = 1\n" + code("copyleft"))
    commit(project)
    assert action.run("Build the index") == 0
    assert action.values["steps.build.outputs.built"] == "true"
    assert action.run("Scan") == 0
    said = {name: action.output(name) for name in action.action["outputs"]}
    assert {name: said.pop(name) for name in ("exit-code", "verdict", "complete", "matches")} == {
        "exit-code": "1",
        "verdict": "violation",
        "complete": "true",
        "matches": "1",
    }
    assert [(project / path).stat().st_size > 0 for path in said.values()] == [True] * 3
    assert json.loads((project / said["sarif"]).read_text())["version"] == "2.1.0"
    assert "GPL-3.0-only" in action.summary.read_text()
    assert action.run("Conclude") == 1


def test_action_takes_paths_and_options(
    project: Path, index: Path, environment: Mapping[str, str]
) -> None:
    """Paths with blanks are checked, options are passed on, and an index that is there stays."""
    (project / "a b.py").write_text(code("permissive"))
    action = Action(
        project, environment, index=str(index), paths="a b.py\n", sources="gone",
        policy="permissive-only", min_chars="120", step_summary="false",
    )  # fmt: skip
    assert [action.run(name) for name in ("Build the index", "Scan", "Conclude")] == [0, 0, 0]
    result = json.loads((project / action.output("result")).read_text())
    assert [each["path"] for each in result["inputs"]] == ["a b.py"]
    assert result["run"]["policy"]["name"] == "permissive-only"
    assert result["run"]["options"]["min_chars"] == 120
    assert not action.summary.exists()


def test_action_without_a_result(project: Path, environment: Mapping[str, str]) -> None:
    """Where the scan fails, the job does so too, and no output reads as clean."""
    action = Action(project, environment, index="gone")
    assert action.run("Scan") == 0
    assert action.output("exit-code") == "3"
    assert [action.output(name) for name in ("verdict", "complete", "sarif")] == ["", "", ""]
    assert action.run("Conclude") == 3


def test_gitlab_job_runs(
    project: Path, corpus: Path, index: Path, environment: Mapping[str, str]
) -> None:
    """The script of the job builds an index, finds the copy, and leaves what it promises."""
    header, template = documents(GITLAB)
    inputs = {name: each["default"] for name, each in header["spec"]["inputs"].items()}
    inputs |= {"sources": str(corpus), "paths": "old.py", "options": "--policy copyleft-ok -v"}
    values = {f"inputs.{name}": value for name, value in inputs.items()}
    [job] = json.loads(interpolated(json.dumps(template), values)).values()
    path = f"{BIN}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        ["sh", "-e", "-c", "\n".join(job["script"])],
        cwd=project,
        env={**environment, **job["variables"], "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "old.py:1:1" in done.stdout) == (0, True), done.stderr
    assert (project / inputs["index"]).is_dir()
    left = [*job["artifacts"]["paths"], *job["artifacts"]["reports"].values()]
    assert [name for name in left if not (project / name).stat().st_size] == []
