"""How a region differs from its source, as edits in byte offsets of both texts."""

from collections.abc import Iterator

import numpy as np

from sc2_attrib.index.near.alignment import ALONE, Side
from sc2_attrib.index.near.lexer import Numbers
from sc2_attrib.index.near.redaction import changed_places
from sc2_attrib.index.near.regions import Region
from sc2_attrib.index.search import Edit, EditKind


def edits(region: Region) -> tuple[Edit, ...]:
    """List the edits that lead from the source to the checked text, in order."""
    columns = region.alignment
    is_plain = columns.equal & ~columns.renamed & ~columns.redacted
    return tuple(
        edit for start, stop in changed_places(is_plain) for edit in _edits(region, start, stop)
    )


def _edits(region: Region, start: int, stop: int) -> Iterator[Edit]:
    """Split columns that differ into stretches of one kind, each renamed column alone."""
    columns = region.alignment
    kinds = [
        EditKind.RENAMED if renamed else EditKind.REDACTED if redacted else None
        for renamed, redacted in zip(
            columns.renamed[start:stop].tolist(), columns.redacted[start:stop].tolist(), strict=True
        )
    ]
    first = 0
    for at in range(1, len(kinds) + 1):
        if at == len(kinds) or kinds[at] != kinds[first] or kinds[at] is EditKind.RENAMED:
            yield _edit(region, start + first, start + at, kinds[first])
            first = at


def _edit(region: Region, start: int, stop: int, kind: EditKind | None) -> Edit:
    columns = region.alignment
    ours = _extent(region.ours, columns.lefts, start, stop)
    theirs = _extent(region.theirs, columns.rights, start, stop)
    if kind is None:
        is_deleted, is_inserted = ours[0] == ours[1], theirs[0] == theirs[1]
        kind = (
            EditKind.DELETED
            if is_deleted
            else EditKind.INSERTED
            if is_inserted
            else EditKind.REPLACED
        )
    return Edit(kind, *ours, theirs[0] + region.offset, theirs[1] + region.offset)


def _extent(side: Side, lexemes: Numbers, start: int, stop: int) -> tuple[int, int]:
    """Bytes of columns [start, stop); where they are all ALONE, the end of the lexeme before."""
    present = lexemes[start:stop]
    present = present[present != ALONE]
    if present.size:
        return int(side.starts[present[0]]), int(side.stops[present[-1]])
    before = lexemes[:start]
    at = int(side.stops[before[np.flatnonzero(before != ALONE)[-1]]])
    return at, at
