"""Licence texts in an index: found by place, exact through additions, removals and compaction."""

import json
import shutil
from pathlib import Path

import pytest

from sc2_attrib.index.building import BuildOptions, add_to_index, build_index, compact_index
from sc2_attrib.index.corpus.document import SkippedDocument, SourceDocument
from sc2_attrib.index.corpus.filtered import filtered
from sc2_attrib.index.corpus.filters import Filters
from sc2_attrib.index.corpus.index_folder import IndexSource
from sc2_attrib.index.corpus.jsonl import JsonLinesSource
from sc2_attrib.index.corpus.license_files import MOST_BYTES, LicenseFile
from sc2_attrib.index.errors import CorruptIndexError, IndexUnusableError
from sc2_attrib.index.local import open_index
from sc2_attrib.index.take_down import remove_from_index
from tests.index.corpora import Documents, place

CODE = b"def shared(items):\n    return [item.value for item in items if item.is_wanted]\n" * 4
MIT, BSD, NOTICE = b"MIT text, Copyright 2020 Ann\n", b"BSD text\n", b"a notice\n"


def item(repository: str, path: str, content: bytes) -> SourceDocument:
    return SourceDocument(content, place(path, "", repository=repository))


ITEMS = [
    item("o/a", "/src/x.py", CODE),
    item("o/a", "/src/vendor/z.py", CODE + b"# z\n"),
    item("o/b", "y.py", CODE + b"# y\n"),
    item("o/a", "/LICENSE", MIT),
    item("o/a", "/NOTICE.txt", NOTICE),
    item("o/a", "/src/vendor/COPYING", BSD),
    item("o/b", "LICENSE.md", MIT),
]
PLACES = [("o/a", "/src/x.py"), ("o/a", "/src/vendor/z.py"), ("o/b", "y.py"), ("o/c", "y.py")]
ALL = [[MIT, NOTICE], [BSD], [MIT], []]


def texts(folder: Path) -> list[list[bytes]]:
    with open_index(folder) as index:
        return [[text.content for text in index.license_texts(*where)] for where in PLACES]


def built(folder: Path, *items: SourceDocument | SkippedDocument) -> Path:
    build_index([Documents(items)], folder, BuildOptions())
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return built(tmp_path / "ix", *ITEMS)


def test_nearest_folder_upwards_governs(folder: Path) -> None:
    """All licence files of one folder, ordered by path; none of another repository."""
    assert texts(folder) == ALL


@pytest.mark.parametrize("split", range(1, len(ITEMS)))
def test_segments_share_their_texts(tmp_path: Path, split: int) -> None:
    """Wherever a corpus is cut into additions, a licence file speaks for what came before it."""
    folder = built(tmp_path / "ix", *ITEMS[:split])
    add_to_index([Documents(ITEMS[split:])], folder)
    assert texts(folder) == ALL
    compact_index(folder)
    assert texts(folder) == ALL


def test_each_text_is_kept_once(folder: Path) -> None:
    """Two repositories with one text store it once."""
    with open_index(folder) as index:
        (segment,) = index._current().segments
        assert segment.license_texts is not None
        assert segment.license_texts.n_texts == 3
        assert len(list(segment.license_texts.all_files())) == 4


def test_removal_takes_texts_at_once_and_undo_brings_them_back(folder: Path) -> None:
    """A repository's texts go with it, a removed text goes everywhere, until compaction for
    good."""
    remove_from_index(["o/a"], folder)
    assert texts(folder) == [[], [], [MIT], []]
    remove_from_index(["o/a"], folder, undo=True)
    assert texts(folder) == ALL
    with open_index(folder) as index:
        mit = index.license_texts("o/b", "y.py")[0].document
    remove_from_index([mit], folder)
    assert texts(folder) == [[NOTICE], [BSD], [], []]
    compact_index(folder)
    remove_from_index([mit], folder, undo=True)
    assert texts(folder) == [[NOTICE], [BSD], [], []]


def test_compaction_deletes_removed_texts_from_the_disk(folder: Path) -> None:
    """What only a removed repository had is not in the new segment."""
    remove_from_index(["o/a"], folder)
    compact_index(folder)
    with open_index(folder) as index:
        (segment,) = index._current().segments
        assert [text for _, text in segment.read_license_files()] == [MIT]


