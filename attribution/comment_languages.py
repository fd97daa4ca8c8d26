"""How each language writes comments: one `Syntax` for each way, and the languages that write so.

`annotate` puts tags into nothing else.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from sc2_attrib.attribution.comment_syntax import Nesting, Region, Syntax


def _string(quote: str, escape: str = r"\\") -> Region:
    """Describe a string that ends with its line."""
    return Region(quote, rf"(?:{escape}[\s\S]|[^{quote}{escape}\n])*+{quote}?")


def _text(quote: str, escape: str = r"\\") -> Region:
    """Describe a string that may go over lines."""
    return Region(quote, rf"(?:{escape}[\s\S]|[^{quote}{escape}])*+{quote}")


def _until(opening: str, closing: str) -> Region:
    return Region(opening, rf"[\s\S]*?{closing}")


_BLOCK = _until(r"/\*", r"\*/")
_TRIPLE = _until('"""', '"""')
_TRIPLES = (_TRIPLE, _until("'''", "'''"))
_CHARACTER = Region(r"'(?=(?:\\[^\n']+|\\'|[^\\'\n])')", r"(?:\\[^\n']+|\\'|[^\\'\n])'")
_PRIMED = replace(_CHARACTER, opening=rf"(?<![\w']){_CHARACTER.opening}")  # names may end so: x'
_QUOTES = (_string('"'), _string("'"))
_BACKTICK = _text("`", "\\\\\\\\")
_LONG_BRACKET = Region(r"\[(=*)\[", r"[\s\S]*?\]{0}\]")

_SLASHES = Syntax("// ", line_comments=("//",), regions=(_BLOCK, _TRIPLE, *_QUOTES))
_HASH = Syntax("# ", line_comments=("#",), regions=(*_TRIPLES, *_QUOTES))
_DASHES = Syntax("-- ", line_comments=("--",), regions=(_string('"'),))
_PERCENT = Syntax(
    "% ", line_comments=("%",), regions=(Region(r"\$\\?.|0'.", ""), _text('"'), _string("'"))
)
_SEMICOLON = Syntax("; ", line_comments=(";",), regions=(_until(r"#\|", r"\|#"), _text('"')))

C: Final = Syntax(
    "/* ",
    " */",
    line_comments=("//",),
    regions=(_BLOCK, _string('"'), Region(r"(?<![0-9A-Fa-f])'", r"(?:\\[\s\S]|[^'\\\n])*+'?")),
    goes_on=r"\\\s*$",
)
CPP: Final = replace(
    C, before="// ", after="", regions=(Region(r'R"(\w*)\(', r'[\s\S]*?\){0}"'), *C.regions)
)
CSHARP: Final = replace(
    _SLASHES, regions=(_BLOCK, _TRIPLE, Region(r'(?:@\$?|\$@)"', r'(?:""|[^"])*+"'), *_QUOTES)
)
GO: Final = replace(_SLASHES, regions=(_BLOCK, _BACKTICK, *_QUOTES), unfit=r'import\s+"C"')
RUST: Final = replace(
    _SLASHES,
    regions=(_BLOCK, Region(r'\br(#*)"', r'[\s\S]*?"{0}'), _text('"'), _CHARACTER),
    unfit=r"/\*[^*]*/\*",  # comments in comments
)
SWIFT: Final = replace(
    _SLASHES,
    regions=(Region(r'(#+)"(?:"")?', r'[\s\S]*?"{0}'), _BLOCK, _TRIPLE, _string('"')),
    unfit=r"/\*[^*]*/\*",
)
D: Final = replace(
    _SLASHES, regions=(_BLOCK, _until(r"/\+", r"\+/"), _BACKTICK, _text('"'), _string("'"))
)
ZIG: Final = replace(_SLASHES, regions=_QUOTES, goes_on=r"^\s*\\\\", follows=r"\s*\\\\")
DART: Final = replace(_SLASHES, regions=(_BLOCK, *_TRIPLES, *_QUOTES))
GROOVY: Final = replace(DART, regions=(*DART.regions, _until(r"\$/", r"/\$")), closed_brackets="(")
JAVASCRIPT: Final = replace(
    _SLASHES,
    nesting=Nesting(
        "`",
        {"`": {"${": "}"}, "}": {"{": "}", "`": "`"}},
        passed={"}": r"\"(?:\\.|[^\"\\\n])*+\"|'(?:\\.|[^'\\\n])*+'"},
    ),
    regions=(
        _BLOCK,
        *_QUOTES,
        Region(
            r"(?:(?<=[(,=:\[!&|?{};+*%~^<>\n-])|(?<=\breturn)|(?<=\btypeof)|(?<=\bcase))[ \t]*"
            r"/(?=[^/*\n])",
            r"(?:(?:\\.|\[(?:\\.|[^\]\\\n])*+\]|[^/\\\n\[])*+/)?",
        ),
    ),
)
JSX: Final = replace(  # between tags, a comment would be text
    JAVASCRIPT,
    closed_brackets="([{",
    follows=r"(?!(?:export|import|const|let|var|function|class|async|type|interface)\b)",
)
CSS: Final = Syntax("/* ", " */", regions=(_BLOCK, *_QUOTES), unfit=r"url\(\s*[^\"'\s)]*/\*")
SCSS: Final = replace(CSS, line_comments=("//",), unfit=r"url\(\s*[^\"'\s)]*/[/*]")
PASCAL: Final = Syntax(
    "// ",
    line_comments=("//",),
    regions=(_until(r"\{", r"\}"), _until(r"\(\*", r"\*\)"), _string("'", "\\0")),
    goes_on=r"(?!)",
)
_EXPANSIONS = {"$(": ")", "${": "}", "`": "`"}
_APOSTROPHES = r"'[^']*+'"
_NO_SHELL_TOKENS = r"<<|(?<=\s)#|\bcase\b"  # what brackets and quotes then mean, takes a shell
SHELL: Final = Syntax(
    "# ",
    line_comments=(r"(?:(?<=[\s;&|(])|^)#",),
    regions=(
        Region(r"\$'", r"(?:\\[\s\S]|[^'\\])*+'"),
        Region("'", r"[^']*+'"),
        _text("`"),
        Region(r"\\[\s\S]", ""),
        _until(r"\[\[(?=\s)", r"\]\]"),
    ),
    nesting=Nesting(
        '"',
        {
            '"': _EXPANSIONS,
            ")": _EXPANSIONS | {"(": ")", '"': '"'},
            "}": _EXPANSIONS | {'"': '"'},
            "`": {"$(": ")", "${": "}", '"': '"'},
        },
        passed={")": _APOSTROPHES, "`": _APOSTROPHES},
        unfit={")": _NO_SHELL_TOKENS, "`": _NO_SHELL_TOKENS, "}": r"'[^'\n}]*[\"`}]"},
    ),
    closed_brackets="([{",
    heredoc=(
        r"(?<!<)<<(?!<)(?P<indent>-?)[ \t]*['\"\\]?"
        r"(?P<name>(?<=['\"])[^'\"\n]+|[^\s'\"|;&<>()\\]+)['\"]?"
    ),
    unfit=r"\$\(\([^)]*<<|\(\([^)]*<<|\blet\b.*<<",
)
FISH: Final = replace(
    SHELL,
    regions=(_text('"'), _text("'"), Region(r"\\[\s\S]", "")),
    nesting=None,
    heredoc=None,
    closed_brackets="([",
    unfit=r"\"[^\"\n]*\$\(",
)
POWERSHELL: Final = Syntax(
    "# ",
    line_comments=("#",),
    regions=(
        _until("<#", "#>"),
        _until(r'@"[ \t]*\r?\n', r'\n"@'),
        _until(r"@'[ \t]*\r?\n", r"\n'@"),
        _text('"', "`"),
        _text("'", "\\0"),
    ),
    goes_on=r"[`|,]\s*$",
)
RUBY: Final = Syntax(
    "# ",
    line_comments=("#",),
    regions=(
        Region(r"(?<=\n)=begin\b", r"[\s\S]*?\n=end\b"),
        Region(r"\?[\"'#`](?!\w)", ""),
        _text("'"),
        _text("`"),
        Region(r"(?<=[(,=~!|&\s])/(?=[^\s/=])", r"(?:(?:\\[\s\S]|[^/\\\n])*+/)?"),
    ),
    nesting=Nesting(
        '"', {'"': {"#{": "}"}, "}": {"{": "}", '"': '"'}}, passed={"}": r"'(?:\\.|[^'\\])*+'"}
    ),
    closed_brackets="([{",
    goes_on=r"(?:\\|[,.|&+=])\s*$",
    follows=r"\s*&?\.",
    heredoc=r"<<(?P<indent>[~-]?)[\"'`]?(?P<name>[A-Z_]\w*)[\"'`]?",
    stops=r"^__END__$",
)
PERL: Final = Syntax(
    "# ",
    line_comments=(r"(?:(?<=[\s;{}])|^)#",),
    regions=(Region(r"(?<=\n)=[a-z]\w*", r"[\s\S]*?\n=cut\b[^\n]*"), _text('"'), _text("'")),
    closed_brackets="([{",
    follows=r"(?!sub\s|package\s|use\s|our\s|my\s)",  # Perl is not to be told apart otherwise
    heredoc=r"<<(?P<indent>~?)[\"']?(?P<name>[A-Za-z_]\w*)[\"']?",
    stops=r"^__(?:END|DATA)__$",
)
PHP: Final = replace(
    _SLASHES,
    line_comments=("//", r"#(?!\[)"),
    regions=(_BLOCK, _text('"'), _text("'"), _text("`")),
    heredoc=r"(?P<indent><<<)[ \t]*[\"']?(?P<name>\w+)[\"']?",
    unfit=r"\?>|\A(?!<\?php\s)",  # outside of PHP everything is content
)
MAKE: Final = Syntax("# ", line_comments=("#",), stops=r"^\s*define\b", may_indent=False)
DOCKER: Final = Syntax(
    "# ",
    line_comments=(r"^\s*#",),
    goes_on=r"[\\`]\s*$",
    heredoc=r"<<(?P<indent>-?)[\"']?(?P<name>\w+)[\"']?",
    may_indent=False,
)
CMAKE: Final = Syntax(
    "# ", line_comments=("#(?!\\[)",), regions=(_LONG_BRACKET, _text('"')), closed_brackets="("
)
HCL: Final = Syntax(
    "# ",
    line_comments=("#", "//"),
    regions=(_BLOCK, _string('"')),
    closed_brackets="([",
    heredoc=r"<<(?P<indent>-?)(?P<name>\w+)",
)
YAML: Final = Syntax(
    "# ",
    line_comments=(r"(?:(?<=\s)|^)#",),
    regions=(_text('"'), _text("'", "\\0")),
    closed_brackets="[{",
    follows=r"[ \t]|$|[^\s#][^:]*$",  # a block of text is indented
    goes_on=r"(?:[|>][+-]?\d?|^---.*)\s*$",
    may_indent=False,
    unfit=r"(?m)^[^#\n]*\w'\w",  # an apostrophe inside a word opens no string
)
NIX: Final = Syntax("# ", line_comments=("#",), regions=(_BLOCK, _until("''", "''(?![$'\\\\])"),
                                                         _text('"')))  # fmt: skip
ELIXIR: Final = replace(
    _HASH,
    regions=(*_TRIPLES, _text('"'), _text("'"), Region(r"\?[\"'#](?!\w)", "")),
    unfit=r"~[a-zA-Z]+[/|(\[{<\"'](?!\"\")",
    goes_on=r"(?:\\|[|,<>=+])\s*$",
)
JULIA: Final = replace(_HASH, regions=(_until("#=", "=#"), _TRIPLE, _text('"'), _BACKTICK, _PRIMED))
R: Final = replace(_HASH, regions=(_text('"'), _text("'"), _text("`")), unfit=r"\b[rR][\"'][-({\[]")
AWK: Final = replace(
    _HASH,
    regions=(_string('"'), Region(r"(?<=[(,=~!\s])/(?=[^\s/=])", r"(?:(?:\\.|[^/\\\n])*+/)?")),
)
NIM: Final = replace(_HASH, regions=(_until(r"#\[", r"\]#"), _TRIPLE, _string('"'), _PRIMED))
COFFEE: Final = replace(
    _HASH,
    regions=(_until("###", "###"), *_TRIPLES, _text('"'), _text("'")),
    closed_brackets="([{",
    follows=r"\s",
)
TCL: Final = Syntax("# ", line_comments=(r"^\s*#",), closed_brackets="[{(", regions=(_text('"'),))
HASKELL: Final = replace(
    _DASHES, regions=(_until(r"\{-", r"-\}"), _text('"'), _PRIMED), unfit=r"\{-[^}]*\{-|\[\w*\|"
)
LUA: Final = Syntax(
    "-- ",
    line_comments=(r"--(?!\[=*\[)",),
    regions=(Region(r"--\[(=*)\[", r"[\s\S]*?\]{0}\]"), _LONG_BRACKET, *_QUOTES),
)
SQL: Final = replace(
    _DASHES,
    line_comments=("--", r"^#"),
    regions=(_BLOCK, Region(r"(\$\w*\$)", r"[\s\S]*?{0}"), _text("'", "\\0"), _text('"', "\\0")),
    closed_brackets="(",
    ends_statement=r"(?:;\s*|^\s*(?:--.*)?)$",
    follows=r"\s",
)
ADA: Final = replace(_DASHES, regions=(_string('"', "\\0"), _PRIMED))
ML: Final = Syntax(
    "(* ",
    " *)",
    regions=(
        Region(r"\{(\w*)\|", r"[\s\S]*?\|{0}\}"),
        _until(r"\(\*", r"\*\)"),
        _text('"'),
        _PRIMED,
    ),
    unfit=r"\(\*(?:(?!\*\))[\s\S])*\(\*",
)
FSHARP: Final = replace(
    _SLASHES,
    regions=(_until(r"\(\*(?!\))", r"\*\)"), _TRIPLE, Region('@"', r'(?:""|[^"])*+"'), _text('"'),
             _PRIMED),
)  # fmt: skip
FORTRAN: Final = Syntax(
    "! ",
    line_comments=("!",),
    regions=(_string('"', "\\0"), _string("'", "\\0")),
    goes_on=r"&\s*(?:!.*)?$",
    follows=r"     [^\s0]",  # column six continues a line of the fixed form
    may_indent=False,
)
MATLAB: Final = Syntax(
    "% ",
    line_comments=("%",),
    regions=(_until(r"%\{[ \t]*\n", r"\n\s*%\}"), _string('"', "\\0")),
    closed_brackets="([{",
    goes_on=r"\.\.\..*$",
)
LISP: Final = replace(_SEMICOLON, regions=(*_SEMICOLON.regions, Region(r"\\.|#\\.", "")))
BASIC: Final = Syntax(
    "' ", line_comments=("'",), regions=(_string('"', "\\0"),), goes_on=r"(?:\s_|[,&(.])\s*$"
)
BATCH: Final = Syntax("REM ", line_comments=("::",), closed_brackets="(", goes_on=r"\^\s*$")
VIM: Final = Syntax('" ', closed_brackets="([{", follows=r"\s*[\\\"]", unfit=r"=<<|<<\s*\w+")
INI: Final = Syntax("; ", line_comments=(";", "#"), follows=r"\s")
PROPERTIES: Final = Syntax("# ", line_comments=(r"^\s*[#!]",))
MARKUP: Final = Syntax(
    "<!-- ",
    " -->",
    regions=(
        _until("<!--", "-->"),
        _until(r"<!\[CDATA\[", r"\]\]>"),
        _until(r"<\?", r"\?>"),
        Region(r"<!\w", r"[^>\[]*(?:\[[\s\S]*?\]\s*)?>"),
        Region(
            r"(?i:<(script|style|pre|textarea|title|xmp|plaintext)\b)", r"(?i:[\s\S]*?</{0}\s*>)"
        ),
        Region(r"<[/\w]", r"(?:\"[^\"]*+\"|'[^']*+'|[^>\"'])*+>"),
    ),
    goes_on=r"[^>\s]\s*$",  # text goes over lines, and a comment would be in the midst of it
    may_indent=False,
)

# Languages as language_of calls them.
_LANGUAGES: Final[tuple[tuple[Syntax, str], ...]] = (
    (C, "C|OpenCL|Lex|Yacc|Linker Script|Devicetree|Objective-C"),
    (CPP, "C++|Cuda|Arduino|Objective-C++|GLSL|HLSL|SWIG|Protocol Buffer|Thrift|Solidity"),
    (CSHARP, "C#"),
    (_SLASHES, "Java|Scala|Kotlin|ActionScript|Haxe|Vala|Processing|Apex|Odin|Ballerina|Bicep"
               "|Verilog|SystemVerilog|WGSL|Prisma|YANG|Gleam|ReScript|ANTLR|Gradle"),
    (CSS, "CSS"),
    (SCSS, "SCSS|Less"),
    (GO, "Go"),
    (RUST, "Rust"),
    (SWIFT, "Swift"),
    (D, "D"),
    (ZIG, "Zig"),
    (DART, "Dart"),
    (GROOVY, "Groovy"),
    (JAVASCRIPT, "JavaScript|TypeScript|TSX"),
    (PASCAL, "Pascal"),
    (PHP, "PHP|Hack"),
    (_HASH, "Python|Starlark|TOML|Meson|Cython|GDScript|Mojo|GraphQL|Crystal|Gnuplot"),
    (SHELL, "Shell"),
    (FISH, "fish"),
    (POWERSHELL, "PowerShell"),
    (RUBY, "Ruby"),
    (PERL, "Perl"),
    (MAKE, "Makefile"),
    (DOCKER, "Dockerfile"),
    (CMAKE, "CMake"),
    (HCL, "HCL"),
    (YAML, "YAML"),
    (NIX, "Nix"),
    (ELIXIR, "Elixir"),
    (JULIA, "Julia"),
    (R, "R"),
    (AWK, "Awk"),
    (NIM, "Nim"),
    (COFFEE, "CoffeeScript"),
    (TCL, "Tcl"),
    (PROPERTIES, "Java Properties|Ignore List"),
    (HASKELL, "Haskell|Elm|PureScript|Agda|Idris|Lean|Dhall"),
    (LUA, "Lua"),
    (SQL, "SQL|PLSQL|PLpgSQL"),
    (ADA, "Ada|VHDL"),
    (ML, "OCaml|Standard ML"),
    (FSHARP, "F#"),
    (_PERCENT, "Erlang|Prolog"),
    (MATLAB, "MATLAB"),
    (FORTRAN, "Fortran|Fortran Free Form"),
    (LISP, "Common Lisp|Emacs Lisp|Clojure|Scheme|Racket|Fennel"),
    (BASIC, "Visual Basic .NET|VBA|VBScript"),
    (BATCH, "Batchfile"),
    (VIM, "Vim Script"),
    (INI, "INI"),
    (MARKUP, "XML|HTML|XSLT|SVG|Maven POM"),
)  # fmt: skip

SYNTAX_BY_LANGUAGE: Final[Mapping[str, Syntax]] = {
    language: syntax for syntax, languages in _LANGUAGES for language in languages.split("|")
}
