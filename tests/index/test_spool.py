"""Columns that are appended to on disk: durable when they say so, and cut back to what was."""

import os
from pathlib import Path

import numpy as np
import pytest

from sc2_attrib.index.segment.spool import SpoolFolder


def test_columns_go_on_from_what_was_made_durable(tmp_path: Path) -> None:
    """What came after the lengths that `sync` gave is cut off; nothing before it is."""
    spools = SpoolFolder(tmp_path)
    column = spools.column("numbers", "<i8")
    column.extend(np.arange(1000))
    spools.write_back()
    lengths = spools.sync()
    column.extend(np.arange(7))
    spools.close()
    again = SpoolFolder(tmp_path, lengths)
    assert again.column("numbers", "<i8").mapped().tolist() == list(range(1000))
    again.close()


def test_a_disk_that_fails_while_nobody_waits_fails_the_next_that_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system reports a failed write once: it must not be lost with the thread it was told."""
    spools = SpoolFolder(tmp_path)
    spools.column("numbers", "<i8").extend(np.arange(1000))

    def fails(_: int) -> None:
        monkeypatch.undo()
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    spools.write_back()
    with pytest.raises(OSError, match="Input/output error"):
        spools.sync()
    spools.close()
