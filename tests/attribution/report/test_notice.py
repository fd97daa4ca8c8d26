"""Third-party notices, as text and as Markdown."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from sc2_attrib.attribution.report import notice_md, notice_text
from sc2_attrib.attribution.report.notice import Notice, asks_for_attribution, read_notice
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import Action, MatchRecord, PolicyDecision, Result
from sc2_attrib.attribution.source import text_key
from tests.attribution.report.results import (
    HOSTILE,
    N_MANY,
    empty,
    hostile,
    incomplete,
    many,
    of_all_kinds,
)

Renderer = Callable[[Result], str]

MIT = "MIT License\n\nCopyright (c) 2019 The Example Authors\n\nPermission is granted.\n"
BOTH = pytest.mark.parametrize("render", [notice_text.render, notice_md.render], ids=["text", "md"])


def attributed(match: MatchRecord) -> MatchRecord:
    decision = PolicyDecision(Action.ATTRIBUTE, "permissive", "MIT is permissive")
    return replace(match, policy=decision, suppression=None)


def with_texts(result: Result) -> Result:
    """Let all matches ask for attribution, and each source have one licence text."""
    key = text_key(MIT)
    matches = (
        replace(
            attributed(match),
            sources=tuple(replace(source, license_texts=(key,)) for source in match.sources),
        )
        for match in result.matches
    )
    return replace(result, matches=tuple(matches), texts={**result.texts, key: MIT})


def all_names(notice: Notice) -> list[tuple[str, str]]:
    return [(group.expression, work.name) for group in notice.groups for work in group.works]


@BOTH
def test_notice_holds_the_text_once_with_copyright_and_places(render: Renderer) -> None:
    """Complete without a network: works, copyright lines, places on both sides, the text itself."""
    text = render(with_texts(of_all_kinds()))
    assert text.count("Permission is granted.") == 1
    for said in ("GPL-3.0-only", "octo/mail", "src/h.py:4-9", "src/mail.py:3-8"):
        assert said in text
    assert "Copyright (c) 2019 The Example Authors" in text
    assert "not in the index" not in text
    assert "SPDX" not in text


@BOTH
def test_missing_text_is_said_with_the_address_of_spdx(render: Renderer) -> None:
    """A notice that lacks a text doesn't hide it."""
    text = render(of_all_kinds())
    assert "Licence text: not in the index" in text
    assert "The index holds no licence text of some works above" in " ".join(text.split())
    assert "https://spdx.org/licenses/ISC.html" in text


def test_licence_that_nobody_publishes_has_no_address() -> None:
    """The text says that there is none, rather than end in a colon."""
    result = of_all_kinds()
    own = replace(result.matches[0].sources[0].license, expression="LicenseRef-own")
    source = replace(result.matches[0].sources[0], license=own)
    match = replace(attributed(result.matches[0]), sources=(source,))
    text = notice_text.render(replace(result, matches=(match,)))
    assert "and SPDX lists none" in " ".join(text.split())


@BOTH
def test_what_is_not_cleared_stands_apart(render: Renderer) -> None:
    """Denied matches and those to review are no notices, and are said not to be covered."""
    notice = read_notice(of_all_kinds())
    assert {expression for expression, _ in all_names(notice)} == {"ISC"}
    assert [pending.license for pending in notice.not_cleared] == [
        *("GPL-3.0-only", "NONE", "NONE", "GPL-3.0-only")
    ]
    text = render(of_all_kinds())
    before, _, after = text.partition("deny: GPL-3.0-only is copyleft")
    assert "not cleared" in before.lower()
    assert "The notices above do not cover them." in " ".join(before.split())
    assert after


@BOTH
def test_what_is_suppressed_is_said(render: Renderer) -> None:
    """A baseline keeps a match quiet; a notice must not read as if it covered that match."""
    text = render(of_all_kinds())
    assert "known since May" in text
    assert text.lower().count("suppressed") == 1


def test_reviewed_match_that_asks_for_attribution_is_a_notice() -> None:
    """Somebody decided that it may be used with attribution, so it has to be attributed."""
    match = attributed(of_all_kinds().matches[0])
    assert asks_for_attribution(replace(match, suppression={"kind": "review"}))
    assert not asks_for_attribution(replace(match, suppression={"kind": "baseline"}))
    assert not asks_for_attribution(replace(match, suppression={"kind": "own-code"}))
    assert not asks_for_attribution(replace(match, in_prompt=True))


def test_order_does_not_depend_on_that_of_the_matches() -> None:
    """Licences and works are in order of their names, so that two notices can be compared."""
    result = with_texts(of_all_kinds())
    names = all_names(read_notice(result))
    turned = replace(result, matches=result.matches[::-1])
    assert names == sorted(names) == all_names(read_notice(turned))


@BOTH
def test_incomplete_run_makes_no_complete_notice(render: Renderer) -> None:
    """It says so before anything else."""
    lines = render(incomplete()).splitlines()
    assert "notices are incomplete" in lines[2].lower()
    assert "b.py could not be checked: permission denied" in "\n".join(lines[:6])


@BOTH
def test_run_without_matches_says_that_nothing_asks(render: Renderer) -> None:
    """And that this is no statement about what is not in the index."""
    text = " ".join(render(empty()).split())
    assert (
        "No match asks for attribution. This says nothing about what is not in the index." in text
    )


@BOTH
def test_hostile_names_stay_in_their_lines(render: Renderer) -> None:
    """What can't be seen is shown; no name makes a line of its own."""
    text = render(with_texts(hostile()))
    assert all(char.isprintable() or char == "\n" for char in text)
    assert "\nbreak" not in text
    assert text.count("Permission is granted.") == 1


def test_hostile_names_are_all_named() -> None:
    """Whatever works are called, they are in the text."""
    lines = {line.strip() for line in notice_text.render(with_texts(hostile())).splitlines()}
    for name in HOSTILE:
        assert visible(name).strip() in lines


def test_works_of_ten_thousand_matches_are_named_once() -> None:
    """A thousand files of one work are its places, each once; the text is there once."""
    text = notice_text.render(with_texts(many()))
    assert text.count("Permission is granted.") == 1
    assert text.count("found in ") == N_MANY / 10
    assert len(all_names(read_notice(with_texts(many())))) == 1
