"""Who may import whom, and what must not be imported before it is needed."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "sc2_attrib"

# Folder -> modules of ours outside it that its modules may import.
ALLOWED = {
    "index": (),
    "generator": ("index.errors",),
    "attribution": ("index",),
    "cli": ("index", "generator", "attribution"),
}
# Folder -> modules whose names may stand in its annotations, and nowhere else.
FOR_TYPES = {"attribution": ("generator",)}

HEAVY = {"torch", "transformers", "numba", "pyarrow", "elasticsearch", "datasketch", "scipy"}
LIGHT_MODULES = (
    "sc2_attrib.index.local",
    "sc2_attrib.index.building",
    "sc2_attrib.cli.main",
    "sc2_attrib.attribution.check",
    "sc2_attrib.generator",
)


def modules_of(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found, f"no modules in {folder}"
    return found


def our_imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Modules and names of ours that a module imports anywhere, and what it calls them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [(a.name, a.asname or PACKAGE) for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(f"{node.module}.{a.name}", a.asname or a.name) for a in node.names]
        else:
            continue
        for name, alias in names:
            if name.startswith(f"{PACKAGE}."):
                yield name.removeprefix(f"{PACKAGE}."), alias


def names_at_run_time(tree: ast.AST) -> set[str]:
    """Names that code uses outside annotations."""
    annotations = [
        getattr(node, field)
        for node in ast.walk(tree)
        for field in ("annotation", "returns")
        if getattr(node, field, None)
    ]
    in_annotations = {id(node) for annotation in annotations for node in ast.walk(annotation)}
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and id(node) not in in_annotations
    }


def is_within(module: str, parents: tuple[str, ...]) -> bool:
    return any(module == parent or module.startswith(f"{parent}.") for parent in parents)


def violations(folder: str, source: str) -> list[str]:
    """Imports in a module of a folder that the rule forbids."""
    tree = ast.parse(source)
    used = names_at_run_time(tree)
    return [
        name
        for name, alias in our_imports(tree)
        if is_within(name, tuple(ALLOWED))
        and not is_within(name, (folder, *ALLOWED[folder]))
        and not (is_within(name, FOR_TYPES.get(folder, ())) and alias not in used)
    ]


@pytest.mark.parametrize("folder", ALLOWED)
def test_imports_keep_to_the_rule(folder: str) -> None:
    """No folder imports another of ours but what its rule allows, and nobody imports cli."""
    found = {
        str(path.relative_to(ROOT)): names
        for path in modules_of(folder)
        if (names := violations(folder, path.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("folder", "source", "n_violations"),
    [
        ("index", "import sc2_attrib.generator.prompt", 1),
        ("index", "def f():\n    from sc2_attrib.attribution import policy", 1),
        ("index", "from sc2_attrib.index import text\nfrom sc2_attrib import __version__", 0),
        ("generator", "from sc2_attrib.index.errors import UsageError", 0),
        ("generator", "from sc2_attrib.index.local import open_index", 1),
        ("attribution", "from sc2_attrib.generator.x import X\ndef f(x: X) -> list[X]: ...", 0),
        ("attribution", "from sc2_attrib.generator.x import X\ndef f(x: X): return X()", 1),
        ("attribution", "import sc2_attrib.generator.x\nsc2_attrib.generator.x.X()", 1),
        ("attribution", "from sc2_attrib.cli import streams", 1),
        ("cli", "from sc2_attrib.generator import Backend", 0),
    ],
)
def test_the_rule_is_what_it_says(folder: str, source: str, n_violations: int) -> None:
    """The check above finds what it should, also inside functions."""
    assert len(violations(folder, source)) == n_violations


@pytest.mark.parametrize("module", LIGHT_MODULES)
def test_importing_loads_nothing_heavy(module: str) -> None:
    """Packages that take long to import come with the first call that needs them."""
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert HEAVY.isdisjoint(done.stdout.split())
