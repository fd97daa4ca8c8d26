"""The numbers that the near keys of an index depend on; its manifest keeps them.

Signatures are datasketch's: its permutations are drawn when an index is made and kept from then on,
so that a later version that draws others changes nothing in an index that exists.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sc2_attrib.index.near.lexer import Numbers

BANDS, ROWS = 8, 4  # of a signature; docs/decisions has the table of what else was tried
SEED = 1  # of the permutations, datasketch's own default
ARITHMETIC = "affine32"  # datasketch's name for it

WINDOW = 128  # shingles that a signature stands for
STRIDE = 64  # lexemes from one window of a document to the next
QUERY_STRIDE = 16  # the same of a text that is looked up
SHINGLE = 5  # lexemes hashed together
GRAM = 34  # lexemes of a token gram
GRAM_STRIDE = 32  # lexemes from one to the next: every run of 65 holds one whole
UNITS = STRIDE // GRAM_STRIDE  # a unit is GRAM_STRIDE lexemes; positions are counted in units
SHORTEST = 34  # texts of fewer lexemes have no keys


@dataclass(frozen=True, slots=True)
class NearScheme:
    """Permutations of the signatures: row i maps a hash h to multipliers[i] * h + offsets[i]."""

    multipliers: tuple[int, ...]
    offsets: tuple[int, ...]

    @classmethod
    def new(cls) -> "NearScheme":
        """Take the permutations of a datasketch MinHash."""
        from datasketch import MinHash  # 0.8 s: only where an index is made

        multipliers, offsets = MinHash(BANDS * ROWS, SEED, scheme=ARITHMETIC).permutations
        return cls(tuple(multipliers.tolist()), tuple(offsets.tolist()))

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> "NearScheme":
        """Read what `to_fields` made.

        Raises:
            ValueError: these are the fields of another scheme.
        """
        scheme = cls(tuple(map(int, fields["multipliers"])), tuple(map(int, fields["offsets"])))
        if fields != scheme.to_fields() or not scheme._is_sound():
            raise ValueError("near keys of another kind than this version reads")
        return scheme

    def to_fields(self) -> dict[str, Any]:
        """List everything that keys depend on."""
        return {
            "arithmetic": ARITHMETIC,
            "seed": SEED,
            "bands": BANDS,
            "rows": ROWS,
            "window": WINDOW,
            "stride": STRIDE,
            "shingle": SHINGLE,
            "gram": GRAM,
            "gram_stride": GRAM_STRIDE,
            "multipliers": list(self.multipliers),
            "offsets": list(self.offsets),
        }

    def permutations(self) -> Numbers:
        """Both rows as an array of shape (2, BANDS * ROWS)."""
        return np.array([self.multipliers, self.offsets], np.int64)

    def _is_sound(self) -> bool:
        numbers = self.multipliers + self.offsets
        return len(numbers) == 2 * BANDS * ROWS and all(0 <= n < 1 << 32 for n in numbers)
