import random
from pathlib import Path
from typing import Any

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
from sc2_attrib.index.corpus.parquet import BATCH_ROWS, ParquetSource
from sc2_attrib.index.errors import CorpusError


def write(path: Path, columns: dict[str, Any], **options: Any) -> ParquetSource:
    pq.write_table(pa.table(columns), path, **options)
    return ParquetSource(path)


def minimal(contents: Any) -> dict[str, Any]:
    n_rows = len(contents)
    paths = [f"/{row}.c" for row in range(n_rows)]
    return {"content": contents, "path": paths, "repo_name": ["o/n"] * n_rows}


def contents(source: ParquetSource) -> list[bytes]:
    return [d.content for d in source if isinstance(d, SourceDocument)]


def occurrences(source: ParquetSource) -> list[Occurrence]:
    return [d.occurrence for d in source if isinstance(d, SourceDocument)]


def licenses(source: ParquetSource) -> list[list[tuple[str, str]]]:
    return [[(a.expression, a.basis) for a in o.licenses] for o in occurrences(source)]


def test_full_row_becomes_an_occurrence(tmp_path: Path) -> None:
    """Every column of The Stack v2 that says something about a source is kept as it stands."""
    columns = {
        "content": ["int é;"],
        "repo_name": ["torvalds/linux"],
        "path": ["/kernel/fork.c"],
        "revision_id": ["r" * 40],
        "snapshot_id": ["s" * 40],
        "detected_licenses": [["GPL-2.0-only", "MIT"]],
        "license_type": ["non_permissive"],
        "gha_license_id": ["GPL-2.0-only"],
        "src_encoding": ["SHIFT_JIS"],
        "language": ["C"],
        "star_events_count": [7],
        "is_vendor": [False],
        "is_generated": [True],
        "visit_date": ["2023"],
    }
    assert list(write(tmp_path / "x.parquet", columns)) == [
        SourceDocument(
            "int é;".encode(),
            Occurrence(
                repository="torvalds/linux",
                path="/kernel/fork.c",
                revision="r" * 40,
                licenses=(
                    LicenseAssertion("GPL-2.0-only", Basis.SCANCODE),
                    LicenseAssertion("MIT", Basis.SCANCODE),
                ),
                language="C",
                url="https://github.com/torvalds/linux",
                snapshot="s" * 40,
                stars=7,
                is_generated=True,
                src_encoding="SHIFT_JIS",
            ),
            LicenseType.NON_PERMISSIVE,
        )
    ]


@pytest.mark.parametrize(
    "content_type",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.large_binary(),
        pa.dictionary(pa.int32(), pa.string()),
        pa.dictionary(pa.int32(), pa.large_binary()),
    ],
)
def test_any_text_type_gives_the_same_bytes(tmp_path: Path, content_type: pa.DataType) -> None:
    """Text columns may be string or binary, large, view or dictionary encoded, in all places."""
    texts = ["", "a", "é" * 5, None, "a"]
    columns = {name: pa.array(texts, pa.large_string()) for name in ("content", "path", "language")}
    columns |= {"repo_name": pa.array(["o/n"] * len(texts))}
    source = write(
        tmp_path / "x.parquet",
        {name: column.cast(content_type) for name, column in columns.items()},
    )
    assert contents(source) == [b"a", "é".encode() * 5, b"a"]
    assert [o.path for o in occurrences(source)] == ["a", "é" * 5, "a"]
    assert [o.language for o in occurrences(source)] == ["a", "é" * 5, "a"]


@pytest.mark.parametrize("text_type", [pa.string(), pa.binary()])
def test_invalid_utf8_is_kept_in_the_content_and_replaced_elsewhere(
    tmp_path: Path, text_type: pa.DataType
) -> None:
    """The bytes of a text are checked as they are; a path must be text to be reported."""
    raw = pa.array([b"caf\xe9", b"ok"])
    column = pa.Array.from_buffers(text_type, len(raw), raw.buffers())
    source = write(tmp_path / "x.parquet", minimal(column) | {"path": column})
    assert contents(source) == [b"caf\xe9", b"ok"]
    assert [o.path for o in occurrences(source)] == ["caf\ufffd", "ok"]


