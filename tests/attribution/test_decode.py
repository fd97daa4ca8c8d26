"""From bytes to the text that is checked and shown."""

import codecs

import pytest

from sc2_attrib.attribution.text import decode_input, readable, readable_path


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_text_with_a_byte_order_mark_is_transcoded(encoding: str) -> None:
    """UTF-16 and UTF-32 become UTF-8 without the mark, and the encoding is named."""
    decoded = decode_input("\ufeffx = 'é'\n".encode(encoding))
    assert (decoded.utf8, decoded.encoding) == ("x = 'é'\n".encode(), encoding)


@pytest.mark.parametrize("raw", [b"x", b"\xef\xbb\xbfx", b"\xff\xfa", b"", b"\x00\xfe\xff"])
def test_everything_else_is_checked_as_it_is(raw: bytes) -> None:
    """UTF-8 with its mark, invalid bytes and nothing at all stay what they are."""
    decoded = decode_input(raw)
    assert (decoded.utf8, decoded.encoding) == (raw, "utf-8")


def test_text_after_a_broken_unit_is_kept() -> None:
    """Half a surrogate pair becomes U+FFFD and nothing around it is lost."""
    raw = codecs.BOM_UTF16_LE + "a".encode("utf-16-le") + b"\x00\xd8" + "b".encode("utf-16-le")
    assert decode_input(raw).utf8.decode() == "a\ufffdb"


def test_each_invalid_byte_is_one_replacement_character() -> None:
    """Character offsets into the shown text are those of the checked bytes."""
    assert readable(b"\xe6\x97x\xff") == "\ufffd\ufffdx\ufffd"


def test_path_with_undecodable_bytes_can_be_written() -> None:
    """A byte that is no UTF-8 in a file name is spelt out."""
    assert readable_path(b"caf\xe9.py".decode("utf-8", "surrogateescape")) == "caf\\xe9.py"
