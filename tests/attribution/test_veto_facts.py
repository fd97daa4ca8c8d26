"""What is denied by its class or size: while it is written what a check denies afterwards."""

import random
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from sc2_attrib.attribution.check import Checker, CheckInput
from sc2_attrib.attribution.match import Generated
from sc2_attrib.attribution.policy import Policy
from sc2_attrib.attribution.policy_rule import Limit, OneOf, Rule
from sc2_attrib.attribution.result import Action, InputKind, MatchClass
from sc2_attrib.attribution.veto import PolicyVeto
from sc2_attrib.index.building import BuildOptions, build_index
from sc2_attrib.index.corpus.document import SourceDocument
from sc2_attrib.index.local import LocalIndex, open_index
from tests.attribution.test_veto import forbids
from tests.index.corpora import Documents, document

GUARANTEE, MIN_CHARS = 32, 66
N_RECITED = 4
NOTICE = """\
# This program is free software; you can redistribute it and/or modify it under the terms of the
# GNU General Public License as published by the Free Software Foundation; either version 2 of the
# License, or (at your option) any later version. Copyright (C) 2001 {name}.
"""
STARRED = "/*\n" + NOTICE.replace("#", " *") + " */\n"
OPEN = 'NOTE = """\n' + NOTICE.replace("# ", "") + '"""\n'
IMPORTS = "import {a}, {b}, {c}\nfrom {a}.{b} import {c}, {d}\nfrom {b}.{d} import {a} as {c}\n"
CODE = """\
def {a}({b}, {c}):
    {d} = [{b}.{a}({c}) for {c} in {b} if not {c}.{d}]
    while {d}:
        {b}.{c}({d}.pop(), {a}=1)
    return {b}.{d}({c}) or "{d} {a}"
"""
DEFAULT = Policy()
POLICIES = {
    "default": DEFAULT,
    "short runs pass": Policy(
        rules=(Rule("short", Action.ALLOW, (Limit("max_chars", 120),)), *DEFAULT.rules)
    ),
    "long runs of anything don't": Policy(
        rules=(Rule("long", Action.DENY, (Limit("min_chars", 110),)), *DEFAULT.rules)
    ),
    "imports of anything don't": Policy(
        rules=(
            Rule("imports", Action.DENY, (OneOf("class", (MatchClass.IMPORTS,)),)),
            *DEFAULT.rules,
        )
    ),
}


def make_documents(rng: random.Random) -> list[SourceDocument]:
    """Files of a notice, imports and code in turn, under two licences."""
    made = []
    for number in range(24):
        words = {key: "".join(rng.choices("abcdefgimnorstu", k=7)) for key in ("a", "b", "c", "d")}
        notice = rng.choice((NOTICE, STARRED, OPEN, "")).format(name=words["a"].title())
        parts = [IMPORTS.format(**words), *(CODE.format(**words), "\n")[: rng.randrange(1, 3)]]
        rng.shuffle(parts)
        each = document(
            (notice + "".join(parts)).encode(), "a.py", ("GPL-2.0-or-later", "MIT")[number % 2]
        )
        place = replace(each.occurrence, repository=f"owner/{number}", language="Python")
        made.append(replace(each, occurrence=place))
    return made


@pytest.fixture(scope="module")
def documents() -> list[SourceDocument]:
    """The corpus."""
    return make_documents(random.Random(3))


@pytest.fixture(scope="module")
def index(
    documents: list[SourceDocument], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalIndex]:
    """An index of it."""
    folder = tmp_path_factory.mktemp("facts") / "index"
    build_index([Documents(documents)], folder, BuildOptions(GUARANTEE, near=False))
    with open_index(folder) as opened:
        yield opened


def denied(checker: Checker, text: bytes, prompt: bytes) -> set[str]:
    """Check a finished text: the classes of its denied matches."""
    generated = Generated(len(prompt), len(text), (prompt,))
    item = CheckInput(InputKind.COMPLETION, "<completion>", text, generated=generated)
    [checked] = checker.check([item])
    return {match.class_ or "" for match in checked.matches if match.policy.action is Action.DENY}


def recited(rng: random.Random, text: str) -> Iterator[bytes]:
    """Cut a text to tokens; at times another word is written, and reciting goes on behind it."""
    for piece in re.findall(r"\s*\w{1,6}|\s*[^\w\s]+|\s+", text):
        yield piece.encode()
        if rng.random() < 0.01:
            yield rng.choice((b' "', b"*/", b"'''", b"\n", b" other"))


@pytest.mark.parametrize("name", POLICIES)
def test_denies_what_a_check_denies(
    name: str, index: LocalIndex, documents: list[SourceDocument]
) -> None:
    """A token is forbidden exactly where a check of the text that ends with it denies something."""
    rng = random.Random(name)
    checker = Checker(index, min_chars=MIN_CHARS, policy=POLICIES[name], near=None)
    veto = PolicyVeto(index, policy=POLICIES[name], min_chars=MIN_CHARS)
    written = set[bool]()
    n_forbidden = 0
    for source in documents[:N_RECITED]:
        text = source.content.decode()
        start = rng.choice((0, 0, rng.randrange(len(text) // 2)))
        prompt = text[start : start + rng.randrange(80)].encode()
        state, raw = veto.begin(prompt, [prompt], is_whole=True), prompt
        for token in recited(rng, text[start + len(prompt) :]):
            expected = denied(checker, raw + token, prompt)
            assert forbids(veto, state, token) == bool(expected), (raw, token, expected)
            n_forbidden += bool(expected)
            if not expected:
                raw, state = raw + token, veto.extend(state, token)
        [final] = checker.check([CheckInput(InputKind.FILE, "a.py", raw)])
        written |= {match.sources[0].license.expression != "MIT" for match in final.matches}
    assert n_forbidden
    assert True in written, "nothing of a denied file was written"


def test_a_notice_is_no_excuse_where_the_prompt_was_cut(
    index: LocalIndex, documents: list[SourceDocument]
) -> None:
    """What stood in front of a cut prompt is not known, so a notice of a denied file is denied."""
    checker = Checker(index, min_chars=MIN_CHARS, near=None)
    veto = PolicyVeto(index, min_chars=MIN_CHARS)
    source = next(each for each in documents if each.content.startswith(b"# This"))
    prompt, token = source.content[:70], source.content[70:100]
    assert denied(checker, prompt + token, prompt) == set()
    assert not forbids(veto, veto.begin(prompt, [prompt], is_whole=True), token)
    assert forbids(veto, veto.begin(prompt, [prompt], is_whole=False), token)
