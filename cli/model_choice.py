"""From the options about a model to one that completes: in this process, or on a server.

The licence of a model's weights is shown the first time that it is used, and every result keeps it.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sc2_attrib.cli.locations import cache_folder, model_folder
from sc2_attrib.cli.progress import waiting
from sc2_attrib.cli.session import Session
from sc2_attrib.generator.architecture import OPENRAIL, OPENRAIL_URL
from sc2_attrib.generator.load_options import LoadOptions
from sc2_attrib.generator.prompt import FimOrder
from sc2_attrib.index.errors import UsageError

if TYPE_CHECKING:
    from sc2_attrib.generator.completion import Model
    from sc2_attrib.generator.remote import ServerLocation

KEY_VARIABLES = ("SC2_ATTRIB_API_KEY", "OPENAI_API_KEY")


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which model, and how to run it."""

    name: str | None
    revision: str | None
    options: LoadOptions
    timeout_s: float


def open_model(
    session: Session, choice: ModelChoice, *, n_tokens: int | None = None, batch: int = 1
) -> "Model":
    """Load the model, or make ready to ask the server; say its licence once.

    Args:
        session: the run.
        choice: which model.
        n_tokens: of the longest prompt with its completion, at most.
        batch: completions at once.
    """
    from sc2_attrib.generator.remote import ServerLocation

    location = ServerLocation.parse(choice.name or "")
    if location is not None:
        _refuse_local_options(choice, location)
        model: Model = server_model(
            location, fim_order=choice.options.fim_order, timeout_s=choice.timeout_s
        )
    else:
        from sc2_attrib.generator.loading import load_model

        folder = model_folder(choice.name, revision=choice.revision)
        with waiting(session, "loading the model"):
            model = load_model(folder, choice.options, n_tokens=n_tokens, batch=batch)
    _say_license(session, model)
    return model


def server_model(
    location: "ServerLocation", *, fim_order: FimOrder | None = None, timeout_s: float = 10.0
) -> "Model":
    """Make ready to ask a server, with the key from the environment."""
    from sc2_attrib.generator.remote import RemoteModel

    key = next((key for name in KEY_VARIABLES if (key := os.environ.get(name))), None)
    return RemoteModel(location, api_key=key, fim_order=fim_order, timeout_s=timeout_s)


def _refuse_local_options(choice: ModelChoice, location: "ServerLocation") -> None:
    if choice.options != LoadOptions(fim_order=choice.options.fim_order) or choice.revision:
        raise UsageError(
            f"model {location.url} runs on a server, which decides about number format, device,"
            " revision and adapter; leave these options out"
        )


def _say_license(session: Session, model: "Model") -> None:
    about = model.describe()
    if about.license != OPENRAIL or session.quiet:
        return
    told = cache_folder() / "licences-shown" / about.id.replace("/", "--")
    if not told.exists():
        session.says(
            f"{about.id} is under the {OPENRAIL} licence, which restricts some uses:"
            f" {OPENRAIL_URL} (said once)"
        )
        _remember(told)


def _remember(told: Path) -> None:
    """Note that a licence was shown; where that can't be written, it is shown again."""
    try:
        told.parent.mkdir(parents=True, exist_ok=True)
        told.touch()
    except OSError:
        return
