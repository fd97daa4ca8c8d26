"""What matches are told to be: case by case, and on matches that were labelled."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc2_attrib.attribution.classify import (
    ENOUGH_CODE,
    Place,
    classify,
    is_test_path,
    lexemes_until,
    place_of,
)
from sc2_attrib.attribution.result import MatchClass
from sc2_attrib.index.near.lexer import lex
from tests.attribution.samples import COUNT, PARSE, check, file

ROOT = Path(__file__).parents[2]
LABELS = ROOT / "tests" / "data" / "match_labels.jsonl"
CORPUS = Path(os.environ.get("CORPUS", ROOT / "build" / "corpus" / "parquet"))

CODE = {
    "Python": """
        def total(items):
            return sum(item.price for item in items if item.is_sold)
    """,
    "C": """
        static int grow(struct list *l, size_t n)
        {
            if (n < l->room) return 0;
            l->items = realloc(l->items, n * sizeof(*l->items));
            return l->items ? 0 : -ENOMEM;
        }
    """,
    "Go": """
        func (q *Queue) Pop() (Item, bool) {
            if len(q.items) == 0 { return Item{}, false }
            head := q.items[0]
            q.items = q.items[1:]
            return head, true
        }
    """,
    "JavaScript": """
        export function merge(a, b) {
          return Object.keys(b).reduce((all, key) => ({ ...all, [key]: b[key] }), a);
        }
    """,
    "Java": """
        public Optional<User> find(String name) {
            return users.stream().filter(user -> user.name().equals(name)).findFirst();
        }
    """,
    "Shell": """
        for file in "$@"; do
            case $file in *.gz) gunzip -c "$file" ;; *) cat "$file" ;; esac
        done | sort -u >"$target"
    """,
    "SQL": "SELECT name, count(*) FROM sales WHERE year > 2000 GROUP BY name ORDER BY 2 DESC;",
    "": "while (node) { push(stack, node->right); node = node->left; }",
}

NOTICE = """
    Copyright (c) 2019 The Example Authors. All rights reserved.
    Redistribution and use in source and binary forms, with or without modification, are
    permitted provided that the following conditions are met: this notice is retained.
    THIS SOFTWARE IS PROVIDED WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED.
"""
PROSE = """
    Walks over the tree from left to right and calls the visitor with each node it meets.
    A visitor that answers false ends the walk; what it has seen until then is kept, so that
    the caller may go on from there later. The order of siblings is that of the file.
