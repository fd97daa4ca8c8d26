"""Writes the documents and occurrences of a segment: gathered in any order, written in theirs.

Columns and the occurrences' JSON wait on disk (spool.py). In memory are the content ids, by which
a content that comes again is recognised, and when the file is written, the order of occurrences.
"""

import json
import struct
import zlib
from array import array
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import zstandard

from sc2_attrib.index.segment.documents import (
    ID_BYTES,
    METADATA_ROWS,
    LicenseSets,
    join_sets,
    name_hash,
    order_of_ids,
    owner_of,
)
from sc2_attrib.index.segment.format import SectionWriter, octets
from sc2_attrib.index.segment.prepared import PreparedDocument
from sc2_attrib.index.segment.spool import SpoolFolder
from sc2_attrib.index.text import Offsets

METADATA_LEVEL = 9
_MOST_NAMES = 1 << 16  # names and licences remembered in writing; forgotten all at once
_ROWS_AT_ONCE = 1 << 16  # occurrences or documents written at a time

# What is kept of an occurrence beside its JSON; `checksum` and `n_bytes` are those of the JSON.
_ROW = struct.Struct("<qQQiII")
_ROW_TYPE = np.dtype(
    [
        ("document", "<i8"),
        ("repository", "<u8"),
        ("owner", "<u8"),
        ("license", "<i4"),
        ("checksum", "<u4"),
        ("n_bytes", "<u4"),
    ]
)
assert _ROW.size == _ROW_TYPE.itemsize
_Rows = npt.NDArray[Any]


class IdentifierTable:
    """Numbers content ids in the order in which they come.

    A hash table over an array of ids, 28 bytes an id at most. Pages of it that nothing was written
    to take no memory, so it has room for all from the start.
    """

    def __init__(self, capacity: int) -> None:
        n_slots = 1 << (2 * max(capacity, 1) - 1).bit_length()
        self._mask = n_slots - 1
        self._slots = memoryview(np.zeros(n_slots, np.uint32))  # type: ignore[arg-type]
        self._ids = memoryview(np.zeros(capacity * ID_BYTES, np.uint8))  # type: ignore[arg-type]
        self._capacity = capacity
        self.n_ids = 0

    def number(self, identifier: bytes) -> int:
        """Number of an id; a new one gets the next."""
        slots, mask = self._slots, self._mask
        at = int.from_bytes(identifier[:8], "little") & mask
        while number := slots[at]:
            end = number * ID_BYTES
            if self._ids[end - ID_BYTES : end] == identifier:
                return int(number) - 1
            at = (at + 1) & mask
        if self.n_ids == self._capacity:
            raise OverflowError(f"more than {self._capacity} contents")
        start = self.n_ids * ID_BYTES
        self._ids[start : start + ID_BYTES] = identifier
        self.n_ids += 1
        slots[at] = self.n_ids
        return self.n_ids - 1


