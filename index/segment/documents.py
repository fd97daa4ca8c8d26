"""Documents and occurrences of a segment: where each text stands, and where it was found.

Columns of fixed width are mapped (positions, ids, licence numbers), so the matcher asks for a
document's licences without reading any text; the rest of an occurrence is JSON in compressed
blocks, read only for what is listed. Occurrences stand in document order: those of one document are
a range.
"""

import hashlib
import json
from bisect import bisect_left
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.corpus.document import Basis, LicenseAssertion, Occurrence
from sc2_attrib.index.ranges import flat_ranges
from sc2_attrib.index.search import Swhid
from sc2_attrib.index.segment.format import SectionFile
from sc2_attrib.index.text import Offsets

KIND = b"DOCS"
ID_BYTES = 20  # a git blob SHA-1
METADATA_ROWS = 64  # occurrences in one compressed block: small, since a listing reads few of each
METADATA_CACHED = 64  # blocks kept: 1 MB
_SETS_CACHED = 4096  # sets of licence expressions kept as tuples
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


def decode_occurrence(line: bytes) -> Occurrence:
    """Read back what `prepared.encode_occurrence` wrote."""
    fields = json.loads(line)
    licenses = tuple(
        LicenseAssertion(expression, Basis(basis), path, confidence)
        for expression, basis, path, confidence in fields.pop("licenses", ())
    )
    return Occurrence(
        **fields | {"copyright": tuple(fields.get("copyright", ()))}, licenses=licenses
    )


def join_sets(numbers: dict[tuple[int, ...], int]) -> LicenseSets:
    """Lay out sets that are numbered in the order they were added."""
    starts = np.cumsum([0, *map(len, numbers)], dtype=np.int64)
    return LicenseSets(
        starts, np.array([number for members in numbers for number in members], np.int32)
    )


def order_of_ids(ids: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
    """Number documents by ascending content id; ids are compared in three words."""
    words = ids.view([("first", ">u8"), ("second", ">u8"), ("third", ">u4")])
    return np.lexsort([words[name] for name in ("third", "second", "first")]).astype("<u4")


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
        self._metadata = file["metadata"].at_random()
        self._lines = lru_cache(METADATA_CACHED)(self._read_metadata)
        self.members = lru_cache(_SETS_CACHED)(self._members)
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
        self.sets = join_sets(numbers)
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

    def occurrences_of(self, documents: Offsets) -> tuple[Offsets, Offsets]:
        """As `rows`, of many documents: the document of each row, and the rows, in that order."""
        starts, stops = self.occurrences[documents], self.occurrences[documents + 1]
        owners, rows = np.repeat(documents, stops - starts), flat_ranges(starts, stops)
        if self._removed:
            is_left = np.array([row not in self._removed for row in rows.tolist()], np.bool_)
            owners, rows = owners[is_left], rows[is_left]
        return owners, rows

    def are_left(self, documents: Offsets) -> npt.NDArray[np.bool_]:
        """Tell which documents have an occurrence that was not removed."""
        license_sets = self.license_sets[documents]
        is_left: npt.NDArray[np.bool_] = (
            self.sets.starts[license_sets] < self.sets.starts[license_sets + 1]
        )
        return is_left

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

    def find(self, identifier: bytes) -> int | None:
        """Number of the document with a content id; None if there is none."""
        order = self._by_id
        at = bisect_left(order, identifier, key=lambda number: self.identifier(int(number)))
        found = at < len(order) and self.identifier(int(order[at])) == identifier
        return int(order[at]) if found else None

    @cached_property
    def _by_id(self) -> npt.NDArray[np.uint32]:
        """Documents by ascending content id."""
        if "by_id" not in self._file.section_bytes():  # as early versions wrote it
            return order_of_ids(np.frombuffer(self._file["ids"].array("u1"), f"V{ID_BYTES}"))
        order: npt.NDArray[np.uint32] = self._file["by_id"].array("<u4")
        if order.size != self.n_documents or (order >= self.n_documents).any():
            raise self._file["by_id"].corrupt(0, "not the numbers of the documents")
        return order

    def read_occurrence(self, row: int) -> Occurrence:
        """Read one occurrence by number."""
        return decode_occurrence(self.read_line(row))

    def read_line(self, row: int) -> bytes:
        """Read one occurrence as it was written, without the line's end."""
        block, inside = divmod(row, METADATA_ROWS)
        return self._lines(block)[inside]

    def _members(self, license_set: int) -> tuple[int, ...]:
        """Numbers of the licence expressions in a set; `members` keeps those asked for last."""
        start, stop = self.sets.starts[license_set : license_set + 2].tolist()
        return tuple(self.sets.ids[start:stop].tolist())

    def _read_metadata(self, block: int) -> list[bytes]:
        start, stop = self._metadata_at[block : block + 2].tolist()
        return self._metadata.decompress(start, stop, most=_MOST_METADATA).splitlines()

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
