"""What a scan reads, in which order, and what it leaves out."""

import io
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from sc2_attrib.attribution.check import CheckInput, UncheckedInput
from sc2_attrib.attribution.result import InputKind, InputStatus
from sc2_attrib.cli.input_files import Input
from sc2_attrib.cli.inputs import collect, listed_paths, parse_size
from sc2_attrib.index.errors import UsageError

LARGE = 1_000_000

is_root = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def gather(*names: str, max_bytes: int = LARGE) -> list[Input]:
    return list(collect(names, max_bytes=max_bytes))


def paths_of(found: list[Input]) -> list[str]:
    return [item.path for item in found if isinstance(item, CheckInput)]


def skipped_of(found: list[Input]) -> dict[str, str]:
    return reasons(found, InputStatus.SKIPPED)


def errors_of(found: list[Input]) -> dict[str, str]:
    return reasons(found, InputStatus.ERROR)


def reasons(found: list[Input], status: InputStatus) -> dict[str, str]:
    unchecked = [item for item in found if isinstance(item, UncheckedInput)]
    return {item.path: item.reason for item in unchecked if item.status is status}


def test_folder_is_read_in_path_order() -> None:
    """Files come ordered by their whole path as a string, whatever order the system lists."""
    write(dict.fromkeys(("b/a.py", "a/z.py", "a-b.py", "a.py", "B.py"), "x"))
    assert paths_of(gather(".")) == ["B.py", "a-b.py", "a.py", "a/z.py", "b/a.py"]


def test_paths_are_spelt_as_given() -> None:
    """A path begins with the folder as the user named it, without what means nothing."""
    write({"src/a.py": "x"})
    assert paths_of(gather("src")) == ["src/a.py"]
    assert paths_of(gather("./src/")) == ["src/a.py"]
    assert paths_of(gather(str(Path("src").resolve()))) == [str(Path("src/a.py").resolve())]


def test_each_path_is_read_once() -> None:
    """A file named twice, or named and below a named folder, is one input."""
    write({"src/a.py": "x", "src/b.py": "y"})
    assert paths_of(gather("src/b.py", "src", "./src/a.py")) == ["src/b.py", "src/a.py"]


def test_nested_gitignore_overrules_outer() -> None:
    """A deeper .gitignore may take back what a shallower one ignores, as in git."""
    write(
        {
            ".gitignore": "*.log\nbuild/\n",
            "a.log": "x",
            "a.py": "x",
            "build/out.py": "x",
            "keep/.gitignore": "!*.log\n",
            "keep/b.log": "x",
        }
    )
    found = gather(".")
    assert paths_of(found) == [".gitignore", "a.py", "keep/.gitignore", "keep/b.log"]
    assert skipped_of(found) == {"a.log": "ignored", "build/": "ignored"}


def test_anchored_and_negated_patterns() -> None:
    """A pattern with a slash is anchored at its file; the last pattern that fits decides."""
    write(
        {
            ".gitignore": "/top.py\nsub/*.txt\n!sub/keep.txt\n",
            "top.py": "x",
            "sub/top.py": "x",
            "sub/drop.txt": "x",
            "sub/keep.txt": "x",
        }
    )
    assert paths_of(gather(".")) == [".gitignore", "sub/keep.txt", "sub/top.py"]


def test_own_ignore_file_overrules_gitignore() -> None:
    """.sc2attribignore has the last word over the .gitignore beside it."""
    write(
        {
            ".gitignore": "generated.py\n",
            ".sc2attribignore": "!generated.py\nvendor\n",
            "generated.py": "x",
            "vendor/a.py": "x",
        }
    )
    found = gather(".")
    assert "generated.py" in paths_of(found)
    assert skipped_of(found) == {"vendor/": "ignored"}


def test_rules_of_the_working_tree_reach_a_folder_below() -> None:
    """Scanning a subfolder obeys the ignore files above it, and .git/info/exclude."""
    write(
        {
            ".git/info/exclude": "secret.py\n",
            ".gitignore": "*.gen.py\n",
            "src/pkg/.gitignore": "!kept.gen.py\n",
            "src/pkg/a.gen.py": "x",
            "src/pkg/kept.gen.py": "x",
            "src/pkg/secret.py": "x",
        }
    )
    found = gather("src/pkg")
    assert paths_of(found) == ["src/pkg/.gitignore", "src/pkg/kept.gen.py"]


