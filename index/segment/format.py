"""The container of every index file: named sections with checksums between a header and a trailer.

    header   16 bytes   magic, kind of file, format version
    sections            each begins at a multiple of 4096 bytes, so that pages can be mapped
    table               where each section lies, and the CRC-32 of every 64 KiB of it
    trailer  32 bytes   where the table lies, its CRC-32, magic again

The trailer is written last, so a file that was not finished is recognised. A reader maps the file
and checks a 64 KiB chunk when bytes of it are first asked for; what has checksums of its own (gram
pages, zstd frames) is asked for with `unchecked`. All integers are little-endian. docs/FORMAT.md is
the authority.
"""

import hashlib
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import zstandard

from sc2_attrib.index.errors import CorruptIndexError, IndexVersionError
from sc2_attrib.index.segment.mapped import MappedFile, Stretches

Data = bytes | memoryview | npt.NDArray[Any]

FORMAT_VERSION = 1
MAGIC = b"SC2ATTR\n"
ALIGNMENT = 4096
CHUNK_BYTES = 1 << 16  # what one checksum covers

HEADER = struct.Struct("<8s4sI")  # magic, kind, version
TRAILER = struct.Struct("<QQII8s")  # table offset, table length, table CRC-32, zero, magic
ENTRY = struct.Struct("<16sQQ")  # section name, offset, length; then the CRC-32s of its chunks


def octets(data: Data) -> memoryview:
    """View contiguous data as bytes."""
    # NumPy's annotations declare the buffer protocol from Python 3.12 on.
    view = memoryview(data)  # type: ignore[arg-type]
    return view.cast("B") if view.nbytes else memoryview(b"")  # nothing can't be cast


