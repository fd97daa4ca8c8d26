"""Package URLs: as packageurl-python writes them."""

from dataclasses import replace

import pytest
from packageurl import PackageURL

from sc2_attrib.attribution.report.purl import purl
from sc2_attrib.attribution.result import Source
from tests.attribution.report.results import HOSTILE, of_all_kinds


def source(repo: str, path: str, revision: str | None, url: str | None) -> Source:
    some = of_all_kinds().matches[0].sources[0]
    return replace(some, repo=repo, path=path, revision=revision, url=url)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            source("Octo/Mail", "src/h.py", "94a9ed0", "https://github.com/Octo/Mail/blob/x"),
            "pkg:github/octo/mail@94a9ed0#src/h.py",
        ),
        (source("cpython", "bisect.py", "3.11.7", None), "pkg:generic/cpython@3.11.7#bisect.py"),
        (source("a/b/c", "", None, "https://gitlab.com/a/b/c"), "pkg:generic/a/b/c"),
        (source("..", "x.py", None, None), None),
    ],
)
def test_source_is_named(found: Source, expected: str | None) -> None:
    """GitHub's repositories by that type, in lower case; others as generic."""
    assert purl(found) == expected


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_read_back(name: str) -> None:
    """The reference implementation parses every one and writes the same."""
    written = purl(source("owner/repo", name, "1.0", None))
    assert written is not None
    read = PackageURL.from_string(written)
    assert (read.namespace, read.name, read.version) == ("owner", "repo", "1.0")
    assert read.to_string() == written
