import os
from pathlib import Path

import pytest

from sc2_attrib.index.corpus.document import (
    Basis,
    CorpusDescription,
    LicenseAssertion,
    SkippedDocument,
    SkipReason,
    SourceDocument,
)
from sc2_attrib.index.corpus.files import MAX_FILE_BYTES
from sc2_attrib.index.corpus.folder import FolderSource
from sc2_attrib.index.errors import CorpusError


def write(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def paths(source: FolderSource) -> list[str]:
    return [d.occurrence.path for d in source if isinstance(d, SourceDocument)]


def skips(source: FolderSource) -> dict[str, str]:
    return {d.path: d.reason for d in source if isinstance(d, SkippedDocument)}


def test_files_come_ordered_by_path_whatever_the_order_on_disk(tmp_path: Path) -> None:
    """The order is that of the whole paths as strings, and the same on every reading."""
    names = ["b/z.c", "a.c", "a/b.c", "a-b.c", "a/a/a.c", "B.c", "é.c"]
    source = FolderSource(write(tmp_path, dict.fromkeys(names, b"int x;")))
    assert paths(source) == sorted(names)
    assert paths(source) == paths(source)


def test_occurrence_says_where_the_file_stands(tmp_path: Path) -> None:
    """Repository is the folder's name; language, licence tag and vendored folders are seen."""
    tag = b"// SPDX-License-" + b"Identifier: MIT\n"
    root = write(tmp_path / "proj", {"third_party/x.rs": tag, "vendors.rs": b"fn main() {}"})
    first, second = FolderSource(root)
    assert isinstance(first, SourceDocument)
    assert isinstance(second, SourceDocument)
    assert first.content == tag
    assert first.occurrence.repository == "proj"
    assert first.occurrence.path == "third_party/x.rs"
    assert first.occurrence.language == "Rust"
    assert first.occurrence.licenses == (LicenseAssertion("MIT", Basis.HEADER, None, 1.0),)
    assert first.occurrence.is_vendor
    assert not second.occurrence.is_vendor
    assert second.occurrence.licenses == ()


def test_what_is_left_out_says_why(tmp_path: Path) -> None:
    """Binary, empty, large and foreign things are values with a reason, never silence."""
    files = {
        "binary.c": b"a\0b",
        "empty.c": b"",
        "mark.c": b"\xff\xfe",
        "odd.c": b"\xff\xfeodd",
        "large.c": b"x" * (MAX_FILE_BYTES + 1),
        "limit.c": b"x" * MAX_FILE_BYTES,
        "sub/.git/config": b"[core]",
        ".hg/x": b"x",
    }
    root = write(tmp_path, files)
    os.mkfifo(root / "pipe.c")
    source = FolderSource(root)
    assert skips(source) == {
        "binary.c": SkipReason.BINARY,
        "empty.c": SkipReason.EMPTY,
        "mark.c": SkipReason.EMPTY,
        "odd.c": SkipReason.UNDECODABLE,
        "large.c": SkipReason.TOO_LARGE,
        "sub/.git": SkipReason.VERSION_CONTROL,
        ".hg": SkipReason.VERSION_CONTROL,
        "pipe.c": SkipReason.SPECIAL_FILE,
    }
    assert paths(source) == ["limit.c"]


def test_symbolic_links_are_not_followed(tmp_path: Path) -> None:
    """Neither a link out of the tree nor a loop in it is read; the folder itself may be a link."""
    outside = write(tmp_path / "outside", {"secret.c": b"x"})
    root = write(tmp_path / "tree", {"a.c": b"int a;"})
    (root / "file.c").symlink_to(outside / "secret.c")
    (root / "folder").symlink_to(outside)
    (root / "loop").symlink_to(root)
    (tmp_path / "link").symlink_to(root)
    source = FolderSource(tmp_path / "link")
    assert paths(source) == ["a.c"]
    assert skips(source) == dict.fromkeys(["file.c", "folder", "loop"], SkipReason.SYMBOLIC_LINK)
    assert source.describe() == CorpusDescription("tree")


def test_file_that_vanishes_while_reading_is_unreadable(tmp_path: Path) -> None:
    """A file or folder that can't be read is reported, and the rest is read."""
    root = write(tmp_path, {"a.c": b"a", "b.c": b"b", "c/x.c": b"x", "d.c": b"d"})
    documents = iter(FolderSource(root))
    next(documents)
    (root / "b.c").unlink()
    (root / "c/x.c").unlink()
    (root / "c").rmdir()
    b, c, d = documents
    assert b == SkippedDocument("b.c", SkipReason.UNREADABLE)
    assert c == SkippedDocument("c", SkipReason.UNREADABLE)
    assert isinstance(d, SourceDocument)


def test_marked_utf16_becomes_utf8_and_says_so(tmp_path: Path) -> None:
    """UTF-16 with a byte order mark is transcoded; other bytes stay, valid UTF-8 or not."""
    root = write(tmp_path, {"a.c": "naïve".encode("utf-16"), "b.c": b"na\xefve"})
    a, b = FolderSource(root)
    assert isinstance(a, SourceDocument)
    assert isinstance(b, SourceDocument)
    assert a.content == "naïve".encode()
    assert a.occurrence.src_encoding in {"UTF-16LE", "UTF-16BE"}
    assert b.content == b"na\xefve"
    assert b.occurrence.src_encoding is None


def test_name_of_any_bytes_becomes_valid_unicode(tmp_path: Path) -> None:
    """A file name that is not UTF-8 is read, and its reported path can be written anywhere."""
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.c")).write_bytes(b"int x;")
    assert paths(FolderSource(tmp_path)) == ["caf\ufffd.c"]


def test_estimate_is_the_size_of_what_may_be_read(tmp_path: Path) -> None:
    """Files over the limit and version control data do not count."""
    files = {"a.c": b"12345", "b/c.c": b"123", "big.c": b"x" * (MAX_FILE_BYTES + 1), ".git": b"x"}
    assert FolderSource(write(tmp_path, files)).estimate_bytes() == 8


def test_relative_folder_is_named_by_its_real_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`.` is no name for a repository."""
    root = write(tmp_path / "proj", {"src/a.c": b"int a;"})
    monkeypatch.chdir(root)
    source = FolderSource(Path())
    assert source.describe() == CorpusDescription("proj")
    assert paths(source) == ["src/a.c"]


def test_missing_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    """A folder that can't be listed stops the build with its path."""
    with pytest.raises(CorpusError, match="gone: can't list this folder: No such file"):
        list(FolderSource(tmp_path / "gone"))
