"""Placeholders of redacted text, and what they stand for in a text that was not redacted.

Training text holds <NAME>, <EMAIL>, <KEY> and <PASSWORD> where personal data stood. A placeholder
may stand for up to 64 bytes without a line end, alone or inside a string.
"""

import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.near.alignment import ALONE, Alignment, Side
from sc2_attrib.index.near.lexer import PLACEHOLDERS, Numbers

MOST_REDACTED = 64  # bytes that a placeholder may stand for
_PLACEHOLDER = re.compile(b"|".join(map(re.escape, PLACEHOLDERS)))
_ANYTHING = b"[^\r\n]{0,%d}" % MOST_REDACTED
_MOST_TEXT = 1024  # bytes of a changed place that is looked at
_MOST_PLACEHOLDERS = 2  # in one changed place: more make patterns that take long to refute


def with_redactions(alignment: Alignment, left: Side, right: Side) -> Alignment:
    """Count the columns as equal where one side is the other with placeholders in it."""
    redacted = np.zeros_like(alignment.equal)
    if has_placeholder(left) or has_placeholder(right):
        for start, stop in changed_places(alignment.equal):
            ours = text_of(left, alignment.lefts[start:stop])
            theirs = text_of(right, alignment.rights[start:stop])
            redacted[start:stop] = is_redaction(ours, theirs) or is_redaction(theirs, ours)
    return Alignment(
        alignment.lefts,
        alignment.rights,
        alignment.equal | redacted,
        alignment.renamed,
        redacted,
    )


def has_placeholder(side: Side) -> bool:
    """Tell whether a text was redacted somewhere."""
    return _PLACEHOLDER.search(side.text.tobytes()) is not None


def is_redaction(redacted: bytes, original: bytes) -> bool:
    """Tell whether one text is the other with placeholders for parts of it."""
    parts = _PLACEHOLDER.split(redacted)
    if (
        not 1 < len(parts) <= _MOST_PLACEHOLDERS + 1
        or max(len(redacted), len(original)) > _MOST_TEXT
    ):
        return False
    return re.fullmatch(_ANYTHING.join(map(re.escape, parts)), original) is not None


def changed_places(equal: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """List the runs of columns that are not equal, as half-open ranges."""
    edges = np.flatnonzero(np.diff(equal, prepend=True, append=True))
    starts, stops = edges[::2].tolist(), edges[1::2].tolist()
    yield from zip(starts, stops, strict=True)


def text_of(side: Side, lexemes: Numbers) -> bytes:
    """The text from the first of some lexemes to the last, which may be ALONE."""
    present = lexemes[lexemes != ALONE]
    if not present.size:
        return b""
    return side.text[int(side.starts[present[0]]) : int(side.stops[present[-1]])].tobytes()
