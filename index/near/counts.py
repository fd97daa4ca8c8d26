"""The lexemes of a text, and how many stand in an extent of it."""

import sys
from functools import cached_property

import numpy as np

from sc2_attrib.index.near.lexer import Lexemes, lex

_WORTH_LOADING = 1 << 18  # bytes from which on loading machine code pays


class LexemeCounts:
    """Counts lexemes in one text, which is cut into them when first asked."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    def count(self, start: int, stop: int) -> int:
        """Count the lexemes that begin in bytes [start, stop); comments have none."""
        first, last = np.searchsorted(self.lexemes.starts, [start, stop])
        return int(last - first)

    @cached_property
    def lexemes(self) -> Lexemes:
        """All lexemes of the text."""
        fast = "numba" in sys.modules or len(self._text) >= _WORTH_LOADING
        return lex(self._text, fast=fast)
