"""Licence texts of the repositories in a segment: each text once, and which folders it governs.

A licence file may come long after the files it governs, in another segment even. So nothing is
joined when an index is built: a text is found by its repository when a match is listed, in all
segments, and the nearest folder upwards decides then (index/license_shelf.py).
"""

import json
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import zstandard

from sc2_attrib.index.corpus.license_files import MOST_BYTES
from sc2_attrib.index.segment.documents import ID_BYTES, content_id, name_hash
from sc2_attrib.index.segment.format import SectionFile, SectionWriter, octets
from sc2_attrib.index.segment.spool import SpoolFolder
from sc2_attrib.index.text import Offsets

KIND = b"LICS"
FILE_ROWS = 64  # licence files in one compressed block
LEVEL = 9
_MOST_FILE_BYTES = 1 << 24  # of one block unpacked; beyond it is damage


@dataclass(frozen=True, slots=True)
class LicenseFileRow:
    """A licence file: of `repository`, at `path`, for what lies below `folder` ('' or 'a/b/')."""

    repository: str
    path: str
    folder: str
    text: int


class LicenseTextWriter:
    """Collects licence files while a segment is built. What grows is on disk, but for an id a text.

    It can go on where the spools stand.
    """

    def __init__(self, spools: SpoolFolder) -> None:
        self._ids = spools.column("license_ids", f"V{ID_BYTES}")
        self._frames = spools.column("license_frames", np.uint8)
        self._ends = spools.column("license_ends", "<i8")
        self._lines = spools.column("license_lines", np.uint8)
        identifiers = (each.tobytes() for each in self._ids.mapped())
        self._numbers = {identifier: number for number, identifier in enumerate(identifiers)}

    @property
    def is_empty(self) -> bool:
        """Tell whether there was no licence file yet."""
        return not self._lines.n_bytes

    def add(self, repository: str, path: str, folder: str, content: bytes) -> None:
        """Take a licence file in; a text that came before is not kept again."""
        if len(content) > MOST_BYTES:
            return
        identifier = content_id(content)
        number = self._numbers.setdefault(identifier, len(self._numbers))
        if number == len(self._ids):
            compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
            self._ids.append(identifier)
            self._frames.append(compressor.compress(content))
            self._ends.extend(np.array([self._frames.n_bytes]))
        line = json.dumps([repository, path, folder, number], separators=(",", ":"))
        self._lines.append(line.encode() + b"\n")

    def finish(self, writer: SectionWriter) -> None:
        """Write everything, the files in the order of their repositories' hashes."""
        lines = sorted(
            set(self._lines.mapped().tobytes().splitlines()),
            key=lambda line: (name_hash(json.loads(line)[0]), line),
        )
        hashes = [name_hash(json.loads(line)[0]) for line in lines]
        writer.add("repositories", np.array(hashes, "<u8"))
        self._write_files(writer, lines)
        writer.add("ids", self._ids.mapped().view(np.uint8))
        writer.add("texts", octets(self._frames.mapped()))
        writer.add("texts_at", np.concatenate(([0], self._ends.mapped())).astype("<i8"))

    def _write_files(self, writer: SectionWriter, lines: list[bytes]) -> None:
        compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        ends = array("q", [0])
        writer.begin("files")
        for at in range(0, len(lines), FILE_ROWS):
            frame = compressor.compress(b"".join(b"%s\n" % each for each in lines[at:][:FILE_ROWS]))
            writer.write(frame)
            ends.append(ends[-1] + len(frame))
        writer.add("files_at", np.array(ends, "<i8"))


class LicenseTextTable:
    """The licence texts of an open segment."""

    def __init__(self, file: SectionFile) -> None:
        self._file = file
        self._repositories: npt.NDArray[np.uint64] = file["repositories"].array("<u8")
        self._files_at: Offsets = file["files_at"].array("<i8")
        self._texts_at: Offsets = file["texts_at"].array("<i8")
        self._check_sizes()

    @property
    def n_texts(self) -> int:
        """Distinct texts."""
        return self._texts_at.size - 1

    def files_of(self, repository: str) -> list[LicenseFileRow]:
        """List the licence files of a repository."""
        wanted = np.uint64(name_hash(repository))
        first, stop = np.searchsorted(self._repositories, [wanted, wanted + np.uint64(1)]).tolist()
        if wanted == np.uint64(2**64 - 1):
            stop = self._repositories.size
        rows = (row for row in self._files(first, stop) if row.repository == repository)
        return list(rows)

    def all_files(self) -> Iterator[LicenseFileRow]:
        """List all licence files, in order."""
        return self._files(0, self._repositories.size)

    def identifier(self, text: int) -> bytes:
        """Content id of a text."""
        return bytes(self._file["ids"].read(text * ID_BYTES, (text + 1) * ID_BYTES))

    def read(self, text: int) -> bytes:
        """Read a text.

        Raises:
            CorruptIndexError: it is damaged.
        """
        start, stop = self._texts_at[text : text + 2].tolist()
        return self._file["texts"].decompress(start, stop, most=MOST_BYTES)

    def check(self) -> Iterator[int]:
        """Check each text against its id, yielding the bytes checked at each step."""
        for text in range(self.n_texts):
            content = self.read(text)
            if content_id(content) != self.identifier(text):
                raise self._file["texts"].corrupt(int(self._texts_at[text]), "another text")
            yield len(content)

    def _files(self, first: int, stop: int) -> Iterator[LicenseFileRow]:
        for block in range(first // FILE_ROWS, -(-stop // FILE_ROWS)):
            lines = self._block(block)
            base = block * FILE_ROWS
            yield from map(self._row, lines[max(first - base, 0) : stop - base])

    def _block(self, block: int) -> list[bytes]:
        start, stop = self._files_at[block : block + 2].tolist()
        unpacked = self._file["files"].decompress(start, stop, most=_MOST_FILE_BYTES)
        return unpacked.splitlines()

    def _row(self, line: bytes) -> LicenseFileRow:
        row = LicenseFileRow(*json.loads(line))
        if not 0 <= row.text < self.n_texts:
            raise self._file["files"].corrupt(0, f"text {row.text} of {self.n_texts}")
        return row

    def _check_sizes(self) -> None:
        """Refuse tables that contradict each other, before any number of theirs is used."""
        n_blocks = -(-self._repositories.size // FILE_ROWS)
        expected = {
            "files_at": (self._files_at.size, n_blocks + 1),
            "texts_at": (max(self._texts_at.size, 1), self._texts_at.size),
            "ids": (len(self._file["ids"]), max(self._texts_at.size - 1, 0) * ID_BYTES),
        }
        for name, (found, wanted) in expected.items():
            if found != wanted:
                raise self._file[name].corrupt(0, f"{found} items, expected {wanted}")
        for name, offsets, end in (
            ("files_at", self._files_at, len(self._file["files"])),
            ("texts_at", self._texts_at, len(self._file["texts"])),
        ):
            if offsets[0] != 0 or offsets[-1] != end or any(a > b for a, b in pairwise(offsets)):
                raise self._file[name].corrupt(0, "offsets that do not ascend from 0 to the end")
