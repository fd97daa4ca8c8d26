"""Where matched text stands, in words that lead there."""

from dataclasses import replace

import pytest

from sc2_attrib.attribution.source import permalink, qualified_swhid
from tests.attribution.samples import COMMIT, SNAPSHOT, occurrence

DOCUMENT = "swh:1:cnt:" + "ab" * 20
PLACE = replace(occurrence("octo/mail", "src/h.py"), snapshot=SNAPSHOT)


def test_swhid_carries_every_qualifier_that_is_known() -> None:
    """Origin, visit, anchor, path and lines stand in the specification's order."""
    assert qualified_swhid(DOCUMENT, PLACE, (4, 9)) == (
        f"{DOCUMENT};origin=https://github.com/octo/mail;visit=swh:1:snp:{SNAPSHOT}"
        f";anchor=swh:1:rev:{COMMIT};path=/src/h.py;lines=4-9"
    )


def test_swhid_leaves_out_what_is_not_well_formed() -> None:
    """A version is no revision of the archive, and a local path no origin."""
    place = replace(PLACE, revision="2.31.0", snapshot="12ab", url="/srv/repo")
    assert qualified_swhid(DOCUMENT, place, (4, 9)) == f"{DOCUMENT};path=/src/h.py;lines=4-9"


def test_swhid_escapes_what_would_end_a_qualifier() -> None:
    """Semicolons, percent signs and spaces in a path are percent-encoded."""
    place = replace(PLACE, path="a;b %/c.py", url=None, snapshot=None, revision=None)
    assert (
        qualified_swhid(DOCUMENT, place, (1, 1)) == f"{DOCUMENT};path=/a%3Bb%20%25/c.py;lines=1-1"
    )


@pytest.mark.parametrize(
    "url", ["https://github.com/octo/mail", "https://github.com/octo/mail.git"]
)
def test_permalink_leads_to_the_lines(url: str) -> None:
    """A GitHub repository and a commit give a link to the very lines."""
    link = permalink(replace(PLACE, url=url, path="src/a b#.py"), (4, 9))
    assert link == f"https://github.com/octo/mail/blob/{COMMIT}/src/a%20b%23.py#L4-L9"


@pytest.mark.parametrize(
    ("url", "revision", "link"),
    [
        ("https://example.org/octo/mail", COMMIT, "https://example.org/octo/mail"),
        ("https://github.com/octo/mail", "2.31.0", "https://github.com/octo/mail"),
        ("https://github.com/octo/mail", None, "https://github.com/octo/mail"),
        ("javascript:alert(1)", COMMIT, None),
        ("https://example.org/\x1b]8;;x", COMMIT, None),
        ("https://[broken", COMMIT, "https://[broken"),
        (None, COMMIT, None),
    ],
)
def test_link_promises_no_more_than_is_known(
    url: str | None, revision: str | None, link: str | None
) -> None:
    """Without host and commit the link is the repository's, and never anything but the web."""
    assert permalink(replace(PLACE, url=url, revision=revision), (4, 9)) == link
