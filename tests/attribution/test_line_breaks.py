"""Comment lines go only where they change nothing, in each way of writing comments."""

import pytest

from sc2_attrib.attribution.comment_languages import SYNTAX_BY_LANGUAGE
from sc2_attrib.attribution.line_breaks import free_breaks, syntax_of
from sc2_attrib.index.corpus.language import language_named

# `|` before a line: no comment may stand before it. The last line is the end of the text.
CASES = {
    "Python": ['x = """', "|a", '|"""', "y = \\", "|1", "f(", "  1)", ""],
    "C": ['a = "x \\', '|y";', "/* a", "| b */", "#define A \\", "| 1", "f(", "1);", ""],
    "C++": ['auto a = R"x(', '|)"', '|)x";', "int b = 1'000'000; // '", "int c;", ""],
    "C#": ['var a = @"x', '|""', '|";', "int b;", ""],
    "Java": ['String a = """', "|// b", '|""";', "int c;", ""],
    "JavaScript": [
        "const a = `x",
        "|${b ? `c",
        "|` : '`'}",
        "|d`;",
        "e = /[`/]/;",
        "f = 1 / 2;",
        "g(`h`);",
        "",
    ],
    "TSX": [
        "function A() {",
        "|  return (",
        "|    <p>",
        "|      Don't",
        "|    </p>);",
        "|}",
        "export {A}",
        "",
    ],
    "Go": ["var a = `x", "|y`", "var b = '`'", "var c int", ""],
    "Rust": ['let a = r#"x"', '|"#;', "let b: &'a str = \"y", '|";', "let c = '\"';", "d();", ""],
    "PHP": ["<?php", "$a = <<<X", "|y", "|X;", "$b = 'c", "|';", "d();", ""],
    "Shell": [
        "#!/bin/sh",
        "cat <<A <<-'B'",
        "|x",
        "|A",
        "|$(y",
        "|\tB",
        "a='b",
        "|# c'",
        "d=$(",
        "|e)",
        "if f; then",
        "g \\",
        "|h",
        "fi # it's",
        "cat <<=i",
        "|j",
        "|=i",
        'k "$(l "m',
        '|n")',
        '|o"',
        "p",
        "",
    ],
    "Ruby": [
        "a = <<~X",
        "|y",
        "|  X",
        "b = [",
        "|1]",
        "c",
        "|  .d",
        "e = 'f",
        "|'",
        'g "#{h["i',
        '|j"]}"',
        "__END__",
        "|g",
        "|",
    ],
    "Makefile": ["a: \\", "|b", "\tc", "define d", "|e", "|endef", "|"],
    "Dockerfile": [
        "# syntax=docker/dockerfile:1",
        "FROM a",
        "RUN b \\",
        "|c",
        "RUN <<X",
        "|d",
        "|X",
        "",
    ],
    "YAML": [
        "a: 1",
        "b:",
        "|  - 2",
        "c: |",
        "|  # d",
        "e: 'f",
        "|  g'",
        "h: {",
        "|i: 1}",
        "j: 1",
        "",
    ],
    "SQL": ["SELECT 1", "|FROM a;", "SELECT 'b;", "|c';", "SELECT 2;", ""],
    "Lua": ["a = [==[", "|]]", "|]==]", "--[[ b", "|c ]]", "d()", ""],
    "Haskell": ["{- a", "|b -}", "c = d' 'e' '\"'", "f = 1", ""],
    "OCaml": ["(* a", "|b *)", "let c = {x|", '|"|x}', "let d = 1", ""],
    "F#": ['let a = @"b', '|"', "(* c", "|*)", "let d = 'e'", ""],
    "HTML": [
        "<!DOCTYPE html>",
        "<a",
        '|b=">">',
        "</a>",
        "<pre>",
        "|c",
        "|</pre>",
        "d",
        "|e</p>",
        "",
    ],
    "CSS": ["a {", "b: 'c\\", "|d';", "/* e", "|*/", "}", ""],
    "Fortran Free Form": ["a = b &", "|  + c", "d = 1", ""],
    "MATLAB": ["a = [1", "|2];", "b = c ...", "|+ 1;", "d = e';", "f", ""],
    "Clojure": ['(def a "b', '|c")', '(def d \\")', "(e)", ""],
    "Elixir": ['@doc """', "|a", '|"""', "b = c |>", "|d", "e", ""],
    "PowerShell": ['$a = @"', "|b", '|"@', "c `", "|d", "<# e", "|#>", "f", ""],
    "Perl": ["my $a = <<X;", "|b", "|X", "|$c = 1;", "sub d {", "|e", "|}", ""],
    "Batchfile": ["if a (", "|b", "|)", "c ^", "|d", "e", ""],
    "Vim Script": ["let a = 1", "|\\ + 2", "b", ""],
    "Zig": ["const a =", "|\\\\b", "|\\\\c", "|;", "d();", ""],
    "CMake": ["a(b", "|c)", "set(d [=[", "|]]", "|]=])", "e()", ""],
    "Nix": ["a = ''", "|b", "|'';", "c = 1;", ""],
    "TOML": ['a = """', "|b", '|"""', "c = 1", ""],
    "Erlang": ['a() -> $".', "b() -> 'c'.", ""],
    "Visual Basic .NET": ["a = b _", "|+ c", 'd = "e"', ""],
    "Pascal": ["{ a", "|b }", "c := 'd';", "(* e", "|*)", "f;", ""],
}


