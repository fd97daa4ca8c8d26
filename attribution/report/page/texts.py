"""The licence texts that the index keeps, each once, with the works they came with."""

from collections.abc import Iterator, Mapping

from sc2_attrib.attribution.report.page.markup import (
    Markup,
    code,
    element,
    escape_code,
    joined,
)
from sc2_attrib.attribution.report.view import counted
from sc2_attrib.attribution.report.visible import LINE_ENDS
from sc2_attrib.attribution.result import Result

SHOWN_WORKS = 20  # of each text


def text_anchors(result: Result) -> dict[str, str]:
    """Name each licence text of a result for links to it, by its key."""
    keys = dict.fromkeys(
        key
        for match in result.matches
        for source in match.sources
        for key in source.license_texts
        if key in result.texts
    )
    return {key: f"text-{number}" for number, key in enumerate(keys, 1)}


def texts_section(result: Result, texts_at: Mapping[str, str]) -> Markup:
    """Show the texts; where there is none, say so."""
    works = _works(result)
    blocks = (_text(at, result.texts[key], works[key]) for key, at in texts_at.items())
    none = element("p", "The index keeps no licence text of the sources that are listed here.")
    is_asked = any(match.sources for match in result.matches)
    if not texts_at and not is_asked:
        return Markup("")
    return element(
        "section",
        element("h2", "Licence texts"),
        *(blocks if texts_at else [none]),
        id="licence-texts",
    )


def _works(result: Result) -> dict[str, dict[str, str]]:
    """Collect the works of each text, in order, each with a licence it states."""
    works: dict[str, dict[str, str]] = {}
    for match in result.matches:
        for source in match.sources:
            for key in source.license_texts:
                works.setdefault(key, {}).setdefault(source.repo, source.license.expression)
    return works


def _text(at: str, text: str, works: Mapping[str, str]) -> Markup:
    lines = joined(map(escape_code, LINE_ENDS.split(text)), Markup("\n"))
    title = element("summary", *_title(works))
    return element("details", title, element("pre", lines, class_="license-text"), id=at)


def _title(works: Mapping[str, str]) -> Iterator[Markup]:
    named = list(works)[:SHOWN_WORKS]
    yield joined([joined(dict.fromkeys(map(code, (works[name] for name in named))), ", "), " of "])
    yield joined(map(code, named), ", ")
    if len(works) > len(named):
        yield joined([f" and {counted(len(works) - len(named), 'more work')}"])
