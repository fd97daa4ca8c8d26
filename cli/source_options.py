"""Options of the commands that read sources: which documents are wanted, and how to fetch them.

`reads_sources` gives a command all of them at once, as one `SourceChoice`.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from sc2_attrib.cli.inputs import parse_size
from sc2_attrib.cli.session import Session
from sc2_attrib.index.corpus.document import CorpusSource, LicenseType
from sc2_attrib.index.corpus.filtered import filtered
from sc2_attrib.index.corpus.filters import Filters
from sc2_attrib.index.corpus.fingerprint import BY_SIZE, fingerprint
from sc2_attrib.index.corpus.heritage import BlobStore
from sc2_attrib.index.corpus.location import open_source
from sc2_attrib.index.corpus.remote import is_url, shown_url

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE",
        help="Folders of code, git working trees, archives, Parquet or JSON Lines files (also at "
        "hf://, s3:// or https:// addresses), another index, or python: for the running "
        "interpreter's standard library and packages.",
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


@dataclass(frozen=True, slots=True)
class SourceChoice:
    """The sources of a command and which of their documents are wanted.

    `warn` is called with what the user should know of them.
    """

    locations: tuple[str, ...]
    filters: Filters
    fetch_jobs: int
    warn: Callable[[str], None]

    def open(self) -> list[CorpusSource]:
        """Open the sources, limited to what is wanted; nothing of them is read yet."""
        store = BlobStore(fetch_jobs=self.fetch_jobs)
        opened = (open_source(location, store=store) for location in self.locations)
        return [filtered(source, self.filters) for source in opened]

    def request(self) -> dict[str, str]:
        """Say by name what makes this choice another than others."""
        states = {_shown(location): fingerprint(location) for location in self.locations}
        for location, state in states.items():
            if state.endswith(BY_SIZE):
                self.warn(
                    f"{location}: its server tells neither times nor checksums; after an"
                    " interruption a change there would be noticed by names and sizes alone"
                )
        return {
            "sources": ", ".join(map(_shown, self.locations)),
            "filters": self.filters.describe() or "none",
            **{f"state of {location}": state for location, state in states.items()},
        }


def _shown(location: str) -> str:
    return shown_url(location) if is_url(location) else location


def _choose(
    sources: Sources,
    languages: Languages = None,
    license_types: LicenseTypes = None,
    repositories: Repositories = None,
    max_text_size: LargestText = None,
    fetch_jobs: FetchJobs = DEFAULT_FETCH_JOBS,
    *,
    warn: Callable[[str], None],
) -> SourceChoice:
    filters = Filters(
        languages=frozenset(languages or ()),
        license_types=frozenset(license_types or ()),
        repositories=tuple(repositories or ()),
        max_bytes=None if max_text_size is None else parse_size(max_text_size),
    )
    return SourceChoice(tuple(sources), filters, fetch_jobs, warn)


def reads_sources(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the argument SOURCE and the options above, in place of its `choice`."""
    options = dict(inspect.signature(_choose).parameters)
    del options["warn"]
    own = [each for each in inspect.signature(command).parameters.values() if each.name != "choice"]

    @functools.wraps(command)
    def called(**values: Any) -> int:
        session = Session.of(values["context"])
        choice = _choose(**{name: values.pop(name) for name in options}, warn=session.says)
        return command(choice=choice, **values)

    parameters = [
        each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own, *options.values())
    ]
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    return called
