"""The HTML page, read back by a parser: its structure, its texts, and what can't get into it."""

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

import pytest

from sc2_attrib.attribution.report.html_ import render
from sc2_attrib.attribution.report.page.document import SHOWN_TEXT
from sc2_attrib.attribution.report.page.match import SHOWN_SOURCES
from sc2_attrib.attribution.report.page.sides import SHOWN_LINES
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import Result
from sc2_attrib.attribution.source import text_key
from tests.attribution.report.results import (
    HOSTILE,
    N_MANY,
    RESULTS,
    bare,
    empty,
    hostile,
    incomplete,
    many,
    near,
    of_all_kinds,
    stopped,
)
from tests.attribution.samples import FOLD, check, completion, file

VOID = {"meta", "col"}
LICENSE_TEXT = "Permission is granted.\n\nCopyright <c> 2019 & later"


@dataclass(slots=True)
class Node:
    """An element with what is in it; text is a child too."""

    name: str
    attributes: dict[str, str | None]
    children: list["Node | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(each if isinstance(each, str) else each.text for each in self.children)

    def all(self, name: str, class_: str = "") -> Iterator["Node"]:
        for child in self.children:
            if isinstance(child, Node):
                if child.name == name and class_ in (child.attributes.get("class") or ""):
                    yield child
                yield from child.all(name, class_)

    def one(self, name: str, class_: str = "") -> "Node":
        (found,) = self.all(name, class_)
        return found


class Tree(HTMLParser):
    """Reads a page and refuses an end tag that ends something else."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.root = Node("", {})
        self._open = [self.root]
        self.feed(page)
        self.close()
        assert self._open == [self.root]

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs))
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().name == tag

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def read(result: Result) -> Node:
    return Tree(render(result)).root


def with_near() -> Result:
    """A near match whose text is in the result: two names of it were changed."""
    result = of_all_kinds()
    exact = result.matches[0]
    source = exact.sources[0]
    before = result.texts[source.excerpt]
    after = before.replace("parse_header", "read_field", 1)
    (at, at_source) = (exact.generated.bytes[0] + 4, source.bytes[0] + 4)
    edits = (
        {"kind": "replaced", "generated": [at, at + 10], "source": [at_source, at_source + 12]},
    )
    match = replace(near(exact), edits=edits, excerpt=text_key(after))
    return replace(result, matches=(match,), texts={**result.texts, text_key(after): after})


def with_license_texts() -> Result:
    result = of_all_kinds()
    key = text_key(LICENSE_TEXT)
    matches = tuple(
        replace(match, sources=tuple(replace(s, license_texts=(key,)) for s in match.sources))
        for match in result.matches
    )
    return replace(result, matches=matches, texts={**result.texts, key: LICENSE_TEXT})


@pytest.mark.parametrize("name", RESULTS)
def test_page_is_well_formed_whatever_it_holds(name: str) -> None:
    """Every element ends where it should, ids are unique, and links in the page lead somewhere."""
    root = read(RESULTS[name]())
    nodes = [
        node for tag in ("a", "article", "section", "details", "form") for node in root.all(tag)
    ]
    ids = [node.attributes["id"] for node in nodes if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    links = {node.attributes["href"] or "" for node in nodes if node.name == "a"}
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)


@pytest.mark.parametrize("name", RESULTS)
def test_page_loads_nothing_and_runs_its_own_script_alone(name: str) -> None:
    """The policy allows the one style and the one script by their hashes, and nothing else."""
    root = read(RESULTS[name]())
    allowed = next(
        node.attributes["content"] or ""
        for node in root.all("meta")
        if node.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert allowed.startswith("default-src 'none';")
    for tag in ("style", "script"):
        text = root.one(tag).text
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}';" in allowed
        assert not re.search(r"url\(|@import|https?:|fetch\(|XMLHttp|innerHTML", text)
    outside = {"img", "link", "iframe", "object", "embed", "base", "svg", "video", "audio"}
    assert not any(True for tag in outside for _ in root.all(tag))
    handlers = re.findall(r"<[^>]*\s(?:on\w+|style|src)=", render(RESULTS[name]()))
    assert not handlers


def test_hostile_names_are_text() -> None:
    """No name becomes markup or a link; what can't be seen in it is shown as its escape."""
    root, page = read(hostile()), render(hostile())
    assert "alert(1)" not in root.one("script").text
    for name in HOSTILE:
        assert visible(name) in root.text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", page)
    addresses = {node.attributes["href"] or "" for node in root.all("a")}
    assert all(re.match(r"#|https://(spdx\.org|github\.com)/", each) for each in addresses)
    assert len(list(root.all("article"))) == len(hostile().matches)


def test_verdict_and_coverage_come_before_the_matches() -> None:
    """The first things a reader meets are the verdict and what was searched."""
    page = render(of_all_kinds())
    order = ("<h1>", 'id="coverage"', 'id="licences"', 'id="matches"', 'id="inputs"')
    places = [page.index(part) for part in order]
    assert places == sorted(places)
    root = read(of_all_kinds())
    assert root.one("h1").text == "Some matches are not allowed by the policy"
    assert (
        "6 matches in 3 of 4 checked inputs: 2 deny, 2 review, 1 attribute, 1 suppressed."
        in root.text
    )


@pytest.mark.parametrize("result", [incomplete(), stopped()], ids=["failed", "stopped"])
def test_incomplete_run_does_not_look_clean(result: Result) -> None:
    """Headline, colour and a warning above everything else say that something was missed."""
    header = read(result).one("header")
    assert header.one("h1").text == "No match so far: the run is incomplete"
    assert "incomplete" in (header.attributes["class"] or "")
    assert "nothing is known about what was not checked" in header.one("div", "warning").text


def test_run_that_checked_nothing_does_not_look_clean() -> None:
    """A run without inputs has found nothing, which proves nothing."""
    assert read(empty()).one("h1").text == "Nothing was checked"


def test_each_match_says_what_filters_ask_and_what_people_need() -> None:
    """Action, standing, kind, licences, place, reason, identity, and its sources with links."""
    result = of_all_kinds()
    cards = {card.one("summary").text.split()[0]: card for card in read(result).all("article")}
    assert sorted(cards) == [str(number) for number in range(1, len(result.matches) + 1)]
    first = cards["1"]
    assert first.attributes["data-action"] == "deny"
    assert first.attributes["data-kind"] == "verbatim"
    assert first.attributes["data-licenses"] == '["GPL-3.0-only"]'
    source = result.matches[0].sources[0]
    for said in (
        source.repo,
        source.swhid,
        source.license.copyright[0],
        "GPL-3.0-only is copyleft",
    ):
        assert said in first.text
    assert source.url in {node.attributes["href"] for node in first.all("a")}
    suppressed = [c for c in cards.values() if c.attributes["data-standing"] == "suppressed"]
    assert [("known since May" in card.text) for card in suppressed] == [True]


def test_verbatim_copy_is_one_text_with_the_lines_of_both_files() -> None:
    """Equal texts are not shown twice."""
    card = next(read(of_all_kinds()).all("article"))
    numbers = [node.text.split("\n") for node in card.all("pre", "num")]
    assert numbers == [list("345678"), list("456789")]
    match = of_all_kinds().matches[0]
    assert card.one("pre", "txt").text == of_all_kinds().texts[match.sources[0].excerpt]


def test_edited_copy_stands_beside_its_source_with_edits_marked() -> None:
    """The new name is marked on the left, the old one on the right, in the same row."""
    table = read(with_near()).one("table", "sides")
    changed = next(table.all("tr", "changed"))
    assert changed.one("ins").text == "read_field"
    assert changed.one("del").text == "parse_header"
    assert len(list(table.all("tr", "changed"))) == 1
    rows = [[cell.text for cell in row.all("td")] for row in table.one("tbody").all("tr")]
    assert all(row[1] == row[3] for row in rows[1:])


def test_reformatted_copy_is_aligned_where_the_result_has_both_texts() -> None:
    """A completion is always kept, so its lines stand beside those of the source."""
    tabs = FOLD.replace(b"    ", b"\t")
    result = check([completion("c", b"# x\n", tabs)])
    table = read(result).one("table", "sides")
    assert not list(table.all("tr", "changed"))
    left = [list(row.all("td"))[1].text for row in table.one("tbody").all("tr")]
    assert "\tfor line in lines:" in left


def test_text_that_a_result_does_not_hold_is_said_to_be_missing() -> None:
    """A file's reformatted copy shows the source alone; without sources there is no text."""
    page = read(check([file("a.py", FOLD.replace(b"    ", b"\t"))]))
    assert "the result holds no checked text of this reformatted match" in page.text
    assert "The result holds no text of this match." in read(bare()).text


def test_completion_is_shown_with_its_matches_marked() -> None:
    """The prompt is told from what the model wrote; the matched run links to its match."""
    block = read(of_all_kinds()).one("pre", "completion")
    text = next(record.text for record in of_all_kinds().inputs if record.completion)
    assert block.text == text
    assert "def count_words" in block.one("mark").text
    assert next(block.all("span", "given")).text == "# words\n"


def test_licence_texts_are_there_once_and_linked() -> None:
    """Each text has a place of its own, and its sources lead to it."""
    root = read(with_license_texts())
    assert [node.text for node in root.all("pre", "license-text")] == [LICENSE_TEXT]
    assert "#text-1" in {node.attributes["href"] for node in root.all("a")}
    assert "The index holds no licence text" not in root.text


def test_missing_licence_text_is_said_with_the_address_of_spdx() -> None:
    """Where the index kept none, SPDX's page stands in for it, and the report says so."""
    assert (
        "The index holds no licence text of these sources; SPDX has it: GPL-3.0-only."
        in read(of_all_kinds()).text
    )


def test_long_lists_and_texts_are_cut_and_counted() -> None:
    """What a page leaves out it counts."""
    result = of_all_kinds()
    match, long = result.matches[0], "x = 1\n" * (SHOWN_LINES + 5)
    sources = (replace(match.sources[0], excerpt=text_key(long)),) * (SHOWN_SOURCES + 3)
    cut = replace(result, matches=(replace(match, sources=sources),), texts={text_key(long): long})
    card = next(read(cut).all("article"))
    assert "And 3 more sources under this licence" in card.text
    assert "6 more lines not shown here." in card.text
    assert len(list(card.all("li"))) < 2 * SHOWN_SOURCES


def test_inputs_that_were_not_checked_are_listed_with_reasons() -> None:
    """Failed ones first and unfolded."""
    section = next(
        node for node in read(incomplete()).all("section") if node.attributes.get("id") == "inputs"
    )
    first = next(section.all("details"))
    assert "open" in first.attributes
    assert first.one("summary").text == "1 input could not be checked"
    assert "b.pypermission denied" in first.text


def test_ten_thousand_matches_have_each_their_place() -> None:
    """All of them are on the page, folded, whatever is left out of their texts."""
    page = render(many())
    assert page.count("<article ") == N_MANY
    assert "<details open" not in page.partition('id="matches"')[2].partition('id="inputs"')[0]
    assert len(page) < 30_000_000


def test_page_of_too_much_text_leaves_texts_out_and_says_so() -> None:
    """The matches stay; what the browser could not hold is in the result."""
    result = of_all_kinds()
    text = "x" * (SHOWN_TEXT - 10)
    texts = dict.fromkeys(result.texts, text)
    page = render(replace(result, texts=texts))
    assert "The text is left out of this long page." in page
    assert page.count("<article ") == len(result.matches)
