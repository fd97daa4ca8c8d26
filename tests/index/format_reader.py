"""A reader of index folders made from docs/FORMAT.md alone.

It uses nothing of the product: what it knows, it knows from the page, and it checks all that the
page says must hold. Slow, plain Python.
"""

import json
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import zstandard

KINDS = {"text": b"TEXT", "documents": b"DOCS", "grams": b"GRAM", "hot": b"HOTS"}
WHITE_SPACE = bytes.fromhex("09 0a 0b 0c 0d 20")


def container(data: bytes, kind: bytes) -> dict[str, bytes]:
    """Sections of a file by name, everything checked that the page describes."""
    assert data[:16] == b"SC2ATTR\n" + kind + struct.pack("<I", 1)
    start, length, checksum, zero, magic = struct.unpack("<QQII8s", data[-32:])
    assert (zero, magic) == (0, b"SC2ATTR\n")
    assert start + length == len(data) - 32
    table = data[start : start + length]
    assert zlib.crc32(table) == checksum
    found: dict[str, bytes] = {}
    at, end = 0, 16
    while at < length:
        name, offset, size = struct.unpack_from("<16sQQ", table, at)
        section = data[offset : offset + size]
        assert offset % 4096 == 0
        assert data[end:offset] == bytes(offset - end)
        chunks = [section[chunk : chunk + 65536] for chunk in range(0, size, 65536)]
        assert list(map(zlib.crc32, chunks)) == integers("I", table[at + 32 :], len(chunks))
        found[name.rstrip(b"\0").decode("ascii")] = section
        at, end = at + 32 + 4 * len(chunks), offset + size
    assert end == start
    return found


def integers(code: str, data: bytes, n: int | None = None) -> list[int]:
    """An array: all of `data`, or its first n items."""
    n = len(data) // struct.calcsize(code) if n is None else n
    return list(struct.unpack_from(f"<{n}{code}", data))


def unpacked(frames: bytes, starts: Sequence[int]) -> list[bytes]:
    """Texts of zstd frames that begin at `starts`, the last of which is the end."""
    assert starts[0] == 0
    assert starts[-1] == len(frames)
    texts = []
    for start, stop in pairwise(starts):
        about = zstandard.get_frame_parameters(frames[start:stop])
        texts.append(zstandard.ZstdDecompressor().decompress(frames[start:stop]))
        assert about.has_checksum
        assert about.content_size == len(texts[-1])
    return texts


def normalized(raw: bytes) -> bytes:
    """Raw text without ASCII white space."""
    return bytes(byte for byte in raw if byte not in WHITE_SPACE)


class Hashes:
    """The arithmetic of grams over one text, as the page spells it."""

    M1, M2, M3 = 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53, 0x9E3779B97F4A7C15

    def __init__(self, text: bytes, k: int) -> None:
        self._text, self._k = bytes(64) + text + bytes(64), k

    def key(self, at: int) -> int:
        """Cluster and top bits of the own hash."""
        smallest = min(self._mix(at + j, at + j + 4) for j in range(self._k - 12 + 1))
        x = smallest * self.M3 % 2**64
        x = (x ^ (x >> 29)) * self.M1 % 2**64
        x ^= x >> 32
        return (x >> 28) * 2**28 + (self._own(at) >> 36)

    def fingerprint(self, at: int) -> int:
        """Low bits of the own hash."""
        return self._own(at) % 2**16

    def context(self, at: int) -> int:
        """Four bits of what stands before, four of what stands after."""
        return self._piece(at - 13) * 16 + self._piece(at + self._k)

    def _w(self, at: int) -> int:
        return int.from_bytes(self._text[64 + at : 64 + at + 8], "little")

    def _mix(self, first: int, last: int) -> int:
        x = self._w(first)
        x = (x ^ (x >> 29)) * self.M1 % 2**64
        x = ((x ^ (x >> 32)) ^ self._w(last)) * self.M2 % 2**64
        return x ^ (x >> 32)

    def _own(self, at: int) -> int:
        x = self._k * self.M3 % 2**64
        for j in range(0, self._k, 8):
            x = (x ^ self._w(at + j)) * self.M1 % 2**64
            x ^= x >> 32
        x = x * self.M2 % 2**64
        return x ^ (x >> 33)

    def _piece(self, at: int) -> int:
        return self._mix(at, at + 5) >> 60


