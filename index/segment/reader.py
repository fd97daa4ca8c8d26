"""An open segment: its files, mapped, behind the tables that the matcher asks."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Self

from sc2_attrib.index.corpus.document import Occurrence
from sc2_attrib.index.grams import GramShape
from sc2_attrib.index.segment import content, documents, hot, license_texts, near, pages
from sc2_attrib.index.segment.format import SectionFile
from sc2_attrib.index.segment.hot_cache import HotCache
from sc2_attrib.index.text import Offsets

FILES = {
    "text": content.KIND,
    "documents": documents.KIND,
    "grams": pages.KIND,
    "hot": hot.KIND,
}
NEAR_FILES = {"near": near.KIND}  # of segments with near keys
LICENSE_FILES = {"licenses": license_texts.KIND}  # of segments with licence texts


class Segment:
    """One immutable part of an index. Files are opened once; many searchers may share it."""

    def __init__(
        self,
        folder: Path,
        shape: GramShape,
        removed: Offsets | None = None,
        *,
        has_near: bool = False,
        has_licenses: bool = False,
    ) -> None:
        """Open a segment.

        Args:
            folder: of the segment.
            shape: of its grams.
            removed: rows of occurrences to leave out.
            has_near: it has near keys.
            has_licenses: it has licence texts.

        Raises:
            CorruptIndexError: a file is missing or damaged.
            IndexVersionError: written in another format version.
        """
        self.folder = folder
        self.shape = shape
        files = FILES | (NEAR_FILES if has_near else {}) | (LICENSE_FILES if has_licenses else {})
        self._files = {name: SectionFile(folder / name, kind) for name, kind in files.items()}
        self.documents = documents.DocumentTable(self._files["documents"])
        if removed is not None:
            self.documents.remove(removed)
        self.content = content.ContentStore(self._files["text"])
        self.pages = pages.PageTable(self._files["grams"]["pages"], self._files["grams"]["fence"])
        self.license_texts: license_texts.LicenseTextTable | None = None
        if has_licenses:
            self.license_texts = license_texts.LicenseTextTable(self._files["licenses"])
        if self.documents.n_documents:
            end = int(self.documents.starts[-1])
            if -(-end // content.BLOCK_CHARS) > max(self.content.n_blocks, 1):
                raise self._files["text"]["offsets"].corrupt(0, "fewer blocks than the text needs")

    @cached_property
    def near(self) -> near.NearTable | None:
        """The near keys, if the segment has them; looked at when they are first asked for."""
        file = self._files.get("near")
        return near.NearTable(file, self.documents.n_documents) if file else None

    def hot_cache(self, max_bytes: int) -> HotCache:
        """Make a cache of hot lists that keeps at most about `max_bytes`."""
        return HotCache(
            self._files["hot"], self.documents.license_sets, self.shape.reach, max_bytes
        )

    def digests(self) -> dict[str, str]:
        """Digest of each file (format.py)."""
        return {name: file.digest for name, file in self._files.items()}

    def read_all(self) -> Iterator[tuple[bytes, list[Occurrence]]]:
        """Read every document that was not removed, with its occurrences, in order."""
        table = self.documents
        with self._files["text"].in_order(), self._files["documents"].in_order():
            for document in range(table.n_documents):
                rows = table.rows(document)
                if rows:
                    start, stop = table.raw_starts[document : document + 2].tolist()
                    text = self.content.read_raw(start, stop)
                    yield text, [table.read_occurrence(row) for row in rows]

    def read_license_files(self) -> Iterator[tuple[license_texts.LicenseFileRow, bytes]]:
        """Read every licence file, in order."""
        if self.license_texts is not None:
            for row in self.license_texts.all_files():
                yield row, self.license_texts.read(row.text)

    def check(self) -> Iterator[int]:
        """Check every byte: checksums, then each text against its content id.

        Yields:
            Bytes checked at each step.

        Raises:
            CorruptIndexError: at the first damage.
        """
        yield from self.check_files()
        with self._files["text"].in_order():
            yield from self._check_texts()
        if self.license_texts is not None:
            yield from self.license_texts.check()

    def _check_texts(self) -> Iterator[int]:
        table = self.documents
        for document in range(table.n_documents):
            start, stop = table.raw_starts[document : document + 2].tolist()
            found = documents.content_id(self.content.read_raw(start, stop))
            if found != table.identifier(document):
                raise self._files["text"]["blocks"].corrupt(0, f"document {document}: another text")
            yield stop - start

    def check_files(self) -> Iterator[int]:
        """Check every byte against its checksum, yielding the bytes checked at each step."""
        for file in self._files.values():
            yield from file.check()

    def section_bytes(self) -> dict[str, int]:
        """Bytes of each section, by "file/section"."""
        return {
            f"{name}/{section}": n
            for name, file in self._files.items()
            for section, n in file.section_bytes().items()
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        for file in self._files.values():
            file.close()
