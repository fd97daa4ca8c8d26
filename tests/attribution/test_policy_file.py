"""Policy files: what is read, what is refused and with which words, what is warned of."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_attrib.attribution.own_code import OwnCode
from sc2_attrib.attribution.policy import BUILT_IN, DEFAULT_POLICY, Combine, Policy
from sc2_attrib.attribution.policy_file import READY_POLICIES, policy_text, read_policy
from sc2_attrib.attribution.policy_rule import MatchFacts, SourceFacts
from sc2_attrib.attribution.policy_schema import policy_schema
from sc2_attrib.attribution.policy_table import Place, described_policy, parse_policy
from sc2_attrib.attribution.policy_warnings import warnings
from sc2_attrib.attribution.result import Action, Category, MatchClass, MatchKind
from sc2_attrib.index.errors import UsageError

EXPRESSIONS = st.lists(
    st.sampled_from(
        ["MIT", "GPL-3.0-only", "LGPL-2.1-only", "AGPL-3.0-only", "BUSL-1.1", "NONE", "NOASSERTION",
         "LicenseRef-x", "MIT OR GPL-2.0-only", "MIT AND MPL-2.0",
         "GPL-2.0-only WITH Classpath-exception-2.0"]
    ),
    max_size=4,
)  # fmt: skip

EVERYTHING = """\
name = "ours"
combine = "mildest"

[own]
repositories = ["acme/*"]
paths = "internal/**"
index = "own-index"