"""

IMPORTS = {
    "Python": "import os\nimport sys\nfrom collections import (\n    Counter,\n    deque,\n)\n",
    "C": '#include <stdio.h>\n#include <stdlib.h>\n\n#include "config.h"\n#include "list.h"\n',
    "C++": "#include <vector>\nusing namespace std;\nusing std::string;\n#pragma once\n",
    "Java": "package org.example.app;\n\nimport java.util.List;\nimport static a.B.of;\n",
    "JavaScript": 'import { a, b } from "./a";\nconst fs = require("fs");\nexport * from "./c";\n',
    "Go": 'package main\n\nimport (\n\t"fmt"\n\t"os"\n\n\terrs "pkg/errors"\n)\n',
    "Rust": "use std::fmt::{\n    Display,\n    Write,\n};\nextern crate serde;\nmod a;\n",
    "PHP": "namespace App\\Http;\nuse App\\Models\\User;\nrequire_once 'a.php';\n",
    "Ruby": "require 'json'\nrequire_relative 'lib/a'\nautoload :B, 'b'\n",
    "C#": "using System;\nusing System.Linq;\nusing A = B.C;\n",
    "Perl": "use strict;\nuse warnings;\nuse List::Util qw(sum);\n",
    "": "import os\nfrom a.b import c\n#include <x.h>\n",
}

DATA = {
    "C": "static const int t[] = {\n" + "0x01, 0x22, 0x7f, 0x80, 0xff, 0x10, 0x31,\n" * 6 + "};",
    "Python": "NAMES = [\n" + '    "red", "green", "blue", "cyan", "black",\n' * 5 + "]\n",
    "JSON": '{\n  "name": "a",\n  "versions": [1, 2, 3],\n  "files": {"a": true}\n}\n',
    "YAML": "name: build\nsteps:\n  - run: make\n  - run: make test\nos: [linux, mac]\n",
    "JavaScript": "module.exports = [\n"
    + "  [12.5, 48.25], [13.0, 47.5], [9.75, 50.0],\n" * 5
    + "];",
    "CSV": "a,b,c\n1,2,3\n4,5,6\n",
}

TESTS = {
    "Python": "def test_total():\n    assert total([]) == 0\n    assert total([one]) == 1\n",
    "Java": "@Test\nvoid addsUp() {\n    assertEquals(3, sum(1, 2));\n    assertTrue(ok);\n}\n",
    "JavaScript": "describe('sum', () => {\n  it('is', () => {\n    expect(a).toBe(1);\n  });\n});",
    "Go": "func TestSum(t *testing.T) {\n\tif Sum(1, 2) != 3 {\n\t\tt.Errorf(`no`)\n\t}\n}\n",
    "C++": "TEST(Sum, Adds) {\n  EXPECT_EQ(3, sum(1, 2));\n  ASSERT_TRUE(ok);\n}\n",
    "Rust": "#[test]\nfn adds() {\n    assert_eq!(sum(1, 2), 3);\n    assert!(ok);\n}\n",
}

MARKS = {  # what a line of comment begins with, and what stands around the comment
    "Python": ("# ", "", ""),
    "C": (" * ", "/*\n", " */\n"),
    "C++": ("// ", "", ""),
    "Lua": ("-- ", "", ""),
    "Common Lisp": (";; ", "", ""),
    "HTML": ("", "<!--\n", "-->\n"),
    "Fortran": ("! ", "", ""),
    "M4": ("dnl ", "", ""),
    "": ("# ", "", ""),
}


def told(
    text: str | bytes,
    language: str = "",
    path: str = "src/a",
    extent: tuple[int, int] | None = None,
) -> MatchClass:
    raw = text if isinstance(text, bytes) else text.encode()
    place = Place(path, language or None)
    return classify(raw, extent or (0, len(raw)), lex(raw, fast=True), place)


def comment(text: str, language: str) -> str:
    mark, before, after = MARKS[language]
    lines = [mark + line.strip() + "\n" for line in text.strip().splitlines()]
    return before + "".join(lines) + after


@pytest.mark.parametrize("language", CODE)
def test_statements_are_code(language: str) -> None:
    """Functions, loops and queries are code, whether the language is known or not."""
    assert told(CODE[language], language) is MatchClass.CODE
    assert told(CODE[language]) is MatchClass.CODE


@pytest.mark.parametrize("language", MARKS)
def test_comments_on_rights_are_license(language: str) -> None:
    """A notice is a licence in whatever comment it stands, and so is a line of SPDX."""
    assert told(comment(NOTICE, language), language) is MatchClass.LICENSE
    short = comment("SPDX-License-Identifier: MIT\nCopyright 2020 Ada", language)
    assert told(short, language) is MatchClass.LICENSE


@pytest.mark.parametrize("language", MARKS)
def test_other_comments_are_docs(language: str) -> None:
    """A comment that explains is documentation."""
    assert told(comment(PROSE, language), language) is MatchClass.DOCS


def test_licence_texts_and_prose_are_told_by_their_file() -> None:
    """A file LICENSE is a licence, other prose is documentation."""
    assert told(NOTICE, path="LICENSE") is MatchClass.LICENSE
    assert told("Preamble\n\nThe precise terms follow.\n", path="COPYING") is MatchClass.LICENSE
    assert told(PROSE, "Markdown", "README.md") is MatchClass.DOCS
    assert told(NOTICE, "Markdown", "README.md") is MatchClass.LICENSE


def test_strings_of_documentation_are_docs() -> None:
    """The string that begins a function is documentation; one that is assigned is not."""
    prose = PROSE.strip().replace('"', "")
    assert told(f'def walk(tree):\n    """{prose}\n    """\n', "Python") is MatchClass.DOCS
    assert told(f'"""{prose}\n"""\n', "Python") is MatchClass.DOCS


@pytest.mark.parametrize("language", IMPORTS)
def test_what_a_file_needs_is_imports(language: str) -> None:
    """Imports, includes, uses and packages, with the names in their brackets."""
    assert told(IMPORTS[language], language) is MatchClass.IMPORTS


def test_code_that_loads_is_no_import() -> None:
    """A call among statements that loads a module leaves them code."""
    text = (
        "def load(name):\n    import importlib\n    return importlib.import_module(name).main()\n"
    )
    assert told(text, "Python") is MatchClass.CODE


@pytest.mark.parametrize("language", DATA)
def test_literals_and_settings_are_data(language: str) -> None:
    """Tables of numbers and strings, and files of settings."""
    assert told(DATA[language], language) is MatchClass.DATA


def test_generated_files_are_data() -> None:
    """Code that a program wrote is data, wherever it came from."""
    raw = CODE["C"].encode()
    place = Place("a.c", "C", is_generated=True)
    assert classify(raw, (0, len(raw)), lex(raw, fast=True), place) is MatchClass.DATA


@pytest.mark.parametrize("language", TESTS)
def test_assertions_make_a_test(language: str) -> None:
    """Code that asserts is a test, whatever its file is called."""
    assert told(TESTS[language], language) is MatchClass.TEST


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/a.py", True),
        ("src/test/java/A.java", True),
        ("pkg/a_test.go", True),
        ("lib/a.spec.ts", True),
        ("spec/models/a_spec.rb", True),
        ("test_a.py", True),
        ("AppTests.swift", True),
        ("t/0001-basic.sh", True),
        ("src/contest/a.c", False),
        ("src/latest/a.c", False),
        ("src/attest.c", False),
        ("src/testimony.c", False),
        ("googletest/src/gtest.cc", False),
        ("src/a.c", False),
    ],
)
def test_paths_of_tests(path: str, expected: bool) -> None:
    """A folder or a name says so by a whole word."""
    assert is_test_path(path) is expected
    assert (told(CODE["C"], "C", path) is MatchClass.TEST) is expected


def test_licences_and_docs_of_tests_stay_what_they_are() -> None:
    """Only code is a test's."""
    assert told(comment(NOTICE, "C"), "C", "tests/a.c") is MatchClass.LICENSE
    assert told(comment(PROSE, "C"), "C", "tests/a.c") is MatchClass.DOCS
    assert told(DATA["C"], "C", "tests/a.c") is MatchClass.DATA


