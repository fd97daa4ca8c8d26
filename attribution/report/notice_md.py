"""Third-party notices in Markdown (`-f notice-md`), of the same content as the plain text."""

from collections.abc import Iterator, Sequence

from sc2_attrib.attribution.report.headline import ADVICE
from sc2_attrib.attribution.report.machine_text import well_formed
from sc2_attrib.attribution.report.markdown_text import code, escaped, fenced, link
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
from sc2_attrib.attribution.result import Result


def render(result: Result) -> str:
    """Write the notices."""
    return well_formed("\n".join(_lines(read_notice(result))) + "\n")


def _lines(notice: Notice) -> Iterator[str]:
    yield "# Third-party notices"
    yield ""
    if notice.faults:
        yield "**These notices are incomplete:**"
        yield ""
        yield from (f"- {escaped(fault)}" for fault in notice.faults)
        yield ""
    yield INTRODUCTION if notice.groups else NOTHING
    for group in notice.groups:
        yield from _group_lines(group)
    if notice.texts:
        yield from ("", "## Licence texts")
    for number, text in enumerate(notice.texts, 1):
        yield from ("", f"### Licence text {number}", "", fenced(text))
    yield from _pending_lines("Not cleared", NOT_CLEARED, notice.not_cleared)
    yield from _pending_lines("Suppressed", SUPPRESSED, notice.suppressed)
    yield from ("", "## What was searched", "")
    yield from (f"- {escaped(line)}" for line in notice.coverage.splitlines())
    yield from ("", f"*{ADVICE}*")


def _group_lines(group: LicensedWorks) -> Iterator[str]:
    yield from ("", f"## {escaped(group.expression)}")
    for work in group.works:
        yield ""
        yield from _work_lines(work)
    if not all(work.texts for work in group.works):
        yield ""
        links = ", ".join(link(address, id_) for id_, address in group.addresses)
        yield f"{NO_TEXT} {links}" if links else NO_TEXT_ANYWHERE


def _work_lines(work: Work) -> Iterator[str]:
    yield f"### {escaped(work.name)}"
    yield ""
    yield from (f"- {escaped(line)}" for line in work.copyright)
    for place in work.places:
        shown = link(place.address, place.source) if place.address else code(place.source)
        yield f"- {shown}, found in {', '.join(map(code, place.found))}"
    links = ", ".join(f"[{number}](#licence-text-{number})" for number in work.texts)
    yield f"- Licence text: {links or 'not in the index'}"


def _pending_lines(title: str, said: str, matches: Sequence[Pending]) -> Iterator[str]:
    if not matches:
        return
    yield from ("", f"## {title}", "", said, "")
    for match in matches:
        facts = f"{code(match.where)}: {code(match.source)} under {code(match.license)}"
        yield f"- {facts}. {escaped(match.reason)}"
