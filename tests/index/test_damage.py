"""Damage looked for byte by byte: every byte that means anything, every value of a frame's header.

test_corruption.py samples kinds of damage; here nothing that small files hold is left out.
"""

import shutil
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sc2_attrib.index.errors import CorruptIndexError, IndexUnusableError
from sc2_attrib.index.local import open_index
from sc2_attrib.index.search import NearOptions
from sc2_attrib.index.segment import hot
from sc2_attrib.index.segment.format import TRAILER, SectionFile
from sc2_attrib.index.segment.reader import FILES, LICENSE_FILES, NEAR_FILES
from tests.index.corpora import built, code_like, document

COPIED = code_like(3, 1200, 2)
RULER = b"-" * 52
TEXTS = [COPIED[0][100:240], RULER]
FRAME = b"\x28\xb5\x2f\xfd"  # every zstd frame begins so
ALL_FILES = FILES | NEAR_FILES | LICENSE_FILES
MOST_MEMORY = 16 << 20  # bytes that a search of this index may take, however it is damaged


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of four documents, one of them of hot grams, one a licence text."""
    folder = tmp_path_factory.mktemp("damage") / "ix"
    contents = [*COPIED, b"-" * 300]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hot, "CAP", 2)
        found = [document(text, f"{i}.py") for i, text in enumerate(contents)]
        built(folder, [*found, document(b"Permission is granted.\n" * 9, "LICENSE")]).close()
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return shutil.copytree(sound, tmp_path / "ix")


def segment_files(folder: Path) -> list[Path]:
    (segment,) = folder.glob("segment-*")
    return [segment / name for name in ALL_FILES]


def answer(folder: Path) -> list[object]:
    with open_index(folder) as index:
        texts = index.license_texts("o/r", "0.py")  # first, being quick
        exact = index.search(TEXTS, min_chars=50, max_sources=0)
        return [texts, *exact, *index.search_near(TEXTS, exact, NearOptions(), max_sources=0)]


@contextmanager
def changed(path: Path, at: int, difference: int) -> Iterator[None]:
    """XOR one byte of a file, and undo it."""
    change_byte(path, at, difference)
    yield
    change_byte(path, at, difference)


def change_byte(path: Path, at: int, difference: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ difference]))


def check_answer(folder: Path, expected: list[object], path: Path) -> bool:
    """Search; the answer is right, or an error names the file. Tells whether it was an error."""
    message = ""
    try:
        assert answer(folder) == expected
    except IndexUnusableError as error:
        message = str(error)
    assert not message or str(path) in message
    return message != ""


def test_every_byte_of_the_manifest(folder: Path) -> None:
    """Each change is an error that names it; white space at its end alone may change."""
    path, expected = folder / "manifest.json", answer(folder)
    for at in range(path.stat().st_size - 1):
        for difference in (0xFF, 1, 0x20):
            with changed(path, at, difference):
                assert check_answer(folder, expected, path) or difference == 0x20


@pytest.mark.parametrize("number", range(6))
def test_every_byte_of_headers_tables_and_trailers(folder: Path, number: int) -> None:
    """What says where the sections lie can't be wrong unnoticed, but for four unused bytes."""
    path = segment_files(folder)[number]
    size = path.stat().st_size
    start, *_ = TRAILER.unpack(path.read_bytes()[-TRAILER.size :])
    unused = range(size - 12, size - 8)
    for at in (*range(16), *range(start, size)):
        with changed(path, at, 0x81):
            if at in unused:
                open_index(folder).close()
            else:
                with pytest.raises(IndexUnusableError, match=path.name):
                    open_index(folder)


@pytest.mark.parametrize("name", ["text", "documents", "hot", "licenses"])
def test_every_value_of_a_frame_header(folder: Path, name: str) -> None:
    """No length that a compressed frame states is believed: the answer or an error, at no cost."""
    (path,) = (path for path in segment_files(folder) if path.name == name)
    first, expected = path.read_bytes().index(FRAME), answer(folder)
    tracemalloc.start()
    for at in range(first, first + 12):
        for difference in (*(1 << bit for bit in range(8)), 0xFF, 0x60, 0xC0, 0xE4):
            with changed(path, at, difference):
                check_answer(folder, expected, path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MOST_MEMORY


@pytest.mark.slow
@pytest.mark.parametrize("number", range(6))
def test_every_byte_that_is_not_padding(folder: Path, number: int) -> None:
    """The whole of each file, and each byte's complement."""
    path, expected = segment_files(folder)[number], answer(folder)
    for at, byte in enumerate(path.read_bytes()):
        if byte:
            with changed(path, at, 0xFF):
                check_answer(folder, expected, path)


@pytest.mark.parametrize("number", range(6))
def test_a_folder_in_place_of_a_file(folder: Path, number: int) -> None:
    """An error that names it; so is a link that leads nowhere."""
    path = segment_files(folder)[number]
    path.unlink()
    path.mkdir()
    with pytest.raises(IndexUnusableError, match=f"{path}: can't be read"):
        answer(folder)
    path.rmdir()
    path.symlink_to("nowhere")
    with pytest.raises(CorruptIndexError, match=f"{path}: at byte 0: the file is missing"):
        answer(folder)


def test_a_file_in_place_of_a_segment(folder: Path) -> None:
    """An error that names it."""
    (segment,) = folder.glob("segment-*")
    shutil.rmtree(segment)
    segment.write_text("not a folder")
    with pytest.raises(IndexUnusableError, match=segment.name):
        answer(folder)


def test_a_manifest_that_is_a_folder_or_nested_without_end(folder: Path) -> None:
    """An error that names it."""
    path = folder / "manifest.json"
    path.write_text("[" * 100_000)
    with pytest.raises(CorruptIndexError, match="manifest"):
        answer(folder)
    path.unlink()
    path.mkdir()
    with pytest.raises(IndexUnusableError, match="manifest"):
        answer(folder)


def test_sections_know_their_names(folder: Path) -> None:
    """Asking a sound file for a section it hasn't is damage too, not a KeyError."""
    path = segment_files(folder)[0]
    with SectionFile(path, ALL_FILES[path.name]) as file, pytest.raises(CorruptIndexError):
        file["nothing"]
