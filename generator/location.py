"""From what a user calls a model to the folder that holds it."""

from pathlib import Path

from sc2_attrib.generator.demo.cache import demo_folder
from sc2_attrib.generator.demo.training import DEMO_ID
from sc2_attrib.index.errors import ModelUnavailableError, UsageError

_HUB_NAMES = {size: f"bigcode/starcoder2-{size}" for size in ("3b", "7b", "15b")}
_WHAT_WORKS = "give 'demo' or the folder of a model on this machine"


def model_location(name: str, cache_dir: Path) -> Path:
    """Find the folder of a model.

    `demo` is the demo model in `cache_dir`, whether or not it has been trained yet; everything
    else is a path, so `./demo` is a folder called demo.

    Raises:
        UsageError: there is no such folder.
        ModelUnavailableError: `name` is the short name of a model on the hub.
    """
    if name == DEMO_ID:
        return demo_folder(cache_dir)
    if name in _HUB_NAMES:
        raise ModelUnavailableError(
            f"model {name} ({_HUB_NAMES[name]}) is not fetched from the hub; {_WHAT_WORKS}"
        )
    folder = Path(name)
    if not name or not folder.is_dir():
        found = "a file, not a folder" if folder.is_file() else "no such folder"
        raise UsageError(f"model {name!r}: {found}; {_WHAT_WORKS}")
    return folder
