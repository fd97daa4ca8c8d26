"""What to do about a match: one pure function that scans, reports and decoding all ask.

Before any licence is looked at, three facts about the match settle it: text that stands in the
prompt was not brought in by the model; licence headers and import lists are not works one copies;
and what stands in many repositories has no one origin. For the rest, each source's licence is
judged by rules, the first that applies to a term decides it, and an expression is folded from its
terms as everywhere (OR takes the best branch, AND and WITH the worst). A match then takes the
strictest of its sources, or the mildest.

The default rules are one table from category to action. Other rules are other objects with the
same method: nothing here asks where they come from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sc2_attrib.attribution.license import read_license
from sc2_attrib.attribution.license_tree import Term, decide
from sc2_attrib.attribution.result import Action, Category, MatchClass, PolicyDecision

COMMON_REPOSITORIES = 50  # from this many repositories on, a text has no one origin

DEFAULT_ACTIONS: Mapping[Category, Action] = {
    Category.PERMISSIVE: Action.ATTRIBUTE,
    Category.COPYLEFT_LIMITED: Action.REVIEW,
    Category.COPYLEFT: Action.DENY,
    Category.NETWORK_COPYLEFT: Action.DENY,
    Category.PROPRIETARY: Action.DENY,
    Category.UNKNOWN: Action.REVIEW,
    Category.NONE: Action.REVIEW,
}

IN_PROMPT = PolicyDecision(Action.ALLOW, "in-prompt", "the text stands in the prompt")
COMMON = PolicyDecision(
    Action.ALLOW, "common", f"the text stands in {COMMON_REPOSITORIES} repositories or more"
)
ALLOWED_CLASSES = {
    MatchClass.LICENSE: PolicyDecision(Action.ALLOW, "class-license", "the text is a licence"),
    MatchClass.IMPORTS: PolicyDecision(Action.ALLOW, "class-imports", "the text is imports"),
}


class Combine(StrEnum):
    """Which of its sources decides about a match."""

    STRICTEST = "strictest"
    MILDEST = "mildest"


@dataclass(frozen=True, slots=True)
class MatchFacts:
    """What a policy may ask about a match. `expressions`: one SPDX expression a source."""

    expressions: tuple[str, ...]
    match_class: MatchClass | None = None
    common: bool = False
    in_prompt: bool = False


class Rule(Protocol):
    """Decides about one licence or exception."""

    def decide(self, term: Term) -> PolicyDecision | None:
        """Say what to do about a term, None where the rule doesn't apply to it."""

    def describe(self) -> Mapping[str, object]:
        """Say the rule in the words of a result."""


@dataclass(frozen=True, slots=True)
class CategoryRule:
    """One line of the table from category to action."""

    category: Category
    action: Action

    def decide(self, term: Term) -> PolicyDecision | None:
        """Apply to the terms of the category."""
        if term.category is not self.category:
            return None
        return PolicyDecision(self.action, self.category, _reason(term))

    def describe(self) -> Mapping[str, object]:
        """Say the rule in the words of a result."""
        return {"category": self.category, "action": self.action}


DEFAULT_RULES: tuple[Rule, ...] = tuple(
    CategoryRule(category, action) for category, action in DEFAULT_ACTIONS.items()
)


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules in order, and how the sources of a match are combined."""

    name: str = "default"
    rules: tuple[Rule, ...] = DEFAULT_RULES
    combine: Combine = Combine.STRICTEST

    def judge(self, facts: MatchFacts) -> PolicyDecision:
        """Decide about a match."""
        if facts.in_prompt:
            return IN_PROMPT
        if facts.match_class in ALLOWED_CLASSES:
            return ALLOWED_CLASSES[facts.match_class]
        if facts.common:
            return COMMON
        decisions = [self.judge_license(expression) for expression in facts.expressions]
        choose = max if self.combine is Combine.STRICTEST else min
        return choose(decisions or [self.judge_license("NONE")], key=_severity)

    def judge_license(self, expression: str) -> PolicyDecision:
        """Decide about one source, by its licence alone."""
        return decide(read_license(expression), self._judge_term, _severity)

    def describe(self) -> Mapping[str, object]:
        """Say the policy in the words of a result."""
        rules = [rule.describe() for rule in self.rules]
        return {"name": self.name, "combine": self.combine, "rules": rules}

    def _judge_term(self, term: Term) -> PolicyDecision:
        decisions = (rule.decide(term) for rule in self.rules)
        no_rule = PolicyDecision(Action.REVIEW, "no-rule", f"no rule speaks of {term.id}")
        return next((decision for decision in decisions if decision), no_rule)


DEFAULT_POLICY = Policy()


def _severity(decision: PolicyDecision) -> int:
    return decision.action.severity


def _reason(term: Term) -> str:
    if term.category is Category.NONE:
        return "no licence was found"
    if term.category is Category.UNKNOWN:
        return f"what {term.id} asks for is not known"
    return f"{term.id} is {term.category}"