def test_rows_without_text_are_reported(tmp_path: Path) -> None:
    """Null and empty contents are values with a reason, named by repository and path."""
    assert list(write(tmp_path / "x.parquet", minimal(["", None]) | {"path": ["/a", None]})) == [
        SkippedDocument("o/n/a", SkipReason.EMPTY),
        SkippedDocument("o/n/x.parquet:2", SkipReason.NO_CONTENT),
    ]


def test_nulls_say_nothing(tmp_path: Path) -> None:
    """A row of nulls keeps its content; the file stands in for repository and path."""
    nulls = {
        "path": pa.array([None], pa.string()),
        "repo_name": pa.array([None], pa.string()),
        "detected_licenses": pa.array([None], pa.list_(pa.string())),
        "star_events_count": pa.array([None], pa.int64()),
        "is_vendor": pa.array([None], pa.bool_()),
        "language": pa.nulls(1),
    }
    source = write(tmp_path / "x.parquet", {"content": ["a"]} | nulls)
    assert occurrences(source) == [Occurrence(repository="x", path="x.parquet:1")]


def test_licences_keep_their_basis(tmp_path: Path) -> None:
    """What the scan found is scancode; GitHub's own id counts where it adds something."""
    columns = minimal(["a"] * 5) | {
        "detected_licenses": [["MIT", "MIT"], ["MIT"], [], None, ["LicenseRef-scancode-dco-1.1"]],
        "gha_license_id": ["MIT", "Apache-2.0", "GPL-3.0", None, None],
        "license_type": ["permissive", "permissive", "non_permissive", "no_license", "no_license"],
    }
    assert licenses(write(tmp_path / "x.parquet", columns)) == [
        [("MIT", "scancode")],
        [("MIT", "scancode"), ("Apache-2.0", "repo")],
        [("GPL-3.0", "repo")],
        [],
        [],
    ]


def test_one_licence_may_stand_for_a_list(tmp_path: Path) -> None:
    """A table that names one licence in a plain column is understood too."""
    columns = minimal(["a", "b"]) | {"detected_licenses": ["MIT", None], "license": [None, "0BSD"]}
    assert licenses(write(tmp_path / "x.parquet", columns)) == [
        [("MIT", "scancode")],
        [("0BSD", "repo")],
    ]


def test_address_is_given_only_for_names_on_github(tmp_path: Path) -> None:
    """Only `owner/name` makes an address."""
    names = ["a-b/c.d_e", "plain", "a/b/c", "https://x/y", "a b/c"]
    columns = minimal(["x"] * len(names)) | {"repo_name": names}
    source = write(tmp_path / "x.parquet", columns)
    assert [o.url for o in occurrences(source)] == ["https://github.com/a-b/c.d_e"] + [None] * 4


def test_encoding_is_stated_only_where_bytes_changed(tmp_path: Path) -> None:
    """UTF-8 and ASCII text was not converted, whatever the spelling."""
    stated = ["UTF-8", "utf-8", "ASCII", None, "UTF-16LE"]
    columns = minimal(["x"] * 5) | {"src_encoding": stated}
    source = write(tmp_path / "x.parquet", columns)
    assert [o.src_encoding for o in occurrences(source)] == [None] * 4 + ["UTF-16LE"]


def test_stars_that_went_through_pandas_are_whole_numbers(tmp_path: Path) -> None:
    """Floats with NaN for null are what pandas makes of a column with gaps."""
    columns = minimal(["x"] * 3) | {"star_events_count": [3.0, float("nan"), None]}
    assert [o.stars for o in occurrences(write(tmp_path / "x.parquet", columns))] == [3, None, None]


