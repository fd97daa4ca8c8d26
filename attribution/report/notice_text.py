"""Third-party notices as plain text (`-f notice`), to ship beside code."""

import textwrap
from collections.abc import Iterator, Sequence

from sc2_attrib.attribution.report.headline import ADVICE
from sc2_attrib.attribution.report.machine_text import well_formed
from sc2_attrib.attribution.report.notice import (
    INTRODUCTION,
    NO_TEXT,
    NO_TEXT_ANYWHERE,
    NOT_CLEARED,
    NOTHING,
    SUPPRESSED,
    LicensedWorks,
    Notice,
    Pending,
    Work,
    read_notice,
)
from sc2_attrib.attribution.report.visible import visible, visible_lines
from sc2_attrib.attribution.result import Result

WIDTH = 78
RULE = "=" * WIDTH


def render(result: Result) -> str:
    """Write the notices."""
    return well_formed("\n".join(_lines(read_notice(result))) + "\n")


def _lines(notice: Notice) -> Iterator[str]:
    yield "THIRD-PARTY NOTICES"
    yield ""
    if notice.faults:
        yield "THESE NOTICES ARE INCOMPLETE:"
        yield from (f"  {fault}" for fault in notice.faults)
        yield ""
    yield from _prose(INTRODUCTION if notice.groups else NOTHING)
    for group in notice.groups:
        yield from _group_lines(group)
    for number, text in enumerate(notice.texts, 1):
        yield from ("", RULE, f"Licence text {number}", RULE, "", *visible_lines(text))
    yield from _pending_lines("NOT CLEARED", NOT_CLEARED, notice.not_cleared)
    yield from _pending_lines("SUPPRESSED", SUPPRESSED, notice.suppressed)
    yield from ("", RULE, "WHAT WAS SEARCHED", RULE, "")
    yield from (line for said in notice.coverage.splitlines() for line in _prose(said))
    yield from ("", *_prose(ADVICE))


def _group_lines(group: LicensedWorks) -> Iterator[str]:
    yield from ("", RULE, visible(group.expression), RULE)
    for work in group.works:
        yield ""
        yield from _work_lines(work)
    if not all(work.texts for work in group.works):
        yield ""
        yield from _prose(NO_TEXT if group.addresses else NO_TEXT_ANYWHERE)
        yield from (f"  {id_}  {address}" for id_, address in group.addresses)


def _work_lines(work: Work) -> Iterator[str]:
    yield visible(work.name)
    yield from (f"  {visible(line)}" for line in work.copyright)
    for place in work.places:
        yield f"  {visible(place.source)}"
        if place.address:
            yield f"    {visible(place.address)}"
        yield from (f"    found in {visible(where)}" for where in place.found)
    texts = ", ".join(map(str, work.texts))
    yield f"  Licence text: {f'number {texts} below' if texts else 'not in the index'}"


def _pending_lines(title: str, said: str, matches: Sequence[Pending]) -> Iterator[str]:
    if not matches:
        return
    yield from ("", RULE, title, RULE, "", *_prose(said))
    for match in matches:
        yield ""
        yield f"{visible(match.where)}"
        yield f"  {visible(match.source)}"
        yield f"  {visible(match.license)}"
        yield f"  {visible(match.reason)}"


def _prose(text: str) -> list[str]:
    """Break our own sentences between words; names in them stay whole."""
    return textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
