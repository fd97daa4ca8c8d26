"""Keeps the worked example of FORMAT.md true: `python docs/update_format_example.py`.

The document holds the example's input, a block of JSON Lines, and dumps of what the index made of
it. Here the input is read from the document, the index is built by the product itself, and every
dump is written again. tests/index/test_format.py demands that this changes nothing.

zstd may compress differently from version to version, so sections of zstd frames are shown
unpacked, and the manifest without the values that depend on them or on the clock.
"""

import json
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import zstandard

from sc2_attrib.index.building import BuildOptions, build_index
from sc2_attrib.index.corpus.jsonl import JsonLinesSource
from sc2_attrib.index.grams import dense_grams, padded
from sc2_attrib.index.manifest import MANIFEST
from sc2_attrib.index.segment.format import SectionFile
from sc2_attrib.index.segment.reader import FILES
from sc2_attrib.index.text import normalize

DOCUMENT = Path(__file__).with_name("FORMAT.md")
GUARANTEE = 32  # the shortest stride, so that a short text holds a hot gram
K = 16
SEGMENT = "segment-000001"
FRAMES = {  # sections of zstd frames, and where each frame begins
    "text/blocks": "text/offsets",
    "documents/metadata": "documents/metadata_at",
    "hot/pages": "hot/page_offsets",
}
BUILD_DEPENDENT = ("id", "built", "tool_version", "checksum")  # members of the manifest

_FENCED = re.compile(r"^```(\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def fenced(document: str, language: str) -> dict[str, str]:
    """The named blocks of one language in a document: text by name."""
    return {match[2]: match[3] for match in _FENCED.finditer(document) if match[1] == language}


def build(document: str, folder: Path) -> Path:
    """Build the example index of a document below `folder`; the index folder."""
    source = folder / "example.jsonl"
    source.write_text(fenced(document, "jsonl")[source.name], encoding="utf-8")
    index = folder / "example"
    build_index([JsonLinesSource(source)], index, BuildOptions(guarantee_chars=GUARANTEE))
    return index


def rendered(document: str) -> str:
    """The document with every dump made again."""
    with TemporaryDirectory() as folder:
        index = build(document, Path(folder))
        writers: dict[str, Callable[[Path, str], str]] = {
            "hexdump": _dump,
            "lines": _lines,
            "json": _manifest,
            "grams": _hashes,
        }

        def replaced(match: re.Match[str]) -> str:
            language, name, _ = match.groups()
            if language not in writers:
                return match[0]
            return f"```{language} {name}\n{writers[language](index, name)}```"

        return _FENCED.sub(replaced, document)


def payload(index: Path, name: str) -> bytes:
    """Bytes of a whole file of the segment ("grams"), or of a section ("text/blocks"), unpacked."""
    file_name, _, section = name.partition("/")
    path = index / SEGMENT / file_name
    if not section:
        return path.read_bytes()
    with SectionFile(path, FILES[file_name]) as file:
        stored = bytes(file[section].read(0, len(file[section])))
        if name not in FRAMES:
            return stored
        _, _, starts_name = FRAMES[name].partition("/")
        bounds = file[starts_name].array("<u8").tolist()
    decompressor = zstandard.ZstdDecompressor()
    return b"".join(decompressor.decompress(stored[start:stop]) for start, stop in pairwise(bounds))


def hexdump(data: bytes) -> str:
    """Write bytes as `hexdump -C` does: rows of 16, a star for rows like the one before."""
    return "".join(f"{row}\n" for row in _rows(data))


def _rows(data: bytes) -> Iterator[str]:
    before, is_repeated = b"", False
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        if row != before:
            left, right = row[:8].hex(" "), row[8:].hex(" ")
            shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
            yield f"{at:08x}  {left:23}  {right:23}  |{shown}|"
        elif not is_repeated:
            yield "*"
        before, is_repeated = row, row == before
    yield f"{len(data):08x}"


def _dump(index: Path, name: str) -> str:
    return hexdump(payload(index, name))


def _lines(index: Path, name: str) -> str:
    return payload(index, name).decode()


def _manifest(index: Path, _: str) -> str:
    fields: dict[str, Any] = json.loads((index / MANIFEST).read_bytes())
    for name in BUILD_DEPENDENT:
        fields[name] = "…"
    for digests in (segment["digests"] for segment in fields["segments"]):
        for name in {frames.partition("/")[0] for frames in FRAMES}:
            digests[name] = "…"
    return json.dumps(fields, indent=1, ensure_ascii=False) + "\n"


def _hashes(index: Path, _: str) -> str:
    """The first three grams of the first document, hashed."""
    with SectionFile(index / SEGMENT / "documents", FILES["documents"]) as file:
        _, end = file["raw_starts"].array("<i8")[:2].tolist()
    text = normalize(payload(index, "text/blocks")[:end])
    keys, fingerprints, contexts = dense_grams(padded(text), K)
    return "".join(
        f"{at:2}  {text[at : at + K].decode()}  {keys[at]:016x}  {fingerprints[at]:04x}"
        f"  {contexts[at]:02x}\n"
        for at in range(0, 3 * (GUARANTEE - K + 1), GUARANTEE - K + 1)
    )


if __name__ == "__main__":
    DOCUMENT.write_text(rendered(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
