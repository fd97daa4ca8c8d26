"""One match on the page: a line that says the most, and everything else behind it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sc2_attrib.attribution.report.license_groups import addresses, by_license
from sc2_attrib.attribution.report.match_rows import BASES, CLASSES, KEPT_COPY, strictest_license
from sc2_attrib.attribution.report.page.markup import Markup, code, element, joined, link
from sc2_attrib.attribution.report.page.sides import comparison
from sc2_attrib.attribution.report.sentences import Standing, similarity, span, suppression_reason
from sc2_attrib.attribution.report.view import counted
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import (
    InputRecord,
    LicenseRecord,
    MatchKind,
    MatchRecord,
    Source,
)
from sc2_attrib.index.corpus.document import Basis

SHOWN_SOURCES = 10  # of each licence of a match
MARKS = {"deny": "✗", "review": "!", "attribute": "•", "allow": "✓"}
UNCLASSIFIED = "unclassified"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a match needs of the page it stands on.

    `numbers`: of all matches, by id. `texts_at`: the anchors of the licence texts, by their keys.
    `is_open`: the details are unfolded. `without_text`: ids of matches whose text is left out.
    """

    inputs: Mapping[str, InputRecord]
    texts: Mapping[str, str]
    numbers: Mapping[str, int]
    texts_at: Mapping[str, str]
    without_text: frozenset[str]
    is_open: bool


def match_card(match: MatchRecord, shown: Shown) -> Markup:
    """Show one match; its data attributes are what the filters ask."""
    licenses = {visible(source.license.expression) for source in match.sources}
    head = element("summary", joined(_headline(match, shown), " "))
    body = element("div", *_body(match, shown), class_="body")
    return element(
        "article",
        element("details", head, body, open=shown.is_open),
        id=anchor(shown.numbers[match.id]),
        class_="match",
        data_action=match.policy.action,
        data_standing=Standing.of(match),
        data_kind=match.kind,
        data_class=match.class_ or UNCLASSIFIED,
        data_categories=" ".join(sorted({str(s.license.category) for s in match.sources})),
        data_licenses=json.dumps(sorted(licenses)),
    )


def anchor(number: int) -> str:
    """Name a match in links to it."""
    return f"match-{number}"


def action_badge(action: str) -> Markup:
    """Show an action by mark, word and colour."""
    mark = element("span", MARKS[action], class_="mark", aria_hidden="true")
    return element("span", mark, f" {action}", class_=f"badge {action}")


def category_chip(license_: LicenseRecord) -> Markup:
    """Show what a licence asks for, in a word."""
    return element("span", str(license_.category), class_=f"chip {license_.category}")


def _headline(match: MatchRecord, shown: Shown) -> Iterator[Markup]:
    record, license_ = shown.inputs.get(match.input), strictest_license(match)
    path = record.path if record else match.input
    standing = Standing.of(match)
    yield element("span", f"{shown.numbers[match.id]:,}", class_="nr")
    yield action_badge(match.policy.action)
    if standing is not Standing.COUNTS:
        yield element("span", _standing(standing), class_="chip")
    place = f"{path}:{span(match.generated.lines)}"
    yield element("span", code(place), class_="place")
    yield element("span", category_chip(license_), " ", code(license_.expression), class_="license")
    yield element("span", _size(match), class_="size")


def _size(match: MatchRecord) -> str:
    alike = f", {similarity(match):.0%} similar" if match.kind is MatchKind.NEAR else ""
    return f"{match.kind}{alike} · {counted(match.size.lines, 'line')}"


def _standing(standing: Standing) -> str:
    return "already in the prompt" if standing is Standing.IN_PROMPT else str(standing)


def _body(match: MatchRecord, shown: Shown) -> Iterator[Markup]:
    yield element("p", match.policy.reason, class_="reason")
    if match.suppression is not None:
        yield element("p", f"Does not count: {suppression_reason(match)}", class_="note")
    yield element("dl", *_facts(match, shown), class_="facts")
    for group in by_license(match.sources):
        yield _license_group(group, shown)
    n_unlisted = match.documents.occurrences - len(match.sources)
    if n_unlisted > 0:
        said = f"And {counted(n_unlisted, 'place')} that the run did not list."
        yield element("p", said, class_="note")
    if match.id in shown.without_text:
        yield element("p", "The text is left out of this long page.", class_="note")
    else:
        yield comparison(match, shown.inputs.get(match.input), shown.texts)


