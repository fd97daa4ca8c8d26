"""One edited copy as the searcher found it, described for the result document.

`edits` lead from the first source to the checked text. A name that is renamed throughout is one
edit with all its places; every other edit is one place:

    {"kind": "renamed", "from": "n", "to": "count", "places": [{"generated": …, "source": …}, …]}
    {"kind": "replaced", "generated": [120, 131], "source": [98, 104]}

`generated` and `source` are half-open byte ranges of the checked text and of the document.
"""

from collections.abc import Iterator, Mapping, Sequence

from sc2_attrib.attribution.match import Checked, Facts, describe
from sc2_attrib.attribution.policy import Policy
from sc2_attrib.attribution.result import DocumentCounts, MatchKind, MatchRecord
from sc2_attrib.attribution.source import text_key
from sc2_attrib.attribution.source_license import describe_sources
from sc2_attrib.attribution.text import readable
from sc2_attrib.index.search import Edit, EditKind, NearMatch


def describe_near(
    match: NearMatch, checked: Checked, policy: Policy, exact: Sequence[MatchRecord]
) -> MatchRecord:
    """Locate an edited copy in its input, describe its sources and edits, and judge it.

    `exact`: the exact matches of the same input; those inside it become its parts.
    """
    start, stop = match.start, match.stop
    facts = Facts(
        extent=(start, stop),
        kind=MatchKind.NEAR,
        sources=describe_sources(match.sources, checked.license_texts),
        documents=DocumentCounts(
            match.n_documents, match.n_occurrences, match.n_repositories, match.at_least
        ),
        lexemes=match.lexemes,
        source_text=match.sources[0].excerpt,
        parts=tuple(
            each.id
            for each in exact
            if start <= each.generated.bytes[0] and each.generated.bytes[1] <= stop
        ),
        edits=tuple(edit_members(match, checked.utf8)),
        excerpt=text_key(readable(checked.utf8[start:stop])),
    )
    return describe(facts, checked, policy)


def edit_members(match: NearMatch, utf8: bytes) -> Iterator[Mapping[str, object]]:
    """Put edits into the words of the result, each renamed name once."""
    places: dict[tuple[bytes, bytes], list[Mapping[str, object]]] = {}
    edits: list[Mapping[str, object]] = []
    excerpt, base = match.sources[0].excerpt, match.sources[0].start
    for edit in match.edits:
        place = _place(edit)
        if edit.kind is not EditKind.RENAMED:
            edits.append({"kind": edit.kind.value, **place})
            continue
        old = excerpt[edit.source_start - base : edit.source_stop - base]
        new = utf8[edit.start : edit.stop]
        if (old, new) not in places:
            places[old, new] = []
            edits.append(
                {
                    "kind": edit.kind.value,
                    "from": readable(old),
                    "to": readable(new),
                    "places": places[old, new],
                }
            )
        places[old, new].append(place)
    yield from edits


def _place(edit: Edit) -> Mapping[str, object]:
    return {
        "generated": [edit.start, edit.stop],
        "source": [edit.source_start, edit.source_stop],
    }
