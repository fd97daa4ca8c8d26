"""`sc2-attrib index compact`: one segment of what is left; what was removed leaves the disk."""

import typer

from sc2_attrib.cli.index_build import print_summary
from sc2_attrib.cli.locations import index_folder, required_index
from sc2_attrib.cli.options import AsJson, IndexLocation, Jobs
from sc2_attrib.cli.progress import build_progress
from sc2_attrib.cli.session import Session
from sc2_attrib.index.building import BuildOptions, compact_index


def compact(
    context: typer.Context, index: IndexLocation = None, jobs: Jobs = None, as_json: AsJson = False
) -> int:
    """Write all that is left as one segment; what was removed is gone from the disk then."""
    folder = index_folder(required_index(index))
    with build_progress(Session.of(context), None) as show:
        summary = compact_index(folder, jobs=jobs or BuildOptions().jobs, on_progress=show)
    print_summary(summary, folder, as_json=as_json)
    return 0
