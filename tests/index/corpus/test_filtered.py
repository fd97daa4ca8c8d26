import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sc2_attrib.index.corpus.document import (
    Basis,
    CorpusDescription,
    LicenseAssertion,
    LicenseType,
    Occurrence,
    SkippedDocument,
    SkipReason,
    SourceDocument,
)
from sc2_attrib.index.corpus.filtered import filtered
from sc2_attrib.index.corpus.filters import Filters
from sc2_attrib.index.corpus.heritage import BlobStore
from sc2_attrib.index.corpus.parquet import ParquetSource

MIT = (LicenseAssertion("MIT", Basis.HEADER, None, 1.0),)


@dataclass(frozen=True, slots=True)
class Documents:
    """A source of documents in memory."""

    items: Sequence[SourceDocument | SkippedDocument]

    def describe(self) -> CorpusDescription:
        return CorpusDescription("whole", "r1")

    def estimate_bytes(self) -> int | None:
        return 7

    def __iter__(self) -> Iterator[SourceDocument | SkippedDocument]:
        return iter(self.items)


def verdict(filters: Filters, document: SourceDocument) -> str | None:
    """Say why a document is left out; None if it is kept."""
    (found,) = filtered(Documents([document]), filters)
    assert found is document or found.__class__ is SkippedDocument
    return found.reason if isinstance(found, SkippedDocument) else None


@pytest.mark.parametrize(
    ("language", "reason"),
    [
        ("Python", None),
        ("c++", None),
        ("C", SkipReason.OTHER_LANGUAGE),
        (None, SkipReason.OTHER_LANGUAGE),
    ],
)
def test_language_is_one_of_those_named(language: str | None, reason: str | None) -> None:
    """Names count in any case; a file of no known language is in none of them."""
    wanted = Filters(languages=frozenset({"python", "C++"}))
    document = SourceDocument(b"x", Occurrence("o/n", "a", language=language))
    assert verdict(wanted, document) == reason


@pytest.mark.parametrize(
    ("repository", "reason"),
    [
        ("o/n", None),
        ("O/other", None),
        ("me/lib-x", None),
        ("me/x", SkipReason.OTHER_REPOSITORY),
        ("oo/n", SkipReason.OTHER_REPOSITORY),
    ],
)
def test_repository_fits_one_of_the_patterns(repository: str, reason: str | None) -> None:
    """`owner/*` is all of an owner; forges take names in any case."""
    wanted = Filters(repositories=("o/*", "*/Lib-?"))
    assert verdict(wanted, SourceDocument(b"x", Occurrence(repository, "a"))) == reason


@pytest.mark.parametrize(
    ("licenses", "stated", "reason"),
    [
        (MIT, LicenseType.PERMISSIVE, None),
        (MIT, LicenseType.NON_PERMISSIVE, SkipReason.OTHER_LICENSE),
        (MIT, None, SkipReason.LICENSE_TYPE_NOT_STATED),
        ((), None, None),
        ((), LicenseType.NO_LICENSE, None),
        ((), LicenseType.NON_PERMISSIVE, SkipReason.OTHER_LICENSE),
    ],
)
def test_licence_type_counts_as_stated(
    licenses: tuple[LicenseAssertion, ...], stated: LicenseType | None, reason: str | None
) -> None:
    """No evidence is no licence; evidence that nobody judged is never taken for permissive."""
    wanted = Filters(license_types=frozenset({LicenseType.PERMISSIVE, LicenseType.NO_LICENSE}))
    document = SourceDocument(b"x", Occurrence("o/n", "a", licenses=licenses), stated)
    assert verdict(wanted, document) == reason


@pytest.mark.parametrize(("n_bytes", "is_kept"), [(2, False), (3, True), (5, True), (6, False)])
def test_size_lies_between_the_bounds(n_bytes: int, is_kept: bool) -> None:
    """Both bounds are included."""
    document = SourceDocument(b"x" * n_bytes, Occurrence("o/n", "a"))
    reason = verdict(Filters(min_bytes=3, max_bytes=5), document)
    assert reason == (None if is_kept else SkipReason.OTHER_SIZE)


def test_what_is_left_out_is_named_and_the_part_has_its_own_name() -> None:
    """An index of a part never claims the whole, and other reasons pass through."""
    skipped = SkippedDocument("x", SkipReason.BINARY)
    source = Documents([skipped, SourceDocument(b"x", Occurrence("o/n", "/a.c", language="C"))])
    filters = Filters(languages=frozenset({"Go", "Ada"}), max_bytes=9)
    part = filtered(source, filters)
    assert list(part) == [skipped, SkippedDocument("o/n/a.c", SkipReason.OTHER_LANGUAGE)]
    name = "whole (language Ada or Go, bytes at most 9)"
    assert part.describe() == CorpusDescription(name, "r1")
    assert part.estimate_bytes() is None


def test_without_a_choice_the_source_is_the_same() -> None:
    """Nothing wraps it."""
    source = Documents([])
    assert filtered(source, Filters()) is source


def test_unwanted_blob_is_never_fetched(tmp_path: Path) -> None:
    """What a table says of a text decides before the network is asked; nobody listens there."""
    ids = [hashlib.sha1(b"%d" % number).hexdigest() for number in range(3)]
    columns = {
        "blob_id": ids,
        "path": ["/a.c", "/b.py", "/c.py"],
        "repo_name": ["o/n"] * 3,
        "language": ["C", "Python", "Python"],
        "license_type": ["permissive", "non_permissive", "permissive"],
        "detected_licenses": [["MIT"]] * 3,
        "length_bytes": [1, 1, 100],
    }
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    source = ParquetSource(tmp_path / "x.parquet", BlobStore("http://blobs.invalid/{blob_id}"))
    filters = Filters(frozenset({"Python"}), frozenset({LicenseType.PERMISSIVE}), max_bytes=50)
    assert list(filtered(source, filters)) == [
        SkippedDocument("o/n/a.c", SkipReason.OTHER_LANGUAGE),
        SkippedDocument("o/n/b.py", SkipReason.OTHER_LICENSE),
        SkippedDocument("o/n/c.py", SkipReason.OTHER_SIZE),
    ]


def test_licence_type_of_a_table_is_read(tmp_path: Path) -> None:
    """The column decides; a type that is none of the three is not stated."""
    columns = {
        "content": ["a", "b", "c"],
        "path": ["/a", "/b", "/c"],
        "repo_name": ["o/n"] * 3,
        "license_type": ["permissive", "odd", None],
        "detected_licenses": [["MIT"], ["MIT"], []],
    }
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    filters = Filters(license_types=frozenset({LicenseType.PERMISSIVE}))
    first, *others = filtered(ParquetSource(tmp_path / "x.parquet"), filters)
    assert isinstance(first, SourceDocument)
    assert others == [
        SkippedDocument("o/n/b", SkipReason.LICENSE_TYPE_NOT_STATED),
        SkippedDocument("o/n/c", SkipReason.OTHER_LICENSE),
    ]
