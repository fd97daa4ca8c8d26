"""Options of the commands that read sources: which documents are wanted, and how to fetch them."""

from collections.abc import Iterable
from typing import Annotated

import typer

from sc2_attrib.cli.inputs import parse_size
from sc2_attrib.index.corpus.document import CorpusSource, LicenseType
from sc2_attrib.index.corpus.filtered import filtered
from sc2_attrib.index.corpus.filters import Filters
from sc2_attrib.index.corpus.heritage import BlobStore
from sc2_attrib.index.corpus.location import open_source

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE",
        help="Folders of code, git working trees, archives, Parquet or JSON Lines files, or "
        "python: for the running interpreter's standard library and packages.",
    ),
]
Languages = Annotated[
    list[str] | None,
    typer.Option("--language", metavar="L", help="Only files in this language; repeatable."),
]
LicenseTypes = Annotated[
    list[LicenseType] | None,
    typer.Option("--license-type", help="Only files whose source states this; repeatable."),
]
Repositories = Annotated[
    list[str] | None,
    typer.Option(
        "--repository", metavar="GLOB", help="Only repositories such as owner/*; repeatable."
    ),
]
LargestText = Annotated[
    str | None, typer.Option("--max-text-size", metavar="SIZE", help="Leave larger texts out.")
]
FetchJobs = Annotated[
    int,
    typer.Option(
        "--fetch-jobs",
        metavar="N",
        min=1,
        help="Contents that a table only names, fetched at the same time.",
    ),
]
DEFAULT_FETCH_JOBS = BlobStore().fetch_jobs


def opened(
    locations: Iterable[str],
    *,
    languages: list[str] | None,
    license_types: list[LicenseType] | None,
    repositories: list[str] | None,
    max_text_size: str | None,
    fetch_jobs: int,
) -> list[CorpusSource]:
    """Open sources and limit them to what is wanted."""
    wanted = Filters(
        languages=frozenset(languages or ()),
        license_types=frozenset(license_types or ()),
        repositories=tuple(repositories or ()),
        max_bytes=None if max_text_size is None else parse_size(max_text_size),
    )
    store = BlobStore(fetch_jobs=fetch_jobs)
    return [filtered(open_source(location, store=store), wanted) for location in locations]