def test_rules_stop_at_the_working_tree() -> None:
    """An ignore file above the repository's root says nothing about it."""
    write({".gitignore": "*.py\n", "repo/.git/HEAD": "x", "repo/a.py": "x"})
    assert paths_of(gather("repo")) == ["repo/a.py"]


def test_named_file_is_read_even_if_ignored() -> None:
    """Naming a file, or a folder, on purpose beats every ignore rule."""
    write({".git/HEAD": "", ".gitignore": "a.py\nout/\n", "a.py": "x", "out/b.py": "x"})
    assert paths_of(gather("a.py")) == ["a.py"]
    assert paths_of(gather("out")) == ["out/b.py"]


def test_version_control_data_and_links_are_skipped() -> None:
    """.git and symbolic links inside a folder are left out by name; a named link is read."""
    write({".git/HEAD": "x", "a.py": "x"})
    Path("link.py").symlink_to("a.py")
    found = gather(".")
    assert paths_of(found) == ["a.py"]
    assert skipped_of(found) == {".git/": "version control data", "link.py": "symbolic link"}
    assert paths_of(gather("link.py")) == ["link.py"]


def test_binary_and_large_files_are_skipped() -> None:
    """A NUL byte or too many bytes skip a file, named or not; UTF-16 is no binary."""
    write(
        {
            "a.bin": b"a\0b",
            "b.py": b"x" * 11,
            "c.py": b"x" * 10,
            "d.py": "hi\n".encode("utf-16"),
        }
    )
    found = gather(".", "a.bin", max_bytes=10)
    assert paths_of(found) == ["c.py", "d.py"]
    assert skipped_of(found) == {"a.bin": "binary", "b.py": "over the size limit"}


@pytest.mark.skipif(is_root, reason="root may read everything")
def test_unreadable_file_and_folder_are_errors() -> None:
    """What should be checked and can't be read is no skip."""
    write({"a.py": "x", "d/b.py": "x"})
    Path("a.py").chmod(0)
    Path("d").chmod(0)
    found = gather(".")
    Path("d").chmod(0o700)
    assert errors_of(found) == {"a.py": "Permission denied", "d/": "Permission denied"}


def test_named_path_that_cannot_be_read_is_an_error() -> None:
    """A socket exists but has no bytes to read: it was asked for, so it counts as not checked."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("a.sock")
        assert errors_of(gather("a.sock")) == {"a.sock": "No such device or address"}


def test_missing_path_is_refused_before_anything_is_read() -> None:
    """One wrong name ends the run, however many right ones stand before it."""
    write({"a.py": "x"})
    with pytest.raises(UsageError, match=r"no such file or folder: 'b\.py'"):
        collect(["a.py", "b.py"], max_bytes=LARGE)
    with pytest.raises(UsageError, match="no such file or folder: ''"):
        collect([""], max_bytes=LARGE)


def test_name_that_is_no_unicode_is_kept() -> None:
    """The bytes of a path survive; that they are no Unicode is dealt with where it is shown."""
    name = os.fsdecode(b"bad\xff.py")
    try:
        Path(name).write_text("x")
    except OSError:
        pytest.skip("this file system takes only Unicode names")
    assert paths_of(gather(".")) == [name]


def test_standard_input_is_one_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` reads standard input, within the size limit, once."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"hello")))
    assert gather("-", "-") == [CheckInput(InputKind.STDIN, "<stdin>", b"hello")]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"hello")))
    assert skipped_of(gather("-", max_bytes=4)) == {"<stdin>": "over the size limit"}


def test_lists_of_paths() -> None:
    """--files-from takes a path a line, or NUL-terminated paths as `git ls-files -z` prints."""
    write({"lines": "a b.py\n\nc.py\n", "nuls": b"a\nb.py\0c.py\0"})
    assert listed_paths("lines") == ["a b.py", "c.py"]
    assert listed_paths("nuls") == ["a\nb.py", "c.py"]
    with pytest.raises(UsageError, match="--files-from none: No such file"):
        listed_paths("none")


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("5000", 5000), ("10MB", 10_000_000), ("10 m", 10_000_000), ("1KiB", 1024)],
)
def test_size(text: str, size: int) -> None:
    """A size is a number with an optional decimal or binary unit."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-1", "1.5MB", "1TB", "10 files"])
def test_wrong_size(text: str) -> None:
    """Anything else is refused with an example."""
    with pytest.raises(UsageError, match="not a size"):
        parse_size(text)
