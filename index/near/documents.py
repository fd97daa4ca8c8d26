"""What near search asks of an index: the seam between the search and where documents are kept."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from sc2_attrib.index.near.lexer import Numbers
from sc2_attrib.index.near.scheme import NearScheme
from sc2_attrib.index.search import MatchSource, Swhid


class Hits(NamedTuple):
    """Where keys stand: columns of equal length.

    `rows`: numbers of the keys that were asked for, ascending. `documents`: numbers. `places`: the
    lexeme of the document that the window or gram begins with.
    """

    rows: Numbers
    documents: Numbers
    places: Numbers


class NearDocuments(Protocol):
    """Documents with near keys, numbered; a segment, or what answers like one."""

    @property
    def scheme(self) -> NearScheme:
        """How the keys are made."""

    def look_up(self, keys: Numbers, *, fast: bool) -> Hits:
        """Find keys (index/near/keys.py); removed documents may be among the hits."""

    def find(self, swhid: Swhid) -> int | None:
        """Find a document by its content; None: not here, or removed."""

    def is_removed(self, document: int) -> bool:
        """Tell whether nothing of a document may be answered."""

    def swhid(self, document: int) -> Swhid:
        """Name the content of a document."""

    def milestones(self, document: int) -> Numbers:
        """Byte offsets in a document of every 64th lexeme, from its first on."""

    def read(self, document: int, start: int, stop: int | None) -> bytes:
        """Read the raw bytes [start, stop) of a document; None: to its end."""

    def sources(
        self, document: int, start: int, stop: int, similarity: float
    ) -> Sequence[MatchSource]:
        """List the occurrences of a document as sources of a region of its raw text."""
