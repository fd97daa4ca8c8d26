"""The table by which lines of a match are told apart: marks of comments, imports, tests, words.

Languages are called as GitHub's linguist calls them. A language that is not in a table, or not
known, is read by what all of them have in common.
"""

import re
from collections.abc import Mapping
from re import Pattern
from typing import Final

# ruff: noqa: SIM905  (a list of quoted words takes a page)
C_LIKE = (
    "C C++ Objective-C Objective-C++ Cuda C# Java JavaScript TypeScript TSX Go Rust Swift Kotlin"
    " Scala PHP Dart CSS SCSS Less Devicetree Groovy GLSL HLSL Arduino Solidity Zig D Thrift"
    " Verilog SystemVerilog Vue Svelte Assembly Yacc Lex"
).split()
PROTO_LIKE = ["Protocol Buffer", "Protocol Buffers"]
HASHED = (
    "Shell Python Cython Ruby Perl Raku CMake YAML TOML Makefile Dockerfile R Julia Elixir Nim"
    " PowerShell Tcl Awk Meson Starlark Crystal Nix GraphQL Fish"
).split()
DASHED = "Lua SQL Haskell Ada VHDL Elm PLSQL PLpgSQL".split()
LISPS = ["Common Lisp", "Scheme", "Clojure", "Emacs Lisp", "Racket", "INI"]
PROSE: Final = frozenset(
    ["Markdown", "reStructuredText", "Text", "AsciiDoc", "Org", "RDoc", "Textile", "TeX", "Roff"]
)
CONFIGURATION: Final = frozenset(
    ["YAML", "TOML", "JSON", "JSON5", "INI", "XML", "Devicetree", "SVG", "Gettext"]
)
TABLES: Final = frozenset(["CSV", "TSV"])
MARKUP: Final = frozenset(["HTML", "XML", "SVG", "Vue", "Svelte", "EJS", "Blade"])


def _by_language(*rows: tuple[str, list[str]]) -> Mapping[str, Pattern[str]]:
    return {name: re.compile(pattern) for pattern, names in rows for name in names}


# What a line of comment begins with; the lexer knows of the rest of them.
COMMENTS: Final = _by_language(
    (r"//|/\*|\*(?:[\s/*]|$)|@?c?//!", [*C_LIKE, *PROTO_LIKE]),
    (r"#(?!include\b|if|define|endif|else)", HASHED),
    (r"--", DASHED),
    (r";", LISPS),
    (r"dnl\b|#", ["M4", "M4Sugar"]),
    (r"<!--", ["HTML", "XML", "SVG"]),
    (r"%", ["TeX", "MATLAB", "Erlang", "Prolog"]),
    (r"!|[cC*]\s", ["Fortran", "Fortran Free Form"]),
)
COMMENTS_ASSEMBLY: Final = re.compile(
    r"//|/\*|\*[\s/*]|[#;@!](?!\s*(?:include|if|define|endif|el))"
)
ANY_COMMENT: Final = re.compile(
    r"//|/\*|\*(?:[\s/]|$)|--\s|;;|<!--|dnl\b|#(?:[\s!#:*-]|$)(?!\s*(?:include|if|define|endif|el))"
)

_INCLUDE = r"#\s*(?:include|include_next|import|pragma\s+once)\b"
_JS = (
    r"import\b|export\s+(?:\*|\{[^}]*\})\s+from\b"
    r"|(?:(?:const|let|var)\s+)?[\w${}\s,:]+=\s*require\(|require\(['\"]"
)
# Lines that name what a file needs or belongs to.
IMPORTS: Final = _by_language(
    (_INCLUDE, ["C", "Cuda", "Objective-C", "Arduino", "Assembly", "Yacc", "Lex"]),
    (rf"{_INCLUDE}|using\s+(?:namespace\s+)?[\w:]+\s*;|import\s+[\w.:<\"]", ["C++"]),
    (rf"{_INCLUDE}|/include/|/dts-v1/", ["Devicetree"]),
    (r"(?:import|package)\s+(?:static\s+)?[\w.]+", ["Java", "Kotlin", "Scala", "Groovy"]),
    (r"import\s+[\w.]+|from\s+[\w.]+\s+c?import\b|cimport\s", ["Python", "Cython", "Starlark"]),
    (_JS, ["JavaScript", "TypeScript", "TSX", "Vue", "Svelte", "CoffeeScript"]),
    (r"import\b|package\s+\w+$|(?:[\w.]+\s+)?\"[\w./-]+\"$", ["Go"]),
    (r"(?:pub(?:\([\w:]+\))?\s+)?use\s|extern\s+crate\b|mod\s+\w+;", ["Rust"]),
    (r"(?:require(?:_relative)?|load|autoload)\b", ["Ruby", "Crystal"]),
    (r"(?:use|no|require)\s+[\w:']", ["Perl", "Raku"]),
    (r"(?:use|namespace)\s+[\w\\]+|(?:require|include)(?:_once)?\b", ["PHP"]),
    (r"(?:global\s+)?using\s+[\w.=\s]+;|namespace\s+[\w.]+;?$", ["C#"]),
    (r"(?:import|package)\s+", PROTO_LIKE),
    (r"(?:local\s+\w+\s*=\s*)?require\b", ["Lua"]),
    (r"package\s+require\b|source\s+", ["Tcl"]),
    (r"include\s*\(|find_package\s*\(", ["CMake"]),
    (r"(?:\.|source)\s+\S+$", ["Shell"]),
    (r"import\s", ["Swift", "Haskell", "D", "Elm", "Nim"]),
    (r"(?:import|export|library|part)\s", ["Dart"]),
    (r"@(?:import|use|forward)\b", ["CSS", "SCSS", "Less"]),
    (r"library\(|require\(", ["R"]),
    (r"(?:using|import)\s", ["Julia", "Zig"]),
    (r"(?:alias|import|require|use)\s", ["Elixir"]),
)
ANY_IMPORT: Final = re.compile(
    rf"{_INCLUDE}|import\s+(?:static\s+)?[\w.{{*\"']|from\s+[\w.]+\s+import\b"
    r"|(?:const|let|var)\s+[\w{}\s,]+=\s*require\(|using\s+[\w.:\s]+;"
)

