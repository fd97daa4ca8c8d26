"""`sc2-attrib index build --estimate`: what a build would take."""

import datetime
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from sc2_attrib.cli.progress import waiting
from sc2_attrib.cli.session import Session
from sc2_attrib.cli.streams import print_data
from sc2_attrib.cli.wording import listed, sized
from sc2_attrib.index.building import BuildOptions
from sc2_attrib.index.corpus.document import CorpusSource
from sc2_attrib.index.estimate import BuildEstimate, estimate_build


def print_estimate(
    session: Session,
    sources: Sequence[CorpusSource],
    options: BuildOptions,
    index: str | None,
    *,
    as_json: bool,
) -> None:
    """Estimate a build and print it; the sample is written to the disk that `index` names."""
    with waiting(session, "indexing a sample"):
        found = estimate_build(sources, options, Path(index or ""))
    print_data(_as_json(found) if as_json else listed(_facts(found)))


def _as_json(found: BuildEstimate) -> str:
    return json.dumps(asdict(found), indent=2) + "\n"


def _facts(found: BuildEstimate) -> Iterator[tuple[str, str]]:
    yield "sample", f"{sized(found.sampled_bytes)}, {sized(found.bytes_per_second)}/s"
    if found.source_bytes is None:
        yield "text", "unknown: a source does not tell its size before it is read"
        yield "index", f"{found.index_ratio:.2f} of the text"
    else:
        yield "text", f"{sized(found.source_bytes)}, {found.n_documents:,} documents"
        yield "time", _duration(found.seconds or 0)
        yield "index", f"{sized(found.index_bytes or 0)}, {found.index_ratio:.2f} of the text"
        yield "temporary", f"{sized(found.temporary_bytes or 0)} beside it while it is built"
    yield "memory", f"{sized(found.memory_bytes)} beside that of the program itself"


def _duration(seconds: float) -> str:
    return str(datetime.timedelta(seconds=round(seconds)))
