"""The ledger: what is written, what shows when it is tampered with, what several writers do."""

import json
import multiprocessing
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sc2_attrib.attribution.ledger import (
    Anchor,
    LedgerError,
    append,
    head_path,
    parse_anchor,
    records,
    require_usable,
    verify,
)
from sc2_attrib.index.errors import UsageError


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A ledger of five records."""
    path = tmp_path / "ledger.jsonl"
    for number in range(5):
        append(path, [{"what": f"record {number}", "text": "é\n\u2028" * number}])
    return path


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_what_is_written_is_read(ledger: Path) -> None:
    """Records come back in order, numbered, each with the hash of the one before."""
    read = list(records(ledger))
    assert [record["what"] for record in read] == [f"record {n}" for n in range(5)]
    assert [record["number"] for record in read] == [1, 2, 3, 4, 5]
    assert [record["prev"] for record in read[1:]] == [record["hash"] for record in read[:-1]]
    verified = verify(ledger)
    assert verified.last == Anchor(5, read[-1]["hash"])
    assert verified.notes == ()
    assert parse_anchor(head_path(ledger).read_text()) == verified.last


def test_each_line_is_json(ledger: Path) -> None:
    """Any JSON reader reads a ledger line by line."""
    assert [json.loads(line)["number"] for line in lines(ledger)] == [1, 2, 3, 4, 5]


def replaced(old: bytes, new: bytes) -> Callable[[list[bytes]], list[bytes]]:
    return lambda kept: [line.replace(old, new) for line in kept]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (replaced(b"record 1", b"record 9"), "line 2: its hash is not that of its text"),
        (replaced(b'"number":3', b'"number":4'), "line 3: its hash is not"),
        (lambda kept: kept[1:], "line 1: holds record 2"),
        (lambda kept: [kept[0], *kept[2:]], "line 2: holds record 3"),
        (lambda kept: [kept[0], *kept], "line 2: holds record 1"),
        (lambda kept: [kept[0], kept[2], kept[1], *kept[3:]], "line 2: holds record 3"),
        (lambda kept: [kept[0], b"\n", *kept[1:]], "line 2: its hash is not"),
        (lambda kept: [kept[0], b"[]\n", *kept[1:]], "line 2: its hash is not"),
        (lambda kept: kept[:4], "4 records, but its head file says 5; the end was cut off"),
        (lambda kept: [], "0 records, but its head file says 5; the end was cut off"),
    ],
)
def test_tampering_shows(
    change: Callable[[list[bytes]], list[bytes]], complaint: str, ledger: Path
) -> None:
    """The first line that is not what was written is named; so is a cut at the end."""
    ledger.write_bytes(b"".join(change(lines(ledger))))
    with pytest.raises(LedgerError, match=re.escape(complaint)):
        verify(ledger)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_every_changed_byte_shows(data: st.DataObject, ledger: Path) -> None:
    """No byte can be changed without notice, and nothing but our error is raised."""
    whole = ledger.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != whole[at]))
    try:
        ledger.write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])
        with pytest.raises(LedgerError):
            verify(ledger)
    finally:
        ledger.write_bytes(whole)


def test_ledger_written_anew_shows_by_an_anchor_alone(ledger: Path, tmp_path: Path) -> None:
    """Whoever computes both files anew is found out by what was kept elsewhere, and only so."""
    anchor = verify(ledger).last
    forged = tmp_path / "forged.jsonl"
    append(forged, ({"what": f"forged {n}"} for n in range(6)))
    assert verify(forged).notes == ()
    with pytest.raises(LedgerError, match=r"line 5: hash .* but the anchor has"):
        verify(forged, anchor)
    with pytest.raises(LedgerError, match="5 records, but the anchor is of record 9"):
        verify(ledger, Anchor(9, anchor.hash))
    append(ledger, [{"what": "one more"}])
    assert verify(ledger, anchor).last.number == 6


@pytest.mark.parametrize("n_bytes", [1, 2, 60, 200])
def test_part_of_a_record_is_dropped_by_the_next_writer(ledger: Path, n_bytes: int) -> None:
    """What a killed writer left is noted, cut off, and the cut is on record."""
    whole = ledger.read_bytes()
    ledger.write_bytes(whole + lines(ledger)[0][:n_bytes])
    [note] = verify(ledger).notes
    assert "line 6 is a part of a record" in note
    assert len(list(records(ledger))) == 5
    append(ledger, [{"what": "next"}])
    [*_, last] = records(ledger)
    assert (last["number"], last["repaired"]["dropped_bytes"]) == (6, n_bytes)
    assert verify(ledger).notes == ()


def test_record_without_its_line_end_is_kept(ledger: Path) -> None:
    """A record that was written whole but for its last byte counts, and is completed."""
    head = head_path(ledger)
    before = head.read_text()
    append(ledger, [{"what": "sixth"}])
    head.write_text(before)
    ledger.write_bytes(ledger.read_bytes()[:-1])
    assert "line 6 is a whole record without a line end" in verify(ledger).notes[0]
    append(ledger, [{"what": "seventh"}])
    assert [record["what"] for record in records(ledger)][5:] == ["sixth", "seventh"]
    assert verify(ledger).notes == ()


def test_head_file_that_fell_behind_is_brought_up_to_date(ledger: Path) -> None:
    """A writer that was stopped before it wrote the head file does no harm."""
    head_path(ledger).write_text(f"{Anchor(4, list(records(ledger))[3]['hash'])}\n")
    assert "the head file is at record 4" in verify(ledger).notes[0]
    append(ledger, [{"what": "next"}])
    assert verify(ledger).notes == ()


def test_missing_head_file_is_noted(ledger: Path) -> None:
    """Without its head file a ledger can't show a cut, and says so."""
    head_path(ledger).unlink()
    assert "no head file" in verify(ledger).notes[0]


