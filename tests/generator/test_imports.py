"""What importing the generator costs, and what happens without its extra."""

import subprocess
import sys

import pytest

MISSING = """
import sys
sys.modules[{package!r}] = None  # as if it were not installed
from pathlib import Path
from sc2_attrib.generator import load_model, train_demo
from sc2_attrib.generator.demo import TrainingText
from sc2_attrib.index.errors import ModelUnavailableError
for call in (
    lambda: load_model(Path(sys.argv[1])),
    lambda: train_demo([TrainingText("a", "b")], Path(sys.argv[1]) / "new"),
):
    try:
        call()
    except ModelUnavailableError as err:
        print(err)
"""


def run_python(code: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize(
    "module", ["generator", "generator.prompt", "generator.sampling", "generator.demo"]
)
def test_importing_loads_neither_torch_nor_transformers(module: str) -> None:
    """Only a function that runs a model pays for them."""
    code = f"import sys, sc2_attrib.{module}; print(*sys.modules)"
    loaded = set(run_python(code).split())
    assert f"sc2_attrib.{module}" in loaded
    assert not loaded & {"torch", "transformers", "tokenizers", "safetensors"}


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_missing_packages_are_named_with_the_command_that_installs_them(
    package: str, model_folder: object
) -> None:
    """One line for loading and one for training."""
    lines = run_python(MISSING.format(package=package), str(model_folder)).splitlines()
    assert len(lines) == 2
    for line in lines:
        assert package in line
        assert line.endswith('pip install "sc2-attrib[generate]"')
