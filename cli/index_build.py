"""`sc2-attrib index build`: a new index from sources of code."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from sc2_attrib.cli.locations import required_folder
from sc2_attrib.cli.options import AsJson, IndexLocation, Jobs
from sc2_attrib.cli.progress import build_progress
from sc2_attrib.cli.session import Session
from sc2_attrib.cli.source_options import (
    DEFAULT_FETCH_JOBS,
    FetchJobs,
    Languages,
    LargestText,
    LicenseTypes,
    Repositories,
    Sources,
    opened,
)
from sc2_attrib.cli.streams import print_data
from sc2_attrib.cli.wording import counted, listed, sized
from sc2_attrib.index.building import (
    DEFAULT_GUARANTEE,
    BuildOptions,
    BuildSummary,
    build_index,
)
from sc2_attrib.index.corpus.document import CorpusSource


def build(
    context: typer.Context,
    sources: Sources,
    index: IndexLocation = None,
    guarantee: Annotated[
        int,
        typer.Option(
            "--guarantee",
            metavar="N",
            help="Shortest match the index is certain to find, in characters that are not white "
            "space. A longer one makes a smaller index.",
        ),
    ] = DEFAULT_GUARANTEE,
    jobs: Jobs = None,
    languages: Languages = None,
    license_types: LicenseTypes = None,
    repositories: Repositories = None,
    max_text_size: LargestText = None,
    fetch_jobs: FetchJobs = DEFAULT_FETCH_JOBS,
    force: Annotated[bool, typer.Option("--force", help="Replace an index that is there.")] = False,
    as_json: AsJson = False,
) -> int:
    """Build a new index from sources of code."""
    folder = required_folder(index)
    wanted = opened(
        sources,
        languages=languages,
        license_types=license_types,
        repositories=repositories,
        max_text_size=max_text_size,
        fetch_jobs=fetch_jobs,
    )
    options = BuildOptions(guarantee, jobs or BuildOptions().jobs, force)
    summary = build_into(Session.of(context), folder, wanted, options)
    print_summary(summary, folder, as_json=as_json)
    return 0


def build_into(
    session: Session, folder: Path, sources: Sequence[CorpusSource], options: BuildOptions
) -> BuildSummary:
    """Build an index while showing how far it is."""
    with build_progress(session, expected_bytes(session, sources)) as show:
        return build_index(sources, folder, options, on_progress=show)


def print_summary(summary: BuildSummary, folder: Path, *, as_json: bool) -> None:
    """Print what a build, an addition or a compaction did."""
    print_data(_as_json(summary) if as_json else _as_text(summary, folder))


def expected_bytes(session: Session, sources: Sequence[CorpusSource]) -> int | None:
    """Add up what is to come, if somebody watches; None if a source doesn't know."""
    if not session.shows_progress:
        return None
    estimates = [source.estimate_bytes() for source in sources]
    known = [estimate for estimate in estimates if estimate is not None]
    return sum(known) if len(known) == len(estimates) else None


def _as_json(summary: BuildSummary) -> str:
    return json.dumps(asdict(summary), indent=2) + "\n"


def _as_text(summary: BuildSummary, folder: Path) -> str:
    n_bytes = sum(summary.bytes_by_part.values())
    facts = [
        ("index", f"{folder}, {sized(n_bytes)} written"),
        ("text", f"{sized(summary.raw_bytes)} read in {summary.seconds:.1f} s"),
        ("documents", f"{summary.n_documents:,}, in {counted(summary.n_occurrences, 'place')}"),
        ("duplicates", f"{summary.n_duplicates:,}"),
    ]
    facts += [(f"skipped: {reason}", f"{n:,}") for reason, n in sorted(summary.skipped.items())]
    return listed(facts)
