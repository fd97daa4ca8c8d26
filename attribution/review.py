"""Reviewed choices: somebody looked at a match, and decided what to do about it.

A choice overrules the policy for one fingerprint: the match takes its action, with rule `review`.
Allowed and attributed matches are suppressed as well, so they fail no run; a denied one counts
whatever the policy says. A choice stands until its day of expiry has passed, and for the licences
that the reviewer saw: where a source under another one turns up, the match counts again.

    schema = "sc2-attrib/reviews/1"

    [[reviews]]
    fingerprint = "3f09…"
    path = "src/a.py"
    licenses = ["GPL-3.0-only"]
    action = "allow"
    reason = "written by us, see LEGAL-12"
    author = "Ada"
    decided = 2026-11-25
    expires = 2027-01-01
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sc2_attrib.attribution.result import Action, MatchRecord, PolicyDecision
from sc2_attrib.attribution.suppression import licenses_of
from sc2_attrib.attribution.toml_text import toml_value
from sc2_attrib.index.errors import UsageError

SCHEMA = "sc2-attrib/reviews/1"
REVIEWS_FILE = "sc2-attrib-reviews.toml"
REVIEW_KIND = "review"
CHOICES = (Action.ALLOW, Action.ATTRIBUTE, Action.DENY)
KEYS = ("fingerprint", "path", "licenses", "action", "reason", "author", "decided", "expires")


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody decided about a match. It holds through the day `expires`, None: for good.

    `licenses`: the expressions of the sources that the reviewer saw; empty where none were seen.
    """

    fingerprint: str
    action: Action
    reason: str
    author: str
    decided: date
    expires: date | None = None
    path: str | None = None
    licenses: tuple[str, ...] = ()

    def has_expired(self, today: date) -> bool:
        """Tell whether its last day has passed."""
        return self.expires is not None and self.expires < today

    def speaks_of(self, match: MatchRecord) -> bool:
        """Tell whether it is about this match, and no licence has come up since."""
        has_seen_all = not self.licenses or set(licenses_of(match)) <= set(self.licenses)
        return match.fingerprint == self.fingerprint and has_seen_all


@dataclass(frozen=True, slots=True)
class Reviews:
    """Choices by fingerprint, as of a day."""

    choices: Mapping[str, Choice]
    today: date

    def settle(self, match: MatchRecord) -> MatchRecord:
        """Let a choice that is still valid overrule the policy."""
        choice = self.choices.get(match.fingerprint)
        if choice is None or choice.has_expired(self.today) or not choice.speaks_of(match):
            return match
        if choice.action is Action.DENY:
            reason = f"{choice.reason} (reviewed by {choice.author})"
            return replace(match, policy=PolicyDecision(Action.DENY, REVIEW_KIND, reason))
        return replace(
            match,
            policy=PolicyDecision(choice.action, REVIEW_KIND, choice.reason),
            suppression=_suppression(choice, match.policy),
        )

    def expired(self) -> list[Choice]:
        """List the choices that count no longer."""
        return [choice for choice in self.choices.values() if choice.has_expired(self.today)]

    def having(self, choice: Choice) -> "Reviews":
        """Add a choice, in the place of an earlier one about the same match."""
        return Reviews({**self.choices, choice.fingerprint: choice}, self.today)

    def without(self, choices: Iterable[Choice]) -> "Reviews":
        """Drop some choices."""
        dropped = {choice.fingerprint for choice in choices}
        kept = {key: each for key, each in self.choices.items() if key not in dropped}
        return Reviews(kept, self.today)

    def render(self) -> str:
        """Write the file, sorted by path and fingerprint."""
        ordered = sorted(
            self.choices.values(), key=lambda each: (each.path or "", each.fingerprint)
        )
        return "\n".join([f"schema = {toml_value(SCHEMA)}", *map(_table, ordered)]) + "\n"


def read_reviews(path: Path, today: date) -> Reviews:
    """Read reviewed choices; a file that isn't there holds none.

    Raises:
        UsageError: it can't be read, or is not valid; says where.
    """
    try:
        text = path.read_text(encoding="utf-8")
        import tomllib  # most projects have no such file

        document = tomllib.loads(text)
    except FileNotFoundError:
        return Reviews({}, today)
    except OSError as error:
        raise UsageError(f"{path}: can't read the reviews: {error.strerror}") from error
    except ValueError as error:  # not UTF-8, or no TOML
        raise UsageError(f"{path}: not valid TOML: {error}") from error
    if document.get("schema") != SCHEMA:
        raise UsageError(
            f"{path}: schema is {document.get('schema')!r}, but this version reads {SCHEMA!r}"
        )
    listed = document.get("reviews", [])
    if not isinstance(listed, list):
        raise UsageError(f"{path}: reviews: found {listed!r}; write each under [[reviews]]")
    choices = (_choice(f"{path}: reviews[{n}]", entry) for n, entry in enumerate(listed, 1))
    return Reviews({choice.fingerprint: choice for choice in choices}, today)


def _choice(where: str, entry: Any) -> Choice:
    if not isinstance(entry, dict):
        raise UsageError(f"{where}: found {entry!r}; write a table")
    for key in entry:
        if key not in KEYS:
            raise UsageError(f"{where}: unknown key '{key}'; there are {', '.join(KEYS)}")
    action = _text(where, entry, "action")
    if action not in CHOICES:
        raise UsageError(f"{where}.action: '{action}' is none of {', '.join(CHOICES)}")
    licenses = entry.get("licenses", [])
    if not isinstance(licenses, list):
        raise UsageError(f"{where}.licenses: found {licenses!r}; write a list of expressions")
    return Choice(
        fingerprint=_text(where, entry, "fingerprint"),
        action=Action(action),
        reason=_text(where, entry, "reason"),
        author=_text(where, entry, "author"),
        decided=_date(where, entry, "decided"),
        expires=_date(where, entry, "expires") if "expires" in entry else None,
        path=_text(where, entry, "path") if "path" in entry else None,
        licenses=tuple(map(str, licenses)),
    )


def _text(where: str, entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{where}.{key}: found {value!r}; a reviewed choice needs a text here")
    return value


def _date(where: str, entry: Mapping[str, Any], key: str) -> date:
    value = entry.get(key)
    if not isinstance(value, date) or isinstance(value, datetime):
        raise UsageError(f"{where}.{key}: found {value!r}; write a date, like 2027-01-31")
    return value


def _suppression(choice: Choice, policy: PolicyDecision) -> Mapping[str, object]:
    expires = {"expires": choice.expires.isoformat()} if choice.expires else {}
    said = {"action": policy.action, "rule": policy.rule, "reason": policy.reason}
    return {
        "kind": REVIEW_KIND,
        "reason": choice.reason,
        "action": choice.action,
        "author": choice.author,
        "decided": choice.decided.isoformat(),
        **expires,
        "policy": said,
    }


def _table(choice: Choice) -> str:
    fields: dict[str, object] = {"fingerprint": choice.fingerprint}
    fields |= {"path": choice.path} if choice.path else {}
    fields |= {"licenses": choice.licenses} if choice.licenses else {}
    fields |= {"action": choice.action, "reason": choice.reason, "author": choice.author}
    lines = [f"{key} = {toml_value(value)}" for key, value in fields.items()]
    dates = {"decided": choice.decided, "expires": choice.expires}
    lines += [f"{key} = {day.isoformat()}" for key, day in dates.items() if day]
    return "\n".join(["", "[[reviews]]", *lines])
