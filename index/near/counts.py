"""How many lexemes stand in an extent of a text."""

import sys
from functools import cached_property

import numpy as np

from sc2_attrib.index.near.lexer import Numbers, lex

_WORTH_LOADING = 1 << 18  # bytes from which on loading machine code pays


class LexemeCounts:
    """Counts lexemes in one text, which is cut into them when first asked."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    def count(self, start: int, stop: int) -> int:
        """Count the lexemes that begin in bytes [start, stop); comments have none."""
        first, last = np.searchsorted(self._starts, [start, stop])
        return int(last - first)

    @cached_property
    def _starts(self) -> Numbers:
        fast = "numba" in sys.modules or len(self._text) >= _WORTH_LOADING
        return lex(self._text, fast=fast).starts
