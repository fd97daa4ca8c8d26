r"""Byte offsets of a text as characters, lines and columns.

The searcher speaks of bytes; people and report formats want code points, line numbers and columns.
Two sorted tables, of the offsets where code points and where lines start, are built once a text;
each question is then a binary search. An ASCII text needs no table of code points.

A line ends at LF, CRLF or a lone CR. A column counts code points, a tab is one. A byte that belongs
to no valid character counts as a character of its own, and a byte order mark as one.
"""

from functools import cached_property

import numpy as np
import numpy.typing as npt

from sc2_attrib.attribution.result import Extent
from sc2_attrib.attribution.text import decode_escaped

Table = npt.NDArray[np.int64]

LF, CR = 10, 13


class TextOffsets:
    """The places of one text. Byte offsets must lie on code points, as those of matches do."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def extent(self, start: int, stop: int) -> Extent:
        """Locate the bytes [start, stop), which must not be empty."""
        last = self._last_character(stop)
        return Extent(
            bytes=(start, stop),
            chars=(self.char(start), self.char(stop)),
            lines=(self.line(start), self.line(last)),
            columns=(self.column(start), self.column(last)),
        )

    def char(self, offset: int) -> int:
        """Count the code points before a byte offset."""
        if self._char_starts is None:
            return offset
        return int(np.searchsorted(self._char_starts, offset))

    def line(self, offset: int) -> int:
        """Number the line that holds the byte at `offset`, from 1."""
        return int(np.searchsorted(self._line_starts, offset, side="right"))

    def column(self, offset: int) -> int:
        """Number the code point at `offset` within its line, from 1."""
        line_start = int(self._line_starts[self.line(offset) - 1])
        return self.char(offset) - self.char(line_start) + 1

    @property
    def n_lines(self) -> int:
        """Lines of the text; what follows the last line end is a line only if it isn't empty."""
        ends_open = int(self._line_starts[-1]) < len(self._raw)
        return len(self._line_starts) - (not ends_open)

    def _last_character(self, stop: int) -> int:
        """Find where the character before `stop` begins."""
        if self._char_starts is None:
            return stop - 1
        return int(self._char_starts[self.char(stop) - 1])

    @cached_property
    def _char_starts(self) -> Table | None:
        """Byte offset of each code point; None where each byte is one."""
        if self._raw.isascii():
            return None
        code_points = np.frombuffer(
            decode_escaped(self._raw).encode("utf-32-le", "surrogatepass"), dtype="<u4"
        )
        widths = 1 + (code_points >= 0x80) + (code_points >= 0x800) + (code_points >= 0x10000)
        widths[(code_points >= 0xDC80) & (code_points <= 0xDCFF)] = 1  # an invalid byte
        return np.concatenate(([0], np.cumsum(widths)[:-1]))

    @cached_property
    def _line_starts(self) -> Table:
        """Byte offset of each line; the last is the end of the text where it ends a line."""
        text = np.frombuffer(self._raw, dtype=np.uint8)
        is_end = text == LF
        is_end |= (text == CR) & np.append(text[1:] != LF, True)[: text.size]
        return np.concatenate(([0], np.flatnonzero(is_end) + 1))
