"""Texts made ready for matching: normalised, joined, and hashed.

Several texts are looked up at once. They are joined with a byte that normalised text can't hold, so
no gram that crosses from one text to the next is in any index. Offsets below are into the joined
text.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sc2_attrib.index import grams
from sc2_attrib.index.compiled import kernel
from sc2_attrib.index.grams import PADDING, Contexts, Fingerprints, GramShape, Keys
from sc2_attrib.index.text import Bytes, Offsets, normalize

SEPARATOR = b"\n"  # equals no byte of the contexts in hot lists either, which end in BORDER


class Query(NamedTuple):
    """What kernels know of the checked texts.

    `text`: uint8, the joined normalised texts from their first byte on, SEPARATOR after each.
    `owners`: int32, number of the text that each byte belongs to.
    `starts`: int64, shape (n_texts + 1,): text t is [starts[t], starts[t + 1] - 1).
    `slots`: int32, for the gram at each offset its slot in the hot table, or -1.
    `k`, `stride`: the gram shape. `min_chars`: shortest match that is asked for.
    """

    text: Bytes
    owners: npt.NDArray[np.int32]
    starts: Offsets
    slots: npt.NDArray[np.int32]
    k: int
    stride: int
    min_chars: int


class QueryGrams(NamedTuple):
    """Hashes of every gram of the joined text, by offset; see grams.py."""

    keys: Keys
    fingerprints: Fingerprints
    contexts: Contexts


def prepare(
    texts: Sequence[bytes], shape: GramShape, *, min_chars: int, fast: bool
) -> tuple[Query, QueryGrams]:
    """Normalise, join and hash raw texts. `fast`: use machine code."""
    normalized = [normalize(text) for text in texts]
    starts = np.cumsum([0, *(len(text) + 1 for text in normalized)], dtype=np.int64)
    padded = grams.padded(SEPARATOR.join([*normalized, b""]))
    owners = np.repeat(np.arange(len(texts), dtype=np.int32), np.diff(starts))
    slots = np.full(owners.size, -1, np.int32)
    query = Query(padded[PADDING:], owners, starts, slots, shape.k, shape.stride, min_chars)
    return query, hash_grams(padded, shape.k, fast=fast)


def hash_grams(padded: Bytes, k: int, *, fast: bool) -> QueryGrams:
    """Hash every gram of a text that was `grams.padded`. `fast`: use machine code."""
    if not fast:
        return QueryGrams(*grams.dense_grams(padded, k))
    from sc2_attrib.index import gram_kernels

    n = max(padded.size - 2 * PADDING - k + 1, 0)
    hashes = QueryGrams(np.empty(n, np.uint64), np.empty(n, np.uint16), np.empty(n, np.uint8))
    gram_kernels.dense_grams(padded, n, k, *hashes)
    return hashes


@kernel
def text_start(query: Query, offset: int) -> int:
    """First offset of the text that `offset` lies in."""
    return query.starts[query.owners[offset]]  # type: ignore[no-any-return]  # an integer


@kernel
def text_stop(query: Query, offset: int) -> int:
    """End of the text that `offset` lies in: the offset of its separator."""
    return query.starts[query.owners[offset] + 1] - 1  # type: ignore[no-any-return]  # an integer