[[rules]]
name = "all"
license = ["GPL-3.0", "Apache License 2.0", "BSD-*"]
category = ["copyleft", "permissive"]
class = "code"
common = false
kind = ["near", "verbatim"]
min_chars = 10
max_chars = 500
min_lines = 1
max_lines = 20
min_lexemes = 5
max_lexemes = 100
min_similarity = 0.5
max_similarity = 1
repository = "octo/**"
path = ["**/*.py"]
language = "Python"
input = "src/**"
action = "deny"
reason = "no"
"""


def parsed(text: str, origin: str = "p.toml") -> Policy:
    return parse_policy(tomllib.loads(text), Place(origin, text))


@given(
    EXPRESSIONS,
    st.sampled_from([None, *MatchClass]),
    st.booleans(),
    st.booleans(),
    st.sampled_from(MatchKind),
)
def test_default_policy_is_its_file(
    expressions: list[str],
    match_class: MatchClass | None,
    common: bool,
    in_prompt: bool,
    kind: MatchKind,
) -> None:
    """policies/default.toml says of any match what the built-in policy says."""
    sources = tuple(SourceFacts(each, "a/b", "c", "C", kind) for each in expressions)
    facts = MatchFacts(sources, match_class, common, in_prompt, chars=200)
    assert read_policy("default").judge(facts) == DEFAULT_POLICY.judge(facts)


def test_default_policy_has_the_hash_of_its_file() -> None:
    """The two are one policy also by name and hash."""
    assert read_policy("default") == DEFAULT_POLICY
    assert read_policy("default").sha256 == DEFAULT_POLICY.sha256
    assert read_policy(None) is DEFAULT_POLICY


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("permissive-only", {"permissive": "attribute", "*": "deny"}),
        (
            "copyleft-ok",
            {
                "permissive": "attribute",
                "copyleft-limited": "attribute",
                "copyleft": "attribute",
                "proprietary": "deny",
                "*": "review",
            },
        ),
        ("audit-only", {"permissive": "attribute", "*": "review"}),
    ],
)
def test_ready_policies(name: str, expected: dict[str, str]) -> None:
    """Each ready policy does what it is named for, of every category."""
    licenses = {
        Category.PERMISSIVE: "MIT",
        Category.COPYLEFT_LIMITED: "MPL-2.0",
        Category.UNKNOWN: "LicenseRef-x",
        Category.NONE: "NONE",
        Category.COPYLEFT: "GPL-3.0-only",
        Category.NETWORK_COPYLEFT: "AGPL-3.0-only",
        Category.PROPRIETARY: "BUSL-1.1",
    }
    assert set(licenses) == set(Category)
    policy = read_policy(name)
    for category, license_ in licenses.items():
        wanted = expected.get(category, expected["*"])
        assert policy.judge_license(license_).action == wanted


@pytest.mark.parametrize("name", READY_POLICIES)
def test_ready_policies_are_sound(name: str) -> None:
    """A ready policy is valid, named as its file is, and nothing in it is without effect."""
    policy = read_policy(name)
    assert (policy.name, policy.origin) == (name, BUILT_IN)
    assert warnings(policy) == []
    assert policy_text(name).text.startswith("# ")


def test_everything_a_policy_may_say_is_read() -> None:
    """Each key is read; licences are spelt as results do."""
    policy = parsed(EVERYTHING)
    assert (policy.name, policy.combine) == ("ours", Combine.MILDEST)
    assert policy.own == OwnCode(("acme/*",), ("internal/**",), "own-index")
    [rule] = policy.rules
    stated = dict(rule.describe())
    assert stated.pop("license") == ["GPL-3.0-only", "Apache-2.0", "BSD-*"]
    written = tomllib.loads(EVERYTHING)["rules"][0]
    assert set(stated) == set(written) - {"license"}
    for key, value in stated.items():
        assert value in (written[key], [written[key]])


def test_policy_is_read_back_from_a_result() -> None:
    """What a result says of a policy is the whole policy."""
    for policy in (parsed(EVERYTHING), DEFAULT_POLICY, *map(read_policy, READY_POLICIES)):
        again = described_policy(policy.describe(), "r.json")
        assert again == policy
        assert again.origin == policy.origin
        assert again.sha256 == policy.describe()["sha256"]
    assert described_policy({}, "r.json") is None


RULE = '[[rules]]\naction = "deny"\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "p.toml: no rules; "),
        ("rules = 3", "p.toml:1: rules: write each rule as a table"),
        ('[[rules]]\nname = "x"\n', "p.toml:1: rules[1]: a rule needs an action: allow, "),
        (RULE + 'licence = "MIT"', "p.toml:3: rules[1].licence: unknown key 'licence'; did you"),
        (RULE + "zzz = 1", "p.toml:3: rules[1].zzz: unknown key 'zzz'; there are name, license,"),
        ('comb = "mildest"\n' + RULE, "p.toml:1: comb: unknown key 'comb'; did you mean 'combine"),
        ('combine = "all"\n' + RULE, "p.toml:1: combine: 'all' is none of the choices; "),
        (RULE + '\n[[rules]]\naction = "alow"', "p.toml:5: rules[2].action: 'alow' is none of the"),
        (RULE + 'category = "gpl"', "p.toml:3: rules[1].category: 'gpl' is none of the choices"),
        (RULE + "category = [1]", "p.toml:3: rules[1].category: found 1; write a text"),
        (RULE + "class = true", "p.toml:3: rules[1].class: found True; write a text"),
        (RULE + 'license = "MIT OR ISC"', "p.toml:3: rules[1].license: 'MIT OR ISC' is an expres"),
        (RULE + 'license = " "', "p.toml:3: rules[1].license: ' ' is empty, or holds"),
        (RULE + 'path = "a\\u001bb"', "p.toml:3: rules[1].path: 'a\\x1bb' is empty, or holds"),
        (RULE + 'common = "yes"', "p.toml:3: rules[1].common: found 'yes'; write true or false"),
        (RULE + "min_chars = -1", "p.toml:3: rules[1].min_chars: found -1; write 0 or more"),
        (RULE + "min_chars = 1.5", "p.toml:3: rules[1].min_chars: found 1.5; write a whole number"),
        (RULE + "max_lines = true", "p.toml:3: rules[1].max_lines: found True; write a whole"),
        (RULE + "min_similarity = 80", "p.toml:3: rules[1].min_similarity: found 80; write a numb"),
        (RULE + "max_similarity = nan", "p.toml:3: rules[1].max_similarity: found nan; write a nu"),
        (RULE + 'name = "a"\n' + RULE + 'name = "a"', "p.toml:6: rules[2].name: 'a' is the name"),
        (RULE + '[own]\nrepos = "a"', "p.toml:4: own.repos: unknown key 'repos'; there are rep"),
        ("own = 3\n" + RULE, "p.toml:1: own: found 3; write a table"),
        ('rules = [{ action = "no" }]', "p.toml: rules[1].action: 'no' is none of the choices"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, complaint: str) -> None:
    """Each fault has a line that names file, line, key and value."""
    with pytest.raises(UsageError) as caught:
        parsed(text)
    assert str(caught.value).startswith(complaint)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.toml", b"x = \n", "not valid TOML: Invalid value (at line 1, column 5)"),
        ("a.toml", b"\xff", "byte 0 is no UTF-8"),
        ("a.toml", b"#" * (1 << 20) + b"#", "larger than 1,048,576 bytes"),
        ("pyproject.toml", b"[tool.x]\n", "no table [tool.sc2-attrib.policy]"),
        ("pyproject.toml", b"tool = 3\n", "no table [tool.sc2-attrib.policy]"),
        ("a.toml", b"a = " + b"[" * 100_000, "not valid TOML"),
    ],
)
def test_files_that_hold_no_policy_are_refused(
    name: str, content: bytes, complaint: str, tmp_path: Path
) -> None:
    """A file that can't be read as a policy is named with the reason."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError, match=re.escape(f"{path}: {complaint}")):
        read_policy(str(path))