class SectionWriter:
    """Writes one file from start to end; not usable before `finish` has returned."""

    def __init__(self, path: Path, kind: bytes) -> None:
        """Create `path`; `kind` is four ASCII characters."""
        self._path = path
        self._file = path.open("wb")
        self._file.write(HEADER.pack(MAGIC, kind, FORMAT_VERSION))
        self._at = HEADER.size
        self._entries: list[bytes] = []
        self._name = ""
        self._start = 0
        self._checksums: list[int] = []
        self._chunk_crc = 0
        self._chunk_filled = 0

    def begin(self, name: str) -> None:
        """Start a section; the one before it ends here."""
        self._end()
        self._write_plain(b"\0" * (-self._at % ALIGNMENT))
        self._name, self._start = name, self._at
        self._checksums, self._chunk_crc, self._chunk_filled = [], 0, 0

    def write(self, data: Data) -> None:
        """Append to the section."""
        view = octets(data)
        self._write_plain(view)
        while view.nbytes:
            part = view[: CHUNK_BYTES - self._chunk_filled]
            self._chunk_crc = zlib.crc32(part, self._chunk_crc)
            self._chunk_filled += part.nbytes
            if self._chunk_filled == CHUNK_BYTES:
                self._close_chunk()
            view = view[part.nbytes :]

    def add(self, name: str, data: Data) -> None:
        """Write a whole section."""
        self.begin(name)
        self.write(data)

    def finish(self) -> int:
        """Write table and trailer, flush to the disk, close; the file's length in bytes."""
        self._end()
        table = b"".join(self._entries)
        start = self._at
        self._write_plain(table)
        self._write_plain(TRAILER.pack(start, len(table), zlib.crc32(table), 0, MAGIC))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return self._at

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file; without `finish` it stays unreadable."""
        self._file.close()

    def _write_plain(self, data: bytes | memoryview) -> None:
        self._at += self._file.write(data)

    def _close_chunk(self) -> None:
        self._checksums.append(self._chunk_crc)
        self._chunk_crc, self._chunk_filled = 0, 0

    def _end(self) -> None:
        if not self._name:
            return
        if self._chunk_filled:
            self._close_chunk()
        entry = ENTRY.pack(
            self._name.encode().ljust(16, b"\0"), self._start, self._at - self._start
        )
        self._entries.append(entry + struct.pack(f"<{len(self._checksums)}I", *self._checksums))
        self._name = ""


class Section:
    """A stretch of a mapped file; chunks are checked when they are first read."""

    def __init__(
        self, path: Path, file: MappedFile, start: int, length: int, checksums: bytes
    ) -> None:
        self._path = path
        self._file = file
        self._start = start
        self._data = file.data[start : start + length]
        self._checksums = np.frombuffer(checksums, dtype="<u4")
        self._checked = np.zeros(self._checksums.size, dtype=np.bool_)

    def __len__(self) -> int:
        return len(self._data)

    def read(self, start: int, stop: int) -> memoryview:
        """Return bytes [start, stop) of the section, checked.

        Raises:
            CorruptIndexError: a checksum differs, or the range lies outside the section.
        """
        view = self.unchecked(start, stop)
        first = start // CHUNK_BYTES
        checked = self._checked[first : -(-stop // CHUNK_BYTES)]
        if not checked.all():
            chunks = first + np.flatnonzero(~checked)
            self.will_need(chunks * CHUNK_BYTES, (chunks + 1) * CHUNK_BYTES)
            for chunk in chunks.tolist():
                self._check(chunk)
        return view

    def unchecked(self, start: int, stop: int) -> memoryview:
        """Return bytes [start, stop) as they are, for data that carries its own checksums."""
        if not 0 <= start <= stop <= len(self._data):
            raise self.corrupt(
                start, f"a range up to {stop} in a section of {len(self._data)} bytes"
            )
        return self._data[start:stop]

    def at_random(self) -> Self:
        """Have nothing read ahead in this section; see mapped.py."""
        self._file.at_random(self._start, self._start + len(self))
        return self

    def will_need(self, starts: Stretches, stops: Stretches) -> None:
        """Ask for stretches [start, stop) of the section that are read next."""
        self._file.will_need(starts + self._start, stops + self._start)

    @property
    def may_be_evicted(self) -> bool:
        """Tell whether what was read once may have left memory."""
        return self._file.may_be_evicted

    def decompress(self, start: int, stop: int, *, most: int) -> bytes:
        """Read and decompress the zstd frame in [start, stop), of at most `most` bytes of content.

        The length a frame states is looked at first: a decompressor would believe and allocate it.

        Raises:
            CorruptIndexError: it isn't such a frame.
        """
        frame = self.read(start, stop)
        try:
            if not 0 <= zstandard.frame_content_size(frame) <= most:
                raise self.corrupt(start, "a compressed block of no sensible length")
            return zstandard.ZstdDecompressor().decompress(frame)
        except zstandard.ZstdError as error:
            raise self.corrupt(start, f"a compressed block: {error}") from None

    def array(self, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """View the whole section as an array, checked; the file stays mapped, nothing is copied."""
        return np.frombuffer(self.read(0, self._whole_items(dtype)), dtype=dtype)

    def unchecked_array(self, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """View the whole section as an array of items that carry their own checksums."""
        return np.frombuffer(self.unchecked(0, self._whole_items(dtype)), dtype=dtype)

    def check(self) -> Iterator[int]:
        """Check every chunk, yielding the bytes checked at each step."""
        for chunk in range(self._checksums.size):
            self._check(chunk)
            yield min(CHUNK_BYTES, len(self._data) - chunk * CHUNK_BYTES)

    def corrupt(self, offset: int, why: str) -> CorruptIndexError:
        """Make the error for damage at `offset` of this section."""
        return CorruptIndexError(self._path, self._start + offset, why)

    def _whole_items(self, dtype: npt.DTypeLike) -> int:
        if len(self._data) % np.dtype(dtype).itemsize:
            raise self.corrupt(0, f"{len(self._data)} bytes are no whole number of items")
        return len(self._data)

    def _check(self, chunk: int) -> None:
        start = chunk * CHUNK_BYTES
        found, expected = (
            zlib.crc32(self._data[start : start + CHUNK_BYTES]),
            int(self._checksums[chunk]),
        )
        if found != expected:
            raise self.corrupt(start, f"checksum {found:08x}, expected {expected:08x}")
        self._checked[chunk] = True


class SectionFile:
    """A finished file, mapped read-only.

    `digest`: SHA-256 of the section table, and through its checksums of every byte of every
    section.
    """

    digest: str

    def __init__(self, path: Path, kind: bytes) -> None:
        """Open and check header, table and trailer.

        Raises:
            CorruptIndexError: missing, cut short, foreign or damaged.
            IndexVersionError: written by another version of the format.
        """
        self.path = path
        self._file = MappedFile(path)
        self._data = self._file.data
        self.n_bytes = len(self._data)
        if self.n_bytes < HEADER.size + TRAILER.size:
            raise CorruptIndexError(path, 0, f"{self.n_bytes} bytes are too few for an index file")
        self._check_header(kind)
        self._sections = dict(self._read_table())

    def __getitem__(self, name: str) -> Section:
        try:
            return self._sections[name]
        except KeyError:
            raise CorruptIndexError(self.path, 0, f"section '{name}' is missing") from None

    def section_bytes(self) -> dict[str, int]:
        """Length of each section."""
        return {name: len(section) for name, section in self._sections.items()}

    def check(self) -> Iterator[int]:
        """Check all sections, yielding the bytes checked at each step."""
        with self.in_order():
            for section in self._sections.values():
                yield from section.check()

    def in_order(self) -> AbstractContextManager[None]:
        """Let the system read ahead meanwhile: for reading from start to end."""
        return self._file.in_order()

    def close(self) -> None:
        """Let go of the map; it disappears when the last view of it does."""
        self._sections.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_header(self, kind: bytes) -> None:
        magic, found_kind, version = HEADER.unpack_from(self._data)
        if magic != MAGIC:
            raise CorruptIndexError(self.path, 0, f"begins with {magic!r}: not an sc2-attrib file")
        if version != FORMAT_VERSION:
            raise IndexVersionError(self.path, version, FORMAT_VERSION)
        if found_kind != kind:
            raise CorruptIndexError(self.path, 8, f"a file of kind {found_kind!r}, not {kind!r}")

    def _read_table(self) -> Iterator[tuple[str, Section]]:
        end = self.n_bytes - TRAILER.size
        start, length, checksum, _, magic = TRAILER.unpack_from(self._data, end)
        damaged = CorruptIndexError(self.path, start, "the section table is damaged")
        if magic != MAGIC or start + length != end:
            raise CorruptIndexError(self.path, end, "no trailer: the file is cut short or damaged")
        table = bytes(self._data[start:end])
        self.digest = hashlib.sha256(table).hexdigest()
        if zlib.crc32(table) != checksum:
            raise damaged
        at = 0
        while at < len(table):
            if at + ENTRY.size > len(table):
                raise damaged
            name, offset, n_bytes = ENTRY.unpack_from(table, at)
            at += ENTRY.size
            checksums = table[at : at + 4 * -(-n_bytes // CHUNK_BYTES)]
            at += len(checksums)
            if offset + n_bytes > start or 4 * -(-n_bytes // CHUNK_BYTES) != len(checksums):
                raise damaged
            yield (
                name.rstrip(b"\0").decode(),
                Section(self.path, self._file, offset, n_bytes, checksums),
            )
