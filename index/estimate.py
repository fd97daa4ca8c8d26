"""What a build would take, told from a sample: time, disk and memory.

The beginning of each source is read and indexed in a folder that is removed again; what that took
is scaled up to the size of the sources. Corpora are seldom alike from end to end, so this is an
estimate: of size within a few per cent, of time as the machine allows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from sc2_attrib.index.building import BuildOptions, BuildSummary, build_index
from sc2_attrib.index.corpus.document import (
    CorpusDescription,
    CorpusSource,
    SkippedDocument,
    SourceDocument,
)
from sc2_attrib.index.extension import BuildProgress
from sc2_attrib.index.segment.spool import SUFFIX

SAMPLE_BYTES = 32 << 20  # of text, of all sources together
_WARMING_BYTES = 1 << 18  # built before time is taken: kernels are loaded, or even compiled


@dataclass(frozen=True, slots=True)
class BuildEstimate:
    """What a build would take.

    `source_bytes`: text to be read; None if a source doesn't know how much it has, and with it
    `seconds`, `n_documents`, `index_bytes` and `temporary_bytes`, the disk needed beside the index
    while it is built. `bytes_per_second`, `index_ratio` (bytes of index for each byte of text) are
    those of the sample. `memory_bytes`: what the build may hold beside the program itself.
    """

    sampled_bytes: int
    bytes_per_second: float
    index_ratio: float
    source_bytes: int | None
    seconds: float | None
    n_documents: int | None
    index_bytes: int | None
    temporary_bytes: int | None
    memory_bytes: int


def estimate_build(
    sources: Sequence[CorpusSource], options: BuildOptions, beside: Path
) -> BuildEstimate:
    """Index the beginning of each source, and scale up.

    Args:
        sources: at least one.
        options: of the build.
        beside: where the index will be; the sample is written to the same disk, and removed.

    Raises:
        CorpusError: a source can't be read.
    """
    with TemporaryDirectory(dir=_existing(beside)) as folder:
        _build_sample(sources, _WARMING_BYTES, Path(folder, "warm"), options)
        sample, spool_bytes = _build_sample(sources, SAMPLE_BYTES, Path(folder, "sample"), options)
    sizes = [source.estimate_bytes() for source in sources]
    known = [size for size in sizes if size is not None]
    total = sum(known) if len(known) == len(sizes) else None
    read_bytes = max(sample.read_bytes, 1)
    factor = None if total is None else max(total, sample.read_bytes) / read_bytes
    of_segment = options.resources.plan().most_raw_bytes / read_bytes
    index_bytes = sum(sample.bytes_by_part.values())
    return BuildEstimate(
        sampled_bytes=sample.read_bytes,
        bytes_per_second=sample.read_bytes / sample.seconds,
        index_ratio=index_bytes / read_bytes,
        source_bytes=total,
        seconds=factor and factor * sample.seconds,
        n_documents=_scaled(sample.n_documents, factor),
        index_bytes=_scaled(index_bytes, factor),
        temporary_bytes=_scaled(spool_bytes, factor and min(factor, of_segment)),
        memory_bytes=options.resources.memory_bytes,
    )


def _scaled(value: int, factor: float | None) -> int | None:
    return None if factor is None else round(value * factor)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that exists."""
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.is_dir())


def _build_sample(
    sources: Sequence[CorpusSource], n_bytes: int, folder: Path, options: BuildOptions
) -> tuple[BuildSummary, int]:
    """Index some bytes of text; with what it did, the bytes that lay in spools at most."""
    spool_bytes = 0

    def measure(progress: BuildProgress) -> None:
        nonlocal spool_bytes
        spools = folder.glob(f"segment-*/*{SUFFIX}")
        spool_bytes = max(spool_bytes, sum(path.stat().st_size for path in spools))

    samples = [_Sample(source, n_bytes // len(sources)) for source in sources]
    summary = build_index(
        samples, folder, replace(options, force=False, request={}), on_progress=measure
    )
    return summary, spool_bytes


class _Sample:
    """The beginning of a source."""

    def __init__(self, source: CorpusSource, most_bytes: int) -> None:
        self._source = source
        self._most_bytes = most_bytes

    def describe(self) -> CorpusDescription:
        """Name the corpus."""
        return self._source.describe()

    def estimate_bytes(self) -> int | None:
        """Say nothing: what comes first is not known before it is read."""
        return None

    def __iter__(self) -> Iterator[SourceDocument | SkippedDocument]:
        """Yield items until there is text enough."""
        total = 0
        for found in self._source:
            yield found
            total += len(found.content) if isinstance(found, SourceDocument) else 0
            if total >= self._most_bytes:
                return
