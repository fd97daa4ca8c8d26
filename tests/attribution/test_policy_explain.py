"""Why a match has its action, and old records checked again."""

import json
from dataclasses import replace
from typing import Any

import pytest

from sc2_attrib.attribution.check import Checker, CheckInput, UncheckedInput
from sc2_attrib.attribution.ledger_recheck import Change, ChangeKind, changes, inputs_again
from sc2_attrib.attribution.ledger_record import records_of
from sc2_attrib.attribution.outcome import FailOn, assemble
from sc2_attrib.attribution.own_code import OwnCode
from sc2_attrib.attribution.policy import DEFAULT_POLICY, Combine, Policy
from sc2_attrib.attribution.policy_explain import (
    Explanation,
    explain,
    find_match,
    recorded_facts,
)
from sc2_attrib.attribution.policy_rule import Like, Rule
from sc2_attrib.attribution.result import Action, Result
from sc2_attrib.index.corpus.document import SourceDocument
from sc2_attrib.index.errors import UsageError
from tests.attribution.brute import BruteSearcher
from tests.attribution.samples import (
    COUNT,
    FOLD,
    PARSE,
    a_run,
    completion,
    documents,
    file,
    occurrence,
)


def checked(
    *inputs: CheckInput | UncheckedInput,
    policy: Policy = DEFAULT_POLICY,
    held: list[SourceDocument] | None = None,
    max_sources: int = 100,
) -> Result:
    searcher = BruteSearcher(documents() if held is None else held)
    checker = Checker(searcher, min_chars=50, policy=policy, max_sources=max_sources)
    return assemble(a_run(searcher), list(checker.check(inputs)), fail_on=FailOn.DENY)


def explained(result: Result, policy: Policy, number: int = 0) -> Explanation:
    match = result.matches[number]
    path = next(record.path for record in result.inputs if record.id == match.input)
    return explain(recorded_facts(match, path), policy)


@pytest.mark.parametrize(
    "policy",
    [
        DEFAULT_POLICY,
        Policy(combine=Combine.MILDEST),
        Policy(own=OwnCode(("octo/*",))),
        Policy(rules=(Rule("forks", Action.ALLOW, (Like("repository", ("fork*/*",)),)),)),
    ],
)
@pytest.mark.parametrize("max_sources", [0, 3])
def test_explanation_is_the_decision(policy: Policy, max_sources: int) -> None:
    """A recorded match, judged again, comes to what the run said; one source explains it."""
    inputs = (file("a.py", FOLD), file("b.py", COUNT), file("c.py", PARSE),
              completion("d", FOLD, b"x\n"))  # fmt: skip
    result = checked(*inputs, policy=policy, max_sources=max_sources)
    assert len(result.matches) >= 4
    for number, match in enumerate(result.matches):
        explanation = explained(result, policy, number)
        assert explanation.decision == match.policy
        if explanation.decisive is not None:
            assert explanation.sources[explanation.decisive].decision == match.policy
        else:
            assert match.policy.rule in ("in-prompt", "own-code")


def test_every_source_and_license_is_listed() -> None:
    """Each source says what it would have given, and each licence of it by which rule."""
    held = [
        SourceDocument(FOLD, occurrence("a/a", "x.py", "MIT OR GPL-3.0-only")),
        SourceDocument(FOLD + b"\n# v2", occurrence("b/b", "y.py", "ISC")),
    ]
    result = checked(file("a.py", FOLD), held=held)
    explanation = explained(result, DEFAULT_POLICY)
    by_repo = {each.source.repository: each for each in explanation.sources}
    assert {str(each.term.id): each.decision.rule for each in by_repo["a/a"].terms} == {
        "MIT": "permissive",
        "GPL-3.0-only": "copyleft",
    }
    assert by_repo["a/a"].decision.action is Action.ATTRIBUTE
    assert by_repo["b/b"].decision.action is Action.ATTRIBUTE


def test_sources_that_are_alike_are_one_line() -> None:
    """Where the policy looks at no places, equal sources are counted."""
    explanation = explained(checked(file("a.py", COUNT)), DEFAULT_POLICY)
    assert [(each.source.expression, each.count) for each in explanation.sources] == [("ISC", 14)]
    looking = Policy(rules=(Rule("x", Action.ALLOW, (Like("path", ("**",)),)),))
    assert len(explained(checked(file("a.py", COUNT)), looking).sources) == 14


