"""The HTML page in a real browser: its filters, its links, its widths, its print."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sc2_attrib.attribution.report.html_ import render
from sc2_attrib.attribution.result import Result
from tests.attribution.report.browser import CHROMIUM, NAMES, Page, browser
from tests.attribution.report.results import hostile, many, of_all_kinds
from tests.attribution.report.test_html import with_near

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason=f"no browser on this machine: none of {', '.join(NAMES)}"
)

Show = Callable[[Result], Page]

SHOWN = "[...document.querySelectorAll('.match')].filter(each => !each.hidden).length"
PICK = """
(() => {{
  const field = document.querySelector('#filters [name="{name}"]');
  field.value = {value!r};
  field.dispatchEvent(new Event('input', {{bubbles: true}}));
  return new Promise(done => setTimeout(done, 200));
}})()
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def show(page: Page, tmp_path: Path) -> Show:
    def shown(result: Result) -> Page:
        file = tmp_path / "report.html"
        file.write_text(render(result), encoding="utf-8")
        page.open(file)
        return page

    return shown


def choose(page: Page, name: str, value: str) -> int:
    """Set one field of the filters and count what is left."""
    page.value(PICK.format(name=name, value=value))
    left: int = page.value(SHOWN)
    return left


def test_filters_show_what_they_name(show: Show) -> None:
    """Each narrows the list, all together hold, and clearing brings everything back."""
    page = show(of_all_kinds())
    assert page.value(SHOWN) == 6
    assert choose(page, "Action", "review") == 2
    assert choose(page, "Kind", "reformatted") == 1
    assert page.value("document.querySelector('#filters output').textContent") == (
        "1 of 6 matches shown"
    )
    page.value("document.querySelector('#filters [type=reset]').click()")
    assert page.value("new Promise(done => setTimeout(done, 50)).then(() => " + SHOWN + ")") == 6
    assert choose(page, "Licence", "Apache-2.0") == 2
    assert choose(page, "Licence", "") == 6
    assert choose(page, "Counts", "suppressed") == 1
    assert choose(page, "Counts", "") == 6
    assert choose(page, "text", "OCTO/MAIL") == 2


def test_names_with_every_sign_can_be_filtered(show: Show) -> None:
    """A licence is offered as it is shown, and choosing it finds its matches."""
    page = show(hostile())
    assert choose(page, "Licence", "=cmd|' /C calc'!A0") == 6
    assert choose(page, "Licence", "</script><script>alert(1)</script>") == 6


def test_page_breaks_none_of_its_own_rules(show: Show) -> None:
    """No request leaves the page, and the browser reports neither an error nor a refusal."""
    page = show(hostile())
    page.value("1")
    methods = [event.get("method") for event in page.events]
    requested = [
        event["params"]["request"]["url"]
        for event in page.events
        if event.get("method") == "Network.requestWillBeSent"
    ]
    assert [address.partition(":")[0] for address in requested] == ["file"]
    assert "Log.entryAdded" not in methods
    assert "Runtime.exceptionThrown" not in methods


def test_link_to_a_match_unfolds_it_even_if_it_is_filtered_out(show: Show) -> None:
    """A link that somebody sends leads to the match."""
    page = show(of_all_kinds())
    page.value("document.querySelectorAll('.match details').forEach(each => each.open = false)")
    choose(page, "Action", "deny")
    page.value("location.hash = '#match-4'")
    page.value("new Promise(done => setTimeout(done, 100))")
    match = "document.getElementById('match-4')"
    assert page.value(f"!{match}.hidden && {match}.querySelector('details').open")


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("make", [of_all_kinds, hostile, with_near])
def test_page_is_as_wide_as_its_window(show: Show, make: Callable[[], Result], width: int) -> None:
    """Nothing makes people scroll sideways, on a phone or elsewhere."""
    page = show(make())
    page.send(
        "Emulation.setDeviceMetricsOverride",
        **{"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    page.value("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.value("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_in_both_schemes(show: Show, scheme: str) -> None:
    """Text has a contrast of 4.5 : 1 or more to what is behind it, as WCAG asks."""
    page = show(with_near())
    page.send(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    low = page.value(CONTRASTS)
    assert low == []


def test_everything_is_printed_also_what_is_folded(show: Show) -> None:
    """A printed page is whole: folded matches and their texts are on it."""
    page = show(of_all_kinds())
    page.value("document.querySelectorAll('details').forEach(each => each.open = false)")
    printed = page.send("Page.printToPDF", preferCSSPageSize=True)
    n_pages = base64.b64decode(printed["data"]).count(b"/Type /Page\n")
    page.value("document.querySelectorAll('details').forEach(each => each.open = true)")
    unfolded = page.send("Page.printToPDF", preferCSSPageSize=True)
    assert n_pages == base64.b64decode(unfolded["data"]).count(b"/Type /Page\n") > 2


@pytest.mark.slow
def test_ten_thousand_matches_can_be_filtered(show: Show) -> None:
    """A large page opens, and its filters answer."""
    page = show(many())
    assert page.value(SHOWN) == 10_000
    assert choose(page, "text", "src/f999.py") == 10


CONTRASTS = """
(() => {
  const parts = color => (color.match(/[\\d.]+/g) || []).map(Number);
  const light = color => {
    const [r, g, b] = parts(color).slice(0, 3).map(each => {
      const share = each / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = node => {
    for (; node; node = node.parentElement) {
      const color = getComputedStyle(node).backgroundColor;
      const [, , , alpha = 1] = parts(color);
      if (alpha === 1) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const low = [];
  for (const node of document.querySelectorAll("body *:not(script)")) {
    const hasText = [...node.childNodes].some(each => each.nodeType === 3 && each.data.trim());
    if (!hasText || !node.getClientRects().length) continue;
    const [one, other] = [getComputedStyle(node).color, behind(node)].map(light);
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) low.push(`${node.tagName}.${node.className} ${ratio.toFixed(2)}`);
  }
  return [...new Set(low)];
})()
"""
