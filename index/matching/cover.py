"""Which licences a stretch of the query is already covered for.

A match inside a longer one is left out, unless it brings a licence expression that no longer one
carries. Seen from one expression: among the documents that carry it, only the matches that lie in
no longer one are reported. So found runs are kept per expression, and a chain need not be read if
every expression of its document has a run that holds the chain's bounds.

Runs are found again by (expression, cell), a cell being 4096 offsets of the query: nodes in linked
lists behind a table of buckets. A run is entered in each cell it touches.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.compiled import kernel
from sc2_attrib.index.segment.documents import LicenseSets
from sc2_attrib.index.text import Offsets

CELL_BITS = 12
_SPREAD = 7919  # a prime, so that neighbouring expressions fall into different buckets


class Cover(NamedTuple):
    """Buckets of nodes; `used[0]` nodes are in use. A node is a run of one expression."""

    buckets: npt.NDArray[np.int32]
    nexts: npt.NDArray[np.int32]
    licenses: npt.NDArray[np.int32]
    starts: Offsets
    stops: Offsets
    used: Offsets


def new_cover(n: int) -> Cover:
    """Make an empty cover for a query of `n` bytes."""
    n_buckets = 1 << max(10, (n >> CELL_BITS).bit_length() + 4)
    return _with_room(256, np.full(n_buckets, -1, np.int32), np.zeros(1, np.int64))


def grown(cover: Cover) -> Cover:
    """Copy a cover with twice as much room."""
    n = cover.nexts.size
    more = _with_room(2 * n, cover.buckets, cover.used)
    more.nexts[:n], more.licenses[:n] = cover.nexts, cover.licenses
    more.starts[:n], more.stops[:n] = cover.starts, cover.stops
    return more


def _with_room(n: int, buckets: npt.NDArray[np.int32], used: Offsets) -> Cover:
    return Cover(
        buckets=buckets,
        nexts=np.empty(n, np.int32),
        licenses=np.empty(n, np.int32),
        starts=np.empty(n, np.int64),
        stops=np.empty(n, np.int64),
        used=used,
    )


@kernel
def bucket_of(n_buckets: int, license: int, cell: int) -> int:
    """Bucket of an expression in a cell, among a power of two."""
    return (license * _SPREAD + cell) & (n_buckets - 1)


@kernel
def is_covered(cover: Cover, license: int, lower: int, upper: int) -> bool:
    """Tell whether a run of a document with `license` holds [lower, upper)."""
    node = cover.buckets[bucket_of(cover.buckets.size, license, lower >> CELL_BITS)]
    while node >= 0:
        if (
            cover.starts[node] <= lower
            and cover.stops[node] >= upper
            and cover.licenses[node] == license
        ):
            return True
        node = cover.nexts[node]
    return False


@kernel
def is_open(cover: Cover, sets: LicenseSets, license_set: int, lower: int, upper: int) -> bool:
    """Tell whether a match in [lower, upper) could be news for any expression of the set."""
    for i in range(sets.starts[license_set], sets.starts[license_set + 1]):
        if not is_covered(cover, sets.ids[i], lower, upper):
            return True
    return False


@kernel
def room_needed(sets: LicenseSets, license_set: int, lower: int, upper: int, n_runs: int) -> int:
    """Most nodes that `n_runs` runs within [lower, upper) can take."""
    cells = (upper - lower >> CELL_BITS) + 2
    n_licenses = int(sets.starts[license_set + 1] - sets.starts[license_set])
    return n_licenses * (cells + n_runs)


@kernel
def add_run(cover: Cover, sets: LicenseSets, license_set: int, start: int, stop: int) -> None:
    """Enter a run for every expression of the set; the cover must have room."""
    for i in range(sets.starts[license_set], sets.starts[license_set + 1]):
        license = sets.ids[i]
        if is_covered(cover, license, start, stop):
            continue
        for cell in range(start >> CELL_BITS, (stop - 1 >> CELL_BITS) + 1):
            node = cover.used[0]
            bucket = bucket_of(cover.buckets.size, license, cell)
            cover.nexts[node] = cover.buckets[bucket]
            cover.licenses[node] = license
            cover.starts[node] = start
            cover.stops[node] = stop
            cover.buckets[bucket] = node
            cover.used[0] = node + 1
