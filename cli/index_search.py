"""`sc2-attrib index search`: where a text occurs, with no model and no policy."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from typing import Annotated

import typer

from sc2_attrib.attribution.check import Found
from sc2_attrib.attribution.near import edit_members
from sc2_attrib.attribution.offsets import TextOffsets
from sc2_attrib.attribution.report.near_rows import NEW, OLD, marked
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.source import kind_of
from sc2_attrib.attribution.text import decode_input, readable
from sc2_attrib.cli.check_options import NEAR, MinLexemes, MinSimilarity, NoNear, near_options
from sc2_attrib.cli.inputs import STDIN
from sc2_attrib.cli.locations import open_index_at, required_index
from sc2_attrib.cli.options import AsJson, IndexLocation
from sc2_attrib.cli.streams import print_data
from sc2_attrib.cli.walk import reason_of
from sc2_attrib.cli.wording import counted
from sc2_attrib.index.errors import UsageError
from sc2_attrib.index.search import ExactMatch, MatchSource, NearMatch
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
    min_similarity: MinSimilarity = NEAR.min_similarity,
    min_lexemes: MinLexemes = NEAR.min_lexemes,
    no_near: NoNear = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show edited copies beside their source.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """List where a text occurs in the index.

    Listed is every part of the text that stands in a document of the index and can't be extended
    there to either side; white space does not count. Then come edited copies. The exit code is 0
    whether something is found or not.
    """
    near = near_options(no_near=no_near, min_similarity=min_similarity, min_lexemes=min_lexemes)
    checked = _text_of(text, file)
    with open_index_at(required_index(index)) as searcher:
        least = min_chars or searcher.guarantee_chars
        _require_chars(checked, least)
        [exact] = searcher.search([checked], min_chars=least, max_sources=max_sources)
        found = Found(exact)
        if near:
            answers = searcher.search_near([checked], [exact], near, max_sources=max_sources)
            found = Found(exact, answers[0])
    print_data(_as_json(checked, found) if as_json else _as_text(checked, found, explain=explain))
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


def _as_text(text: bytes, found: Found, *, explain: bool) -> str:
    offsets = TextOffsets(text)
    blocks = ["".join(_match_lines(match, offsets)) for match in found.exact.matches]
    for match in found.near.matches:
        blocks.append("".join(_near_lines(match, offsets)))
        if explain:
            blocks[-1] += explained(match, text)
    return "\n".join(blocks) or "not found\n"


def _match_lines(match: ExactMatch, offsets: TextOffsets) -> Iterator[str]:
    first, last = offsets.extent(match.start, match.stop).lines
    yield f"lines {first}-{last}, {counted(match.normalized_chars, 'character')}: "
    yield from _holder_lines(match)


def _near_lines(match: NearMatch, offsets: TextOffsets) -> Iterator[str]:
    first, last = offsets.extent(match.start, match.stop).lines
    yield (
        f"lines {first}-{last}, {counted(match.lexemes, 'lexeme')},"
        f" {match.similarity:.0%} similar: "
    )
    yield from _holder_lines(match)


def explained(match: NearMatch, text: bytes) -> str:
    """Show both sides of an edited copy, with what differs marked."""
    source = match.sources[0]
    new = [(edit.start - match.start, edit.stop - match.start) for edit in match.edits]
    old = [
        (edit.source_start - source.start, edit.source_stop - source.start) for edit in match.edits
    ]
    checked = marked(readable(text[match.start : match.stop]), new, NEW).plain
    original = marked(readable(source.excerpt), old, OLD).plain
    sides = (("  checked\n", checked), ("  source\n", original))
    return "".join(title + indent(side, "    | ", lambda _: True) + "\n" for title, side in sides)


def _holder_lines(match: ExactMatch | NearMatch) -> Iterator[str]:
    at_least = "at least " if match.at_least else ""
    yield (
        f"{at_least}{counted(match.n_documents, 'document')}, "
        f"{counted(match.n_occurrences, 'place')} in "
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
        f"{_difference(source)}"
    )


def _difference(source: MatchSource) -> str:
    if source.similarity is not None:
        return f"  ({source.similarity:.0%} similar)"
    return "" if source.verbatim else "  (white space differs)"


def _as_json(text: bytes, found: Found) -> str:
    """Write the answer with the names that the result document has."""
    offsets = TextOffsets(text)
    matches = [_match_members(match, offsets) for match in found.exact.matches]
    matches += [_near_members(match, offsets, text) for match in found.near.matches]
    document = {"bounded": found.bounded, "matches": matches}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _match_members(match: ExactMatch, offsets: TextOffsets) -> dict[str, object]:
    extent = _extent_members(match, offsets)
    return {**extent, "normalized_chars": match.normalized_chars, **_holder_members(match)}


def _near_members(match: NearMatch, offsets: TextOffsets, text: bytes) -> dict[str, object]:
    return {
        **_extent_members(match, offsets),
        "lexemes": match.lexemes,
        "similarity": round(match.similarity, 4),
        "edits": list(edit_members(match, text)),
        **_holder_members(match),
    }


def _extent_members(match: ExactMatch | NearMatch, offsets: TextOffsets) -> dict[str, object]:
    extent = offsets.extent(match.start, match.stop)
    return {
        "bytes": extent.bytes,
        "chars": extent.chars,
        "lines": extent.lines,
        "columns": extent.columns,
    }


def _holder_members(match: ExactMatch | NearMatch) -> dict[str, object]:
    return {
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
        "kind": kind_of(source),
        "repo": found.repository,
        "revision": found.revision,
        "path": found.path,
        "bytes": (source.start, source.stop),
        "lines": (source.first_line, source.last_line),
        "license": found.license_expression,
    }
