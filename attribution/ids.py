"""Names of inputs, matches and texts: hashes of what they are, so equal things have equal names.

Each is the start of a SHA-256 over its parts, joined by NUL bytes; no part that could hold one
comes before another part.
"""

import hashlib

from sc2_attrib.attribution.result import InputKind, MatchKind, Range

ID_HEX_DIGITS = 32  # 128 bits: no two of 10**15 ids are equal by chance


def sha256(content: bytes) -> str:
    """Hash a content, as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def sha1(content: bytes) -> str:
    """Hash a content as SPDX 2 demands for a file; it protects nothing."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def content_swhid(content: bytes) -> str:
    """Name a content as Software Heritage and git do (its blob id)."""
    header = b"blob %d\0" % len(content)
    digest = hashlib.sha1(header + content, usedforsecurity=False).hexdigest()
    return f"swh:1:cnt:{digest}"


def input_id(kind: InputKind, path: str, content_sha256: str | None) -> str:
    """Name an input; one that could not be read has no hash."""
    return _digest(kind, path, content_sha256 or "")


def match_id(of_input: str, extent: Range, kind: MatchKind) -> str:
    """Name a match by its input, the bytes of its extent and its kind."""
    return _digest(of_input, str(extent[0]), str(extent[1]), kind)


def fingerprint(normalized: bytes, path: str) -> str:
    """Name a match by its text and file alone, so that the name survives line shifts."""
    return _digest(path, sha256(normalized))


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode())[:ID_HEX_DIGITS]
