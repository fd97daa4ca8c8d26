"""A scan that was cut short goes on where it was, and answers as if it had not been."""

import json
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from sc2_attrib.attribution.check import CheckedInput, CheckInput, UncheckedInput
from sc2_attrib.attribution.result import InputKind, InputRecord, InputStatus
from sc2_attrib.cli.input_files import Input
from sc2_attrib.cli.resuming import ITSELF, progress_in
from sc2_attrib.index.errors import UnusableError, UsageError
from tests.cli.conftest import COMMAND, Run, code

CONTEXT: dict[str, object] = {"index": "1", "policy": {"name": "default"}}


def text(name: str, raw: bytes = b"x", added: tuple[tuple[int, int], ...] | None = None) -> Input:
    return CheckInput(InputKind.FILE, name, raw, added_lines=added)


def record(item: Input) -> InputRecord:
    is_text = isinstance(item, CheckInput)
    return InputRecord(
        id=item.path,
        kind=item.kind,
        path=item.path,
        sha256=None,
        swhid=None,
        bytes=None,
        lines=None,
        language=None,
        encoding=None,
        completion=None,
        text=None,
        status=InputStatus.CHECKED if is_text else InputStatus.ERROR,
        reason=None if is_text else "why",
        bounded=False,
    )


class Checking:
    """A check that notes what it was given, and fails at a name if it is told to."""

    def __init__(self, fails_at: str | None = None) -> None:
        self.seen: list[str] = []
        self.fails_at = fails_at

    def __call__(self, inputs: Iterable[Input]) -> Iterator[CheckedInput]:
        for item in list(inputs):
            if item.path == self.fails_at:
                raise KeyboardInterrupt
            self.seen.append(item.path)
            yield CheckedInput(record(item), texts={item.path: "t"}, matched_chars=len(item.path))


def scanned(
    path: Path,
    inputs: list[Input],
    check: Checking,
    context: Mapping[str, object] = CONTEXT,
) -> list[CheckedInput]:
    with progress_in(path, context) as progress:
        return list(progress.through(inputs, check))


INPUTS = [text("a"), text("bb"), text("ccc"), text("dddd")]


def test_only_what_is_missing_is_checked_again(tmp_path: Path) -> None:
    """After an interrupt, the inputs before it are known; answers come whole and in order."""
    with pytest.raises(KeyboardInterrupt):
        scanned(tmp_path / "p", INPUTS, Checking("ccc"))
    again = Checking()
    answers = scanned(tmp_path / "p", [INPUTS[3], *INPUTS[:3]], again)
    assert again.seen == ["dddd", "ccc"]
    assert answers == list(Checking()([INPUTS[3], *INPUTS[:3]]))


def test_changed_inputs_are_checked_again(tmp_path: Path) -> None:
    """Another content, or other added lines of a diff, are another input."""
    scanned(tmp_path / "p", [text("a"), text("b", added=((1, 2),)), text("c")], Checking())
    again = Checking()
    scanned(tmp_path / "p", [text("a", b"y"), text("b", added=((1, 3),)), text("c")], again)
    assert again.seen == ["a", "b"]


def test_failures_are_tried_again(tmp_path: Path) -> None:
    """What could not be read is no progress."""
    failed = UncheckedInput(InputKind.FILE, "a", InputStatus.ERROR, "why")
    scanned(tmp_path / "p", [failed], Checking())
    again = Checking()
    scanned(tmp_path / "p", [failed], again)
    assert again.seen == ["a"]


def test_line_that_was_cut_off_is_dropped(tmp_path: Path) -> None:
    """Wherever a crash cuts the file, the whole lines are used and nothing else."""
    scanned(tmp_path / "p", INPUTS, Checking())
    whole = (tmp_path / "p").read_bytes()
    for length in range(0, len(whole), 7):
        (tmp_path / "p").write_bytes(whole[:length])
        again = Checking()
        assert scanned(tmp_path / "p", INPUTS, again) == list(Checking()(INPUTS))
        n_known = max(whole[:length].count(b"\n") - 1, 0)
        assert again.seen == [item.path for item in INPUTS[n_known:]]
        assert (tmp_path / "p").read_bytes() == whole


