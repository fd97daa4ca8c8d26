"""What starting the program costs and loads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

# Packages that take long to import; `--help` and parsing must do without them.
HEAVY = (
    "accelerate",
    "datasketch",
    "elasticsearch",
    "license_expression",
    "numba",
    "numpy",
    "pathspec",
    "pyarrow",
    "pydantic",
    "rich",
    "torch",
    "transformers",
    "zstandard",
)

MODULES_AFTER = """
import json, sys
sys.argv = ["sc2-attrib", *{arguments!r}]
from sc2_attrib.cli.main import app
try:
    app()
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def modules_after(*arguments: str) -> set[str]:
    """Run a command in a fresh interpreter and list what it imported."""
    done = subprocess.run(
        [sys.executable, "-c", MODULES_AFTER.format(arguments=arguments)],
        capture_output=True,
        check=True,
        text=True,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)])
def test_help_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    """Help and version come without numerical, model or rendering packages, or any command."""
    loaded = modules_after(*arguments)
    assert loaded.isdisjoint(HEAVY)
    assert "sc2_attrib.cli.scan" not in loaded


# What a scan of one file, with the policy and the options that are the default, must do without.
UNUSED_BY_SCAN = (
    "configparser",
    "elasticsearch",
    "multiprocessing",
    "numba",
    "pathspec",
    "pyarrow",
    "pydantic",
    "sc2_attrib.attribution.ledger",
    "sc2_attrib.cli.changes",
    "torch",
    "transformers",
)


def test_scan_imports_only_what_it_uses(index: Path, tmp_path: Path) -> None:
    """A small scan pays neither for models, kernels and Parquet, nor for options it is without."""
    file = tmp_path / "novel.py"
    file.write_text("print('nothing that was seen before')")
    loaded = modules_after("scan", str(file), "--index", str(index))
    assert loaded.isdisjoint(UNUSED_BY_SCAN)
    assert "sc2_attrib.cli.scan" in loaded


def test_entry_point_imports_nothing() -> None:
    """Everything but `sys` is imported under the handler of main.app, so Ctrl-C there is quiet."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; before = set(sys.modules); import sc2_attrib.cli.main;"
            " print(*sorted(set(sys.modules) - before))",
        ],
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout.split() == ["sc2_attrib", "sc2_attrib.cli", "sc2_attrib.cli.main"]
