"""The two ways a search can run, held fixed: plain Python and NumPy, or machine code throughout."""

from collections.abc import Sequence
from pathlib import Path

from sc2_attrib.index.manifest import open_segment, read_manifest
from sc2_attrib.index.matching.listing import Listing, reported
from sc2_attrib.index.matching.matcher import Matcher, Pace
from sc2_attrib.index.segment.reader import Segment
from tests.index.oracle import Extent


class PlainPace(Pace):
    """Never loads machine code."""

    @property
    def is_fast(self) -> bool:
        return False


class CompiledPace(Pace):
    """Runs on machine code from the first search on."""

    @property
    def is_fast(self) -> bool:
        return True


PACES: dict[str, type[Pace]] = {"plain": PlainPace, "compiled": CompiledPace}


def only_segment(folder: Path) -> Segment:
    """Open the segment of an index that has just one."""
    manifest = read_manifest(folder)
    (entry,) = manifest.segments
    return open_segment(folder, entry, manifest.shape)


def holders_by_text(
    matcher: Matcher, texts: Sequence[bytes], min_chars: int
) -> list[dict[Extent, dict[int, int]]]:
    """What a matcher finds in each text, as `Oracle.reported` says it."""
    search = matcher.search(texts, min_chars=min_chars)
    listing = Listing(matcher.segment, search, max_documents=0)
    starts = matcher.segment.documents.starts
    found: list[dict[Extent, dict[int, int]]] = [{} for _ in texts]
    for start, stop in reported(listing.licenses()):
        holders = listing.complete((start, stop))
        assert not holders.at_least
        owner = int(search.query.owners[start])
        base = int(search.query.starts[owner])
        found[owner][start - base, stop - base] = {
            document: position - int(starts[document])
            for document, position in holders.positions.items()
        }
    return found
