import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sc2_attrib.index.corpus.document import (
    Basis,
    LicenseAssertion,
    LicenseType,
    Occurrence,
    SkippedDocument,
    SkipReason,
    SourceDocument,
)
from sc2_attrib.index.corpus.parquet import ParquetSource
from sc2_attrib.index.errors import CorpusError


def write(path: Path, columns: dict[str, Any], **options: Any) -> ParquetSource:
    pq.write_table(pa.table(columns), path, **options)
    return ParquetSource(path)


def file(number: int, **fields: object) -> dict[str, object]:
    return {"path": f"/{number}.c", "content": f"int x{number};"} | fields


def documents(source: ParquetSource) -> list[tuple[bytes, str, str]]:
    found = (d for d in source if isinstance(d, SourceDocument))
    return [(d.content, d.occurrence.repository, d.occurrence.path) for d in found]


def test_row_of_the_stack_v2_becomes_an_occurrence_a_file(tmp_path: Path) -> None:
    """What is said of the repository holds for each file, which has a licence of its own."""
    struct = file(1) | {
        "blob_id": "b" * 40,
        "content_id": "c" * 40,
        "language": "C",
        "length_bytes": 7,
        "detected_licenses": ["MIT", "BSD-3-Clause"],
        "license_type": "permissive",
        "src_encoding": "SHIFT_JIS",
        "is_vendor": True,
        "is_generated": False,
        "alphanum_fraction": 0.5,
    }
    unlicensed = struct | {
        "path": "/2.c",
        "detected_licenses": [],
        "license_type": "no_license",
        "src_encoding": "UTF-8",
        "is_vendor": None,
    }
    columns = {
        "repo_name": ["o/n"],
        "repo_url": ["https://github.com/o/n"],
        "snapshot_id": ["s" * 40],
        "revision_id": ["r" * 40],
        "star_events_count": [7],
        "gha_license_id": ["MIT"],
        "files": [[struct, unlicensed]],
        "num_files": [2],
    }
    first, second = write(tmp_path / "x.parquet", columns)
    shared = {"repository": "o/n", "revision": "r" * 40, "snapshot": "s" * 40, "stars": 7}
    assert first == SourceDocument(
        b"int x1;",
        Occurrence(
            **shared,  # type: ignore[arg-type]  # fields by name
            path="/1.c",
            url="https://github.com/o/n",
            language="C",
            licenses=(
                LicenseAssertion("MIT", Basis.SCANCODE),
                LicenseAssertion("BSD-3-Clause", Basis.SCANCODE),
            ),
            is_vendor=True,
            src_encoding="SHIFT_JIS",
        ),
        LicenseType.PERMISSIVE,
    )
    assert isinstance(second, SourceDocument)
    assert second.occurrence.path == "/2.c"
    assert second.occurrence.licenses == ()
    assert not second.occurrence.is_vendor
    assert second.occurrence.src_encoding is None


def test_row_of_the_stack_v3_is_understood_under_its_own_names(tmp_path: Path) -> None:
    """Repository, commit, path and stars have other names there, and the text is inline."""
    struct = {
        "content_id": "c" * 40,
        "content": "int x;",
        "size_bytes": 6,
        "file_path": "src/x.c",
        "file_timestamp": "2025",
        "language": "C",
        "is_vendor": False,
        "license_type": "permissive",
        "detected_licenses": ["MIT"],
    }
    columns = {
        "repo_path": ["o/n"],
        "repo_id": [5],
        "commit_id": ["d" * 40],
        "github_metadata": [{"branch": "main", "stars": 9, "forked_from": None}],
        "num_files": [1],
        "files": [[struct]],
    }
    (document,) = write(tmp_path / "x.parquet", columns)
    assert isinstance(document, SourceDocument)
    assert document.occurrence == Occurrence(
        repository="o/n",
        path="src/x.c",
        revision="d" * 40,
        licenses=(LicenseAssertion("MIT", Basis.SCANCODE),),
        language="C",
        url="https://github.com/o/n",
        stars=9,
    )


def test_repositories_come_in_the_order_of_rows_and_files(tmp_path: Path) -> None:
    """Empty and null lists say nothing; rows may lie in several row groups."""
    files = [[file(1), file(2)], [], None, [file(3)], [file(n) for n in range(4, 300)]]
    columns = {"repo_name": [f"o/{row}" for row in range(5)], "files": files}
    source = write(tmp_path / "x.parquet", columns, row_group_size=2)
    rows = [0, 0, 3, *([4] * 296)]
    expected = [(f"int x{n}", f"o/{row}", f"/{n}.c") for n, row in enumerate(rows, start=1)]
    assert documents(source) == [(f"{text};".encode(), repo, path) for text, repo, path in expected]
    assert documents(source) == documents(source)


