"""How a build divides the memory it may use: the one place that does.

Whatever grows with a corpus is appended to files beside the segment (segment/spool.py). What stays
in memory is bounded by this plan, in three shares:

    batches     1/4   texts on their way through the threads, with all that is made of them
    documents   1/4   which contents a segment holds; later, the order of its occurrences
    postings    1/2   one group of postings a thread, while it is sorted

The first two are in use together, the third after them. A segment that outgrows its share is closed
and another begun; an index is taken as one, however many segments it has. The interpreter and the
libraries come on top, 150 to 250 MB, and so does the reader of a large source (read_ahead.py), a
process of 60 MB and what its tables unpack at a time.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sc2_attrib.index.errors import UsageError

LEAST_MEMORY = 256 << 20
DEFAULT_MEMORY = 1 << 30

_BYTES_IN_FLIGHT = 64  # for each byte of a batch: six batches wait, each with what is made of it
_LEAST_BATCH, _LARGEST_BATCH = 1 << 20, 8 << 20  # raw bytes; larger ones are not faster
_BYTES_AN_OCCURRENCE = 48  # id, slots of the table; later the sorted order and its temporaries
_BYTES_A_POSTING = 96  # key and payload four times over while they are sorted, contexts if hot
_TEXT_BYTES = 24  # raw text of a segment for each byte of memory: see `most_raw_bytes`


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """What each part of a build may hold.

    `batch_bytes`: raw text hashed and compressed at a time. `most_occurrences`, `most_raw_bytes`
    and `most_part_postings`: a segment is full at so many; the second keeps the text that hot
    grams are compared in small enough for the page cache of a machine that has 32 times the
    memory. `group_postings`: sorted at a time.
    """

    batch_bytes: int
    most_occurrences: int
    most_raw_bytes: int
    most_part_postings: int
    group_postings: int

    @classmethod
    def of(cls, memory_bytes: int, jobs: int) -> Self:
        """Divide memory.

        Args:
            memory_bytes: for all of it.
            jobs: threads that sort at the same time.

        Raises:
            UsageError: there is too little.
        """
        if memory_bytes < LEAST_MEMORY:
            raise UsageError(
                f"--memory {memory_bytes / (1 << 20):.0f}MiB: a build needs at least"
                f" {LEAST_MEMORY >> 20}MiB"
            )
        batch = memory_bytes // 4 // _BYTES_IN_FLIGHT
        postings = memory_bytes // 2 // _BYTES_A_POSTING
        return cls(
            batch_bytes=min(max(batch, _LEAST_BATCH), _LARGEST_BATCH),
            most_occurrences=memory_bytes // 4 // _BYTES_AN_OCCURRENCE,
            most_raw_bytes=memory_bytes * _TEXT_BYTES,
            most_part_postings=postings,
            group_postings=postings // (jobs + 2),  # those sorted, one written, one that waits
        )


class MemoryWatch:
    """Remembers the most anonymous memory this process had whenever somebody looked."""

    def __init__(self) -> None:
        self.peak_bytes: int | None = None
        self.look()

    def look(self) -> None:
        """Look at it now; Linux alone tells."""
        try:
            status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        except OSError:
            return
        found = re.search(r"^RssAnon:\s*(\d+) kB", status, re.MULTILINE)
        if found:
            self.peak_bytes = max(int(found[1]) * 1024, self.peak_bytes or 0)
