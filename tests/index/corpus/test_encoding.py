import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_attrib.index.corpus.encoding import to_utf8

MARKS = {
    "UTF-16LE": codecs.BOM_UTF16_LE,
    "UTF-16BE": codecs.BOM_UTF16_BE,
    "UTF-32LE": codecs.BOM_UTF32_LE,
    "UTF-32BE": codecs.BOM_UTF32_BE,
}


@given(
    text=st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    encoding=st.sampled_from(list(MARKS)),
)
def test_marked_text_comes_back_as_utf8_without_its_mark(text: str, encoding: str) -> None:
    """Text in UTF-16 or UTF-32 with a byte order mark becomes the same text in UTF-8."""
    raw = MARKS[encoding] + text.encode(encoding)
    assert to_utf8(raw) == (text.encode(), encoding)


@given(raw=st.binary())
def test_bytes_without_such_a_mark_are_untouched(raw: bytes) -> None:
    """Anything else, invalid UTF-8 and a UTF-8 mark included, stays as it is."""
    for unmarked in (b"x" + raw, codecs.BOM_UTF8 + raw):
        assert to_utf8(unmarked) == (unmarked, None)


def test_bytes_that_belie_their_mark_are_an_error() -> None:
    """A mark over bytes that are not in its encoding is not guessed around."""
    with pytest.raises(UnicodeDecodeError):
        to_utf8(codecs.BOM_UTF16_LE + b"odd")
