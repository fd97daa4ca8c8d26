"""From a file's bytes to UTF-8 text: only a byte order mark is believed.

Bytes without a mark stay as they are, valid UTF-8 or not: guessing an encoding would move every
offset that is reported later. A UTF-8 mark stays too; it is part of the text (3 bytes).
"""

import codecs

# UTF-32LE before UTF-16LE: the mark of the one starts with the mark of the other.
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32LE"),
    (codecs.BOM_UTF32_BE, "UTF-32BE"),
    (codecs.BOM_UTF16_LE, "UTF-16LE"),
    (codecs.BOM_UTF16_BE, "UTF-16BE"),
)


def to_utf8(raw: bytes) -> tuple[bytes, str | None]:
    """Transcode UTF-16 and UTF-32 with a byte order mark; leave everything else untouched.

    Returns:
        The text without its UTF-16 or UTF-32 mark, and the encoding it had; None if unchanged.

    Raises:
        UnicodeDecodeError: the bytes are not in the encoding that the mark names.
    """
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return raw[len(mark) :].decode(encoding).encode(), encoding
    return raw, None
