"""Parquet files in the shapes of The Stack, with contents or only the ids of blobs.

At file level (The Stack v2) a row is a file, and files are read in small batches. At repository
level (The Stack v2's train-*-ids, The Stack v3) a row is a repository with a list `files`, and one
repository is held at a time. Only the columns that mean something are read, so memory is bounded by
one row group's pages and the largest repository. Nearly all of the time is decompression; the
Python work per file is one mapping and one `Occurrence`.

A table without contents names blobs of Software Heritage; they are fetched on the way.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from sc2_attrib.index.corpus.document import CorpusDescription, SkippedDocument, SourceDocument
from sc2_attrib.index.corpus.filters import Filters
from sc2_attrib.index.corpus.heritage import BlobStore, fetch_contents
from sc2_attrib.index.corpus.parquet_columns import TableShape, read_files, read_repository
from sc2_attrib.index.corpus.remote import RemoteFile
from sc2_attrib.index.corpus.stack_rows import (
    Blob,
    StackFile,
    document_of,
    license_type_of,
    occurrence_of,
    with_evidence,
)
from sc2_attrib.index.errors import CorpusError

SUFFIX = ".parquet"

# Of 32 to 1,024 rows, 64 and 128 read fastest: their contents stay in the processor's cache.
BATCH_ROWS = 128

# Compressed pages are read through a buffer of this size, not as whole column chunks.
READ_BUFFER_BYTES = 1 << 20


class ParquetSource:
    """The files in a Parquet file, or in all `*.parquet` files below a folder, ordered by path.

    A folder's files may be symbolic links, as in Hugging Face's cache. File and folder may lie
    elsewhere (remote.py).
    """

    def __init__(
        self,
        path: Path | RemoteFile,
        store: BlobStore | None = None,
        *,
        fetched: Filters | None = None,
    ) -> None:
        """Choose what to read.

        Args:
            path: a file or a folder.
            store: where to fetch contents that the tables only name; Software Heritage's own by
                default.
            fetched: which contents to fetch; all by default.
        """
        self._path = path
        self._store = store or BlobStore()
        self._fetched = fetched or Filters()

    def fetching_only(self, filters: Filters) -> "ParquetSource":
        """Give the same source, which fetches no content that is not wanted."""
        return ParquetSource(self._path, self._store, fetched=filters)

    def describe(self) -> CorpusDescription:
        """Name the corpus: the file or folder, without the suffix."""
        path = self._path if isinstance(self._path, RemoteFile) else self._path.resolve()
        return CorpusDescription(path.name.removesuffix(SUFFIX))

    def estimate_bytes(self) -> int | None:
        """Add up the contents' sizes as the files' footers have them; unknown if they are fetched.

        Repeated contents may count once there, so this can be less than what comes.
        """
        sizes = [_content_bytes(file) for file in self._files()]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    def __iter__(self) -> Iterator[SourceDocument | SkippedDocument]:
        """Yield the files in the tables' own order."""
        return self.items_from(0)

    def items_from(self, first: int) -> Iterator[SourceDocument | SkippedDocument]:
        """Yield the files from a number on; of those before, no content is fetched."""
        corpus = self.describe().name
        files = islice((found for file in self._files() for found in _read(file)), first, None)
        wanted = (self._without_unwanted_blob(found, corpus) for found in files)
        for found in fetch_contents(wanted, self._store):
            yield document_of(found, corpus=corpus)

    def _without_unwanted_blob(self, file: StackFile, corpus: str) -> StackFile:
        if not isinstance(file.content, Blob):
            return file
        occurrence = occurrence_of(file, corpus=corpus)
        # The size in another encoding is not that of the text.
        n_bytes = file.content.n_bytes if occurrence.src_encoding is None else None
        reason = self._fetched.reason_to_skip(occurrence, license_type_of(file), n_bytes)
        return replace(file, content=reason) if reason else file

    def _files(self) -> Sequence[Path | RemoteFile]:
        if isinstance(self._path, RemoteFile):
            return self._path.files(SUFFIX)
        if not self._path.is_dir():
            return [self._path]
        files = sorted(file for file in visible_files(self._path) if file.suffix == SUFFIX)
        if not files:
            raise CorpusError(f"{self._path}: no *{SUFFIX} file in this folder")
        return files


def visible_files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, in no fixed order, without what tools keep for themselves.

    Spark and Hive mark that with '_' in front of the name, everybody else with '.'.
    """
    for parent, folders, names in os.walk(folder):
        folders[:] = filter(_is_visible, folders)
        yield from (Path(parent, name) for name in filter(_is_visible, names))


def _is_visible(name: str) -> bool:
    return not name.startswith((".", "_"))


def _read(file: Path | RemoteFile) -> Iterator[StackFile]:
    n_rows = 0
    with _open(file) as parquet:
        shape = TableShape.of(file, parquet)
        n_at_once = 1 if shape.is_by_repository else BATCH_ROWS
        read = read_repository if shape.is_by_repository else read_files
        batches = parquet.iter_batches(n_at_once, columns=shape.leaves, use_threads=False)
        for batch in batches:
            found = read(batch, f"{file.name}:", n_rows + 1)
            yield from with_evidence(found) if shape.is_by_repository else found
            n_rows += batch.num_rows


def _content_bytes(file: Path | RemoteFile) -> int | None:
    with _open(file) as parquet:
        content = TableShape.of(file, parquet).content_leaf
        if content is None:
            return None
        metadata = parquet.metadata
        groups = map(metadata.row_group, range(metadata.num_row_groups))
        return sum(int(group.column(content).total_uncompressed_size) for group in groups)


@contextmanager
def _open(file: Path | RemoteFile) -> Iterator[Any]:
    """Open a Parquet file; whatever goes wrong while it is read becomes a CorpusError."""
    import pyarrow
    import pyarrow.parquet

    is_remote = isinstance(file, RemoteFile)
    try:
        with pyarrow.parquet.ParquetFile(
            file.open(in_order=False) if isinstance(file, RemoteFile) else file,
            pre_buffer=is_remote,  # then a row group's columns come in few, large requests
            buffer_size=0 if is_remote else READ_BUFFER_BYTES,
        ) as parquet:
            yield parquet
    except (pyarrow.ArrowException, OSError) as err:
        why = str(err).partition("\n")[0]
        raise CorpusError(
            f"{file}: can't be read as Parquet: {why}; check it or fetch it again"
        ) from err
