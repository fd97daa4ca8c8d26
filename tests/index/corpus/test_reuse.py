"""REUSE's three ways to state the licence of a file beside it."""

import pytest

from sc2_attrib.index.corpus import reuse
from sc2_attrib.index.corpus.document import Basis, LicenseAssertion
from sc2_attrib.index.corpus.evidence import FileEvidence

TAG = "SPDX-License-" + "Identifier"
HOLDER = "SPDX-FileCopyright" + "Text"


def toml(*tables: str) -> bytes:
    return ("version = 1\n" + "".join(f"[[annotations]]\n{table}\n" for table in tables)).encode()


def table(path: str, expression: str, more: str = "") -> str:
    return f'path = {path}\n{TAG} = "{expression}"\n{HOLDER} = ["2020 Ann", "2021 Ben"]\n{more}'


def licenses(path: str, annotations: list[reuse.Annotation]) -> list[str]:
    return [said.expression for said in reuse.annotated(path, annotations).licenses]


def test_sidecar_speaks_for_its_file() -> None:
    """Tags in a sidecar are REUSE's, with the sidecar's path and the holders."""
    content = f"{HOLDER}: 2020 Ann\n\n{TAG}: CC0-1.0\n".encode()
    assert reuse.sidecar_evidence("/img/a.png.license", content) == FileEvidence(
        (LicenseAssertion("CC0-1.0", Basis.REUSE, "img/a.png.license", 1.0),), ("2020 Ann",)
    )


def test_last_table_that_names_a_path_counts() -> None:
    """Within one file the later table wins; its holders come with it."""
    annotations = reuse.read_toml(
        "REUSE.toml", toml(table('"src/**"', "MIT"), table('["src/b.c", "x"]', "ISC"))
    )
    assert licenses("src/a/b.c", annotations) == ["MIT"]
    assert licenses("src/b.c", annotations) == ["ISC"]
    assert licenses("b.c", annotations) == []
    assert reuse.annotated("src/a.c", annotations).copyright == ("2020 Ann", "2021 Ben")


def test_nearest_file_counts_unless_one_above_overrides() -> None:
    """REUSE.toml deeper in the tree wins, but for `override`, where the outermost does."""
    deep = reuse.read_toml("a/REUSE.toml", toml(table('"**"', "MIT")))
    assert licenses("a/x", [*reuse.read_toml("REUSE.toml", toml(table('"**"', "ISC"))), *deep]) == [
        "MIT"
    ]
    over = reuse.read_toml("REUSE.toml", toml(table('"**"', "ISC", 'precedence = "override"')))
    assert licenses("a/x", [*deep, *over]) == ["ISC"]


def test_dep5_paragraphs_are_read() -> None:
    """Patterns reach across folders, the last paragraph that names a path counts."""
    content = (
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n"
        "Files: *\nCopyright: 2020 Ann\n 2021 Ben\nLicense: GPL-2+\n The text of it.\n\n"
        "Files: doc/*.md doc/img?\nCopyright: 2022 Cyd\nLicense: CC-BY-4.0\n"
    )
    annotations = reuse.read_dep5(".reuse/dep5", content.encode())
    assert licenses("a/b/c.c", annotations) == ["GPL-2+"]
    assert reuse.annotated("a/b/c.c", annotations).copyright == ("2020 Ann", "2021 Ben")
    assert licenses("doc/sub/x.md", annotations) == ["CC-BY-4.0"]
    assert licenses("doc/img1", annotations) == ["CC-BY-4.0"]


@pytest.mark.parametrize(
    ("glob", "path", "is_named"),
    [
        ("*.py", "a.py", True),
        ("*.py", "sub/a.py", False),
        ("**/a.py", "x/y/a.py", True),
        ("**", "x/y", True),
        (r"\*.py", "*.py", True),
        (r"\*.py", "a.py", False),
        ("a[1].py", "a[1].py", True),
        ("a*b*c", "a-b-b-c", True),
        ("", "a", False),
    ],
)
def test_globs_are_those_of_the_specification(glob: str, path: str, is_named: bool) -> None:
    """`*` stays in a folder, `**` doesn't, a backslash takes the next character as it is."""
    assert reuse.Annotation("", (glob,), FileEvidence()).names(path) is is_named


def test_hostile_glob_costs_nothing() -> None:
    """A pattern of stars alone is matched without going back and forth."""
    glob, path = "*a" * 400 + "b", "a" * 2000
    assert not reuse.Annotation("", (glob,), FileEvidence()).names(path)


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"annotations = 3", b"[[annotations]]\nx = 1", b"[" * 9999]
)
def test_what_is_no_reuse_toml_says_nothing(content: bytes) -> None:
    """Broken files are no evidence and no error."""
    assert reuse.read_toml("REUSE.toml", content) == []
    reuse.read_dep5(".reuse/dep5", content)
