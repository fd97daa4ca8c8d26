"""Which grams very many documents share, as far as one load has seen, and what tells these apart.

A licence header stands in millions of files. Whether one more of them holds a longer match than
those that are known can't be told from grams that lie a stride apart: it may go on for a few bytes
only. So the gram of a document that many had before is a *hot* one, and its surroundings are terms
as well: two *edges*, the gram with the bytes behind it, and the gram with those before it, from the
nearest on. A prefix of an edge finds the documents that agree so far (crowds.py).

The counts are by hash, in a table that doesn't grow. They only decide what an answer costs: a gram
that is not hot names its documents one by one.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.grams import Keys

POPULAR = 64  # documents of one load that have a gram before it is hot
_SLOT_BITS: Final = 25  # a term keeps these bits of a key, so equal terms have the same count
_MOST: Final = 0xFFFF  # a count stays there
_BY_CHANCE: Final = 4  # times the mean count: what grams that share a slot may add up to

TERM_CHARS: Final = 8  # base64 of 48 bits
BEHIND: Final = ">"
BEFORE: Final = "<"
_READABLE: Final = {b: 0x100 + b for b in (*range(33), *range(127, 256))}  # no control characters


class Popularity:
    """Counts the documents that had each gram. Threads may share it: a lost count costs nothing."""

    def __init__(self) -> None:
        self._counts = np.zeros(1 << _SLOT_BITS, np.uint16)
        self._n_counted = 0

    def count(self, keys: Keys) -> npt.NDArray[np.bool_]:
        """Count a document by the keys of its grams, and tell which of them are hot."""
        slots = (keys & np.uint64((1 << _SLOT_BITS) - 1)).astype(np.int64)
        distinct = np.unique(slots)
        self._counts[distinct] = np.minimum(self._counts[distinct], _MOST - 1) + 1
        self._n_counted += distinct.size
        by_chance = _BY_CHANCE * (self._n_counted >> _SLOT_BITS)
        is_hot: npt.NDArray[np.bool_] = self._counts[slots] > min(POPULAR + by_chance, _MOST - 1)
        return is_hot


def edge(term: str, side: str, context: bytes) -> str:
    """Write an edge: the term of a gram, BEHIND or BEFORE, the bytes there from the gram on."""
    return f"{term}{side}{context.decode('latin-1').translate(_READABLE)}"


def gram_of(edge: str) -> str:
    """Read the term of the gram that an edge belongs to."""
    return edge[:TERM_CHARS]
