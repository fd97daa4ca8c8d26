"""The members of a .tar archive, plain or compressed, as they stream by.

`tarfile` believes the sizes in headers, takes a broken header for the end, and keeps every member
in memory. So it reads here through `_Stream`, which goes forward only, returns no more at once than
a file may be large, counts what was unpacked, and remembers the last block: an archive that does
not end with a block of zeros was cut off.

Source: POSIX pax, "ustar interchange format"; the end is two blocks of zeros, of which one counts.
"""

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from sc2_attrib.index.corpus.archive_member import (
    ArchiveError,
    Member,
    OpenArchive,
    check_unpacked_bytes,
)
from sc2_attrib.index.corpus.document import SkipReason
from sc2_attrib.index.corpus.files import MAX_FILE_BYTES

_SKIP_BYTES = 1 << 20


def _open_zstd(file: IO[bytes]) -> IO[bytes]:
    import zstandard

    reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
    return cast(IO[bytes], reader)


_OPENERS: Mapping[str, Callable[[IO[bytes]], Any]] = {
    ".tar": lambda file: file,
    ".tar.gz": gzip.open,
    ".tgz": gzip.open,
    ".tar.bz2": bz2.open,
    ".tar.xz": lzma.open,
    ".tar.zst": _open_zstd,
}
SUFFIXES = tuple(_OPENERS)


@contextmanager
def open_tar(path: Path) -> Iterator[OpenArchive]:
    """Open a .tar archive.

    Raises:
        ArchiveError: here or later, the archive is damaged or hostile.
        OSError: likewise, the file can't be read.
    """
    opener = next(opener for suffix, opener in _OPENERS.items() if path.name.endswith(suffix))
    with path.open("rb") as file:
        with _explained_errors():
            stream = _Stream(opener(file), path.stat().st_size)
            tar = tarfile.TarFile(fileobj=cast(IO[bytes], stream))  # reads the first header
        yield OpenArchive(_members(tar, stream), tar.pax_headers.get("comment", ""))


def _members(tar: tarfile.TarFile, stream: "_Stream") -> Iterator[Member]:
    with _explained_errors():
        while (found := tar.next()) is not None:
            tar.members.clear()  # type: ignore[attr-defined]  # untyped; it would keep them all
            if not found.isdir():
                yield _member(tar, found)
        stream.check_end()


def _member(tar: tarfile.TarFile, found: tarfile.TarInfo) -> Member:
    name = found.name.encode(errors="surrogateescape").decode(errors="replace")

    @_explained_errors()
    def read() -> bytes:
        content = tar.extractfile(found)
        assert content is not None  # it is a regular file: there is no reason to skip it
        return content.read()

    return Member(name, found.size, read, _reason_to_skip(found))


def _reason_to_skip(found: tarfile.TarInfo) -> SkipReason | None:
    if found.issym() or found.islnk():
        return SkipReason.SYMBOLIC_LINK if found.issym() else SkipReason.HARD_LINK
    # A sparse file's holes take no space in the archive, so it is no text and may be of any size.
    if not found.isreg() or found.issparse():
        return SkipReason.SPECIAL_FILE
    return None


class _Stream:
    """A file to `tarfile`, as far as that needs one to read members in their order."""

    def __init__(self, unpacked: IO[bytes], packed_bytes: int) -> None:
        self._unpacked = unpacked
        self._packed_bytes = packed_bytes
        self._position = 0
        self._last = b""

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> None:
        if position < self._position:
            raise ArchiveError("a member states an impossible size")
        while self._position < position:
            if not self.read(min(position - self._position, _SKIP_BYTES)):
                raise ArchiveError("it ends within a member")

    def read(self, n_bytes: int) -> bytes:
        if n_bytes > MAX_FILE_BYTES:
            raise ArchiveError(f"a header claims {n_bytes:,} bytes")
        self._last = self._unpacked.read(n_bytes)
        self._position += len(self._last)
        check_unpacked_bytes(self._position, self._packed_bytes)
        return self._last

    def check_end(self) -> None:
        """Check that the members ended where the archive says so, and what is after them."""
        if len(self._last) != tarfile.BLOCKSIZE or any(self._last):
            raise ArchiveError("it ends without an end mark, or a header in it is damaged")
        while self.read(_SKIP_BYTES):  # the checksums of a compressed file stand at its end
            pass


@contextmanager
def _explained_errors() -> Iterator[None]:
    """Turn what the libraries raise for a damaged archive into ArchiveError."""
    import zstandard

    try:
        yield
    except (
        EOFError,
        ValueError,  # a number in a header that is none
        lzma.LZMAError,
        tarfile.TarError,
        zlib.error,
        zstandard.ZstdError,
    ) as err:
        raise ArchiveError(str(err)) from err