def _facts(match: MatchRecord, shown: Shown) -> Iterator[Markup]:
    documents, extent = match.documents, match.generated
    least = "at least " if documents.at_least else ""
    places = counted(documents.occurrences, "place")
    lexemes = "" if match.size.lexemes is None else f", {counted(match.size.lexemes, 'lexeme')}"
    common = ", common text" if match.common else ""
    named = CLASSES[match.class_] if match.class_ else UNCLASSIFIED
    yield from _fact("Class", f"{named}{common}")
    yield from _fact("Size", f"{counted(match.size.normalized_chars, 'character')}{lexemes}")
    yield from _fact(
        "Found in", f"{least}{places} of {counted(documents.repositories, 'repository')}"
    )
    yield from _fact("Bytes", f"{extent.bytes[0]:,} to {extent.bytes[1]:,}")
    if match.generated_bytes != extent.bytes[1] - extent.bytes[0]:
        yield from _fact("Written by the model", counted(match.generated_bytes, "byte"))
    yield from _fact("Rule", match.policy.rule)
    if parts := [shown.numbers[part] for part in match.parts if part in shown.numbers]:
        links = (element("a", f"match {n}", href=f"#{anchor(n)}") for n in parts)
        yield from _fact("Exact parts", joined(links, ", "))
    yield from _fact("Match", code(match.id))
    yield from _fact("Fingerprint", code(match.fingerprint))


def _fact(name: str, value: str) -> Iterator[Markup]:
    yield element("div", element("dt", name), element("dd", value))


def _license_group(group: Sequence[Source], shown: Shown) -> Markup:
    license_ = group[0].license
    conflict = element("span", "evidence disagrees", class_="chip conflict")
    title = element(
        "h4",
        category_chip(license_),
        " ",
        code(license_.expression),
        element("small", f" {BASES[license_.basis]} "),
        *([conflict] if any(source.license.conflict for source in group) else []),
    )
    sources = (element("li", *_source(source, shown)) for source in group[:SHOWN_SOURCES])
    n_folded = len(group) - SHOWN_SOURCES
    more = f"And {counted(n_folded, 'more source')} under this licence, listed in the result."
    return element(
        "section",
        title,
        *_evidence(group),
        element("ul", *sources, class_="sources"),
        *([element("p", more, class_="note")] if n_folded > 0 else []),
        class_="group",
    )


def _evidence(group: Sequence[Source]) -> Iterator[Markup]:
    license_ = group[0].license
    said = {
        f"{BASES[each.basis]}: {each.expression}"
        f"{f' in {each.path}' if each.path else ''}"
        f"{'' if each.confidence in (None, 1) else f' ({each.confidence:.0%} sure)'}"
        for source in group
        for each in source.license.assertions
    }
    if len(said) > 1 or license_.conflict:
        yield element("ul", *(element("li", each) for each in sorted(said)), class_="evidence")
    if license_.basis in (Basis.SCANCODE, Basis.REPO):
        yield element("p", f"{KEPT_COPY[0].upper()}{KEPT_COPY[1:]}.", class_="note")
    holders = dict.fromkeys(line for source in group for line in source.license.copyright)
    if holders:
        lines = (element("li", line) for line in list(holders)[:SHOWN_SOURCES])
        yield element("ul", *lines, class_="copyright")
    if not any(source.license_texts for source in group):
        yield _no_text(license_)


def _no_text(license_: LicenseRecord) -> Markup:
    links = [link(address, id_) for id_, address in addresses(license_.expression)]
    where = joined(["; SPDX has it: ", joined(links, ", ")]) if links else ""
    return element(
        "p", "The index holds no licence text of these sources", where, ".", class_="note"
    )


def _source(source: Source, shown: Shown) -> Iterator[str]:
    revision = f"@{source.revision[:12]}" if source.revision else ""
    place = f"{source.path}:{span(source.lines)}"
    yield element("b", code(source.repo))
    yield code(revision)
    yield " "
    yield link(source.url, place) if source.url else code(place)
    flags = [
        f"{source.similarity:.0%} similar" if source.kind is MatchKind.NEAR else "",
        str(source.kind) if source.kind is MatchKind.REFORMATTED else "",
        counted(source.stars, "star") if source.stars else "",
        "vendored" if source.is_vendor else "",
        "generated" if source.is_generated else "",
    ]
    yield element("small", *(f" · {flag}" for flag in flags if flag))
    texts = [shown.texts_at[key] for key in source.license_texts if key in shown.texts_at]
    for number, at in enumerate(texts, 1):
        named = "licence text" if len(texts) == 1 else f"licence text {number}"
        yield joined([" · ", element("a", named, href=f"#{at}")])
    yield element("div", code(source.swhid), class_="swhid")
