"""`scan` and `report`: exit codes, reports, what is skipped, how a run is cut short."""

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Run, code


@pytest.fixture
def project(folder: Path) -> Path:
    """A project with a copy of permissive code, and code of its own."""
    (folder / "src").mkdir()
    (folder / "src" / "copied.py").write_text("# mine\n" + code("permissive"))
    (folder / "src" / "own.py").write_text(code("own"))
    return folder


def test_permissive_copy_is_reported_and_passes(run: Run, project: Path, index: Path) -> None:
    """A copy of permissive code is a match with its source and licence, and no violation."""
    outcome = run("scan", "src", "--index", str(index))
    assert (outcome.code, outcome.stderr) == (0, "")
    assert "src/copied.py:2:1" in outcome.stdout
    assert "MIT" in outcome.stdout
    assert "library  permissive.py:2-22" in outcome.stdout


@pytest.mark.parametrize(
    ("copied", "fail_on", "expected"),
    [
        ("copyleft", "deny", 1),
        ("copyleft", "never", 0),
        ("unknown", "deny", 0),
        ("unknown", "review", 1),
        ("permissive", "review", 0),
        ("permissive", "match", 1),
        ("own", "match", 0),
    ],
)
def test_exit_code_follows_fail_on(
    copied: str, fail_on: str, expected: int, run: Run, folder: Path, index: Path
) -> None:
    """A match that --fail-on covers makes the run a violation."""
    (folder / "a.py").write_text(code(copied))
    outcome = run("scan", "a.py", "--index", str(index), "--fail-on", fail_on)
    assert outcome.code == expected


def test_json_is_valid_and_repeatable(run: Run, project: Path, index: Path) -> None:
    """The JSON is valid against `schema`, and the same again but for `run`."""
    schema = json.loads(run("schema").stdout)
    first = json.loads(run("scan", "src", "--index", str(index), "--json").stdout)
    second = json.loads(run("scan", "src", "--index", str(index), "-f", "json").stdout)
    pytest.importorskip("jsonschema").validate(first, schema)
    assert first.pop("run") != second.pop("run")
    assert first == second


def test_skipped_files_are_listed_with_their_reason(run: Run, project: Path, index: Path) -> None:
    """What is ignored, binary or too large is listed and leaves the run complete."""
    (project / "src" / ".gitignore").write_text("*.log\nbuild/\n")
    (project / "src" / "a.log").write_text("x")
    (project / "src" / "build").mkdir()
    (project / "src" / "image.bin").write_bytes(b"\0\1")
    (project / "src" / "large.txt").write_text("x" * 5000)
    outcome = run("scan", "src", "--index", str(index), "--json", "--max-file-size", "4kB")
    result = json.loads(outcome.stdout)
    skipped = {
        each["path"]: each["reason"] for each in result["inputs"] if each["status"] == "skipped"
    }
    assert skipped == {
        "src/a.log": "ignored",
        "src/build/": "ignored",
        "src/image.bin": "binary",
        "src/large.txt": "over the size limit",
    }
    assert result["summary"]["complete"]
    assert outcome.code == 0


def test_named_file_is_checked_even_if_ignored(run: Run, project: Path, index: Path) -> None:
    """An ignored file that is named itself is checked."""
    (project / ".gitignore").write_text("src/\n")
    everything = json.loads(run("scan", ".", "--index", str(index), "--json").stdout)
    assert everything["summary"]["matches"] == 0
    named = json.loads(run("scan", "src/copied.py", "--index", str(index), "--json").stdout)
    assert named["summary"]["matches"] == 1


def test_unreadable_input_makes_the_run_incomplete(run: Run, folder: Path, index: Path) -> None:
    """What can't be read is an error: exit 4, and the report is written all the same."""
    (folder / "loop").mkdir()
    (folder / "a.py").write_text(code("own"))
    import socket

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "a.sock"))
        outcome = run("scan", "a.py", "a.sock", "--index", str(index), "-f", "json=out.json")
    result = json.loads((folder / "out.json").read_text())
    assert outcome.code == 4
    assert result["summary"]["complete"] is False
    assert [each["status"] for each in result["inputs"]] == ["checked", "error"]


