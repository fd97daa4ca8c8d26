"""What a search answers, whichever index answers it.

`Searcher` is the one protocol above which nobody knows what kind of index there is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType, Protocol

from sc2_attrib.index.corpus.document import CorpusDescription, Occurrence

Swhid = NewType("Swhid", str)  # core identifier of a content: swh:1:cnt:<git blob SHA-1>


@dataclass(frozen=True, slots=True)
class MatchSource:
    """One occurrence that holds the matched text.

    `start`, `stop` are half-open byte offsets into the document's raw text, `first_line` and
    `last_line` 1-based and inclusive. `verbatim`: the raw text is equal too, else only white space
    differs. `excerpt` is the document's raw text in [start, stop). `similarity`: of the source of a
    near match, see NearMatch; None where the match is exact.
    """

    document: Swhid
    start: int
    stop: int
    first_line: int
    last_line: int
    verbatim: bool
    excerpt: bytes
    occurrence: Occurrence
    similarity: float | None = None


@dataclass(frozen=True, slots=True)
class ExactMatch:
    """One extent of the checked text that stands in at least one document.

    `start`, `stop` are half-open byte offsets into the checked raw text and lie on whole code
    points. `normalized_chars` is the number of bytes in it that are not ASCII white space. The
    counts are over all documents in which this exact extent can't be extended; with `at_least` they
    are lower bounds, because the listing was bounded. `sources` are ordered as the contract says:
    not vendored first, then stars (descending), repository, path, revision.
    """

    start: int
    stop: int
    normalized_chars: int
    sources: tuple[MatchSource, ...]
    n_documents: int
    n_occurrences: int
    n_repositories: int
    at_least: bool


@dataclass(frozen=True, slots=True)
class SearchResult:
    """All matches of one text, ordered by start, longest first. `bounded`: some listing was cut."""

    matches: tuple[ExactMatch, ...]
    bounded: bool


class EditKind(StrEnum):
    """How an edited copy differs from its source.

    `RENAMED`: a name, the same throughout. `REDACTED`: a placeholder such as <NAME> on one side.
    """

    RENAMED = "renamed"
    REPLACED = "replaced"
    INSERTED = "inserted"
    DELETED = "deleted"
    REDACTED = "redacted"


@dataclass(frozen=True, slots=True)
class Edit:
    """One place where an edited copy differs from its source.

    Half-open byte ranges: [start, stop) of the checked raw text, empty where something was deleted;
    [source_start, source_stop) of the document's raw text, empty where something was inserted.
    """

    kind: EditKind
    start: int
    stop: int
    source_start: int
    source_stop: int


@dataclass(frozen=True, slots=True)
class NearOptions:
    """Which edited copies are reported; docs/decisions has the measurements behind the defaults."""

    min_similarity: float = 0.7
    min_lexemes: int = 65


@dataclass(frozen=True, slots=True)
class NearMatch:
    """A region of the checked text that is an edited copy of a region of at least one document.

    `start`, `stop` are half-open byte offsets into the checked raw text; the region begins and ends
    with a lexeme that its first source has too. Comments and white space are not compared.
    `similarity` = equal aligned lexemes / max(lexemes of the region, lexemes of the source's
    region); a name that is renamed throughout counts as equal. `lexemes` are those of the region,
    `edits` lead from the first source to the region. `sources` are ordered by similarity, then as
    those of an exact match; each states its own region and similarity.
    """

    start: int
    stop: int
    lexemes: int
    similarity: float
    sources: tuple[MatchSource, ...]
    edits: tuple[Edit, ...]
    n_documents: int
    n_occurrences: int
    n_repositories: int
    at_least: bool


@dataclass(frozen=True, slots=True)
class NearResult:
    """Near matches of one text, by start, longest first. `bounded`: not all could be looked at."""

    matches: tuple[NearMatch, ...]
    bounded: bool


@dataclass(frozen=True, slots=True)
class CorpusSummary:
    """One corpus that an index holds."""

    corpus: CorpusDescription
    n_documents: int
    raw_bytes: int


@dataclass(frozen=True, slots=True)
class IndexDescription:
    """What was searched: the facts every report states.

    `id` changes whenever the answers can. `built` is an ISO 8601 time in UTC.
    """

    location: str
    id: str
    corpora: tuple[CorpusSummary, ...]
    n_documents: int
    n_occurrences: int
    raw_bytes: int
    n_removed: int
    guarantee_chars: int
    built: str


@dataclass(frozen=True, slots=True)
class LicenseText:
    """A licence file of a repository: its path there, its content id and its text."""

    path: str
    document: Swhid
    content: bytes


class Searcher(Protocol):
    """An open index."""

    @property
    def guarantee_chars(self) -> int:
        """The shortest match that is certain to be found, in normalised bytes."""

    def describe(self) -> IndexDescription:
        """Say what is searched."""

    def search(
        self, texts: Sequence[bytes], *, min_chars: int, max_sources: int
    ) -> list[SearchResult]:
        """Find every exact match of at least `min_chars` normalised bytes in each text.

        Args:
            texts: raw bytes of each text; any bytes are allowed.
            min_chars: at least `guarantee_chars`.
            max_sources: occurrences listed a match; 0 lists all. Each distinct licence expression
                keeps one whatever the bound.

        Returns:
            One result a text, in the order given.

        Raises:
            UsageError: `min_chars` lies below the guarantee.
            CorruptIndexError: the index is damaged.
        """

    def search_near(
        self,
        texts: Sequence[bytes],
        found: Sequence[SearchResult],
        options: NearOptions,
        *,
        max_sources: int,
    ) -> list[NearResult]:
        """Find edited copies in each text; nothing where the index was built without near keys.

        Args:
            texts: raw bytes of each text.
            found: what `search` answered for the same texts. Exact matches point to documents, and
                what one of them explains wholly is no near match.
            options: what is near enough.
            max_sources: occurrences listed a match; 0 lists all.

        Returns:
            One result a text, in the order given.

        Raises:
            CorruptIndexError: the index is damaged.
        """

    def license_texts(self, repository: str, path: str) -> Sequence[LicenseText]:
        """List the licence texts that govern a file: its repository's, of the nearest folder.

        Ordered by path, each text once.

        Raises:
            CorruptIndexError: the index is damaged.
        """

    def close(self) -> None:
        """Release files and memory maps."""
