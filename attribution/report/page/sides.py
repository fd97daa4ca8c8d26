"""Checked text and source beside each other.

A verbatim copy is one text with two line numbers. A reformatted or an edited one is a table, its
lines aligned by what they hold apart from white space; what an edit changed is marked on both
sides. Line numbers are those of the files.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from sc2_attrib.attribution.report.near_rows import Span, changed_spans
from sc2_attrib.attribution.report.page.markup import (
    Markup,
    element,
    escape_code,
    joined,
    source_lines,
)
from sc2_attrib.attribution.report.view import counted
from sc2_attrib.attribution.report.visible import LINE_ENDS
from sc2_attrib.attribution.result import InputRecord, MatchKind, MatchRecord, Source

SHOWN_LINES = 200  # of each side of a match; aligning takes the square of it at worst

Line = tuple[int, Markup]

_COLUMNS = Markup('<colgroup><col class="num"><col><col class="num"><col></colgroup>')


def comparison(match: MatchRecord, record: InputRecord | None, texts: Mapping[str, str]) -> Markup:
    """Show a match beside its first source, as far as the result has the texts."""
    source = match.sources[0] if match.sources else None
    original = texts.get(source.excerpt) if source else None
    if source is None or original is None:
        return _note("The result holds no text of this match.")
    if source.kind is MatchKind.VERBATIM:
        return _one_text(match, source, original)
    checked = checked_text(match, record, texts)
    if checked is None:
        said = f"The source alone; the result holds no checked text of this {source.kind} match."
        return joined([_note(said), _listing([source.lines[0]], original, "source")])
    return _two_texts(match, source, checked, original)


def checked_text(
    match: MatchRecord, record: InputRecord | None, texts: Mapping[str, str]
) -> str | None:
    """Get the matched part of the input; None where the result doesn't hold it."""
    if match.excerpt is not None and match.excerpt in texts:
        return texts[match.excerpt]
    if record is None or record.text is None:
        return None
    start, stop = match.generated.chars
    return record.text[start:stop]


def marked_lines(text: str, spans: Sequence[Span], mark: str) -> list[Markup]:
    """Cut a text into lines, with byte ranges of it in elements called `mark`."""
    raw, at = text.encode("utf-8", "surrogatepass"), 0
    lines: list[list[Markup]] = [[]]
    for start, stop in sorted(spans):
        if at <= start < stop <= len(raw):
            _add(lines, raw[at:start], None)
            _add(lines, raw[start:stop], mark)
            at = stop
    _add(lines, raw[at:], None)
    return [joined(line) for line in lines]


def _add(lines: list[list[Markup]], raw: bytes, mark: str | None) -> None:
    for number, piece in enumerate(LINE_ENDS.split(raw.decode(errors="replace"))):
        if number:
            lines.append([])
        if piece:
            shown = escape_code(piece)
            lines[-1].append(element(mark, shown) if mark else shown)


def _one_text(match: MatchRecord, source: Source, text: str) -> Markup:
    return _listing([match.generated.lines[0], source.lines[0]], text, "checked text and source")


def _listing(first_lines: Sequence[int], text: str, label: str) -> Markup:
    """Show one text with columns of line numbers, which a screen reader leaves out."""
    lines = source_lines(text)
    shown = lines[:SHOWN_LINES]
    numbers = (
        element(
            "pre",
            Markup("\n".join(map(str, range(first, first + len(shown))))),
            class_="num",
            aria_hidden="true",
        )
        for first in first_lines
    )
    body = element("pre", joined(shown, Markup("\n")), class_="txt", tabindex="0", aria_label=label)
    return joined([element("div", *numbers, body, class_="listing"), _rest(lines, shown)])


def _two_texts(match: MatchRecord, source: Source, checked: str, original: str) -> Markup:
    spans = changed_spans(match.edits) if match.kind is MatchKind.NEAR else []
    new = [_shifted(span, match.generated.bytes[0]) for span, _ in spans]
    old = [_shifted(span, source.bytes[0]) for _, span in spans]
    left = list(enumerate(marked_lines(checked, new, "ins"), match.generated.lines[0]))
    right = list(enumerate(marked_lines(original, old, "del"), source.lines[0]))
    rows = (_row(*pair) for pair in _aligned(left, right, _keys(checked), _keys(original)))
    head = element(
        "thead",
        element(
            "tr",
            element("th", "Checked text", colspan=2, scope="colgroup"),
            element("th", "Source", colspan=2, scope="colgroup"),
        ),
    )
    table = element("table", _COLUMNS, head, element("tbody", *rows), class_="sides")
    longer = max(left, right, key=len)
    return joined([table, _rest(longer, longer[:SHOWN_LINES])])


def _keys(text: str) -> list[str]:
    """Give what lines are compared by: what they hold but white space."""
    return ["".join(line.split()) for line in LINE_ENDS.split(text)[:SHOWN_LINES]]


def _shifted(span: Span, by: int) -> Span:
    return span[0] - by, span[1] - by


def _aligned(
    left: Sequence[Line], right: Sequence[Line], left_keys: list[str], right_keys: list[str]
) -> Iterator[tuple[Line | None, Line | None, bool]]:
    """Pair lines; the flag says whether the two hold the same apart from white space."""
    matcher = difflib.SequenceMatcher(None, left_keys, right_keys, autojunk=False)
    for operation, left_start, left_stop, right_start, right_stop in matcher.get_opcodes():
        some = zip_longest(left[left_start:left_stop], right[right_start:right_stop])
        for one, other in some:
            yield one, other, operation == "equal"


def _row(left: Line | None, right: Line | None, is_equal: bool) -> Markup:
    return element("tr", *_cells(left), *_cells(right), class_=None if is_equal else "changed")


def _cells(line: Line | None) -> Iterator[Markup]:
    if line is None:
        yield element("td", colspan=2, class_="none")
        return
    number, text = line
    yield element("td", str(number), class_="num")
    yield element("td", text)


def _rest(lines: Sequence[object], shown: Sequence[object]) -> Markup:
    n_more = len(lines) - len(shown)
    return _note(f"{counted(n_more, 'more line')} not shown here.") if n_more else Markup("")


def _note(text: str) -> Markup:
    return element("p", text, class_="note")
