"""`sc2-attrib index build`: a new index from sources of code."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from sc2_attrib.cli.build_estimate import print_estimate
from sc2_attrib.cli.locations import new_index
from sc2_attrib.cli.options import AsJson, IndexLocation, Jobs
from sc2_attrib.cli.progress import build_progress
from sc2_attrib.cli.resource_options import DEFAULT_MEMORY_SIZE, Memory, resources
from sc2_attrib.cli.server_options import Compression, Refresh, Replicas, Shards, layout_of
from sc2_attrib.cli.session import Session
from sc2_attrib.cli.source_options import SourceChoice, reads_sources
from sc2_attrib.cli.streams import print_data
from sc2_attrib.cli.wording import counted, listed, sized
from sc2_attrib.index.building import (
    DEFAULT_GUARANTEE,
    BuildOptions,
    BuildSummary,
)
from sc2_attrib.index.corpus.document import CorpusSource
from sc2_attrib.index.stores import Store


@reads_sources
def build(
    context: typer.Context,
    choice: SourceChoice,
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
    memory: Memory = DEFAULT_MEMORY_SIZE,
    no_near: Annotated[
        bool,
        typer.Option(
            "--no-near",
            help="Leave out the keys that edited copies are found by: quicker, smaller.",
        ),
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Replace an index that is there, or an unfinished build of another."
        ),
    ] = False,
    forget_removals: Annotated[
        bool,
        typer.Option(
            "--forget-removals",
            help="With --force, replace even an index whose list of removals can't be read.",
        ),
    ] = False,
    shards: Shards = None,
    replicas: Replicas = None,
    refresh: Refresh = None,
    compression: Compression = None,
    estimate: Annotated[
        bool,
        typer.Option("--estimate", help="Build nothing; tell time, disk and memory from a sample."),
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Build a new index from sources of code.

    A build that was interrupted goes on where it was when the same command is given again.
    """
    sources = choice.open()
    options = BuildOptions(
        guarantee_chars=guarantee,
        force=force,
        forget_removals=forget_removals,
        near=not no_near,
        resources=resources(jobs, memory),
        request={
            "command": "index build",
            "guarantee": str(guarantee),
            "near": str(not no_near),
            **choice.request(),
        },
    )
    if estimate:
        print_estimate(Session.of(context), sources, options, index, as_json=as_json)
        return 0
    store = new_index(index, layout=layout_of(shards, replicas, refresh, compression))
    summary = build_into(Session.of(context), store, sources, options)
    print_summary(summary, store.location, as_json=as_json)
    return 0


def build_into(
    session: Session, store: Store, sources: Sequence[CorpusSource], options: BuildOptions
) -> BuildSummary:
    """Build an index while showing how far it is."""
    with build_progress(session, expected_bytes(session, sources)) as show:
        return store.build(sources, options, on_progress=show)


def print_summary(summary: BuildSummary, location: str, *, as_json: bool) -> None:
    """Print what a build, an addition or a compaction did."""
    print_data(_as_json(summary) if as_json else listed(_facts(summary, location)))


def expected_bytes(session: Session, sources: Sequence[CorpusSource]) -> int | None:
    """Add up what is to come, if somebody watches; None if a source doesn't know."""
    if not session.shows_progress:
        return None
    estimates = [source.estimate_bytes() for source in sources]
    known = [estimate for estimate in estimates if estimate is not None]
    return sum(known) if len(known) == len(estimates) else None


def _as_json(summary: BuildSummary) -> str:
    return json.dumps(asdict(summary), indent=2) + "\n"


def _facts(summary: BuildSummary, location: str) -> Iterator[tuple[str, str]]:
    parts = sorted(summary.bytes_by_part.items())
    in_parts = f" ({', '.join(f'{part} {sized(n)}' for part, n in parts)})" if parts else ""
    rate = summary.read_bytes / max(summary.seconds, 1e-6)
    was_resumed = ", going on from a run before" if summary.resumed else f", {sized(rate)}/s"
    yield "index", f"{location}, {sized(sum(summary.bytes_by_part.values()))} written{in_parts}"
    yield "text", f"{sized(summary.read_bytes)} read in {summary.seconds:.1f} s{was_resumed}"
    if summary.peak_memory_bytes is not None:
        yield "memory", f"{sized(summary.peak_memory_bytes)} at most"
    places = counted(summary.n_occurrences, "place")
    yield "documents", f"{summary.n_documents:,}, in {places}, {sized(summary.raw_bytes)}"
    yield "duplicates", f"{summary.n_duplicates:,}"
    for reason, n in sorted(summary.skipped.items()):
        yield f"skipped: {reason}", f"{n:,}"
