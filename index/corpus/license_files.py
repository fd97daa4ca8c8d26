"""Licence files: which files hold the licence of a repository, and which licence that is.

LICENSE, COPYING, NOTICE and their like, in the root or in a folder for what lies below it, and the
texts in REUSE's `LICENSES/` folder. MIT, BSD and many others ask for exactly this text wherever the
code goes, so an index keeps them. A file larger than any licence is none.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from sc2_attrib.index.corpus.copyright_lines import copyright_lines
from sc2_attrib.index.corpus.document import Basis, LicenseAssertion, SkippedDocument
from sc2_attrib.index.corpus.license_phrases import (
    TEXT,
    Found,
    as_choice,
    find_each,
    find_licenses,
    squeeze,
)

MOST_BYTES = 1 << 17  # the longest texts of single licences have 60 KB; lists of many have more
REUSE_FOLDER = "LICENSES"

# The word alone, before what it is the licence of or its format, or behind a name: MIT-LICENSE.
_NAME = re.compile(
    r"(?:[\w.]+-)?(?:un)?licen[cs]es?(?:[-_.].*)?|copying(?:[-_.].*)?|(?:third[-_]?party[-_]?)?"
    r"notices?(?:\.\w+)?|copyright(?:\.\w+)?",
    re.IGNORECASE,
)
_TEXT_SUFFIXES = frozenset({"", ".txt", ".md", ".markdown", ".rst", ".adoc", ".text", ".html"})
_NOTICE = re.compile(r"notices?(?:\.\w+)?$", re.IGNORECASE)
_OWN_BYTES = (
    4000  # squeezed; the permissions that fit in are read whole, the others by their titles
)
_HEAD_BYTES = 1000  # of a licence's text, with its title and its own copyright
_GNU_OWN, _GNU_AUTHOR = b"this license document", "Free Software Foundation"
_CODE_SUFFIX = re.compile(r"\.[a-z]+[0-9]?$")  # LICENSE.lesser is none: the name goes on


@dataclass(frozen=True, slots=True)
class LicenseFile(SkippedDocument):
    """A licence file that is no document of the corpus, but whose text is kept.

    `folder` is what it governs, with its '/'; the root is empty.
    """

    repository: str
    content: bytes
    folder: str = ""


def is_license_file(path: str) -> bool:
    """Tell by its name whether a file holds a licence."""
    lowered = path.lower()
    if not (
        "licen" in lowered or "copying" in lowered or "notice" in lowered or "copyright" in lowered
    ):  # as nearly always; a pattern would take ten times as long
        return False
    name = PurePosixPath(path).name
    if PurePosixPath(path).parent.name == REUSE_FOLDER:
        return name.endswith(".txt")
    if _NAME.fullmatch(name) is None:
        return False
    suffix = PurePosixPath(name).suffix
    return suffix in _TEXT_SUFFIXES or _CODE_SUFFIX.search(name) is None


def governed_folder(path: str) -> str:
    """Name the folder that a licence file speaks for, with its '/'; the root's is empty.

    REUSE's folder of texts, and Python's, stand for the folder around them.
    """
    folder = PurePosixPath(path.lstrip("/")).parent
    if folder.name.lower() == REUSE_FOLDER.lower():
        folder = folder.parent
    return "" if str(folder) == "." else f"{folder}/"


def folders_above(path: str) -> list[str]:
    """List the folders around a path, the nearest first, each with its '/'; the root is empty."""
    parts = path.lstrip("/").split("/")[:-1]
    return ["/".join(parts[:n]) + "/" if n else "" for n in range(len(parts), -1, -1)]


def holders_in(content: bytes) -> tuple[str, ...]:
    """Read the copyright statements of a licence file; that of a GNU licence itself is none."""
    lines = copyright_lines(content[:MOST_BYTES])
    if _GNU_OWN in content[:_HEAD_BYTES]:
        return tuple(line for line in lines if _GNU_AUTHOR not in line)
    return lines


def assertions_in(path: str, content: bytes) -> tuple[LicenseAssertion, ...]:
    """Tell which licences the text of a licence file grants.

    The own licence of a project stands first; what else was bundled follows. And where a licence's
    own words stand, other licences are only spoken of. A notice file grants nothing itself.
    """
    if _NOTICE.search(path):
        return ()
    squeezed = squeeze(content[:MOST_BYTES].lower())
    found = _own_words(squeezed[:_OWN_BYTES]) or _own_words(squeezed) or find_licenses(squeezed)
    return tuple(
        LicenseAssertion(expression, Basis.LICENSE_FILE, path.lstrip("/"), confidence)
        for expression, confidence in found
    )


def _own_words(squeezed: bytes) -> tuple[Found, ...]:
    """Find the licences whose own words stand there; a choice that only names one is none."""
    each_found = find_each(squeezed)
    for found in (as_choice(squeezed, each_found), each_found):
        if own := tuple(each for each in found if each.confidence >= TEXT):
            return own
    return ()
