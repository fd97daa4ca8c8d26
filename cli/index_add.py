"""`sc2-attrib index add`: more documents into an index that is there."""

from typing import Annotated

import typer

from sc2_attrib.cli.index_build import expected_bytes, print_summary
from sc2_attrib.cli.locations import index_folder, required_index
from sc2_attrib.cli.options import AsJson, IndexLocation, Jobs
from sc2_attrib.cli.progress import build_progress
from sc2_attrib.cli.session import Session
from sc2_attrib.index.building import BuildOptions, add_to_index
from sc2_attrib.index.corpus.location import open_source


def add(
    context: typer.Context,
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE", help="As for `index build`.")],
    index: IndexLocation = None,
    jobs: Jobs = None,
    as_json: AsJson = False,
) -> int:
    """Add more documents to an index.

    What the index holds already changes nothing, and what was removed from it stays out.
    """
    session = Session.of(context)
    folder = index_folder(required_index(index))
    opened = [open_source(source) for source in sources]
    with build_progress(session, expected_bytes(session, opened)) as show:
        summary = add_to_index(opened, folder, jobs=jobs or BuildOptions().jobs, on_progress=show)
    print_summary(summary, folder, as_json=as_json)
    return 0
