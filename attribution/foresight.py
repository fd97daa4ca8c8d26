"""What a policy can still come to deny of a match that is being written.

Of a match that grows, its licences and places are known, not its class and size. So each rule that
asks for such a fact may apply in the end, or may not. The worst case is a policy by itself: rules
that deny are taken to apply, others not to.
"""

from dataclasses import replace

from sc2_attrib.attribution.policy import Policy
from sc2_attrib.attribution.policy_rule import PLACES, Rule
from sc2_attrib.attribution.result import Action

COMMON = "common"
_OF_SOURCES = PLACES | {"license", "category"}


def worst_case(policy: Policy, *, known: frozenset[str] = frozenset()) -> Policy:
    """Make the policy that denies all that a policy may deny, by the licences and places alone.

    Args:
        policy: any.
        known: facts besides, by their keys, that whoever asks will know.
    """
    keys = _OF_SOURCES | known
    kept = (rule for rule in policy.rules if rule.action is Action.DENY or not _asks(rule, keys))
    return replace(policy, rules=tuple(_without(rule, keys) for rule in kept))


def asks_for_facts(policy: Policy, *, known: frozenset[str] = frozenset()) -> bool:
    """Tell whether a decision may depend on more than licences, places and the known facts."""
    return any(_asks(rule, _OF_SOURCES | known) for rule in policy.rules)


def only_softens(policy: Policy, *, known: frozenset[str] = frozenset()) -> bool:
    """Tell whether no match is denied for another fact: each can only save it."""
    keys = _OF_SOURCES | known
    return not any(rule.action is Action.DENY and _asks(rule, keys) for rule in policy.rules)


def _asks(rule: Rule, known: frozenset[str]) -> bool:
    return any(condition.key not in known for condition in rule.conditions)


def _without(rule: Rule, known: frozenset[str]) -> Rule:
    return replace(rule, conditions=tuple(each for each in rule.conditions if each.key in known))
