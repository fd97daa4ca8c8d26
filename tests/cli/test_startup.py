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


def test_scan_imports_no_model_and_no_table_reader(index: Path) -> None:
    """A small scan pays neither for models, nor for compiled kernels, nor for Parquet."""
    loaded = modules_after("scan", __file__, "--index", str(index))
    assert loaded.isdisjoint({"torch", "transformers", "pyarrow", "numba", "elasticsearch"})
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
