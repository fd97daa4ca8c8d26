"""The content store: raw text in compressed blocks that are found by position.

Documents stand one after another. A block begins at each normalised byte whose position is a
multiple of 2**BLOCK_BITS and holds the raw bytes from there to the next such byte, so position >>
BLOCK_BITS is the block, and raw offsets fall out of walking one block. Blocks are zstd frames with
content checksums.

Readers keep normalised blocks in an arena of equal slots (`BlockCache`), which kernels index
directly.
"""

from collections import OrderedDict
from collections.abc import Sequence
from threading import local
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import zstandard

from sc2_attrib.index.segment.format import Section, SectionFile, SectionWriter
from sc2_attrib.index.segment.spool import SpoolFolder
from sc2_attrib.index.text import Bytes, Offsets, normalize, raw_offsets

BLOCK_BITS = 14  # 16 KiB of normalised text: see docs/decisions/0001-strided-index.md
BLOCK_CHARS = 1 << BLOCK_BITS
LEVEL = 3
KIND = b"TEXT"
_BLOCK = np.dtype([("frame_bytes", "<i8"), ("raw_start", "<i8"), ("line_ends", "<i8")])
_RECENT_BLOCKS = 256  # raw blocks kept a thread: 5 MB


class CompressedBlocks(NamedTuple):
    """Zstd frames one after another, one a block; their lengths; the line ends in each block."""

    frames: bytes
    frame_bytes: Offsets
    line_ends: Offsets


def compress(text: bytes, edges: Offsets) -> CompressedBlocks:
    """Compress the blocks text[edges[i]:edges[i + 1]], each into a frame of its own.

    One call for all of them, so that no block waits for the GIL.
    """
    from sc2_attrib.index.segment import build_kernels

    line_ends = np.empty(edges.size - 1, np.int64)
    build_kernels.count_line_ends(np.frombuffer(text, np.uint8), edges, line_ends)
    spans = np.stack((edges[:-1], np.diff(edges)), axis=1).astype("<u8")
    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    blocks = zstandard.BufferWithSegments(text, spans.tobytes())
    found = compressor.multi_compress_to_buffer(blocks)
    frames = [found[block].tobytes() for block in range(len(found))]
    return CompressedBlocks(b"".join(frames), np.array([*map(len, frames)], np.int64), line_ends)


def count_line_ends(text: bytes) -> int:
    """Count LF, CRLF and lone CR."""
    n = int(np.count_nonzero(np.frombuffer(text, np.uint8) == ord("\n")))
    return n + text.count(b"\r") - text.count(b"\r\n") if b"\r" in text else n


class ContentWriter:
    """Gathers compressed blocks and writes them with their tables."""

    def __init__(self, spools: SpoolFolder) -> None:
        self._frames = spools.column("blocks", np.uint8)
        self._blocks = spools.column("block_table", _BLOCK)

    def add(self, raw_starts: Offsets, blocks: CompressedBlocks) -> None:
        """Append blocks, whose text begins at `raw_starts` of the segment."""
        rows = np.empty(raw_starts.size, _BLOCK)
        rows["raw_start"] = raw_starts
        rows["frame_bytes"], rows["line_ends"] = blocks.frame_bytes, blocks.line_ends
        self._frames.append(blocks.frames)
        self._blocks.extend(rows)

    def finish(self, writer: SectionWriter, raw_bytes: int) -> None:
        """Write everything; `raw_bytes` is the length of all text."""
        writer.add("blocks", self._frames.mapped())
        blocks = self._blocks.mapped()
        writer.add("offsets", _ends(blocks["frame_bytes"]))
        writer.add("raw_starts", np.append(blocks["raw_start"], raw_bytes).astype("<i8"))
        writer.add("line_ends", _ends(blocks["line_ends"]))


