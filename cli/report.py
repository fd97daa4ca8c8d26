"""`sc2-attrib report`: render saved results again, without an index."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from sc2_attrib.attribution import result_json
from sc2_attrib.attribution.outcome import exit_code
from sc2_attrib.attribution.report import JOINABLE
from sc2_attrib.attribution.result import Result
from sc2_attrib.cli.inputs import STDIN
from sc2_attrib.cli.options import AsJson, Formats
from sc2_attrib.cli.outputs import requested_outputs, write_outputs
from sc2_attrib.cli.session import Session
from sc2_attrib.cli.walk import reason_of
from sc2_attrib.index.errors import UsageError


def report(
    context: typer.Context,
    results: Annotated[
        list[str],
        typer.Argument(metavar="RESULT.json", help="Saved results; - is standard input."),
    ],
    formats: Formats = None,
    as_json: AsJson = False,
) -> int:
    """Render saved results again, without an index.

    Exits as the run itself did; of several runs, as the worst.
    """
    outputs = requested_outputs(formats, as_json=as_json)
    alone = [output.format for output in outputs if output.format not in JOINABLE]
    if len(results) > 1 and alone:
        raise UsageError(f"--format {alone[0]} holds one result; render each of these by itself")
    loaded = [load_result(name) for name in results]
    write_outputs(loaded, outputs, Session.of(context))
    # A violation (1) is worse than an incomplete run (4), as the order of docs/cli.md has it.
    return min(filter(None, map(exit_code, loaded)), default=0)


def load_result(name: str) -> Result:
    """Read a saved result, or standard input.

    Raises:
        UsageError: it can't be read, or is no result.
    """
    try:
        text = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"{name}: {reason_of(error)}") from error
    return result_json.load(text, origin=name)