def test_missing_file_names_the_ready_policies(tmp_path: Path) -> None:
    """Who misspells a ready policy is told their names."""
    with pytest.raises(UsageError, match="ready policies are default, permissive-only"):
        read_policy(str(tmp_path / "permisive-only"))


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("sc2-attrib-policy.toml", ""),
        ("pyproject.toml", "tool.sc2-attrib.policy."),
        ("sc2-attrib.toml", "policy."),
    ],
)
def test_policy_may_stand_in_three_kinds_of_file(name: str, head: str, tmp_path: Path) -> None:
    """The table stands alone, or in a file of settings; errors have the line there too."""
    path = tmp_path / name
    path.write_text(f'[[{head}rules]]\naction = "deny"\n\n[{head}own]\nindex = "idx"\n')
    policy = read_policy(str(path))
    assert policy.judge_license("MIT").action is Action.DENY
    assert policy.own.index == str(tmp_path / "idx")
    path.write_text(f'[[{head}rules]]\n\n[[{head}rules]]\nact = "deny"\n')
    with pytest.raises(UsageError, match=rf"{name}:1: rules\[1\]: a rule needs an action"):
        read_policy(str(path))


def test_index_of_own_code_is_found_from_the_file(tmp_path: Path) -> None:
    """A relative folder is relative to the file; names and servers stay as they are."""
    path = tmp_path / "p.toml"
    for index, expected in (
        ("idx", str(tmp_path / "idx")),
        ("/idx", "/idx"),
        ("demo", "demo"),
        ("elasticsearch+http://localhost/x", "elasticsearch+http://localhost/x"),
    ):
        path.write_text(f'{RULE}[own]\nindex = "{index}"\n')
        assert read_policy(str(path)).own.index == expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (['license = "MITT"'], "'MITT' is no licence that is known"),
        (["min_chars = 9\nmax_chars = 8"], "9 is above max_chars, 8"),
        (["min_similarity = 0.9\nmax_similarity = 0.5"], "0.9 is above max_similarity, 0.5"),
        (['kind = "verbatim"\nmax_similarity = 0.9'], "only near matches are less than 1"),
        (['license = "MIT"\ncategory = "copyleft"'], "no licence of the rule is copyleft"),
        (["", 'license = "MIT"'], "can't apply: 'rule-1' before it"),
        (['category = "copyleft"', 'license = "GPL-3.0"'], "can't apply: 'rule-1' before it"),
        (
            ['category = "copyleft"', 'category = "permissive"', 'license = ["MIT", "GPL-2.0"]'],
            "can't apply: 'rule-1', 'rule-2' before it",
        ),
        (["min_chars = 100", 'min_chars = 200\nlicense = "MIT"'], "can't apply: 'rule-1' before"),
        (["max_chars = 100", "max_chars = 50"], "can't apply: 'rule-1' before it"),
        (['license = "GPL-*"', 'license = "GPL-3*"'], "can't apply: 'rule-1' before it"),
        (['path = "**"', 'path = "a/*.py"'], "can't apply: 'rule-1' before it"),
        (["common = true", 'common = true\nclass = "code"'], "can't apply: 'rule-1' before it"),
        (['category = "permissive"'], "no rule speaks of every copyleft-limited, unknown, none, "),
        (['repository = "a/*"'], "sees only the sources that a run lists"),
    ],
)
def test_warnings(rules: list[str], expected: str) -> None:
    """What has no effect in a valid policy is told."""
    text = "".join(f'[[rules]]\n{rule}\naction = "deny"\n' for rule in rules)
    assert [each.text for each in warnings(parsed(text)) if expected in each.text]


