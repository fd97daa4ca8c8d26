"""`sc2-attrib index remove`: take-downs."""

from pathlib import Path
from typing import Annotated

import typer

from sc2_attrib.cli.locations import named_index
from sc2_attrib.cli.options import IndexLocation
from sc2_attrib.cli.streams import print_data
from sc2_attrib.cli.wording import counted
from sc2_attrib.index.errors import UsageError
from sc2_attrib.index.removal import read_names


def remove(
    index: IndexLocation = None,
    repo: Annotated[
        list[str] | None,
        typer.Option("--repo", metavar="R", help="A repository, owner/name, or all: owner/*."),
    ] = None,
    swhid: Annotated[
        list[str] | None,
        typer.Option("--swhid", metavar="S", help="A content, by its SWHID."),
    ] = None,
    names_from: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE", help="Repositories and SWHIDs, one a line; # is a comment."
        ),
    ] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Kept in the index's log.")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take removals back.")] = False,
) -> int:
    """Take repositories or contents out of an index.

    In effect at once, also for processes that have the index open. Later additions leave out what
    was removed, until --undo. The text leaves the disk with `index compact`.
    """
    names = [*(repo or ()), *(swhid or ()), *(read_names(names_from) if names_from else ())]
    if not names:
        raise UsageError("index remove: name what to remove by --repo, --swhid or --from")
    summary = named_index(index).remove(names, reason=reason, undo=undo)
    what = "found again" if undo else "no longer found"
    print_data(
        f"{what}: {counted(summary.n_occurrences, 'place')},"
        f" {counted(summary.n_documents, 'document')}\n"
    )
    return 0
