"""What is built and installed: all of the program, without torch, and nothing else."""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import code

ROOT = Path(__file__).parents[1]
FOLDERS = ("index", "generator", "attribution", "cli")

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a command as a user who has no settings of this program."""
    kept = {name: value for name, value in os.environ.items() if "SC2_ATTRIB" not in name}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=kept | {"XDG_CONFIG_HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def sources() -> set[str]:
    """The Python files of the four folders, as a wheel names them."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    return {
        f"sc2_attrib/{name}"
        for name in listed.splitlines()
        if name.partition("/")[0] in FOLDERS and name.endswith(".py") and (ROOT / name).is_file()
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, and the wheel that is made from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment in which the wheel is installed, as pip does by itself."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True)
    [wheel] = built.glob("*.whl")
    run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", wheel)
    return folder / "bin"


def test_wheel_holds_the_program(built: Path) -> None:
    """All modules are in the wheel, under one name each, with the ready policies; no tests."""
    [wheel] = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert len(names) == len(set(names))
    assert sources() - set(names) == set()
    assert {name for name in names if name.startswith("sc2_attrib/attribution/policies/")}
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == {"sc2_attrib"}
    assert "sc2_attrib/py.typed" in names


def test_source_distribution_builds_alone(built: Path) -> None:
    """The source distribution holds what the wheel is built from, and the licence."""
    [archive] = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {f"{folder}/__init__.py" for folder in FOLDERS} <= names
    assert {"pyproject.toml", "LICENSE", "README.md"} <= names


def test_core_needs_no_torch(installed: Path, tmp_path: Path) -> None:
    """Installed without extras, it indexes, scans, reports in each format, and annotates."""
    for module in ("torch", "transformers"):
        probe = f"import importlib.util as u; assert u.find_spec({module!r}) is None"
        run(installed / "python", "-c", probe)
    (tmp_path / "library").mkdir()
    header = "# SPDX-License-Identifier: MIT\n"
    (tmp_path / "library" / "a.py").write_text(header + code("permissive"))
    (tmp_path / "b.py").write_text("x = 1\n" + code("permissive"))
    program = installed / "sc2-attrib"
    run(program, "index", "build", "library", "--index", "idx", cwd=tmp_path)
    shown = run(program, "scan", "b.py", "--index", "idx", "-f", "terminal", "-f", "json=r.json",
                cwd=tmp_path)  # fmt: skip
    assert "library  a.py:2-22" in shown
    listed = "from sc2_attrib.attribution.report import FORMATS; print(*FORMATS)"
    formats = run(installed / "python", "-c", listed).split()
    assert len(formats) >= 15
    for name in formats:
        assert "a.py" in run(program, "report", "r.json", "-f", name, cwd=tmp_path), name
    assert run(program, "annotate", "b.py", "--index", "idx", cwd=tmp_path) == "b.py: 1 snippet\n"
    assert "would fail: generate" in run(program, "doctor", "--index", "idx", cwd=tmp_path)
