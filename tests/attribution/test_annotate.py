"""Snippet tags go around copies, come out again without a trace, and change nothing else."""

import ast
import random
import shutil
import subprocess
import sysconfig
import warnings
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc2_attrib.attribution.annotate import (
    LONE_RETURNS,
    NO_COMMENTS,
    NO_PLACE,
    NOT_UTF_8,
    UNPAIRED,
    Annotated,
    annotate,
    untagged,
)
from sc2_attrib.attribution.comment_languages import SYNTAX_BY_LANGUAGE
from sc2_attrib.attribution.line_breaks import free_breaks, syntax_of
from sc2_attrib.attribution.snippet_tags import Origin, Snippet, with_tags

HOSTILE = Origin(
    "MIT",
    ('Copyright © 2020 "Émile" */ --> ?> ${a} `x` \\',),
    "verbatim copy of a/b@1 x\n*/ y()\u202e.py:1-2 <https://example.org/--x> \\",
)
PLAIN = Origin("GPL-3.0-only", ("Copyright 2019 Ada",), "verbatim copy of o/r src/a.py:1-3 <u>")


def snippet(first: int, last: int, *origins: Origin) -> Snippet:
    return Snippet(first, last, origins or (PLAIN,))


def test_tags_say_licence_copyright_and_source() -> None:
    """A snippet begins and ends with lines of its own, indented as what it holds."""
    done = annotate(b"a\n  b\nc\n", "C", [snippet(2, 2)])
    assert done.text is not None
    assert done.text.decode().split("\n") == [
        "a",
        "  /* SPDX-SnippetBegin */",
        "  /* SPDX-License-Identifier: GPL-3.0-only */",
        "  /* SPDX-SnippetCopyrightText: Copyright 2019 Ada */",
        "  /* SPDX-SnippetComment: sc2-attrib: verbatim copy of o/r src/a.py:1-3 <u> */",
        "  b",
        "  /* SPDX-SnippetEnd */",
        "c",
        "",
    ]
    assert (done.widened, done.reason) == ((), None)


def test_snippet_is_widened_to_where_comments_are_safe() -> None:
    """A copy inside a string is tagged with the whole string, and that is said."""
    done = annotate(b'x = 1\ny = """\na\nb\n"""\nz = 2\n', "Python", [snippet(3, 4)])
    assert done.widened == (((3, 4), (2, 5)),)
    assert done.text is not None
    assert done.text.startswith(b"x = 1\n# SPDX-SnippetBegin\n")
    assert done.text.endswith(b'"""\n# SPDX-SnippetEnd\nz = 2\n')


def test_snippets_that_grow_into_each_other_become_one() -> None:
    """Two copies in one string share a snippet, which names what both were copied from."""
    text = b'y = """\na\nb\nc\n"""\n'
    done = annotate(text, "Python", [snippet(2, 2), snippet(4, 4, HOSTILE)])
    assert [(each.first, each.last, len(each.origins)) for each in done.snippets] == [(1, 5, 2)]


def test_first_lines_stay_first() -> None:
    """A copy that includes the #! line is tagged after it."""
    done = annotate(b"#!/bin/sh\na\nb\n", "Shell", [snippet(1, 2)])
    assert done.text is not None
    assert done.text.startswith(b"#!/bin/sh\n# SPDX-SnippetBegin\n")


@pytest.mark.parametrize(
    ("raw", "language", "reason"),
    [
        (b'{"a": 1}\n', "JSON", NO_COMMENTS),
        (b"a\n", None, NO_COMMENTS),
        ("x = 1\n".encode("utf-16"), "Python", NOT_UTF_8),
        (b"a\rb\n", "C", LONE_RETURNS),
        (b'"""\na\n', "Java", NO_PLACE),
        (b"/* SPDX-SnippetEnd */\na\n", "C", UNPAIRED),
    ],
)
def test_reasons_not_to_tag(raw: bytes, language: str | None, reason: str) -> None:
    """Where tags would harm, or could not be found again, the reason is given instead."""
    assert annotate(raw, language, [snippet(1, 1)]) == Annotated(None, reason=reason)


