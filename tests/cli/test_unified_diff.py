"""Diffs as git and diff(1) write them are read line by line, whatever the lines look like."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc2_attrib.cli.unified_diff import FileDiff, looks_like_diff, parse_diff, quoted_name
from sc2_attrib.index.errors import UsageError

EDIT = b"""diff --git a/src/a.py b/src/a.py
index 1111111..2222222 100644
--- a/src/a.py
+++ b/src/a.py
@@ -1,3 +1,4 @@ def f():
 one
-two
+--- zwei
+@@ -1 +1 @@
 three
@@ -9 +10,2 @@
 nine
+ten
\\ No newline at end of file
"""


def parsed(diff: bytes) -> list[FileDiff]:
    return list(parse_diff(diff.splitlines(keepends=True)))


def test_added_lines_are_numbered_in_the_new_file() -> None:
    """Lines that look like headers are lines, because a hunk says how many it has."""
    (diff,) = parsed(EDIT)
    assert (diff.path, diff.added) == (b"src/a.py", ((2, 3), (11, 11)))
    assert diff.hunks[0].lines == (b"one", b"--- zwei", b"@@ -1 +1 @@", b"three")


@pytest.mark.parametrize(
    ("diff", "path", "added"),
    [
        (b"diff --git a/x y b/x y\nold mode 100644\nnew mode 100755\n", b"x y", ()),
        (b"diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to b/y\n", b"b/y", ()),
        (b'--- "a/\\303\\244\\t.py"\n+++ "b/\\303\\244\\t.py"\n@@ -0,0 +1 @@\n+x\n',
         "ä\t.py".encode(), ((1, 1),)),
        (b"--- old/x.c\t2026-01-01 00:00\n+++ old/x.c\t2026-01-02 00:00\n@@ -1 +1 @@\n-a\n+b\n",
         b"old/x.c", ((1, 1),)),
        (b"--- a/dir/x\n+++ a/dir/x\n@@ -1 +1 @@\n-a\n+b\n", b"a/dir/x", ((1, 1),)),
        (b"diff --git a/x b/x\ndeleted file mode 100644\n--- a/x\n+++ /dev/null\n"
         b"@@ -1 +0,0 @@\n-a\n", None, ()),
        (b"diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+a\n",
         b"x", ((1, 1),)),
        (b"--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n\n-b\n+c\n", b"x", ((3, 3),)),
    ],
    ids=["mode", "moved", "quoted", "with time", "no prefix", "deleted", "new", "trimmed"],
)  # fmt: skip
def test_headers(diff: bytes, path: bytes | None, added: tuple[tuple[int, int], ...]) -> None:
    """Names come unquoted and without the prefixes that git puts before them."""
    (found,) = parsed(diff)
    assert (found.path, found.added) == (path, added)


def test_binary_file_has_no_hunks() -> None:
    """Git only says that a binary file differs."""
    (diff,) = parsed(b"diff --git a/x b/x\nBinary files a/x and b/x differ\n")
    assert (diff.path, diff.is_binary, diff.hunks) == (b"x", True, ())


def test_text_around_diffs_is_passed_over() -> None:
    """A commit message before the diffs, and between them, is no file."""
    mail = b"commit " + b"1" * 40 + b"\n\n    --- why\n--- so\n\n"
    assert [diff.path for diff in parsed(mail + EDIT + b"-- \n2.39\n" + EDIT)] == [b"src/a.py"] * 2


@pytest.mark.parametrize(
    "diff",
    [
        b"--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n",
        b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n?a\n",
        b"--- a/x\n+++ b/x\n@@ -1 +1,999999999999 @@\n-a\n+b\n",
        b"diff --cc x\nindex 1,2..3\n",
    ],
    ids=["cut", "no sign", "too long", "combined"],
)
def test_what_is_no_plain_diff_is_refused(diff: bytes) -> None:
    """A cut or combined diff would hide added lines, so it is an error."""
    with pytest.raises(UsageError, match=r"^diff, (line \d+|at its end):"):
        parsed(diff)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (EDIT, True),
        (b"\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", True),
        (b"commit " + b"1" * 40 + b"\nAuthor: A\n\n    m\n\n" + EDIT, True),
        (b"--- a YAML document\nkey: 1\n", False),
        (b"x = 1\n@@ -1 +1 @@\n", False),
        (b"", False),
    ],
)
def test_diffs_are_told_from_other_texts(text: bytes, expected: bool) -> None:
    """Only what begins as diffs do, and has a hunk or a header of git, is one."""
    assert looks_like_diff(text) is expected


@given(st.binary(min_size=1).filter(lambda name: b"\0" not in name))
@settings(deadline=None)
def test_quoted_names_are_read_again(name: bytes) -> None:
    """A name survives its spelling in a header, which is one printable line."""
    shown = quoted_name(b"b/" + name)
    [diff] = parsed(f"--- a/x\n+++ {shown}\n@@ -1 +1 @@\n-a\n+b\n".encode())
    assert diff.path == name
    assert shown.isprintable()


LINES = st.lists(st.sampled_from(["a", "b", "", "--- x", "+++ y", "@@ -1 +1 @@", "\\"]), max_size=8)


@given(old=LINES, new=LINES)
@settings(max_examples=30, deadline=None)
def test_any_diff_of_git_is_read(tmp_path_factory: pytest.TempPathFactory,
                                 old: list[str], new: list[str]) -> None:  # fmt: skip
    """Whatever the lines, the hunks hold the new file's lines, and all but the added are old."""
    folder = tmp_path_factory.getbasetemp()
    for name, lines in (("old", old), ("new", new)):
        (folder / name).write_text("\n".join(lines))
    command = ["git", "diff", "--no-index", "--text", "old", "new"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    now = (folder / "new").read_bytes().split(b"\n")
    for diff in parsed(done.stdout):
        kept = {n for hunk in diff.hunks for n in hunk.added}
        for hunk in diff.hunks:
            assert tuple(now[hunk.first - 1 :][: len(hunk.lines)]) == hunk.lines
        assert all(1 <= n <= len(now) for n in kept)
