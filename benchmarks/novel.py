"""Code that the corpus doesn't hold: sources of packages, from their registries' own clients.

Python packages are those installed beside the benchmark, with the headers they bring; npm and Go
fetch the rest, in versions that are fixed. A client that is not here leaves its packages out, and
the page names those that were read. As many texts are drawn of each language, and of each package
at most so many files count that a large one doesn't decide.
"""

import importlib.util
import json
import random
import shutil
import subprocess
import tarfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

PYTHON = ("torch", "transformers", "sympy", "networkx", "scipy", "numpy", "pydantic", "rich")
NPM = (
    "react-native@0.76.0",
    "three@0.170.0",
    "lodash@4.17.21",
    "lmdb@3.1.0",
    "better-sqlite3@11.5.0",
    "tree-sitter@0.21.1",
    "argon2@0.41.1",
    "node-sass@9.0.0",
    "usb@2.14.0",
    "node-zopfli@2.1.4",
)
GO = (
    "github.com/gin-gonic/gin@v1.10.0",
    "gorm.io/gorm@v1.25.12",
    "github.com/spf13/cobra@v1.8.1",
)
LANGUAGES = {
    ".py": "Python",
    ".js": "JavaScript",
    ".go": "Go",
    ".java": "Java",
    ".c": "C",
    ".h": "C and C++ headers",
    ".cpp": "C++",
    ".cc": "C++",
}
MOST_FILES = 100  # of a package and language


@dataclass(frozen=True, slots=True)
class Package:
    """A package by name and version, and the folder of its sources."""

    name: str
    root: Path


@dataclass(frozen=True, slots=True)
class NovelText:
    """A piece of a file; `place` is the file within its package and the byte it begins at."""

    place: str
    language: str
    text: bytes


def packages(folder: Path) -> list[Package]:
    """Find what is installed, and fetch the rest into a folder."""
    return [*_installed(), *_from_npm(folder), *_from_go()]


def novel_texts(of: Sequence[Package], n: int, size: int, rng: random.Random) -> list[NovelText]:
    """Cut `n` texts of `size` bytes out of packages, as many of each language."""
    files: dict[str, list[tuple[Package, Path]]] = defaultdict(list)
    for package in of:
        for language, paths in _files(package, size).items():
            chosen = rng.sample(paths, min(MOST_FILES, len(paths)))
            files[language] += [(package, path) for path in chosen]
    texts = []
    for number in range(n if files else 0):
        language = sorted(files)[number % len(files)]
        package, path = rng.choice(files[language])
        content = path.read_bytes()
        start = rng.randrange(len(content) - size + 1)
        place = f"{package.name}/{path.relative_to(package.root)}:{start}"
        texts.append(NovelText(place, language, content[start : start + size]))
    return texts


def _files(package: Package, size: int) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(package.root.rglob("*")):
        language = LANGUAGES.get(path.suffix)
        if language and path.is_file() and path.stat().st_size >= size:
            found[language].append(path)
    return found


def _installed() -> Iterator[Package]:
    for name in PYTHON:
        spec = importlib.util.find_spec(name)
        if spec and spec.origin:
            yield Package(f"{name} {metadata.version(name)}", Path(spec.origin).parent)


def _from_npm(folder: Path) -> Iterator[Package]:
    """Unpack npm's tarballs; nothing of a package is run."""
    for name in NPM if shutil.which("npm") else ():
        root = folder / name
        if not root.exists():
            packed = _run(["npm", "pack", name, "--silent", "--pack-destination", str(folder)])
            with tarfile.open(folder / packed.split()[-1]) as archive:
                archive.extractall(root, filter="data")
        yield Package(name.replace("@", " "), root)


def _from_go() -> Iterator[Package]:
    for name in GO if shutil.which("go") else ():
        found = json.loads(_run(["go", "mod", "download", "-json", name]))
        yield Package(name.replace("@", " "), Path(found["Dir"]))


def _run(command: list[str]) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
