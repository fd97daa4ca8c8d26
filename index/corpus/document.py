"""The values every source yields: a content with the place it was found, or why it was left out.

A *document* is a distinct content; an *occurrence* is one place that holds it (repository, path,
revision) with the licence evidence found there. The same content in two repositories is one
document with two occurrences, because the second copy may carry another licence.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import islice
from typing import Protocol, runtime_checkable

from sc2_attrib.index.corpus.license_names import NOTHING_SAID, canonical_name


class Basis(StrEnum):
    """What a licence assertion rests on."""

    HEADER = "header"
    REUSE = "reuse"
    LICENSE_FILE = "license_file"
    MANIFEST = "manifest"
    REPO = "repo"
    SCANCODE = "scancode"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class LicenseAssertion:
    """A licence as a source states it; nothing is normalised or judged here.

    `expression` is an SPDX expression, a ScanCode key or free text. `confidence` is in [0, 1].
    """

    expression: str
    basis: Basis
    path: str | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One place that holds a document.

    `url` is the repository's address, `snapshot` and `revision` are Software Heritage ids where
    they are 40 hexadecimal digits. `src_encoding` is the encoding before the source converted the
    text to UTF-8, or the format that it took the text out of; None where the text is the file.
    """

    repository: str
    path: str
    revision: str | None = None
    licenses: tuple[LicenseAssertion, ...] = ()
    language: str | None = None
    url: str | None = None
    snapshot: str | None = None
    stars: int | None = None
    is_vendor: bool = False
    is_generated: bool = False
    src_encoding: str | None = None
    copyright: tuple[str, ...] = ()

    @property
    def license_expression(self) -> str:
        """All licence evidence as one string; empty if there is none.

        Equal strings mean evidence of equal meaning: the matcher keeps one source for each distinct
        one. First stands what the strongest basis says, then what only others say.
        """
        return _evidence_key(self.licenses)


@lru_cache(4096)  # few distinct evidence stands in millions of occurrences
def _evidence_key(licenses: tuple[LicenseAssertion, ...]) -> str:
    names: dict[Basis, set[str]] = defaultdict(set)
    for said in licenses:
        name = canonical_name(said.expression)
        names[said.basis].add(f"({name})" if " OR " in name else name)
    speaking = [basis for basis in Basis if names[basis] - {NOTHING_SAID}]
    strongest = names[speaking[0]] if speaking else {NOTHING_SAID} & set().union(*names.values())
    others = set().union(*(names[basis] for basis in speaking)) - strongest
    first, *rest = " AND ".join(sorted(strongest)), *sorted(others - {NOTHING_SAID})
    return f"{first} (other evidence: {', '.join(rest)})" if rest else first


class LicenseType(StrEnum):
    """The Stack's coarse judgement of a file's licences, in its own words."""

    PERMISSIVE = "permissive"
    NON_PERMISSIVE = "non_permissive"
    NO_LICENSE = "no_license"


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A content (raw UTF-8 bytes as the source has them) and where it was found.

    `license_type` is what the source states, None where it states none; only filters read it.
    """

    content: bytes
    occurrence: Occurrence
    license_type: LicenseType | None = None


class SkipReason(StrEnum):
    """Why a source leaves something out; the phrases that a summary counts."""

    EMPTY = "empty"
    BINARY = "binary"
    TOO_LARGE = "over the size limit"
    UNREADABLE = "unreadable"
    UNDECODABLE = "not in the encoding its byte order mark names"
    SYMBOLIC_LINK = "symbolic link"
    HARD_LINK = "hard link"
    SPECIAL_FILE = "not a regular file"
    SUBMODULE = "submodule"
    NOT_CHECKED_OUT = "tracked, but not in the working tree"
    VERSION_CONTROL = "version control data"
    NO_CONTENT = "no content"
    ONLY_LICENSE_TEXT = "licence file, kept as a licence text"
    NOT_IN_STORE = "not in the blob store"
    NOT_IN_STATED_ENCODING = "not in the encoding that the table states"
    LEADS_OUTSIDE = "a path that leads outside"
    ENCRYPTED = "encrypted"
    DAMAGED = "damaged"
    FOREIGN_COMPRESSION = "compressed in a way that is not read"
    OTHER_REPOSITORY = "filter: repository"
    OTHER_LANGUAGE = "filter: language"
    OTHER_LICENSE = "filter: licence type"
    LICENSE_TYPE_NOT_STATED = "filter: licence type not stated"
    OTHER_SIZE = "filter: size"
    OUTSIDE = "outside the installation folder"
    EDITABLE = "editable install"
    SHADOWED = "shadowed distribution"
    NO_METADATA = "distribution without metadata"
    NO_FILES = "distribution without Python files"


@dataclass(frozen=True, slots=True)
class SkippedDocument:
    """Something a source left out. `reason` is a short fixed phrase, counted in the summary.

    Sources use `SkipReason`; others that leave documents out have phrases of their own.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class CorpusDescription:
    """What a source calls itself: a name people recognise, and its revision if it has one."""

    name: str
    revision: str | None = None


class CorpusSource(Protocol):
    """A stream of documents that can be read again from the start."""

    def describe(self) -> CorpusDescription:
        """Name the corpus for the manifest and for coverage statements."""

    def estimate_bytes(self) -> int | None:
        """Raw bytes of text to come, as far as it is known cheaply; None if it is not."""

    def __iter__(self) -> Iterator[SourceDocument | SkippedDocument]:
        """Yield the documents in a fixed order.

        Raises:
            CorpusError: the source can't be read or has not the shape it should.
        """


@runtime_checkable
class ResumableSource(Protocol):
    """A source that can begin in its middle for less than the cost of what lies before."""

    def items_from(self, first: int) -> Iterator[SourceDocument | SkippedDocument]:
        """Yield what iterating would, less the first `first` items."""


def items_from(source: CorpusSource, first: int) -> Iterator[SourceDocument | SkippedDocument]:
    """Items of a source from a number on, in the cheapest way it has."""
    if isinstance(source, ResumableSource):
        return source.items_from(first)
    return islice(source, first, None)
