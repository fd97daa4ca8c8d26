"""`sc2-attrib index add`: more documents into an index that is there."""

import typer

from sc2_attrib.cli.index_build import expected_bytes, print_summary
from sc2_attrib.cli.locations import index_folder, required_index
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
from sc2_attrib.index.building import BuildOptions, add_to_index


def add(
    context: typer.Context,
    sources: Sources,
    index: IndexLocation = None,
    jobs: Jobs = None,
    languages: Languages = None,
    license_types: LicenseTypes = None,
    repositories: Repositories = None,
    max_text_size: LargestText = None,
    fetch_jobs: FetchJobs = DEFAULT_FETCH_JOBS,
    as_json: AsJson = False,
) -> int:
    """Add more documents to an index.

    What the index holds already changes nothing, and what was removed from it stays out.
    """
    session = Session.of(context)
    folder = index_folder(required_index(index))
    wanted = opened(
        sources,
        languages=languages,
        license_types=license_types,
        repositories=repositories,
        max_text_size=max_text_size,
        fetch_jobs=fetch_jobs,
    )
    with build_progress(session, expected_bytes(session, wanted)) as show:
        summary = add_to_index(wanted, folder, jobs=jobs or BuildOptions().jobs, on_progress=show)
    print_summary(summary, folder, as_json=as_json)
    return 0