def test_encodings_line_ends_and_marks_are_kept() -> None:
    """CRLF, a byte order mark, and an encoding that is no UTF-8 are as before."""
    windows = annotate(b"\xef\xbb\xbfa\r\nb", "C++", [snippet(1, 2, HOSTILE)])
    assert windows.text is not None
    assert windows.text.startswith(b"\xef\xbb\xbf// SPDX-SnippetBegin\r\n")
    assert windows.text.count(b"\r\n") == windows.text.count(b"\n")
    assert "©".encode() in windows.text
    latin = annotate(b"# coding: latin-1\nx = '\xe9'\n", "Python", [snippet(2, 2, HOSTILE)])
    assert latin.text is not None
    assert b'(c) 2020 "Emile"' in latin.text


def test_tags_of_others_are_left_alone() -> None:
    """Snippet tags that we did not write stay, inside ours and around them."""
    theirs = b"# SPDX-SnippetBegin\n# SPDX-License-Identifier: MIT\nx = 1\n# SPDX-SnippetEnd\n"
    done = annotate(theirs + b"y = 2\n", "Python", [snippet(1, 5)])
    assert done.text is not None
    assert untagged(done.text, "Python").text == theirs + b"y = 2\n"
    assert untagged(theirs, "Python").removed == ()


def test_lines_are_renumbered() -> None:
    """A line of the tagged file is found again in the file without tags."""
    text = b"a\nb\nc\n"
    done = annotate(text, "C", [snippet(2, 2)])
    assert done.text is not None
    found = untagged(done.text, "C")
    tagged = done.text.split(b"\n")
    assert found.text == text
    assert [found.line(tagged.index(line) + 1) for line in (b"a", b"b", b"c")] == [1, 2, 3]