def test_license_file_that_is_no_document_is_kept(tmp_path: Path) -> None:
    """What a source or a filter leaves out of the documents still gives its text."""
    file = LicenseFile("pkg/licenses/LICENSE", "left out", "o/a", MIT, "")
    folder = built(tmp_path / "ix", file, ITEMS[0])
    assert texts(folder)[0] == [MIT]
    compact_index(folder)
    assert texts(folder)[0] == [MIT]
    (tmp_path / "x.jsonl").write_text("".join(map(json_line, ITEMS)))
    source = filtered(
        JsonLinesSource(tmp_path / "x.jsonl"), Filters(languages=frozenset({"Python"}))
    )
    summary = build_index([source], tmp_path / "filtered", BuildOptions())
    assert summary.n_documents == 3
    assert summary.skipped == {"filter: language": 4}
    assert texts(tmp_path / "filtered") == ALL


def json_line(found: SourceDocument) -> str:
    where = found.occurrence
    language = "Python" if where.path.endswith(".py") else "Text"
    row = {"repo_name": where.repository, "path": where.path, "language": language}
    return json.dumps({**row, "content": found.content.decode()}) + "\n"


def test_overlong_file_is_no_license(tmp_path: Path) -> None:
    """A licence file larger than any licence is only a document."""
    folder = built(tmp_path / "ix", ITEMS[0], item("o/a", "LICENSE", b"x" * (MOST_BYTES + 1)))
    assert texts(folder)[0] == []


def test_index_without_license_files_has_no_file_of_them(tmp_path: Path) -> None:
    """The file is there only where it says something."""
    folder = built(tmp_path / "ix", ITEMS[0])
    assert not list(folder.glob("segment-*/licenses"))
    assert texts(folder) == [[], [], [], []]


def problem(folder: Path) -> str | None:
    """Read the texts; they are right, or this is why they can't be read."""
    try:
        assert texts(folder) == ALL
    except IndexUnusableError as error:
        return str(error)
    return None


def test_damage_is_an_error_or_changes_nothing(folder: Path) -> None:
    """Any changed byte of the file: the right texts, or an error that names it; verify sees it."""
    (path,) = folder.glob("segment-*/licenses")
    sound = path.read_bytes()
    meaning = [at for at, byte in enumerate(sound) if byte]  # the rest is padding
    noticed = 0
    for at in meaning[::9]:
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 0x81]) + sound[at + 1 :])
        message = problem(folder)
        assert message is not None or not is_sound(folder)
        assert message is None or str(path) in message
        noticed += message is not None
    assert noticed > len(meaning) // 20


def is_sound(folder: Path) -> bool:
    try:
        with open_index(folder) as index:
            for _ in index.verify():
                pass
    except IndexUnusableError:
        return False
    return True


@pytest.mark.parametrize("length", [0, 1, 47, 5000, -1])
def test_cut_or_missing_file_is_an_error(folder: Path, length: int) -> None:
    """Whatever is left of it."""
    (path,) = folder.glob("segment-*/licenses")
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(CorruptIndexError, match="licenses"):
        texts(folder)
    path.unlink()
    with pytest.raises(CorruptIndexError, match="licenses"):
        texts(folder)


def test_file_of_another_index_is_noticed(folder: Path, tmp_path: Path) -> None:
    """Sound in itself, but not what the manifest names."""
    other = built(tmp_path / "other", ITEMS[0], item("o/a", "LICENSE", b"other\n"))
    (theirs,), (ours,) = other.glob("segment-*/licenses"), folder.glob("segment-*/licenses")
    shutil.copy(theirs, ours)
    with pytest.raises(CorruptIndexError, match="licenses"):
        texts(folder)


@pytest.mark.parametrize("repeated", [[], ITEMS[:1]])
def test_texts_of_an_index_that_is_added_come_with_it(
    tmp_path: Path, repeated: list[SourceDocument]
) -> None:
    """Also where its segments can't be taken over whole, and where a text was no document."""
    bundled = LicenseFile("pkg/licenses/LICENSE", "left out", "o/c", BSD, "")
    folder = built(tmp_path / "ix", ITEMS[1], *repeated)
    other = built(tmp_path / "other", *ITEMS, item("o/c", "y.py", CODE + b"# c\n"), bundled)
    add_to_index([IndexSource(other)], folder)
    assert texts(folder) == [*ALL[:3], [BSD]]
    compact_index(folder)
    assert texts(folder) == [*ALL[:3], [BSD]]
