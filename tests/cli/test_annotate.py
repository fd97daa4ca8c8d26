"""`annotate`: tags in place or beside the file, brought up to date, shown or checked."""

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Run, code

TAGS = [
    "# SPDX-SnippetBegin",
    "# SPDX-License-Identifier: MIT",
    "# SPDX-SnippetComment: sc2-attrib: verbatim copy of library permissive.py:2-22",
    "# SPDX-SnippetEnd",
]
COPY = "x = 1\n" + code("permissive") + "y = 2\n"


@pytest.fixture
def project(folder: Path) -> Path:
    """A project with a copy in Python, one in a file that takes no comments, and own code."""
    (folder / "src").mkdir()
    (folder / "src" / "a.py").write_text(COPY)
    (folder / "src" / "data.json").write_text(code("copyleft"))
    (folder / "src" / "own.py").write_text(code("own"))
    return folder / "src"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_copies_are_tagged_in_place_or_beside(run_here: Run, project: Path, index: Path) -> None:
    """A copy gets tags on lines of its own, or a sidecar where comments don't exist."""
    before = contents(project)
    outcome = run_here("annotate", "src", "--index", str(index))
    after = contents(project)
    assert (outcome.code, outcome.stdout) == (
        0,
        "src/a.py: 1 snippet\nsrc/data.json.attrib.json: 1 snippet\n",
    )
    assert "src/data.json: no comments that are known to be safe" in outcome.stderr
    lines = after.pop("a.py").decode().splitlines()
    tags = [line for line in lines if line.startswith("# SPDX")]
    assert [tag.partition(" <swh:")[0] for tag in tags] == TAGS
    assert "\n".join(line for line in lines if line not in tags) + "\n" == COPY
    assert (lines[0], lines[1], lines[-2]) == ("x = 1", tags[0], tags[-1])
    sidecar = json.loads(after.pop("data.json.attrib.json"))
    assert [(each["lines"], each["licenses"]) for each in sidecar["snippets"]] == [
        ([1, 21], ["GPL-3.0-only"])
    ]
    del before["a.py"]
    assert after == before


def test_second_run_changes_nothing(run_here: Run, project: Path, index: Path) -> None:
    """What is annotated stays as it is, to the byte, and --check agrees."""
    run_here("annotate", "src", "--index", str(index))
    once = contents(project)
    assert run_here("annotate", "src", "--index", str(index)).stdout == ""
    assert contents(project) == once
    assert run_here("annotate", "src", "--index", str(index), "--check").code == 0


def test_check_and_diff_write_nothing(run_here: Run, project: Path, index: Path) -> None:
    """--check names the files and exits 1; --diff prints what git would apply."""
    before = contents(project)
    checked = run_here("annotate", "src", "--index", str(index), "--check")
    assert (checked.code, checked.stdout.splitlines()) == (
        1,
        [
            "src/a.py: would change, 1 snippet",
            "src/data.json.attrib.json: would change, 1 snippet",
        ],
    )
    shown = run_here("annotate", "src", "--index", str(index), "--diff")
    added = [line[1:] for line in shown.stdout.splitlines() if line.startswith("+#")]
    assert shown.code == 0
    assert [tag.partition(" <swh:")[0] for tag in added] == TAGS
    assert contents(project) == before


def test_tags_follow_the_code(run_here: Run, project: Path, index: Path) -> None:
    """Tags go when the copy is gone, and a sidecar gives way to tags."""
    (project / "a.py").write_text("z = 3\n" * 3 + COPY)
    run_here("annotate", "src/a.py", "--index", str(index), "--sidecar")
    beside = json.loads((project / "a.py.attrib.json").read_text())
    assert beside["snippets"][0]["lines"] == [5, 25]
    run_here("annotate", "src/a.py", "--index", str(index))
    assert not (project / "a.py.attrib.json").exists()
    tagged = (project / "a.py").read_text()
    (project / "a.py").write_text(tagged.replace(code("permissive"), code("own")))
    gone = run_here("annotate", "src/a.py", "--index", str(index))
    assert gone.stdout == "src/a.py: no snippet any more\n"
    assert "SPDX" not in (project / "a.py").read_text()


def test_saved_result_serves_without_an_index(run_here: Run, project: Path, index: Path) -> None:
    """--result annotates the files that a scan has seen, and only those that are named."""
    run_here("scan", "src", "--index", str(index), "--fail-on", "never", "-f", "json=r.json")
    named = run_here("annotate", "src/a.py", "--result", "r.json")
    assert named.stdout == "src/a.py: 1 snippet\n"
    everything = run_here("annotate", "--result", "-", stdin=Path("r.json").read_bytes())
    assert everything.stdout == "src/data.json.attrib.json: 1 snippet\n"
    assert run_here("annotate", "setup.py", "--result", "r.json").code == 2


def test_file_that_changed_since_is_left_alone(run_here: Run, project: Path, index: Path) -> None:
    """A result of another content annotates nothing: exit 4, and the reason."""
    run_here("scan", "src/a.py", "--index", str(index), "-f", "json=r.json")
    (project / "a.py").write_text("w = 0\n" + COPY)
    outcome = run_here("annotate", "--result", "r.json")
    assert (outcome.code, outcome.stdout) == (4, "")
    assert "src/a.py: not annotated: changed since it was checked" in outcome.stderr
    assert (project / "a.py").read_text() == "w = 0\n" + COPY


def test_foreign_sidecar_is_not_overwritten(run_here: Run, project: Path, index: Path) -> None:
    """A file that merely has the sidecar's name stays, and the run is incomplete."""
    (project / "data.json.attrib.json").write_text("{}")
    outcome = run_here("annotate", "src/data.json", "--index", str(index))
    assert outcome.code == 4
    assert "data.json.attrib.json is no sidecar" in outcome.stderr
    assert (project / "data.json.attrib.json").read_text() == "{}"


def test_mode_and_links_are_kept(run_here: Run, project: Path, index: Path) -> None:
    """A script stays executable, and a link that is named stays a link to the tagged file."""
    (project / "a.py").chmod(0o750)
    (project.parent / "link.py").symlink_to("src/a.py")
    run_here("annotate", "link.py", "--index", str(index))
    assert (project.parent / "link.py").is_symlink()
    assert (project / "a.py").stat().st_mode & 0o777 == 0o750
    assert "# SPDX-SnippetBegin" in (project / "a.py").read_text()
    assert [path.name for path in project.iterdir() if path.name.startswith(".")] == []


def test_odd_names(run_here: Run, folder: Path, index: Path) -> None:
    """A name that is no UTF-8, or would end its line, is annotated and shown without harm."""
    for name in (b"\xff.py", b"a\n+b\x1b[31m.py"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text(COPY)
    shown = run_here("annotate", ".", "--index", str(index), "--diff")
    assert shown.code == 0
    assert "\x1b" not in shown.stdout
    done = run_here("annotate", ".", "--index", str(index))
    assert (done.code, len(done.stdout.splitlines())) == (0, 2)
    assert run_here("annotate", ".", "--index", str(index), "--check").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "annotate: name files or folders, or a result with --result"),
        (("-",), "annotate: standard input can't be annotated"),
        (("missing.py",), "no such file or folder: 'missing.py'"),
        (("--result", "missing.json"), "missing.json"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], said: str, run_here: Run, index: Path) -> None:
    """What can't be annotated is refused with exit 2 and the reason."""
    outcome = run_here("annotate", *arguments, "--index", str(index))
    assert outcome.code == 2
    assert said in outcome.stderr
