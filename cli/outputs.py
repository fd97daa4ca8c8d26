"""Reports: which ones are asked for, and how they reach stdout or a file.

A file is written beside its place and then moved there, so a reader meets a whole report or none.
The reports of an earlier run are removed before a new one starts to check: a run that fails later
must not leave behind one that reads as its own.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from sc2_attrib.attribution.atomic_file import replace_file
from sc2_attrib.attribution.report import FORMATS
from sc2_attrib.attribution.report.terminal import print_result
from sc2_attrib.attribution.result import Result
from sc2_attrib.cli.session import Session
from sc2_attrib.cli.streams import print_data
from sc2_attrib.index.errors import UsageError

TERMINAL: Final = "terminal"
JSON: Final = "json"
STDOUT: Final = "-"


@dataclass(frozen=True, slots=True)
class Output:
    """A report to write; without a path, to stdout."""

    format: str
    path: Path | None = None


ON_TERMINAL: Final = Output(TERMINAL)


def requested_outputs(
    formats: Iterable[str] | None, *, as_json: bool, default: Output | None = ON_TERMINAL
) -> list[Output]:
    """Read the --format options; `--json` is one more, and without any there is the default.

    Raises:
        UsageError: a format is unknown, a place can't be written to, or two reports share one.
    """
    outputs = [_parsed(text) for text in formats or ()]
    if as_json:
        outputs.append(Output(JSON))
    if not outputs and default:
        outputs.append(default)
    places = [output.path for output in outputs]
    for output in outputs:
        if places.count(output.path) > 1:
            raise UsageError(f"two reports for {output.path or 'stdout'}; give each its own PATH")
    return outputs


def discard_old(outputs: Iterable[Output]) -> None:
    """Remove the files that the reports of this run will replace."""
    for output in outputs:
        if output.path is not None and output.path.is_file():
            output.path.unlink()


def write_outputs(results: Sequence[Result], outputs: Iterable[Output], session: Session) -> None:
    """Render results in each format, files first: stdout may be a pipe that closes."""
    for output in sorted(outputs, key=lambda output: output.path is None):
        if output.path is not None:
            replace_file(output.path, "".join(map(FORMATS[output.format], results)))
        elif output.format == TERMINAL:
            print_data("".join(terminal_report(each, session, sys.stdout) for each in results))
        else:
            print_data("".join(map(FORMATS[output.format], results)))


def _parsed(text: str) -> Output:
    name, equals, place = text.partition("=")
    if name not in FORMATS:
        raise UsageError(f"--format {name}: no such format; there are {', '.join(sorted(FORMATS))}")
    if not equals or place == STDOUT:
        return Output(name)
    path = Path(place)
    if not place or path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"--format {text}: '{place}' is no file in a folder that exists")
    return Output(name, path)


def terminal_report(result: Result, session: Session, file: TextIO) -> str:
    """Render for what `file` is: a terminal gets colours, and lines of its width."""
    from rich.console import Console

    console = Console(file=file, no_color=session.no_color or None)
    with console.capture() as captured:
        print_result(result, console, verbosity=session.verbosity)
    return captured.get()