@pytest.mark.parametrize(
    "rules",
    [
        ['license = "GPL-3.0"', 'license = "GPL-2.0"'],
        ['category = "copyleft"', 'license = ["GPL-3.0", "MIT"]'],
        ["min_chars = 200", "min_chars = 100"],
        ['path = "*"', 'path = "**"'],
        ['path = "a/*"', 'path = "a/*/b"'],
        ['path = "a/?"', 'path = "a/*"'],
        ['path = "PATH"', 'path = "path"'],
        ["common = true", "common = false"],
        ['license = "MIT"\nmin_chars = 5', 'license = "MIT"'],
        ['license = "LicenseRef-scancode-public-domain"'],
    ],
)
def test_rules_with_effect_are_not_warned_of(rules: list[str]) -> None:
    """A rule that may apply is never said not to."""
    text = "".join(f'[[rules]]\n{rule}\naction = "allow"\n' for rule in rules)
    assert [each for each in warnings(parsed(text)) if each.rule is not None] == []


CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "license": st.sampled_from(["MIT", "GPL-3.0-only", "GPL-*", "*"]),
        "category": st.sampled_from(["permissive", "copyleft"]),
        "class": st.sampled_from(["code", "license"]),
        "min_chars": st.integers(0, 3),
        "max_chars": st.integers(0, 3),
        "path": st.sampled_from(["a", "*", "**", "a/*", "a/**", "[a]"]),
    },
)


@given(st.lists(CONDITIONS, min_size=1, max_size=4))
def test_rule_that_is_said_not_to_apply_never_does(conditions: list[dict[str, Any]]) -> None:
    """No warning of a rule without effect is false, on all facts that such rules tell apart."""
    rules = [{**each, "action": "deny"} for each in conditions]
    policy = parse_policy({"rules": rules}, Place("p"))
    idle = {
        policy.rules[each.rule].name
        for each in warnings(policy)
        if each.rule is not None and ("can't" in each.text or "above" in each.text)
    }
    deciding = {
        policy.judge(MatchFacts((SourceFacts(license_, path=path),), class_, chars=chars)).rule
        for license_ in ("MIT", "GPL-3.0-only", "GPL-2.0-only", "MPL-2.0")
        for path in (None, "a", "b", "a/b", "a/b/c")
        for class_ in (None, MatchClass.CODE, MatchClass.LICENSE, MatchClass.DOCS)
        for chars in range(4)
    }
    assert idle.isdisjoint(deciding)


def test_schema_agrees_with_the_reader() -> None:
    """What the reader takes is valid by the schema, and what it refuses for its shape is not."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = policy_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for text in (EVERYTHING, *(policy_text(name).text for name in READY_POLICIES)):
        assert validator.is_valid(tomllib.loads(text))
    refused = ("", RULE + "zzz = 1", RULE + "min_chars = -1", RULE + 'category = "gpl"')
    for text in (*refused, 'combine = "x"\n' + RULE, RULE + "[own]\nrepos = 1", "[[rules]]\n"):
        assert not validator.is_valid(tomllib.loads(text))
