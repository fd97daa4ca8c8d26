"""The commands as a whole: names, help, options, the errors of the parser."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer.core

from sc2_attrib.cli.commands import DeferredCommand, command_tree, load
from sc2_attrib.cli.config import SETTINGS, environment_name, parameter_name
from tests.cli.conftest import Run


def leaves(group: typer.core.TyperGroup, *above: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Walk all commands, with the names that lead to each."""
    for name, command in group.commands.items():
        if isinstance(command, typer.core.TyperGroup):
            yield from leaves(command, *above, name)
        else:
            yield (*above, name), command


DEFERRED = dict(leaves(command_tree()))


def real(path: tuple[str, ...]) -> Any:
    deferred = DEFERRED[path]
    assert isinstance(deferred, DeferredCommand)
    return load(path[-1], deferred.target)


@pytest.mark.parametrize("path", DEFERRED, ids=" ".join)
def test_every_command_is_described_once(path: tuple[str, ...]) -> None:
    """The line that `--help` of the program shows is the first line of the command's own help."""
    assert real(path).help.splitlines()[0] == DEFERRED[path].help


@pytest.mark.parametrize("path", DEFERRED, ids=" ".join)
def test_every_option_and_argument_has_help(path: tuple[str, ...]) -> None:
    """Nothing a user can type is left unexplained."""
    assert [param.name for param in real(path).params if not param.help] == []


@pytest.mark.parametrize("path", DEFERRED, ids=" ".join)
def test_variables_and_settings_have_the_name_of_their_option(path: tuple[str, ...]) -> None:
    """SC2_ATTRIB_<OPTION> and the configuration key always follow from the option's name."""
    for param in real(path).params:
        if param.envvar:
            assert param.envvar == environment_name(param.name)
            assert f"--{param.name.replace('_', '-')}" in param.opts


def test_every_setting_is_an_option_of_some_command() -> None:
    """No configuration key is accepted that nothing reads."""
    taken = {param.name for path in DEFERRED for param in real(path).params if param.envvar}
    assert {parameter_name(setting) for setting in SETTINGS} == taken - {"config"}


@pytest.mark.parametrize("path", DEFERRED, ids=" ".join)
def test_help_of_each_command(path: tuple[str, ...], run: Run) -> None:
    """`--help` works for every command and goes to standard output."""
    outcome = run(*path, "--help")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.stdout.startswith(f"Usage: sc2-attrib {' '.join(path)} ")


def test_version(run: Run) -> None:
    """--version prints the name and the version of the package."""
    from sc2_attrib import __version__

    outcome = run("--version")
    assert (outcome.code, outcome.stdout) == (0, f"sc2-attrib {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "Missing command (see 'sc2-attrib --help')"),
        (("index",), "Missing command (see 'sc2-attrib index --help')"),
        (
            ("shema",),
            "No such command 'shema'. Did you mean 'schema'? (see 'sc2-attrib --help')",
        ),
        (("schema", "--nope"), "No such option: --nope (see 'sc2-attrib schema --help')"),
        (
            ("schema", "--progress", "now"),
            "Invalid value for '--progress': 'now' is not one of 'auto', 'always', 'never'"
            " (see 'sc2-attrib schema --help')",
        ),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(
    arguments: tuple[str, ...], complaint: str, run: Run
) -> None:
    """A wrong command line says what is wrong and where to read on; nothing goes to stdout."""
    outcome = run(*arguments)
    assert outcome.code == 2
    assert (outcome.stdout, outcome.stderr) == ("", f"sc2-attrib: error: {complaint}\n")


def test_completion_of_commands_and_options(run: Run) -> None:
    """The shell's request for completions lists commands, and the options of a command."""
    asked = {"_SC2_ATTRIB_COMPLETE": "complete_bash"}
    outcome = run(env={**asked, "COMP_WORDS": "sc2-attrib s", "COMP_CWORD": "1"})
    assert outcome.stdout.split() == ["scan", "schema"]
    outcome = run(env={**asked, "COMP_WORDS": "sc2-attrib schema --de", "COMP_CWORD": "2"})
    assert outcome.stdout.split() == ["--debug"]


def test_completion_of_values(run: Run) -> None:
    """Formats, and the names of the demo, are completed."""
    asked = {"_SC2_ATTRIB_COMPLETE": "complete_bash", "COMP_CWORD": "3"}
    assert run(env={**asked, "COMP_WORDS": "sc2-attrib scan -f js"}).stdout.split() == [
        "json",
        "jsonl",
    ]
    assert run(env={**asked, "COMP_WORDS": "sc2-attrib scan --index d"}).stdout.split() == ["demo"]
    assert run(env={**asked, "COMP_WORDS": "sc2-attrib scan --index ./d"}).stdout.split() == []


def test_completion_script(run: Run) -> None:
    """--show-completion prints what a shell can source."""
    outcome = run("--show-completion", env={"SHELL": "/bin/bash"})
    if "not supported" in outcome.stderr:
        pytest.skip("no shell around this process to be found out")
    assert outcome.code == 0
