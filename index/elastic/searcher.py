"""The index on a server, opened: a Searcher.

    1. The servers name the documents that can hold a match (candidates.py).
    2. These are read whole (documents.py), less what the removals name.
    3. A segment of them is built in memory (scratch.py), and searched by the same matcher as a
       folder's. Edited copies are found likewise (near.py).

So what is true, and what is reported, is decided by the very code that searches folders; a server
only narrows down where to look.
"""

from collections.abc import Sequence
from typing import Self

from sc2_attrib.index.elastic.about import StoredAbout, read_about
from sc2_attrib.index.elastic.address import ServerAddress
from sc2_attrib.index.elastic.candidates import (
    Candidates,
    Found,
    Window,
    find_candidates,
    in_order,
)
from sc2_attrib.index.elastic.connection import Connection
from sc2_attrib.index.elastic.crowds import Bounds, CrowdSearch
from sc2_attrib.index.elastic.documents import read_documents
from sc2_attrib.index.elastic.license_files import LicenseFiles
from sc2_attrib.index.elastic.near import NearQuestion, search_near
from sc2_attrib.index.elastic.questions import Question
from sc2_attrib.index.elastic.scratch import scratch_segment
from sc2_attrib.index.errors import UsageError
from sc2_attrib.index.grams import GramShape
from sc2_attrib.index.license_shelf import LicenseShelf
from sc2_attrib.index.matching.assembly import SegmentSearch, assemble
from sc2_attrib.index.matching.matcher import Pace
from sc2_attrib.index.matching.query import prepare
from sc2_attrib.index.removal import DenyList
from sc2_attrib.index.search import (
    IndexDescription,
    LicenseText,
    NearOptions,
    NearResult,
    SearchResult,
)
from sc2_attrib.index.text import normalize

CACHE_BYTES = 64 << 20  # decoded text of one search
_ATTEMPTS = 3  # to search an index that is being replaced


def open_server(address: ServerAddress) -> "ElasticIndex":
    """Open the index that an address names.

    Raises:
        IndexServerError: no server answers as it should.
        IndexUnusableError: there is no index, or not one that this version reads.
    """
    return ElasticIndex(Connection(address))


class ElasticIndex:
    """An open index on a server; a Searcher, safe to use from several threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pace = Pace()
        self._shelved: tuple[str, LicenseShelf] | None = None
        try:
            self._about = read_about(connection).about
        except BaseException:
            connection.close()
            raise

    @property
    def guarantee_chars(self) -> int:
        """The shortest match that is certain to be found, in normalised bytes."""
        return self._about.shape.guarantee

    def describe(self) -> IndexDescription:
        """Say what is searched."""
        self._about = read_about(self._connection).about
        return self._about.describe(self._connection.location)

    def search(
        self, texts: Sequence[bytes], *, min_chars: int, max_sources: int
    ) -> list[SearchResult]:
        """Find every exact match in each text; see Searcher."""
        if not texts:
            return []
        candidates = self._candidates(texts, min_chars, all_holders=not max_sources)
        bounds = Bounds(min_chars, max_sources)
        crowded = [number for number in range(len(texts)) if candidates.is_crowded(number)]
        others = [number for number in range(len(texts)) if not candidates.is_crowded(number)]
        results = self._search_whole(texts, others, candidates, bounds)
        for number in crowded:  # alone, so that its answer depends on nothing but the text
            results[number] = self._search_crowd(
                texts[number], candidates.windows[number], candidates.stored, bounds
            )
        return [results[number] for number in range(len(texts))]

    def _search_whole(
        self, texts: Sequence[bytes], chosen: Sequence[int], candidates: Candidates, bounds: Bounds
    ) -> dict[int, SearchResult]:
        """Read all candidates of the chosen texts, and search them."""
        documents: dict[str, Found] = {}
        for number in chosen:
            documents |= candidates.documents(number)
        wanted, stored = in_order(documents), candidates.stored
        contents = read_documents(self._connection, stored.index, wanted)
        with scratch_segment(contents, stored.about, most=len(wanted)) as segment:
            searches = (
                [SegmentSearch(segment, self._pace, cache_bytes=CACHE_BYTES)] if segment else []
            )
            found = assemble(searches, [texts[number] for number in chosen], **bounds._asdict())
            return dict(zip(chosen, found, strict=True))

    def _search_crowd(
        self, text: bytes, windows: Sequence[Window], stored: StoredAbout, bounds: Bounds
    ) -> SearchResult:
        with CrowdSearch(self._connection, stored, text, windows, self._pace, bounds) as crowd:
            return crowd.search()

    def search_near(
        self,
        texts: Sequence[bytes],
        found: Sequence[SearchResult],
        options: NearOptions,
        *,
        max_sources: int,
    ) -> list[NearResult]:
        """Find edited copies in each text; see Searcher."""
        stored = read_about(self._connection)
        question = NearQuestion(texts, found, options, max_sources)
        return search_near(self._connection, stored, question, self._pace)

    def use_machine_code(self) -> None:
        """Load compiled kernels with the next search: for processes that will search a lot."""
        self._pace.spend(Pace.BUDGET_US + 1)

    def license_texts(self, repository: str, path: str) -> Sequence[LicenseText]:
        """List the licence texts that govern a file; see Searcher."""
        return self._shelf().texts(repository, path)

    def close(self) -> None:
        """Let go of the sockets."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _shelf(self) -> LicenseShelf:
        """The licence texts of the index as the last search saw it."""
        about = self._about
        if self._shelved is None or self._shelved[0] != about.id:
            deny = DenyList(removal.what for removal in about.removals)
            self._shelved = about.id, LicenseShelf([LicenseFiles(self._connection)], deny)
        return self._shelved[1]

    def _candidates(
        self, texts: Sequence[bytes], min_chars: int, *, all_holders: bool
    ) -> Candidates:
        """Ask for candidates; again if the index was rebuilt with other grams."""
        for _ in range(_ATTEMPTS):
            shape = self._about.shape
            if min_chars < shape.guarantee:
                raise UsageError(
                    f"--min-chars {min_chars}: {self._connection.location} finds every match of"
                    f" {shape.guarantee} characters or more, but not of fewer"
                )
            questions = [self._question(text, shape, min_chars) for text in texts]
            candidates = find_candidates(
                self._connection, questions, shape, all_holders=all_holders
            )
            self._about = candidates.stored.about
            if self._about.shape == shape:
                return candidates
        raise self._connection.refuse("the index is replaced all the time; run it again")

    def _question(self, text: bytes, shape: GramShape, min_chars: int) -> Question:
        self._pace.spend(len(text) * Pace.BYTE_US)
        _, grams = prepare([text], shape, min_chars=min_chars, fast=self._pace.is_fast)
        return Question.asked(normalize(text), grams.keys, shape, min_chars=min_chars)
