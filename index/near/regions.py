"""Regions of a text that are near a region of a document, and which of them are reported.

A region is reported if it is told by enough different lexemes, says something that an exact match
doesn't, and no better region holds most of it. What lies side by side with a better region, in
another document, is a further source of the same match.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from sc2_attrib.index.near.alignment import ALONE, Alignment, Side
from sc2_attrib.index.near.documents import NearDocuments
from sc2_attrib.index.near.lexer import PUNCTUATION
from sc2_attrib.index.search import ExactMatch
from sc2_attrib.index.text import normalize

MIN_NEWS = 16  # lexemes of a region that lie in no one exact match
MIN_WITNESSES = 7  # different lexemes that a region has in common with its source
SAME_REGION = 0.8  # share of two regions that makes them one


@dataclass(frozen=True, slots=True)
class Region:
    """A region of the checked text against one of a document.

    `alignment` numbers the lexemes of `ours` and `theirs`. `offset` is where the text of `theirs`
    begins in the document, that of `ours` is the whole checked text.
    """

    documents: NearDocuments
    document: int
    alignment: Alignment
    ours: Side
    theirs: Side
    offset: int

    @property
    def extent(self) -> tuple[int, int]:
        """Half-open byte range in the checked text."""
        first, last = int(self.alignment.lefts[0]), int(self.alignment.lefts[-1])
        return int(self.ours.starts[first]), int(self.ours.stops[last])

    @property
    def source_extent(self) -> tuple[int, int]:
        """Half-open byte range in the document."""
        first, last = int(self.alignment.rights[0]), int(self.alignment.rights[-1])
        return self.offset + int(self.theirs.starts[first]), self.offset + int(
            self.theirs.stops[last]
        )

    def rank(self) -> tuple[object, ...]:
        """Order of regions, best first: more equal lexemes, then more similar, then by content."""
        return (
            -self.alignment.n_equal,
            -self.alignment.similarity,
            self.documents.swhid(self.document),
            self.extent,
        )


@dataclass(slots=True)
class Group:
    """The regions of one match, the best first."""

    regions: list[Region] = field(default_factory=list)


def grouped(regions: Iterable[Region]) -> list[Group]:
    """Choose the regions that are reported, each with its like in other documents."""
    groups: list[Group] = []
    for region in sorted(regions, key=Region.rank):
        for group in groups:
            best = group.regions[0].extent
            if shared(region.extent, best) >= SAME_REGION:
                seen = {(id(each.documents), each.document) for each in group.regions}
                is_other = (id(region.documents), region.document) not in seen
                if is_other and shared(best, region.extent) >= SAME_REGION:
                    group.regions.append(region)
                break
        else:
            groups.append(Group([region]))
    return groups


def shared(extent: tuple[int, int], other: tuple[int, int]) -> float:
    """Share of an extent that lies in another."""
    overlap = min(extent[1], other[1]) - max(extent[0], other[0])
    return max(overlap, 0) / max(extent[1] - extent[0], 1)


def is_telling(region: Region) -> bool:
    """Tell whether different lexemes enough bear witness that one text comes from the other.

    Blocks of includes and tables have one shape everywhere: punctuation says nothing, nor does a
    name that stands against another once.
    """
    columns, ours = region.alignment, region.ours
    both = columns.equal & (columns.lefts != ALONE) & (columns.rights != ALONE)
    lexemes = columns.lefts[both]
    is_renamed = columns.renamed[both]
    same = lexemes[~is_renamed & (ours.kinds[lexemes] != PUNCTUATION)]
    _, counts = np.unique(ours.hashes[lexemes[is_renamed]], return_counts=True)
    n_same = np.unique(ours.hashes[same]).size
    return n_same + int(np.count_nonzero(counts > 1)) >= MIN_WITNESSES


def is_news(region: Region, matches: Sequence[ExactMatch]) -> bool:
    """Tell whether a region is more than one exact match shows, or than a copy."""
    lefts = region.alignment.lefts
    starts = region.ours.starts[lefts[lefts >= 0]]
    n_inside = (
        int(np.count_nonzero((starts >= match.start) & (starts < match.stop))) for match in matches
    )
    return starts.size - max(n_inside, default=0) >= MIN_NEWS and not _is_copy(region)


def _is_copy(region: Region) -> bool:
    """Tell whether the texts are equal but for white space: a match, though a short one."""
    start, stop = region.extent
    their_start, their_stop = (at - region.offset for at in region.source_extent)
    ours = region.ours.text[start:stop].tobytes()
    return normalize(ours) == normalize(region.theirs.text[their_start:their_stop].tobytes())