def test_a_header_does_not_cover_for_code() -> None:
    """With as much code as makes a match below it, a licence or imports are code."""
    line = "    total = add(total, weights[index]);\n"
    for cover in (comment(NOTICE * 3, "C"), IMPORTS["C"] * 9):
        few, many = (cover + line * (ENOUGH_CODE * share // 100 // 30 + 1) for share in (20, 110))
        assert told(few, "C") is told(cover, "C") is not MatchClass.CODE
        assert told(many, "C") is MatchClass.CODE


def test_only_the_match_counts() -> None:
    """What stands around the matched bytes says nothing, also on the lines where they end."""
    header, body = comment(NOTICE, "C"), CODE["C"] * 4
    text = header + body
    assert told(text, "C", extent=(0, len(header))) is MatchClass.LICENSE
    assert told(text, "C", extent=(len(header), len(text))) is MatchClass.CODE
    assert told(text, "C", extent=(20, len(header) - 7)) is MatchClass.LICENSE


def test_the_source_that_is_no_test_says_what_a_match_is() -> None:
    """What stands in a test and elsewhere is no test; without a source the input says it."""
    [match] = check([file("a.py", PARSE)], max_sources=1).matches[:1]
    source = match.sources[0]
    record = check([file("tests/b.py", COUNT)]).inputs[0]
    test, generated = replace(source, path="tests/a.py"), replace(source, is_generated=True)
    assert place_of([test, generated, source], record).path == source.path
    assert place_of([test], record).path == "tests/a.py"
    assert place_of([], record) == Place("tests/b.py", record.language)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)),
    st.sampled_from(["", "C", "Python", "Markdown", "JSON", "HTML", "Assembly", "M4", "\x00"]),
    st.integers(0, 300),
    st.integers(0, 300),
)
def test_any_bytes_have_a_class(raw: bytes, language: str, start: int, stop: int) -> None:
    """Whatever the text, the language and the extent, there is one of the six classes."""
    start, stop = sorted((min(start, len(raw)), min(stop, len(raw))))
    assert told(raw, language, "a\n/b", (start, stop)) in MatchClass


