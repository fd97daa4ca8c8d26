"""Grams of normalised text: which ones an index keeps, and the three hashes of each.

The plain way to find every shared run of T bytes is to index every position of the corpus. That is
one posting a byte. Here only the k-grams that begin at multiples of a stride S are indexed, and
every k-gram of the query is looked up. With k + S - 1 = T, any run of T bytes holds one indexed
gram whole, so nothing of T bytes or more is missed, at 1/S of the postings.

A gram has
  key          64 bits: 36 of *cluster*, then 28 of the gram's own hash. The cluster is the
               remixed minimum over the gram's 12-mers: neighbouring grams of a text mostly share
               it, so their postings share pages on disk.
  fingerprint  16 further bits of its own hash.
  context      4 bits of the 13 bytes before it, 4 bits of the 13 bytes after it. Equal bits mean
               nothing; different bits prove that a match reaches at most 12 bytes further.

`dense_grams` is NumPy alone and says exactly what is computed; gram_kernels.py computes the same as
machine code, and tests compare the two. docs/FORMAT.md holds the arithmetic for other readers.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.text import Bytes

Keys = npt.NDArray[np.uint64]
Fingerprints = npt.NDArray[np.uint16]
Contexts = npt.NDArray[np.uint8]

MIX_1 = 0xFF51AFD7ED558CCD  # the two multipliers of MurmurHash3's 64-bit finaliser
MIX_2 = 0xC4CEB9FE1A85EC53
MIX_3 = 0x9E3779B97F4A7C15  # 2**64 / golden ratio
CLUSTER_MASK = 0xFFFFFFFFF0000000  # top 36 bits of a key

MER = 12  # bytes of the pieces whose minimum names the cluster
CONTEXT = 13  # bytes on each side that the context bits are taken from
PADDING = 64  # zero bytes that every kernel may read before and after a text

SHORTEST_GUARANTEE = 32  # below it, most matches are idioms
LONGEST_GUARANTEE = 1000


@dataclass(frozen=True, slots=True)
class GramShape:
    """Gram length k and stride S, both in normalised bytes; k is a multiple of 8, at least 16."""

    k: int
    stride: int

    @classmethod
    def for_guarantee(cls, chars: int) -> "GramShape":
        """Choose k and S so that every run of `chars` bytes holds an indexed gram.

        Longer grams have fewer false partners, shorter ones allow a longer stride and thus a
        smaller index: 24 at the default guarantee of 50, 16 below 40, 40 from 80 on. The stride is
        never shorter than CONTEXT, so that context bits that differ part two neighbours.
        """
        k = 16 if chars < 40 else 24 if chars < 80 else 40
        return cls(k, chars - k + 1)

    @property
    def guarantee(self) -> int:
        """Shortest run that is certain to hold an indexed gram: T = k + S - 1."""
        return self.k + self.stride - 1

    @property
    def reach(self) -> int:
        """Most bytes of a match that lie beyond its outermost indexed gram, on one side: S - 1."""
        return self.stride - 1


def padded(normalized: bytes) -> Bytes:
    """Copy a text between two stretches of PADDING zero bytes."""
    text = np.zeros(len(normalized) + 2 * PADDING, dtype=np.uint8)
    text[PADDING : PADDING + len(normalized)] = np.frombuffer(normalized, dtype=np.uint8)
    return text


def dense_grams(text: Bytes, k: int) -> tuple[Keys, Fingerprints, Contexts]:
    """Hash every k-gram of a padded text.

    Args:
        text: shape (n + 2 * PADDING,), as `padded` makes it.
        k: gram length, a multiple of 8.

    Returns:
        Keys, fingerprints and contexts of the grams at offsets 0 … n - k; empty where n < k.
    """
    n_grams = max(text.size - 2 * PADDING - k + 1, 0)
    windows = np.lib.stride_tricks.sliding_window_view(text, 8)
    words: Keys = np.ascontiguousarray(windows).view("<u8")[:, 0]
    at = slice(PADDING, PADDING + n_grams)

    gram = np.full(n_grams, MIX_3 * k % 2**64, dtype=np.uint64)
    for offset in range(0, k, 8):
        gram = (gram ^ words[PADDING + offset : PADDING + offset + n_grams]) * np.uint64(MIX_1)
        gram ^= gram >> np.uint64(32)
    gram *= np.uint64(MIX_2)
    gram ^= gram >> np.uint64(33)

    mers = _mix(words[:-4], words[4:])
    smallest = np.lib.stride_tricks.sliding_window_view(mers, k - MER + 1)[at].min(axis=1)
    cluster = _remix(smallest) & np.uint64(CLUSTER_MASK)

    sides = _mix(words[:-5], words[5:]) >> np.uint64(60)
    before = sides[PADDING - CONTEXT : PADDING - CONTEXT + n_grams]
    after = sides[PADDING + k : PADDING + k + n_grams]
    return (
        cluster | (gram >> np.uint64(36)),
        (gram & np.uint64(0xFFFF)).astype(np.uint16),
        (before << np.uint64(4) | after).astype(np.uint8),
    )


def _mix(first: Keys, last: Keys) -> Keys:
    """Hash pieces of 9 to 16 bytes from their first and last eight."""
    mixed = (first ^ (first >> np.uint64(29))) * np.uint64(MIX_1)
    mixed = ((mixed ^ (mixed >> np.uint64(32))) ^ last) * np.uint64(MIX_2)
    return mixed ^ (mixed >> np.uint64(32))


def _remix(hashes: Keys) -> Keys:
    """Spread minima, which crowd near zero, over all 64 bits."""
    mixed = hashes * np.uint64(MIX_3)
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(MIX_1)
    return mixed ^ (mixed >> np.uint64(32))
