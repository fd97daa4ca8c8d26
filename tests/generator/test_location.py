"""What a user may call a model."""

from pathlib import Path

import pytest

from sc2_attrib.generator import model_location
from sc2_attrib.generator.demo import demo_folder
from sc2_attrib.index.errors import ModelUnavailableError, UsageError


def test_demo_is_the_cached_demo_model(tmp_path: Path) -> None:
    """`demo` names a folder in the cache, whether it is there or not."""
    assert model_location("demo", tmp_path) == demo_folder(tmp_path)
    assert not list(tmp_path.iterdir())


def test_dot_demo_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`./demo` is a folder called demo, and `demo` is not."""
    monkeypatch.chdir(tmp_path)
    Path("demo").mkdir()
    assert model_location("./demo", tmp_path / "cache") == Path("demo")
    assert model_location("demo", tmp_path / "cache") != Path("demo")


@pytest.mark.parametrize("name", ["3b", "7b", "15b"])
def test_short_names_say_what_works_now(name: str, tmp_path: Path) -> None:
    """The full name is given, and what to give instead."""
    with pytest.raises(ModelUnavailableError, match=f"bigcode/starcoder2-{name}.* give 'demo' or"):
        model_location(name, tmp_path)


@pytest.mark.parametrize("name", ["bigcode/starcoder2-3b", "no/such/folder", ""])
def test_a_path_that_does_not_exist_is_wrong_usage(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it was meant as a path or as a name on the hub."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="no such folder; give 'demo' or the folder"):
        model_location(name, tmp_path)


def test_a_file_is_wrong_usage(tmp_path: Path) -> None:
    """The weights file itself is not the model."""
    path = tmp_path / "model.safetensors"
    path.touch()
    with pytest.raises(UsageError, match="a file, not a folder"):
        model_location(str(path), tmp_path)
