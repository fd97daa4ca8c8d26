"""Documents and occurrences of a segment: where each text stands, and where it was found.

Columns of fixed width are mapped (positions, ids, licence numbers), so the matcher asks for a
document's licences without reading any text; the rest of an occurrence is JSON in compressed
blocks, read only for what is listed. Occurrences stand in document order: those of one document are
a range.
"""

import hashlib
import json
import mmap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import zstandard

from sc2_attrib.index.corpus.document import Basis, LicenseAssertion, Occurrence
from sc2_attrib.index.search import Swhid
from sc2_attrib.index.segment.format import SectionFile, SectionWriter
from sc2_attrib.index.text import Offsets

KIND = b"DOCS"
ID_BYTES = 20  # a git blob SHA-1
METADATA_ROWS = 64  # occurrences in one compressed block: small, since a listing reads few of each
METADATA_LEVEL = 9
METADATA_CACHED = 64  # blocks kept: 1 MB
_PLAIN_FIELDS = ("revision", "language", "url", "snapshot", "stars", "src_encoding")
_FLAG_FIELDS = ("is_vendor", "is_generated")
_JSON = json.JSONEncoder(separators=(",", ":"))
_MOST_METADATA = 1 << 28  # bytes of one block; beyond it is damage


class LicenseSets(NamedTuple):
    """Distinct sets of licence expressions: set s is ids[starts[s]:starts[s + 1]].

    `starts` and `ids` are int64 and int32; ids number the segment's expressions.
    """

    starts: Offsets
    ids: npt.NDArray[np.int32]


def content_id(content: bytes) -> bytes:
    """Hash a content as git does for a blob; the hash of its SWHID."""
    digest = hashlib.sha1(b"blob %d\0" % len(content), usedforsecurity=False)
    digest.update(content)
    return digest.digest()


def swhid(identifier: bytes) -> Swhid:
    """Write a content id as a SWHID."""
    return Swhid(f"swh:1:cnt:{identifier.hex()}")


def name_hash(name: str) -> int:
    """Number a repository or owner by its name, for counting and finding: 64 bits of BLAKE2b."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def owner_of(repository: str) -> str:
    """The part of a repository's name before the first slash."""
    return repository.partition("/")[0]


def encode_occurrence(occurrence: Occurrence) -> bytes:
    """Write an occurrence as one line of JSON; fields that are absent or false are left out."""
    fields: dict[str, Any] = {"repository": occurrence.repository, "path": occurrence.path}
    for name in _PLAIN_FIELDS:
        if (value := getattr(occurrence, name)) is not None:
            fields[name] = value
    for name in _FLAG_FIELDS:
        if getattr(occurrence, name):
            fields[name] = True
    if occurrence.licenses:
        fields["licenses"] = [
            [a.expression, a.basis.value, a.path, a.confidence] for a in occurrence.licenses
        ]
    if occurrence.copyright:
        fields["copyright"] = occurrence.copyright
    return _JSON.encode(fields).encode() + b"\n"


def decode_occurrence(line: bytes) -> Occurrence:
    """Read back what `encode_occurrence` wrote."""
    fields = json.loads(line)
    licenses = tuple(
        LicenseAssertion(expression, Basis(basis), path, confidence)
        for expression, basis, path, confidence in fields.pop("licenses", ())
    )
    return Occurrence(
        **fields | {"copyright": tuple(fields.get("copyright", ()))}, licenses=licenses
    )


