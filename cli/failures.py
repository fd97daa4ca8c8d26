"""From an exception to one line on stderr and an exit code."""

import re
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from sc2_attrib.cli.streams import print_message
from sc2_attrib.index.errors import Sc2AttribError, UnusableError

if TYPE_CHECKING:
    import typer

PROGRAM = "sc2-attrib"

# The parts of an address that hold a user's name and password, or a key.
_CREDENTIALS = re.compile(
    r"(?<=elasticsearch\+http://)\S*@|(?<=elasticsearch\+https://)\S*@|(?<=://)[^/\s]*@"
)
_PARAMETERS = re.compile(r"(elasticsearch\+https?://[^\s?]*)\?[^\s']*")


@runtime_checkable
class ParserError(Protocol):
    """What every error of the option parser has.

    Known by its shape: a broken installation of the parser itself is reported here too.
    """

    exit_code: int

    def format_message(self) -> str:
        """Say what is wrong."""


def redact(text: str) -> str:
    """Take credentials out of every address in `text`."""
    return _PARAMETERS.sub(r"\1", _CREDENTIALS.sub("", text))


def report(error: Exception, *, debug: bool) -> int:
    """Print one line for `error`, with `debug` its traceback first, and return the exit code."""
    if debug:
        print_message(redact("".join(traceback.format_exception(error))))
    one_line = "; ".join(_describe(error, debug=debug).splitlines())
    print_message(f"{PROGRAM}: error: {redact(one_line)}\n")
    return _exit_code(error)


def _exit_code(error: Exception) -> int:
    if isinstance(error, ParserError | Sc2AttribError):
        return error.exit_code
    return UnusableError.exit_code


def _describe(error: Exception, *, debug: bool) -> str:
    if isinstance(error, ParserError):
        return _describe_usage(error)
    if isinstance(error, Sc2AttribError):
        return str(error)
    if isinstance(error, OSError):
        return _describe_system(error)
    hint = "" if debug else f"; run it again with --debug for the traceback{_place(error)}"
    return f"unexpected {type(error).__name__}: {error}{hint}"


def _describe_system(error: OSError) -> str:
    named = f"{error.filename}: " if error.filename else ""
    return f"{named}{error.strerror or error}"


def _place(error: Exception) -> str:
    """Say where an unexpected exception was raised, for a bug report without a traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" (raised at {Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""


def _describe_usage(error: ParserError) -> str:
    """Word an error of the option parser: what is wrong, where it came from, where to read on."""
    message = error.format_message().replace("Value error, ", "").rstrip(".")
    context: typer.Context | None = getattr(error, "ctx", None)
    if context is None:
        return message
    parameter = getattr(error, "param", None)
    origin = _origin(parameter.name, context) if parameter else ""
    return f"{message}{origin} (see '{context.command_path} --help')"


def _origin(parameter: str, context: "typer.Context") -> str:
    """Name the variable or file that a refused value came from, if not from the command line."""
    from sc2_attrib.cli.config import environment_name
    from sc2_attrib.cli.session import Session

    source = context.get_parameter_source(parameter)
    match source.name if source else None:
        case "ENVIRONMENT":
            return f", from {environment_name(parameter)}"
        case "DEFAULT_MAP":
            return f", from {Session.of(context).settings[parameter].origin}"
        case _:
            return ""
