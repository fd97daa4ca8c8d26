"""What to do about a match: one pure function that scans, reports and decoding all ask.

Text that stands in the prompt was not brought in by the model, and the user's own code doesn't
count: both are settled before any rule. For the rest, each licence of each source is put to the
rules, of which the first that applies decides; an expression is folded from its terms as everywhere
(OR takes the best branch, AND and WITH the worst). A match then takes the strictest of its sources,
or the mildest.

A rule that names a pair (`GPL-2.0-only WITH Classpath-exception-2.0`) decides about the pair,
unless an earlier rule applies to one of its two halves.

The default policy is written here, and once more as a file that users may begin with
(policies/default.toml); a test holds the two together. Policies of users come from policy_file.py.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sc2_attrib.attribution.license import read_license
from sc2_attrib.attribution.license_tree import (
    Compound,
    LicenseTree,
    Operator,
    Term,
    category_of,
    render,
)
from sc2_attrib.attribution.own_code import NOTHING_OWN, OWN_CODE, OwnCode
from sc2_attrib.attribution.policy_rule import (
    PLACES,
    Case,
    Flag,
    Like,
    MatchFacts,
    OneOf,
    Rule,
    SourceFacts,
)
from sc2_attrib.attribution.result import Action, Category, MatchClass, PolicyDecision

COMMON_REPOSITORIES = 50  # from this many repositories on, a text has no one origin
BUILT_IN = "built-in"  # the origin of a policy that comes from no file
CACHED_DECISIONS = 1 << 16  # sources whose decision is kept; a run meets few thousand expressions

DEFAULT_ACTIONS: Mapping[Category, Action] = {
    Category.PERMISSIVE: Action.ATTRIBUTE,
    Category.COPYLEFT_LIMITED: Action.REVIEW,
    Category.COPYLEFT: Action.DENY,
    Category.NETWORK_COPYLEFT: Action.DENY,
    Category.PROPRIETARY: Action.DENY,
    Category.UNKNOWN: Action.REVIEW,
    Category.NONE: Action.REVIEW,
}

DEFAULT_RULES: tuple[Rule, ...] = (
    Rule(
        "class-license",
        Action.ALLOW,
        (OneOf("class", (MatchClass.LICENSE,)),),
        "the text is a licence",
    ),
    Rule(
        "class-imports",
        Action.ALLOW,
        (OneOf("class", (MatchClass.IMPORTS,)),),
        "the text is imports",
    ),
    Rule(
        "common",
        Action.ALLOW,
        (Flag("common", True),),
        "the text stands in many repositories",
    ),
    *(
        Rule(category, action, (OneOf("category", (category,)),))
        for category, action in DEFAULT_ACTIONS.items()
    ),
)

IN_PROMPT = PolicyDecision(Action.ALLOW, "in-prompt", "the text stands in the prompt")
NO_SOURCE = SourceFacts("NONE")
NOTHING_KNOWN = MatchFacts()


class Combine(StrEnum):
    """Which of its sources decides about a match."""

    STRICTEST = "strictest"
    MILDEST = "mildest"


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules in order, how the sources of a match are combined, and what is the user's own code."""

    name: str = "default"
    rules: tuple[Rule, ...] = DEFAULT_RULES
    combine: Combine = Combine.STRICTEST
    own: OwnCode = NOTHING_OWN
    origin: str = field(default=BUILT_IN, compare=False)
    _decided: dict[SourceFacts, PolicyDecision] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def judge(self, facts: MatchFacts) -> PolicyDecision:
        """Decide about a match."""
        if facts.in_prompt:
            return IN_PROMPT
        judged = self.judged_sources(facts)
        if not judged:
            return OWN_CODE
        return self.combined(self.judge_source(source, facts) for source in judged)

    def judged_sources(self, facts: MatchFacts) -> tuple[SourceFacts, ...]:
        """List the sources that the decision is about: all but the user's own.

        Of sources that the run did not list only the licences are known, which are those of the
        listed ones; each is judged once more as standing in an unknown place.
        """
        if not facts.sources:
            return (NO_SOURCE,)
        others = tuple(source for source in facts.sources if not self.own.owns(source))
        if not facts.at_least:
            return others
        expressions = dict.fromkeys(source.expression for source in facts.sources)
        return others + tuple(map(SourceFacts, expressions))

    def combined(self, decisions: Iterable[PolicyDecision]) -> PolicyDecision:
        """Choose among at least one decision; of equally strict ones the first."""
        choose = max if self.combine is Combine.STRICTEST else min
        return choose(decisions, key=_severity)

    def judge_source(
        self, source: SourceFacts, match: MatchFacts = NOTHING_KNOWN
    ) -> PolicyDecision:
        """Decide about one source.

        Without `match` this answers what a match with this source would come to as far as the
        source alone tells, and answers again from memory: decoding asks it about every document.
        """
        if match is not NOTHING_KNOWN:
            return self._judge_source(source, match)
        if source not in self._decided:
            if len(self._decided) >= CACHED_DECISIONS:
                self._decided.clear()
            self._decided[source] = self._judge_source(source, match)
        return self._decided[source]

    def judge_license(self, expression: str) -> PolicyDecision:
        """Decide about one source, by its licence alone."""
        return self.judge_source(SourceFacts(expression))

    def judge_term(self, case: Case) -> PolicyDecision:
        """Decide about one licence of a source: by the first rule that applies."""
        rule = next((rule for rule in self.rules if rule.applies(case)), None)
        return rule.decide(case) if rule else _no_rule(case.term)

    @property
    def looks_at_places(self) -> bool:
        """Tell whether a decision may depend on where a source is, beyond its licence."""
        keys = {condition.key for rule in self.rules for condition in rule.conditions}
        return bool(keys & PLACES or self.own.repositories or self.own.paths)

    @property
    def sha256(self) -> str:
        """Name what the policy says: equal for policies that differ in name and origin only."""
        stated = json.dumps(self._stated(), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(stated.encode()).hexdigest()

    def describe(self) -> Mapping[str, object]:
        """Say the policy in the words of a result; `parse_policy` reads it back."""
        head = {"name": self.name, "sha256": self.sha256, "origin": self.origin}
        return head | dict(self._stated())

    def _stated(self) -> Mapping[str, object]:
        rules = [rule.describe() for rule in self.rules]
        own = self.own.describe()
        return {"combine": self.combine, "rules": rules} | ({"own": own} if own else {})

    def _judge_source(self, source: SourceFacts, match: MatchFacts) -> PolicyDecision:
        if self.own.owns(source):
            return OWN_CODE
        return self._fold(read_license(source.expression), source, match)

    def _fold(self, tree: LicenseTree, source: SourceFacts, match: MatchFacts) -> PolicyDecision:
        """OR takes the mildest of its parts, AND and WITH the strictest."""
        if isinstance(tree, Term):
            return self.judge_term(Case(tree, source, match))
        if tree.operator is Operator.WITH and (named := self._named_pair(tree, source, match)):
            return named
        parts = [self._fold(part, source, match) for part in tree.parts]
        choose = min if tree.operator is Operator.OR else max
        return choose(parts, key=_severity)

    def _named_pair(
        self, tree: Compound, source: SourceFacts, match: MatchFacts
    ) -> PolicyDecision | None:
        """Decide about a licence with an exception where a rule names the two together."""
        pair = Case(Term(render(tree), category_of(tree)), source, match)
        halves = [Case(part, source, match) for part in tree.parts if isinstance(part, Term)]
        for rule in self.rules:
            if _names_pairs(rule) and rule.applies(pair):
                return rule.decide(pair)
            if any(map(rule.applies, halves)):
                return None
        return None


DEFAULT_POLICY = Policy()


def _names_pairs(rule: Rule) -> bool:
    likes = (each.globs for each in rule.conditions_of(Like) if each.key == "license")
    return any(f" {Operator.WITH} " in glob for globs in likes for glob in globs)


def _no_rule(term: Term) -> PolicyDecision:
    return PolicyDecision(Action.REVIEW, "no-rule", f"no rule speaks of {term.id}")


def _severity(decision: PolicyDecision) -> int:
    return decision.action.severity
