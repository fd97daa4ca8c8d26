"""The commands, and how each is found: its module is imported only when it is run.

`sc2-attrib --help` lists a dozen commands, but a run needs one, and some of them import far more
than the parser itself. So the parser holds `DeferredCommand`s, which know a name and a line of
help; asked to parse arguments, one imports its module and hands over to the real command.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any, Final

import typer
import typer.core
import typer.main

from sc2_attrib.cli.conversion import spare_pydantic
from sc2_attrib.cli.failures import PROGRAM
from sc2_attrib.cli.options import common
from sc2_attrib.cli.session import Session


@dataclass(frozen=True, slots=True)
class Entry:
    """A command: the function that runs it, as module:function, and what it does in a line."""

    target: str
    summary: str


@dataclass(frozen=True, slots=True)
class Family:
    """Commands under one name. `default` is run where none of them is named."""

    summary: str
    entries: Mapping[str, Entry]
    default: str | None = None


COMMANDS: Final[Mapping[str, Entry | Family]] = {
    "demo": Entry("demo:demo", "Try everything on this machine, with nothing prepared."),
    "index": Family(
        "Build, change, search and measure an index.",
        {
            "build": Entry("index_build:build", "Build a new index from sources of code."),
            "add": Entry("index_add:add", "Add more documents to an index."),
            "remove": Entry(
                "index_remove:remove", "Take repositories or contents out of an index."
            ),
            "compact": Entry("index_compact:compact", "Delete what was removed from the disk."),
            "verify": Entry("index_verify:verify", "Check every byte of an index."),
            "search": Entry("index_search:search", "List where a text occurs in the index."),
            "stats": Entry("index_stats:stats", "Show what an index holds and its size."),
        },
    ),
    "scan": Entry("scan:scan", "Check files and folders against the index."),
    "generate": Entry("generate:generate", "Complete a prompt and show where the code comes from."),
    "annotate": Entry(
        "annotate:annotate",
        "Put SPDX snippet tags around the copies in files, with licence, copyright and source.",
    ),
    "report": Entry("report:report", "Render saved results again, without an index."),
    "policy": Family(
        "Check policies, and explain what they say.",
        {
            "check": Entry(
                "policy:check", "Check a policy file, and warn of what has no effect in it."
            ),
            "explain": Entry(
                "policy:explain_match",
                "Explain why a match has its action: by which rule, source and licence.",
            ),
            "show": Entry("policy:show", "Print a policy as the text of its file."),
            "schema": Entry("policy:schema", "Print the JSON Schema of policy files."),
        },
    ),
    "review": Family(
        "Decide about matches, with a reason, for a time.",
        {
            "decide": Entry(
                "review:decide", "Decide about matches of a result, in a dialogue or by options."
            ),
            "list": Entry(
                "review:list_reviews", "List the reviewed choices, and which of them have expired."
            ),
            "prune": Entry("review:prune", "Drop the choices that have expired."),
        },
        default="decide",
    ),
    "ledger": Family(
        "Read, verify and recheck a ledger of what was checked.",
        {
            "show": Entry(
                "ledger:show",
                "List the records of a ledger, a line each; with --json as they stand there.",
            ),
            "verify": Entry(
                "ledger:verify",
                "Check that a ledger is what was written, and print the anchor of its last record.",
            ),
            "recheck": Entry(
                "ledger:recheck",
                "Check old records against today's index and policy, and tell what has changed.",
            ),
        },
    ),
    "doctor": Entry(
        "doctor:doctor", "Show what is installed, what is missing and what would fail."
    ),
    "schema": Entry("schema:schema", "Print the JSON Schema of the result document."),
}

# The variable by which the shell functions of --show-completion ask for completions.
COMPLETION_REQUEST = "_SC2_ATTRIB_COMPLETE"

HELP = """Find where generated code comes from, and under which licence.

Index a corpus of code once, then check completions, files or whole folders against it: every
verbatim match of a certain length is found, with its sources and licences.
"""

EPILOG = """Exit codes: 0 clean, 1 a policy violation, 2 wrong usage, 3 the tool, the index or the
model failed, 4 incomplete, 130 interrupted. Most options also come from SC2_ATTRIB_<OPTION>,
./sc2-attrib.toml, [tool.sc2-attrib] in ./pyproject.toml and your own configuration file.
"""


def run(arguments: list[str]) -> int:
    """Parse the command line and run its command; return the exit code.

    Raises:
        Exception: whatever ended the command; main.py words it.
    """
    root = command_tree()
    if COMPLETION_REQUEST in os.environ:
        root.main([], PROGRAM, obj=Session())  # prints completions and exits
    try:
        with root.make_context(PROGRAM, arguments, obj=Session(arguments)) as context:
            return int(root.invoke(context) or 0)
    except typer.Exit as ended:
        return ended.exit_code


def command_tree() -> typer.core.TyperGroup:
    """Return the root command with all others below it, none of them imported."""
    app = typer.Typer(name=PROGRAM, help=HELP, epilog=EPILOG, rich_markup_mode=None)
    app.callback()(_root_options)
    root = typer.main.get_command(app)
    assert isinstance(root, typer.core.TyperGroup)
    spare_pydantic(root)
    for name, entry in COMMANDS.items():
        root.add_command(_deferred(name, entry))
    return root


def load(name: str, target: str) -> typer.core.TyperCommand:
    """Import the module of a command and make the command, common options included."""
    module, function = target.split(":")
    callback = getattr(import_module(f"sc2_attrib.cli.{module}"), function)
    command = _parsed(name, callback)
    command.params.extend(_parsed("common", common).params)
    return command


class DeferredCommand(typer.core.TyperCommand):
    """A command whose module is imported when it gets arguments to parse."""

    def __init__(self, name: str, entry: Entry) -> None:
        super().__init__(name, help=entry.summary, rich_markup_mode=None)
        self.target = entry.target

    def make_context(self, info_name: str | None, *args: Any, **extra: Any) -> Any:
        """Parse the arguments with the real command, whose context this is from here on."""
        assert self.name is not None
        return load(self.name, self.target).make_context(info_name, *args, **extra)


class CommandFamily(typer.core.TyperGroup):
    """Commands under one name, one of which may be run without being named."""

    def __init__(self, name: str, family: Family) -> None:
        super().__init__(name=name, help=family.summary, rich_markup_mode=None)
        self.default = family.default

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the default command before arguments that name none."""
        is_named = not args or args[0] in self.commands or args[0] in ctx.help_option_names
        named = args if is_named or self.default is None else [self.default, *args]
        return super().parse_args(ctx, named)


def _deferred(name: str, entry: Entry | Family) -> DeferredCommand | typer.core.TyperGroup:
    if isinstance(entry, Entry):
        return DeferredCommand(name, entry)
    group = CommandFamily(name, entry)
    for below, each in entry.entries.items():
        group.add_command(_deferred(below, each))
    return group


def _parsed(name: str, function: Any) -> typer.core.TyperCommand:
    """Read a command off the signature of a function."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name)(function)
    command = typer.main.get_command(app)
    assert isinstance(command, typer.core.TyperCommand)
    spare_pydantic(command)
    return command


def _print_version(asked: bool) -> None:
    if asked:
        from sc2_attrib import __version__

        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


def _root_options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            expose_value=False,
            callback=_print_version,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """Hold the options of the program itself; HELP is its help."""
