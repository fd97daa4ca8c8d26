import bz2
import gzip
import io
import lzma
import random
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from sc2_attrib.index.corpus.archive import SUFFIXES, ArchiveSource
from sc2_attrib.index.corpus.document import (
    Basis,
    CorpusDescription,
    LicenseAssertion,
    SkippedDocument,
    SkipReason,
    SourceDocument,
)
from sc2_attrib.index.corpus.files import MAX_FILE_BYTES
from sc2_attrib.index.errors import CorpusError

COMMIT = "c0ffee" * 6 + "c0de"
TEXTS = {"proj-1/b.c": b"int b;", "proj-1/a/a.py": b"a = 1\n"}


def tar_bytes(*members: tuple[tarfile.TarInfo, bytes], comment: str = "") -> bytes:
    headers = {"comment": comment} if comment else {}
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", pax_headers=headers) as tar:
        for info, content in members:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def tar_of(texts: dict[str, bytes], comment: str = "") -> bytes:
    members = ((tarfile.TarInfo(name), text) for name, text in texts.items())
    return tar_bytes(*members, comment=comment)


def zip_of(texts: dict[str, bytes], comment: str = "") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = comment.encode()
        for name, text in texts.items():
            archive.writestr(name, text)
    return file.getvalue()


def packed(suffix: str, texts: dict[str, bytes], comment: str = "") -> bytes:
    """Pack texts the way a suffix says."""
    plain = tar_of(texts, comment)
    kind = {"tgz": "gz", "tar": ""}.get(suffix.rpartition(".")[2], suffix.rpartition(".")[2])
    if kind == "zip":
        return zip_of(texts, comment)
    if kind == "zst":
        return zstandard.compress(plain)
    if kind == "xz":
        return lzma.compress(plain)
    pack: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress}
    return pack[kind](plain) if kind else plain


def write(path: Path, raw: bytes) -> ArchiveSource:
    path.write_bytes(raw)
    return ArchiveSource(path)


def texts(source: ArchiveSource) -> dict[str, bytes]:
    return {d.occurrence.path: d.content for d in source if isinstance(d, SourceDocument)}


