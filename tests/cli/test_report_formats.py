"""Every report format through the installed command."""

import socket
from pathlib import Path

from sc2_attrib.attribution.report import FORMATS, JOINABLE
from tests.cli.conftest import Run, code

FILES = sorted(name for name in FORMATS if name != "terminal")


def test_all_formats_at_once_and_again_offline(run: Run, folder: Path, index: Path) -> None:
    """One run writes them all; `report` writes the same bytes of the saved result, elsewhere."""
    (folder / "a.py").write_text(code("copyleft"))
    wanted = [f"--format={name}={name}.out" for name in FILES]
    assert run("scan", "a.py", "--index", str(index), *wanted).code == 1
    again = [f"--format={name}={name}.again" for name in FILES]
    assert run("report", "json.out", *again).code == 1
    for name in FILES:
        assert (folder / f"{name}.out").read_bytes() == (folder / f"{name}.again").read_bytes()
    assert not list(folder.glob(".*"))


def test_incomplete_run_leaves_no_report_that_reads_as_clean(
    run: Run, folder: Path, index: Path
) -> None:
    """A file that can't be read is named in every format, and the exit code is 4."""
    wanted = [f"--format={name}={name}.out" for name in FILES]
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "unread.py"))
        outcome = run("scan", "unread.py", "--index", str(index), *wanted)
    assert outcome.code == 4, outcome.stderr
    for name in FILES:
        text = (folder / f"{name}.out").read_text()
        assert "could not be checked" in text or '"status": "error"' in text or ",error," in text


def test_several_results_make_one_report_only_where_a_format_can_hold_them(
    run: Run, folder: Path, index: Path
) -> None:
    """Two documents in one file would be no document."""
    (folder / "a.py").write_text("x = 1\n")
    run("scan", "a.py", "--index", str(index), "-f", "json=r.json")
    for name in FORMATS:
        expected = 0 if name in JOINABLE else 2
        assert run("report", "r.json", "r.json", "-f", name).code == expected, name
