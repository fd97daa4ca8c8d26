"""From the bytes of an input to the text that is checked, and to the text that is shown.

UTF-16 and UTF-32 are transcoded where a byte order mark says so, since the index holds UTF-8.
Everything else is checked as it is, valid or not: the index compares bytes.
"""

import codecs
import re
from dataclasses import dataclass

UTF_8 = "utf-8"

BYTE_ORDER_MARKS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_INVALID_BYTE = re.compile("[\udc80-\udcff]")  # what `surrogateescape` makes of one


@dataclass(frozen=True, slots=True)
class DecodedInput:
    """The bytes that are checked, and the encoding that the input had."""

    utf8: bytes
    encoding: str


def decode_input(raw: bytes) -> DecodedInput:
    """Transcode UTF-16 and UTF-32 with a byte order mark to UTF-8, without the mark.

    Units that stand for no character become U+FFFD, so no text is lost before or after them.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            text = raw[len(mark) :].decode(encoding, errors="replace")
            return DecodedInput(text.encode(), encoding)
    return DecodedInput(raw, UTF_8)


def decode_escaped(raw: bytes) -> str:
    """Decode UTF-8, each invalid byte to one lone surrogate: code points count as in reports."""
    return raw.decode(UTF_8, errors="surrogateescape")


def readable(raw: bytes) -> str:
    """Decode UTF-8 for a report: each invalid byte becomes one U+FFFD, so offsets still hold."""
    return _INVALID_BYTE.sub("\ufffd", decode_escaped(raw))


def readable_path(path: str) -> str:
    r"""Spell a path so that it can be written as UTF-8: an undecodable byte becomes `\xff`."""
    return path.encode(UTF_8, "surrogateescape").decode(UTF_8, "backslashreplace")
