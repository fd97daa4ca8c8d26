"""Other methods to find copies, to compare with: MinHash of files and of windows, winnowing.

Each is given documents by number and then answers which of them a text may be a copy of. MinHash
and its index are datasketch's, with shingles of 5 lexemes by our lexer; winnowing is written here
by its paper and SCANOSS' parameters (the hash is another, which decides nothing).

Sources: Broder 1997; Schleimer, Wilkerson and Aiken 2003, Winnowing: local algorithms for document
fingerprinting; scanoss.py, `winnowing.py` (grams of 30, windows of 64, files from 256 bytes on).
"""

import zlib
from collections import Counter, defaultdict
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from sc2_attrib.attribution.thresholds import (
    SCANOSS_GRAM,
    SCANOSS_LEAST_FILE,
    SCANOSS_WINDOW,
    winnowed_text,
)
from sc2_attrib.index.near.keys import shingles
from sc2_attrib.index.near.lexer import lex
from sc2_attrib.index.near.scheme import STRIDE, WINDOW

Hashes = npt.NDArray[np.uint64]
FACTOR = np.uint64(0x9E3779B97F4A7C15)


class Peer(Protocol):
    """A method."""

    def add(self, number: int, document: bytes) -> None:
        """Take a document."""

    def find(self, text: bytes) -> list[int]:
        """List the documents a text may be a copy of, the likeliest first."""


class FileMinHash:
    """datasketch's MinHash LSH on whole files: Jaccard 0.7, 128 permutations."""

    def __init__(self) -> None:
        from datasketch import MinHashLSH

        self._index = MinHashLSH(threshold=0.7, num_perm=128)

    def add(self, number: int, document: bytes) -> None:
        """Take a document."""
        self._index.insert(str(number), minhash(shingles(lex(document, fast=True))))

    def find(self, text: bytes) -> list[int]:
        """Ask for files like the text."""
        return sorted(map(int, self._index.query(minhash(shingles(lex(text, fast=True))))))


class WindowMinHash:
    """The same on windows of 128 shingles, one each 64; a text has one each 16."""

    def __init__(self) -> None:
        from datasketch import MinHashLSH

        self._index = MinHashLSH(threshold=0.7, num_perm=128)

    def add(self, number: int, document: bytes) -> None:
        """Take a document."""
        found = shingles(lex(document, fast=True))
        with self._index.insertion_session() as session:
            for at in range(0, max(len(found) - WINDOW // 2, 1), STRIDE):
                session.insert(f"{number}:{at}", minhash(found[at : at + WINDOW]))

    def find(self, text: bytes) -> list[int]:
        """Ask for windows like those of the text."""
        found = shingles(lex(text, fast=True))
        counts: Counter[int] = Counter()
        for at in range(0, max(len(found) - WINDOW + 1, 1), STRIDE // 4):
            rows = self._index.query(minhash(found[at : at + WINDOW]))
            counts.update({int(row.partition(":")[0]) for row in rows})
        return [number for number, _ in sorted(counts.items(), key=lambda item: (-item[1], item))]


class Winnowing:
    """Documents that share a fingerprint with the text."""

    def __init__(self) -> None:
        self._documents: dict[int, set[int]] = defaultdict(set)

    def add(self, number: int, document: bytes) -> None:
        """Take a document."""
        for value in fingerprints(document):
            self._documents[value].add(number)

    def find(self, text: bytes) -> list[int]:
        """Count the fingerprints that documents share with the text."""
        counts: Counter[int] = Counter()
        for value in fingerprints(text):
            counts.update(self._documents.get(value, ()))
        return [number for number, _ in sorted(counts.items(), key=lambda item: (-item[1], item))]


def minhash(of: list[bytes]) -> Any:
    """Make a signature of shingles."""
    from datasketch import MinHash

    signature = MinHash(num_perm=128, seed=1, hashfunc=zlib.crc32)
    if of:
        signature.update_batch(of)
    return signature


def fingerprints(text: bytes) -> set[int]:
    """Winnow a file: the least hash of each window of 64 grams of 30 letters and digits."""
    kept = np.frombuffer(winnowed_text(text), np.uint8).astype(np.uint64)
    n_grams = kept.size - SCANOSS_GRAM + 1
    if len(text) < SCANOSS_LEAST_FILE or n_grams < 1:
        return set()
    hashes = np.zeros(n_grams, np.uint64)
    for at in range(SCANOSS_GRAM):
        hashes = hashes * FACTOR + kept[at : at + n_grams]
    hashes ^= hashes >> np.uint64(29)
    hashes *= FACTOR
    windows = np.lib.stride_tricks.sliding_window_view(hashes, min(SCANOSS_WINDOW, n_grams))
    return set(windows.min(axis=1).tolist())