@pytest.mark.parametrize("language", CASES)
def test_breaks(language: str) -> None:
    """Strings, comments, continued lines, heredocs and content in brackets stay as they are."""
    marked = CASES[language]
    lines = [line.removeprefix("|") for line in marked]
    text = "\n".join(lines).encode()
    syntax = syntax_of(text, language)
    assert syntax is not None
    expected = [not line.startswith("|") for line in marked]
    n_head = language in ("Shell", "PHP", "HTML", "Dockerfile")
    expected[:n_head] = [False] * n_head
    assert free_breaks(text, language, syntax) == expected


def test_text_without_a_last_line_end() -> None:
    """The end of the text is a break too, unless something is open there."""
    for text, expected in ((b"a;", [True, True]), (b"a; /*", [True, False]), (b"", [True])):
        syntax = syntax_of(text, "Java")
        assert syntax is not None
        assert free_breaks(text, "Java", syntax) == expected


def test_first_lines_that_must_stay_first() -> None:
    """Nothing goes before a #! line, an encoding, or an XML declaration."""
    for language, text, n_head in (
        ("Python", b"#!/usr/bin/python\n# -*- coding: latin-1 -*-\nx = 1\n", 2),
        ("Python", b"# a\nx = 1\n", 0),
        ("XML", b"<?xml version='1.0'?>\n<a/>\n", 1),
    ):
        syntax = syntax_of(text, language)
        assert syntax is not None
        assert free_breaks(text, language, syntax).index(True) == n_head


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("Go", b'package a\n/*\nint b;\n*/\nimport "C"\n'),
        ("PHP", b"<p>\n<?php a(); ?>\n</p>\n"),
        ("Rust", b"/* a /* b */\n*/\n"),
        ("JSON", b"{}\n"),
        ("Markdown", b"a\n"),
        (None, b"a\n"),
    ],
)
def test_files_without_a_safe_place(language: str | None, text: bytes) -> None:
    """Where comments may be content, or nest, or don't exist, no place is offered."""
    assert syntax_of(text, language) is None


def test_many_languages_are_known() -> None:
    """At least 40 languages, each by the name that files get from language_of."""
    assert len(SYNTAX_BY_LANGUAGE) >= 100
    assert [name for name in SYNTAX_BY_LANGUAGE if language_named(name) != name] == []
