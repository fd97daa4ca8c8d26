"""Matches that are known about: own code, baselines, reviewed choices."""

import json
import re
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from sc2_attrib.attribution import result_json
from sc2_attrib.attribution.baseline import Baseline, KnownMatch, read_baseline
from sc2_attrib.attribution.check import Checker, CheckInput, UncheckedInput
from sc2_attrib.attribution.outcome import FailOn, assemble, exit_code
from sc2_attrib.attribution.own_code import OwnCode
from sc2_attrib.attribution.policy import Policy
from sc2_attrib.attribution.result import Action, InputKind, Result, Verdict
from sc2_attrib.attribution.review import Choice, Reviews, read_reviews
from sc2_attrib.attribution.suppression import KnownMatches, licenses_of
from sc2_attrib.attribution.toml_text import toml_value
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
    failed,
    file,
    occurrence,
)

TODAY = date(2026, 6, 1)
ABOUT = Choice("", Action.ALLOW, "ours", "Ada", date(2026, 1, 1))


def checked(
    *inputs: CheckInput | UncheckedInput,
    policy: Policy | None = None,
    own: list[SourceDocument] | None = None,
    known: tuple[KnownMatches, ...] = (),
    fail_on: FailOn = FailOn.DENY,
) -> Result:
    """Check inputs against the sample documents."""
    searcher = BruteSearcher(documents())
    checker = Checker(
        searcher,
        min_chars=50,
        policy=policy or Policy(),
        own_code=BruteSearcher(own) if own is not None else None,
    )
    found = list(checker.check(inputs))
    return assemble(a_run(searcher), found, fail_on=fail_on, known=known)


def baseline_of(result: Result) -> Baseline:
    return Baseline("b.toml", {}).updated(result, lambda _: False)


def test_own_repositories_do_not_count() -> None:
    """A match in own repositories alone is suppressed; others are judged without them."""
    own = OwnCode(repositories=("octo/*", "nobody/*"))
    result = checked(file("a.py", FOLD), file("b.py", COUNT), policy=Policy(own=own))
    [mine, other] = result.matches
    assert mine.suppression == {"kind": "own-code", "reason": "every source is your own code"}
    assert (mine.policy.action, mine.policy.rule) == (Action.ALLOW, "own-code")
    assert other.suppression is None
    assert result.summary.suppressed == {"own-code": 1}
    assert result.summary.by_action["attribute"] == 1
    assert result.summary.verdict is Verdict.MATCHES


def test_own_sources_stay_listed() -> None:
    """Of a match that has other sources too, all are listed and the others decide."""
    own = OwnCode(repositories=("nobody/*",))
    [match] = checked(file("a.py", FOLD), policy=Policy(own=own)).matches
    assert {source.repo for source in match.sources} == {"octo/fold", "nobody/fold"}
    assert (match.policy.action, match.suppression) == (Action.ATTRIBUTE, None)
    [undecided] = checked(file("a.py", FOLD)).matches
    assert undecided.policy.action is Action.REVIEW


def test_text_in_an_index_of_own_code_does_not_count() -> None:
    """A match that stands whole in the own index is suppressed, and it is said where."""
    own = [SourceDocument(b"# ours\n" + FOLD, occurrence("acme/tool", "fold.py"))]
    result = checked(file("a.py", FOLD), file("b.py", PARSE), own=own)
    suppressed = {match.input: match.suppression for match in result.matches}
    by_path = {record.path: suppressed[record.id] for record in result.inputs}
    mine = by_path["a.py"]
    assert mine is not None
    assert (mine["kind"], mine["repository"], mine["path"]) == ("own-code", "acme/tool", "fold.py")
    assert by_path["b.py"] is None
    assert exit_code(result) == 1


def test_part_in_an_index_of_own_code_is_not_enough() -> None:
    """Where only a part of the match is own code, it counts."""
    own = [SourceDocument(FOLD[:150], occurrence("acme/tool", "fold.py"))]
    [match] = checked(file("a.py", FOLD), own=own).matches
    assert match.suppression is None


def test_known_matches_stay_quiet_and_new_ones_fail() -> None:
    """A run with a baseline fails by what the baseline doesn't hold."""
    before = checked(file("a.py", PARSE))
    assert exit_code(before) == 1
    baseline = baseline_of(before)
    same = checked(file("a.py", b"\n\n# moved\n" + PARSE), known=(baseline,))
    assert exit_code(same) == 0
    assert same.summary.verdict is Verdict.CLEAN
    assert same.summary.suppressed == {"baseline": len(before.matches)}
    assert all(match.suppression is not None for match in same.matches)
    more = checked(file("a.py", PARSE), file("b.py", PARSE), known=(baseline,))
    assert exit_code(more) == 1


def test_baseline_counts_equal_matches() -> None:
    """A second copy of a known text in the same file is new: it has a fingerprint of its own."""
    baseline = baseline_of(checked(file("a.py", FOLD), fail_on=FailOn.MATCH))
    twice = checked(
        file("a.py", FOLD + b"\nsomething = else_\n" * 9 + FOLD),
        known=(baseline,),
        fail_on=FailOn.MATCH,
    )
    assert [match.suppression is None for match in twice.matches] == [False, True]
    assert twice.matches[1].fingerprint == twice.matches[0].fingerprint + ":2"
    assert exit_code(twice) == 1


