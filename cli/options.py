"""Options that more than one command has, declared once; those of checking are in check_options.py.

`common` lists what each command takes without saying so: `commands.load` adds these to all of them,
and their values are in the `Session`. The others are types that a command names in its signature.
An option made by `setting` also comes from the environment and the configuration files.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from sc2_attrib.cli.config import SETTINGS, environment_name, read_settings
from sc2_attrib.cli.locations import DEMO
from sc2_attrib.cli.server_options import with_server_settings
from sc2_attrib.cli.session import Session, When


def setting(name: str, *other_declarations: str, **details: Any) -> Any:
    """Declare the option --`name` as one that the environment and configuration files also set."""
    assert name in SETTINGS, name
    return typer.Option(
        f"--{name}",
        *other_declarations,
        envvar=environment_name(name),
        show_envvar=False,
        **details,
    )


def _apply_settings(context: typer.Context, explicit: Path | None) -> Path | None:
    """Give the parser the values of the configuration files, before it asks for any."""
    settings = read_settings(explicit)
    Session.of(context).settings = settings
    settable = {param.name for param in context.command.params if param.envvar}
    context.default_map = {name: settings[name].value for name in settable & settings.keys()}
    return explicit


def _set_quiet(context: typer.Context, quiet: bool) -> bool:
    Session.of(context).quiet = quiet
    return quiet


def _set_verbose(context: typer.Context, verbose: int) -> int:
    Session.of(context).verbose = verbose
    return verbose


def _set_no_color(context: typer.Context, no_color: bool) -> bool:
    Session.of(context).no_color = no_color
    return no_color


def _set_progress(context: typer.Context, progress: When) -> When:
    Session.of(context).progress = progress
    return progress


Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        envvar=environment_name("config"),
        show_envvar=False,
        is_eager=True,
        expose_value=False,
        callback=_apply_settings,
        help="Read settings from this file alone.",
    ),
]
Progress = Annotated[
    When,
    setting(
        "progress",
        expose_value=False,
        callback=_set_progress,
        help="Show progress on stderr; auto: where that is a terminal.",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        expose_value=False,
        callback=_set_quiet,
        help="Show less: no messages, a line a match.",
    ),
]
Verbose = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        show_default=False,
        expose_value=False,
        callback=_set_verbose,
        help="Show more; -vv everything.",
    ),
]
NoColor = Annotated[
    bool,
    setting(
        "no-color",
        expose_value=False,
        callback=_set_no_color,
        help="Print without colours; NO_COLOR does the same.",
    ),
]
# main.py looks for --debug itself, to have it before anything can fail.
Debug = Annotated[
    bool, typer.Option("--debug", expose_value=False, help="Show the traceback of an error.")
]


def common(
    config: Config = None,
    progress: Progress = When.AUTO,
    quiet: Quiet = False,
    verbose: Verbose = 0,
    no_color: NoColor = False,
    debug: Debug = False,
) -> None:
    """Hold the options of every command; never called."""


def demo_name() -> list[str]:
    """Complete the one name that is no path; the shell completes paths itself."""
    return [DEMO]


def _format_names() -> list[str]:
    from sc2_attrib.attribution.report import FORMATS

    return list(FORMATS)


IndexLocation = Annotated[
    str | None,
    setting(
        "index",
        metavar="INDEX",
        autocompletion=demo_name,
        callback=with_server_settings,
        help="Folder of the index, or 'demo', or elasticsearch+http(s)://HOST[:PORT]/NAME.",
    ),
]
Formats = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FMT[=PATH]",
        autocompletion=_format_names,
        help="Report format, to stdout or to PATH; repeatable.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON to stdout.")]
Jobs = Annotated[
    int | None,
    setting("jobs", metavar="N", min=1, help="Processors to use; all of them unless given."),
]
