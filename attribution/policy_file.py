"""Policies by where they are: a file of one's own, or one of those that come with the program.

A policy file is TOML. Its table may stand alone (`sc2-attrib-policy.toml`), in `pyproject.toml`
under [tool.sc2-attrib.policy], or in `sc2-attrib.toml` under [policy]. The ready policies are such
files too, in policies/.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sc2_attrib.attribution.policy import BUILT_IN, DEFAULT_POLICY, Policy
from sc2_attrib.index.errors import UsageError

READY_POLICIES = ("default", "permissive-only", "copyleft-ok", "audit-only")
LARGEST_FILE = 1 << 20  # bytes; a policy is a page or two


@dataclass(frozen=True, slots=True)
class PolicyText:
    """The text of a policy, and where it is from."""

    origin: str
    text: str


def read_policy(location: str | None) -> Policy:
    """Read the policy at a path, or the ready one of a name; None for the default.

    Raises:
        UsageError: there is none, or it is not valid; says where.
    """
    if location is None:
        return DEFAULT_POLICY
    from sc2_attrib.attribution.policy_table import Place, parse_policy

    source = policy_text(location)
    table = policy_table(_parsed(source), source.origin)
    policy = parse_policy(table, Place(source.origin, source.text))
    is_ready = source.origin == BUILT_IN
    return policy if is_ready else _anchored(policy, Path(location).parent)


def policy_text(location: str) -> PolicyText:
    """Read the text of a policy; what is no name of a ready one is a path.

    Raises:
        UsageError: it can't be read.
    """
    if location in READY_POLICIES:
        from importlib.resources import files

        packaged = files("sc2_attrib.attribution") / "policies" / f"{location}.toml"
        return PolicyText(BUILT_IN, packaged.read_text(encoding="utf-8"))
    return PolicyText(location, _read(Path(location)))


def policy_table(document: Mapping[str, Any], origin: str) -> Mapping[str, Any]:
    """Find the table of the policy in a file that may hold other things too.

    Raises:
        UsageError: the file is of a kind that holds others, and holds no policy.
    """
    if "tool" in document:
        tool = document["tool"]
        table = tool.get("sc2-attrib", {}) if isinstance(tool, Mapping) else {}
        table = table.get("policy") if isinstance(table, Mapping) else None
        if not isinstance(table, Mapping):
            raise UsageError(f"{origin}: no table [tool.sc2-attrib.policy]")
        return table
    table = document.get("policy")
    return table if isinstance(table, Mapping) else document


def _parsed(source: PolicyText) -> Mapping[str, Any]:
    import tomllib

    try:
        return tomllib.loads(source.text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{source.origin}: not valid TOML: {error}") from error


def _read(path: Path) -> str:
    ready = ", ".join(READY_POLICIES)
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
        if len(raw) > LARGEST_FILE:
            raise UsageError(f"{path}: larger than {LARGEST_FILE:,} bytes; this is no policy file")
        return raw.decode()
    except FileNotFoundError as error:
        raise UsageError(f"{path}: no such policy file; ready policies are {ready}") from error
    except OSError as error:
        raise UsageError(f"{path}: can't read the policy: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: byte {error.start} is no UTF-8; re-encode the file") from error


def _anchored(policy: Policy, folder: Path) -> Policy:
    """Read a relative index folder from the folder of the file that names it."""
    index = policy.own.index
    if index is None or index == "demo" or "://" in index or folder == Path():
        return policy
    # Joined as text: a Path would turn ./demo, a folder, into the name.
    anchored = os.path.join(folder, index)  # noqa: PTH118
    return replace(policy, own=replace(policy.own, index=anchored))
