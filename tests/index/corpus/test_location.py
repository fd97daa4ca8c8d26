from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sc2_attrib.index.corpus.archive import SUFFIXES, ArchiveSource
from sc2_attrib.index.corpus.folder import FolderSource
from sc2_attrib.index.corpus.installed import InstalledSource
from sc2_attrib.index.corpus.jsonl import JsonLinesSource
from sc2_attrib.index.corpus.location import KINDS, open_source
from sc2_attrib.index.corpus.parquet import ParquetSource
from sc2_attrib.index.errors import UsageError


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def test_python_is_the_interpreter_and_a_path_of_that_name_is_a_folder(tmp_path: Path) -> None:
    """Only the exact word is special, as `./demo` is a folder called demo."""
    (tmp_path / "python:").mkdir()
    assert isinstance(open_source("python:"), InstalledSource)
    assert isinstance(open_source(f"{tmp_path}/python:"), FolderSource)


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst"])
def test_json_lines_go_by_name(tmp_path: Path, name: str) -> None:
    """The suffix says what a file is."""
    assert isinstance(open_source(str(touch(tmp_path / name))), JsonLinesSource)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_archives_go_by_name_and_each_suffix_is_shown(tmp_path: Path, suffix: str) -> None:
    """Every suffix that is read is named where the kinds are listed."""
    assert isinstance(open_source(str(touch(tmp_path / f"a{suffix}"))), ArchiveSource)
    assert any(f"*{suffix}" in kind.name for kind in KINDS)


def test_parquet_is_a_file_or_a_folder_of_tables_only(tmp_path: Path) -> None:
    """A data set's description and hidden files may stand beside the tables; code may not."""
    table = touch(tmp_path / "set/data/c/train-0.parquet")
    touch(tmp_path / "set/README.md")
    touch(tmp_path / "set/.cache/x.py")
    touch(tmp_path / "set/_SUCCESS")
    assert isinstance(open_source(str(table)), ParquetSource)
    assert isinstance(open_source(str(tmp_path / "set")), ParquetSource)
    touch(tmp_path / "set/data/load.py")
    assert isinstance(open_source(str(tmp_path / "set")), FolderSource)


def test_empty_folder_is_a_folder_of_code(tmp_path: Path) -> None:
    """A folder without tables is no corpus of tables."""
    assert list(open_source(str(tmp_path))) == []


def test_whatever_is_opened_describes_itself(tmp_path: Path) -> None:
    """Every kind keeps the protocol: a name, and a size or None."""
    rows = {"content": ["a"], "path": ["p"], "repo_name": ["r"]}
    pq.write_table(pa.table(rows), tmp_path / "t.parquet")
    (tmp_path / "j.jsonl").write_text('{"content": "a"}\n')
    for name in ("t.parquet", "j.jsonl", "."):
        source = open_source(str(tmp_path / name))
        assert source.describe().name in {"t", "j", tmp_path.name}
        assert (source.estimate_bytes() or 0) > 0


@pytest.mark.parametrize("location", ["gone", "gone.parquet", "python:3.11", ""])
def test_missing_path_is_a_usage_error(location: str, tmp_path: Path) -> None:
    """What isn't there is named with what would be understood."""
    with pytest.raises(UsageError, match="no such file or folder; understood are: python: "):
        open_source(location and str(tmp_path / location))


def test_foreign_file_is_a_usage_error(tmp_path: Path) -> None:
    """A single file that is no table names the kinds there are."""
    path = touch(tmp_path / "notes.txt")
    with pytest.raises(UsageError, match=r"notes\.txt: not a kind of source; .*a folder of code"):
        open_source(str(path))
