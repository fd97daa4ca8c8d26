"""The whole page, in the order a reader asks: verdict, how far it goes, matches, inputs, texts.

The page holds all it needs. Its policy lets the browser load nothing and run only the one script
and the one style whose hashes it names, so that nothing that came with a result could do anything
even if it were taken for markup. Without the script everything can be read; the script filters.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources

from sc2_attrib.attribution.report.headline import (
    ADVICE,
    ASKS,
    findings,
    headline,
    incomplete_sentence,
    ranked,
)
from sc2_attrib.attribution.report.license_groups import addresses
from sc2_attrib.attribution.report.machine_text import well_formed
from sc2_attrib.attribution.report.page.completion import completion_block
from sc2_attrib.attribution.report.page.inputs import inputs_section
from sc2_attrib.attribution.report.page.markup import Markup, code, element, joined, link
from sc2_attrib.attribution.report.page.match import (
    Shown,
    action_badge,
    category_chip,
    match_card,
)
from sc2_attrib.attribution.report.page.texts import text_anchors, texts_section
from sc2_attrib.attribution.report.searched import NO_MATCH, coverage_facts
from sc2_attrib.attribution.report.sentences import Standing, missed
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import Action, LicenseRecord, MatchRecord, Result

OPEN_MATCHES = 20  # up to so many are unfolded from the start
SHOWN_TEXT = 8_000_000  # characters of matched text on the page; browsers stay quick with that
SHOWN_PARAMETERS = 300  # characters


def render(result: Result) -> str:
    """Write a result as one HTML page."""
    style, script = _asset("style.css"), _asset("filter.js")
    head = element(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{_policy(style, script)}">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        Markup('<meta name="robots" content="noindex">'),
        element("title", f"{headline(result)} - sc2-attrib"),
        Markup(f"<style>{style}</style>"),
    )
    body = element("body", *_body(result), Markup(f"<script>{script}</script>"))
    page = Markup(f'<!doctype html>\n<html lang="en">\n{head}\n{body}\n</html>\n')
    return well_formed(page)


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}';"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _asset(name: str) -> str:
    return resources.files(__package__ or __name__).joinpath(name).read_text("utf-8")


def _body(result: Result) -> Iterator[Markup]:
    matches = ranked(result)
    shown = Shown(
        inputs={record.id: record for record in result.inputs},
        texts=result.texts,
        numbers={match.id: number for number, match in enumerate(matches, 1)},
        texts_at=text_anchors(result),
        without_text=_beyond_budget(matches, result.texts),
        is_open=len(matches) <= OPEN_MATCHES,
    )
    yield element("a", "Skip to the matches", href="#matches", class_="skip")
    yield _header(result)
    yield element(
        "main",
        _coverage_section(result),
        _licenses_section(result),
        *_matches_sections(result, matches, shown),
        inputs_section(result),
        texts_section(result, shown.texts_at),
        _guide(),
    )
    yield element("footer", element("p", ADVICE), element("p", _made_by(result)))


def _made_by(result: Result) -> str:
    return f"sc2-attrib {visible(result.run.tool_version)} · result {visible(result.run.id)}"


def _header(result: Result) -> Markup:
    summary = result.summary
    state = summary.verdict if summary.complete else f"{summary.verdict} incomplete"
    return element(
        "header",
        element("p", "sc2-attrib · where generated code comes from", class_="product"),
        element("h1", headline(result)),
        element("p", findings(result), class_="findings"),
        *_warning(result),
        element("ul", *_tiles(result), class_="tiles"),
        element("dl", *_run_facts(result), class_="facts"),
        class_=f"verdict {state}",
    )


def _warning(result: Result) -> Iterator[Markup]:
    if sentence := incomplete_sentence(result):
        faults = (element("li", fault) for fault in missed(result))
        yield element(
            "div",
            element("strong", sentence),
            element("ul", *faults),
            class_="warning",
            role="note",
        )


def _tiles(result: Result) -> Iterator[Markup]:
    standings = [(Standing.of(match), match.policy.action) for match in result.matches]
    for action in reversed(Action):
        number = standings.count((Standing.COUNTS, action))
        count = element("strong", f"{number:,}")
        said = element("small", ASKS[action])
        yield element("li", count, " ", action_badge(action), said, class_="" if number else "zero")


def _run_facts(result: Result) -> Iterator[Markup]:
    run = result.run
    yield from _fact("Run", f"{run.command}, {run.started or 'at an unknown time'}")
    if run.model is not None:
        revision = f" at {run.model.revision}" if run.model.revision else ""
        yield from _fact("Model", f"{run.model.id}{revision}")
        parameters = ", ".join(f"{name}={value}" for name, value in run.model.parameters.items())
        if parameters:
            yield from _fact("Parameters", parameters[:SHOWN_PARAMETERS])
    if run.index is not None:
        yield from _fact("Index", f"{run.index.id} at {run.index.location}")
    if run.policy:
        origin = run.policy.get("origin")
        yield from _fact("Policy", f"{run.policy.get('name', 'unnamed')} ({origin})")


def _fact(name: str, value: str) -> Iterator[Markup]:
    yield element("div", element("dt", name), element("dd", value))


def _coverage_section(result: Result) -> Markup:
    facts = [fact for fact in coverage_facts(result) if fact.text != NO_MATCH]
    rows = (element("div", element("dt", each.about), element("dd", each.text)) for each in facts)
    return element(
        "section",
        element("h2", "What was searched"),
        element("p", element("strong", NO_MATCH)),
        element("dl", *rows, class_="coverage"),
        id="coverage",
    )


def _licenses_section(result: Result) -> Markup:
    licenses: dict[str, LicenseRecord] = {}
    for match in result.matches:
        for source in match.sources:
            licenses.setdefault(source.license.expression, source.license)
    if not licenses:
        return Markup("")
    n_matches = result.summary.by_license
    ordered = sorted(
        licenses.values(),
        key=lambda each: (-each.category.severity, -n_matches.get(each.expression, 0)),
    )
    head = element("tr", *(element("th", name, scope="col") for name in _LICENSE_COLUMNS))
    rows = (_license_row(each, n_matches) for each in ordered)
    return element(
        "section",
        element("h2", "Licences of the sources"),
        element("table", element("thead", head), element("tbody", *rows), class_="overview"),
        id="licences",
    )


_LICENSE_COLUMNS = ("Licence", "Asks for", "Matches", "Text")


def _license_row(license_: LicenseRecord, n_matches: Mapping[str, int]) -> Markup:
    links = [link(address, f"{id_} at SPDX") for id_, address in addresses(license_.expression)]
    number = n_matches.get(license_.expression)
    return element(
        "tr",
        element("td", code(license_.expression)),
        element("td", category_chip(license_)),
        element("td", "" if number is None else f"{number:,}", class_="number"),
        element("td", joined(links, ", ") if links else "none listed"),
    )


def _matches_sections(
    result: Result, matches: Sequence[MatchRecord], shown: Shown
) -> Iterator[Markup]:
    by_input: dict[str, list[MatchRecord]] = {}
    for match in matches:
        by_input.setdefault(match.input, []).append(match)
    blocks = [
        completion_block(record, by_input.get(record.id, []), shown)
        for record in result.inputs
        if record.completion is not None
    ]
    if blocks:
        yield element("section", element("h2", "Completions"), *blocks, id="completions")
    cards = joined((match_card(match, shown) for match in matches), Markup("\n"))
    nothing = element("p", "There is no match to show. ", NO_MATCH)
    yield element(
        "section",
        element("h2", "Matches"),
        element("form", id="filters", hidden=True, role="search", aria_label="Filter the matches"),
        cards or nothing,
        id="matches",
    )


def _beyond_budget(matches: Iterable[MatchRecord], texts: Mapping[str, str]) -> frozenset[str]:
    """Tell which matches are shown without their text, so that a browser can hold the page."""
    n_characters, left_out = 0, set()
    for match in matches:
        n_characters += sum(len(texts.get(source.excerpt, "")) for source in match.sources[:1])
        if n_characters > SHOWN_TEXT:
            left_out.add(match.id)
    return frozenset(left_out)


_WORDS = (
    ("verbatim", "The text is equal, byte for byte."),
    ("reformatted", "The text is equal but for white space."),
    ("near", "An edited copy: aligned with its source, changes marked."),
    ("suppressed", "Known, own or reviewed: listed, but it does not count."),
    ("already in the prompt", "The model was given this text; it did not bring it in."),
    ("character", "A byte that is not white space."),
    ("SWHID", "The name of a content in the Software Heritage archive; it never changes."),
)


def _guide() -> Markup:
    words = (element("div", element("dt", word), element("dd", said)) for word, said in _WORDS)
    return element(
        "section", element("h2", "Words"), element("dl", *words, class_="coverage"), id="words"
    )