def test_baseline_file_round_trip(tmp_path: Path) -> None:
    """What is written is sorted, one line a match, and reads back."""
    matches = {
        name: KnownMatch(name, path, "deny", ("MIT",))
        for name, path in (("f2", "b.py"), ("f1:2", "b.py"), ("f3", 'a "q"\x7f\u2028é.py'))
    }
    text = Baseline("b.toml", matches).render("1.0")
    path = tmp_path / "b.toml"
    path.write_text(text)
    assert read_baseline(path) == Baseline("b.toml", matches)
    entries = [line.partition(" = ")[0] for line in text.split("\n") if "deny" in line]
    assert entries == ['"f3"', '"f1:2"', '"f2"']
    assert 'tool_version = "1.0"' in text


def test_update_drops_what_is_gone_and_keeps_what_was_not_checked() -> None:
    """Stale entries go; those of files that this run didn't see stay while the file is there."""
    old = Baseline(
        "b.toml",
        {
            name: KnownMatch(name, path, "deny", ())
            for name, path in (("f1", "a.py"), ("f2", "lib/there.py"), ("f3", "gone.py"))
        },
    )
    result = checked(file("a.py", FOLD), failed("error.py"))
    assert [known.fingerprint for known in old.stale(result)] == ["f1"]
    updated = old.updated(result, lambda path: path != "gone.py")
    assert set(updated.matches) == {"f2", result.matches[0].fingerprint}


def test_files_that_could_not_be_checked_keep_their_entries() -> None:
    """An error is no reason to forget, nor is a diff, which shows a part of the matches."""
    old = Baseline("b.toml", {"f1": KnownMatch("f1", "a.py", "deny", ())})
    diff = CheckInput(InputKind.DIFF, "a.py", b"x = 1\n")
    for item in (failed("a.py"), diff):
        result = checked(item)
        assert old.stale(result) == []
        assert set(old.updated(result, lambda _: True).matches) == {"f1"}


def test_baseline_takes_in_only_what_counts() -> None:
    """Text of the prompt, own code and reviewed matches don't enter a baseline."""
    prompt = completion("c.py", FOLD, b"x = 1\n")
    own = Policy(own=OwnCode(("fork*/*",)))
    first = checked(file("a.py", PARSE))
    reviews = Reviews(
        {m.fingerprint: replace(ABOUT, fingerprint=m.fingerprint) for m in first.matches}, TODAY
    )
    result = checked(prompt, file("b.py", COUNT), file("a.py", PARSE), policy=own, known=(reviews,))
    assert len(result.matches) >= 3
    assert baseline_of(result).matches == {}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x = \n", "not valid TOML"),
        ("x = 1\n", "schema is None, but this version reads 'sc2-attrib/baseline/1'"),
        ('schema = "sc2-attrib/baseline/1"\nmatches = 1', "matches: found 1; write a table"),
        ('schema = "sc2-attrib/baseline/1"\n[matches]\nf = {}', "matches.f: found {}; a match"),
    ],
)
def test_file_that_is_no_baseline_is_refused(text: str, complaint: str, tmp_path: Path) -> None:
    """What can't be read as a baseline is told with file and key."""
    path = tmp_path / "b.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=re.escape(f"{path}: {complaint}")):
        read_baseline(path)


def reviewed(choice: Choice, *, today: date = TODAY, fail_on: FailOn = FailOn.MATCH) -> Result:
    """Check a copy of FOLD under a choice about it."""
    [match] = checked(file("a.py", FOLD)).matches
    about = replace(choice, fingerprint=match.fingerprint)
    reviews = Reviews({about.fingerprint: about}, today)
    return checked(file("a.py", FOLD), known=(reviews,), fail_on=fail_on)


@pytest.mark.parametrize("action", [Action.ALLOW, Action.ATTRIBUTE])
def test_reviewed_match_counts_no_longer(action: Action) -> None:
    """An allowed or attributed match is suppressed, with all that was said about it."""
    result = reviewed(replace(ABOUT, action=action, expires=date(2026, 6, 1)))
    [match] = result.matches
    assert (match.policy.action, match.policy.rule) == (action, "review")
    assert match.suppression == {
        "kind": "review",
        "reason": "ours",
        "action": action,
        "author": "Ada",
        "decided": "2026-01-01",
        "expires": "2026-06-01",
        "policy": {
            "action": "review",
            "rule": "none",
            "reason": "no licence was found",
        },
    }
    assert exit_code(result) == 0
    assert result.summary.suppressed == {"review": 1}


def test_denied_match_counts_whatever_the_policy_says() -> None:
    """A denial makes a violation of a match that the policy would let pass."""
    result = reviewed(replace(ABOUT, action=Action.DENY), fail_on=FailOn.DENY)
    [match] = result.matches
    assert (match.policy.action, match.policy.rule) == (Action.DENY, "review")
    assert match.policy.reason == "ours (reviewed by Ada)"
    assert match.suppression is None
    assert exit_code(result) == 1