def _ends(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Add sizes up, beginning with 0."""
    return np.concatenate(([0], np.cumsum(sizes))).astype("<i8")


class ContentStore:
    """The blocks of one segment, read on demand."""

    def __init__(self, file: SectionFile) -> None:
        self._blocks = file["blocks"].at_random()
        self._offsets: Offsets = file["offsets"].array("<i8")
        self._raw_starts: Offsets = file["raw_starts"].array("<i8")
        self._line_ends: Offsets = file["line_ends"].array("<i8")
        _check_ascending(file["offsets"], self._offsets)
        _check_ascending(file["raw_starts"], self._raw_starts)
        if not self._offsets.size == self._raw_starts.size == self._line_ends.size:
            raise file["raw_starts"].corrupt(0, "not as many starts as blocks")
        self.n_blocks = self._offsets.size - 1
        self._was_asked_for = bytearray(self.n_blocks)
        self._thread = local()  # a decompressor serves one thread at a time

    def read_block(self, block: int) -> bytes:
        """Decompress the raw text of a block, or take it from those read last.

        Raises:
            CorruptIndexError: it doesn't decompress to what was stored.
        """
        recent = self._recent()
        if block in recent:
            recent.move_to_end(block)
        else:
            recent[block] = self._decompress(block)
            if len(recent) > _RECENT_BLOCKS:
                recent.popitem(last=False)
        return recent[block]

    def _recent(self) -> OrderedDict[int, bytes]:
        """Blocks that this thread read last."""
        if not hasattr(self._thread, "recent"):
            self._thread.recent = OrderedDict()
            self._thread.decompressor = zstandard.ZstdDecompressor()
        recent: OrderedDict[int, bytes] = self._thread.recent
        return recent

    def _decompress(self, block: int) -> bytes:
        start, stop = self._offsets[block : block + 2].tolist()
        raw_start, raw_stop = self._raw_starts[block : block + 2].tolist()
        frame = self._blocks.unchecked(start, stop)
        try:
            # Asked first, because the decompressor would believe a damaged length and allocate it.
            length = zstandard.frame_content_size(frame)
            if length != raw_stop - raw_start:
                raise self._blocks.corrupt(
                    start, f"block {block}: {length} bytes, expected {raw_stop - raw_start}"
                )
            raw: bytes = self._thread.decompressor.decompress(frame)
        except zstandard.ZstdError as error:
            raise self._blocks.corrupt(start, f"block {block}: {error}") from None
        return raw

    def will_need(self, blocks: Sequence[int]) -> None:
        """Ask the system for blocks that are read next, if they may not be in memory."""
        if not self._blocks.may_be_evicted:
            blocks = [block for block in blocks if not self._was_asked_for[block]]
        if not blocks:
            return
        for block in blocks:
            self._was_asked_for[block] = True
        numbers = np.array(blocks, np.int64)
        self._blocks.will_need(self._offsets[numbers], self._offsets[numbers + 1])

    def read_raw(self, start: int, stop: int) -> bytes:
        """Read raw bytes [start, stop) of the segment."""
        first, last = np.searchsorted(self._raw_starts, [start, max(stop - 1, start)], "right") - 1
        blocks = range(int(first), int(last) + 1)
        if len(blocks) > 1:
            self.will_need(blocks)
        text = b"".join(map(self.read_block, blocks))
        base = int(self._raw_starts[first])
        return text[start - base : stop - base]

    def count_lines(self, start: int, stop: int) -> int:
        """Count line ends in raw bytes [start, stop) of the segment; a document begins at `start`.

        A block begins with a byte that is not white space, so no CRLF lies across two blocks.
        """
        first, last = np.searchsorted(self._raw_starts, [start, stop], "right") - 1
        last = min(last, self.n_blocks - 1)
        if first == last:
            return count_line_ends(self.read_raw(start, stop))
        base, next_block = int(self._raw_starts[first]), int(self._raw_starts[first + 1])
        between = int(self._line_ends[last]) - int(self._line_ends[first + 1])
        head = self.read_block(int(first))[start - base : next_block - base]
        tail = self.read_block(int(last))[: stop - int(self._raw_starts[last])]
        return count_line_ends(head) + between + count_line_ends(tail)

    def raw_offsets(self, positions: Sequence[int]) -> list[int]:
        """Find the raw offset in the segment of normalised bytes, given by position."""
        offsets = {
            block: raw_offsets(self.read_block(block)) + self._raw_starts[block]
            for block in {position >> BLOCK_BITS for position in positions}
        }
        return [
            int(offsets[position >> BLOCK_BITS][position & (BLOCK_CHARS - 1)])
            for position in positions
        ]


class BlockCache:
    """Normalised blocks in memory, the oldest leaving first.

    `arena`: shape (n_slots, BLOCK_CHARS), uint8. `slot_of`: shape (n_blocks + 1,), row of each
    block in the arena plus one, 0 where it is not present. Both are valid until the next `reserve`.
    `is_fast`: use machine code.
    """

    def __init__(self, store: ContentStore, max_bytes: int) -> None:
        self._store = store
        n_slots = max(min(max_bytes // BLOCK_CHARS, store.n_blocks), 1)
        # Zeroed memory costs nothing until it is touched, however large the segment is.
        self.arena: Bytes = np.zeros((n_slots, BLOCK_CHARS), np.uint8)
        self.slot_of = np.zeros(store.n_blocks + 1, np.int32)
        self._present: OrderedDict[int, None] = OrderedDict()
        self.n_reads = 0
        self.is_fast = False

    def reserve(self, first: int, last: int) -> None:
        """Make blocks first … last (inclusive) present together."""
        self._grow(last - first + 1)
        self._bring(range(first, last + 1))

    def prefetch(self, starts: Offsets, stops: Offsets) -> None:
        """Make the blocks of positions [start, stop) present, as far as half the room goes."""
        first, last = starts >> BLOCK_BITS, (stops - 1) >> BLOCK_BITS
        blocks = np.unique(np.concatenate((first, last)))
        self._bring(blocks[: len(self.arena) // 2].tolist())

    def _bring(self, blocks: Sequence[int]) -> None:
        """Make blocks present, no more than there is room for."""
        missing = [block for block in blocks if block not in self._present]
        if len(missing) < len(blocks):
            for block in blocks:
                if block in self._present:
                    self._present.move_to_end(block)  # not to be dropped for those missing
        self._store.will_need(missing)
        for block in missing:
            slot = self._free_slot()
            self._normalize(self._store.read_block(block), self.arena[slot - 1])
            self.slot_of[block] = slot
            self._present[block] = None
            self.n_reads += 1

    def _normalize(self, raw: bytes, row: Bytes) -> None:
        if self.is_fast:
            from sc2_attrib.index import gram_kernels

            gram_kernels.normalize_block(np.frombuffer(raw, np.uint8), row)
        else:
            text = np.frombuffer(normalize(raw), np.uint8)[:BLOCK_CHARS]
            row[: text.size] = text

    def _free_slot(self) -> int:
        if len(self._present) < len(self.arena):
            return len(self._present) + 1
        oldest, _ = self._present.popitem(last=False)
        slot = int(self.slot_of[oldest])
        self.slot_of[oldest] = 0
        return slot

    def _grow(self, n_blocks: int) -> None:
        """Make room for a match that is longer than the whole arena."""
        if n_blocks > len(self.arena):
            more = np.zeros((n_blocks - len(self.arena), BLOCK_CHARS), np.uint8)
            self.arena = np.concatenate((self.arena, more))


def _check_ascending(section: Section, values: Offsets) -> None:
    if values.size == 0 or values[0] != 0 or (np.diff(values) < 0).any():
        raise section.corrupt(0, "offsets that do not ascend from 0")
