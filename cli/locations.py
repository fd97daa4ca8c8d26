"""Where things are: the index a command means, and the folders in the user's home."""

import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sc2_attrib.index.elastic.address import is_server
from sc2_attrib.index.errors import IndexUnusableError, ModelUnavailableError, UsageError

if TYPE_CHECKING:
    from sc2_attrib.index.elastic.layout import Layout
    from sc2_attrib.index.stores import OpenIndex, Store

APPLICATION = "sc2-attrib"

POLICY_FILE = "sc2-attrib-policy.toml"  # found in the working directory
DEMO = "demo"  # a name for the index and the model of `sc2-attrib demo`; a folder is ./demo


def cache_folder() -> Path:
    """Return the folder for what can be made again: the demo's index and model."""
    from platformdirs import user_cache_path

    return user_cache_path(APPLICATION)


def user_config_file() -> Path:
    """Return the path of the user's own configuration file, which need not exist."""
    from platformdirs import user_config_path

    return user_config_path(APPLICATION) / "config.toml"


def anchored_index(location: Any, folder: Path) -> Any:
    """Read a relative index folder from `folder`; anything else stays as it is."""
    if not isinstance(location, str) or location == DEMO or is_server(location):
        return location
    # Joined as text: a Path would turn ./demo, a folder, into the name.
    return location if folder == Path() else os.path.join(folder, location)  # noqa: PTH118


def anchored_policy(location: Any, folder: Path) -> Any:
    """Read a relative policy file from `folder`; the name of a ready policy stays as it is."""
    from sc2_attrib.attribution.policy_file import READY_POLICIES

    if not isinstance(location, str) or location in READY_POLICIES:
        return location
    return str(folder / location)


def required_index(location: str | None) -> str:
    """Return the index location a command was given.

    Raises:
        UsageError: none was given in any of the three places.
    """
    if not location:
        raise UsageError(
            "no index: name one with --index, SC2_ATTRIB_INDEX or 'index' in sc2-attrib.toml"
        )
    return location


def new_index(location: str | None, *, layout: "Layout | None" = None) -> "Store":
    """Return the index that a command is to make.

    Raises:
        UsageError: none was named, or it is the demo's, or the name is no address.
    """
    from sc2_attrib.index.stores import store_at

    location = required_index(location)
    if location == DEMO:
        raise UsageError(
            "'demo' is the index of 'sc2-attrib demo'; a folder of that name is ./demo"
        )
    return store_at(location, layout=layout)


def named_index(location: str | None) -> "Store":
    """Return the index that a command is to use.

    Raises:
        UsageError: none was named, or the name is no address.
        IndexUnusableError: the demo's index has not been made.
    """
    from sc2_attrib.index.stores import store_at

    location = required_index(location)
    if location != DEMO:
        return store_at(location)
    folder = demo_index()
    if not folder.is_dir():
        raise IndexUnusableError(
            "no index of the packages that are installed now; make it with 'sc2-attrib demo'"
        )
    return store_at(folder)


def demo_index() -> Path:
    """Return where the demo's index is, made or not.

    Its name is a hash of what it is made of, the standard library and the installed distributions,
    so that an index of other packages is never taken for it.
    """
    from importlib.metadata import distributions

    installed = sorted({f"{each.name} {each.version}" for each in distributions()})
    made_of = "\n".join([sys.executable, sys.version, *installed])
    digest = hashlib.sha256(made_of.encode(errors="surrogateescape")).hexdigest()
    return demo_cache() / f"index-{digest[:16]}"


def demo_cache() -> Path:
    """Return the folder that holds the demo's index and model."""
    return cache_folder() / DEMO


def model_folder(name: str | None, *, revision: str | None = None) -> Path:
    """Return the folder of the model that a command was given.

    Raises:
        UsageError: none was given, or there is no such folder.
        ModelUnavailableError: it is the demo's, which has not been trained, or on the hub and not
            on this machine.
    """
    from sc2_attrib.generator.location import model_location

    if not name:
        raise UsageError(
            "no model: name one with --model, SC2_ATTRIB_MODEL or 'model' in sc2-attrib.toml"
        )
    folder = model_location(name, demo_cache(), revision=revision)
    if name == DEMO and not folder.is_dir():
        raise ModelUnavailableError(
            "the demo model is not trained; train it with 'sc2-attrib demo'"
        )
    return folder


def open_index_at(location: str) -> "OpenIndex":
    """Open the index that a location names.

    Raises:
        UsageError: the name is no address.
        IndexUnusableError: there is no index, or it can't be opened.
    """
    return named_index(location).open()
