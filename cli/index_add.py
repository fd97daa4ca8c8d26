"""`sc2-attrib index add`: more documents into an index that is there."""

from typing import Annotated

import typer

from sc2_attrib.cli.index_build import expected_bytes, print_summary
from sc2_attrib.cli.locations import named_index
from sc2_attrib.cli.options import AsJson, IndexLocation, Jobs
from sc2_attrib.cli.progress import build_progress
from sc2_attrib.cli.resource_options import DEFAULT_MEMORY_SIZE, Memory, resources
from sc2_attrib.cli.session import Session
from sc2_attrib.cli.source_options import SourceChoice, reads_sources


@reads_sources
def add(
    context: typer.Context,
    choice: SourceChoice,
    index: IndexLocation = None,
    jobs: Jobs = None,
    memory: Memory = DEFAULT_MEMORY_SIZE,
    force: Annotated[
        bool, typer.Option("--force", help="Forget an unfinished addition of other sources.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Add more documents to an index.

    What the index holds already changes nothing, and what was removed from it stays out. An
    addition that was interrupted goes on where it was when the same command is given again.
    """
    session = Session.of(context)
    store = named_index(index)
    sources = choice.open()
    with build_progress(session, expected_bytes(session, sources)) as show:
        summary = store.add(
            sources,
            resources=resources(jobs, memory),
            request={"command": "index add", **choice.request()},
            force=force,
            on_progress=show,
        )
    print_summary(summary, store.location, as_json=as_json)
    return 0
