"""From the table of a policy file to a `Policy`: every key known, every value of its type.

What is wrong is told with the place it stands at (`rules[2].category`) and, where the text of the
file is at hand, with the line: TOML parsers keep none, so it is looked up by the headers of the
tables. A key that nobody knows is an error, with the nearest that is known: a misspelt condition
would make a rule apply to everything.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NoReturn

from sc2_attrib.attribution.license import read_license
from sc2_attrib.attribution.license_tree import Compound, Operator, render
from sc2_attrib.attribution.own_code import OwnCode
from sc2_attrib.attribution.policy import BUILT_IN, Combine, Policy
from sc2_attrib.attribution.policy_glob import is_glob
from sc2_attrib.attribution.policy_rule import Condition, Flag, Like, Limit, OneOf, Rule
from sc2_attrib.attribution.result import Action, Category, MatchClass, MatchKind
from sc2_attrib.index.errors import UsageError

CHOICES: Mapping[str, Collection[str]] = {
    "category": tuple(Category),
    "class": tuple(MatchClass),
    "kind": tuple(MatchKind),
}
GLOBS = ("repository", "path", "language", "input")
COUNTS = tuple(
    f"{side}_{what}" for what in ("chars", "lines", "lexemes") for side in ("min", "max")
)
SHARES = ("min_similarity", "max_similarity")
CONDITION_KEYS = ("license", *CHOICES, "common", *COUNTS, *SHARES, *GLOBS)
RULE_KEYS = ("name", *CONDITION_KEYS, "action", "reason")
OWN_KEYS = ("repositories", "paths", "index")
POLICY_KEYS = ("name", "combine", "rules", "own")

_RULE_HEADER = re.compile(r"\s*\[\[\s*(?:[\w\"'.-]+\.)?rules\s*\]\]")
_HEADER = re.compile(r"\s*\[")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a policy something stands: the file, its text, and the keys that lead there."""

    origin: str
    text: str = ""
    rule: int | None = None
    keys: tuple[str, ...] = ()

    def at(self, key: str) -> "Place":
        """Go one key further."""
        return Place(self.origin, self.text, self.rule, (*self.keys, key))

    def in_rule(self, number: int) -> "Place":
        """Go to a rule, counted from 0."""
        return Place(self.origin, self.text, number, ())

    def refuse(self, why: str) -> NoReturn:
        """Say what is wrong here."""
        raise UsageError(f"{self}: {why}")

    def __str__(self) -> str:
        line = self.line
        where = f"{self.origin}:{line}" if line else self.origin
        rule = [f"rules[{self.rule + 1}]"] if self.rule is not None else []
        return ": ".join(filter(None, (where, ".".join([*rule, *self.keys]))))

    @property
    def line(self) -> int | None:
        """Find the line of the rule or key, 1-based; None where the text doesn't show it."""
        lines = self.text.splitlines()
        start = 0
        if self.rule is not None:
            headers = [n for n, line in enumerate(lines) if _RULE_HEADER.match(line)]
            if self.rule >= len(headers):
                return None
            start = headers[self.rule]
        return self._key_line(lines, start) or (start + 1 if self.rule is not None else None)

    def _key_line(self, lines: list[str], start: int) -> int | None:
        if not self.keys:
            return None
        key = re.compile(rf"\s*(?:\[.*)?[\"']?{re.escape(self.keys[-1])}[\"']?\s*[=\]]")
        for number, line in enumerate(lines[start:], start):
            if self.rule is not None and number > start and _HEADER.match(line):
                return None
            if key.match(line):
                return number + 1
        return None


def parse_policy(table: Mapping[str, Any], place: Place) -> Policy:
    """Read a policy from a table, as a file or a result states it.

    Raises:
        UsageError: a key is unknown, or a value is not what it should be; says where.
    """
    _only(table, POLICY_KEYS, place)
    rules = table.get("rules", [])
    if not isinstance(rules, list) or not all(isinstance(rule, Mapping) for rule in rules):
        place.at("rules").refuse("write each rule as a table under [[rules]]")
    if not rules:
        place.refuse("no rules; write each as a table under [[rules]]")
    name = table.get("name", "custom")
    read = tuple(_rule(rule, place.in_rule(n), n + 1) for n, rule in enumerate(rules))
    _require_distinct_names(read, place)
    return Policy(
        name=_text(name, place.at("name")),
        rules=read,
        combine=Combine(
            _choice(table.get("combine", "strictest"), tuple(Combine), place.at("combine"))
        ),
        own=_own(table.get("own", {}), place.at("own")),
        origin=place.origin,
    )


