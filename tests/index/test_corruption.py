"""Damaged files: the right answer or an error that names the file, never a wrong answer."""

import json
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sc2_attrib.index.errors import CorruptIndexError, IndexUnusableError, IndexVersionError
from sc2_attrib.index.local import open_index
from sc2_attrib.index.search import NearOptions
from sc2_attrib.index.segment import hot
from tests.index.corpora import built, document

TEXT = b"".join(
    b"result_%d = transform(source[%d], offset=%d)\n" % (i, i, i * i) for i in range(60)
)
RULER = b"-" * 400
LICENSE = b"Permission is granted to whoever reads this, Copyright 2020 Ann, copy "
FLIPS_A_FILE = 80
CUTS_A_FILE = 25


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small index with several documents, licences, licence texts and hot grams."""
    folder = tmp_path_factory.mktemp("corruption") / "ix"
    documents = [
        document(TEXT, "a.py"),
        document(TEXT[:900] + RULER, "b.py", "GPL-2.0-only"),
        *(document(RULER + b"%d" % i, f"{i}.txt", "") for i in range(40)),
        *(document(LICENSE + b"%d\n" % i, f"{i}/LICENSE", "") for i in range(3)),
    ]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hot, "CAP", 8)
        built(folder, documents).close()
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    shutil.copytree(sound, tmp_path / "ix")
    return tmp_path / "ix"


def answer(folder: Path) -> list[object]:
    with open_index(folder) as index:
        index.use_machine_code()
        texts = [TEXT[100:1500], RULER + b"x", TEXT[:2000].replace(b"source", b"origin")]
        exact = index.search(texts, min_chars=50, max_sources=0)
        near = index.search_near(texts, exact, NearOptions(), max_sources=0)
        assert near[2].matches
        texts_of = [index.license_texts("o/r", f"{i}/a.py") for i in range(3)]
        assert all(texts_of)
        return [*exact, *near, *texts_of]


@contextmanager
def damaged(path: Path, change: Callable[[bytes], bytes]) -> Iterator[None]:
    """Change a file, and change it back."""
    before = path.read_bytes()
    path.write_bytes(change(before))
    yield
    path.write_bytes(before)


def files_of(folder: Path) -> list[Path]:
    found = [folder / "manifest.json", *sorted(folder.glob("segment-*/*"))]
    assert len(found) == 7
    return found


@pytest.mark.parametrize("number", range(7))
def test_a_flipped_bit_gives_the_right_answer_or_an_error(folder: Path, number: int) -> None:
    """One bit of each of many bytes; what isn't noticed doesn't matter, and verify notices it."""
    path, expected, rng = files_of(folder)[number], answer(folder), random.Random(number)
    size, noticed = path.stat().st_size, 0
    for _ in range(FLIPS_A_FILE):
        at, bit = rng.randrange(size), 1 << rng.randrange(8)
        with damaged(path, flipped(at, bit)):
            try:
                found = answer(folder)
            except IndexUnusableError as error:
                noticed += str(folder) in str(error)
            else:
                assert found == expected, f"bit {bit} at {at} of {path.name}"
    assert noticed


@pytest.mark.parametrize("number", range(1, 7))
def test_verify_notices_every_flip_in_a_section(folder: Path, number: int) -> None:
    """Between header and trailer, verify finds damage that a search passes by; padding excepted."""
    path, rng = files_of(folder)[number], random.Random(number)
    start = 4096
    for _ in range(40):
        at = rng.randrange(start, path.stat().st_size)
        with damaged(path, flipped(at, 1)):
            try:
                with open_index(folder) as index:
                    for _ in index.verify():
                        pass
            except CorruptIndexError:
                continue
            assert path.read_bytes()[at] == 1, f"byte {at} of {path.name} is not padding"


def flipped(at: int, bit: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]


def cut_to(length: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:length]


def exchanged(other: bytes) -> Callable[[bytes], bytes]:
    return lambda _: other


@pytest.mark.parametrize("number", range(7))
def test_a_file_cut_short_is_an_error(folder: Path, number: int) -> None:
    """Whatever length is left, an empty file included."""
    path, rng = files_of(folder)[number], random.Random(number)
    size = path.stat().st_size
    for length in (0, 1, 40, size - 2, *(rng.randrange(size - 1) for _ in range(CUTS_A_FILE))):
        with (
            damaged(path, cut_to(length)),
            pytest.raises(IndexUnusableError, match=r"manifest|segment"),
        ):
            answer(folder)


@pytest.mark.parametrize("number", range(1, 7))
def test_a_missing_or_foreign_file_is_an_error(folder: Path, sound: Path, number: int) -> None:
    """Nothing, another program's file, or another file of the index in its place."""
    paths = files_of(folder)
    path, other = paths[number], paths[1 + number % 6]
    with damaged(path, exchanged(b"\x7fELF" + bytes(5000))), pytest.raises(CorruptIndexError):
        answer(folder)
    with damaged(path, exchanged(other.read_bytes())), pytest.raises(CorruptIndexError):
        answer(folder)
    path.unlink()
    with pytest.raises(CorruptIndexError, match="missing"):
        answer(folder)


def test_a_file_of_another_index_is_noticed(folder: Path, tmp_path: Path) -> None:
    """Sound in itself, but not what the manifest names."""
    built(tmp_path / "other", [document(TEXT[::-1]), document(TEXT[::-2], "LICENSE")]).close()
    for path in files_of(folder)[1:]:
        foreign = next((tmp_path / "other").glob(f"segment-*/{path.name}")).read_bytes()
        with (
            damaged(path, exchanged(foreign)),
            pytest.raises(CorruptIndexError, match=path.name),
        ):
            answer(folder)


def test_another_format_version_is_refused(folder: Path) -> None:
    """In the manifest and in each file, with both versions named."""
    manifest, *files = files_of(folder)
    newer = json.dumps(json.loads(manifest.read_text()) | {"version": 2})
    with (
        damaged(manifest, exchanged(newer.encode())),
        pytest.raises(IndexVersionError, match="version 2, but this version reads 1"),
    ):
        answer(folder)
    for path in files:
        with (
            damaged(path, lambda data: data[:12] + b"\x02\0\0\0" + data[16:]),
            pytest.raises(IndexVersionError),
        ):
            answer(folder)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "{", '{"format": "other"}', "\x00\xff"])
def test_a_garbled_manifest_is_an_error(folder: Path, text: str) -> None:
    """Whatever stands in it."""
    with (
        damaged(folder / "manifest.json", exchanged(text.encode("latin-1"))),
        pytest.raises(IndexUnusableError),
    ):
        answer(folder)


def test_no_index_is_an_error(tmp_path: Path) -> None:
    """A folder without one, a file, and nothing at all."""
    (tmp_path / "file").write_text("x")
    for path in (tmp_path, tmp_path / "file", tmp_path / "nowhere"):
        with pytest.raises(IndexUnusableError, match=str(path)):
            open_index(path)
