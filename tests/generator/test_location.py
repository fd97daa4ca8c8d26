"""What a user may call a model."""

from pathlib import Path

import pytest

from sc2_attrib.generator import model_location
from sc2_attrib.generator.checkpoint import read_checkpoint
from sc2_attrib.generator.demo import demo_folder
from sc2_attrib.index.errors import ModelUnavailableError, UsageError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


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


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache, holding one revision of starcoder2-3b, as `hf download` lays it out."""
    cache = tmp_path / "hub"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    model = cache / "models--bigcode--starcoder2-3b"
    (model / "snapshots" / COMMIT).mkdir(parents=True)
    (model / "snapshots" / COMMIT / "config.json").write_text('{"model_type": "starcoder2"}')
    (model / "snapshots" / COMMIT / "model.safetensors").touch()
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(COMMIT)
    return cache


@pytest.mark.parametrize("name", ["3b", "bigcode/starcoder2-3b"])
@pytest.mark.parametrize("revision", [None, "main", COMMIT])
def test_a_model_in_the_hub_cache_is_found_by_its_names(
    name: str, revision: str | None, hub_cache: Path, tmp_path: Path
) -> None:
    """Without a network; id, revision and licence are the hub's."""
    folder = model_location(name, tmp_path, revision=revision)
    assert folder == hub_cache / "models--bigcode--starcoder2-3b" / "snapshots" / COMMIT
    checkpoint = read_checkpoint(folder)
    assert (checkpoint.id, checkpoint.revision) == ("bigcode/starcoder2-3b", COMMIT)
    assert checkpoint.license == "BigCode OpenRAIL-M"


@pytest.mark.parametrize(
    ("name", "size"), [("7b", "14 GB"), ("15b", "32 GB"), ("bigcode/starcoder2-7b", "14 GB")]
)
@pytest.mark.usefixtures("hub_cache")
def test_weights_that_are_not_there_are_asked_for(name: str, size: str, tmp_path: Path) -> None:
    """One line says the command, the size and the licence."""
    full = "bigcode/starcoder2-" + name.rpartition("-")[2]
    with pytest.raises(ModelUnavailableError) as caught:
        model_location(name, tmp_path, revision="v1")
    message = str(caught.value)
    assert f"get it with 'hf download {full} --revision v1': {size}, " in message
    assert "under the BigCode OpenRAIL-M licence, https://huggingface.co/" in message
    assert "\n" not in message


@pytest.mark.usefixtures("hub_cache")
def test_any_name_on_the_hub_is_looked_up(tmp_path: Path) -> None:
    """What isn't cached may be a mistyped folder as well, so both are said."""
    with pytest.raises(ModelUnavailableError, match=r"some/model is not in .* if it is a model on"):
        model_location("some/model", tmp_path)


@pytest.mark.parametrize("name", ["no/such/folder", ""])
def test_a_path_that_does_not_exist_is_wrong_usage(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can be no name on the hub is a folder."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="no such folder; give 'demo', 3b, 7b, 15b, the folder"):
        model_location(name, tmp_path)


def test_a_folder_has_no_revisions(tmp_path: Path) -> None:
    """--revision with a folder would be ignored, so it is refused."""
    with pytest.raises(UsageError, match="is a folder, which has no revisions"):
        model_location(str(tmp_path), tmp_path, revision="main")


def test_a_file_is_wrong_usage(tmp_path: Path) -> None:
    """The weights file itself is not the model."""
    path = tmp_path / "model.safetensors"
    path.touch()
    with pytest.raises(UsageError, match="a file, not a folder"):
        model_location(str(path), tmp_path)
