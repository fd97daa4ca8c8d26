"""Settings: options that also come from the environment and from configuration files.

A setting is an option that keeps its meaning from run to run. The parser looks for its value on the
command line, then in `SC2_ATTRIB_<NAME>`, then in what `read_settings` found. That reads, the later
winning key by key: the user's own file, [tool.sc2-attrib] in ./pyproject.toml, ./sc2-attrib.toml;
with `--config FILE` only that file. A policy may also lie in ./sc2-attrib-policy.toml, which comes
before all but ./sc2-attrib.toml and --config, or stand in a configuration file as a table. An
unknown key is an error: a misspelt `fail-on` that is silently ignored would let through what it
should stop.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sc2_attrib.cli.locations import (
    POLICY_FILE,
    anchored_index,
    anchored_policy,
    user_config_file,
)
from sc2_attrib.index.elastic.address import PARAMETERS
from sc2_attrib.index.errors import UsageError

SETTINGS: Final = frozenset(
    {
        "baseline",
        "common",
        "device",
        "device-map",
        "do-sample",
        "dtype",
        "fail-on",
        "include-text",
        "index",
        "jobs",
        "ledger",
        "max-file-size",
        "max-new-tokens",
        "max-sources",
        "min-chars",
        "min-lexemes",
        "min-similarity",
        "model",
        "no-color",
        "no-near",
        "num-beams",
        "on-match",
        "policy",
        "progress",
        "quantize",
        "reviews",
        "revision",
        "seed",
        "temperature",
        "timeout",
        "top-k",
        "top-p",
    }
)

# Of an index in Elasticsearch; these have no options, for secrets don't belong on a command line.
SERVER_SETTINGS: Final = frozenset(f"elasticsearch-{name}" for name in PARAMETERS)

_PATHS: Final = frozenset({"baseline", "elasticsearch-ca-file", "ledger", "reviews"})
_POLICY: Final = "policy"
_PROJECT_FILE = Path("sc2-attrib.toml")
_PYPROJECT_FILE = Path("pyproject.toml")


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and the file it was read from."""

    value: Any
    origin: Path


def environment_name(setting: str) -> str:
    """Name the environment variable of a setting: `SC2_ATTRIB_MIN_CHARS` for `min-chars`."""
    return "SC2_ATTRIB_" + setting.replace("-", "_").upper()


def parameter_name(setting: str) -> str:
    """Name the parameter of a command function that a setting fills."""
    return setting.replace("-", "_")


def read_settings(explicit: Path | None) -> dict[str, Setting]:
    """Read the configuration files that apply here, by parameter name.

    Args:
        explicit: the file named by --config, which then is the only one.

    Raises:
        UsageError: a file can't be read, is no TOML, or holds an unknown key.
    """
    if explicit is not None:
        return _policy_beside() | _settings_of(explicit, _read_toml(explicit))
    found: dict[str, Setting] = {}
    for path, table in _discovered():
        found |= _settings_of(path, table)
    return found


def _discovered() -> Iterable[tuple[Path, Mapping[str, Any]]]:
    """Yield the tables of the files that exist, weakest first."""
    user_file = user_config_file()
    if user_file.is_file():
        yield user_file, _read_toml(user_file)
    if _PYPROJECT_FILE.is_file():
        tool = _read_toml(_PYPROJECT_FILE).get("tool", {})
        yield _PYPROJECT_FILE, tool.get("sc2-attrib", {})
    yield from ((each.origin, {key: each.value}) for key, each in _policy_beside().items())
    if _PROJECT_FILE.is_file():
        yield _PROJECT_FILE, _read_toml(_PROJECT_FILE)


def _read_toml(path: Path) -> Mapping[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: can't read the configuration: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from error


def _settings_of(path: Path, table: Mapping[str, Any]) -> dict[str, Setting]:
    for key in table:
        if key not in SETTINGS | SERVER_SETTINGS:
            raise UsageError(f"{path}: unknown key '{key}'; {_suggestion(key)}")
    return {
        parameter_name(key): Setting(_anchored(key, value, path), path)
        for key, value in table.items()
    }


def _anchored(key: str, value: Any, path: Path) -> Any:
    """Read a relative path from the folder of the file that names it.

    A table in the place of a policy's name is the policy itself, so the file is its location.
    """
    if key == _POLICY:
        return str(path) if isinstance(value, Mapping) else anchored_policy(value, path.parent)
    if key in _PATHS and isinstance(value, str):
        return str(path.parent / value)
    return anchored_index(value, path.parent) if key == "index" else value


def _policy_beside() -> dict[str, Setting]:
    """Find the policy file that lies in the working directory."""
    path = Path(POLICY_FILE)
    return {_POLICY: Setting(POLICY_FILE, path)} if path.is_file() else {}


def _suggestion(key: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(key, SETTINGS | SERVER_SETTINGS, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"the keys are {', '.join(sorted(SETTINGS))}"
