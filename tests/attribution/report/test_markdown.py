"""The Markdown summary, read by a parser of the GitHub flavour."""

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from sc2_attrib.attribution.report.markdown import MOST_BYTES, MOST_UNCHECKED, render
from sc2_attrib.attribution.report.markdown_text import escaped, fenced, link
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import Result
from tests.attribution.report.results import (
    HOSTILE,
    N_MANY,
    RESULTS,
    empty,
    hostile,
    incomplete,
    many,
    of_all_kinds,
    stopped,
)

READER = MarkdownIt("commonmark").enable("table")
WRITTEN = {"code", "details", "summary"}


def tokens(text: str) -> list[Token]:
    return [each for block in READER.parse(text) for each in [block, *(block.children or [])]]


def rows(result: Result) -> list[list[str]]:
    """Read the cells of all tables, as they are shown."""
    found: list[list[str]] = []
    for token in READER.parse(render(result)):
        if token.type == "tr_open":
            found.append([])
        elif token.type == "inline" and found and token.level >= 4:
            found[-1].append(shown(token))
    return found


def shown(token: Token) -> str:
    return "".join(each.content for each in token.children or [] if each.type != "html_inline")


def match_rows(result: Result) -> list[list[str]]:
    return [row for row in rows(result) if len(row) == 6 and row[0]]


@pytest.mark.parametrize("name", RESULTS)
def test_nothing_becomes_markup_but_our_own(name: str) -> None:
    """Tags, links and headings are those that this report writes, whatever names there are."""
    for token in tokens(render(RESULTS[name]())):
        if token.type in ("html_inline", "html_block"):
            assert set(re.findall(r"</?(\w+)", token.content)) <= WRITTEN
        if token.type == "link_open":
            assert str(token.attrs["href"]).startswith("https://github.com/")
        assert token.type not in ("image", "fence", "code_block", "hr")
    headings = [
        each.tag for each in READER.parse(render(RESULTS[name]())) if each.markup == "#" * 2
    ]
    assert headings == ["h2", "h2"]


@pytest.mark.parametrize("name", HOSTILE)
def test_name_reads_as_itself(name: str) -> None:
    """Escaping a name and reading it gives the name, with what can't be seen spelt out."""
    (block,) = (token for token in READER.parse(f"x {escaped(name)} x") if token.type == "inline")
    assert "".join(each.content for each in block.children or []) == f"x {visible(name)} x"


@pytest.mark.parametrize("text", ["www.evil.example", "see https://evil.example/", "a@b.example"])
def test_address_in_a_name_does_not_become_a_link(text: str) -> None:
    """GitHub links bare addresses; what they begin with is broken up."""
    assert not re.search(r"www\.|://|@", escaped(text))


def test_address_of_a_link_can_not_end_it() -> None:
    """Brackets and bars in an address are encoded; anything but the web is only shown."""
    blocks = READER.parse(link("https://e.example/a>b|c)", "x"))
    (inline,) = (each for each in blocks if each.children)
    opened = next(each for each in inline.children or [] if each.type == "link_open")
    assert opened.attrs["href"] == "https://e.example/a%3Eb%7Cc)"
    assert "](" not in link("javascript:alert(1)", "x")


def test_text_can_not_end_its_block() -> None:
    """The fence is longer than any in the text."""
    text = "a\n```\n# b\n`````\n"
    (block,) = READER.parse(fenced(text))
    assert (block.type, block.content) == ("fence", text)


def test_matches_are_listed_the_strictest_first() -> None:
    """A row a match: action, place, kind, licence, source and reason; suppressed ones last."""
    found = match_rows(of_all_kinds())
    actions = ["deny", "deny", "review", "review", "attribute", "suppressed"]
    assert [row[0] for row in found] == actions
    first = found[0]
    assert first[1:4] == ["src/mail.py:3-8", "verbatim", "GPL-3.0-only copyleft"]
    assert "octo/mail" in first[4]
    assert "GPL-3.0-only is copyleft" in first[5]
    assert "known since May" in found[-1][5]


def test_hostile_names_keep_the_table_in_shape() -> None:
    """No name opens a column or a row."""
    assert len(match_rows(hostile())) == len(hostile().matches)


def test_summary_fits_a_step_of_ci_and_counts_what_it_leaves_out() -> None:
    """A full table stops before GitHub's limit and says how many matches follow."""
    text = render(many())
    assert len(text.encode()) <= MOST_BYTES
    n_rows = text.count("| **deny** |")
    assert 500 < n_rows < N_MANY
    assert f"**{N_MANY - n_rows:,} more matches not listed here ({N_MANY - n_rows:,} deny)" in text
    assert "No match means no match in this index" in text


@pytest.mark.parametrize("result", [incomplete(), stopped()], ids=["failed", "stopped"])
def test_incomplete_run_is_a_warning_under_the_headline(result: Result) -> None:
    """The first lines say it."""
    lines = render(result).splitlines()
    assert lines[0] == "# No match so far: the run is incomplete"
    assert "> [!WARNING]" in lines[:6]


def test_long_lists_of_failures_are_counted() -> None:
    """A run that could read nothing still fits."""
    result = incomplete()
    failed = result.inputs[1]
    inputs = tuple(replace(failed, path=f"{number}.py") for number in range(MOST_UNCHECKED + 7))
    assert "> - and 7 more inputs" in render(replace(result, inputs=inputs))


def test_run_without_matches_has_no_table() -> None:
    """Nothing to list is said in words."""
    assert not rows(empty())
    assert render(empty()).startswith("# Nothing was checked\n")
