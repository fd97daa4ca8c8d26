"""Byte offsets as characters, lines and columns."""

from hypothesis import given
from hypothesis import strategies as st

from sc2_attrib.attribution.offsets import TextOffsets

PIECES = [b"a", b" ", b"\t", b"\n", b"\r", b"\r\n", "é".encode(), "日".encode(), "😀".encode()]
BROKEN = [b"\xff", b"\xe6\x97", b"\xed\xa0\x80", b"\xc0\x80", "\ufeff".encode(), "\u2028".encode()]


def characters(raw: bytes) -> list[bytes]:
    """Cut a text into valid characters and single invalid bytes, one at a time."""
    found, at = [], 0
    while at < len(raw):
        width = next((n for n in (1, 2, 3, 4) if is_character(raw[at : at + n])), 1)
        found.append(raw[at : at + width])
        at += width
    return found


def is_character(raw: bytes) -> bool:
    try:
        return len(raw.decode()) == 1
    except UnicodeDecodeError:
        return False


def places(raw: bytes) -> list[tuple[int, int, int, int]]:
    """Walk a text: byte offset, char, line, column of each character."""
    line, column, offset, walked = 1, 1, 0, []
    chars = characters(raw)
    for number, char in enumerate(chars):
        walked.append((offset, number, line, column))
        following = chars[number + 1 : number + 2]
        ends_line = char == b"\n" or (char == b"\r" and following != [b"\n"])
        line, column = (line + 1, 1) if ends_line else (line, column + 1)
        offset += len(char)
    return walked


@given(st.lists(st.sampled_from(PIECES + BROKEN), max_size=30).map(b"".join))
def test_offsets_equal_a_walk_over_the_text(raw: bytes) -> None:
    """Characters, lines and columns are those of a walk from character to character."""
    offsets = TextOffsets(raw)
    for offset, char, line, column in places(raw):
        assert (offsets.char(offset), offsets.line(offset)) == (char, line)
        assert offsets.column(offset) == column
    assert offsets.char(len(raw)) == len(characters(raw))


def test_extent_covers_whole_characters() -> None:
    """Bytes and characters are half-open, lines and columns inclusive."""
    raw = "x = 'é'\ny = 2\n".encode()
    extent = TextOffsets(raw).extent(4, 11)
    assert extent.bytes == (4, 11)
    assert extent.chars == (4, 10)
    assert extent.lines == (1, 2)
    assert extent.columns == (5, 2)


def test_last_column_is_that_of_a_wide_character() -> None:
    """A match that ends in a character of several bytes ends in that character's column."""
    assert TextOffsets("ab日".encode()).extent(0, 5).columns == (1, 3)


def test_byte_order_mark_is_three_bytes_and_one_character() -> None:
    """What follows a UTF-8 byte order mark stands in column 2."""
    extent = TextOffsets(b"\xef\xbb\xbfx").extent(3, 4)
    assert (extent.bytes, extent.chars, extent.columns) == ((3, 4), (1, 2), (2, 2))


def test_invalid_bytes_count_one_each() -> None:
    """The first two bytes of a three-byte character are two characters."""
    assert TextOffsets(b"\xe6\x97x").char(2) == 2


def test_every_kind_of_line_end_counts() -> None:
    """LF, CRLF and a lone CR end a line; U+2028 and a vertical tab don't."""
    raw = "a\nb\r\nc\rd\u2028e\x0bf".encode()
    assert TextOffsets(raw).n_lines == 4


def test_what_follows_the_last_line_end_is_a_line_only_if_not_empty() -> None:
    """A text that ends in a line end has no further line; an empty text has none."""
    assert [TextOffsets(raw).n_lines for raw in (b"", b"a", b"a\n", b"a\nb", b"\n\n")] == [
        0, 1, 1, 2, 2,
    ]  # fmt: skip
