"""A licence expression as a tree: terms joined by OR, AND and WITH.

What an expression asks for, and what a policy says of it, are both folded from its terms by one
rule, `decide`: OR takes the best branch, AND and WITH the worst.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from sc2_attrib.attribution.result import Category

T = TypeVar("T")


class Operator(StrEnum):
    """How the parts of an expression are joined."""

    OR = "OR"
    AND = "AND"
    WITH = "WITH"


@dataclass(frozen=True, slots=True)
class Term:
    """One licence or exception by its SPDX id."""

    id: str
    category: Category


@dataclass(frozen=True, slots=True)
class Compound:
    """At least two different parts; OR and AND never lie directly in one of their own kind."""

    operator: Operator
    parts: tuple["LicenseTree", ...]


LicenseTree = Term | Compound

NOTHING_FOUND = Term("NONE", Category.NONE)
NOTHING_SAID = Term("NOASSERTION", Category.UNKNOWN)


def decide(tree: LicenseTree, leaf: Callable[[Term], T], severity: Callable[[T], int]) -> T:
    """Fold a tree: OR takes the least severe of its parts, AND and WITH the most severe."""
    if isinstance(tree, Term):
        return leaf(tree)
    parts = [decide(part, leaf, severity) for part in tree.parts]
    return min(parts, key=severity) if tree.operator is Operator.OR else max(parts, key=severity)


def category_of(tree: LicenseTree) -> Category:
    """Say what an expression asks for as a whole."""
    return decide(tree, lambda term: term.category, lambda category: category.severity)


def render(tree: LicenseTree) -> str:
    """Write a tree as an SPDX expression."""
    if isinstance(tree, Term):
        return tree.id
    shown = _grouped if tree.operator is Operator.AND else render
    return f" {tree.operator} ".join(map(shown, tree.parts))


def join(operator: Operator, parts: Iterable[LicenseTree]) -> LicenseTree:
    """Join at least one part, each once, and those of the same operator on one level."""
    flat: dict[LicenseTree, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(_level(operator, part)))
    return Compound(operator, tuple(flat)) if len(flat) > 1 else next(iter(flat))


def terms(tree: LicenseTree) -> Iterator[Term]:
    """List the licences and exceptions in a tree."""
    if isinstance(tree, Term):
        yield tree
    else:
        for part in tree.parts:
            yield from terms(part)


def canonical(tree: LicenseTree) -> object:
    """Give a value that is equal for expressions that differ in the order of their parts only."""
    if isinstance(tree, Term):
        return tree.id
    return tree.operator, frozenset(map(canonical, tree.parts))


def _level(operator: Operator, part: LicenseTree) -> tuple[LicenseTree, ...]:
    if operator is Operator.WITH or isinstance(part, Term) or part.operator is not operator:
        return (part,)
    return part.parts


def _grouped(part: LicenseTree) -> str:
    is_choice = isinstance(part, Compound) and part.operator is Operator.OR
    return f"({render(part)})" if is_choice else render(part)