def test_nulls_within_a_list_are_reported(tmp_path: Path) -> None:
    """A null struct, a null text and an empty one each have a reason, named by the row."""
    files = [[None, file(1, content=None), file(2, content=""), file(3)]]
    metadata = pa.array([None], pa.struct([("stars", pa.int64())]))
    columns = {"repo_path": ["o/n"], "files": files, "github_metadata": metadata}
    skipped = list(write(tmp_path / "x.parquet", columns))
    assert skipped[:3] == [
        SkippedDocument("o/n/x.parquet:1:1", SkipReason.NO_CONTENT),
        SkippedDocument("o/n/1.c", SkipReason.NO_CONTENT),
        SkippedDocument("o/n/2.c", SkipReason.EMPTY),
    ]
    assert isinstance(skipped[3], SourceDocument)
    assert skipped[3].occurrence.stars is None


@pytest.mark.parametrize("list_type", [pa.list_, pa.large_list])
@pytest.mark.parametrize("text_type", [pa.string(), pa.binary(), pa.large_binary()])
def test_lists_and_texts_of_any_kind_are_read(
    tmp_path: Path, list_type: Any, text_type: pa.DataType
) -> None:
    """How a writer stores lists and texts does not show."""
    struct = pa.struct([("path", text_type), ("content", text_type)])
    files = pa.array([[{"path": b"/a.c", "content": b"int a;"}]] * 2, list_type(struct))
    source = write(tmp_path / "x.parquet", {"repo_name": ["o/n", "o/m"], "files": files})
    assert documents(source) == [(b"int a;", "o/n", "/a.c"), (b"int a;", "o/m", "/a.c")]


def test_one_repository_is_held_at_a_time(tmp_path: Path) -> None:
    """Memory follows the largest repository, not the row group or the file; a page is the least."""
    noise = random.Random(0)
    files = [[file(n, content=noise.randbytes(500_000).hex())] * 3 for n in range(10)]
    columns = {"repo_name": ["o/n"] * 10, "files": files}
    small_pages = {"use_dictionary": False, "write_batch_size": 1, "data_page_size": 100_000}
    source = write(tmp_path / "x.parquet", columns, **small_pages)
    del files, columns
    before = pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - before for _ in source]
    assert len(held) == 30
    assert max(held) < 12_000_000  # of 30 MB


def test_only_what_means_something_is_read(tmp_path: Path) -> None:
    """A damaged column that nobody needs does no harm, because its pages are not touched."""
    noise = "".join(f"{number:07}" for number in range(9000))
    columns = {"repo_name": ["o/n"], "files": [[file(1, notes=noise)]]}
    options = {"compression": "none", "use_dictionary": False, "write_page_checksum": True}
    write(tmp_path / "x.parquet", columns, **options)
    raw = (tmp_path / "x.parquet").read_bytes()
    (tmp_path / "x.parquet").write_bytes(raw.replace(noise[:5000].encode(), b"\xff" * 5000))
    assert documents(ParquetSource(tmp_path / "x.parquet")) == [(b"int x1;", "o/n", "/1.c")]


def test_estimate_is_the_size_of_the_texts(tmp_path: Path) -> None:
    """The footer has the texts' column within the list too."""
    files = [[file(n, content="x" * 1000 + str(n)) for n in range(50)]]
    columns = {"repo_name": ["o/n"], "files": files}
    source = write(tmp_path / "x.parquet", columns, use_dictionary=False)
    assert 50_000 <= (source.estimate_bytes() or 0) <= 53_000


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"files": [[{"path": "p", "content": "x"}]]}, "no column repo_name; found"),
        ({"repo_name": ["r"], "files": [[{"path": "p", "size": 1}]]}, "no column content; found"),
        ({"repo_name": ["r"], "files": [[{"content": "x"}]]}, "no column path; found repo_name,"),
        ({"repo_name": ["r"], "files": ["a.c"]}, "column files is string; it must be a list"),
        ({"repo_name": ["r"], "files": [["a.c"]]}, "column files is list<.+; it must be a list"),
        ({"repo_name": ["r"], "files": [{"path": "p", "content": "x"}]}, "column files is struct"),
    ],
)
def test_other_shapes_are_errors_that_say_what_is_missing(
    tmp_path: Path, columns: dict[str, Any], problem: str
) -> None:
    """A table that is none of the shapes never reads as an empty corpus."""
    with pytest.raises(CorpusError, match=rf"x\.parquet: {problem}"):
        list(write(tmp_path / "x.parquet", columns))


def test_table_without_rows_is_an_empty_corpus(tmp_path: Path) -> None:
    """The schema alone is no error."""
    struct = pa.struct([("path", pa.string()), ("content", pa.string())])
    columns = {"repo_name": pa.array([], pa.string()), "files": pa.array([], pa.list_(struct))}
    assert list(write(tmp_path / "x.parquet", columns)) == []