class DocumentWriter:
    """Collects documents and occurrences and writes them in document order."""

    def __init__(self, spools: SpoolFolder, capacity: int) -> None:
        """Begin, or go on where the spools stand.

        Args:
            spools: of the segment.
            capacity: documents it may hold.
        """
        self._rows = spools.column("occurrences", _ROW_TYPE)
        self._lines = spools.column("lines", np.uint8)
        self._ids = spools.column("identifiers", f"V{ID_BYTES}")
        self._expressions = spools.column("expressions", np.uint8)
        self._starts = spools.column("starts", "<i8")
        self._raw_starts = spools.column("raw_starts", "<i8")
        # A checkpoint may be of a larger segment than is begun now.
        self._numbers = IdentifierTable(max(capacity, len(self._ids)))
        for identifier in self._ids.mapped():
            self._numbers.number(identifier.tobytes())
        stated = self._expressions.mapped().tobytes().splitlines()
        self._license_ids = {json.loads(line): number for number, line in enumerate(stated)}
        self._hashes: dict[str, tuple[int, int]] = {}  # of repository and owner, by repository
        self._n_distinct: int | None = None
        self.chars, self.raw_bytes = self._ends_of_text()

    def _ends_of_text(self) -> tuple[int, int]:
        """Ends of what has its place, normalised and raw; a new segment begins with 0."""
        if not len(self._starts):
            self._starts.extend(np.zeros(1))
            self._raw_starts.extend(np.zeros(1))
        return int(self._starts.mapped()[-1]), int(self._raw_starts.mapped()[-1])

    @property
    def n_documents(self) -> int:
        """Distinct contents so far."""
        return len(self._ids)

    @property
    def n_occurrences(self) -> int:
        """Occurrences so far; repeated ones count until `finish` knows them."""
        return self._n_distinct if self._n_distinct is not None else len(self._rows)

    @property
    def n_expressions(self) -> int:
        """Distinct licence expressions so far."""
        return len(self._license_ids)

    def add(self, found: PreparedDocument) -> bool:
        """Say where a content was found; True if it is a new one, which is to be placed."""
        n_before = self._numbers.n_ids
        document = self._numbers.number(found.identifier)
        if is_new := document == n_before:
            self._ids.append(found.identifier)
        line = found.line
        self._lines.append(line)
        repository, owner = self._name_hashes(found.repository)
        number = self._license_number(found.license_expression)
        self._rows.append(
            _ROW.pack(document, repository, owner, number, zlib.crc32(line), len(line))
        )
        return is_new

    def place(self, chars: Offsets, raw_bytes: Offsets) -> None:
        """Append the texts of the next documents, whose lengths these are."""
        starts, raw_starts = self.chars + np.cumsum(chars), self.raw_bytes + np.cumsum(raw_bytes)
        self._starts.extend(starts)
        self._raw_starts.extend(raw_starts)
        self.chars, self.raw_bytes = int(starts[-1]), int(raw_starts[-1])

    def starts(self) -> Offsets:
        """Positions of all documents that have their place, and the end of the last."""
        starts: Offsets = self._starts.mapped()
        return starts

    def forget_identifiers(self) -> None:
        """Free the memory that adding needs."""
        self._numbers, self._hashes = IdentifierTable(0), {}

    def _name_hashes(self, name: str) -> tuple[int, int]:
        if name not in self._hashes:
            if len(self._hashes) == _MOST_NAMES:
                self._hashes.clear()
            self._hashes[name] = name_hash(name), name_hash(owner_of(name))
        return self._hashes[name]

    def _license_number(self, expression: str) -> int:
        number = self._license_ids.get(expression)
        if number is None:
            number = self._license_ids[expression] = len(self._license_ids)
            self._expressions.append(json.dumps(expression).encode() + b"\n")
        return number

    def finish(self, writer: SectionWriter) -> None:
        """Write everything."""
        rows = self._rows.mapped()
        order = self._distinct_rows(rows, np.argsort(rows["document"], kind="stable"))
        starts = self._starts.mapped()
        ids = self._ids.mapped()
        first = np.searchsorted(rows["document"][order], np.arange(starts.size))
        sets, set_of_document = _license_sets(rows["license"], order, first)

        writer.add("starts", starts)
        writer.add("raw_starts", self._raw_starts.mapped())
        writer.add("ids", ids.view(np.uint8))
        writer.add("by_id", order_of_ids(ids))
        writer.add("license_sets", set_of_document)
        writer.add("occurrences", first.astype("<i8"))
        for section, name in (
            ("occ_licenses", "license"),
            ("occ_repositories", "repository"),
            ("occ_owners", "owner"),
        ):
            writer.begin(section)
            for at in range(0, order.size, _ROWS_AT_ONCE):
                writer.write(rows[name][order[at : at + _ROWS_AT_ONCE]])
        writer.add("set_starts", sets.starts.astype("<i8"))
        writer.add("set_ids", sets.ids.astype("<i4"))
        writer.add("expressions", json.dumps(list(self._license_ids)).encode())
        self._write_metadata(writer, rows, order)
        self._n_distinct = int(order.size)

    def _write_metadata(self, writer: SectionWriter, rows: _Rows, order: Offsets) -> None:
        lines, ends = octets(self._lines.mapped()), np.cumsum(rows["n_bytes"], dtype=np.int64)
        compressor = zstandard.ZstdCompressor(level=METADATA_LEVEL, write_checksum=True)
        frame_ends = array("q", [0])
        writer.begin("metadata")
        for at in range(0, order.size, METADATA_ROWS):
            block = order[at : at + METADATA_ROWS]
            stops = ends[block]
            starts = stops - rows["n_bytes"][block]
            spans = zip(starts.tolist(), stops.tolist(), strict=True)
            frame = compressor.compress(b"".join([lines[start:stop] for start, stop in spans]))
            writer.write(frame)
            frame_ends.append(frame_ends[-1] + len(frame))
        writer.add("metadata_at", np.array(frame_ends, "<i8"))

    def _distinct_rows(self, rows: _Rows, order: Offsets) -> Offsets:
        """Leave out occurrences that say the same of the same document as one before."""
        suspects = _alike(rows, order)
        if not suspects:
            return order
        is_kept = np.ones(len(rows), np.bool_)
        lines, ends = self._lines.mapped(), np.cumsum(rows["n_bytes"], dtype=np.int64)
        for group in suspects:
            seen: set[bytes] = set()
            for row in group.tolist():
                stop = int(ends[row])
                line = lines[stop - int(rows["n_bytes"][row]) : stop].tobytes()
                is_kept[row] = line not in seen
                seen.add(line)
        return order[is_kept[order]]


def _alike(rows: _Rows, order: Offsets) -> list[Offsets]:
    """Groups of occurrences of one document whose lines have the same checksum."""
    documents = rows["document"][order]
    has_neighbour = np.zeros(order.size + 1, np.bool_)
    has_neighbour[1:-1] = documents[1:] == documents[:-1]
    several = order[has_neighbour[1:] | has_neighbour[:-1]]
    by_line = several[np.lexsort((rows["checksum"][several], rows["document"][several]))]
    keys = rows[["document", "checksum"]][by_line]
    is_repeated = keys[1:] == keys[:-1]
    edges = np.flatnonzero(np.diff(is_repeated, prepend=False, append=False))
    return [by_line[start : stop + 1] for start, stop in edges.reshape(-1, 2).tolist()]


def _license_sets(
    licenses: npt.NDArray[np.int32], order: Offsets, first: Offsets
) -> tuple[LicenseSets, npt.NDArray[np.int32]]:
    """Intern the set of licences of each document; its occurrences are order[first[d]:…]."""
    numbers: dict[tuple[int, ...], int] = {}
    set_of_document = np.empty(first.size - 1, "<i4")
    for at in range(0, set_of_document.size, _ROWS_AT_ONCE):
        bounds = first[at : at + _ROWS_AT_ONCE + 1]
        values = licenses[order[bounds[0] : bounds[-1]]]
        spans = pairwise((bounds - bounds[0]).tolist())
        set_of_document[at : at + _ROWS_AT_ONCE] = [
            numbers.setdefault(_members(values[start:stop]), len(numbers)) for start, stop in spans
        ]
    return join_sets(numbers), set_of_document


def _members(licenses: npt.NDArray[np.int32]) -> tuple[int, ...]:
    if licenses.size == 1:  # as nearly always
        return (int(licenses[0]),)
    return tuple(np.unique(licenses).tolist())
