"""The near keys of a segment: by what lexemes its documents can be found.

A posting leads from a key (index/near/keys.py) to a *unit*, a place each 32 lexemes of all
documents one after another. *Milestones* lead from there into the text: the byte offset of every
second unit in its document. Lexing may begin at one, so a region is read without what stands before
it.

The file holds the postings in pages like those of grams (pages.py), where the fingerprint is bits 0
to 15 of a key and the context bits are bits 16 to 23; further

    milestones   u32   byte offset in the document of every 64th lexeme, document after document
    first        i64   number of the first milestone of each document, and of all
    scheme             JSON: how the keys were made (index/near/scheme.py)
"""

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.errors import CorpusError, CorruptIndexError
from sc2_attrib.index.grams import Keys
from sc2_attrib.index.near.keys import document_keys
from sc2_attrib.index.near.lexer import Numbers
from sc2_attrib.index.near.scheme import UNITS, NearScheme
from sc2_attrib.index.segment.format import SectionFile, SectionWriter, octets
from sc2_attrib.index.segment.pages import MAX_POSITION, PageTable, PageWriter
from sc2_attrib.index.segment.spool import SpoolFolder
from sc2_attrib.index.text import Offsets

KIND = b"NEAR"
_KEY_BITS = 62  # of index/near/keys.py; here they are the top bits of 64
N_PARTS = 256
_PART_SHIFT = 56  # 64 - log2(N_PARTS)


class NearRun(NamedTuple):
    """Keys of a batch, grouped by their top bits; units count from the batch's first milestone."""

    pairs: npt.NDArray[np.uint64]
    starts: Offsets
    milestones: Numbers
    counts: Numbers


def as_page_keys(keys: Numbers) -> Keys:
    """Spread keys of 62 bits over 64."""
    return keys.astype(np.uint64) << np.uint64(64 - _KEY_BITS)


def payload_bits(keys: Keys) -> Keys:
    """Fingerprint and context bits of page keys, where a payload holds them."""
    low = keys >> np.uint64(64 - _KEY_BITS)
    return (low & np.uint64(0xFFFF)) << np.uint64(48) | (
        low >> np.uint64(16) & np.uint64(0xFF)
    ) << np.uint64(40)


class NearRuns:
    """The keys of a segment that is being built, on disk."""

    def __init__(self, spools: SpoolFolder, scheme: NearScheme) -> None:
        """Begin, or go on where the spools stand."""
        self._scheme = scheme
        self._pairs = spools.column("near", "<u8")
        self._starts = spools.column("near_runs", "<i8")
        self._milestones = spools.column("near_milestones", "<u4")
        self._counts = spools.column("near_counts", "<i8")

    def find(self, raw: bytes, raw_ends: Offsets) -> NearRun:
        """Make the keys of a batch of documents: raw[raw_ends[i]:raw_ends[i + 1]] is document i."""
        from sc2_attrib.index import gram_kernels

        found = document_keys(raw, raw_ends, self._scheme, fast=True)
        keys = as_page_keys(found.keys)
        payloads = payload_bits(keys) | found.units.astype(np.uint64)
        pairs = np.empty((keys.size, 2), np.uint64)
        starts = np.empty(N_PARTS + 1, np.int64)
        gram_kernels.scatter(keys, payloads, keys.size, _PART_SHIFT, pairs, starts)
        return NearRun(pairs, starts, found.milestones, found.counts)

    def append(self, run: NearRun) -> None:
        """Append the keys of the next batch."""
        base = len(self._milestones) * UNITS
        if base + run.milestones.size * UNITS > MAX_POSITION:
            raise CorpusError("a segment is full: it holds more lexemes than near keys can number")
        run.pairs[:, 1] += np.uint64(base)
        self._pairs.append(octets(run.pairs))
        self._starts.extend(run.starts)
        self._milestones.extend(run.milestones)
        self._counts.extend(run.counts)

    def write(self, writer: SectionWriter, pool: ThreadPoolExecutor, group_postings: int) -> None:
        """Sort everything into a segment's file, at most `group_postings` at a time a thread."""
        pages = PageWriter(writer)
        groups = self._groups(group_postings)
        waiting: list[Future[tuple[Keys, Keys]]] = []
        for start, stop in groups:
            waiting.append(pool.submit(self._sort, start, stop))
            if len(waiting) > 1:
                pages.add(*waiting.pop(0).result())
        for future in waiting:
            pages.add(*future.result())
        pages.finish()
        writer.add("scheme", json.dumps(self._scheme.to_fields()).encode())
        writer.add("milestones", self._milestones.mapped())
        writer.add("first", np.concatenate(([0], np.cumsum(self._counts.mapped()))).astype("<i8"))

    def _groups(self, n_postings: int) -> Iterator[tuple[int, int]]:
        """Cut the parts into ranges with at most `n_postings`, or one part each."""
        start, total = 0, 0
        for part, count in enumerate(np.diff(self._bounds(), axis=1).sum(axis=0).tolist()):
            if total and total + count > n_postings:
                yield start, part
                start, total = part, 0
            total += count
        yield start, N_PARTS

    def _sort(self, start: int, stop: int) -> tuple[Keys, Keys]:
        """Keys and payloads of parts start … stop - 1, ascending by key, then unit."""
        from sc2_attrib.index import gram_kernels

        bounds = self._bounds()
        run_starts = np.concatenate(([0], np.cumsum(bounds[:, -1])))[:-1]
        pairs = self._pairs.mapped().reshape(-1, 2)
        firsts, lasts = run_starts + bounds[:, start], run_starts + bounds[:, stop]
        rows = [
            pairs[first:last] for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)
        ]
        group = np.concatenate((np.empty((0, 2), np.uint64), *rows))
        keys, payloads = np.ascontiguousarray(group.T)
        return gram_kernels.sort_pairs(keys, payloads, np.empty_like(keys), np.empty_like(keys), 64)

    def _bounds(self) -> npt.NDArray[Any]:
        return self._starts.mapped().reshape(-1, N_PARTS + 1)


