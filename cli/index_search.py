"""`sc2-attrib index search`: where a text occurs, with no model and no policy."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from sc2_attrib.attribution.offsets import TextOffsets
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import MatchKind
from sc2_attrib.attribution.text import decode_input
from sc2_attrib.cli.inputs import STDIN
from sc2_attrib.cli.locations import open_index_at, required_index
from sc2_attrib.cli.options import AsJson, IndexLocation
from sc2_attrib.cli.streams import print_data
from sc2_attrib.cli.walk import reason_of
from sc2_attrib.cli.wording import counted
from sc2_attrib.index.errors import UsageError
from sc2_attrib.index.search import ExactMatch, MatchSource, SearchResult
from sc2_attrib.index.text import normalize


def search(
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="The text, or - for standard input.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="F", help="Read the text from a file.")
    ] = None,
    index: IndexLocation = None,
    min_chars: Annotated[
        int | None,
        typer.Option(
            "--min-chars",
            metavar="N",
            min=1,
            help="Shortest part to list, in characters that are not white space; as short as the "
            "index guarantees unless given.",
        ),
    ] = None,
    max_sources: Annotated[
        int,
        typer.Option("--max-sources", metavar="N", min=0, help="Places listed a match; 0: all."),
    ] = 10,
    as_json: AsJson = False,
) -> int:
    """List where a text occurs in the index.

    Listed is every part of the text that stands in a document of the index and can't be extended
    there to either side. White space does not count. The exit code is 0 whether something is found
    or not.
    """
    checked = _text_of(text, file)
    with open_index_at(required_index(index)) as searcher:
        least = min_chars or searcher.guarantee_chars
        _require_chars(checked, least)
        [result] = searcher.search([checked], min_chars=least, max_sources=max_sources)
    print_data(_as_json(checked, result) if as_json else _as_text(checked, result))
    return 0


def _text_of(text: str | None, file: Path | None) -> bytes:
    if (text is None) == (file is None):
        raise UsageError("index search: give the text, or - for standard input, or --file F")
    if file is None:
        assert text is not None
        raw = sys.stdin.buffer.read() if text == STDIN else text.encode(errors="surrogateescape")
        return decode_input(raw).utf8
    try:
        return decode_input(file.read_bytes()).utf8
    except OSError as error:
        raise UsageError(f"--file {file}: {reason_of(error)}") from error


def _require_chars(text: bytes, least: int) -> None:
    n_chars = len(normalize(text))
    if n_chars < least:
        found = counted(n_chars, "character")
        raise UsageError(
            f"the text has only {found} that are not white space; matches are found from {least} on"
        )


def _as_text(text: bytes, result: SearchResult) -> str:
    if not result.matches:
        return "not found\n"
    return "\n".join("".join(_match_lines(match, text)) for match in result.matches)


def _match_lines(match: ExactMatch, text: bytes) -> Iterator[str]:
    first, last = TextOffsets(text).extent(match.start, match.stop).lines
    at_least = "at least " if match.at_least else ""
    yield (
        f"lines {first}-{last}, {counted(match.normalized_chars, 'character')}: {at_least}"
        f"{counted(match.n_documents, 'document')}, {counted(match.n_occurrences, 'place')} in "
        f"{counted(match.n_repositories, 'repository', 'repositories')}\n"
    )
    for source in match.sources:
        yield f"  {_place_of(source)}\n"
    if hidden := match.n_occurrences - len(match.sources):
        yield f"  and {at_least}{hidden:,} more\n"


def _place_of(source: MatchSource) -> str:
    found = source.occurrence
    revision = f"@{found.revision}" if found.revision else ""
    return visible(
        f"{found.repository}{revision} {found.path}:{source.first_line}-{source.last_line}  "
        f"{found.license_expression or 'no licence found'}"
        f"{'' if source.verbatim else '  (white space differs)'}"
    )


def _as_json(text: bytes, result: SearchResult) -> str:
    """Write the answer with the names that the result document has."""
    matches = [_match_members(match, text) for match in result.matches]
    document = {"bounded": result.bounded, "matches": matches}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _match_members(match: ExactMatch, text: bytes) -> dict[str, object]:
    extent = TextOffsets(text).extent(match.start, match.stop)
    return {
        "bytes": extent.bytes,
        "chars": extent.chars,
        "lines": extent.lines,
        "columns": extent.columns,
        "normalized_chars": match.normalized_chars,
        "documents": {
            "count": match.n_documents,
            "occurrences": match.n_occurrences,
            "repositories": match.n_repositories,
            "at_least": match.at_least,
        },
        "sources": [_source_members(source) for source in match.sources],
    }


def _source_members(source: MatchSource) -> dict[str, object]:
    found = source.occurrence
    return {
        "document": source.document,
        "kind": MatchKind.VERBATIM if source.verbatim else MatchKind.REFORMATTED,
        "repo": found.repository,
        "revision": found.revision,
        "path": found.path,
        "bytes": (source.start, source.stop),
        "lines": (source.first_line, source.last_line),
        "license": found.license_expression,
    }
