"""A datasketch MinHash looked up in an index: for programs that have signatures of their own.

minhash = MinHash(32, hashfunc=shingle_hash, scheme="affine32")
minhash.update_batch(shingles(lex(text, fast=False)))
for window in windows_like(documents, minhash): ...
"""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sc2_attrib.index.errors import UsageError
from sc2_attrib.index.near.documents import NearDocuments
from sc2_attrib.index.near.keys import signature_keys
from sc2_attrib.index.near.scheme import ARITHMETIC, BANDS, STRIDE
from sc2_attrib.index.search import Swhid

if TYPE_CHECKING:
    from datasketch import MinHash


@dataclass(frozen=True, slots=True)
class SimilarWindow:
    """A window of a document that shares bands with a signature.

    `start`: byte offset of its first lexeme in the document. `n_bands`: equal ones, of BANDS.
    """

    document: Swhid
    start: int
    n_bands: int


def windows_like(documents: NearDocuments, minhash: "MinHash") -> list[SimilarWindow]:
    """Find the windows that share a band with a signature, the most similar first.

    Raises:
        UsageError: its permutations are not those of the index.
    """
    permutations = documents.scheme.permutations()
    if minhash.scheme != ARITHMETIC or not np.array_equal(minhash.permutations, permutations):
        raise UsageError(
            f"a MinHash of scheme {minhash.scheme} with {minhash.hashvalues.size} permutations:"
            f" this index has {permutations.shape[1]} of {ARITHMETIC}, seed 1"
        )
    hits = documents.look_up(signature_keys(minhash.hashvalues), fast=False)
    counts = Counter(zip(hits.documents.tolist(), hits.places.tolist(), strict=True))
    found = [
        SimilarWindow(
            documents.swhid(document), int(documents.milestones(document)[place // STRIDE]), n
        )
        for (document, place), n in counts.items()
        if not documents.is_removed(document)
    ]
    assert all(window.n_bands <= BANDS for window in found)
    return sorted(found, key=lambda window: (-window.n_bands, window.document, window.start))
