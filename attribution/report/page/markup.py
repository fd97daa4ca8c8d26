"""HTML written so that nothing from outside can become markup.

A string is text: it is escaped, and what can't be seen in it is shown. Only what `element` made is
taken for markup, which its type says, so a place that forgets to escape can't be written.
"""

import html
from collections.abc import Iterable
from functools import lru_cache

from sc2_attrib.attribution.report.machine_text import WEB_ADDRESS
from sc2_attrib.attribution.report.visible import LINE_ENDS, visible

Attribute = str | bool | int | None


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def escape(text: str) -> Markup:
    """Make text safe between tags and in quoted attributes; a Markup comes back as it is."""
    return text if isinstance(text, Markup) else Markup(html.escape(visible(text)))


def element(name: str, *children: str, **attributes: Attribute) -> Markup:
    """Write an element; `class_` is the attribute class, `data_kind` is data-kind."""
    written = "".join(_attribute(name, value) for name, value in attributes.items())
    return Markup(f"<{name}{written}>{''.join(map(escape, children))}</{name}>")


def joined(parts: Iterable[str], between: str = "") -> Markup:
    """Put parts in a row."""
    return Markup(escape(between).join(map(escape, parts)))


def code(text: str) -> Markup:
    """Show a name from outside, apart from the direction of the words around it."""
    return element("code", text)


def link(address: str, shown: str | None = None) -> Markup:
    """Link to an address of the web; anything else is only shown."""
    if not WEB_ADDRESS.fullmatch(address):
        return code(shown or address)
    return element("a", shown or address, href=address, rel="noreferrer noopener")


def source_lines(text: str) -> list[Markup]:
    """Cut a text into lines of markup; tabs stay."""
    return [escape_code(line) for line in LINE_ENDS.split(text)]


def escape_code(text: str) -> Markup:
    """Make text of one line safe; tabs stay tabs."""
    return joined(map(escape, text.split("\t")), Markup("\t"))


@lru_cache(maxsize=4096, typed=True)  # most are classes
def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    spelt = name.rstrip("_").replace("_", "-")
    return f" {spelt}" if value is True else f' {spelt}="{escape(str(value))}"'
