"""What the folder of a model says about itself before any weights are read.

A folder is what transformers' `save_pretrained` writes: config.json, weights, a tokenizer. Beside
them may stand `sc2_attrib.json` with what transformers doesn't record:

    {"id": "demo", "fim_order": "suffix-prefix-middle"}

Both keys may be absent: the id is then the folder's name, and the order StarCoder2's.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sc2_attrib.generator.prompt import FimOrder
from sc2_attrib.index.errors import ModelUnavailableError

TRAITS_FILE = "sc2_attrib.json"

_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
_SAMPLE_BYTES = 1 << 20  # read at each end of a weights file; whole ones have up to 60 GB


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder with the shape of a model; whether it loads is transformers' to say.

    `revision` is a hash of the configuration and of each weights file's name, size and two ends.
    """

    folder: Path
    id: str
    revision: str
    fim_order: FimOrder


def read_checkpoint(folder: Path) -> Checkpoint:
    """Look at a model's folder.

    Raises:
        ModelUnavailableError: it is not a folder, or lacks or garbles one of the files.
    """
    if not folder.is_dir():
        raise ModelUnavailableError(f"{folder}: no such folder; give the folder of a model")
    config = folder / "config.json"
    if not config.is_file():
        raise ModelUnavailableError(
            f"{folder}: no config.json, so this is no model; give a folder that transformers saved"
        )
    if "model_type" not in _read_object(config):
        raise ModelUnavailableError(f"{config}: no 'model_type'; restore the file")
    weights = sorted(path for pattern in _WEIGHTS for path in folder.glob(pattern))
    if not weights:
        raise ModelUnavailableError(
            f"{folder}: no weights ({' or '.join(_WEIGHTS)}); download the model again"
        )
    model_id, fim_order = _read_traits(folder)
    return Checkpoint(folder, model_id, _hash_files(config, weights), fim_order)


def write_traits(folder: Path, *, model_id: str, fim_order: FimOrder) -> None:
    """Record beside a model what `read_checkpoint` can't see."""
    traits = {"id": model_id, "fim_order": fim_order.value}
    (folder / TRAITS_FILE).write_text(json.dumps(traits, indent=2) + "\n", encoding="utf-8")


def _read_traits(folder: Path) -> tuple[str, FimOrder]:
    path = folder / TRAITS_FILE
    traits = _read_object(path) if path.exists() else {}
    model_id = traits.pop("id", folder.resolve().name)
    order = traits.pop("fim_order", FimOrder.PREFIX_SUFFIX_MIDDLE.value)
    if traits:
        raise ModelUnavailableError(
            f"{path}: unknown key {min(traits)!r}; the keys are 'id' and 'fim_order'"
        )
    if not isinstance(model_id, str) or not model_id:
        raise ModelUnavailableError(f"{path}: 'id' is {model_id!r}; it must be a name")
    if not isinstance(order, str) or order not in list(FimOrder):
        raise ModelUnavailableError(
            f"{path}: 'fim_order' is {order!r}; it must be {' or '.join(FimOrder)}"
        )
    return model_id, FimOrder(order)


def _read_object(path: Path) -> dict[str, object]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise ModelUnavailableError(f"{path}: can't be read as JSON: {err}; restore it") from err
    if not isinstance(value, dict):
        raise ModelUnavailableError(f"{path}: no JSON object; restore the file")
    return value


def _hash_files(config: Path, weights: Iterable[Path]) -> str:
    digest = hashlib.sha256(config.read_bytes())
    for path in weights:
        size = path.stat().st_size
        digest.update(f"\0{path.name}\0{size}\0".encode())
        with path.open("rb") as file:
            digest.update(file.read(_SAMPLE_BYTES))
            file.seek(max(size - _SAMPLE_BYTES, 0))
            digest.update(file.read())
    return digest.hexdigest()
