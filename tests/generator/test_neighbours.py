"""Which files of a repository come first, and which prompts are requests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_attrib.generator.instruction import instruction_hint
from sc2_attrib.generator.neighbours import Candidate, imported_names, rank


def ranked(text: str, path: str | None, *paths: str) -> list[str]:
    return [each.path for each in rank([Candidate(path, 0.0) for path in paths], path, text)]


@pytest.mark.parametrize(
    ("path", "text", "imported"),
    [
        ("app/main.py", "from app.store.rows import Row\n", "app/store/rows.py"),
        ("app/main.py", "from app.store import rows\n", "app/store/rows.py"),
        ("app/main.py", "import numpy as np, app.rows\n", "app/rows.py"),
        ("app/main.py", "    from .rows import Row\n", "app/rows.py"),
        ("app/main.py", "from app import store\n", "app/store/__init__.py"),
        ("src/a.ts", "import { x } from './util/dates'\n", "src/util/dates.ts"),
        ("src/a.js", "const d = require('../lib/dates.js')\n", "lib/dates.js"),
        ("src/a.c", '#include "net/socket.h"\n', "include/net/socket.h"),
        ("src/a.rs", "use crate::net::socket;\n", "src/net/socket.rs"),
        ("A.java", "import org.acme.net.Socket;\n", "src/org/acme/net/Socket.java"),
        ("a.rb", "require_relative 'net/socket'\n", "net/socket.rb"),
    ],
)
def test_what_a_file_imports_comes_first(path: str, text: str, imported: str) -> None:
    """Before files that lie nearer, in the forms of several languages."""
    near = path.replace("main", "aaa").replace("a.", "aaa.")
    assert ranked(text, path, near, "zzz/other.md", imported)[0] == imported


def test_then_language_distance_and_recency_decide() -> None:
    """Each only where the one before says nothing; the file itself is left out."""
    candidates = [
        Candidate("b/near.md", 9),
        Candidate("b/old.py", 1),
        Candidate("b/new.py", 2),
        Candidate("far/away.py", 9),
        Candidate("b/own.py", 9),
    ]
    assert [each.path for each in rank(candidates, "b/own.py", "")] == [
        "b/new.py",
        "b/old.py",
        "far/away.py",
        "b/near.md",
    ]
    assert rank(candidates, None, "")[0].changed_s == 9


@given(st.text(max_size=300), st.lists(st.text(min_size=1, max_size=20), max_size=5))
def test_any_text_and_paths_have_an_order(text: str, paths: list[str]) -> None:
    """Nothing is lost or invented, and the order doesn't depend on that of the candidates."""
    candidates = [Candidate(path, float(i)) for i, path in enumerate(dict.fromkeys(paths))]
    first = rank(candidates, "a/b.py", text)
    assert first == rank(reversed(candidates), "a/b.py", text)
    assert {each.path for each in first} == {each.path for each in candidates} - {"a/b.py"}
    imported_names(f"import {text}")


@pytest.mark.parametrize(
    "prompt",
    [
        "Write a function that computes the square root.",
        "please implement a binary search tree in Rust",
        "How do I read a file line by line?",
        "Generate code for the user's login form:",
    ],
)
def test_a_request_gets_the_form_that_works(prompt: str) -> None:
    """A comment with the request, and the beginning of a function, ready for the shell."""
    hint = instruction_hint(prompt)
    assert hint is not None
    assert "no instruction model" in hint
    assert "def name(argument):" in hint
    assert "user's" not in hint  # a quote would end the shell's own


@pytest.mark.parametrize(
    "prompt",
    [
        "def write(a, b):\n",
        "# Write a function that computes the square root.\ndef root(x):\n",
        "write(buffer, 0, n_bytes, flags);",
        "make clean all install",
        "x = 1",
        "create table users (id int);",
        "Write this.\n" * 100,
    ],
)
def test_code_gets_no_hint(prompt: str) -> None:
    """What begins like code, or is long, is left alone."""
    assert instruction_hint(prompt) is None