@pytest.mark.parametrize(
    ("today", "counts"),
    [(date(2026, 5, 31), False), (date(2026, 6, 1), False), (date(2026, 6, 2), True)],
)
def test_choice_holds_through_its_last_day(today: date, counts: bool) -> None:
    """The day after, the match counts again."""
    result = reviewed(replace(ABOUT, expires=date(2026, 6, 1)), today=today)
    assert (exit_code(result) == 1) is counts


def test_choice_holds_for_the_licenses_that_were_seen() -> None:
    """Where a source under another licence has come up, the match counts again."""
    [match] = checked(file("a.py", FOLD)).matches
    assert licenses_of(match) == ("Apache-2.0", "NONE")
    assert exit_code(reviewed(replace(ABOUT, licenses=("Apache-2.0", "MIT", "NONE")))) == 0
    assert exit_code(reviewed(replace(ABOUT, licenses=("Apache-2.0",)))) == 1


def test_review_comes_before_the_baseline() -> None:
    """Of two that know a match, the first that was named settles it."""
    first = checked(file("a.py", FOLD))
    [match] = first.matches
    about = replace(ABOUT, fingerprint=match.fingerprint)
    known = (Reviews({about.fingerprint: about}, TODAY), baseline_of(first))
    assert checked(file("a.py", FOLD), known=known).summary.suppressed == {"review": 1}


def test_reviews_file_round_trip(tmp_path: Path) -> None:
    """What is written reads back, sorted by path."""
    choices = [
        replace(
            ABOUT, fingerprint="f1", path="b.py", licenses=("MIT", "NONE"), reason='say "hi"\n'
        ),
        replace(ABOUT, fingerprint="f2", path="a.py", expires=date(2027, 1, 1)),
        replace(ABOUT, fingerprint="f3", action=Action.DENY),
    ]
    reviews = Reviews({}, TODAY)
    for choice in choices:
        reviews = reviews.having(choice)
    path = tmp_path / "r.toml"
    path.write_text(reviews.render())
    again = read_reviews(path, TODAY)
    assert again == reviews
    assert list(again.choices) == ["f3", "f2", "f1"]
    assert read_reviews(tmp_path / "none.toml", TODAY) == Reviews({}, TODAY)


def test_expired_choices_are_dropped() -> None:
    """Pruning drops what has expired and nothing else."""
    old = replace(ABOUT, fingerprint="f1", expires=date(2026, 5, 31))
    new = replace(ABOUT, fingerprint="f2", expires=date(2026, 6, 1))
    reviews = Reviews({}, TODAY).having(old).having(new)
    assert reviews.expired() == [old]
    assert reviews.without(reviews.expired()).choices == {"f2": new}


VALID = 'fingerprint = "f"\naction = "allow"\nreason = "r"\nauthor = "a"\ndecided = 2026-01-01\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (VALID.replace("allow", "review"), "reviews[1].action: 'review' is none of allow, "),
        (VALID.replace('"r"', '""'), "reviews[1].reason: found ''; a reviewed choice needs a text"),
        (VALID.replace("2026-01-01", '"today"'), "reviews[1].decided: found 'today'; write a date"),
        (VALID + "expires = 2026-01-01T00:00:00", "reviews[1].expires: found datetime"),
        (VALID + "expire = 2026-01-01", "reviews[1]: unknown key 'expire'; there are fingerprint"),
        (VALID + 'licenses = "MIT"', "reviews[1].licenses: found 'MIT'; write a list"),
    ],
)
def test_wrong_reviews_are_refused(text: str, complaint: str, tmp_path: Path) -> None:
    """What is wrong with a choice is told with file, number and key."""
    path = tmp_path / "r.toml"
    path.write_text(f'schema = "sc2-attrib/reviews/1"\n[[reviews]]\n{text}')
    with pytest.raises(UsageError, match=re.escape(f"{path}: {complaint}")):
        read_reviews(path, TODAY)


def test_suppressed_results_are_valid_by_the_schema() -> None:
    """Each kind of suppression is valid, and saved and read back unchanged."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = result_json.schema()
    first = checked(file("a.py", FOLD))
    results = [
        reviewed(replace(ABOUT, expires=date(2027, 1, 1))),
        checked(file("a.py", FOLD), known=(baseline_of(first),)),
        checked(file("a.py", FOLD), policy=Policy(own=OwnCode(("**",)))),
        checked(file("a.py", FOLD), own=[SourceDocument(FOLD, occurrence("acme/x", "y.py"))]),
    ]
    for result in results:
        assert sum(result.summary.suppressed.values()) == 1
        text = result_json.dump(result)
        jsonschema.validate(json.loads(text), schema)
        assert result_json.dump(result_json.load(text)) == text


@pytest.mark.parametrize(
    "value", ["", 'a"b\\c', "\x00\x1b\x7f\u2028é\U0001f600", "true", 3, True, ["a", "b"]]
)
def test_values_are_written_as_toml(value: object) -> None:
    """What is written is read back by Python's own reader."""
    assert tomllib.loads(f"x = {toml_value(value)}\n") == {"x": value}
