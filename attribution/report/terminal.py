"""The result for people at a terminal.

A block an input, in the order of the result:

    src/parse.py  Python · 1 match
      src/parse.py:12:1
      ✗ deny       GPL-3.0-only is copyleft
                   29 lines · 1,204 characters · verbatim · in 214 places of 190 repositories
        copyleft  GPL-3.0-only  file header
          octo/client@94a9ed0  src/client.py:55-83
            https://github.com/octo/client/blob/…
            swh:1:cnt:…;lines=55-83
          and 212 more under GPL-3.0-only

A completion is listed first, with its matches coloured and numbered (listing.py); the matches
follow as footnotes. Then come the inputs that were not checked, and a summary that says what was
searched. The same rows go to a terminal, a file or a pipe; only a terminal gets escape sequences
and lines broken to its width (rows.py).
"""

import io
from collections import defaultdict
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from sc2_attrib.attribution.report.listing import Listing, Run
from sc2_attrib.attribution.report.match_rows import brief_row, match_rows, strictest_license
from sc2_attrib.attribution.report.rows import Row, Wrap, print_rows
from sc2_attrib.attribution.report.summary_rows import summary_rows, unchecked_rows
from sc2_attrib.attribution.report.view import QUIET, View, counted, plain
from sc2_attrib.attribution.result import InputRecord, MatchRecord, Result


def print_result(result: Result, console: Console, *, verbosity: int = 0) -> None:
    """Print a result; colours and width are the console's.

    Args:
        result: what to show.
        console: where to.
        verbosity: -1 a line a match, 0 some sources of each licence, 1 more sources, evidence and
            qualified SWHIDs, 2 everything, with source excerpts.
    """
    print_rows(rows(result, View.of(console, verbosity)), console)


def render(result: Result, *, verbosity: int = 0) -> str:
    """Write a result as plain text, no line broken and no escape sequence in it."""
    text = io.StringIO()
    console = Console(file=text, force_terminal=False, color_system=None, no_color=True)
    print_rows(rows(result, View.of(console, verbosity)), console)
    return text.getvalue()


def rows(result: Result, view: View) -> Iterator[Row]:
    """List all rows of the report."""
    matches: dict[str, list[MatchRecord]] = defaultdict(list)
    for match in result.matches:
        matches[match.input].append(match)
    for record in result.inputs:
        found = matches.get(record.id, [])
        if view.verbosity <= QUIET:
            yield from (brief_row(match, _place(record, match), view) for match in found)
        elif record.completion is not None:
            yield from _completion_rows(record, found, result, view)
        elif found:
            yield from _file_rows(record, found, result, view)
    yield from unchecked_rows(result.inputs, view)
    yield from summary_rows(result, view)


def _file_rows(
    record: InputRecord, matches: Sequence[MatchRecord], result: Result, view: View
) -> Iterator[Row]:
    facts = view.listed([record.language or "", counted(len(matches), "match")])
    yield _header(record, facts)
    for match in matches:
        yield from match_rows(match, _place(record, match), result.texts, view)
        yield Row()


def _completion_rows(
    record: InputRecord, matches: Sequence[MatchRecord], result: Result, view: View
) -> Iterator[Row]:
    completion, text = record.completion, record.text or ""
    if completion is None:
        return
    start, stop = completion.bytes
    model = result.run.model.id if result.run.model else ""
    stopped = f"stopped: {completion.stopped}" if completion.stopped else ""
    facts = view.listed([model, f"{counted(stop - start, 'byte')} generated", stopped])
    yield _header(record, facts)
    runs = [_run(number, match) for number, match in enumerate(matches, 1)]
    listing = Listing(text, completion.chars, runs)
    yield from listing.rows(view.glyphs, whole=view.verbosity > 0, with_carets=not view.has_color)
    yield Row()
    for number, match in enumerate(matches, 1):
        heading = Text(f"[{number}] {_lines(match)}", "bold")
        yield from match_rows(match, heading, result.texts, view)
        yield Row()


def _header(record: InputRecord, facts: str) -> Row:
    line = Text.assemble(plain(record.path, "bold"), plain(f"  {facts}", "dim"))
    return Row(line, rest=Text("  "), wrap=Wrap.WORDS)


def _run(number: int, match: MatchRecord) -> Run:
    return Run(number, match.generated.chars, strictest_license(match).category)


def _place(record: InputRecord, match: MatchRecord) -> Text:
    line, column = match.generated.lines[0], match.generated.columns[0]
    return plain(f"{record.path}:{line}:{column}", "bold")


def _lines(match: MatchRecord) -> str:
    first, last = match.generated.lines
    return f"line {first}" if first == last else f"lines {first}-{last}"
