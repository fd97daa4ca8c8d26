"""A segment of a few documents, made for one search and searched like any other."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path

from sc2_attrib.index.elastic.about import About
from sc2_attrib.index.elastic.documents import StoredDocument
from sc2_attrib.index.grams import GramShape
from sc2_attrib.index.memory import LEAST_MEMORY, MemoryPlan
from sc2_attrib.index.near.scheme import NearScheme
from sc2_attrib.index.removal import DenyList
from sc2_attrib.index.segment.builder import SegmentBuilder
from sc2_attrib.index.segment.prepared import prepared
from sc2_attrib.index.segment.reader import Segment

_IN_MEMORY = Path("/dev/shm")  # where Linux keeps files in memory


@contextmanager
def scratch_segment(
    documents: Iterable[StoredDocument], about: About, *, most: int, with_near: bool = False
) -> Iterator[Segment | None]:
    """Make a segment of documents, less what was removed; None if nothing is left.

    Args:
        documents: of the index that `about` describes.
        about: as it is now.
        most: documents there are at most.
        with_near: the segment is to have near keys.
    """
    near = about.near if with_near else None
    parent = _IN_MEMORY if _IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="sc2-attrib-", dir=parent) as folder:
        path = Path(folder) / "segment"
        if not _build(path, _allowed(documents, about), about.shape, near, most):
            yield None
            return
        with Segment(
            path, about.shape, has_near=near is not None, has_licenses=(path / "licenses").exists()
        ) as segment:
            yield segment


def _build(
    path: Path,
    documents: Iterator[StoredDocument],
    shape: GramShape,
    near: NearScheme | None,
    most: int,
) -> bool:
    """Write the segment's files, unless there are no documents."""
    first = next(documents, None)
    if first is None:
        return False
    plan = replace(MemoryPlan.of(LEAST_MEMORY, 1), most_occurrences=most)  # room for no more
    builder = SegmentBuilder(path, shape, plan, jobs=1, near=near)
    try:
        for document in chain((first,), documents):
            for occurrence in document.occurrences:
                builder.add(prepared(document.content, occurrence, document.identifier))
        builder.finish()
    finally:
        builder.close()
    return True


def _allowed(documents: Iterable[StoredDocument], about: About) -> Iterator[StoredDocument]:
    """Documents with the occurrences that were not removed, if there are any."""
    deny = DenyList(removal.what for removal in about.removals)
    for document in documents:
        kept = tuple(
            occurrence
            for occurrence in document.occurrences
            if not deny.names(document.identifier, occurrence.repository)
        )
        if kept:
            yield replace(document, occurrences=kept)
