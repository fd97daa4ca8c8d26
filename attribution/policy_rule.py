"""Rules of a policy: an action, and the conditions under which it applies.

A rule is asked about a `Case`: one licence of one source of one match. It applies where each of its
conditions holds. A fact that is not known fulfils no condition: text that was not classified has no
class, and while a completion is being written a match has no final size.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sc2_attrib.attribution.license_tree import Term
from sc2_attrib.attribution.policy_glob import ANY_PARTS, glob_matches, is_glob
from sc2_attrib.attribution.result import (
    Action,
    Category,
    MatchClass,
    MatchKind,
    PolicyDecision,
)

C = TypeVar("C", bound="Condition")

PLACES = frozenset({"repository", "path", "language"})  # keys about where a source is


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What a policy may ask about one source; what is None is not known."""

    expression: str
    repository: str | None = None
    path: str | None = None
    language: str | None = None
    kind: MatchKind = MatchKind.VERBATIM
    similarity: float = 1.0


@dataclass(frozen=True, slots=True)
class MatchFacts:
    """What a policy may ask about a match; what is None is not known.

    `chars` counts normalised characters. `input` is the path of the checked text. `at_least`: there
    are more sources than those given, under no other licence expressions.
    """

    sources: tuple[SourceFacts, ...] = ()
    match_class: MatchClass | None = None
    common: bool = False
    in_prompt: bool = False
    chars: int | None = None
    lines: int | None = None
    lexemes: int | None = None
    input: str | None = None
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """One licence or exception of one source of one match."""

    term: Term
    source: SourceFacts
    match: MatchFacts


class Condition(Protocol):
    """One condition of a rule, under its key in a policy file."""

    @property
    def key(self) -> str:
        """Name it as a policy file does."""

    def holds(self, case: Case) -> bool:
        """Tell whether a case fulfils it."""

    def covers(self, other: "Condition") -> bool:
        """Tell whether it holds wherever the other one, of the same key, holds."""

    def stated(self) -> object:
        """Give its value as a policy file states it."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """A choice is among some."""

    key: str
    values: tuple[str, ...]

    def holds(self, case: Case) -> bool:
        """Look the fact up among the values."""
        return _FACTS[self.key](case) in self.values

    def covers(self, other: Condition) -> bool:
        """Compare as sets."""
        return isinstance(other, OneOf) and set(other.values) <= set(self.values)

    def stated(self) -> object:
        """List the values."""
        return list(self.values)


@dataclass(frozen=True, slots=True)
class Like:
    """A name matches one of some globs; case counts in paths alone."""

    key: str
    globs: tuple[str, ...]

    def holds(self, case: Case) -> bool:
        """Try each glob on the fact."""
        name = _FACTS[self.key](case)
        return isinstance(name, str) and any(self._matches(glob, name) for glob in self.globs)

    def covers(self, other: Condition) -> bool:
        """Tell whether each glob of the other certainly matches nothing more than one of these."""
        return isinstance(other, Like) and all(
            any(self._covers(mine, theirs) for mine in self.globs) for theirs in other.globs
        )

    def stated(self) -> object:
        """List the globs."""
        return list(self.globs)

    def _covers(self, mine: str, theirs: str) -> bool:
        if not is_glob(theirs):
            return self._matches(mine, theirs)
        start = mine.removesuffix("*")
        is_prefix = mine == f"{start}*" and not is_glob(start) and theirs.startswith(start)
        stays_in_part = "/" not in theirs[len(start) :] and ANY_PARTS not in theirs
        return mine in (theirs, ANY_PARTS) or (is_prefix and stays_in_part)

    def _matches(self, glob: str, name: str) -> bool:
        if self.key in ("path", "input"):
            return glob_matches(glob, name)
        return glob_matches(glob.casefold(), name.casefold())


@dataclass(frozen=True, slots=True)
class Limit:
    """A number is at least (`min_…`) or at most (`max_…`) some limit."""

    key: str
    limit: float

    @property
    def is_lower(self) -> bool:
        """Tell a lower limit from an upper one."""
        return self.key.startswith("min_")

    def holds(self, case: Case) -> bool:
        """Compare the fact, where it is known."""
        number = _FACTS[self.key[4:]](case)
        return isinstance(number, int | float) and self._allows(number)

    def covers(self, other: Condition) -> bool:
        """Tell whether the other limit is as strict."""
        return isinstance(other, Limit) and self._allows(other.limit)

    def stated(self) -> object:
        """Give the limit."""
        return self.limit

    def _allows(self, number: float) -> bool:
        return number >= self.limit if self.is_lower else number <= self.limit


@dataclass(frozen=True, slots=True)
class Flag:
    """A fact is so, or is not."""

    key: str
    expected: bool

    def holds(self, case: Case) -> bool:
        """Compare the fact."""
        return _FACTS[self.key](case) is self.expected

    def covers(self, other: Condition) -> bool:
        """Tell whether both expect the same."""
        return isinstance(other, Flag) and other.expected is self.expected

    def stated(self) -> object:
        """Give what is expected."""
        return self.expected


@dataclass(frozen=True, slots=True)
class Rule:
    """An action, why, and the conditions under which it applies; without any it always does."""

    name: str
    action: Action
    conditions: tuple[Condition, ...] = ()
    reason: str | None = None

    def applies(self, case: Case) -> bool:
        """Tell whether every condition holds."""
        return all(condition.holds(case) for condition in self.conditions)

    def decide(self, case: Case) -> PolicyDecision:
        """Say what to do about a case that the rule applies to."""
        return PolicyDecision(self.action, self.name, self.reason or _reason(case.term))

    def conditions_of(self, kind: type[C]) -> Iterator[C]:
        """List the conditions of one kind."""
        return (each for each in self.conditions if isinstance(each, kind))

    def describe(self) -> Mapping[str, object]:
        """Say the rule in the words of a policy file."""
        conditions = {condition.key: condition.stated() for condition in self.conditions}
        reason = {"reason": self.reason} if self.reason else {}
        return {"name": self.name, **conditions, "action": self.action, **reason}


_FACTS: Mapping[str, Callable[[Case], object]] = {
    "license": lambda case: case.term.id,
    "category": lambda case: case.term.category,
    "class": lambda case: case.match.match_class,
    "common": lambda case: case.match.common,
    "kind": lambda case: case.source.kind,
    "chars": lambda case: case.match.chars,
    "lines": lambda case: case.match.lines,
    "lexemes": lambda case: case.match.lexemes,
    "similarity": lambda case: case.source.similarity,
    "repository": lambda case: case.source.repository,
    "path": lambda case: case.source.path,
    "language": lambda case: case.source.language,
    "input": lambda case: case.match.input,
}


def _reason(term: Term) -> str:
    if term.category is Category.NONE:
        return "no licence was found"
    if term.category is Category.UNKNOWN:
        return f"what {term.id} asks for is not known"
    return f"{term.id} is {term.category}"
