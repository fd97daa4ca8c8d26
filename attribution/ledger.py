"""A ledger: an append-only file that says what was checked, with what, and what came of it.

JSON Lines, a record a line, each chained to the one before:

    {"schema": …, "number": 7, "prev": "<hash of record 6>", …, "hash": "<SHA-256>"}

`hash` is over the bytes of the line up to it, so it covers `prev`, and with it everything before.
`verify` reads the file from the top and names the first line that is not what was written. A file
beside it (`<ledger>.head`) holds the number and the hash of the last record.

What shows: an edited, inserted, dropped or moved line, by the chain; a cut at the end, by the head
file. What doesn't: a file that somebody who can write both files computed anew from some record on.
Keep what `verify` prints (`7:<hash>`) elsewhere, and verify against it: then this shows as well.

Writers take a lock, so several may write at the same time. A record is written at once and synced
before its number goes into the head file. A writer that is killed leaves no record or a whole one
without a line end, which the next writer completes, or a part of one, which the next writer cuts
off: nobody was told it was there. That it did so is part of its own record (`repaired`).
"""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO

from sc2_attrib.attribution.atomic_file import replace_file
from sc2_attrib.index.errors import UnusableError, UsageError

SCHEMA = "sc2-attrib/ledger/1"
NO_HASH = "0" * 64  # `prev` of the first record
READ_BACK = 1 << 16  # bytes read at a time when looking for the last line

_TAIL = re.compile(rb',"hash":"([0-9a-f]{64})"\}')
_ANCHOR = re.compile(r"(\d+):([0-9a-f]{64})")
_TAIL_BYTES = len(',"hash":""}') + 64


