"""One file, or anything that reads like one, as an input: checked, skipped by rule, or an error."""

from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from sc2_attrib.attribution.check import CheckInput, UncheckedInput
from sc2_attrib.attribution.result import InputKind
from sc2_attrib.attribution.text import decode_input
from sc2_attrib.cli.walk import skipped, unreadable
from sc2_attrib.index.corpus.document import SkipReason
from sc2_attrib.index.corpus.language import language_of

Input = CheckInput | UncheckedInput


def open_input(path: Path, max_bytes: int, *, kind: InputKind = InputKind.FILE) -> Input:
    """Read a file; what can't be read is an error."""
    try:
        with path.open("rb") as file:
            return read_input(kind, path.as_posix(), file, max_bytes)
    except OSError as error:
        return replace(unreadable(path.as_posix(), error), kind=kind)


def read_input(kind: InputKind, path: str, file: BinaryIO, max_bytes: int) -> Input:
    """Read what is open, and no more than tells that it is too large, of a pipe too."""
    return input_of(kind, path, file.read(max_bytes + 1), max_bytes)


def input_of(kind: InputKind, path: str, content: bytes, max_bytes: int) -> Input:
    """Make the input of a content; one that is too large or binary is skipped."""
    if len(content) > max_bytes:
        return replace(skipped(path, SkipReason.TOO_LARGE), kind=kind)
    if b"\0" in decode_input(content).utf8:
        return replace(skipped(path, SkipReason.BINARY), kind=kind)
    return CheckInput(kind, path, content, language=language_of(path))
