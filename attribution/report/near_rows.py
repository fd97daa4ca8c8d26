"""An edited copy beside its source, with what was changed marked.

The checked text comes first, then the source, each by lines with their numbers: `{+new+}` in the
one, `[-old-]` in the other, as word-level diffs write it; in a terminal they have colours too.
"""

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from sc2_attrib.attribution.report.rows import Row, indented
from sc2_attrib.attribution.report.view import View, counted, plain
from sc2_attrib.attribution.result import MatchRecord

SHOWN_LINES = 20  # of each side, below verbosity 2
NEW, OLD = ("{+", "+}", "green"), ("[-", "-]", "red")

Span = tuple[int, int]


def near_rows(match: MatchRecord, texts: Mapping[str, str], view: View) -> Iterator[Row]:
    """Show both sides of a near match; the source is the first that is listed."""
    if not match.sources or match.excerpt is None or match.excerpt not in texts:
        return
    source = match.sources[0]
    checked, original = texts[match.excerpt], texts.get(source.excerpt, "")
    spans = changed_spans(match.edits)
    new = [
        (start - match.generated.bytes[0], stop - match.generated.bytes[0])
        for (start, stop), _ in spans
    ]
    old = [(start - source.bytes[0], stop - source.bytes[0]) for _, (start, stop) in spans]
    yield indented(plain(f"checked, lines {_lines(match.generated.lines)}", "dim"), 6)
    yield from _side_rows(marked(checked, new, NEW), match.generated.lines[0], view)
    yield indented(plain(f"source, {source.path}:{_lines(source.lines)}", "dim"), 6)
    yield from _side_rows(marked(original, old, OLD), source.lines[0], view)


def changed_spans(edits: Sequence[Mapping[str, object]]) -> list[tuple[Span, Span]]:
    """List the byte ranges that differ, of the checked text and of the source, in order."""
    spans = []
    for edit in edits:
        places = edit.get("places", [edit])
        assert isinstance(places, list | tuple)
        spans += [(tuple(place["generated"]), tuple(place["source"])) for place in places]
    return sorted(spans)


def marked(text: str, spans: Sequence[Span], marks: tuple[str, str, str]) -> Text:
    """Put marks around byte ranges of a text; empty ranges have none."""
    raw, shown, at = text.encode(), Text(), 0
    opening, closing, style = marks
    for start, stop in sorted(spans):
        if at <= start < stop <= len(raw):
            shown.append_text(_plain(raw[at:start]))
            shown.append_text(Text(opening, style))
            shown.append_text(_plain(raw[start:stop], style))
            shown.append_text(Text(closing, style))
            at = stop
    shown.append_text(_plain(raw[at:]))
    return shown


def _plain(raw: bytes, style: str = "") -> Text:
    text = raw.decode(errors="replace")
    return Text("\n").join(plain(line.expandtabs(4), style) for line in text.split("\n"))


def _lines(lines: Span) -> str:
    return f"{lines[0]}-{lines[1]}"


def _side_rows(text: Text, first_line: int, view: View) -> Iterator[Row]:
    lines = list(text.split("\n", allow_blank=True))
    shown = lines if view.verbosity > 1 else lines[:SHOWN_LINES]
    for number, line in enumerate(shown, first_line):
        yield Row(line, Text(f"{number:>12} {view.glyphs.bar} ", "dim"))
    if len(lines) > len(shown):
        yield indented(Text(f"and {counted(len(lines) - len(shown), 'more line')}", "dim"), 15)