def skips(source: ArchiveSource) -> dict[str, str]:
    return {d.path: d.reason for d in source if isinstance(d, SkippedDocument)}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_kind_of_archive_gives_the_same_documents(tmp_path: Path, suffix: str) -> None:
    """Members come in the archive's order, without the folder that holds them all."""
    source = write(tmp_path / f"proj-1{suffix}", packed(suffix, TEXTS, COMMIT))
    assert list(texts(source).items()) == [("b.c", b"int b;"), ("a/a.py", b"a = 1\n")]
    assert source.describe() == CorpusDescription("proj-1", COMMIT)
    assert source.estimate_bytes() == sum(map(len, TEXTS.values()))
    places = [d.occurrence for d in source if isinstance(d, SourceDocument)]
    assert {(o.repository, o.revision) for o in places} == {("proj-1", COMMIT)}
    assert [o.language for o in places] == ["C", "Python"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_cut_off_archive_never_reads_as_complete(tmp_path: Path, suffix: str) -> None:
    """Wherever a download stopped, nothing is indexed and the error names the file."""
    noise = random.Random(0)
    whole = packed(suffix, {f"p/{i}.c": noise.randbytes(300).hex().encode() for i in range(20)})
    lengths = {0, 1, 511, 512, 1024, 2048, len(whole) // 2, len(whole) - 11_000, len(whole) - 30}
    for length in (n for n in lengths if 0 <= n < len(whole) - (9000 if suffix == ".tar" else 0)):
        source = write(tmp_path / f"x{suffix}", whole[:length])
        with pytest.raises(CorpusError, match=r"/x\.\S+: can't be read as an archive: .+; check"):
            next(iter(source))


def test_tar_cut_between_members_is_noticed(tmp_path: Path) -> None:
    """Without its end mark an archive may have lost members, though each that is left is whole."""
    whole = tar_of({"a.c": b"a", "b.c": b"b"})
    for damaged in (whole[:1024], whole[:1024] + b"x" * 512 + whole[1536:]):
        with pytest.raises(CorpusError, match="without an end mark, or a header in it is damaged"):
            list(write(tmp_path / "x.tar", damaged))


def test_damaged_bytes_in_a_compressed_tar_are_noticed(tmp_path: Path) -> None:
    """The checksum at the end of the file is compared too."""
    raw = bytearray(packed(".tar.gz", TEXTS))
    raw[-8] ^= 1
    with pytest.raises(CorpusError, match="CRC check failed"):
        list(write(tmp_path / "x.tar.gz", bytes(raw)))


def test_folder_is_stripped_only_if_it_holds_everything(tmp_path: Path) -> None:
    """A second folder, or a file beside the folder, makes the first a part of the paths."""
    for name, files in {
        "one": ["./p/a.c", "./p/q/b.c"],
        "two": ["p/a.c", "q/b.c"],
        "beside": ["p/a.c", "b.c"],
        "flat": ["a.c"],
    }.items():
        write(tmp_path / f"{name}.tar", tar_of(dict.fromkeys(files, b"x")))
    found = {p.stem: list(texts(ArchiveSource(p))) for p in sorted(tmp_path.iterdir())}
    assert found == {
        "one": ["a.c", "q/b.c"],
        "two": ["p/a.c", "q/b.c"],
        "beside": ["p/a.c", "b.c"],
        "flat": ["a.c"],
    }


@pytest.mark.parametrize("suffix", [".tar", ".zip"])
def test_names_that_lead_out_are_left_out(tmp_path: Path, suffix: str) -> None:
    """Absolute names and those with `..` are reported as they stand, and say nothing of the top."""
    bad = [
        "../up.c",
        "p/../../up.c",
        "/etc/abs.c",
        "C:/win.c",
        "\\\\host\\share.c",
        "p\\..\\up.c",
        "..",
    ]
    source = write(tmp_path / f"x{suffix}", packed(suffix, dict.fromkeys(["p/..ok.c", *bad], b"x")))
    assert texts(source) == {"..ok.c": b"x"}
    assert skips(source) == dict.fromkeys(bad, SkipReason.LEADS_OUTSIDE)


@pytest.mark.parametrize("suffix", [".tar", ".zip"])
def test_what_is_left_out_says_why(tmp_path: Path, suffix: str) -> None:
    """The rules for files of a folder hold for members too, the size limit before unpacking."""
    files = {
        "p/binary.c": b"a\0b",
        "p/empty.c": b"",
        "p/.git/config": b"[core]",
        "p/large.c": b"x" * (MAX_FILE_BYTES + 1),
        "p/tagged.c": b"// SPDX-License-" + b"Identifier: MIT\n",
    }
    source = write(tmp_path / f"x{suffix}", packed(suffix, files))
    assert skips(source) == {
        "binary.c": SkipReason.BINARY,
        "empty.c": SkipReason.EMPTY,
        ".git/config": SkipReason.VERSION_CONTROL,
        "large.c": SkipReason.TOO_LARGE,
    }
    (tagged,) = (d for d in source if isinstance(d, SourceDocument))
    assert tagged.occurrence.licenses == (LicenseAssertion("MIT", Basis.HEADER, None, 1.0),)


def test_links_and_devices_in_a_tar_are_left_out(tmp_path: Path) -> None:
    """Only regular members have texts; a folder is no member."""
    kinds = {
        "p": tarfile.DIRTYPE,
        "p/soft": tarfile.SYMTYPE,
        "p/hard": tarfile.LNKTYPE,
        "p/fifo": tarfile.FIFOTYPE,
        "p/disk": tarfile.BLKTYPE,
    }
    infos = {name: tarfile.TarInfo(name) for name in kinds}
    for name, info in infos.items():
        info.type, info.linkname = kinds[name], "/etc/passwd"
    source = write(tmp_path / "x.tar", tar_bytes(*((info, b"") for info in infos.values())))
    assert texts(source) == {}
    assert skips(source) == {
        "soft": SkipReason.SYMBOLIC_LINK,
        "hard": SkipReason.HARD_LINK,
        "fifo": SkipReason.SPECIAL_FILE,
        "disk": SkipReason.SPECIAL_FILE,
    }


def test_odd_members_of_a_zip_are_left_out_alone(tmp_path: Path) -> None:
    """Encrypted, damaged, foreign and linked members do not stop the others."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("p/", b"")
        for name in ("p/secret.c", "p/broken.c", "p/fine.c"):
            archive.writestr(name, f"int {name[2:-2]};")
        archive.writestr("p/packed.c", b"int x;", zipfile.ZIP_LZMA)
        link = zipfile.ZipInfo("p/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    raw = bytearray(file.getvalue())
    raw[raw.index(b"PK\x01\x02", raw.index(b"PK\x01\x02") + 1) + 8] |= 1  # flags in the directory
    raw[raw.index(b"int broken") + 4] ^= 1
    source = write(tmp_path / "x.zip", bytes(raw))
    assert texts(source) == {"fine.c": b"int fine;"}
    assert skips(source) == {
        "secret.c": SkipReason.ENCRYPTED,
        "broken.c": SkipReason.DAMAGED,
        "packed.c": SkipReason.FOREIGN_COMPRESSION,
        "link": SkipReason.SYMBOLIC_LINK,
    }


def test_zip_member_that_lies_about_its_size_is_damaged(tmp_path: Path) -> None:
    """The directory's size is the most that is unpacked."""
    raw = bytearray(zip_of({"a.c": b"x" * 1_000_000}))
    struct.pack_into("<I", raw, raw.index(b"PK\x01\x02") + 24, 10)
    assert skips(write(tmp_path / "x.zip", bytes(raw))) == {"a.c": SkipReason.DAMAGED}


@pytest.mark.parametrize("suffix", [".tar.bz2", ".tar.zst", ".zip"])
def test_bomb_is_refused_and_memory_is_bounded(tmp_path: Path, suffix: str) -> None:
    """An archive that unpacks to hundreds of times its size stops the reading early."""
    zeros = bytes(MAX_FILE_BYTES)
    files = {f"p/{number}": zeros for number in range(12)}
    source = write(tmp_path / f"bomb{suffix}", packed(suffix, files))
    tracemalloc.start()
    with pytest.raises(CorpusError, match=r"bomb\S+: .* more than 200 times its [\d,]+ bytes"):
        list(source)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 4 * MAX_FILE_BYTES


def header(name: bytes, kind: bytes, size: bytes) -> bytes:
    block = bytearray(512)
    block[: len(name)] = name
    block[100:108], block[124 : 124 + len(size)], block[156:157] = b"0000644\0", size, kind
    block[257:265] = b"ustar\00000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (header(b"p", b"x", b"77777777777\0"), "a header claims 8,589,934,592 bytes"),
        (header(b"p", b"L", b"77777777777\0"), "a header claims"),
        (header(b"p", b"0", b"\xff" * 10 + b"\xfd\xff"), "impossible size"),
        (header(b"p", b"0", b"77777777777\0"), "ends within a member"),
        (b"no archive" * 200, "."),
    ],
)
def test_hostile_header_is_an_error(tmp_path: Path, raw: bytes, why: str) -> None:
    """Neither a size beyond all memory nor a negative one is believed."""
    with pytest.raises(CorpusError, match=why):
        list(write(tmp_path / "x.tar", tar_of({"a": b"a"})[:1024] + raw + bytes(2048)))


def test_name_of_any_bytes_becomes_valid_unicode(tmp_path: Path) -> None:
    """A name that is not UTF-8 is read, and can be written anywhere."""
    raw = tar_of({"caf\udce9.c": b"int x;"})
    assert texts(write(tmp_path / "x.tar", raw)) == {"caf\ufffd.c": b"int x;"}


def test_other_comments_are_no_revision(tmp_path: Path) -> None:
    """Only a commit's id is one."""
    assert write(tmp_path / "x.zip", zip_of(TEXTS, "by hand")).describe().revision is None


def test_missing_archive_is_an_error_that_names_it(tmp_path: Path) -> None:
    """A file that is gone stops the build with its path."""
    with pytest.raises(CorpusError, match=r"gone\.tar: can't be read as an archive: No such file"):
        list(ArchiveSource(tmp_path / "gone.tar"))
