"""Licence evidence that a file carries itself; read as given, judged elsewhere.

A file says its licence with the tag `SPDX-License-Identifier: <expression>` in a comment near its
top. The comment's own end (`*/`, `-->`, a quote) is not part of the expression. Anything else a
header may say, the licence's text for one, is not read here.

Source: SPDX 2.3, annex E.
"""

import re

from sc2_attrib.index.corpus.document import Basis, LicenseAssertion

# A header's tag stands above the code; further down it is more often text that speaks of tags.
HEADER_BYTES = 4096

_TAG_NAME = b"SPDX-License-Identifier:"
_TAG = re.compile(re.escape(_TAG_NAME) + rb"[ \t]*(\(*[A-Za-z0-9](?:[\w.+:() \t-]*[\w+)])?)")


def header_assertions(content: bytes) -> tuple[LicenseAssertion, ...]:
    """Read the licence tags in the first lines of a file, each distinct expression once."""
    header = content[:HEADER_BYTES]
    if _TAG_NAME not in header:
        return ()
    expressions = dict.fromkeys(tag.decode("ascii") for tag in _TAG.findall(header))
    return tuple(LicenseAssertion(expression, Basis.HEADER) for expression in expressions)
