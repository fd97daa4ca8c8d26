"""Licence evidence that a file carries itself; read as given, judged elsewhere.

Read is the head of the file. The tag `SPDX-License-Identifier: <expression>` is made to be read:
where there is one, words are not looked at. The comment's own end (`*/`, `-->`, a quote) is no part
of the expression. Without a tag, the notices and permissions of well-known licences are recognised
(license_phrases.py). Who holds the copyright is read as it stands (copyright_lines.py).

Every file of a corpus comes through here, so what most heads lack is looked for first.

Source: SPDX 2.3, annex E; REUSE 3.3, "Comment headers".
"""

import re
from functools import lru_cache
from typing import NamedTuple

from sc2_attrib.index.corpus.copyright_lines import copyright_lines
from sc2_attrib.index.corpus.document import Basis, LicenseAssertion
from sc2_attrib.index.corpus.license_phrases import find_licenses, squeeze

# A header stands above the code; further down it is more often text that speaks of licences.
HEADER_BYTES = 4096

STATED = 1.0  # confidence in what is written to be read by programs

_TAG_NAME = b"SPDX-License-Identifier:"
_TAG = re.compile(re.escape(_TAG_NAME) + rb"[ \t]*(\(*[A-Za-z0-9](?:[\w.+:() \t-]*[\w+)])?)")

# One of these stands, in any case, in every text that grants something; see license_phrases.py.
_GRANTING = (b"licen", b"permission", b"redistribut", b"public domain", b"gpl")
_CACHED_REGIONS = 1024  # the same few notices stand in most files of a repository


class FileEvidence(NamedTuple):
    """What a file says of its own licence; the fields are those of `Occurrence`."""

    licenses: tuple[LicenseAssertion, ...] = ()
    copyright: tuple[str, ...] = ()


def read_evidence(content: bytes) -> FileEvidence:
    """Read the licences and copyright statements in the head of a file."""
    head = content[:HEADER_BYTES]
    lowered = head.lower()
    return FileEvidence(_licenses(head, lowered), copyright_lines(head, lowered))


def _licenses(head: bytes, lowered: bytes) -> tuple[LicenseAssertion, ...]:
    """Read the licences in a head, each distinct expression once: its tags, else its words."""
    if _TAG_NAME in head and (expressions := dict.fromkeys(_TAG.findall(head))):
        return tuple(
            LicenseAssertion(tag.decode("ascii"), Basis.HEADER, None, STATED) for tag in expressions
        )
    region = _granting_region(lowered)
    return _licenses_in_words(region) if region else ()


def _granting_region(lowered: bytes) -> bytes:
    """Cut out what may grant something; it is often the same in all files of a project.

    That is from the line before the first word that may, to the end of the paragraph or comment
    that holds the last.
    """
    found = {word: at for word in _GRANTING if (at := lowered.find(word)) >= 0}
    if not found:
        return b""
    first = min(found.values())
    line_before = lowered.rfind(b"\n", 0, max(lowered.rfind(b"\n", 0, first), 0))
    last = max(lowered.rfind(word, first) for word in found)
    ends = [at for at in (lowered.find(b"\n\n", last), lowered.find(b"*/", last)) if at >= 0]
    return lowered[line_before + 1 : min(ends, default=len(lowered))]


@lru_cache(_CACHED_REGIONS)
def _licenses_in_words(text: bytes) -> tuple[LicenseAssertion, ...]:
    return tuple(
        LicenseAssertion(expression, Basis.HEADER, None, confidence)
        for expression, confidence in find_licenses(squeeze(text))
    )
