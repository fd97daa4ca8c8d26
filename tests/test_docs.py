"""The documents speak of what is there: paths, links, imports and decisions."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("index", "generator", "attribution", "cli")
GUIDES = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/FORMAT.md")
DECISIONS = sorted((ROOT / "docs/decisions").glob("*.md"))
PAGES = [ROOT / name for name in GUIDES] + DECISIONS

_TOP = "|".join((*FOLDERS, "src", "tests", "benchmarks", "docs"))
_PATH = re.compile(rf"(?<![\w/.:-])(?:{_TOP})/[\w./-]*(?<![.-])")
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)  # examples, and their own paths
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
_IMPORT_ROW = re.compile(r"^\| `(\w+)/` \| (.+) \|$", re.MULTILINE)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def paths_in(text: str) -> set[str]:
    """Words that begin like a path of the repository, wherever they stand but in fenced blocks."""
    return set(_PATH.findall(_FENCED.sub("", text)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_exist(page: Path) -> None:
    """Each path that a page names is a file or folder of the repository."""
    found = paths_in(read(page))
    assert found or page.parent.name == "decisions"
    assert [path for path in sorted(found) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link of a page leads to a file, from where the page lies."""
    links = [link for link in _LINK.findall(read(page)) if "://" not in link]
    assert links or page.parent.name == "decisions"
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_module_folder_is_described() -> None:
    """ARCHITECTURE.md has a paragraph on each folder that holds modules."""
    text = read(ROOT / "ARCHITECTURE.md")
    folders = {path.parent for name in FOLDERS for path in (ROOT / name).rglob("__init__.py")}
    assert len(folders) > len(FOLDERS)
    missing = [f for f in folders if f"**`{f.relative_to(ROOT).as_posix()}/`**" not in text]
    assert missing == []


def test_imports_keep_to_the_table() -> None:
    """No folder imports more of the others than ARCHITECTURE.md allows."""
    rows = dict(_IMPORT_ROW.findall(read(ROOT / "ARCHITECTURE.md")))
    assert set(rows) == set(FOLDERS)
    for folder in FOLDERS:
        allowed = (f"{folder}/", *_CODE.findall(rows[folder]))
        imported = {
            (module.relative_to(ROOT).as_posix(), path)
            for module in (ROOT / folder).rglob("*.py")
            for path in imported_paths(module)
        }
        assert imported
        assert [pair for pair in sorted(imported) if not pair[1].startswith(allowed)] == []


def imported_paths(module: Path) -> Iterator[str]:
    """Modules of ours that a module imports anywhere, as paths."""
    for node in ast.walk(ast.parse(read(module))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for parts in (name.split(".") for name in names):
            if parts[0] == "sc2_attrib" and len(parts) > 1 and parts[1] in FOLDERS:
                yield module_path(parts[1:])


def module_path(parts: list[str]) -> str:
    """Path of the module that a dotted name leads to; its last part may be a name inside one."""
    if (ROOT.joinpath(*parts)).with_suffix(".py").exists():
        return "/".join(parts) + ".py"
    if ROOT.joinpath(*parts).is_dir():
        return "/".join(parts) + "/"
    return module_path(parts[:-1])


def test_code_refers_to_documents_that_exist() -> None:
    """Each docs/… that a module speaks of is there."""
    found = {
        (module.relative_to(ROOT).as_posix(), name)
        for folder in FOLDERS
        for module in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"\bdocs/[\w/-]+\.md\b", read(module))
    }
    assert found
    assert [pair for pair in sorted(found) if not (ROOT / pair[1]).exists()] == []


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.name)
def test_decisions_have_their_four_parts(page: Path) -> None:
    """A decision record is short, numbered, and weighs alternatives."""
    text = read(page)
    assert len(text.splitlines()) <= 40
    assert text.startswith(f"# {page.name[:4]} ")
    for part in (
        "**Context.**",
        "**Choice.**",
        "**Alternatives",
        "**What would change our mind.**",
    ):
        assert part in text


def test_decisions_are_listed() -> None:
    """ARCHITECTURE.md links every decision record; numbers have no gaps."""
    text = read(ROOT / "ARCHITECTURE.md")
    assert DECISIONS
    assert [page.name[:4] for page in DECISIONS] == [f"{n + 1:04}" for n in range(len(DECISIONS))]
    assert all(f"docs/decisions/{page.name}" in text for page in DECISIONS)
