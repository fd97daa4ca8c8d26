"""The records of a document: made for sending, and read back; layout.py says what lies where."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import zstandard

from sc2_attrib.index.corpus.document import Occurrence
from sc2_attrib.index.corpus.license_files import MOST_BYTES as MOST_LICENSE_BYTES
from sc2_attrib.index.elastic.popularity import BEFORE, BEHIND, TERM_CHARS, edge
from sc2_attrib.index.grams import GramShape, Keys, padded
from sc2_attrib.index.near.scheme import NearScheme
from sc2_attrib.index.segment.documents import (
    content_id,
    decode_occurrence,
    name_hash,
    owner_of,
)
from sc2_attrib.index.segment.prepared import encode_occurrence
from sc2_attrib.index.text import normalize

PART_BYTES = 4 << 20  # raw text of one record: requests stay far below the 100 MB servers take
MOST_CLASSES = 4  # grams in a row that a search asks for (candidates.py)
_MOST_PLACES = 1 << 30  # bytes of unpacked occurrences; beyond it is damage
_TERM_BITS = TERM_CHARS * 6  # base64
FindHot = Callable[[Keys], npt.NDArray[np.bool_]]
_TERM_FIELDS = ("grams", "near")
_OWN_BITS, _CLUSTER_SHIFT = 28, 44  # of a gram's key: its own hash, and the top of its cluster


@dataclass(frozen=True, slots=True)
class KeyScheme:
    """What documents are found by. `near` None: not by near keys."""

    shape: GramShape
    near: NearScheme | None = None


class Origin(NamedTuple):
    """Which corpus of the index brought a document first, and as its how-manieth."""

    source: int
    number: int

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Origin":
        """Read the fields of a record."""
        return cls(int(fields["source"][0]), int(fields["number"][0]))


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its id and its fields, ready to be sent."""

    id: str
    fields: dict[str, Any]


def records(
    content: bytes,
    identifier: bytes,
    occurrences: Sequence[Occurrence],
    keys: KeyScheme,
    *,
    origin: Origin,
    level: int,
    find_hot: FindHot | None = None,
) -> list[Record]:
    """Make the records of a document, later parts first: the first makes it whole.

    `find_hot` tells which grams are hot, by their keys; None: none is.
    """
    name = identifier.hex()
    compressor = zstandard.ZstdCompressor(level=level)
    parts = [content[at : at + PART_BYTES] for at in range(0, max(len(content), 1), PART_BYTES)]
    terms = _terms_of_parts(parts, keys.shape, find_hot)
    licenses = license_terms(occurrences)
    made = [
        Record(
            part_id(name, number),
            {
                "document": name,
                **grams,
                "licenses": licenses,
                "raw_bytes": len(content),
                "n_parts": len(parts),
                **origin._asdict(),
                "text": packed(compressor.compress(part)),
            },
        )
        for number, (part, grams) in enumerate(zip(parts, terms, strict=True))
    ]
    made[0].fields.update(
        places_fields(occurrences, compressor), near=near_terms(content, keys.near)
    )
    return made[::-1]


def license_record(repository: str, path: str, folder: str, content: bytes) -> Record:
    """Make the record of a licence file; see LicenseFile."""
    place = json.dumps([repository, path, folder]).encode()
    compressor = zstandard.ZstdCompressor()
    digest = hashlib.sha256(place + content).hexdigest()[:40]
    fields = {
        "licensed": name_term(repository),
        "owners": [name_term(owner_of(repository))],
        "document": content_id(content).hex(),
        "places": packed(place),
        "text": packed(compressor.compress(content)),
    }
    return Record(f"license.{digest}", fields)


def unpack_license_file(places: str) -> tuple[str, str, str]:
    """Read back where a licence file lies: repository, path and folder.

    Raises:
        ValueError: it is damaged.
    """
    repository, path, folder = json.loads(base64.b64decode(places))
    return repository, path, folder


def unpack_license_text(field: str) -> bytes:
    """Read the text of a licence file back.

    Raises:
        ValueError: it is damaged.
    """
    return unpack_text(field, most=MOST_LICENSE_BYTES)


def places_fields(
    occurrences: Sequence[Occurrence], compressor: zstandard.ZstdCompressor
) -> dict[str, Any]:
    """Make the fields that say where a document was found."""
    lines = b"".join(map(encode_occurrence, occurrences))
    repositories = {occurrence.repository for occurrence in occurrences}
    return {
        "places": packed(compressor.compress(lines)),
        "n_places": len(occurrences),
        "repositories": sorted(map(name_term, repositories)),
        "owners": sorted(map(name_term, map(owner_of, repositories))),
    }


def license_terms(occurrences: Sequence[Occurrence]) -> list[str]:
    """Write the licence expressions of a document as terms."""
    return sorted({name_term(occurrence.license_expression) for occurrence in occurrences})


def name_term(name: str) -> str:
    """Write a repository, an owner, an expression as a term: its hash, for it may hold anything."""
    return f"{name_hash(name):016x}"


def part_id(name: str, number: int) -> str:
    """Id of a part of a document."""
    return f"{name}.{number}" if number else name


def packed(raw: bytes) -> str:
    """Write bytes as a `binary` field takes them."""
    return base64.b64encode(raw).decode()