class DocumentWriter:
    """Collects documents and occurrences in any order and writes them in document order.

    What grows with the corpus is 60 bytes a document and 20 an occurrence in memory; the
    occurrences' JSON waits in a spool file beside the segment.
    """

    def __init__(self, spool: Path) -> None:
        self._spool_path = spool
        self._spool = spool.open("wb")
        self._spool_end = 0
        self._spool_ends: list[int] = []
        self._owners: list[int] = []
        self._licenses: list[int] = []
        self._repositories: list[int] = []
        self._owner_names: list[int] = []
        self._license_ids: dict[str, int] = {}
        self._hashes: dict[str, tuple[int, int]] = {}  # of repository and owner, by repository
        self._ids: list[bytes] = []
        self.starts = [0]
        self.raw_starts = [0]
        self.n_occurrences = 0

    @property
    def n_documents(self) -> int:
        """Documents so far."""
        return len(self._ids)

    def add_document(self, identifier: bytes, normalized_chars: int, raw_bytes: int) -> int:
        """Append a document and return its number."""
        self._ids.append(identifier)
        self.starts.append(self.starts[-1] + normalized_chars)
        self.raw_starts.append(self.raw_starts[-1] + raw_bytes)
        return len(self._ids) - 1

    def add_occurrence(self, document: int, occurrence: Occurrence) -> None:
        """Say where a document was found; the document may come later."""
        self._owners.append(document)
        self.n_occurrences += 1
        self._spool_end += self._spool.write(encode_occurrence(occurrence))
        self._spool_ends.append(self._spool_end)
        expression = occurrence.license_expression
        self._licenses.append(self._license_ids.setdefault(expression, len(self._license_ids)))
        name = occurrence.repository
        if name not in self._hashes:
            self._hashes[name] = name_hash(name), name_hash(owner_of(name))
        repository, owner = self._hashes[name]
        self._repositories.append(repository)
        self._owner_names.append(owner)

    def close(self) -> None:
        """Close the spool; without `finish` nothing was written."""
        self._spool.close()

    def finish(self, writer: SectionWriter) -> None:
        """Write everything and remove the spool."""
        self._spool.close()
        owners = np.array(self._owners, np.int64)
        order = self._drop_repeats(owners, np.argsort(owners, kind="stable"))
        licenses = np.array(self._licenses, np.int32)[order]
        first = np.searchsorted(owners[order], np.arange(self.n_documents + 1))
        sets, set_of_document = _license_sets(licenses, first)

        writer.add("starts", np.array(self.starts, "<i8"))
        writer.add("raw_starts", np.array(self.raw_starts, "<i8"))
        writer.add("ids", b"".join(self._ids))
        writer.add("license_sets", set_of_document.astype("<i4"))
        writer.add("occurrences", first.astype("<i8"))
        writer.add("occ_licenses", licenses.astype("<i4"))
        writer.add("occ_repositories", np.array(self._repositories, "<u8")[order])
        writer.add("occ_owners", np.array(self._owner_names, "<u8")[order])
        writer.add("set_starts", sets.starts.astype("<i8"))
        writer.add("set_ids", sets.ids.astype("<i4"))
        writer.add("expressions", json.dumps(list(self._license_ids)).encode())
        self._write_metadata(writer, order)

    def _write_metadata(self, writer: SectionWriter, order: npt.NDArray[np.int64]) -> None:
        offsets = [0]
        writer.begin("metadata")
        compressor = zstandard.ZstdCompressor(level=METADATA_LEVEL, write_checksum=True)
        with self._spooled_lines() as line:
            for at in range(0, order.size, METADATA_ROWS):
                rows = order[at : at + METADATA_ROWS].tolist()
                frame = compressor.compress(b"".join(map(line, rows)))
                writer.write(frame)
                offsets.append(offsets[-1] + len(frame))
        writer.add("metadata_at", np.array(offsets, "<i8"))
        self._spool_path.unlink()

    def _drop_repeats(
        self, owners: npt.NDArray[np.int64], order: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """Leave out occurrences that say the same of the same document as one before."""
        starts = np.flatnonzero(np.diff(owners[order], prepend=-1))
        stops = np.append(starts[1:], order.size)
        is_kept = np.ones(order.size, np.bool_)
        several = stops - starts > 1
        with self._spooled_lines() as line:
            for start, stop in zip(starts[several].tolist(), stops[several].tolist(), strict=True):
                seen: set[bytes] = set()
                for at in range(start, stop):
                    text = line(int(order[at]))
                    is_kept[at] = text not in seen
                    seen.add(text)
        self.n_occurrences = int(is_kept.sum())
        return order[is_kept]

    @contextmanager
    def _spooled_lines(self) -> Iterator[Callable[[int], bytes]]:
        """Read lines of the spool by row."""
        ends = [0, *self._spool_ends]
        with self._spool_path.open("rb") as file:
            if not ends[-1]:
                yield lambda row: b""
                return
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
                yield lambda row: text[ends[row] : ends[row + 1]]


def _license_sets(
    licenses: npt.NDArray[np.int32], first: npt.NDArray[np.int64]
) -> tuple[LicenseSets, npt.NDArray[np.int32]]:
    """Intern the set of licences of each document; occurrences of document d are first[d:d + 2]."""
    numbers: dict[tuple[int, ...], int] = {}
    bounds = first.tolist()
    values = licenses.tolist()
    set_of_document = [
        numbers.setdefault(tuple(sorted(set(values[start:stop]))), len(numbers))
        for start, stop in pairwise(bounds)
    ]
    return _join_sets(numbers), np.array(set_of_document, np.int32)


def _join_sets(numbers: dict[tuple[int, ...], int]) -> LicenseSets:
    """Lay out sets that are numbered in the order they were added."""
    starts = np.cumsum([0, *map(len, numbers)], dtype=np.int64)
    return LicenseSets(
        starts, np.array([number for members in numbers for number in members], np.int32)
    )


class DocumentTable:
    """The documents and occurrences of an open segment, less what was removed.

    A document whose occurrences are all removed has an empty set of licence expressions, and with
    that it is never searched for: there is no expression it could be news for.
    """

    def __init__(self, file: SectionFile) -> None:
        self._file = file
        self.starts: Offsets = file["starts"].array("<i8")
        self.raw_starts: Offsets = file["raw_starts"].array("<i8")
        self.license_sets: npt.NDArray[np.int32] = file["license_sets"].array("<i4")
        self.occurrences: Offsets = file["occurrences"].array("<i8")
        self.occurrence_licenses: npt.NDArray[np.int32] = file["occ_licenses"].array("<i4")
        self.occurrence_repositories: npt.NDArray[np.uint64] = file["occ_repositories"].array("<u8")
        self.occurrence_owners: npt.NDArray[np.uint64] = file["occ_owners"].array("<u8")
        self.sets = LicenseSets(file["set_starts"].array("<i8"), file["set_ids"].array("<i4"))
        self._metadata_at: Offsets = file["metadata_at"].array("<i8")
        self._lines = lru_cache(METADATA_CACHED)(self._read_metadata)
        self._removed: frozenset[int] = frozenset()
        self.n_removed_documents = 0
        self._check_sizes()

    def remove(self, rows: Offsets) -> None:
        """Leave occurrences out from here on; called once, before anything is searched."""
        if not rows.size:
            return
        self._removed = frozenset(rows.tolist())
        numbers = {
            tuple(self.sets.ids[start:stop].tolist()): number
            for number, (start, stop) in enumerate(pairwise(self.sets.starts.tolist()))
        }
        license_sets = self.license_sets.copy()
        for document in np.unique(np.searchsorted(self.occurrences, rows, "right") - 1).tolist():
            left = {int(self.occurrence_licenses[row]) for row in self.rows(document)}
            members = tuple(sorted(left))
            license_sets[document] = numbers.setdefault(members, len(numbers))
            self.n_removed_documents += not members
        self.sets = _join_sets(numbers)
        self.license_sets = license_sets

    @property
    def n_documents(self) -> int:
        """Distinct contents, removed ones included."""
        return self.starts.size - 1

    @property
    def n_occurrences(self) -> int:
        """Places that hold them, removed ones included."""
        return self.occurrence_licenses.size

    @property
    def n_removed(self) -> int:
        """Places that were removed."""
        return len(self._removed)

    def rows(self, document: int) -> list[int]:
        """Occurrences of a document that were not removed."""
        first, stop = self.occurrences[document : document + 2].tolist()
        return [row for row in range(first, stop) if row not in self._removed]

    def document_of(self, row: int) -> int:
        """The document that an occurrence belongs to."""
        return int(np.searchsorted(self.occurrences, row, "right")) - 1

    @cached_property
    def expressions(self) -> list[str]:
        """Licence expressions by number, as the sources state them; empty: none stated."""
        section = self._file["expressions"]
        expressions: list[str] = json.loads(bytes(section.read(0, len(section))))
        return expressions

    def identifier(self, document: int) -> bytes:
        """Content id of a document."""
        return bytes(self._file["ids"].read(document * ID_BYTES, (document + 1) * ID_BYTES))

    def identifiers(self) -> list[bytes]:
        """Content ids of all documents, in order."""
        raw = bytes(self._file["ids"].read(0, self.n_documents * ID_BYTES))
        return [raw[at : at + ID_BYTES] for at in range(0, len(raw), ID_BYTES)]

    def read_occurrence(self, row: int) -> Occurrence:
        """Read one occurrence by number."""
        block, inside = divmod(row, METADATA_ROWS)
        return decode_occurrence(self._lines(block)[inside])

    def _read_metadata(self, block: int) -> list[bytes]:
        start, stop = self._metadata_at[block : block + 2].tolist()
        return self._file["metadata"].decompress(start, stop, most=_MOST_METADATA).splitlines()

    def _check_sizes(self) -> None:
        """Refuse tables that contradict each other, before any number of theirs is used."""
        n = self.n_documents
        expected = {
            "starts": (self.starts.size, max(n + 1, 1)),
            "raw_starts": (self.raw_starts.size, n + 1),
            "ids": (len(self._file["ids"]), n * ID_BYTES),
            "license_sets": (self.license_sets.size, n),
            "occurrences": (self.occurrences.size, n + 1),
            "occ_repositories": (self.occurrence_repositories.size, self.n_occurrences),
            "occ_owners": (self.occurrence_owners.size, self.n_occurrences),
            "metadata_at": (self._metadata_at.size, -(-self.n_occurrences // METADATA_ROWS) + 1),
        }
        for name, (found, wanted) in expected.items():
            if found != wanted:
                raise self._file[name].corrupt(0, f"{found} items, expected {wanted}")
        self._check_numbers()

    def _check_numbers(self) -> None:
        """Refuse numbers that kernels would use as indices beyond an array."""
        n_sets, n_expressions = self.sets.starts.size - 1, len(self.expressions)
        ascending = {
            "starts": (self.starts, None),
            "raw_starts": (self.raw_starts, None),
            "occurrences": (self.occurrences, self.n_occurrences),
            "set_starts": (self.sets.starts, self.sets.ids.size),
            "metadata_at": (self._metadata_at, len(self._file["metadata"])),
        }
        for name, (offsets, end) in ascending.items():
            if offsets[0] != 0 or (np.diff(offsets) < 0).any() or end not in (None, offsets[-1]):
                raise self._file[name].corrupt(0, "offsets that do not ascend from 0 to the end")
        numbers = {
            "license_sets": (self.license_sets, n_sets),
            "set_ids": (self.sets.ids, n_expressions),
            "occ_licenses": (self.occurrence_licenses, n_expressions),
        }
        for name, (values, limit) in numbers.items():
            if values.size and not 0 <= values.min() <= values.max() < limit:
                raise self._file[name].corrupt(0, f"a number beyond the {limit} there are")