def described_policy(described: Mapping[str, Any], origin: str) -> Policy | None:
    """Read back what `Policy.describe` wrote into a result; None where a result has no policy."""
    if not described.get("rules"):
        return None
    table = {key: described[key] for key in POLICY_KEYS if key in described}
    policy = parse_policy(table, Place(origin))
    return Policy(
        policy.name,
        policy.rules,
        policy.combine,
        policy.own,
        origin=str(described.get("origin", BUILT_IN)),
    )


def suggestion(key: str, known: Collection[str]) -> str:
    """Name the known key that was probably meant, or all of them."""
    close = get_close_matches(key, known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"there are {', '.join(known)}"


def _rule(table: Mapping[str, Any], place: Place, number: int) -> Rule:
    _only(table, RULE_KEYS, place)
    if "action" not in table:
        place.refuse(f"a rule needs an action: {', '.join(Action)}")
    reason = table.get("reason")
    return Rule(
        name=_text(table.get("name", f"rule-{number}"), place.at("name")),
        action=Action(_choice(table["action"], tuple(Action), place.at("action"))),
        conditions=tuple(
            _condition(key, table[key], place.at(key)) for key in CONDITION_KEYS if key in table
        ),
        reason=None if reason is None else _text(reason, place.at("reason")),
    )


def _condition(key: str, value: Any, place: Place) -> Condition:
    if key == "license":
        return Like(key, tuple(_license(each, place) for each in _texts(value, place)))
    if key in CHOICES:
        return OneOf(
            key, tuple(_choice(each, CHOICES[key], place) for each in _texts(value, place))
        )
    if key == "common":
        return Flag(key, _typed(value, bool, "true or false", place))
    if key in COUNTS:
        return Limit(key, _number(value, place, whole=True))
    if key in SHARES:
        return Limit(key, _number(value, place, whole=False))
    return Like(key, _texts(value, place))


def _license(text: str, place: Place) -> str:
    """Spell a licence as results do; a glob stays as it is."""
    if is_glob(text):
        return text
    tree = read_license(text)
    if isinstance(tree, Compound) and tree.operator is not Operator.WITH:
        place.refuse(
            f"'{text}' is an expression; name its licences one by one:"
            " a policy judges each and takes the best of OR, the worst of AND"
        )
    return render(tree)


def _own(table: Any, place: Place) -> OwnCode:
    _typed(table, Mapping, "a table", place)
    _only(table, OWN_KEYS, place)
    index = table.get("index")
    return OwnCode(
        repositories=_texts(table.get("repositories", []), place.at("repositories")),
        paths=_texts(table.get("paths", []), place.at("paths")),
        index=None if index is None else _text(index, place.at("index")),
    )


def _require_distinct_names(rules: tuple[Rule, ...], place: Place) -> None:
    names = [rule.name for rule in rules]
    for number, name in enumerate(names):
        if name in names[:number]:
            place.in_rule(number).at("name").refuse(
                f"'{name}' is the name of rules[{names.index(name) + 1}] too; results name rules"
            )


def _only(table: Mapping[str, Any], known: Collection[str], place: Place) -> None:
    for key in table:
        if key not in known:
            place.at(key).refuse(f"unknown key '{key}'; {suggestion(key, known)}")


def _choice(value: Any, choices: Collection[str], place: Place) -> str:
    if value not in choices:
        known = [str(choice) for choice in choices]
        hint = suggestion(value, known) if isinstance(value, str) else f"one of {', '.join(known)}"
        place.refuse(f"{value!r} is none of the choices; {hint}")
    return str(value)


def _texts(value: Any, place: Place) -> tuple[str, ...]:
    """Read a text, or a list of texts."""
    listed = value if isinstance(value, list) else [value]
    return tuple(_text(each, place) for each in listed)


def _text(value: Any, place: Place) -> str:
    text = str(_typed(value, str, "a text", place))
    if not text.strip() or not text.isprintable():
        place.refuse(f"{text!r} is empty, or holds characters that can't be printed")
    return text


def _number(value: Any, place: Place, *, whole: bool) -> float:
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        place.refuse(f"found {value!r}; write {'a whole number' if whole else 'a number'}")
    if value < 0 or (not whole and not value <= 1):
        place.refuse(f"found {value!r}; write {'0 or more' if whole else 'a number from 0 to 1'}")
    return float(value) if not whole else value


def _typed(value: Any, kind: Any, name: str, place: Place) -> Any:
    if not isinstance(value, kind):
        place.refuse(f"found {value!r}; write {name}")
    return value
