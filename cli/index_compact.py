"""`sc2-attrib index compact`: one segment of what is left; what was removed leaves the disk."""

import typer

from sc2_attrib.cli.index_build import print_summary
from sc2_attrib.cli.locations import named_index
from sc2_attrib.cli.options import AsJson, IndexLocation, Jobs
from sc2_attrib.cli.progress import build_progress
from sc2_attrib.cli.resource_options import DEFAULT_MEMORY_SIZE, Memory, resources
from sc2_attrib.cli.session import Session


def compact(
    context: typer.Context,
    index: IndexLocation = None,
    jobs: Jobs = None,
    memory: Memory = DEFAULT_MEMORY_SIZE,
    as_json: AsJson = False,
) -> int:
    """Delete what was removed from the disk.

    All that is left is written as one segment, which then takes the place of the others.
    """
    store = named_index(index)
    with build_progress(Session.of(context), None) as show:
        summary = store.compact(resources=resources(jobs, memory), on_progress=show)
    print_summary(summary, store.location, as_json=as_json)
    return 0
