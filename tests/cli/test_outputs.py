"""Which reports are asked for, and how they reach their files."""

import os
from pathlib import Path

import pytest

from sc2_attrib.attribution.outcome import FailOn, assemble
from sc2_attrib.attribution.report import FORMATS
from sc2_attrib.attribution.result import Result, Run
from sc2_attrib.cli.outputs import Output, discard_old, requested_outputs, write_outputs
from sc2_attrib.cli.session import Session
from sc2_attrib.index.errors import UsageError


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def result() -> Result:
    """The result of a run that was given nothing to check."""
    run = Run("id", "t0", "t1", "0", "sc2-attrib scan", None, None, {}, {})
    return assemble(run, [], fail_on=FailOn.DENY)


def test_terminal_is_the_default() -> None:
    """Without an option the report is for the terminal, on stdout."""
    assert requested_outputs(None, as_json=False) == [Output("terminal")]


def test_formats_and_places() -> None:
    """A format may be repeated with different places; `-` and no place mean stdout."""
    assert requested_outputs(["json=a.json", "json=b.json", "terminal=-"], as_json=False) == [
        Output("json", Path("a.json")),
        Output("json", Path("b.json")),
        Output("terminal"),
    ]
    assert requested_outputs(["terminal=t.txt"], as_json=True) == [
        Output("terminal", Path("t.txt")),
        Output("json"),
    ]


@pytest.mark.parametrize(
    ("formats", "complaint"),
    [
        (["jsn"], "--format jsn: no such format; there are csv, "),
        (["json", "terminal"], "two reports for stdout; give each its own PATH"),
        (["json=a", "terminal=a"], "two reports for a; give each its own PATH"),
        (["json=none/a"], "--format json=none/a: 'none/a' is no file in a folder that exists"),
        (["json="], "--format json=: '' is no file in a folder that exists"),
        (["json=."], "--format json=.: '.' is no file in a folder that exists"),
    ],
)
def test_wrong_request_is_refused(formats: list[str], complaint: str) -> None:
    """What can't be written is refused before anything is checked."""
    with pytest.raises(UsageError) as caught:
        requested_outputs(formats, as_json=False)
    assert str(caught.value).startswith(complaint)


def test_file_is_replaced_as_a_whole(result: Result) -> None:
    """A report replaces an earlier one by a rename: who holds the old one open keeps all of it."""
    path = Path("a.json")
    path.write_text("old")
    with path.open() as before:
        write_outputs([result], [Output("json", path)], Session())
        assert before.read() == "old"
    assert path.read_text() == FORMATS["json"](result)
    assert os.listdir() == ["a.json"]  # noqa: PTH208


def test_failed_write_leaves_the_old_report_and_no_litter(
    result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report that can't be encoded on its way leaves things as they were."""

    def broken(_: Result) -> str:
        return "\udc80"

    Path("a").write_text("old")
    monkeypatch.setitem(FORMATS, "json", broken)
    with pytest.raises(UnicodeEncodeError):
        write_outputs([result], [Output("json", Path("a"))], Session())
    assert os.listdir() == ["a"]  # noqa: PTH208
    assert Path("a").read_text() == "old"


def test_devices_are_written_to_not_replaced(result: Result) -> None:
    """/dev/null stays what it is."""
    outputs = [Output("json", Path("/dev/null"))]
    discard_old(outputs)
    write_outputs([result], outputs, Session())
    assert Path("/dev/null").is_char_device()


def test_old_reports_are_discarded() -> None:
    """A run that starts removes the report it will write, and does not mind if there is none."""
    Path("a").write_text("old")
    discard_old([Output("json", Path("a")), Output("json", Path("b")), Output("terminal")])
    assert not Path("a").exists()
