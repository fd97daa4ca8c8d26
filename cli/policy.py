"""`sc2-attrib policy`: check a policy, explain what one says of a match, show the ready ones."""

import json
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from sc2_attrib.attribution.policy import Policy
from sc2_attrib.attribution.policy_explain import (
    Explanation,
    SourceVerdict,
    explain,
    find_match,
    recorded_facts,
)
from sc2_attrib.attribution.policy_file import READY_POLICIES, policy_text, read_policy
from sc2_attrib.attribution.policy_schema import policy_schema
from sc2_attrib.attribution.policy_table import Place, described_policy
from sc2_attrib.attribution.policy_warnings import PolicyWarning, warnings
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import MatchRecord, PolicyDecision, Result
from sc2_attrib.cli.inputs import STDIN
from sc2_attrib.cli.policy_options import PolicyLocation
from sc2_attrib.cli.report import load_result
from sc2_attrib.cli.streams import print_data
from sc2_attrib.cli.wording import counted
from sc2_attrib.index.errors import UsageError

DEFAULT = "default"

Location = Annotated[
    str | None,
    typer.Argument(
        metavar="POLICY",
        help=f"A policy file, or {', '.join(READY_POLICIES)}; without it the one in force here.",
    ),
]


def check(location: Location = None, policy: PolicyLocation = None) -> int:
    """Check a policy file, and warn of what has no effect in it.

    One that is not valid ends with exit code 2 and one line that says where; warnings don't change
    the code.
    """
    where = location or policy or DEFAULT
    read = read_policy(where)
    text = policy_text(where)
    found = warnings(read)
    n_rules, n_found = counted(len(read.rules), "rule"), counted(len(found), "warning")
    print_data(f"{where}: valid: {read.name}, {n_rules}, {n_found}, sha256 {read.sha256[:12]}\n")
    for each in found:
        print_data(_warning_line(each, read, Place(where, text.text)))
    return 0


def show(location: Location = None, policy: PolicyLocation = None) -> int:
    """Print a policy as the text of its file."""
    text = policy_text(location or policy or DEFAULT).text
    print_data(text if text.endswith("\n") else text + "\n")
    return 0


def schema() -> int:
    """Print the JSON Schema of policy files."""
    print_data(json.dumps(policy_schema(), indent=2, ensure_ascii=False) + "\n")
    return 0


def explain_match(
    match: Annotated[
        str,
        typer.Argument(metavar="MATCH", help="Id or fingerprint of a match, or how it begins."),
    ],
    result: Annotated[
        str, typer.Option("--result", metavar="RESULT.json", help="The result that has it.")
    ] = STDIN,
    policy: Annotated[
        str | None,
        typer.Option("--policy", metavar="POLICY", help="Ask this policy, not that of the run."),
    ] = None,
) -> int:
    """Explain why a match has its action: by which rule, source and licence.

    Without --policy it is explained by the policy of the run, which the result holds.
    """
    if result == STDIN and sys.stdin.isatty():
        raise UsageError("policy explain: name the result that has the match with --result")
    loaded = load_result(result)
    found = find_match(loaded, match)
    asked = read_policy(policy) if policy else _recorded_policy(loaded, result)
    path = next(record.path for record in loaded.inputs if record.id == found.input)
    facts = recorded_facts(found, path)
    lines = _explained(found, path, asked, explain(facts, asked))
    print_data("".join(visible(line) + "\n" for line in lines))
    return 0


def _recorded_policy(result: Result, origin: str) -> Policy:
    policy = described_policy(result.run.policy, f"{origin}: run.policy")
    if policy is None:
        raise UsageError(f"{origin}: the result holds no policy; name one with --policy")
    return policy


def _warning_line(warning: PolicyWarning, policy: Policy, place: Place) -> str:
    if warning.rule is None:
        return f"{place.origin}: warning: {warning.text}\n"
    at = place.in_rule(warning.rule)
    at = at.at(warning.key) if warning.key else at
    return f"{at}: warning: rule '{policy.rules[warning.rule].name}' {_joined(warning)}\n"


def _joined(warning: PolicyWarning) -> str:
    return f"({warning.key}): {warning.text}" if warning.key else warning.text


def _explained(
    match: MatchRecord, path: str, policy: Policy, explanation: Explanation
) -> Iterator[str]:
    first, last = match.generated.lines
    size = counted(match.size.normalized_chars, "character")
    yield f"match   {match.id[:12]}  {path}:{first}-{last}  {size}, {match.kind}"
    yield f"policy  {policy.name} ({policy.origin}), the {policy.combine} source decides"
    yield f"action  {_said(explanation.decision)}"
    if match.policy != explanation.decision:
        yield f"        the run itself says {_said(match.policy)}"
    if match.suppression:
        yield f"        suppressed by {match.suppression['kind']}: {match.suppression['reason']}"
    if match.in_prompt:
        yield "        the sources were not asked; they would say:"
    yield ""
    for number, source in enumerate(explanation.sources):
        yield from _source_lines(source, is_decisive=number == explanation.decisive)


def _source_lines(verdict: SourceVerdict, *, is_decisive: bool) -> Iterator[str]:
    source = verdict.source
    place = f"{source.repository}  {source.path}" if source.repository else "places not listed"
    others = f", and {verdict.count - 1:,} like it" if verdict.count > 1 else ""
    own = "; your own code, left out" if verdict.is_own else ""
    yield f"{'>' if is_decisive else ' '} {source.expression}  {place}{others}{own}"
    yield f"    {_said(verdict.decision)}"
    if len(verdict.terms) > 1:
        for each in verdict.terms:
            yield f"      {each.term.id}: {_said(each.decision)}"


def _said(decision: PolicyDecision) -> str:
    return f"{decision.action}, rule '{decision.rule}': {decision.reason}"