def test_violation_outranks_incomplete(run: Run, folder: Path, index: Path) -> None:
    """Exit 1 comes before exit 4."""
    import socket

    (folder / "a.py").write_text(code("copyleft"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "a.sock"))
        assert run("scan", "a.py", "a.sock", "--index", str(index)).code == 1


def test_standard_input_and_lists_of_files(run: Run, project: Path, index: Path) -> None:
    """- checks standard input; --files-from takes the paths from a file or standard input."""
    piped = run("scan", "-", "--index", str(index), "--json", stdin=code("permissive"))
    assert json.loads(piped.stdout)["inputs"][0]["kind"] == "stdin"
    assert json.loads(piped.stdout)["summary"]["matches"] == 1
    listed = run("scan", "--files-from", "-", "--index", str(index), "--json", stdin="src/own.py\n")
    assert [each["path"] for each in json.loads(listed.stdout)["inputs"]] == ["src/own.py"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("nowhere.py",), "no such file or folder: 'nowhere.py'"),
        ((), "scan: name files or folders, - for standard input, or --files-from FILE"),
        (("src", "--max-file-size", "big"), "not a size: 'big'; write it like 500kB, 10MB or 1MiB"),
        (("src", "-f", "nope"), "--format nope: no such format; there are "),
        (("src", "--min-chars", "10"), "min_chars 10 is below the 50 characters"),
        (("src", "--fail-on", "maybe"), "Invalid value for '--fail-on': 'maybe' is not one of "),
    ],
)
def test_wrong_usage(
    arguments: tuple[str, ...], complaint: str, run: Run, project: Path, index: Path
) -> None:
    """Wrong arguments end with exit 2 and one line, before anything is checked."""
    outcome = run("scan", *arguments, "--index", str(index))
    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith(f"sc2-attrib: error: {complaint}")
    assert outcome.stderr.count("\n") == 1


def test_settings_reach_the_scan(run: Run, folder: Path, index: Path) -> None:
    """An option's value may come from the file or the variable; a wrong one names its origin."""
    (folder / "a.py").write_text(code("permissive"))
    (folder / "sc2-attrib.toml").write_text(f"index = '{index}'\nfail-on = 'match'\n")
    assert run("scan", "a.py").code == 1
    assert run("scan", "a.py", env={"SC2_ATTRIB_FAIL_ON": "deny"}).code == 0
    wrong = run("scan", "a.py", env={"SC2_ATTRIB_MIN_CHARS": "many"})
    assert wrong.code == 2
    assert ", from SC2_ATTRIB_MIN_CHARS (" in wrong.stderr
    (folder / "sc2-attrib.toml").write_text("max-sources = 'all'\n")
    assert ", from sc2-attrib.toml (" in run("scan", "a.py").stderr


def test_several_reports_of_one_run(run: Run, project: Path, index: Path) -> None:
    """Reports go to their files, and one to stdout."""
    outcome = run("scan", "src", "--index", str(index), "-f", "json=a.json", "-f", "terminal")
    assert "permissive.py" in outcome.stdout
    assert json.loads((project / "a.json").read_text())["summary"]["matches"] == 1


def test_quiet_prints_a_line_a_match(run: Run, project: Path, index: Path) -> None:
    """-q leaves the matches and the verdict."""
    lines = run("scan", "src", "--index", str(index), "-q").stdout.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("src/copied.py:2:1: ")


def test_failed_run_leaves_no_report_of_an_earlier_one(
    run: Run, project: Path, index: Path
) -> None:
    """A run that fails after it began removes the clean report that lay in its place."""
    assert run("scan", "src/own.py", "--index", str(index), "-f", "json=r.json").code == 0
    interrupted = _interrupted(project, index, "-f", "json=r.json")
    assert interrupted == (130, "", "")
    assert not (project / "r.json").exists()


