"""`sc2-attrib doctor`: what is there, what is missing, and what would fail for it."""

import importlib.metadata
import json
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from sc2_attrib import __version__
from sc2_attrib.cli.failures import PROGRAM, redact
from sc2_attrib.cli.generate_options import ModelName
from sc2_attrib.cli.locations import (
    DEMO,
    cache_folder,
    model_folder,
    open_index_at,
    required_index,
    user_config_file,
)
from sc2_attrib.cli.model_choice import KEY_VARIABLES, server_model
from sc2_attrib.cli.options import AsJson, IndexLocation
from sc2_attrib.cli.session import Session
from sc2_attrib.cli.streams import print_data
from sc2_attrib.cli.wording import counted, listed, sized
from sc2_attrib.generator.architecture import STARCODER2
from sc2_attrib.generator.checkpoint import read_checkpoint
from sc2_attrib.generator.forecast import what_would_fit
from sc2_attrib.generator.load_options import LoadOptions
from sc2_attrib.generator.remote import ServerLocation
from sc2_attrib.index.errors import Sc2AttribError, UnusableError

if TYPE_CHECKING:
    from sc2_attrib.generator.forecast import Forecast

NEED_INDEX: Final = "scan, generate, index search, index stats"
NEED_MODEL: Final = "generate"
NEED_TORCH: Final = "generate, demo"

# A requirement in our metadata: `name>=1; extra == 'generate'`.
_REQUIREMENT = re.compile(r"([\w.-]+)(?:.*extra == '([\w-]+)')?")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `would_fail`: the commands that can't work as it is.

    `is_broken`: the user named it, or nothing works without it.
    """

    subject: str
    state: str
    would_fail: str | None = None
    is_broken: bool = False


def doctor(
    context: typer.Context,
    index: IndexLocation = None,
    model: ModelName = None,
    as_json: AsJson = False,
) -> int:
    """Show what is installed, what is missing and what would fail.

    Exits with 3 if the index or the model that is named can't be used, or a package is missing
    without which nothing works.
    """
    findings = [
        Finding(PROGRAM, __version__),
        Finding("python", f"{platform.python_version()}, {sys.executable}"),
        Finding("system", platform.platform()),
        *_packages(),
        *(_device() if model else ()),
        *_settings(Session.of(context)),
        _index(index),
        _model(model),
        *(_memory(model) if model else ()),
        _demo("index", lambda: _describe_index(DEMO)),
        _demo("model", lambda: _describe_model(DEMO)),
        _folder("cache", cache_folder()),
        _folder("your settings", user_config_file()),
    ]
    print_data(_as_json(findings) if as_json else listed(map(_line, findings)))
    return UnusableError.exit_code if any(each.is_broken for each in findings) else 0


def _packages() -> Iterator[Finding]:
    """Look at what the distribution requires, by itself and to run models."""
    for requirement in importlib.metadata.requires(PROGRAM) or ():
        found = _REQUIREMENT.match(requirement)
        assert found is not None  # the metadata is ours
        name, extra = found.groups()
        if extra in (None, "generate"):
            yield _package(name, is_core=extra is None)


def _package(name: str, *, is_core: bool) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        if is_core:
            advice = f"not installed; pip install {name}"
            return Finding(name, advice, "most commands", is_broken=True)
        return Finding(name, 'not installed; pip install "sc2-attrib[generate]"', NEED_TORCH)


def _device() -> Iterator[Finding]:
    """Say what the model would run on; torch is asked, so it is known to load."""
    try:
        import torch
    except ImportError:
        return
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    yield Finding("device", f"{gpu}, {counted(os.cpu_count() or 1, 'processor')}")


def _settings(session: Session) -> Iterator[Finding]:
    for name, setting in sorted(session.settings.items()):
        yield Finding(f"setting {name}", redact(f"{setting.value!r}, from {setting.origin}"))
    for name, value in sorted(os.environ.items()):
        if name in KEY_VARIABLES:
            yield Finding("variable", f"{name} is set")
        elif name.startswith("SC2_ATTRIB_"):
            yield Finding("variable", redact(f"{name}={value}"))


def _index(location: str | None) -> Finding:
    if location is None:
        return Finding("index", "none named", f"{NEED_INDEX}, unless given --index")
    return _named("index", NEED_INDEX, lambda: _describe_index(required_index(location)))


def _model(name: str | None) -> Finding:
    if name is None:
        return Finding("model", "none named", f"{NEED_MODEL}, unless given --model")
    return _named("model", NEED_MODEL, lambda: _describe_model(name))


def _named(subject: str, commands: str, describe: Callable[[], str]) -> Finding:
    """Look at what the user named: it should be there."""
    try:
        return Finding(subject, describe())
    except Sc2AttribError as error:
        return Finding(subject, redact(str(error)), commands, is_broken=True)


def _demo(subject: str, describe: Callable[[], str]) -> Finding:
    """Look at a part of the demo, which `demo` makes where it is missing."""
    try:
        return Finding(f"demo {subject}", describe())
    except Sc2AttribError as error:
        return Finding(f"demo {subject}", str(error))


def _describe_index(location: str) -> str:
    with open_index_at(location) as searcher:
        about = searcher.describe()
    corpora = ", ".join(each.corpus.name for each in about.corpora)
    return (
        f"{redact(about.location)}: {corpora}; {counted(about.n_documents, 'document')}, "
        f"{sized(about.raw_bytes)}; every match of {about.guarantee_chars} characters"
    )


def _describe_model(name: str) -> str:
    location = ServerLocation.parse(name)
    if location is not None:
        about = server_model(location).describe()
        return f"{about.id} on {about.device}"
    checkpoint = read_checkpoint(model_folder(name))
    license = f", licence {checkpoint.license}" if checkpoint.license else ""
    return f"{checkpoint.folder}: {checkpoint.id}, revision {checkpoint.revision[:12]}{license}"


def _memory(name: str) -> Iterator[Finding]:
    """Say what the model would take of the fastest device, and with which options less.

    A published model is known by its size, whether it is on this machine or not.
    """
    from sc2_attrib.generator.forecast import forecast_model

    is_published = name in STARCODER2
    try:
        folder = None if is_published else model_folder(name)
        expected = forecast_model(folder, name if is_published else None, LoadOptions())
    except Sc2AttribError as error:
        if ServerLocation.parse(name) is None:
            yield Finding("memory", redact(str(error)), NEED_MODEL)
        return
    yield _fit(expected)


def _fit(expected: "Forecast") -> Finding:
    need = expected.need
    state = (
        f"{expected.packing.quantization or expected.packing.dtype} needs {sized(need.total)}:"
        f" weights {sized(need.weights + need.constants)}, and for"
        f" {counted(expected.architecture.context, 'token')} keys and values"
        f" {sized(need.cache)}, activations {sized(need.activations)};"
        f" {expected.device} has {sized(expected.free)} free"
    )
    others = "".join(f"; {option} needs {sized(each.total)}" for option, each in expected.fitting)
    if expected.fits:
        return Finding("memory", state + others)
    return Finding(
        "memory", f"{state}; {what_would_fit(expected)}", f"{NEED_MODEL}, unless given that option"
    )


def _folder(subject: str, path: Path) -> Finding:
    return Finding(subject, str(path) if path.exists() else f"{path}, not there yet")


def _line(finding: Finding) -> tuple[str, str]:
    failing = f"  -> would fail: {finding.would_fail}" if finding.would_fail else ""
    return finding.subject, f"{finding.state}{failing}"


def _as_json(findings: list[Finding]) -> str:
    return json.dumps([asdict(finding) for finding in findings], indent=2) + "\n"
