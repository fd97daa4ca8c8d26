"""What the readers of the archive formats have in common: members, and what they refuse to unpack.

An archive of a few kilobytes can unpack to terabytes. Code shrinks to a third or a tenth, seldom to
a hundredth, so an archive that goes on far beyond that was made to exhaust whoever reads it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sc2_attrib.index.corpus.document import SkipReason

MAX_UNPACKED_RATIO = 200
HARMLESS_BYTES = 100_000_000  # unpacked in a second: no ratio is looked at below


class ArchiveError(Exception):
    """An archive is damaged or hostile; says why, not which."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member that is no folder.

    `name` is as the archive has it. With a `reason` there is nothing to read. `read` may be called
    until the next member is asked for, if `n_bytes` is within the size limit of a file.
    """

    name: str
    n_bytes: int
    read: Callable[[], bytes | SkipReason]
    reason: SkipReason | None = None


@dataclass(frozen=True, slots=True)
class OpenArchive:
    """The members in the archive's order, and the comment on the whole archive; may be empty."""

    members: Iterator[Member]
    comment: str


def check_unpacked_bytes(unpacked_bytes: int, packed_bytes: int) -> None:
    """Refuse to go on with an archive that unpacks to much more than code ever does.

    Raises:
        ArchiveError: it does.
    """
    if unpacked_bytes > max(HARMLESS_BYTES, MAX_UNPACKED_RATIO * packed_bytes):
        raise ArchiveError(
            f"it unpacks to more than {MAX_UNPACKED_RATIO} times its {packed_bytes:,} bytes,"
            " which no archive of code does"
        )
