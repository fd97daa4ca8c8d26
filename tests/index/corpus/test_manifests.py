"""Licences that package manifests state, in each format."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_attrib.index.corpus.document import Basis
from sc2_attrib.index.corpus.manifests import is_manifest, manifest_assertions

STATED = {
    "package.json": {
        '{"license": "MIT"}': ["MIT"],
        '{"license": {"type": "ISC", "url": "x"}}': ["ISC"],
        '{"licenses": [{"type": "MIT"}, {"type": "GPL-2.0"}]}': ["MIT OR GPL-2.0"],
        '{"name": "x"}': [],
        '{"license": 7': [],
        "[]": [],
    },
    "composer.json": {'{"license": ["MIT", "GPL-3.0"]}': ["MIT OR GPL-3.0"], "{}": []},
    "Cargo.toml": {
        '[package]\nlicense = "MIT/Apache-2.0"': ["MIT/Apache-2.0"],
        "[package]\nlicense.workspace = true": [],
        "[workspace]": [],
    },
    "pyproject.toml": {
        '[project]\nlicense = "Apache-2.0"': ["Apache-2.0"],
        '[project]\nlicense = {text = "BSD"}': ["BSD"],
        '[project]\nclassifiers = ["License :: OSI Approved :: MIT License"]': ["MIT License"],
        '[tool.poetry]\nlicense = "MIT"': ["MIT"],
        "[project]\nlicense = {file = 'LICENSE'}": [],
    },
    "setup.cfg": {"[metadata]\nlicense = MIT": ["MIT"], "[options]": [], "no section": []},
    "setup.py": {"setup(name='x', license='BSD-3-Clause')": ["BSD-3-Clause"]},
    "PKG-INFO": {"Name: x\nLicense-Expression: MIT\nLicense: other": ["MIT"]},
    "pom.xml": {
        "<project><name>P</name><licenses><license><name>Apache 2</name></license></licenses>":
            ["Apache 2"],
        "<project><name>P</name></project>": [],
    },
    "x.gemspec": {"s.licenses = ['MIT', \"Ruby\"]": ["MIT", "Ruby"]},
    "x.nuspec": {'<license type="expression">MIT</license>': ["MIT"]},
    "x.cabal": {"license: BSD3\n": ["BSD3"]},
    "DESCRIPTION": {"Package: x\nLicense: GPL (>= 2)\n": ["GPL (>= 2)"]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "expressions"),
    [(name, text, said) for name, by_text in STATED.items() for text, said in by_text.items()],
)
def test_manifest_says_what_its_format_says(name: str, text: str, expressions: list[str]) -> None:
    """Each format's place for the licence is read, as given; nothing stated is no evidence."""
    found = manifest_assertions(f"sub/{name}", text.encode())
    assert [said.expression for said in found] == expressions
    assert {(said.basis, said.path) for said in found} <= {(Basis.MANIFEST, f"sub/{name}")}


@pytest.mark.parametrize("name", ["package-lock.json", "setup.rst", "readme", "pom.xml.bak"])
def test_other_files_are_no_manifests(name: str) -> None:
    """A name that only looks like a manifest's is none."""
    assert not is_manifest(name)


@given(st.sampled_from(sorted(STATED)), st.text(max_size=200))
def test_any_manifest_is_read(name: str, text: str) -> None:
    """However broken a manifest is, reading it doesn't fail."""
    manifest_assertions(name, text.encode("utf-8", "surrogatepass"))


def test_nesting_without_end_and_long_texts_say_nothing() -> None:
    """Hostile manifests cost nothing and prove nothing."""
    assert manifest_assertions("package.json", b"[" * 100_000) == ()
    assert manifest_assertions("pom.xml", b"<licenses>" * 20_000) == ()
    assert manifest_assertions("package.json", b'{"license": "%s"}' % (b"x" * 500)) == ()
