"""Normalised text: the bytes of a text without ASCII white space.

Matching looks only at normalised bytes, so a copy that was re-indented or re-wrapped is still
found. Everything reported is in raw offsets; `raw_offsets` leads back. One *character* everywhere
in this project is one normalised byte. Nothing here decodes: invalid UTF-8 passes through as bytes.
"""

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]

WHITE_SPACE = b"\t\n\x0b\x0c\r "  # ASCII white space: HT, LF, VT, FF, CR, space

_IS_TEXT = bytes(byte not in WHITE_SPACE for byte in range(256))  # 1: not white space


def normalize(raw: bytes) -> bytes:
    """Drop ASCII white space."""
    return raw.translate(None, WHITE_SPACE)


def raw_offsets(raw: bytes) -> Offsets:
    """Locate each normalised byte of `raw`: shape (len(normalize(raw)),), ascending raw offsets."""
    return np.flatnonzero(np.frombuffer(raw.translate(_IS_TEXT), dtype=np.bool_))


def whole_code_points(normalized: bytes | Bytes, start: int, stop: int) -> tuple[int, int]:
    """Shrink [start, stop) to whole UTF-8 code points.

    A run of equal bytes may begin or end inside a character. Bytes that belong to no valid
    character count as characters of their own, so they stay.
    """
    while start < stop and _is_inside_character(normalized, start):
        start += 1
    while start < stop and _is_inside_character(normalized, stop):
        stop -= 1
    return start, stop


def shrinking_to(normalized: bytes | Bytes, start: int, stop: int) -> list[tuple[int, int]]:
    """List the extents that `whole_code_points` shrinks to [start, stop): itself, mostly alone."""
    first, last = start, stop
    while first > 0 and _is_inside_character(normalized, first - 1):
        first -= 1
    while last < len(normalized) and _is_inside_character(normalized, last + 1):
        last += 1
    return [(s, e) for s in range(start, first - 1, -1) for e in range(stop, last + 1)]


def _is_inside_character(normalized: bytes | Bytes, offset: int) -> bool:
    """Tell whether a valid character begins before `offset` and ends after it."""
    if offset >= len(normalized) or not 0x80 <= normalized[offset] < 0xC0:
        return False
    for lead in range(offset - 1, max(offset - 4, -1), -1):
        if normalized[lead] < 0x80:
            return False
        if normalized[lead] >= 0xC0:
            character = bytes(normalized[lead : lead + _encoded_length(int(normalized[lead]))])
            return lead + len(character) > offset and _is_valid(character)
    return False


def _encoded_length(lead: int) -> int:
    """Bytes of the character that begins with `lead`, by its leading bits."""
    return 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4


def _is_valid(character: bytes) -> bool:
    try:
        return len(character.decode()) == 1
    except UnicodeDecodeError:
        return False
