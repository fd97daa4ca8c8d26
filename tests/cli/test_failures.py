"""How a run ends when something goes wrong."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from sc2_attrib.cli import failures
from sc2_attrib.index.errors import CorruptIndexError, ModelUnavailableError, UsageError
from tests.cli.conftest import COMMAND


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UsageError("no such thing"), 2, "no such thing"),
        (ModelUnavailableError("install torch"), 3, "install torch"),
        (UsageError("first line\nsecond line"), 2, "first line; second line"),
        (
            CorruptIndexError(Path("idx/grams"), 7, "checksum"),
            3,
            "idx/grams: at byte 7: checksum; restore the file or rebuild with"
            " 'sc2-attrib index build --force'",
        ),
        (
            OSError(28, "No space left on device", "out.json"),
            3,
            "out.json: No space left on device",
        ),
        (KeyError("x"), 3, "unexpected KeyError: 'x'; run it again with --debug for the traceback"),
    ],
)
def test_each_error_is_one_line_with_its_code(
    error: Exception, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Our errors, the system's and unexpected ones all end in one line on stderr."""
    assert failures.report(error, debug=False) == code
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"sc2-attrib: error: {line}\n")


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """--debug prints where the error was raised, before the line."""
    with pytest.raises(ZeroDivisionError) as caught:
        raise ZeroDivisionError("boom")
    assert failures.report(caught.value, debug=True) == 3
    printed = capsys.readouterr().err.splitlines()
    assert printed[0] == "Traceback (most recent call last):"
    assert printed[-1] == "sc2-attrib: error: unexpected ZeroDivisionError: boom"


def test_credentials_are_never_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """User and password of an address are left out of the line and of the traceback."""
    error = UsageError("elasticsearch+https://me:secr@et@host:9200/code: no answer")
    failures.report(error, debug=True)
    printed = capsys.readouterr().err
    assert "secr" not in printed
    assert "elasticsearch+https://host:9200/code: no answer" in printed


def test_broken_installation_is_one_line() -> None:
    """A missing package, even the parser's own, ends without a traceback."""
    script = """
        import sys
        sys.modules["typer"] = None
        sys.argv = ["sc2-attrib", "--help"]
        from sc2_attrib.cli.main import app
        app()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stderr.startswith("sc2-attrib: error: unexpected ModuleNotFoundError: ")
    assert done.stderr.count("\n") == 1


def test_interrupt_during_an_import_exits_130_in_silence() -> None:
    """Ctrl-C while the program still loads leaves no traceback."""
    script = """
        import os, signal, sys

        class Interrupting:
            def find_spec(self, name, path=None, target=None):
                if name == "typer":
                    os.kill(os.getpid(), signal.SIGINT)

        sys.meta_path.insert(0, Interrupting())
        sys.argv = ["sc2-attrib", "--help"]
        from sc2_attrib.cli.main import app
        app()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("arguments", [["schema"], ["--help"], ["scan", "--help"], ["--version"]])
def test_reader_that_goes_away_is_no_error(arguments: list[str]) -> None:
    """A closed pipe ends the output in silence and leaves the exit code of the run."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [COMMAND, *arguments], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_error_that_nobody_reads_keeps_its_code() -> None:
    """With stderr closed too, the exit code still says what happened."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run([COMMAND, "nonsense"], stderr=writing, stdout=writing, check=False)
    finally:
        os.close(writing)
    assert done.returncode == 2
