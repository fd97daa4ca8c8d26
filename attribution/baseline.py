"""A baseline: the matches that were there before, which stay quiet while new ones fail.

The file is TOML with a line a match, sorted by path and fingerprint, so that two branches that add
to it merge like any list. A match is known by its fingerprint, which survives line shifts; the rest
of its line is for people, and tells which file an entry belongs to.

    schema = "sc2-attrib/baseline/1"
    tool_version = "0.1.0"

    [matches]
    3f09… = { path = "src/a.py", action = "deny", licenses = ["GPL-3.0-only"] }
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sc2_attrib.attribution.result import InputKind, InputStatus, MatchRecord, Result
from sc2_attrib.attribution.suppression import licenses_of
from sc2_attrib.attribution.toml_text import toml_value
from sc2_attrib.index.errors import UsageError

SCHEMA = "sc2-attrib/baseline/1"
BASELINE_KIND = "baseline"


@dataclass(frozen=True, slots=True)
class KnownMatch:
    """One match of a baseline, and what was thought of it then."""

    fingerprint: str
    path: str
    action: str
    licenses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Baseline:
    """Known matches by fingerprint; `name` is what results call the file."""

    name: str
    matches: Mapping[str, KnownMatch]

    def settle(self, match: MatchRecord) -> MatchRecord:
        """Suppress a match that is known."""
        if match.fingerprint not in self.matches:
            return match
        reason = "the match was there when the baseline was written"
        return replace(
            match, suppression={"kind": BASELINE_KIND, "reason": reason, "file": self.name}
        )

    def stale(self, result: Result) -> list[KnownMatch]:
        """List what a run should have found again and did not: its file was checked whole."""
        found = {match.fingerprint for match in result.matches}
        checked = _checked_whole(result)
        return [
            known
            for known in self.matches.values()
            if known.path in checked and known.fingerprint not in found
        ]

    def updated(self, result: Result, exists: Callable[[str], bool]) -> "Baseline":
        """Take in what a run found, and drop what is stale or belongs to no file any more.

        Args:
            result: what was found. Matches that don't count for another reason are left out.
            exists: tells whether there is still a file at a path that the run didn't check.
        """
        checked = _checked_whole(result)
        kept = (
            known
            for known in self.matches.values()
            if known.path not in checked and exists(known.path)
        )
        return Baseline(self.name, _by_fingerprint([*kept, *_counting(result)]))

    def render(self, tool_version: str) -> str:
        """Write the file."""
        entries = sorted(self.matches.values(), key=lambda each: (each.path, each.fingerprint))
        head = [
            f"schema = {toml_value(SCHEMA)}",
            f"tool_version = {toml_value(tool_version)}",
            "",
            "[matches]",
        ]
        return "\n".join([*head, *map(_line, entries)]) + "\n"


def read_baseline(path: Path) -> Baseline:
    """Read a baseline file.

    Raises:
        UsageError: it can't be read, or is no baseline; says where.
    """
    import tomllib

    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(
            f"{path}: no such baseline; 'sc2-attrib scan --baseline {path} --update-baseline'"
            " writes it"
        ) from error
    except OSError as error:
        raise UsageError(f"{path}: can't read the baseline: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from error
    if document.get("schema") != SCHEMA:
        raise UsageError(
            f"{path}: schema is {document.get('schema')!r}, but this version reads {SCHEMA!r}"
        )
    matches = document.get("matches", {})
    if not isinstance(matches, dict):
        raise UsageError(f"{path}: matches: found {matches!r}; write a table")
    entries = (_known(path, fingerprint, entry) for fingerprint, entry in matches.items())
    return Baseline(path.name, _by_fingerprint(entries))


def _known(path: Path, fingerprint: str, entry: Any) -> KnownMatch:
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
        raise UsageError(f"{path}: matches.{fingerprint}: found {entry!r}; a match needs a path")
    licenses = entry.get("licenses", [])
    return KnownMatch(
        fingerprint,
        entry["path"],
        str(entry.get("action", "")),
        tuple(map(str, licenses)) if isinstance(licenses, list) else (),
    )


def _counting(result: Result) -> Iterable[KnownMatch]:
    """List the matches of a result that count, or would but for the baseline."""
    paths = {record.id: record.path for record in result.inputs}
    for match in result.matches:
        kind = match.suppression["kind"] if match.suppression else None
        if not match.in_prompt and kind in (None, BASELINE_KIND):
            yield KnownMatch(
                match.fingerprint,
                paths[match.input],
                match.policy.action,
                licenses_of(match),
            )


def _checked_whole(result: Result) -> set[str]:
    """List the paths of which every match is known; of a diff only those of the changed lines."""
    return {
        record.path
        for record in result.inputs
        if record.status is InputStatus.CHECKED and record.kind is not InputKind.DIFF
    }


def _by_fingerprint(entries: Iterable[KnownMatch]) -> dict[str, KnownMatch]:
    return {entry.fingerprint: entry for entry in entries}


def _line(entry: KnownMatch) -> str:
    said = {"path": entry.path, "action": entry.action, "licenses": entry.licenses}
    return f"{toml_value(entry.fingerprint)} = {toml_value(said)}"
