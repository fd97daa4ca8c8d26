"""From what a user calls a model to the folder that holds it.

Nothing is fetched. A model on the Hugging Face hub is used from the hub's own cache on this
machine; where it isn't there, the error says which command gets it, how large it is, and under
which licence.
"""

import re
from pathlib import Path

from sc2_attrib.generator.architecture import OPENRAIL, OPENRAIL_URL, STARCODER2
from sc2_attrib.generator.demo.cache import demo_folder
from sc2_attrib.generator.demo.training import DEMO_ID
from sc2_attrib.index.errors import ModelUnavailableError, UsageError

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_WHAT_WORKS = "give 'demo', 3b, 7b, 15b, the folder of a model, or its name on the hub"
_PARAMETERS = {"3b": 3.0, "7b": 7.2, "15b": 16.0}  # 1e9 weights; 2 bytes each, or 4 in float32


def model_location(name: str, cache_dir: Path, *, revision: str | None = None) -> Path:
    """Find the folder of a model.

    `demo` is the demo model in `cache_dir`, whether or not it has been trained yet. A folder goes
    before a name on the hub, and `./demo` or `./3b` is a folder called so.

    Args:
        name: what the user calls it.
        cache_dir: where the demo model is kept.
        revision: branch, tag or commit of a model on the hub.

    Raises:
        UsageError: there is no such folder, or a revision is given for one.
        ModelUnavailableError: `name` is a model on the hub that this machine hasn't got.
    """
    if name in STARCODER2:
        return _cached(STARCODER2[name].hub_name, revision, size=name)
    folder = Path(name)
    is_on_hub = name != DEMO_ID and not folder.exists() and _HUB_NAME.fullmatch(name) is not None
    if is_on_hub:
        sizes = {each.hub_name: size for size, each in STARCODER2.items()}
        return _cached(name, revision, size=sizes.get(name))
    if revision is not None:
        raise UsageError(
            f"model {name!r} is a folder, which has no revisions; leave --revision out"
        )
    if name == DEMO_ID:
        return demo_folder(cache_dir)
    if not name or not folder.is_dir():
        found = "a file, not a folder" if folder.is_file() else "no such folder"
        raise UsageError(f"model {name!r}: {found}; {_WHAT_WORKS}")
    return folder


def _cached(hub_name: str, revision: str | None, *, size: str | None) -> Path:
    """Return the folder of a model in the hub's cache."""
    try:
        from huggingface_hub import constants, snapshot_download
        from huggingface_hub.errors import HFValidationError
    except ImportError as err:
        raise ModelUnavailableError(
            'running a model needs more packages; pip install "sc2-attrib[generate]"'
        ) from err
    try:
        return Path(snapshot_download(hub_name, revision=revision, local_files_only=True))
    except HFValidationError as err:
        raise UsageError(f"model {hub_name!r}: no name on the hub; {_WHAT_WORKS}") from err
    except OSError as err:
        message = _how_to_get(hub_name, revision, size, constants.HF_HUB_CACHE)
        raise ModelUnavailableError(message) from err


def _how_to_get(hub_name: str, revision: str | None, size: str | None, place: str) -> str:
    at = f" --revision {revision}" if revision else ""
    message = f"model {hub_name}{at} is not in {place}; get it with 'hf download {hub_name}{at}'"
    if size is None:
        return f"{message} if it is a model on the hub, or {_WHAT_WORKS}"
    n_bytes = _PARAMETERS[size] * 2
    return (
        f"{message}: {n_bytes:.0f} GB, or {2 * n_bytes:.0f} where stored in float32, under the"
        f" {OPENRAIL} licence, {OPENRAIL_URL}"
    )
