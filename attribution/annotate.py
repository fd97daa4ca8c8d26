"""From the matches of a file to the file with SPDX snippet tags around its copies.

Matches that share a line become one snippet, with all they were copied from. Tags go on lines of
their own, at the nearest free breaks outside of the copy (line_breaks.py); so a snippet may begin
earlier and end later than the copy, which is said. Where there is no free break, where a language
has no comments, or where Python would read the file as something else, there is a reason instead
of a text, and a sidecar (sidecar.py) takes the tags' place.

What is annotated: all that stands in the index and is not allowed as it is or the user's own. What
a baseline knows, or a review has settled by attribution, is owed its attribution all the same.
"""

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sc2_attrib.attribution.line_breaks import free_breaks, syntax_of
from sc2_attrib.attribution.report.sentences import place_of, principal
from sc2_attrib.attribution.result import Action, MatchKind, MatchRecord
from sc2_attrib.attribution.snippet_tags import Origin, Snippet, Untagged, with_tags, without_tags
from sc2_attrib.attribution.text import UTF_8, decode_input

BOM = b"\xef\xbb\xbf"
NO_COMMENTS = "no comments that are known to be safe in this kind of file"
NOT_UTF_8 = "its text is UTF-16 or UTF-32"
LONE_RETURNS = "its lines end in ways of more than one system"
NO_PLACE = "no line around the copy where a comment could stand"
UNPAIRED = "it has snippet tags that don't pair"
OTHER_MEANING = "with comments Python would read it as something else"

_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*(?!utf-?8\b)[-\w.]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Annotated:
    """A file with tags, or the reason why it has none.

    `widened` are the snippets that are larger than the copies in them: lines of the file without
    tags, of the copy and of the snippet.
    """

    text: bytes | None
    snippets: tuple[Snippet, ...] = ()
    widened: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = ()
    reason: str | None = None


def untagged(raw: bytes, language: str | None) -> Untagged:
    """Take our tags out of a file."""
    syntax = syntax_of(raw, language)
    if syntax is None:
        return Untagged(raw, ())
    mark, text = _parted(raw)
    found = without_tags(text, syntax)
    return replace(found, text=mark + found.text)


def snippets_of(matches: Iterable[MatchRecord], tagged: Untagged) -> list[Snippet]:
    """Say which lines of a file are owed attribution, and to whom.

    `tagged` is what the matches' lines are into: of a file that was checked with tags in it, they
    are numbered as without.
    """
    found = [
        Snippet(*_lines(match, tagged), (_origin(match),))
        for match in matches
        if _is_owed(match) and match.sources
    ]
    return list(_joined(found))


def annotate(raw: bytes, language: str | None, snippets: Sequence[Snippet]) -> Annotated:
    """Put tags around the snippets of a file that has no tags of ours."""
    syntax = syntax_of(raw, language)
    if not snippets:
        return Annotated(raw)
    if decode_input(raw).encoding != UTF_8:
        return Annotated(None, reason=NOT_UTF_8)
    if syntax is None:
        return Annotated(None, reason=NO_COMMENTS)
    if raw.count(b"\r") != raw.count(b"\r\n"):
        return Annotated(None, reason=LONE_RETURNS)
    mark, text = _parted(raw)
    placed = _placed(snippets, free_breaks(text, language, syntax))
    if placed is None:
        return Annotated(None, reason=NO_PLACE)
    result = mark + with_tags(text, placed, syntax, ascii_only=not _takes_utf_8(text))
    if language == "Python" and not _means_the_same(raw, result):
        return Annotated(None, reason=OTHER_MEANING)
    if untagged(result, language).text != raw:
        return Annotated(None, reason=UNPAIRED)
    return Annotated(result, tuple(placed), tuple(_widened(snippets, placed)))


def _is_owed(match: MatchRecord) -> bool:
    is_own = match.suppression is not None and match.suppression.get("kind") == "own-code"
    return match.policy.action is not Action.ALLOW and not is_own and not match.in_prompt


def _lines(match: MatchRecord, tagged: Untagged) -> tuple[int, int]:
    first, last = match.generated.lines
    return tagged.line(first), tagged.line(last)


def _origin(match: MatchRecord) -> Origin:
    """Name the source that reports name too: the first of the strictest licence."""
    source = principal(match)
    assert source is not None
    others = {each.license.expression for each in match.sources} - {source.license.expression}
    also = f"; also found under {', '.join(sorted(others))}" if others else ""
    what = {
        MatchKind.VERBATIM: "verbatim copy of",
        MatchKind.REFORMATTED: "copy, white space apart, of",
        MatchKind.NEAR: f"edited copy ({source.similarity:.0%} alike) of",
    }[match.kind]
    where = source.url or source.swhid
    return Origin(
        source.license.expression,
        source.license.copyright,
        f"{what} {place_of(source)} <{where}>{also}",
    )


def _joined(snippets: Iterable[Snippet]) -> Iterator[Snippet]:
    """Join snippets that share a line."""
    current: Snippet | None = None
    for snippet in sorted(snippets, key=lambda each: (each.first, each.last)):
        if current is not None and snippet.first <= current.last:
            origins = dict.fromkeys((*current.origins, *snippet.origins))
            last = max(current.last, snippet.last)
            current = Snippet(current.first, last, tuple(origins))
            continue
        if current is not None:
            yield current
        current = snippet
    if current is not None:
        yield current


def _placed(snippets: Sequence[Snippet], free: Sequence[bool]) -> list[Snippet] | None:
    """Widen snippets to the nearest free breaks; None where there are none on some side."""
    earlier = _nearest(free, backwards=True)
    later = _nearest(free, backwards=False)
    first_free = next((number for number, is_free in enumerate(free) if is_free), None)
    if first_free is None:
        return None
    placed = []
    for snippet in snippets:
        # The first lines of a file may have to stay the first: a snippet begins after them.
        start = earlier[snippet.first - 1]
        start = first_free if start is None and first_free < snippet.last else start
        stop = later[min(snippet.last, len(free) - 1)]
        if start is None or stop is None:
            return None
        placed.append(replace(snippet, first=start + 1, last=stop))
    return list(_joined(placed))


def _nearest(free: Sequence[bool], *, backwards: bool) -> list[int | None]:
    """Find for each break the nearest free one, itself included, on one side."""
    numbers = range(len(free)) if backwards else range(len(free) - 1, -1, -1)
    nearest: list[int | None] = [None] * len(free)
    current: int | None = None
    for number in numbers:
        current = number if free[number] else current
        nearest[number] = current
    return nearest


def _widened(
    snippets: Sequence[Snippet], placed: Sequence[Snippet]
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    for snippet in snippets:
        around = next(each for each in placed if each.first <= snippet.last <= each.last)
        if (around.first, around.last) != (snippet.first, snippet.last):
            yield (snippet.first, snippet.last), (around.first, around.last)


def _parted(raw: bytes) -> tuple[bytes, bytes]:
    """Part a file into its byte order mark and its text."""
    return (BOM, raw[len(BOM) :]) if raw.startswith(BOM) else (b"", raw)


def _takes_utf_8(text: bytes) -> bool:
    """Tell whether a file may hold UTF-8: it is no other text, and claims to be none."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return not any(_CODING.match(line) for line in text.split(b"\n", 2)[:2])


def _means_the_same(before: bytes, after: bytes) -> bool:
    """Compare what Python reads in two texts; what it could not read before doesn't matter."""
    meant = _meaning(before)
    return meant is None or meant == _meaning(after)


def _meaning(text: bytes) -> str | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.dump(ast.parse(text))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
