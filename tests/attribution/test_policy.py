"""What to do about a match."""

import pytest

from sc2_attrib.attribution.own_code import OWN_CODE, OwnCode
from sc2_attrib.attribution.policy import (
    DEFAULT_ACTIONS,
    DEFAULT_POLICY,
    Combine,
    Policy,
)
from sc2_attrib.attribution.policy_rule import (
    Condition,
    Flag,
    Like,
    Limit,
    MatchFacts,
    OneOf,
    Rule,
    SourceFacts,
)
from sc2_attrib.attribution.result import Action, Category, MatchClass, MatchKind

GPL = "GPL-3.0-only"


def facts(*expressions: str) -> MatchFacts:
    return MatchFacts(tuple(map(SourceFacts, expressions)))


def only(*conditions: Condition, action: Action = Action.DENY) -> Policy:
    """A policy of one rule; what the rule doesn't apply to is left to `no-rule`."""
    return Policy(rules=(Rule("it", action, conditions),))


@pytest.mark.parametrize(
    ("expressions", "action"),
    [
        (["MIT"], Action.ATTRIBUTE),
        (["LGPL-3.0-only"], Action.REVIEW),
        ([GPL], Action.DENY),
        (["AGPL-3.0-only"], Action.DENY),
        (["BUSL-1.1"], Action.DENY),
        (["LicenseRef-mine"], Action.REVIEW),
        (["NONE"], Action.REVIEW),
        ([], Action.REVIEW),
        (["MIT OR GPL-3.0-only"], Action.ATTRIBUTE),
        (["MIT AND GPL-3.0-only"], Action.DENY),
        (["MIT", GPL, "ISC"], Action.DENY),
    ],
)
def test_default_policy(expressions: list[str], action: Action) -> None:
    """Each category has its action, and a match takes the strictest of its sources."""
    assert DEFAULT_POLICY.judge(facts(*expressions)).action is action


def test_mildest_source_decides_where_asked_for() -> None:
    """With `mildest` one permissive source is enough."""
    policy = Policy(combine=Combine.MILDEST)
    assert policy.judge(facts(GPL, "MIT")).action is Action.ATTRIBUTE


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        (MatchFacts((SourceFacts(GPL),), in_prompt=True), "in-prompt"),
        (MatchFacts((SourceFacts(GPL),), common=True), "common"),
        (MatchFacts((SourceFacts(GPL),), match_class=MatchClass.LICENSE), "class-license"),
        (MatchFacts((SourceFacts(GPL),), match_class=MatchClass.IMPORTS), "class-imports"),
    ],
)
def test_some_facts_allow_a_match_whatever_its_licenses(asked: MatchFacts, rule: str) -> None:
    """The prompt's own text, common text, licence texts and imports are allowed."""
    decision = DEFAULT_POLICY.judge(asked)
    assert (decision.action, decision.rule) == (Action.ALLOW, rule)


def test_code_is_not_allowed_for_its_class() -> None:
    """Other classes leave the decision to the licences."""
    asked = MatchFacts((SourceFacts(GPL),), match_class=MatchClass.CODE)
    assert DEFAULT_POLICY.judge(asked).action is Action.DENY


def test_reason_names_the_license_that_decided() -> None:
    """The reason is about the term that made the action what it is."""
    decision = DEFAULT_POLICY.judge(facts("MIT AND GPL-3.0-only"))
    assert (decision.rule, decision.reason) == ("copyleft", "GPL-3.0-only is copyleft")


def test_or_takes_the_branch_that_the_rules_prefer() -> None:
    """Which branch is best is the policy's decision, not the categories' order."""
    rules = (
        Rule("a", Action.DENY, (OneOf("category", (Category.PERMISSIVE,)),)),
        Rule("b", Action.ALLOW, (OneOf("category", (Category.COPYLEFT,)),)),
    )
    assert Policy(rules=rules).judge_license("MIT OR GPL-3.0-only").action is Action.ALLOW


def test_first_rule_that_applies_decides() -> None:
    """A later rule doesn't matter, however well it fits."""
    rules = (Rule("all", Action.ALLOW), Rule("gpl", Action.DENY, (Like("license", (GPL,)),)))
    assert Policy(rules=rules).judge(facts(GPL)).rule == "all"


def test_license_that_no_rule_speaks_of_is_reviewed() -> None:
    """A policy with gaps doesn't allow what falls into them."""
    decision = Policy(rules=()).judge(facts("MIT"))
    assert (decision.action, decision.rule) == (Action.REVIEW, "no-rule")


SOURCE = SourceFacts(
    GPL, "Octo/Mail", "src/lib/a.py", "Python", kind=MatchKind.NEAR, similarity=0.8
)
MATCH = MatchFacts((SOURCE,), MatchClass.CODE, chars=120, lines=4, lexemes=30, input="own/b.py")


