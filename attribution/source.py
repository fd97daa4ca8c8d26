"""A place that holds matched text, with everything a reader needs to find it again.

A qualified SWHID names the content and where it was seen, for as long as the archive exists:
`swh:1:cnt:<hash>;origin=<url>;visit=<snapshot>;anchor=<revision>;path=/<path>;lines=<a>-<b>`.
Only what is known and well formed is put in; most indexes know no snapshot.

Source: SWHID specification 1.2, section 6 (qualified identifiers), https://swhid.org
"""

import re
from urllib.parse import quote

from sc2_attrib.attribution.ids import sha256
from sc2_attrib.attribution.result import LicenseRecord, MatchKind, Range, Source
from sc2_attrib.attribution.text import readable, readable_path
from sc2_attrib.index.corpus.document import Occurrence
from sc2_attrib.index.search import MatchSource

_GIT_ID = re.compile(r"[0-9a-f]{40}")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")  # a version such as 2.31.0 may be tagged otherwise
_GITHUB = re.compile(r"https?://(?:www\.)?github\.com/(?P<name>[\w.-]+/[\w.-]+?)(?:\.git)?/?")
_WEB = re.compile(r"https?://\S+")
_SWHID_SAFE = "/!$&'()*+,=:@~"  # what RFC 3987 allows in a path, less ';', which ends a qualifier
_ORIGIN_SAFE = _SWHID_SAFE + "?#[]"


def kind_of(source: MatchSource) -> MatchKind:
    """Tell how close a source is to the checked text."""
    if source.similarity is not None:
        return MatchKind.NEAR
    return MatchKind.VERBATIM if source.verbatim else MatchKind.REFORMATTED


def describe_source(
    source: MatchSource, license_: LicenseRecord, license_texts: tuple[str, ...]
) -> Source:
    """Describe one source of a match; its excerpt and licence texts are named, not included."""
    occurrence, lines = source.occurrence, (source.first_line, source.last_line)
    return Source(
        document=source.document,
        kind=kind_of(source),
        repo=readable_path(occurrence.repository),
        revision=occurrence.revision,
        path=readable_path(occurrence.path),
        swhid=qualified_swhid(source.document, occurrence, lines),
        swhid_offsets=occurrence.src_encoding is None,
        url=permalink(occurrence, lines),
        language=occurrence.language,
        bytes=(source.start, source.stop),
        lines=lines,
        similarity=1.0 if source.similarity is None else round(source.similarity, 4),
        stars=occurrence.stars,
        is_vendor=occurrence.is_vendor,
        is_generated=occurrence.is_generated,
        excerpt=text_key(readable(source.excerpt)),
        license_texts=license_texts,
        license=license_,
    )


def text_key(text: str) -> str:
    """Name a text as `Result.texts` does: the SHA-256 of its UTF-8."""
    return sha256(text.encode())


def qualified_swhid(document: str, occurrence: Occurrence, lines: Range) -> str:
    """Name a content with the qualifiers that are known, in the specification's order."""
    qualifiers = {
        "origin": quote(_web_address(occurrence.url) or "", _ORIGIN_SAFE),
        "visit": _object_id("snp", occurrence.snapshot),
        "anchor": _object_id("rev", occurrence.revision),
        "path": _absolute(occurrence.path, _SWHID_SAFE),
        "lines": "-".join(map(str, lines)),
    }
    known = (f"{name}={value}" for name, value in qualifiers.items() if value)
    return ";".join([document, *known])


def permalink(occurrence: Occurrence, lines: Range) -> str | None:
    """Link to the lines where the host and the commit are known, else to the repository."""
    address = _web_address(occurrence.url)
    repository = _GITHUB.fullmatch(address or "")
    if repository is None or not _COMMIT.fullmatch(occurrence.revision or ""):
        return address
    first, last = lines
    place = f"{_absolute(occurrence.path)}#L{first}-L{last}"
    return f"https://github.com/{repository['name']}/blob/{occurrence.revision}{place}"


def _web_address(url: str | None) -> str | None:
    """Pass on addresses of the web alone; anything else is not to be clicked on."""
    return url if url and url.isprintable() and _WEB.fullmatch(url) else None


def _object_id(kind: str, git_id: str | None) -> str | None:
    return f"swh:1:{kind}:{git_id}" if git_id and _GIT_ID.fullmatch(git_id) else None


def _absolute(path: str, safe: str = "/") -> str:
    return "/" + quote(path.lstrip("/").encode("utf-8", "surrogateescape"), safe)
