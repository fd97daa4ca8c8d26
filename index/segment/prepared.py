"""A document as a segment keeps it: hashed, and its place written as it will stand on disk.

Preparing needs nothing but the document itself, so it can be done anywhere, in another process too;
what is left to the builder is to find out whether the content came before.
"""

from functools import lru_cache
from json import dumps
from json.encoder import encode_basestring_ascii as quoted
from typing import NamedTuple

from sc2_attrib.index.corpus.document import LicenseAssertion, Occurrence
from sc2_attrib.index.segment.documents import content_id

_CACHED_LICENSES = 4096


class PreparedDocument(NamedTuple):
    """A content with one place of it.

    `identifier`: content id. `line`: the occurrence as `encode_occurrence` writes it, of which
    `repository`, `path` and `license_expression` are what a builder looks at.
    """

    content: bytes
    identifier: bytes
    repository: str
    path: str
    license_expression: str
    line: bytes


def prepared(
    content: bytes, occurrence: Occurrence, identifier: bytes | None = None
) -> PreparedDocument:
    """Prepare a document; `identifier` is its content id, if it is known already."""
    return PreparedDocument(
        content,
        identifier or content_id(content),
        occurrence.repository,
        occurrence.path,
        occurrence.license_expression,
        encode_occurrence(occurrence),
    )


def encode_occurrence(occurrence: Occurrence) -> bytes:
    """Write an occurrence as one line of JSON; fields that are absent or false are left out."""
    parts = [f'{{"repository":{quoted(occurrence.repository)},"path":{quoted(occurrence.path)}']
    parts += [
        f'"{name}":{quoted(text)}'
        for name in ("revision", "language", "url", "snapshot")
        if (text := getattr(occurrence, name)) is not None
    ]
    if occurrence.stars is not None:
        parts.append(f'"stars":{occurrence.stars}')
    if occurrence.src_encoding is not None:
        parts.append(f'"src_encoding":{quoted(occurrence.src_encoding)}')
    if occurrence.is_vendor:
        parts.append('"is_vendor":true')
    if occurrence.is_generated:
        parts.append('"is_generated":true')
    if occurrence.licenses:
        parts.append(_encode_licenses(occurrence.licenses))
    if occurrence.copyright:
        parts.append(f'"copyright":[{",".join(map(quoted, occurrence.copyright))}]')
    return f"{','.join(parts)}}}\n".encode("ascii")


@lru_cache(_CACHED_LICENSES)  # few distinct ones stand in millions of occurrences
def _encode_licenses(licenses: tuple[LicenseAssertion, ...]) -> str:
    return f'"licenses":[{",".join(map(_encode_assertion, licenses))}]'


def _encode_assertion(assertion: LicenseAssertion) -> str:
    path = "null" if assertion.path is None else quoted(assertion.path)
    confidence = "null" if assertion.confidence is None else dumps(assertion.confidence)
    return f'[{quoted(assertion.expression)},"{assertion.basis.value}",{path},{confidence}]'
