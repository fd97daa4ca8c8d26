"""Checkpoints: how far a build or an addition is, so that the same command goes on from there.

A checkpoint names what was asked for, the segments that are finished, and the lengths of the spools
of the one that is not. It is one small file beside the manifest, replaced like it: first the spools
are made durable, then the file. What it names is no litter, and is published when the build is
done. Another command, other sources or other options are another request, which doesn't go on with
the work of this one.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sc2_attrib.index.corpus.document import CorpusDescription
from sc2_attrib.index.manifest import SegmentEntry, replace_file
from sc2_attrib.index.search import CorpusSummary
from sc2_attrib.index.segment.builder import BuilderState

CHECKPOINT = "unfinished.json"
_VERSION = 1

# What was asked for, by name: what is read and how, in words and digests that tell it apart. The
# empty request is none: nothing can go on with it.
Request = Mapping[str, str]


@dataclass(slots=True)
class Progressed:
    """What was read so far: whole sources, then items of the next, and what came of them.

    Changed in place: a corpus has many items.

    `documents_before`, `raw_bytes_before`: of the sources before the one that is being read.
    """

    source: int = 0
    item: int = 0
    corpora: tuple[CorpusSummary, ...] = ()
    skipped: dict[str, int] = field(default_factory=dict)
    read_bytes: int = 0
    documents_before: int = 0
    raw_bytes_before: int = 0


@dataclass(frozen=True, slots=True)
class SeriesState:
    """Finished segments with the bytes of their parts, and the one that is being built."""

    entries: tuple[SegmentEntry, ...]
    bytes_by_part: dict[str, int]
    name: str
    builder: BuilderState


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """An unfinished extension of the index whose manifest has the id `base`."""

    request: dict[str, str]
    base: str
    progressed: Progressed
    series: SeriesState

    def segment_names(self) -> set[str]:
        """Segments that are not in the manifest yet, and no litter."""
        return {self.series.name, *(entry.name for entry in self.series.entries)}


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint of an index folder."""
    text = json.dumps({"version": _VERSION, **asdict(checkpoint)}, indent=1)
    replace_file(folder / CHECKPOINT, text + "\n")


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """Read the checkpoint of an index folder; None if there is none that can be gone on from."""
    try:
        fields = json.loads((folder / CHECKPOINT).read_bytes())
        if fields["version"] != _VERSION:
            return None
        return Checkpoint(
            fields["request"],
            fields["base"],
            _progressed(**fields["progressed"]),
            _series(**fields["series"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_checkpoint(folder: Path) -> None:
    """Forget an unfinished extension; its segments are litter from here on."""
    (folder / CHECKPOINT).unlink(missing_ok=True)


def differences(asked: Request, before: Request) -> str:
    """Say in which points two requests differ."""
    names = [name for name in {**before, **asked} if asked.get(name) != before.get(name)]
    return "; ".join(
        f"{name} {before.get(name, 'not there')}, now {asked.get(name, 'not there')}"
        for name in names
    )


def _progressed(corpora: list[dict[str, object]], **fields: object) -> Progressed:
    summaries = tuple(
        CorpusSummary(CorpusDescription(**corpus.pop("corpus")), **corpus)  # type: ignore[arg-type]
        for corpus in corpora
    )
    return Progressed(corpora=summaries, **fields)  # type: ignore[arg-type]  # as written


def _series(
    entries: list[dict[str, object]], builder: dict[str, object], **fields: object
) -> SeriesState:
    return SeriesState(
        tuple(SegmentEntry(**entry) for entry in entries),  # type: ignore[arg-type]  # as written
        builder=BuilderState(**builder),  # type: ignore[arg-type]
        **fields,  # type: ignore[arg-type]
    )
