import pytest

from sc2_attrib.index.corpus.language import _LANGUAGE_BY_NAME, _NAMES_BY_LANGUAGE, language_of


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a/b.py", "Python"),
        ("stub.pyi", "Python"),
        ("/kernel/fork.c", "C"),
        ("include/x.h", "C"),
        ("x.cpp", "C++"),
        ("x.HPP", "C++"),
        ("boot.S", "Assembly"),
        ("app.mjs", "JavaScript"),
        ("app.d.ts", "TypeScript"),
        ("App.tsx", "TSX"),
        ("x.cs", "C#"),
        ("main.go", "Go"),
        ("go.mod", "Go Module"),
        ("lib.rs", "Rust"),
        ("run.sh", "Shell"),
        ("Makefile", "Makefile"),
        ("sub/Dockerfile", "Dockerfile"),
        ("CMakeLists.txt", "CMake"),
        ("notes.txt", "Text"),
        ("config.cmake.in", "CMake"),
        ("page.blade.php", "Blade"),
        ("page.php", "PHP"),
        (".gitignore", "Ignore List"),
        ("x.proto", "Protocol Buffer"),
        ("x.rst", "reStructuredText"),
        ("board.dtsi", "Devicetree"),
        ("Gemfile", "Ruby"),
        ("BUILD.bazel", "Starlark"),
    ],
)
def test_language_is_named_as_linguist_does(path: str, language: str) -> None:
    """Whole names go before endings, longer endings before shorter, and case does not matter."""
    assert language_of(path) == language


@pytest.mark.parametrize("path", ["", "noext", "a.b/c", "x.unheardof", "makefiles", "x.", "py"])
def test_unknown_names_have_no_language(path: str) -> None:
    """No language is guessed for a name that none claims."""
    assert language_of(path) is None


def test_no_name_is_claimed_twice() -> None:
    """Each ending and name belongs to one language; endings are written in lower case."""
    claimed = [name for names in _NAMES_BY_LANGUAGE.values() for name in names.split()]
    assert len(claimed) == len(_LANGUAGE_BY_NAME)
    assert all(name.islower() or not name.startswith(".") or name[1:].isdigit() for name in claimed)