@dataclass(frozen=True, slots=True)
class Posting:
    """An indexed gram at one place."""

    key: int
    fingerprint: int
    context: int
    position: int  # in strides
    document: int


@dataclass(frozen=True, slots=True)
class Index:
    """An index folder with one segment, and what must be in it.

    `contents`: raw texts of its documents, in order. `postings`: all that must be indexed, by
    position.
    """

    folder: Path
    manifest: dict[str, Any]
    files: dict[str, dict[str, bytes]]
    contents: list[bytes]
    postings: list[Posting]

    @property
    def k(self) -> int:
        """Length of a gram."""
        return int(self.manifest["gram"]["k"])

    @property
    def stride(self) -> int:
        """Distance of indexed positions."""
        return int(self.manifest["gram"]["stride"])

    def numbers(self, file: str, section: str, code: str = "q") -> list[int]:
        """A section that is an array."""
        return integers(code, self.files[file][section])

    def by_gram(self) -> dict[tuple[int, int], list[Posting]]:
        """Postings by key and fingerprint, these ascending."""
        grams = defaultdict(list)
        for posting in self.postings:
            grams[posting.key, posting.fingerprint].append(posting)
        return dict(sorted(grams.items()))


def read_index(folder: Path, contents: list[bytes]) -> Index:
    """Read an index with one segment that was built from `contents`."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    (segment,) = manifest["segments"]
    files = {
        name: container((folder / segment["name"] / name).read_bytes(), kind)
        for name, kind in KINDS.items()
    }
    starts = integers("q", files["documents"]["starts"])
    postings = expected_postings(contents, starts, **manifest["gram"])
    return Index(folder, manifest, files, contents, list(postings))


def expected_postings(
    contents: list[bytes], starts: list[int], k: int, stride: int
) -> Iterator[Posting]:
    """Hash the grams at multiples of the stride in documents that are long enough."""
    hashes = Hashes(b"".join(map(normalized, contents)), k)
    for document, (start, stop) in enumerate(pairwise(starts)):
        if stop - start < k + stride - 1:
            continue
        for at in range(-(-start // stride) * stride, stop - k + 1, stride):
            yield Posting(
                hashes.key(at), hashes.fingerprint(at), hashes.context(at), at // stride, document
            )


def pages(index: Index) -> Iterator[list[tuple[int, int, int]]]:
    """Rows of each page: position, fingerprint, context."""
    data = index.files["grams"]["pages"]
    assert len(data) % 4096 == 0
    for at in range(0, len(data), 4096):
        page = data[at : at + 4096]
        count, zero, checksum = struct.unpack_from("<HHI", page, 4088)
        columns = [integers(c, page[o:], 584) for c, o in (("I", 0), ("H", 2336), ("B", 3504))]
        assert zlib.crc32(page[:4092]) == checksum
        assert zero == 0
        assert count == 584 or at + 4096 == len(data)
        assert not any(sum(column[count:]) for column in columns)
        yield list(zip(*(column[:count] for column in columns), strict=True))


def hot_lists(
    page: bytes, n_grams: int, reach: int
) -> Iterator[list[tuple[int, int, bytes, bytes]]]:
    """Lists of a page: position, document, left and right context of each posting."""
    counts = integers("I", page, 3 * n_grams)
    n, n_left, n_right = (sum(counts[column::3]) for column in range(3))
    at = 12 * n_grams
    columns = []
    for column in range(4):
        planes = [page[at + (4 * column + plane) * n :][:n] for plane in range(4)]
        rows, value = [], 0
        for octets in zip(*planes, strict=True):
            value = (value + int.from_bytes(bytes(octets), "little")) % 2**32
            rows.append(value)
        columns.append(rows)
    at += 16 * n
    assert len(page) == at + (n_left + n_right) * reach
    contexts = [page[o : o + reach] for o in range(at, len(page), reach)]
    lefts, rights = contexts[:n_left], contexts[n_left:]
    row = left = right = 0
    for gram in range(n_grams):
        size, more_left, more_right = counts[3 * gram : 3 * gram + 3]
        mine = lefts[left : left + more_left], rights[right : right + more_right]
        assert all(ranked == sorted(set(ranked)) for ranked in mine)
        yield [
            (columns[0][i], columns[1][i], mine[0][columns[2][i]], mine[1][columns[3][i]])
            for i in range(row, row + size)
        ]
        row, left, right = row + size, left + more_left, right + more_right
