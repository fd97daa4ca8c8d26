"""docs/cli.md, written from the program itself: `python -m sc2_attrib.cli.reference`.

What the parser, the settings and the result types know is taken from them; only what none of them
can say stands here as text.
"""

import dataclasses
import inspect
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

import typer.core

from sc2_attrib.attribution import result
from sc2_attrib.attribution.report import FORMATS
from sc2_attrib.cli.commands import HELP, DeferredCommand, command_tree, load
from sc2_attrib.cli.config import SETTINGS, environment_name
from sc2_attrib.cli.failures import PROGRAM
from sc2_attrib.cli.options import common
from sc2_attrib.cli.streams import print_data

PIPE = r"\|"  # what stands for | in the cell of a table

COMMON_PARAMETERS = frozenset({"help", *inspect.signature(common).parameters})

EXIT_CODES = (
    (130, "interrupted"),
    (2, "wrong usage or configuration: an unknown option or key, a named path that doesn't exist"),
    (3, "the program, the index or the model failed, or can't be used"),
    (1, "a violation of the policy, as far as `--fail-on` asks for it"),
    (4, "incomplete: something that should have been checked was not"),
    (0, "none of these"),
)

INDEX_LOCATIONS = """An index is named by `--index`, else by `SC2_ATTRIB_INDEX`, else by `index` in
a configuration file. It is the path of a folder, or `demo` for the index that `sc2-attrib demo`
made; a folder of that name is `./demo`."""

CONFIGURATION = """A setting is an option that can also be given by the environment or a file. What
comes first wins:

1. the command line;
2. the environment variable;
3. `sc2-attrib.toml` in the working directory;
4. the table `[tool.sc2-attrib]` of `pyproject.toml` in the working directory;
5. `config.toml` in the user's configuration folder (`sc2-attrib doctor` prints where that is).

`--config FILE`, or `SC2_ATTRIB_CONFIG`, replaces 3 to 5 by one file. Keys are the names of the
options; an unknown one is an error. A relative `index` is looked up from the folder of the file
that names it."""


def reference() -> str:
    """Write docs/cli.md."""
    sections = [
        f"# {PROGRAM}",
        "<!-- Written by `python -m sc2_attrib.cli.reference`; don't edit. -->",
        HELP.strip(),
        "Data goes to stdout; progress and messages to stderr.",
        "## Exit codes",
        "The first that applies. Reports are written before a run ends with one that is not 0.",
        _table(("code", "meaning"), ((str(code), meaning) for code, meaning in EXIT_CODES)),
        "## Indexes",
        INDEX_LOCATIONS,
        "## Report formats",
        f"`--format` takes {', '.join(f'`{name}`' for name in sorted(FORMATS))}.",
        "## Settings",
        CONFIGURATION,
        _table(
            ("key", "variable"),
            ((f"`{key}`", f"`{environment_name(key)}`") for key in sorted(SETTINGS)),
        ),
        *_commands(),
        *_result_document(),
    ]
    return "\n\n".join(section.strip("\n") for section in sections) + "\n"


def _commands() -> Iterator[str]:
    root = command_tree()
    yield "## Options of the program"
    yield _parameters(root, typer.Context(root, info_name=PROGRAM))
    yield "## Options of every command"
    yield _common_options()
    yield from _below(root, typer.Context(root, info_name=PROGRAM))


def _below(group: typer.core.TyperGroup, context: typer.Context) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, DeferredCommand):
            real = load(name, command.target)
            yield from _command(real, typer.Context(real, info_name=name, parent=context))
        elif isinstance(command, typer.core.TyperGroup):
            yield from _below(command, typer.Context(command, info_name=name, parent=context))


def _command(command: typer.core.TyperCommand, context: typer.Context) -> Iterator[str]:
    yield f"## {context.command_path}"
    yield inspect.cleandoc(command.help or "")
    yield f"    {' '.join([context.command_path, *command.collect_usage_pieces(context)])}"
    yield _parameters(command, context, without=COMMON_PARAMETERS)


def _common_options() -> str:
    name, deferred = next(
        (name, each)
        for name, each in command_tree().commands.items()
        if isinstance(each, DeferredCommand)
    )
    command = load(name, deferred.target)
    others = frozenset(param.name for param in command.params) - COMMON_PARAMETERS
    return _parameters(command, typer.Context(command, info_name=name), without=others)


def _parameters(
    command: Any, context: typer.Context, *, without: frozenset[str] = frozenset()
) -> str:
    params = [param for param in command.get_params(context) if param.name not in without]
    records = [param.get_help_record(context) for param in params]
    rows = ((f"`{_bare(declared)}`", meaning) for declared, meaning in filter(None, records))
    return _table(("option", "meaning"), rows)


def _bare(declared: str) -> str:
    """Drop the type of an argument that is just text."""
    return re.sub(r" <(str|list\[str\])>", "", declared).strip()


def _result_document() -> Iterator[str]:
    yield "## The result document"
    yield "`--format json` writes it, `report` reads it, `schema` prints its JSON Schema."
    yield (result.__doc__ or "").partition("\n\n")[2].partition("A trailing underscore")[0]
    for kind in filter(_is_described, vars(result).values()):
        yield f"### {kind.__name__}"
        yield inspect.cleandoc(kind.__doc__ or "")
        yield _members(kind)


def _is_described(kind: object) -> bool:
    """Tell the records and choices of the document from what its module only uses."""
    if not isinstance(kind, type) or kind is StrEnum:
        return False
    return dataclasses.is_dataclass(kind) or issubclass(kind, StrEnum)


def _members(kind: Any) -> str:
    """List the values of a choice, or the fields of a record as they are called in JSON."""
    if issubclass(kind, StrEnum):
        return ", ".join(f"`{each}`" for each in kind)
    fields = dataclasses.fields(kind)
    return _table(
        ("field", "type"), ((f"`{each.name.rstrip('_')}`", _type(each.type)) for each in fields)
    )


def _type(annotation: Any) -> str:
    """Write a type without the modules its parts come from."""
    return re.sub(r"\b(\w+\.)+(?=\w)", "", inspect.formatannotation(annotation))


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), *(list(row) for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(cell.replace('|', PIPE) for cell in row)} |" for row in lines)


if __name__ == "__main__":
    print_data(reference())