@given(
    text=st.text(alphabet="ab \t\"'`\\\n#/*-(){}<>%;$=|", max_size=60),
    language=st.sampled_from(sorted(SYNTAX_BY_LANGUAGE)),
    lines=st.lists(st.integers(1, 12), max_size=4),
    returns=st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_tags_come_out_without_a_trace(
    text: str, language: str, lines: list[int], returns: bool
) -> None:
    """Whatever the file: what was tagged is, without the tags, the file, byte by byte."""
    raw = text.replace("\n", "\r\n" if returns else "\n").encode()
    n_lines = len(raw.splitlines())
    chosen = [snippet(line, line, HOSTILE) for line in sorted(set(lines)) if line <= n_lines]
    done = annotate(raw, language, chosen)
    assert (done.text is None) == (done.reason is not None)
    if done.text is not None:
        assert untagged(done.text, language).text == raw
        again = annotate(untagged(done.text, language).text, language, chosen)
        assert again == done


@given(text=st.binary(max_size=80), language=st.sampled_from(sorted(SYNTAX_BY_LANGUAGE)))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_scanned(text: bytes, language: str) -> None:
    """Every text has an answer for each of its breaks."""
    syntax = syntax_of(text, language)
    if syntax is not None:
        n_lines = text.count(b"\n") + (text[-1:] not in (b"", b"\n"))
        assert len(free_breaks(text, language, syntax)) == n_lines + 1


def tagged_everywhere(raw: bytes, language: str) -> bytes | None:
    """Put tags at every break that is said to be free; None for a file that can't have any."""
    syntax = syntax_of(raw, language)
    if syntax is None or raw.count(b"\r") != raw.count(b"\r\n"):
        return None
    free = [n for n, is_free in enumerate(free_breaks(raw, language, syntax)) if is_free]
    snippets = [snippet(a + 1, z, HOSTILE) for a, z in pairwise(free)]
    return with_tags(raw, snippets, syntax, ascii_only=True)


def parsed_python(raw: bytes) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.dump(ast.parse(raw))
        except (SyntaxError, ValueError):
            return None


def output_of(*command: str) -> Callable[[bytes], object]:
    """Make a reading of what a program prints for a text; None where it refuses the text."""

    def read(raw: bytes) -> object:
        done = subprocess.run(command, input=raw, capture_output=True, check=False)
        return None if done.returncode else done.stdout.split()

    return read


def _is_script(path: Path) -> bool:
    return path.is_file() and b"\0" not in path.read_bytes()


def parsed_javascript(tmp_path: Path) -> Callable[[bytes], object]:
    def read(raw: bytes) -> object:
        for name in ("a.cjs", "a.mjs"):
            (tmp_path / name).write_bytes(raw)
            command = ["node", "--check", str(tmp_path / name)]
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                return "parsed"
        return None

    return read


def assert_meaning_is_kept(
    paths: Iterable[Path], language: str, meaning: Callable[[bytes], object], *, at_most: int
) -> None:
    """Compare what each of some files means with and without tags at every free break."""
    chosen = sorted(path for path in paths if path.is_file() and path.stat().st_size < 60_000)
    n_compared = 0
    for path in random.Random(7).sample(chosen, min(at_most, len(chosen))):
        raw = path.read_bytes()
        tagged, before = tagged_everywhere(raw, language), meaning(raw)
        if tagged is not None and before is not None:
            assert meaning(tagged) == before, path
            n_compared += 1
    if not n_compared:
        pytest.skip(f"no {language} files on this machine")


def test_python_means_the_same() -> None:
    """Python reads the same program, comment lines at every place that is said to be free."""
    library = Path(sysconfig.get_path("stdlib"))
    assert_meaning_is_kept(library.rglob("*.py"), "Python", parsed_python, at_most=60)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc")
@pytest.mark.parametrize(("language", "pattern"), [("C", "*.h"), ("C++", "c++/**/*")])
def test_c_means_the_same(language: str, pattern: str) -> None:
    """The preprocessor leaves the same code when it has taken the comments out."""
    kind = "c" if language == "C" else "c++"
    read = output_of("gcc", "-x", kind, "-fpreprocessed", "-dD", "-E", "-P", "-")
    assert_meaning_is_kept(Path("/usr/include").glob(pattern), language, read, at_most=25)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_shell_means_the_same(tmp_path: Path) -> None:
    """Bash prints the same script, comments apart."""
    samples = [
        "cat <<A <<-'B'\nx\n# y\nA\n\t$(z\n\tB\ncase $1 in\n  a) b ;;\n  *)\n    c \\\n d\nesac\n",
        "e='f\n# g'\nh=$(\n  i <<J\n\"`\nJ\n)\nfunction k() {\n  l && [[ m =~ n'# ]]\no\n}\n",
        "for q in r\ndo\n s | # t's\n  u\ndone\nv=(\n  w\n# x\n)\ny() ( z; )\nif a; then\nb\nfi\n",
        'a "$(b "c\nd")\ne"\nf "${g:-"h\ni"}\nj" `k "l\nm"`\nn "$(case p in\nq) "r\ns";;\nesac)"\n',
    ]
    for number, text in enumerate(samples):
        (tmp_path / f"{number}.sh").write_text(text)
    read = output_of("bash", "--pretty-print", "/dev/stdin")
    assert_meaning_is_kept(tmp_path.glob("*.sh"), "Shell", read, at_most=4)
    scripts = Path("/usr/share").glob("bash-completion/completions/*")
    tools = Path("/usr/lib/git-core").glob("git-*")
    installed = [path for path in (*scripts, *tools) if _is_script(path)]
    assert_meaning_is_kept([*tmp_path.glob("*.sh"), *installed], "Shell", read, at_most=40)


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
def test_javascript_still_parses(tmp_path: Path) -> None:
    """Node takes a script that it took before."""
    samples = [
        "const a = `x\n${b(`c`)}\n// d\n`;\nfunction e() {\n  return /[`'\"]/\n}\n",
        "switch (f) {\n  case /'/.test(g): {\n    h = {\n      i: 1,\n    }\n  }\n}\n",
        "const j = k => (\n  l\n)\n/* m\n'use n' */\nclass O {\n  #p = 1\n  q() {}\n}\n",
    ]
    for number, text in enumerate(samples):
        (tmp_path / f"{number}.js").write_text(text)
    read = parsed_javascript(tmp_path)
    assert_meaning_is_kept(tmp_path.glob("*.js"), "JavaScript", read, at_most=3)
    installed = Path("/usr/share").glob("nodejs/*/*.js")
    assert_meaning_is_kept([*tmp_path.glob("*.js"), *installed], "JavaScript", read, at_most=12)
