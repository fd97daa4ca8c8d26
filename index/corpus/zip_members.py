"""The members of a .zip archive, in the order of its directory.

The directory stands at the end of the file, so a truncated archive can't be opened at all. A member
is unpacked only as far as the directory says it is long, and its checksum is compared; what fails
is left out alone. Only members that are stored or deflated are read: all that common tools write,
and the two that can be unpacked without one small block becoming hundreds of megabytes in memory.

Source: PKWARE, APPNOTE.TXT 6.3.10.
"""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sc2_attrib.index.corpus.archive_member import (
    ArchiveError,
    Member,
    OpenArchive,
    check_unpacked_bytes,
)
from sc2_attrib.index.corpus.document import SkipReason

SUFFIX = ".zip"

_ENCRYPTED_FLAGS = 0x1 | 0x40 | 0x2000  # plain, strong, and a masked directory
_UNIX = 3  # the system whose file modes stand in the upper half of the attributes


@contextmanager
def open_zip(path: Path) -> Iterator[OpenArchive]:
    """Open a .zip archive.

    Raises:
        ArchiveError: here or later, the archive is damaged or hostile.
        OSError: likewise, the file can't be read.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as err:
        raise ArchiveError(str(err)) from err
    with archive:
        comment = archive.comment.decode(errors="replace")
        yield OpenArchive(_members(archive, path.stat().st_size), comment)


def _members(archive: zipfile.ZipFile, packed_bytes: int) -> Iterator[Member]:
    unpacked_bytes = 0

    for info in archive.infolist():

        def read(info: zipfile.ZipInfo = info) -> bytes | SkipReason:
            nonlocal unpacked_bytes
            unpacked_bytes += info.file_size
            check_unpacked_bytes(unpacked_bytes, packed_bytes)
            return _read(archive, info)

        if not info.is_dir():
            yield Member(info.filename, info.file_size, read, _reason_to_skip(info))


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | SkipReason:
    try:
        content = archive.read(info)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError):
        return SkipReason.DAMAGED
    return content if len(content) == info.file_size else SkipReason.DAMAGED


def _reason_to_skip(info: zipfile.ZipInfo) -> SkipReason | None:
    if info.flag_bits & _ENCRYPTED_FLAGS:
        return SkipReason.ENCRYPTED
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return SkipReason.FOREIGN_COMPRESSION
    mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
    if stat.S_ISLNK(mode):
        return SkipReason.SYMBOLIC_LINK
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return SkipReason.SPECIAL_FILE
    return None
