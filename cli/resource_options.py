"""Options of the commands that write segments: how much of the machine they may use."""

from typing import Annotated

import typer

from sc2_attrib.cli.inputs import parse_size
from sc2_attrib.index.building import Resources

Memory = Annotated[
    str,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="Memory to use beside that of the program itself; what does not fit waits on disk.",
    ),
]
DEFAULT_MEMORY_SIZE = f"{Resources().memory_bytes >> 30}GiB"


def resources(jobs: int | None, memory: str) -> Resources:
    """Say what may be used.

    Raises:
        UsageError: the memory is no size, or too small.
    """
    chosen = Resources(jobs=jobs or Resources().jobs, memory_bytes=parse_size(memory))
    chosen.plan()  # refuses what is too small
    return chosen
