"""What the folder of a model says about itself before any weights are read.

A folder is what transformers' `save_pretrained` writes: config.json, weights, a tokenizer. Beside
them may stand `sc2_attrib.json` with what transformers doesn't record:

    {"id": "demo", "fim_order": "suffix-prefix-middle", "license": "Apache-2.0"}

Each may be absent. The id is then the folder's name, the order StarCoder2's, and the licence what
the model card says. A folder in the cache of the Hugging Face hub tells its name by its place.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sc2_attrib.generator.architecture import OPENRAIL, STARCODER2
from sc2_attrib.generator.prompt import FimOrder
from sc2_attrib.index.errors import ModelUnavailableError

TRAITS_FILE = "sc2_attrib.json"

_WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
_SNAPSHOT = re.compile(
    r"/models--(?P<owner>(?:(?!--)[^/])+)--(?P<name>[^/]+)/snapshots/(?P<revision>[^/]+)$"
)
_CARD_LICENSE = re.compile(r"\A---\n(?:(?!---).*\n)*?license:[ ]*['\"]?([\w.-]+)")
_CARD_CHARS = 4096  # front matter comes first
_SAMPLE_BYTES = 1 << 20  # read at each end of a weights file; whole ones have up to 60 GB


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder with the shape of a model; whether it loads is transformers' to say.

    `revision` is the hub's where the folder lies in its cache; else a hash of the configuration
    and of each weights file's name, size and two ends.
    """

    folder: Path
    id: str
    revision: str
    fim_order: FimOrder
    license: str | None


@dataclass(frozen=True, slots=True)
class _Traits:
    """What sc2_attrib.json says."""

    id: str | None
    fim_order: FimOrder
    license: str | None


def read_checkpoint(folder: Path) -> Checkpoint:
    """Look at a model's folder.

    Raises:
        ModelUnavailableError: it is not a folder, or lacks or garbles one of the files.
    """
    if not folder.is_dir():
        raise ModelUnavailableError(f"{folder}: no such folder; give the folder of a model")
    config = folder / "config.json"
    if not config.is_file():
        raise ModelUnavailableError(f"{folder}: no config.json, so {_what_else(folder)}")
    if "model_type" not in _read_object(config):
        raise ModelUnavailableError(f"{config}: no 'model_type'; restore the file")
    weights = sorted(path for pattern in _WEIGHTS for path in folder.glob(pattern))
    if not weights:
        raise ModelUnavailableError(
            f"{folder}: no weights ({' or '.join(_WEIGHTS)}); download the model again"
        )
    traits = _read_traits(folder)
    hub_name, hub_revision = _place_on_hub(folder)
    model_id = traits.id or hub_name or folder.resolve().name
    return Checkpoint(
        folder=folder,
        id=model_id,
        revision=hub_revision or hash_files([config], weights),
        fim_order=traits.fim_order,
        license=traits.license or _card_license(folder) or known_license(model_id),
    )


def hash_files(whole: Iterable[Path], large: Iterable[Path]) -> str:
    """Hash files, of the large ones the name, the size and the two ends."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in whole))
    for path in large:
        size = path.stat().st_size
        digest.update(f"\0{path.name}\0{size}\0".encode())
        with path.open("rb") as file:
            digest.update(file.read(_SAMPLE_BYTES))
            file.seek(max(size - _SAMPLE_BYTES, 0))
            digest.update(file.read())
    return digest.hexdigest()


def write_traits(folder: Path, *, model_id: str, fim_order: FimOrder) -> None:
    """Record beside a model what `read_checkpoint` can't see."""
    traits = {"id": model_id, "fim_order": fim_order.value}
    (folder / TRAITS_FILE).write_text(json.dumps(traits, indent=2) + "\n", encoding="utf-8")


def _what_else(folder: Path) -> str:
    if (folder / "adapter_config.json").is_file():
        return "this is an adapter; give the model it was trained on, and this as --adapter"
    return "this is no model; give a folder that transformers saved"


def _place_on_hub(folder: Path) -> tuple[str | None, str | None]:
    """Read name and revision off a folder of the hub's cache: models--OWNER--NAME/snapshots/REV."""
    found = _SNAPSHOT.search(folder.absolute().as_posix())
    return (f"{found['owner']}/{found['name']}", found["revision"]) if found else (None, None)


def _card_license(folder: Path) -> str | None:
    """Return what the model card says in its front matter."""
    try:
        card = (folder / "README.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = _CARD_LICENSE.search(card[:_CARD_CHARS])
    return OPENRAIL if found and found[1] == "bigcode-openrail-m" else found and found[1]


def known_license(model_id: str) -> str | None:
    """Return the licence of a published StarCoder2, by its name on the hub."""
    is_starcoder2 = model_id in {each.hub_name for each in STARCODER2.values()}
    return OPENRAIL if is_starcoder2 else None


def _read_traits(folder: Path) -> _Traits:
    path = folder / TRAITS_FILE
    traits = _read_object(path) if path.exists() else {}
    order = traits.get("fim_order", FimOrder.PREFIX_SUFFIX_MIDDLE.value)
    unknown = traits.keys() - {"id", "fim_order", "license"}
    if unknown:
        raise ModelUnavailableError(
            f"{path}: unknown key {min(unknown)!r}; the keys are 'id', 'fim_order' and 'license'"
        )
    if not isinstance(order, str) or order not in list(FimOrder):
        raise ModelUnavailableError(
            f"{path}: 'fim_order' is {order!r}; it must be {' or '.join(FimOrder)}"
        )
    return _Traits(_name(traits, "id", path), FimOrder(order), _name(traits, "license", path))


def _name(traits: dict[str, object], key: str, path: Path) -> str | None:
    value = traits.get(key)
    if key in traits and (not isinstance(value, str) or not value):
        raise ModelUnavailableError(f"{path}: {key!r} is {value!r}; it must be a name")
    return value if isinstance(value, str) else None


def _read_object(path: Path) -> dict[str, object]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise ModelUnavailableError(f"{path}: can't be read as JSON: {err}; restore it") from err
    if not isinstance(value, dict):
        raise ModelUnavailableError(f"{path}: no JSON object; restore the file")
    return value