def unpack_text(field: str, *, most: int) -> bytes:
    """Read a text field back.

    Raises:
        ValueError: it is damaged, or longer than `most`.
    """
    return _decompress(base64.b64decode(field), most)


def unpack_places(field: str) -> list[Occurrence]:
    """Read a places field back.

    Raises:
        ValueError: it is damaged.
    """
    lines = _decompress(base64.b64decode(field), _MOST_PLACES)
    return [decode_occurrence(line) for line in lines.splitlines()]


def _decompress(frame: bytes, most: int) -> bytes:
    try:
        size = zstandard.frame_content_size(frame)
        if not 0 <= size <= most:
            raise ValueError(f"{size} bytes, expected at most {most}")
        return zstandard.ZstdDecompressor().decompress(frame)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error


def terms_of(keys: Keys) -> list[str]:
    """Write gram keys as terms: 48 bits of each, the cluster first, so neighbours stand together.

    Equal terms of different grams only cost a comparison: what is true is decided by the text.
    """
    own = keys & np.uint64((1 << _OWN_BITS) - 1)
    return _terms(keys >> np.uint64(_CLUSTER_SHIFT) << np.uint64(_OWN_BITS) | own)


def strided_keys(normalized: bytes, shape: GramShape) -> tuple[Keys, npt.NDArray[np.int64]]:
    """Hash the indexed grams of a document: those at multiples of the stride.

    Returns:
        Keys, and the offset of each gram in normalised bytes; empty for a document that is shorter
        than the guarantee.
    """
    from sc2_attrib.index import gram_kernels

    room = len(normalized) // shape.stride + 2
    keys, payloads = np.empty(room, np.uint64), np.empty(room, np.uint64)
    ends = np.array([0, len(normalized)], np.int64)
    n = gram_kernels.strided_grams(
        padded(normalized), ends, 0, shape.k, shape.stride, keys, payloads
    )
    return keys[:n], np.arange(n, dtype=np.int64) * shape.stride


def near_terms(content: bytes, scheme: NearScheme | None) -> list[str]:
    """Write the near keys of a document as terms."""
    if scheme is None:
        return []
    from sc2_attrib.index.near.keys import document_keys

    found = document_keys(content, np.array([0, len(content)], np.int64), scheme, fast=True)
    return near_terms_of(found.keys)


def near_terms_of(keys: npt.NDArray[np.int64]) -> list[str]:
    """Write near keys, each of 62 bits, as terms of 48."""
    return _terms(np.unique(keys).astype(np.uint64) & np.uint64((1 << _TERM_BITS) - 1))


def _terms(values: Keys) -> list[str]:
    octets = values.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 8 - _TERM_BITS // 8 :]
    joined = base64.urlsafe_b64encode(octets.tobytes())
    terms: list[str] = np.frombuffer(joined, f"S{TERM_CHARS}").astype(str).tolist()
    return terms


def _terms_of_parts(
    parts: Sequence[bytes], shape: GramShape, find_hot: FindHot | None
) -> Iterator[dict[str, list[str]]]:
    """Fields of each part: grams that begin in it, and as many beyond as a search asks for.

    No gram of a document of several parts is hot: what is known of one would lie in two records.
    """
    normalized = [normalize(part) for part in parts]
    keys, offsets = strided_keys(b"".join(normalized), shape)
    if len(parts) == 1 and find_hot is not None:
        yield _with_hot(normalized[0], keys, offsets, find_hot(keys), shape)
        return
    start = 0
    for part in normalized:
        stop = start + len(part)
        first, last = np.searchsorted(offsets, [start, stop + MOST_CLASSES * shape.stride])
        yield {"grams": terms_of(np.unique(keys[first:last]))}
        start = stop


def _with_hot(
    normalized: bytes,
    keys: Keys,
    offsets: npt.NDArray[np.int64],
    is_hot: npt.NDArray[np.bool_],
    shape: GramShape,
) -> dict[str, list[str]]:
    """Fields of a document: its hot grams and their edges apart from the others."""
    fields = {"grams": terms_of(np.unique(keys[~is_hot]))}
    if is_hot.any():
        terms = terms_of(keys[is_hot])
        fields["hot"] = sorted(set(terms))
        places = zip(terms, offsets[is_hot].tolist(), strict=True)
        edges = (edges_of(term, normalized, offset, shape) for term, offset in places)
        fields["edges"] = sorted(set(chain.from_iterable(edges)))
    return fields


def edges_of(term: str, normalized: bytes, offset: int, shape: GramShape) -> tuple[str, str]:
    """Write the edges of the gram at an offset of a text."""
    end = offset + shape.k
    before = normalized[max(offset - shape.reach, 0) : offset][::-1]
    return edge(term, BEFORE, before), edge(term, BEHIND, normalized[end : end + shape.reach])


def encode(record: Record, action: str, index: str, **conditions: int) -> bytes:
    """Write a bulk action with its record, two lines."""
    head = {action: {"_index": index, "_id": record.id, **conditions}}
    others = {name: value for name, value in record.fields.items() if name not in _TERM_FIELDS}
    # By far the most values are terms, and these need no escaping.
    terms = "".join(
        f""","{name}":["{'","'.join(record.fields[name])}"]"""
        for name in _TERM_FIELDS
        if record.fields.get(name)
    )
    return f"{json.dumps(head)}\n{json.dumps(others)[:-1]}{terms}}}\n".encode()