@pytest.mark.parametrize(
    "piece",
    [
        b"a",
        b"a ",
        b"import (\n",
        b"# ",
        b"/*",
        b'"',
        b"0,",
        b"<a ",
        b"word, ",
        b"use {",
        b"a/b",
        b"(\n",
    ],
)
@pytest.mark.parametrize("language", ["", "JavaScript", "HTML", "Markdown"])
def test_long_hostile_text_has_a_class(piece: bytes, language: str) -> None:
    """One long line, or a bracket that never closes, takes no long time."""
    raw = piece * (100_000 // len(piece))
    assert told(raw, language) in MatchClass


def test_labels_are_sound() -> None:
    """Enough matches of each class were labelled, and no document is in both halves."""
    rows = [json.loads(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]
    counts = Counter((row["half"], row["class"]) for row in rows)
    assert len(rows) >= 200
    assert set(counts) == {(half, each) for half in ("held", "tune") for each in MatchClass}
    assert min(counts.values()) >= 10
    halves = Counter({(row["document"], row["half"]) for row in rows})
    assert max(Counter(document for document, _ in halves).values()) == 1
    assert len({row["sha256"] for row in rows}) == len(rows)


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.exists(), reason="`make corpus`, or name its folder in CORPUS")
def test_labelled_matches_are_told_right() -> None:
    """On the half that no rule was fitted to, the macro-F1 of the classes is what was asked for."""
    command = [sys.executable, "-m", "benchmarks.class_labels", str(CORPUS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Half `held`, 220 matches" in done.stdout


OPENERS = ["'", '"', '"""', "'''", "/*", "*/", "//", "# ", "-- ", "<!--", "-->", "<NAME>", "&'a"]
PIECES = [*OPENERS, "\\", "\n", " ", "abc", "12.3", "=", "é", ":", "#", "-", "/"]


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=30), st.integers(0, 80))
@settings(max_examples=300, deadline=None)
def test_the_lexemes_of_a_beginning_are_its_own(pieces: list[str], at: int) -> None:
    """Whatever is open where a text is cut, the lexemes are those of the cut text."""
    text = "".join(pieces).encode()
    stop = at % (len(text) + 1)
    found = lexemes_until(text, stop, lex(text, fast=False))
    expected = lex(text[:stop], fast=False)
    assert [each.tolist() for each in found] == [each.tolist() for each in expected]


def test_what_follows_a_match_does_not_change_its_class() -> None:
    """A notice stays a notice where a quote in front of it is closed only behind it."""
    text = ('x = """\n' + comment(NOTICE, "Python")).encode()
    whole = text + b'"""\n' + CODE["Python"].encode()
    extent, place = (8, len(text)), Place("a.py", "Python")
    alone = classify(text, extent, lex(text, fast=True), place)
    assert classify(whole, extent, lex(whole, fast=True), place) is alone is MatchClass.LICENSE