class NearTable:
    """The near keys of an open segment."""

    def __init__(self, file: SectionFile, n_documents: int) -> None:
        section = file["scheme"]
        try:
            self.scheme = NearScheme.from_fields(
                json.loads(section.read(0, len(section)).tobytes())
            )
        except (ValueError, KeyError, TypeError) as error:
            raise section.corrupt(0, f"no scheme: {error}") from None
        self._pages = PageTable(file["pages"], file["fence"])
        self._milestones: npt.NDArray[np.uint32] = file["milestones"].array("<u4")
        self.first: Offsets = file["first"].array("<i8")
        if self.first.size != n_documents + 1:
            raise file["first"].corrupt(0, f"{self.first.size} items, expected {n_documents + 1}")
        if self.first[0] != 0 or (np.diff(self.first) < 0).any():
            raise file["first"].corrupt(0, "numbers that do not ascend from 0")
        if self.first[-1] != self._milestones.size:
            raise file["milestones"].corrupt(0, "not as many milestones as documents need")
        self._file = file

    def look_up(self, keys: Numbers, *, fast: bool) -> tuple[Numbers, Numbers]:
        """Find the units of keys: rows of `keys`, ascending, and a unit for each."""
        page_keys = as_page_keys(keys)
        bits = payload_bits(page_keys)
        seeds = self._pages.look_up(
            page_keys,
            (bits >> np.uint64(48)).astype(np.uint16),
            (bits >> np.uint64(40)).astype(np.uint8),
            both_differ_is_final=False,
            fast=fast,
        )
        is_equal = seeds.differs == 0
        units = seeds.positions[is_equal].astype(np.int64)
        if units.size and units.max() >= self._milestones.size * UNITS:
            raise self._file["pages"].corrupt(0, "a unit beyond the milestones")
        return seeds.grams[is_equal].astype(np.int64), units

    def milestones(self, document: int) -> Numbers:
        """Byte offsets in a document of every 64th lexeme."""
        first, stop = self.first[document : document + 2].tolist()
        found = self._milestones[first:stop].astype(np.int64)
        if (np.diff(found) <= 0).any():
            raise self._file["milestones"].corrupt(4 * first, "offsets that do not ascend")
        return found

    def corrupt(self, why: str) -> CorruptIndexError:
        """Make the error for numbers that contradict the segment's other files."""
        return self._file["milestones"].corrupt(0, why)