# Shares of a paragraph's words, or single phrases, that make it speak of rights.
LICENSE_WORDS: Final = frozenset(
    """
    license licensed licenses licence licences licensing licensor sublicense copyright copyrights
    copyrighted warranty warranties merchantability liability liable damages redistribution
    redistributions redistribute distribute distributed distribution permission permissions
    permitted disclaimer disclaimed disclaims granted grant noninfringement infringement rights
    reserved holders contributors contributor contribution contributions apache gnu gpl lgpl agpl
    mit bsd spdx isc mpl implied express tort contract negligence consequential incidental
    exemplary indirect procurement profits fitness purpose notice provided conditions foundation
    governing agreement copies endorse promote derived authors royalty patent claims binary
    reproduce retain law compliance tortious arising
    """.split()
)
LICENSE_SHARE: Final = 0.12
LICENSE_SHARE_OF_ALL: Final = 0.08  # of a comment of several paragraphs
SHORT_COMMENT: Final = 80  # words
LICENSE_PHRASE: Final = re.compile(
    r"SPDX-|all rights reserved|copyright\s+(?:\(c\)|©|\d{4})|\(c\)\s*(?:19|20)\d\d"
    r"|licensed? under|licenses/|dual.licensed|public domain|free software"
    r"|in compliance with the|permit persons|without warranty|tortious action",
    re.IGNORECASE,
)
LICENSE_FILE: Final = re.compile(r"(?:^|/)(?:licen[cs]e|copying|copyright|notice)[^/]*$", re.I)

# Paths of tests; a name of several words counts by one of them.
TEST_PATH: Final = re.compile(
    r"(?:^|/)(?:t|e2e|[^/]*(?:tests?|spec|specs|testing|testdata|testlib|unittests?|selftests?))/"
    r"|(?:^|[/_.-])(?:unit)?tests?[_.-][^/]*$|[^/]*(?:_|-|\.|unit)(?:tests?|spec)\.\w+$"
    r"|[^/]*Tests?\.\w+$|(?:^|/)Tests?[A-Z][^/]*$"
)
NO_TEST_PATH: Final = re.compile(r"(?:^|/)(?:latest|contest|googletest|doctest)(?:/|$)")
TEST_LINE: Final = re.compile(
    r"(?:self\.)?assert\w*\b|(?:ASSERT|EXPECT|CHECK|REQUIRE)_?\w*\(|TEST\w*\(|@Test\b"
    r"|def test_|func Test\w|(?:describe|it|test)\(['\"`]|expect\(|t\.(?:Error|Fatal)f?\("
    r"|test_expect_success|#\[test\]"
)
TEST_SHARE: Final = 0.25  # of the lines of code that look like tests

PATH_LINE: Final = re.compile(r"['\"]?[\w.${}@*+-]*(?:/[\w.${}@*+-]+)+['\"]?[,;)\\]?$")
# A list or table begins or ends its lines so; `name = "text"` and calls are statements.
TABLE_LINE: Final = re.compile(r"[\[{(\"'\d<+.-]|\w+\s*:\s|.*[,}\]]$")
LITERAL_LINE: Final = re.compile(r"""(?:(?:"[^"]*"|'[^']*')\s*,\s*)*(?:"[^"]*"|'[^']*')?,?$""")
CONDITION_LINE: Final = re.compile(r"#\s*(?:if|ifdef|ifndef|elif|else|endif)\b")
SETTING_LINE: Final = re.compile(r"[-\w\"'$.\[\]{}#/]+\s*[:=]|-\s|[\[{}\]]|<[\w/!?]")
PROSE_LINE: Final = re.compile(
    r"[(\"'*`-]*[A-Za-z][\w,.:;'\"()`*/-]*(?:\s+[\w\"'(`*/-]+[,.:;)'\"`*?!]*){4,}$"
)
TAGS: Final = re.compile(r"<[^<>]*>")
