"""A completion as it stands between its prompt, with what matches marked."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise

from sc2_attrib.attribution.report.page.markup import (
    Markup,
    code,
    element,
    escape_code,
    joined,
)
from sc2_attrib.attribution.report.page.match import Shown, anchor
from sc2_attrib.attribution.report.view import counted
from sc2_attrib.attribution.report.visible import LINE_ENDS
from sc2_attrib.attribution.result import InputRecord, MatchRecord


def completion_block(record: InputRecord, matches: Sequence[MatchRecord], shown: Shown) -> Markup:
    """Show the text; the prompt is paler, and each matched run links to its first match."""
    completion, text = record.completion, record.text
    if completion is None or text is None:
        return Markup("")
    start, stop = completion.bytes
    facts = f"{counted(stop - start, 'byte')} generated"
    stopped = f", stopped: {completion.stopped}" if completion.stopped else ""
    found = f", {counted(len(matches), 'match')}"
    title = element("h3", code(record.path), element("small", f" {facts}{stopped}{found}"))
    runs = list(_runs(text, completion.chars, matches, shown))
    return element("section", title, element("pre", *runs, class_="completion", tabindex="0"))


def _runs(
    text: str, generated: tuple[int, int], matches: Sequence[MatchRecord], shown: Shown
) -> Iterator[Markup]:
    """Cut the text wherever something begins or ends."""
    ends = {0, len(text), *generated, *(end for each in matches for end in each.generated.chars)}
    cuts = sorted(end for end in ends if 0 <= end <= len(text))
    covering: list[list[int]] = [[] for _ in cuts]
    for match in matches:
        first, last = (bisect_left(cuts, end) for end in match.generated.chars)
        for at in range(first, min(last, len(cuts))):
            covering[at].append(shown.numbers[match.id])
    for at, (start, stop) in enumerate(pairwise(cuts)):
        is_given = not generated[0] <= start < generated[1]
        yield _run(text[start:stop], is_given, covering[at])


def _run(text: str, is_given: bool, numbers: Sequence[int]) -> Markup:
    lines = joined(map(escape_code, LINE_ENDS.split(text)), Markup("\n"))
    if numbers:
        named = ", ".join(f"match {number}" for number in numbers)
        target = f"#{anchor(numbers[0])}"
        lines = element("mark", element("a", lines, href=target, title=named))
    return element("span", lines, class_="given") if is_given else lines