class LedgerError(UnusableError):
    """A ledger is not what was written, or can't be written to."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The number and the hash of a record; (0, zeros) before the first."""

    number: int = 0
    hash: str = NO_HASH

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a ledger that holds together ends in, and what is not quite as it should be."""

    last: Anchor
    notes: tuple[str, ...] = ()


def parse_anchor(text: str) -> Anchor:
    """Read `7:<hash>` as `verify` prints it.

    Raises:
        UsageError: the text is no such thing.
    """
    parsed = _ANCHOR.fullmatch(text.strip())
    if parsed is None:
        raise UsageError(f"'{text}' is no anchor; write it as 'ledger verify' prints it: 7:<hash>")
    return Anchor(int(parsed[1]), parsed[2])


def head_path(ledger: Path) -> Path:
    """Name the head file of a ledger."""
    return ledger.with_name(ledger.name + ".head")


def append(ledger: Path, records: Iterable[Mapping[str, object]]) -> Anchor:
    """Write records behind those that are there, and return the last one's anchor.

    Raises:
        LedgerError: the ledger can't be written, or its end is not what the head file says.
    """
    try:
        with _locked(ledger) as file:
            end = _end(ledger, file)
            last, repaired = end.last, _repair(file, end)
            for record in records:
                last, line = _chained(record, last, repaired)
                repaired = None
                _write(file, line)
            os.fsync(file.fileno())
            replace_file(head_path(ledger), f"{last}\n")
            return last
    except OSError as error:
        raise LedgerError(f"{ledger}: the ledger can't be written: {error.strerror}") from error


def require_usable(ledger: Path) -> None:
    """Refuse a ledger that `append` would refuse, before there is anything to write.

    Raises:
        LedgerError: as `append`.
    """
    try:
        with _locked(ledger) as file:
            _end(ledger, file)
    except OSError as error:
        raise LedgerError(f"{ledger}: the ledger can't be written: {error.strerror}") from error


def verify(ledger: Path, anchor: Anchor | None = None) -> Verified:
    """Check every line of a ledger, its head file, and an anchor that was kept elsewhere.

    Raises:
        LedgerError: something shows; names the first bad line.
        UsageError: there is no such file.
    """
    last, notes = Anchor(), []
    with _reading(ledger) as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                notes.append(_torn_note(line, last, number))
                break
            last = _follow(ledger, line[:-1], number, last)
            if anchor and number == anchor.number and last != anchor:
                raise LedgerError(
                    f"{ledger}: line {number}: hash {last.hash}, but the anchor has {anchor.hash};"
                    " this record or one before it was replaced"
                )
    if anchor and last.number < anchor.number:
        raise LedgerError(
            f"{ledger}: {last.number} records, but the anchor is of record {anchor.number};"
            " the end was cut off"
        )
    return Verified(last, (*notes, *_compare_head(ledger, last)))


def records(ledger: Path) -> Iterator[dict[str, Any]]:
    """Read the records of a ledger in order, each after its line was checked.

    Raises:
        LedgerError: a line is not what was written.
        UsageError: there is no such file.
    """
    last = Anchor()
    with _reading(ledger) as file:
        for number, line in enumerate(file, 1):
            if line.endswith(b"\n"):
                last = _follow(ledger, line[:-1], number, last)
                yield json.loads(line)


@contextmanager
def _locked(ledger: Path) -> Iterator[FileIO]:
    """Open a ledger for reading and appending; other writers wait. Made if it isn't there."""
    descriptor = os.open(ledger, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    with FileIO(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


@contextmanager
def _reading(ledger: Path) -> Iterator[BinaryIO]:
    try:
        with ledger.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield file
    except FileNotFoundError as error:
        raise UsageError(f"{ledger}: no such ledger; scan and generate write one") from error
    except OSError as error:
        raise LedgerError(f"{ledger}: the ledger can't be read: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class _End:
    """How a ledger ends: its last record, and behind it perhaps what a killed writer left.

    `torn` is a part of a record, `start` where it begins; a whole record that only misses its line
    end is the last one.
    """

    last: Anchor
    start: int
    torn: bytes
    misses_line_end: bool


def _end(ledger: Path, file: FileIO) -> _End:
    """Find the last record, and refuse a ledger that does not end as its head file says."""
    size = file.seek(0, os.SEEK_END)
    tail = _last_line(file, size)
    is_open = bool(tail) and not tail.endswith(b"\n")
    torn = tail if is_open and not _is_whole(tail) else b""
    start = size - len(torn)
    last = _anchor_of(ledger, _last_line(file, start)) if start else Anchor()
    head = _read_head(ledger)
    if head is not None and (head.number > last.number or _differ(head, last)):
        raise LedgerError(
            f"{ledger}: ends at record {last.number}, but its head file says {head};"
            " 'sc2-attrib ledger verify' tells more; restore the ledger, or start a new one"
        )
    return _End(last, start, torn, is_open and not torn)


def _repair(file: FileIO, end: _End) -> Mapping[str, object] | None:
    """Complete or drop what a killed writer left; what was done belongs into the next record."""
    if end.misses_line_end:
        _write(file, b"\n")
        return {"completed_record": end.last.number}
    if end.torn:
        os.ftruncate(file.fileno(), end.start)
        return {
            "dropped_bytes": len(end.torn),
            "dropped_sha256": hashlib.sha256(end.torn).hexdigest(),
        }
    return None


def _last_line(file: FileIO, stop: int) -> bytes:
    """Read the line that ends at `stop`, with its line end where it has one."""
    tail, start = b"", stop
    while start > 0 and b"\n" not in tail[:-1]:
        n_bytes = min(READ_BACK, start)
        start -= n_bytes
        file.seek(start)
        tail = _read_exactly(file, n_bytes) + tail
    return tail[tail[:-1].rfind(b"\n") + 1 :]


def _read_exactly(file: FileIO, n_bytes: int) -> bytes:
    pieces = []
    while n_bytes > 0 and (piece := file.read(n_bytes)):
        pieces.append(piece)
        n_bytes -= len(piece)
    return b"".join(pieces)


def _write(file: FileIO, line: bytes) -> None:
    """Write a line at once; a full disk leaves a part of it, which the next writer drops."""
    written = file.write(line)
    if written != len(line):
        raise OSError(28, "no space left for the record")


def _chained(
    record: Mapping[str, object], last: Anchor, repaired: Mapping[str, object] | None
) -> tuple[Anchor, bytes]:
    """Make the line of a record, and its anchor."""
    head = {"schema": SCHEMA, "number": last.number + 1, "prev": last.hash}
    note = {"repaired": repaired} if repaired else {}
    body = json.dumps({**head, **record, **note}, ensure_ascii=False, separators=(",", ":"))
    covered = body.encode(errors="backslashreplace")[:-1]
    digest = hashlib.sha256(covered).hexdigest()
    return Anchor(last.number + 1, digest), covered + f',"hash":"{digest}"}}\n'.encode()


def _is_whole(line: bytes) -> bool:
    tail = _TAIL.fullmatch(line[-_TAIL_BYTES:])
    return tail is not None and _hash(line) == tail[1].decode()


def _hash(line: bytes) -> str:
    return hashlib.sha256(line[:-_TAIL_BYTES]).hexdigest()


def _anchor_of(ledger: Path, line: bytes) -> Anchor:
    """Read the number and hash of a line, which must be whole."""
    line = line.rstrip(b"\n")
    if not _is_whole(line):
        raise LedgerError(
            f"{ledger}: the last line is not what was written;"
            " 'sc2-attrib ledger verify' tells more"
        )
    number = _member(line, "number")
    return Anchor(number if isinstance(number, int) else 0, _hash(line))


def _follow(ledger: Path, line: bytes, number: int, last: Anchor) -> Anchor:
    """Check that a line is what was written behind `last`."""
    if not _is_whole(line):
        raise LedgerError(
            f"{ledger}: line {number}: its hash is not that of its text; it was edited"
        )
    prev, said = _member(line, "prev"), _member(line, "number")
    if prev != last.hash or said != number:
        raise LedgerError(
            f"{ledger}: line {number}: holds record {said}, written behind {str(prev)[:12]}…, but"
            f" what stands before it is {last}; a line was dropped, inserted, moved or replaced"
        )
    return Anchor(number, _hash(line))


def _member(line: bytes, key: str) -> Any:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record.get(key) if isinstance(record, dict) else None


def _torn_note(line: bytes, last: Anchor, number: int) -> str:
    what = "a whole record without a line end" if _is_whole(line) else "a part of a record"
    return f"line {number} is {what}, left by a writer that was stopped; the next one repairs it"


def _read_head(ledger: Path) -> Anchor | None:
    try:
        return parse_anchor(head_path(ledger).read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    except (UsageError, UnicodeDecodeError) as error:
        raise LedgerError(
            f"{head_path(ledger)}: is not what was written; delete it only if"
            " 'ledger verify --anchor' proves the ledger whole"
        ) from error


def _differ(head: Anchor, last: Anchor) -> bool:
    return head.number == last.number and head.hash != last.hash


def _compare_head(ledger: Path, last: Anchor) -> Iterator[str]:
    """Compare the head file with the last record."""
    head = _read_head(ledger)
    if head is None:
        yield "there is no head file, so a cut at the end would not show; the next writer makes it"
    elif head.number > last.number:
        raise LedgerError(
            f"{ledger}: {last.number} records, but its head file says {head.number};"
            " the end was cut off"
        )
    elif _differ(head, last):
        raise LedgerError(
            f"{ledger}: line {last.number}: its hash is {last.hash}, but the head file says"
            f" {head.hash}; the record was replaced"
        )
    elif head.number < last.number:
        yield (
            f"the head file is at record {head.number}: a writer was stopped before it wrote it;"
            " the next one does"
        )
