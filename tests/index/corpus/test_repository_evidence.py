"""What files of a repository say about the licences of others, through every kind of source."""

import json
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from sc2_attrib.index.corpus.archive import ArchiveSource
from sc2_attrib.index.corpus.document import CorpusSource, Occurrence, SourceDocument
from sc2_attrib.index.corpus.folder import FolderSource
from sc2_attrib.index.corpus.git_tree import GitTreeSource
from sc2_attrib.index.corpus.license_files import is_license_file
from sc2_attrib.index.corpus.parquet import ParquetSource
from sc2_attrib.index.corpus.repository_evidence import RepositoryEvidence

MIT = (
    "Copyright (c) 2020 Ann\n\nPermission is hereby granted, free of charge, to any person ... "
    "without restriction ... and this permission notice shall be included\n"
)
BSD = (
    "Copyright 2021 Ben\nRedistribution and use in source and binary forms ... "
    "redistributions in binary form must reproduce\n"
)
TAG = "SPDX-License-" + "Identifier:"
FILES = {
    "LICENSE": MIT,
    "package.json": json.dumps({"license": "ISC"}),
    "a.js": "let a = 1;\n",
    "lib/b.js": f"// {TAG} 0BSD\n",
    "vendor/COPYING.txt": BSD,
    "vendor/deep/c.js": "let c = 3;\n",
    "img.svg": "<svg/>\n",
    "img.svg.license": f"{TAG} CC0-1.0\n",
}
EXPECTED = {
    "a.js": "MIT (other evidence: ISC)",
    "lib/b.js": "0BSD (other evidence: ISC, MIT)",
    "vendor/deep/c.js": "BSD-2-Clause (other evidence: ISC)",
    "img.svg": "CC0-1.0 (other evidence: ISC, MIT)",
}


def folder(tmp_path: Path) -> CorpusSource:
    for path, text in FILES.items():
        (tmp_path / "x" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "x" / path).write_text(text)
    return FolderSource(tmp_path / "x")


def git_tree(tmp_path: Path) -> CorpusSource:
    folder(tmp_path)
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", "-C", str(tmp_path / "x"), *command], check=True)
    return GitTreeSource(tmp_path / "x")


def archive(tmp_path: Path) -> CorpusSource:
    folder(tmp_path)
    with tarfile.open(tmp_path / "x-1.tar.gz", "w:gz") as file:
        file.add(tmp_path / "x", "x-1")
    return ArchiveSource(tmp_path / "x-1.tar.gz")


def repository_rows(tmp_path: Path) -> CorpusSource:
    files = [{"path": f"/{path}", "content": text} for path, text in FILES.items()]
    table = pyarrow.Table.from_pylist([{"repo_name": "o/x", "files": files}])
    pyarrow.parquet.write_table(table, tmp_path / "x.parquet")
    return ParquetSource(tmp_path / "x.parquet")


SOURCES: list[Callable[[Path], CorpusSource]] = [folder, git_tree, archive, repository_rows]


def places(source: CorpusSource) -> dict[str, Occurrence]:
    found = [item.occurrence for item in source if isinstance(item, SourceDocument)]
    return {place.path.lstrip("/"): place for place in found}


@pytest.mark.parametrize("make", SOURCES)
def test_nearest_evidence_reaches_every_file(
    tmp_path: Path, make: Callable[[Path], CorpusSource]
) -> None:
    """Licence files and manifests speak for what lies below, the nearest first; sidecars for one
    file; a file's own header stands above them."""
    found = places(make(tmp_path))
    assert {path: found[path].license_expression for path in EXPECTED} == EXPECTED
    assert found["a.js"].copyright == ("Copyright (c) 2020 Ann",)
    assert found["vendor/deep/c.js"].copyright == ("Copyright 2021 Ben",)
    (said, *_) = found["vendor/deep/c.js"].licenses
    assert (said.path, said.basis.value) == ("vendor/COPYING.txt", "license_file")


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        *((name, True) for name in ("LICENSE", "LICENCE.txt", "license.md", "COPYING.LESSER")),
        *((name, True) for name in ("a/LICENSE-MIT", "MIT-LICENSE", "NOTICE", "UNLICENSE")),
        *((name, True) for name in ("LICENSES/MIT.txt", "THIRD-PARTY-NOTICES.txt", "COPYRIGHT")),
        *((name, False) for name in ("license.py", "licenses/a.c", "licensing.md", "notice.go")),
        *((name, False) for name in ("copyleft.md", "LICENSES/x.c", "a.license.js")),
    ],
)
def test_license_files_are_told_by_their_names(path: str, is_one: bool) -> None:
    """What people call such files, and not the code that deals with licences."""
    assert is_license_file(path) is is_one


def test_license_file_is_read_for_its_own_license() -> None:
    """What a licence's text says of others, and what is bundled behind it, doesn't count."""
    evidence = RepositoryEvidence()
    evidence.see("LICENSE", (MIT + "x " * 9000 + BSD).encode())
    evidence.see("NOTICE", f"Copyright 2022 Cyd\n{BSD}".encode())
    found = evidence.add_to(Occurrence("o/r", "a.c"))
    assert found.license_expression == "MIT"
    assert found.copyright[0] == "Copyright (c) 2020 Ann"
    assert "Copyright 2022 Cyd" in found.copyright


def test_a_gnu_text_has_no_holder_of_the_code() -> None:
    """The Free Software Foundation wrote the licence, not what is under it."""
    evidence = RepositoryEvidence()
    text = (
        "GNU GENERAL PUBLIC LICENSE\nVersion 2, June 1991\n\n"
        "Copyright (C) 1989, 1991 Free Software Foundation, Inc.\nEveryone is permitted to copy "
        "and distribute verbatim copies\nof this license document, but changing it is not allowed."
    )
    evidence.see("COPYING", text.encode())
    found = evidence.add_to(Occurrence("o/r", "a.c"))
    assert (found.license_expression, found.copyright) == ("GPL-2.0-only", ())