def _interrupted(project: Path, index: Path, *options: str) -> tuple[int, str, str]:
    """Run a scan that waits for standard input, and interrupt it there."""
    os.mkfifo(project / "pipe")
    process = subprocess.Popen(
        [COMMAND, "scan", "src/own.py", "pipe", "--index", index, *options],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # Opening the other end returns when the scan has opened its own: it is then reading.
    with (project / "pipe").open("w"):
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout, stderr


def test_colours_only_where_they_are_wanted(run: Run, project: Path, index: Path) -> None:
    """A pipe gets no escape sequences; FORCE_COLOR brings them, --no-color and NO_COLOR win."""

    def has_color(*options: str, env: Mapping[str, str]) -> bool:
        outcome = run("scan", "src", "--index", str(index), *options, env={"TERM": "xterm", **env})
        return "\x1b[3" in outcome.stdout or "\x1b[1;3" in outcome.stdout

    assert not has_color(env={})
    assert has_color(env={"FORCE_COLOR": "1"})
    assert not has_color("--no-color", env={"FORCE_COLOR": "1"})
    assert not has_color(env={"FORCE_COLOR": "1", "NO_COLOR": "1"})


def test_progress_is_off_unless_somebody_watches(run: Run, project: Path, index: Path) -> None:
    """Progress goes to stderr, and only to a terminal unless --progress always."""
    assert run("scan", "src", "--index", str(index)).stderr == ""
    watched = run(
        "scan", "src", "--index", str(index), "--progress", "always", env={"TERM": "xterm"}
    )
    assert "checking" in watched.stderr


def test_report_renders_a_saved_result_and_exits_alike(run: Run, folder: Path, index: Path) -> None:
    """`report` prints what `scan` printed, and exits with its code, without an index."""
    (folder / "a.py").write_text(code("copyleft"))
    scanned = run("scan", "a.py", "--index", str(index), "-f", "json=r.json", "-f", "terminal")
    reported = run("report", "r.json")
    assert (reported.code, reported.stdout) == (1, scanned.stdout)
    assert run("report", "r.json", "--json").stdout == (folder / "r.json").read_text()
    assert run("report", "-", stdin=(folder / "r.json").read_bytes()).stdout == scanned.stdout


def test_report_of_several_results(run: Run, folder: Path, index: Path) -> None:
    """Several results are rendered one after the other; the worst exit code counts."""
    for name in ("copyleft", "own"):
        (folder / f"{name}.py").write_text(code(name))
        run("scan", f"{name}.py", "--index", str(index), "-f", f"json={name}.json")
    assert run("report", "own.json").code == 0
    both = run("report", "own.json", "copyleft.json")
    assert both.code == 1
    assert both.stdout == run("report", "own.json").stdout + run("report", "copyleft.json").stdout
    assert run("report", "own.json", "copyleft.json", "--json").code == 2


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "r.json: No such file or directory"),
        ("{}", "r.json: schema: "),
        ("not json", "r.json: not a result document: "),
    ],
)
def test_report_of_something_else(
    content: str | None, complaint: str, run: Run, folder: Path
) -> None:
    """What is no result document is refused with the field that is wrong."""
    if content is not None:
        (folder / "r.json").write_text(content)
    outcome = run("report", "r.json")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith(f"sc2-attrib: error: {complaint}")


def test_damaged_index_exits_3(run: Run, project: Path, index: Path) -> None:
    """An index that can't be opened ends the scan before it begins."""
    damaged = project / "idx"
    subprocess.run(["cp", "-r", index, damaged], check=True)
    files = [path for path in damaged.rglob("*") if path.is_file() and path.stat().st_size > 100]
    assert files
    for path in files:
        path.write_bytes(path.read_bytes()[:50])
    outcome = run("scan", "src", "--index", "idx", "-f", "json=r.json")
    assert outcome.code == 3
    assert outcome.stderr.count("\n") == 1
    assert not (project / "r.json").exists()
