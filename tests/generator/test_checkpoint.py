"""Model folders: what they say about themselves, and how broken ones are reported."""

import json
import shutil
from pathlib import Path

import pytest

from sc2_attrib.generator import Dtype, FimOrder, LoadOptions, load_model, train_demo
from sc2_attrib.generator.checkpoint import TRAITS_FILE, read_checkpoint
from sc2_attrib.generator.demo import Recipe, TrainingText
from sc2_attrib.index.errors import ModelUnavailableError, UsageError


@pytest.fixture
def folder(model_folder: Path, tmp_path: Path) -> Path:
    """A copy of the trained model to damage."""
    return Path(shutil.copytree(model_folder, tmp_path / "copy"))


def edit_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(ModelUnavailableError, match="nowhere: no such folder"):
        load_model(tmp_path / "nowhere")


def test_a_file_is_no_model(tmp_path: Path) -> None:
    """A path to a file is refused like a missing folder."""
    path = tmp_path / "model.safetensors"
    path.touch()
    with pytest.raises(ModelUnavailableError, match="no such folder"):
        load_model(path)


def test_an_empty_folder_is_no_model(tmp_path: Path) -> None:
    """Without config.json a folder is not taken for a model."""
    with pytest.raises(ModelUnavailableError, match=r"no config\.json, so this is no model"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (b"{", "can't be read as JSON"),
        (b"\xff\xfe", "can't be read as JSON"),
        (b"[]", "no JSON object"),
        (b"{}", "no 'model_type'"),
        (b'{"model_type": "not-a-model"}', "the model can't be loaded"),
        (b'{"model_type": "t5"}', "the model can't be loaded"),  # no causal model
    ],
)
def test_a_garbled_configuration_is_reported(folder: Path, config: bytes, message: str) -> None:
    """Each way to be wrong is one line that names the folder."""
    (folder / "config.json").write_bytes(config)
    with pytest.raises(ModelUnavailableError, match=message) as caught:
        load_model(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_weights_are_reported(folder: Path) -> None:
    """A folder with everything but weights says so."""
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelUnavailableError, match=r"no weights \(\*\.safetensors"):
        load_model(folder)


@pytest.mark.parametrize("n_bytes", [0, 4, 1000, 100_000])
def test_truncated_weights_are_reported(folder: Path, n_bytes: int) -> None:
    """An interrupted download is one line, wherever it broke off."""
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(ModelUnavailableError, match="the model can't be loaded") as caught:
        load_model(folder)
    assert "\n" not in str(caught.value)


def test_weights_that_lack_a_layer_are_reported(folder: Path) -> None:
    """Weights that are not in the file are never made up."""
    edit_config(folder, num_hidden_layers=3, layer_types=None)
    with pytest.raises(
        ModelUnavailableError, match=r"weights are missing, such as model\.layers\.2"
    ):
        load_model(folder)


def test_weights_of_another_shape_are_reported(folder: Path) -> None:
    """A configuration that doesn't belong to the weights is refused."""
    edit_config(folder, intermediate_size=100)
    with pytest.raises(ModelUnavailableError, match="the model can't be loaded"):
        load_model(folder)


def test_a_garbled_tokenizer_is_reported(folder: Path) -> None:
    """What the tokenizer's library says comes out as one line."""
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(ModelUnavailableError, match="the model can't be loaded"):
        load_model(folder)


def test_a_missing_tokenizer_is_reported(folder: Path) -> None:
    """Weights alone can't read a prompt."""
    for path in folder.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(ModelUnavailableError, match="no tokenizer; download the model again"):
        load_model(folder)


def test_a_tokenizer_of_another_model_is_reported(folder: Path, tmp_path: Path) -> None:
    """Tokens that the weights don't know are found before a prompt holds one."""
    text = "".join(f"word{chr(97 + i % 26) * (i // 26 + 1)}\n" for i in range(900))
    train_demo((TrainingText("a", text),), tmp_path / "other", recipe=Recipe(n_steps=1, batch=1))
    shutil.copy(tmp_path / "other" / "tokenizer.json", folder)
    with pytest.raises(ModelUnavailableError, match=r"the tokenizer has token \d+, but the weigh"):
        load_model(folder)


def test_an_unusable_device_is_reported(folder: Path) -> None:
    """A device that this machine hasn't got is wrong usage; what it has is said."""
    with pytest.raises(UsageError, match="--device toaster: no such device; this machine has cpu"):
        load_model(folder, LoadOptions(device="toaster"))


@pytest.mark.parametrize(
    ("traits", "message"),
    [
        ("{", "can't be read as JSON"),
        ('{"fim_order": "middle-out"}', "'fim_order' is 'middle-out'; it must be prefix-suffix-"),
        ('{"fim_order": 1}', "'fim_order' is 1"),
        ('{"id": ""}', "'id' is ''"),
        ('{"license": 3}', "'license' is 3"),
        ('{"order": "x"}', "unknown key 'order'"),
    ],
)
def test_garbled_traits_are_reported(folder: Path, traits: str, message: str) -> None:
    """A file that is meant to change the layout is never half understood."""
    (folder / TRAITS_FILE).write_text(traits)
    with pytest.raises(ModelUnavailableError, match=message):
        read_checkpoint(folder)


def test_a_model_without_traits_is_taken_for_starcoder2(folder: Path) -> None:
    """Its id is the folder's name and its holes have StarCoder2's order."""
    (folder / TRAITS_FILE).unlink()
    checkpoint = read_checkpoint(folder)
    assert (checkpoint.id, checkpoint.fim_order) == ("copy", FimOrder.PREFIX_SUFFIX_MIDDLE)


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ("---\ntags:\n- code\nlicense: bigcode-openrail-m\n---\n", "BigCode OpenRAIL-M"),
        ("---\nlicense: 'apache-2.0'\n---\n", "apache-2.0"),
        ("---\ntags: a\n---\nlicense: mit\n", None),
        ("license: mit\n", None),
    ],
)
def test_the_licence_is_that_of_the_model_card(
    folder: Path, card: str, expected: str | None
) -> None:
    """Its front matter counts, its text doesn't."""
    (folder / "README.md").write_text(card)
    assert read_checkpoint(folder).license == expected


def test_an_adapter_is_told_from_a_model(tmp_path: Path) -> None:
    """The line says how to give it."""
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelUnavailableError, match="this is an adapter; give the model"):
        read_checkpoint(tmp_path)


def test_the_revision_follows_weights_and_configuration(folder: Path) -> None:
    """A copy has the same revision; another weight or setting has another."""
    original = read_checkpoint(folder).revision
    weights = folder / "model.safetensors"
    raw = weights.read_bytes()
    weights.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    assert read_checkpoint(folder).revision != original
    weights.write_bytes(raw)
    assert read_checkpoint(folder).revision == original
    edit_config(folder, norm_epsilon=0.5)
    assert read_checkpoint(folder).revision != original


def test_the_number_format_can_be_chosen(folder: Path) -> None:
    """The stored format is the default; another is converted to."""
    assert load_model(folder).describe().dtype == "float32"
    assert load_model(folder, LoadOptions(Dtype.BFLOAT16)).describe().dtype == "bfloat16"