@pytest.mark.parametrize("keep", [0, 3])
def test_cut_ledger_is_not_written_to(ledger: Path, keep: int) -> None:
    """A writer refuses to continue a ledger whose end is gone, and leaves it as it is."""
    cut = b"".join(lines(ledger)[:keep]) + lines(ledger)[keep][:50]
    ledger.write_bytes(cut)
    for write in (lambda: require_usable(ledger), lambda: append(ledger, [{"what": "next"}])):
        with pytest.raises(LedgerError, match=f"ends at record {keep}, but its head file says 5:"):
            write()
    assert ledger.read_bytes() == cut


def test_edited_last_line_is_not_written_behind(ledger: Path) -> None:
    """A writer chains to nothing that is not what was written."""
    ledger.write_bytes(ledger.read_bytes().replace(b"record 4", b"record 9"))
    with pytest.raises(LedgerError, match="the last line is not what was written"):
        append(ledger, [{"what": "next"}])


def test_damaged_head_file_is_refused(ledger: Path) -> None:
    """A head file that says nothing readable is an error, not a missing one."""
    head_path(ledger).write_text("5:zzz")
    with pytest.raises(LedgerError, match=r"head: is not what was written"):
        verify(ledger)


def test_ledger_that_can_not_be_written_is_told_at_once(tmp_path: Path) -> None:
    """A missing folder, or a folder in the place of the file, is refused before anything runs."""
    for path in (tmp_path / "none" / "ledger.jsonl", tmp_path):
        with pytest.raises(LedgerError, match="the ledger can't be written"):
            require_usable(path)


def test_missing_ledger_is_wrong_usage(tmp_path: Path) -> None:
    """What is not there can't be verified."""
    with pytest.raises(UsageError, match="no such ledger"):
        verify(tmp_path / "none.jsonl")


@pytest.mark.parametrize("text", ["", "5", "5:abc", f"x:{'0' * 64}"])
def test_anchor_that_is_none_is_refused(text: str) -> None:
    """An anchor is a number and a hash."""
    with pytest.raises(UsageError, match="is no anchor"):
        parse_anchor(text)


def write_many(path: Path, writer: int) -> None:
    for number in range(20):
        append(path, [{"writer": writer, "n": number, "text": "x" * 3000}])


def test_several_writers_make_one_chain(tmp_path: Path) -> None:
    """Processes that write at the same time lose nothing, and each keeps its order."""
    path = tmp_path / "ledger.jsonl"
    spawn = multiprocessing.get_context("fork")
    writers = [spawn.Process(target=write_many, args=(path, n)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert verify(path).last.number == 80
    read: list[dict[str, Any]] = list(records(path))
    for number in range(4):
        assert [each["n"] for each in read if each["writer"] == number] == list(range(20))


def write_forever(path: Path) -> None:
    while True:
        append(path, [{"text": "x" * 20_000}])


def test_killed_writer_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Killed at any moment, a ledger verifies and can be continued."""
    path = tmp_path / "ledger.jsonl"
    append(path, [{"text": "first"}])
    spawn = multiprocessing.get_context("fork")
    for _ in range(5):
        acknowledged = parse_anchor(head_path(path).read_text()).number
        writer = spawn.Process(target=write_forever, args=(path,))
        writer.start()
        while parse_anchor(head_path(path).read_text()).number < acknowledged + 3:
            pass
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        acknowledged = parse_anchor(head_path(path).read_text()).number
        assert verify(path).last.number >= acknowledged
        append(path, [{"text": "after"}])
        assert verify(path).notes == ()