def test_order_holds_over_batches_and_row_groups(tmp_path: Path) -> None:
    """Rows come in the file's order, however they fall into batches and row groups, each time."""
    texts = [f"text {row}" for row in range(3 * BATCH_ROWS + 5)]
    source = write(tmp_path / "x.parquet", minimal(texts), row_group_size=BATCH_ROWS + 1)
    assert contents(source) == [text.encode() for text in texts]
    assert contents(source) == contents(source)
    assert [o.path for o in occurrences(source)] == [f"/{row}.c" for row in range(len(texts))]


def test_folder_is_read_file_by_file(tmp_path: Path) -> None:
    """All tables below a folder, ordered by path, links as in a download cache included."""
    (tmp_path / "set/b").mkdir(parents=True)
    write(tmp_path / "set/b/0.parquet", minimal(["one"]))
    write(tmp_path / "blob", minimal(["two"]))
    (tmp_path / "set/c.parquet").symlink_to(tmp_path / "blob")
    (tmp_path / "set/README.md").write_text("x")
    source = ParquetSource(tmp_path / "set")
    assert contents(source) == [b"one", b"two"]
    assert source.describe() == CorpusDescription("set")


def test_estimate_is_close_to_the_text(tmp_path: Path) -> None:
    """The footer gives the size of distinct texts and a little for the format itself."""
    texts = [f"{row:05}" * 100 for row in range(50)]
    source = write(tmp_path / "x.parquet", minimal(texts), use_dictionary=False)
    assert 25_000 <= (source.estimate_bytes() or 0) <= 27_500


@pytest.mark.parametrize("missing", ["content", "path", "repo_name"])
def test_missing_column_is_named_with_those_found(tmp_path: Path, missing: str) -> None:
    """A table of another shape is an error that says which column it lacks and which it has."""
    columns = minimal(["x"])
    del columns[missing]
    source = write(tmp_path / "x.parquet", columns)
    found = ", ".join(columns)
    with pytest.raises(CorpusError, match=rf"x\.parquet: no column {missing}; found {found};"):
        list(source)
    with pytest.raises(CorpusError, match="no column"):
        source.estimate_bytes()


def test_repository_column_serves_as_repo_name(tmp_path: Path) -> None:
    """People who make such a table themselves may call it `repository`."""
    columns = {"content": ["x"], "path": ["p"], "repository": ["mine"]}
    assert [o.repository for o in occurrences(write(tmp_path / "x.parquet", columns))] == ["mine"]


def test_column_of_an_impossible_type_is_an_error(tmp_path: Path) -> None:
    """A content that is no text at all is named with the file."""
    source = write(tmp_path / "x.parquet", minimal(pa.array([{"a": 1}])))
    with pytest.raises(CorpusError, match=r"x\.parquet: can't be read as Parquet"):
        list(source)


def test_damaged_file_never_reads_as_complete(tmp_path: Path) -> None:
    """Foreign, truncated and missing files are errors that name the path."""
    path = tmp_path / "x.parquet"
    noise = random.Random(0)
    texts = [noise.randbytes(200).hex() for _ in range(100)]
    write(path, minimal(texts), row_group_size=20, compression="zstd")
    whole = path.read_bytes()
    broken_page = whole[:400] + bytes(400) + whole[800:]
    for raw in (b"", b"PAR1", b"hello world, no table", whole[: len(whole) // 2], broken_page):
        path.write_bytes(raw)
        with pytest.raises(CorpusError, match=r"x\.parquet: can't be read as Parquet: .+; check"):
            list(ParquetSource(path))
    with pytest.raises(CorpusError, match=r"gone\.parquet: can't be read"):
        list(ParquetSource(tmp_path / "gone.parquet"))


def test_folder_without_tables_is_an_error(tmp_path: Path) -> None:
    """A folder that was said to hold tables and holds none is not an empty corpus."""
    with pytest.raises(CorpusError, match=r"no \*\.parquet file in this folder"):
        list(ParquetSource(tmp_path))
