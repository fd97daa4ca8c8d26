"""What is wrong with a policy that is valid: rules that can't apply, licences nobody knows.

A rule can't apply where its own conditions contradict each other, or where earlier rules apply to
all it speaks of. For the latter a rule that lists licences, categories, classes or kinds is taken
apart into one case for each of them; each must be covered by one earlier rule. Nothing is guessed:
a warning is always true, but not every rule without effect is found.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product

from sc2_attrib.attribution.license import read_license
from sc2_attrib.attribution.license_tree import category_of
from sc2_attrib.attribution.policy import Policy
from sc2_attrib.attribution.policy_glob import is_glob
from sc2_attrib.attribution.policy_rule import PLACES, Condition, Like, Limit, OneOf, Rule
from sc2_attrib.attribution.result import Action, Category, MatchKind

MOST_CASES = 10_000  # of a rule taken apart; one with more is not looked into


@dataclass(frozen=True, slots=True)
class PolicyWarning:
    """What is odd about a rule, by its position from 0; None for the policy as a whole."""

    rule: int | None
    key: str | None
    text: str


def warnings(policy: Policy) -> list[PolicyWarning]:
    """List what is odd about a policy, in the order of its rules."""
    found: list[PolicyWarning] = []
    for number, rule in enumerate(policy.rules):
        contradictions = list(_contradictions(number, rule))
        found += [*_unknown_licenses(number, rule), *contradictions]
        if not contradictions:
            found += _shadowed(number, rule, policy.rules[:number])
    return [*found, *_unjudged(policy), *_bounded(policy)]


def _unknown_licenses(number: int, rule: Rule) -> Iterator[PolicyWarning]:
    for name in _licenses(rule):
        is_ours = name.startswith("LicenseRef-")
        if is_ours and category_of(read_license(name)) is Category.UNKNOWN:
            yield PolicyWarning(
                number,
                "license",
                f"'{name.removeprefix('LicenseRef-')}' is no licence that is known; the rule"
                f" applies only to sources that say {name}",
            )


def _contradictions(number: int, rule: Rule) -> Iterator[PolicyWarning]:
    limits = {each.key: each.limit for each in rule.conditions_of(Limit)}
    for key, least in limits.items():
        most = limits.get(f"max_{key[4:]}")
        if key.startswith("min_") and most is not None and least > most:
            yield PolicyWarning(number, key, f"{least} is above max_{key[4:]}, {most}")
    by_key = {each.key: each for each in rule.conditions}
    yield from _wrong_categories(number, rule, by_key)
    kinds = by_key.get("kind")
    is_near = not isinstance(kinds, OneOf) or MatchKind.NEAR in kinds.values
    if limits.get("max_similarity", 1) < 1 and not is_near:
        yield PolicyWarning(number, "max_similarity", "only near matches are less than 1 similar")


def _wrong_categories(
    number: int, rule: Rule, by_key: Mapping[str, Condition]
) -> Iterator[PolicyWarning]:
    wanted, named = by_key.get("category"), by_key.get("license")
    if not isinstance(wanted, OneOf) or not isinstance(named, Like):
        return
    if any(map(is_glob, named.globs)):
        return
    categories = {category_of(read_license(name)) for name in named.globs}
    if categories.isdisjoint(wanted.values):
        yield PolicyWarning(
            number, "category", f"no licence of the rule is {' or '.join(wanted.values)}"
        )


def _shadowed(number: int, rule: Rule, earlier: Sequence[Rule]) -> Iterator[PolicyWarning]:
    """Tell whether earlier rules take all that a rule speaks of."""
    takers: set[str] = set()
    for case in islice(_cases(rule), MOST_CASES):
        taker = next((each for each in earlier if _covers(each, case)), None)
        if taker is None:
            return
        takers.add(str(taker.name))
    names = ", ".join(f"'{name}'" for name in sorted(takers))
    yield PolicyWarning(number, None, f"can't apply: {names} before it takes every case")


def _cases(rule: Rule) -> Iterator[tuple[Condition, ...]]:
    """Take a rule apart: one case for each combination of what it lists."""
    yield from product(*(list(_alternatives(condition)) for condition in rule.conditions))


def _alternatives(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, OneOf):
        yield from (replace(condition, values=(value,)) for value in condition.values)
    elif isinstance(condition, Like):
        yield from (replace(condition, globs=(glob,)) for glob in condition.globs)
    else:
        yield condition


def _covers(rule: Rule, case: tuple[Condition, ...]) -> bool:
    known = {condition.key: condition for condition in (*case, *_implied(case))}
    return all(each.key in known and each.covers(known[each.key]) for each in rule.conditions)


def _implied(case: tuple[Condition, ...]) -> Iterator[Condition]:
    """A licence that is named has its category, unless the case states one."""
    keys = {condition.key for condition in case}
    for condition in case:
        if isinstance(condition, Like) and condition.key == "license" and "category" not in keys:
            name = condition.globs[0]
            if not is_glob(name):
                yield OneOf("category", (category_of(read_license(name)),))


def _unjudged(policy: Policy) -> Iterator[PolicyWarning]:
    """Name the categories of which no rule speaks."""
    left = [
        str(category)
        for category in Category
        if not any(_covers(rule, (OneOf("category", (category,)),)) for rule in policy.rules)
    ]
    if left:
        yield PolicyWarning(
            None, "rules", f"no rule speaks of every {', '.join(left)} licence; the rest is review"
        )


def _bounded(policy: Policy) -> Iterator[PolicyWarning]:
    """Say what a bounded listing of sources means for rules that are strict about places."""
    for number, rule in enumerate(policy.rules):
        keys = [each.key for each in rule.conditions if each.key in PLACES]
        if keys and rule.action in (Action.REVIEW, Action.DENY):
            yield PolicyWarning(
                number,
                keys[0],
                "sees only the sources that a run lists, 100 a match unless told otherwise;"
                " scan with --max-sources 0 to have it see all",
            )


def _licenses(rule: Rule) -> Iterator[str]:
    for condition in rule.conditions_of(Like):
        if condition.key == "license":
            yield from (glob for glob in condition.globs if not is_glob(glob))