def test_other_circumstances_are_refused(tmp_path: Path) -> None:
    """Answers of another index, or under another policy, are not mixed in."""
    scanned(tmp_path / "p", INPUTS, Checking())
    other = {"index": "2", "policy": {"name": "default"}}
    with pytest.raises(UsageError, match="a scan with another index; scan as then, or delete it"):
        scanned(tmp_path / "p", INPUTS, Checking(), other)


@pytest.mark.parametrize("content", [b"import os\n", b'{"schema": 1}\n', b"[]\n", b"\0\n"])
def test_foreign_files_are_left_alone(tmp_path: Path, content: bytes) -> None:
    """A file that no scan left is refused and not written to."""
    (tmp_path / "p").write_bytes(content)
    with pytest.raises(UsageError, match="no file that a scan left"):
        scanned(tmp_path / "p", INPUTS, Checking())
    assert (tmp_path / "p").read_bytes() == content


def test_damage_is_found(tmp_path: Path) -> None:
    """A line that was changed is an error that says where."""
    scanned(tmp_path / "p", INPUTS, Checking())
    whole = (tmp_path / "p").read_bytes()
    for damaged in (whole.replace(b'"kind"', b'"kin"'), whole.replace(b'{"key": "', b'{"key": x')):
        (tmp_path / "p").write_bytes(damaged)
        with pytest.raises(UnusableError, match="damaged at byte"):
            scanned(tmp_path / "p", INPUTS, Checking())


def test_two_scans_do_not_share_a_file(tmp_path: Path) -> None:
    """A second scan is refused while the first one writes."""
    with (
        progress_in(tmp_path / "p", CONTEXT),
        pytest.raises(UsageError, match="another scan is using it"),
        progress_in(tmp_path / "p", CONTEXT),
    ):
        pass


def test_killed_scan_goes_on(
    run_here: Run, folder: Path, index: Path, environment: Mapping[str, str]
) -> None:
    """After kill -9 the same command finishes with the result of a scan in one go."""
    (folder / "src").mkdir()
    for number in range(120):
        seed = "copyleft" if number % 20 == 0 else f"own {number}"
        (folder / "src" / f"{number}.py").write_text(code(seed))
    arguments = [
        "scan",
        "src",
        "--index",
        str(index),
        "--fail-on",
        "never",
        "--jobs",
        "1",
        "--json",
    ]
    progress = folder / "progress"
    with subprocess.Popen(
        [COMMAND, *arguments, "--resume", "progress"],
        cwd=folder, env=environment, stdout=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        while process.poll() is None and not (
            progress.exists() and progress.read_bytes().count(b"\n") > 2
        ):
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    done = run_here(*arguments, "--resume", "progress")
    assert "kept of an earlier scan" in done.stderr
    assert not progress.exists()
    resumed, whole = json.loads(done.stdout), json.loads(run_here(*arguments).stdout)
    assert resumed.pop("run") != whole.pop("run")
    assert resumed == whole
    assert whole["summary"]["by_action"]["deny"] == 6


def test_progress_is_no_input(run_here: Run, folder: Path, index: Path) -> None:
    """The file may lie in the folder that is checked: it is skipped, with the reason."""
    (folder / "a.py").write_text(code("copyleft"))
    scan = ("scan", ".", "--index", str(index), "--fail-on", "never", "--json")
    done = json.loads(run_here(*scan, "--resume", "progress").stdout)
    listed = [(each["path"], each["status"], each["reason"]) for each in done["inputs"]]
    assert listed == [("a.py", "checked", None), ("progress", "skipped", ITSELF)]


def test_incomplete_scan_keeps_its_progress(run_here: Run, folder: Path, index: Path) -> None:
    """As long as an input fails the file stays, and once it can be read, the file goes."""
    (folder / "a.py").write_text(code("copyleft"))
    (folder / "b.py").symlink_to("b.py")
    arguments = ["scan", ".", "b.py", "--index", str(index), "--resume", "progress"]
    arguments[1:2] = ["a.py"]
    assert run_here(*arguments, "--fail-on", "never").code == 4
    (folder / "b.py").unlink()
    (folder / "b.py").write_text(code("own"))
    again = run_here(*arguments, "--fail-on", "deny")
    assert (again.code, "1 input kept" in again.stderr) == (1, True)
    assert not (folder / "progress").exists()
