"""Mapped files: which stretches of memory are asked for, and that advice never changes a byte."""

import mmap
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_attrib.index.errors import CorruptIndexError
from sc2_attrib.index.segment.mapped import MappedFile, whole_pages

PAGE = mmap.PAGESIZE

stretches = st.lists(
    st.tuples(st.integers(0, 20 * PAGE), st.integers(1, 3 * PAGE)), max_size=12
).map(lambda pairs: np.array(pairs, np.int64).reshape(-1, 2))


@given(stretches)
def test_asks_for_the_pages_of_all_stretches_and_no_other(pairs: np.ndarray) -> None:
    """Each page that a stretch touches lies in exactly one range asked for, and no further page."""
    starts, stops = pairs[:, 0], pairs[:, 0] + pairs[:, 1]
    asked = list(whole_pages(starts, stops))
    pages = [page for start, stop in asked for page in range(start, stop, PAGE)]
    touched = {
        page * PAGE
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)
        for page in range(start // PAGE, (stop - 1) // PAGE + 1)
    }
    assert sorted(pages) == sorted(touched)
    assert all(stop < start for (_, stop), (start, _) in pairwise(asked)), "ranges touch"


def test_reads_the_same_bytes_whatever_is_advised(tmp_path: Path) -> None:
    """Advice, up to and beyond the end of a file of no whole pages, changes no byte."""
    content = bytes(range(256)) * 70
    (tmp_path / "file").write_bytes(content)
    file = MappedFile(tmp_path / "file")
    file.at_random(100, len(content))
    file.will_need(np.array([len(content) - 1, 0]), np.array([len(content), 10]))
    with file.in_order():
        assert bytes(file.data) == content
    assert bytes(file.data) == content
    assert not file.may_be_evicted


def test_an_empty_file_is_mapped_as_nothing(tmp_path: Path) -> None:
    """An empty file is no error here: what reads it says that it is too short."""
    (tmp_path / "file").touch()
    file = MappedFile(tmp_path / "file")
    file.will_need(np.array([0]), np.array([1]))
    assert bytes(file.data) == b""


def test_a_missing_file_is_damage(tmp_path: Path) -> None:
    """A file that an index lists and that is not there is reported by name."""
    with pytest.raises(CorruptIndexError, match="missing"):
        MappedFile(tmp_path / "file")
