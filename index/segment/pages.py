"""The gram table: pages of postings in the order of their keys.

A posting says where in the segment a gram stands. Its key is not stored: pages are sorted by key,
and the *fence* (first key of each page, all that need be in memory) leads to the page; within the
page the 16-bit fingerprint tells postings apart. One look-up meets 584 * 2**-16 = 0.009 false
postings, which the context bits and the comparison with the text weed out.

A page is 4096 bytes, three columns and its own checksum, so a look-up scans 1.1 KiB of it:

    0     584 of u32   position // stride; HOT = the gram has a list of its own (hot.py)
    2336  584 of u16   fingerprint
    3504  584 of u8    context bits (grams.py)
    4088  u16         number of postings; the rest are zero
    4090  u16         zero
    4092  u32         CRC-32 of bytes 0 … 4091
"""

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sc2_attrib.index.grams import Contexts, Fingerprints, Keys
from sc2_attrib.index.ranges import flat_ranges
from sc2_attrib.index.segment.format import Section, SectionWriter, octets

KIND = b"GRAM"
PAGE_BYTES = 4096
PER_PAGE = 584
HOT = 0xFFFFFFFF  # in place of a position
MAX_POSITION = 0xFFFFFFFD  # a segment holds at most this many strides of text
LAYOUT = (2336 // 2, 3504, 4088 // 2)  # fingerprints, contexts, count: in units of u16, u8, u16
LEFT_DIFFERS, RIGHT_DIFFERS = 2, 1

PAGE = np.dtype(
    [
        ("positions", "<u4", PER_PAGE),
        ("fingerprints", "<u2", PER_PAGE),
        ("contexts", "u1", PER_PAGE),
        ("count", "<u2"),
        ("zero", "<u2"),
        ("checksum", "<u4"),
    ]
)


class PageWriter:
    """Cuts a stream of sorted postings into pages."""

    def __init__(self, writer: SectionWriter) -> None:
        self._writer = writer
        writer.begin("pages")
        self._fence: list[Keys] = []
        self._keys = np.empty(0, np.uint64)
        self._payloads = np.empty(0, np.uint64)
        self.n_postings = 0

    def add(self, keys: Keys, payloads: Keys) -> None:
        """Append postings.

        Args:
            keys: ascending, and not below the last of the call before.
            payloads: fingerprint << 48 | context << 40 | position // stride.
        """
        self.n_postings += keys.size
        self._keys = np.concatenate((self._keys, keys))
        self._payloads = np.concatenate((self._payloads, payloads))
        self._flush(self._keys.size // PER_PAGE * PER_PAGE)

    def finish(self) -> None:
        """Write the last page and the fence."""
        self._flush(self._keys.size)
        self._writer.add("fence", np.concatenate([*self._fence, np.empty(0, np.uint64)]))

    def _flush(self, n: int) -> None:
        if not n:
            return
        pages = np.zeros(-(-n // PER_PAGE), dtype=PAGE)
        payloads = np.zeros((pages.size, PER_PAGE), np.uint64)
        payloads.ravel()[:n] = self._payloads[:n]
        pages["positions"] = payloads.astype(np.uint32)
        pages["contexts"] = (payloads >> np.uint64(40)).astype(np.uint8)
        pages["fingerprints"] = (payloads >> np.uint64(48)).astype(np.uint16)
        pages["count"] = PER_PAGE
        pages["count"][-1] = n - (pages.size - 1) * PER_PAGE
        view = octets(pages)
        for page in range(pages.size):
            start = page * PAGE_BYTES
            pages["checksum"][page] = zlib.crc32(view[start : start + PAGE_BYTES - 4])
        self._writer.write(view)
        self._fence.append(self._keys[:n:PER_PAGE].copy())
        self._keys, self._payloads = self._keys[n:].copy(), self._payloads[n:].copy()


@dataclass(frozen=True, slots=True)
class Seeds:
    """Where grams of a query stand in the segment; one row a (gram, posting).

    `grams`: numbers of query grams, ascending. `positions`: in strides. `differs`: bit LEFT_DIFFERS
    or RIGHT_DIFFERS is set where the context proves a difference on that side. `hot`: numbers of
    query grams whose fingerprint met a HOT posting, ascending.
    """

    grams: npt.NDArray[np.int32]
    positions: npt.NDArray[np.uint32]
    differs: npt.NDArray[np.uint8]
    hot: npt.NDArray[np.int32]


_Found = tuple[npt.NDArray[np.int32], npt.NDArray[np.uint32], npt.NDArray[np.uint8]]


class PageTable:
    """The pages of one segment, mapped; a page's checksum is tested when it is first read."""

    def __init__(self, pages: Section, fence: Section) -> None:
        self._section = pages.at_random()
        self._fence: Keys = fence.array("<u8")
        self._pages = pages.unchecked_array(PAGE)
        if self._pages.size != self._fence.size:
            raise fence.corrupt(0, f"{self._fence.size} keys for {self._pages.size} pages")
        self._checked = np.zeros(self._pages.size, np.bool_)
        flat = np.frombuffer(pages.unchecked(0, len(pages)), dtype=np.uint8)
        self._columns = (
            flat.view("<u4").reshape(-1, PAGE_BYTES // 4),
            flat.view("<u2").reshape(-1, PAGE_BYTES // 2),
            flat.reshape(-1, PAGE_BYTES),
        )

    def look_up(
        self,
        keys: Keys,
        fingerprints: Fingerprints,
        contexts: Contexts,
        *,
        both_differ_is_final: bool,
        fast: bool,
    ) -> Seeds:
        """Find the postings of grams.

        Args:
            keys, fingerprints, contexts: shape (n,), of the query's grams.
            both_differ_is_final: leave out postings whose context differs on both sides, as no
                match that is long enough can hold them.
            fast: use machine code.

        Raises:
            CorruptIndexError: a page that was read is damaged.
        """
        if not self._pages.size or not keys.size:
            empty = np.empty(0, np.int32)
            return Seeds(empty, empty.astype(np.uint32), empty.astype(np.uint8), empty)
        scan = self._scan_compiled if fast else self._scan_plain
        grams, positions, differs = scan(keys, fingerprints, contexts, both_differ_is_final)
        is_hot = positions == HOT
        if not is_hot.any():
            return Seeds(grams, positions, differs, np.empty(0, np.int32))
        keep = ~is_hot
        return Seeds(grams[keep], positions[keep], differs[keep], np.unique(grams[is_hot]))

    def _fetch(self, pages: npt.NDArray[np.int64]) -> None:
        """Read pages that may not be in memory side by side, and check those that were not."""
        unchecked = pages[~self._checked[pages]]
        wanted = pages if self._section.may_be_evicted else unchecked
        self._section.will_need(wanted * PAGE_BYTES, (wanted + 1) * PAGE_BYTES)
        for page in np.unique(unchecked).tolist():
            self._check_page(page)

    def _check_page(self, page: int) -> None:
        start = page * PAGE_BYTES
        found = zlib.crc32(self._section.unchecked(start, start + PAGE_BYTES - 4))
        expected = int(self._pages["checksum"][page])
        if found != expected:
            raise self._section.corrupt(
                start, f"page {page}: checksum {found:08x}, expected {expected:08x}"
            )
        self._checked[page] = True

    def _scan_plain(
        self, keys: Keys, fingerprints: Fingerprints, contexts: Contexts, both_differ_is_final: bool
    ) -> _Found:
        """Scan page by page with NumPy: all grams of a page at once."""
        # The first page that can hold a key is the last one whose first key is smaller.
        first = np.maximum(np.searchsorted(self._fence, keys, "left") - 1, 0)
        last = np.maximum(np.searchsorted(self._fence, keys, "right") - 1, 0)
        grams = np.repeat(np.arange(keys.size), last - first + 1)
        pages = flat_ranges(first, last + 1)
        order = np.argsort(pages, kind="stable")
        self._fetch(pages)
        found: list[npt.NDArray[np.int64]] = []
        for members in np.split(order, np.flatnonzero(np.diff(pages[order])) + 1):
            page = int(pages[members[0]])
            column = self._pages["fingerprints"][page, : self._pages["count"][page]]
            who, slot = np.nonzero(column == fingerprints[grams[members], None])
            found.append(np.stack((grams[members[who]], np.full(who.size, page), slot)))
        gram, at, slot = np.concatenate(found, axis=1)
        position = self._pages["positions"][at, slot]
        side = self._pages["contexts"][at, slot] ^ contexts[gram]
        differs = ((side >> 4 != 0) * np.uint8(LEFT_DIFFERS)) | (side & 15 != 0)
        keep = np.lexsort((slot, at, gram))
        if both_differ_is_final:
            is_open = (differs != LEFT_DIFFERS | RIGHT_DIFFERS) | (position == HOT)
            keep = keep[is_open[keep]]
        return gram[keep].astype(np.int32), position[keep], differs[keep].astype(np.uint8)

    def _scan_compiled(
        self, keys: Keys, fingerprints: Fingerprints, contexts: Contexts, both_differ_is_final: bool
    ) -> _Found:
        """Scan gram by gram as machine code; neighbours mostly share their page."""
        from sc2_attrib.index import gram_kernels

        first = np.empty(keys.size, np.int64)
        met = np.empty(keys.size, np.int64)
        self._fetch(met[: gram_kernels.find_pages(self._fence, keys, first, met)])
        size = 4 * keys.size + 1024
        while True:
            found = (np.empty(size, np.int32), np.empty(size, np.uint32), np.empty(size, np.uint8))
            n, unchecked_page = gram_kernels.scan_pages(
                self._fence,
                *self._columns,
                LAYOUT,
                self._checked,
                first,
                keys,
                fingerprints,
                contexts,
                both_differ_is_final,
                *found,
            )
            if unchecked_page >= 0:  # a run of equal keys that goes on over several pages
                self._check_page(unchecked_page)
            elif n <= size:
                return found[0][:n], found[1][:n], found[2][:n]
            else:
                size = n