def test_matches_are_found_by_how_their_names_begin() -> None:
    """An id, a fingerprint or the start of one names a match; anything else is told."""
    result = checked(file("a.py", FOLD), file("b.py", COUNT))
    first, second = result.matches
    assert find_match(result, first.id) is first
    assert find_match(result, second.id[:12]) is second
    assert find_match(result, second.fingerprint) is second
    for wrong in ("zz", ""):
        with pytest.raises(UsageError):
            find_match(result, wrong)


def record_of(result: Result, *, with_text: bool = True) -> dict[str, Any]:
    """A record as it is read back from JSON."""
    [record] = records_of(result, with_text=with_text)
    read: dict[str, Any] = json.loads(json.dumps(record))
    return read


def again(
    record: dict[str, Any],
    *,
    held: list[SourceDocument] | None = None,
    policy: Policy = DEFAULT_POLICY,
    removed: bool = False,
) -> list[Change]:
    today = checked(*inputs_again(record, {"a.py": FOLD}.get), held=held, policy=policy)
    return changes(record, today, lambda _document, _repository: removed)


def test_nothing_has_changed() -> None:
    """The same text, index and policy give no change; the text is read from its file."""
    assert again(record_of(checked(file("a.py", FOLD)))) == []


def test_completion_is_checked_as_it_was() -> None:
    """What the model wrote and what it was sent are told apart again."""
    given = completion("<completion>", FOLD, PARSE)
    record = record_of(checked(given))
    assert [match["in_prompt"] for match in record["matches"]].count(True) == 1
    [once_more] = inputs_again(record, lambda _: None)
    assert isinstance(once_more, CheckInput)
    assert once_more.raw == given.raw
    assert once_more.generated == replace(given.generated, vetoes=()) if given.generated else None
    assert again(record) == []


def test_text_that_is_not_at_hand_is_told() -> None:
    """Without a kept text or an unchanged file there is no answer, and no change either."""
    record = record_of(checked(file("other.py", FOLD)), with_text=False)
    [missing] = inputs_again(record, lambda _: b"changed")
    assert isinstance(missing, UncheckedInput)
    assert again(record) == []


def test_changes_are_told_apart() -> None:
    """New matches, take-downs, other documents, licences and actions each have their word."""
    record = record_of(checked(file("a.py", FOLD)))
    elsewhere = [SourceDocument(PARSE, occurrence("x/y", "z.py", "MIT"))]
    assert [each.kind for each in again(record, held=elsewhere)] == [ChangeKind.GONE]
    [gone] = again(record, held=elsewhere, removed=True)
    assert (gone.kind, gone.path) == (ChangeKind.TAKEN_DOWN, "a.py")
    assert gone.before == "review: Apache-2.0, NONE"
    relicensed = [SourceDocument(FOLD, occurrence("x/y", "z.py", "GPL-3.0"))]
    found = again(record, held=relicensed)
    assert [(each.kind, each.before, each.after) for each in found] == [
        (ChangeKind.ACTION, "review", "deny"),
        (ChangeKind.LICENSES, "Apache-2.0, NONE", "GPL-3.0-only"),
    ]
    nothing = record_of(checked(file("a.py", FOLD), held=elsewhere))
    [new] = again(nothing)
    assert (new.kind, new.after) == (ChangeKind.NEW, "review: Apache-2.0, NONE")
    strict = Policy(rules=(Rule("all", Action.DENY),))
    assert [each.kind for each in again(record, policy=strict)] == [ChangeKind.ACTION]


def test_record_says_what_was_checked() -> None:
    """A record names run, index, model, policy, texts and matches; texts only where asked for."""
    result = checked(completion("<completion>", b"", FOLD))
    record = record_of(result, with_text=False)
    assert record["kind"] == "completion"
    assert record["model"]["id"] == "bigcode/starcoder2-3b"
    assert record["index"]["id"] == result.run.index.id if result.run.index else False
    assert record["matches"][0]["fingerprint"] == result.matches[0].fingerprint
    assert "text" not in record["inputs"][0]
    assert record_of(result)["inputs"][0]["text"] == FOLD.decode()