@pytest.mark.parametrize(
    ("holding", "failing"),
    [
        (Like("license", ("gpl-*",)), Like("license", ("GPL-2*",))),
        (OneOf("category", ("copyleft",)), OneOf("category", ("permissive",))),
        (OneOf("class", ("docs", "code")), OneOf("class", ("docs",))),
        (OneOf("kind", ("near",)), OneOf("kind", ("verbatim",))),
        (Flag("common", False), Flag("common", True)),
        (Limit("min_chars", 120), Limit("min_chars", 121)),
        (Limit("max_chars", 120), Limit("max_chars", 119)),
        (Limit("min_lines", 4), Limit("max_lines", 3)),
        (Limit("max_lexemes", 30), Limit("min_lexemes", 31)),
        (Limit("min_similarity", 0.8), Limit("max_similarity", 0.7)),
        (Like("repository", ("octo/*",)), Like("repository", ("octo",))),
        (Like("path", ("src/**/*.py",)), Like("path", ("SRC/**",))),
        (Like("language", ("python",)), Like("language", ("C",))),
        (Like("input", ("own/**",)), Like("input", ("*.py",))),
    ],
)
def test_conditions(holding: Condition, failing: Condition) -> None:
    """Each condition looks at its own fact; a rule applies where all of them hold."""
    assert only(holding).judge(MATCH).rule == "it"
    assert only(failing).judge(MATCH).rule == "no-rule"
    assert only(holding, failing).judge(MATCH).rule == "no-rule"


@pytest.mark.parametrize(
    "condition",
    [
        OneOf("class", tuple(MatchClass)),
        Limit("min_chars", 0),
        Limit("max_lines", 9),
        Limit("max_lexemes", 9),
        Like("repository", ("**",)),
        Like("path", ("**",)),
        Like("language", ("*",)),
        Like("input", ("**",)),
    ],
)
def test_what_is_not_known_fulfils_no_condition(condition: Condition) -> None:
    """No rule applies by a fact that is missing, be it strict or mild."""
    assert only(condition).judge(facts(GPL)).rule == "no-rule"


def test_rule_may_name_a_license_with_its_exception() -> None:
    """A pair that a rule names is decided as one, unless an earlier rule applies to a half."""
    pair = "GPL-2.0-only WITH Classpath-exception-2.0"
    named = Rule("pair", Action.ATTRIBUTE, (Like("license", (pair,)),))
    gpl = Rule("gpl", Action.DENY, (Like("license", ("GPL-*",)),))
    assert Policy(rules=(named, gpl)).judge_license(pair).rule == "pair"
    assert Policy(rules=(named, gpl)).judge_license("GPL-2.0-only").rule == "gpl"
    assert Policy(rules=(gpl, named)).judge_license(pair).rule == "gpl"


def test_own_sources_are_not_judged() -> None:
    """Own repositories and paths drop out; a match of nothing else is own code."""
    policy = Policy(own=OwnCode(("ACME/*",), ("internal/**",)))
    own, other = SourceFacts(GPL, "acme/tool", "a.py"), SourceFacts("MIT", "x/y", "a.py")
    also_own = SourceFacts(GPL, "x/y", "internal/a.py")
    assert policy.judge(MatchFacts((own, also_own))) is OWN_CODE
    assert policy.judge(MatchFacts((own, other))).action is Action.ATTRIBUTE
    assert policy.judge_source(own) is OWN_CODE


def test_sources_that_were_not_listed_are_judged_by_their_licenses() -> None:
    """A bounded listing neither makes a match own code nor lets a rule on places allow it."""
    listed = SourceFacts(GPL, "acme/tool", "a.py")
    bounded = MatchFacts((listed,), at_least=True)
    assert Policy(own=OwnCode(("acme/*",))).judge(bounded).action is Action.DENY
    allow = Rule("ours", Action.ALLOW, (Like("repository", ("acme/*",)),))
    rules = (allow, *DEFAULT_POLICY.rules)
    assert Policy(rules=rules).judge(MatchFacts((listed,))).rule == "ours"
    assert Policy(rules=rules).judge(bounded).rule == "copyleft"


def test_source_alone_is_judged_as_in_a_match() -> None:
    """What decoding asks about a document is what a match with it would come to."""
    policy = only(Like("repository", ("octo/*",)))
    for source in (SOURCE, SourceFacts(GPL, "other/x")):
        assert policy.judge_source(source) == policy.judge(MatchFacts((source,)))
        assert policy.judge_source(source) is policy.judge_source(source)


@pytest.mark.parametrize(
    ("policy", "looks"),
    [
        (DEFAULT_POLICY, False),
        (only(Like("path", ("a",))), True),
        (Policy(own=OwnCode(("a/*",))), True),
        (Policy(own=OwnCode(index="idx")), False),
    ],
)
def test_policy_knows_whether_it_looks_at_places(policy: Policy, looks: bool) -> None:
    """Where it doesn't, sources under the same expression are alike."""
    assert policy.looks_at_places is looks


def test_hash_names_what_a_policy_says() -> None:
    """Name and origin don't change the hash; rules, combination and own code do."""
    base = Policy()
    assert base.sha256 == Policy(name="other", origin="file.toml").sha256
    others = [Policy(rules=()), Policy(combine=Combine.MILDEST), Policy(own=OwnCode(("a",)))]
    assert len({base.sha256, *(other.sha256 for other in others)}) == 4


def test_table_names_every_category() -> None:
    """No category is without a default action."""
    assert set(DEFAULT_ACTIONS) == set(Category)


def test_actions_are_ordered_by_severity() -> None:
    """The order is that of the contract, not of the alphabet."""
    ordered = sorted(Action, key=lambda action: action.severity)
    assert ordered == [Action.ALLOW, Action.ATTRIBUTE, Action.REVIEW, Action.DENY]
