"""An old record against today's index: what would be found now, and what has changed.

A record's texts are checked again, as they were then: kept in the ledger, or read from a file that
has not changed since. Matches are compared by their fingerprints without the number that tells
equal ones apart, so one change is one line. What is not found any more was taken down, if the
index's log of removals names each of its sources; else the index has other documents today.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sc2_attrib.attribution.check import CheckInput, UncheckedInput
from sc2_attrib.attribution.ids import sha256
from sc2_attrib.attribution.match import Generated
from sc2_attrib.attribution.result import InputKind, InputStatus, MatchRecord, Result
from sc2_attrib.attribution.suppression import licenses_of

NO_TEXT = "the ledger keeps no text of it, and no file holds the same content today"


class ChangeKind(StrEnum):
    """What may have changed about a match."""

    NEW = "new match"
    TAKEN_DOWN = "taken down"
    GONE = "not found any more"
    LICENSES = "other licences"
    ACTION = "other action"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different today; `before` and `after` are what it was and is."""

    kind: ChangeKind
    path: str
    fingerprint: str
    before: str
    after: str


IsRemoved = Callable[[str, str], bool]


def inputs_again(
    record: Mapping[str, Any], read: Callable[[str], bytes | None]
) -> Iterator[CheckInput | UncheckedInput]:
    """List the inputs of a record that were checked, to be checked again.

    Args:
        record: a record of a ledger.
        read: gives the content of the file at a path, None where there is none.
    """
    for entry in record["inputs"]:
        if entry["status"] != InputStatus.CHECKED:
            continue
        raw, kind = _raw(entry, read), InputKind(entry["kind"])
        if raw is None:
            yield UncheckedInput(kind, entry["path"], InputStatus.ERROR, NO_TEXT)
        else:
            yield CheckInput(
                kind,
                entry["path"],
                raw,
                language=entry.get("language"),
                generated=_generated(entry.get("completion"), raw),
            )


def changes(record: Mapping[str, Any], today: Result, is_removed: IsRemoved) -> list[Change]:
    """Compare what a record says was found with what is found in the same texts today.

    Args:
        record: a record of a ledger.
        today: the result of checking `inputs_again`; inputs that could not be are left out.
        is_removed: tells whether the index's log of removals names a document in a repository.
    """
    checked = {each.path for each in today.inputs if each.status is InputStatus.CHECKED}
    paths = {entry["id"]: entry["path"] for entry in record["inputs"]}
    then = {_key(paths[match["input"]], match["fingerprint"]): match for match in record["matches"]}
    then = {key: match for key, match in then.items() if key[0] in checked}
    paths_today = {each.id: each.path for each in today.inputs}
    now = {_key(paths_today[match.input], match.fingerprint): match for match in today.matches}
    found = [
        *(_gone(key, match, is_removed) for key, match in then.items() if key not in now),
        *(_new(key, match) for key, match in now.items() if key not in then),
        *(each for key in then.keys() & now.keys() for each in _changed(key, then[key], now[key])),
    ]
    return sorted(found, key=lambda change: (change.path, change.fingerprint, change.kind))


def _raw(entry: Mapping[str, Any], read: Callable[[str], bytes | None]) -> bytes | None:
    """Find the bytes that were checked: kept text, or a file of the same content."""
    kept = entry.get("text")
    if isinstance(kept, str) and sha256(kept.encode()) == entry["sha256"]:
        return kept.encode()
    raw = read(entry["path"]) if entry["kind"] == InputKind.FILE else None
    return raw if raw is not None and sha256(raw) == entry["sha256"] else None


def _generated(completion: Mapping[str, Any] | None, raw: bytes) -> Generated | None:
    """Tell the written part again; what stood around it is taken for what the model was sent."""
    if completion is None:
        return None
    start, stop = completion["bytes"]
    sent = tuple(filter(None, (raw[:start], raw[stop:])))
    return Generated(start, stop, sent=sent, stopped=completion.get("stopped"))


def _key(path: str, fingerprint: str) -> tuple[str, str]:
    return path, fingerprint.partition(":")[0]


def _gone(key: tuple[str, str], match: Mapping[str, Any], is_removed: IsRemoved) -> Change:
    sources = match["sources"]
    was_removed = sources and all(is_removed(each["document"], each["repo"]) for each in sources)
    kind = ChangeKind.TAKEN_DOWN if was_removed else ChangeKind.GONE
    return Change(kind, *key, before=_said(match["action"], _licenses_then(match)), after="")


def _new(key: tuple[str, str], match: MatchRecord) -> Change:
    return Change(
        ChangeKind.NEW, *key, before="", after=_said(match.policy.action, licenses_of(match))
    )


def _changed(key: tuple[str, str], then: Mapping[str, Any], now: MatchRecord) -> Iterator[Change]:
    before, after = _licenses_then(then), licenses_of(now)
    if before != after:
        yield Change(ChangeKind.LICENSES, *key, ", ".join(before), ", ".join(after))
    if then["action"] != now.policy.action:
        yield Change(ChangeKind.ACTION, *key, then["action"], now.policy.action)


def _licenses_then(match: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(sorted({source["license"] for source in match["sources"]}))


def _said(action: str, licenses: Iterable[str]) -> str:
    return f"{action}: {', '.join(licenses)}"
