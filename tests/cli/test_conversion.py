"""Values of options: what is converted without Typer's converter is converted alike."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from sc2_attrib.cli.commands import COMMANDS, Entry, load
from sc2_attrib.cli.conversion import PlainFirst

SAMPLES: tuple[Any, ...] = (
    *(None, True, 0, 7, -1, 10**9, 0.7, 2.5, "", "7", "007", "-1", " 7", "7_0", "\u0667", "0.7"),
    *("auto", "AUTO", "deny", "caf\udce9", __file__, "no such file", ".", (), ("a", "b"), ["7"]),
    *([7], ["permissive"], ["permissive", "x"], {}),
)


def commands() -> Iterator[tuple[str, Entry]]:
    """Yield every command, those of families as well."""
    for name, each in COMMANDS.items():
        if isinstance(each, Entry):
            yield name, each
        else:
            yield from each.entries.items()


def outcome(converter: Any, value: Any, parameter: Any, context: typer.Context) -> Any:
    """Convert a value; return what comes out with its type, or the words of the refusal."""
    try:
        converted = converter.coerce(value, param=parameter, ctx=context)
    except typer.BadParameter as error:
        return error.format_message()
    return type(converted), converted


@pytest.mark.parametrize(("name", "entry"), list(commands()))
def test_values_are_converted_as_typer_does(name: str, entry: Entry) -> None:
    """For every option, each sample gives the value, or the error, that Typer itself gives."""
    command = load(name, entry.target)
    context = typer.Context(command)
    parameters: list[Any] = [*command.get_params(context)]
    for parameter in parameters:
        plain_first = parameter.get_runtime_param()
        assert isinstance(plain_first, PlainFirst)
        typers = plain_first.make_typers()
        for value in SAMPLES:
            if parameter.multiple and isinstance(value, dict | str):
                continue  # the parser collects these itself
            ours, theirs = (
                outcome(each, value, parameter, context) for each in (plain_first, typers)
            )
            assert ours == theirs, (parameter.name, value)
