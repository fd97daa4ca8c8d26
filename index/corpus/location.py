"""Which source a location names: the one place that decides."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sc2_attrib.index.corpus import archive, jsonl, parquet
from sc2_attrib.index.corpus.archive import ArchiveSource
from sc2_attrib.index.corpus.document import CorpusSource
from sc2_attrib.index.corpus.folder import FolderSource
from sc2_attrib.index.corpus.git_tree import GitTreeSource, is_git_tree
from sc2_attrib.index.corpus.heritage import BlobStore
from sc2_attrib.index.corpus.index_folder import IndexSource
from sc2_attrib.index.corpus.installed import InstalledSource
from sc2_attrib.index.corpus.jsonl import JsonLinesSource
from sc2_attrib.index.corpus.parquet import ParquetSource
from sc2_attrib.index.corpus.remote import RemoteFile, is_url, shown_url
from sc2_attrib.index.errors import UsageError
from sc2_attrib.index.manifest import is_index

INSTALLED = "python:"

# What stands beside the tables in a folder that is a data set.
_DATASET_COMPANIONS = frozenset({"README.md", "LICENSE", "dataset_infos.json"})


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A kind of source: how people call it, whether a location is one, and what reads it."""

    name: str
    is_at: Callable[[str], bool]
    open: Callable[[str, BlobStore | None], CorpusSource]


def open_source(location: str, *, store: BlobStore | None = None) -> CorpusSource:
    """Choose the source for a location; nothing of it is read yet.

    Args:
        location: a path, a URL, or `python:`.
        store: where contents are fetched that a table only names; Software Heritage by default.

    Raises:
        UsageError: nothing is there, or no source understands what is.
    """
    there_is_one = location != ""  # to Path, that is the working folder
    for kind in KINDS:
        if there_is_one and kind.is_at(location):
            return kind.open(location, store)
    understood = "; ".join(kind.name for kind in KINDS)
    exists = there_is_one and Path(location).exists()
    problem = "not a kind of source" if exists else "no such file or folder"
    raise UsageError(f"{location or repr(location)}: {problem}; understood are: {understood}")


def _is_remote_jsonl(location: str) -> bool:
    return is_url(location) and shown_url(location).endswith(jsonl.SUFFIXES)


def _is_parquet(location: str) -> bool:
    path = Path(location)
    return _is_parquet_folder(path) if path.is_dir() else _has_suffix(path, parquet.SUFFIX)


def _is_parquet_folder(folder: Path) -> bool:
    """Check that a folder holds tables and nothing else but what belongs to a data set."""
    has_tables = False
    for file in parquet.visible_files(folder):
        if file.suffix == parquet.SUFFIX:
            has_tables = True
        elif file.name not in _DATASET_COMPANIONS:
            return False
    return has_tables


def _has_suffix(path: Path, *suffixes: str) -> bool:
    return path.is_file() and path.name.endswith(suffixes)


# The first kind that claims a location reads it, so the more special stand before the general.
KINDS = (
    SourceKind(
        f"{INSTALLED} (this interpreter's standard library and installed distributions)",
        lambda location: location == INSTALLED,
        lambda _, __: InstalledSource(),
    ),
    SourceKind(
        "a JSON Lines file at a URL (hf://, s3://, https:// and what else fsspec reads)",
        _is_remote_jsonl,
        lambda location, _: JsonLinesSource(RemoteFile(location)),
    ),
    SourceKind(
        "a Parquet file at a URL, or a folder that holds some",
        is_url,
        lambda location, store: ParquetSource(RemoteFile(location), store),
    ),
    SourceKind(
        "another index",
        lambda location: is_index(Path(location)),
        lambda location, _: IndexSource(Path(location)),
    ),
    SourceKind(
        "a Parquet file, or a folder of nothing else (*.parquet)",
        _is_parquet,
        lambda location, store: ParquetSource(Path(location), store),
    ),
    SourceKind(
        "a JSON Lines file (*.jsonl, *.jsonl.gz, *.jsonl.zst)",
        lambda location: _has_suffix(Path(location), *jsonl.SUFFIXES),
        lambda location, _: JsonLinesSource(Path(location)),
    ),
    SourceKind(
        "an archive of code (*.tar, *.tar.gz, *.tar.bz2, *.tar.xz, *.tar.zst, *.tgz, *.zip)",
        lambda location: _has_suffix(Path(location), *archive.SUFFIXES),
        lambda location, _: ArchiveSource(Path(location)),
    ),
    SourceKind(
        "a git working tree (its tracked files)",
        lambda location: is_git_tree(Path(location)),
        lambda location, _: GitTreeSource(Path(location)),
    ),
    SourceKind(
        "a folder of code",
        lambda location: Path(location).is_dir(),
        lambda location, _: FolderSource(Path(location)),
    ),
)
