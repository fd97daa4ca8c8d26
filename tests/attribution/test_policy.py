"""What to do about a match."""

import pytest

from sc2_attrib.attribution.license_tree import Term
from sc2_attrib.attribution.policy import (
    DEFAULT_ACTIONS,
    DEFAULT_POLICY,
    CategoryRule,
    Combine,
    MatchFacts,
    Policy,
)
from sc2_attrib.attribution.result import Action, Category, MatchClass


@pytest.mark.parametrize(
    ("expressions", "action"),
    [
        (["MIT"], Action.ATTRIBUTE),
        (["LGPL-3.0-only"], Action.REVIEW),
        (["GPL-3.0-only"], Action.DENY),
        (["AGPL-3.0-only"], Action.DENY),
        (["BUSL-1.1"], Action.DENY),
        (["LicenseRef-mine"], Action.REVIEW),
        (["NONE"], Action.REVIEW),
        ([], Action.REVIEW),
        (["MIT OR GPL-3.0-only"], Action.ATTRIBUTE),
        (["MIT AND GPL-3.0-only"], Action.DENY),
        (["MIT", "GPL-3.0-only", "ISC"], Action.DENY),
    ],
)
def test_default_policy(expressions: list[str], action: Action) -> None:
    """Each category has its action, and a match takes the strictest of its sources."""
    assert DEFAULT_POLICY.judge(MatchFacts(tuple(expressions))).action is action


def test_mildest_source_decides_where_asked_for() -> None:
    """With `mildest` one permissive source is enough."""
    policy = Policy(combine=Combine.MILDEST)
    assert policy.judge(MatchFacts(("GPL-3.0-only", "MIT"))).action is Action.ATTRIBUTE


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        (MatchFacts(("GPL-3.0-only",), in_prompt=True), "in-prompt"),
        (MatchFacts(("GPL-3.0-only",), common=True), "common"),
        (MatchFacts(("GPL-3.0-only",), match_class=MatchClass.LICENSE), "class-license"),
        (MatchFacts(("GPL-3.0-only",), match_class=MatchClass.IMPORTS), "class-imports"),
    ],
)
def test_some_facts_allow_a_match_whatever_its_licenses(facts: MatchFacts, rule: str) -> None:
    """The prompt's own text, common text, licence texts and imports are allowed."""
    decision = DEFAULT_POLICY.judge(facts)
    assert (decision.action, decision.rule) == (Action.ALLOW, rule)


def test_code_is_not_allowed_for_its_class() -> None:
    """Other classes leave the decision to the licences."""
    facts = MatchFacts(("GPL-3.0-only",), match_class=MatchClass.CODE)
    assert DEFAULT_POLICY.judge(facts).action is Action.DENY


def test_reason_names_the_license_that_decided() -> None:
    """The reason is about the term that made the action what it is."""
    decision = DEFAULT_POLICY.judge(MatchFacts(("MIT AND GPL-3.0-only",)))
    assert (decision.rule, decision.reason) == ("copyleft", "GPL-3.0-only is copyleft")


def test_or_takes_the_branch_that_the_rules_prefer() -> None:
    """Which branch is best is the policy's decision, not the categories' order."""
    rules = (
        CategoryRule(Category.PERMISSIVE, Action.DENY),
        CategoryRule(Category.COPYLEFT, Action.ALLOW),
    )
    assert Policy(rules=rules).judge_license("MIT OR GPL-3.0-only").action is Action.ALLOW


def test_license_that_no_rule_speaks_of_is_reviewed() -> None:
    """A policy with gaps doesn't allow what falls into them."""
    decision = Policy(rules=()).judge(MatchFacts(("MIT",)))
    assert (decision.action, decision.rule) == (Action.REVIEW, "no-rule")


def test_table_names_every_category() -> None:
    """No category is without a default action."""
    assert set(DEFAULT_ACTIONS) == set(Category)


def test_actions_are_ordered_by_severity() -> None:
    """The order is that of the contract, not of the alphabet."""
    ordered = sorted(Action, key=lambda action: action.severity)
    assert ordered == [Action.ALLOW, Action.ATTRIBUTE, Action.REVIEW, Action.DENY]


def test_rule_applies_to_its_category_alone() -> None:
    """A rule has no opinion about other categories."""
    assert (
        CategoryRule(Category.COPYLEFT, Action.DENY).decide(Term("MIT", Category.PERMISSIVE))
        is None
    )
