"""A corpus made smaller or larger than it is, always in the same way.

Smaller: every nth document. Larger: again and again, each time with other names. A copy exchanges
letters for others, the same for the same throughout the copy. So identifiers, keywords and texts in
quotes become new words of the same lengths, as often as before. What stands between /* and */
stays, a seventh of the text, and with it most licence headers, which a larger corpus repeats too.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from string import ascii_lowercase

from sc2_attrib.index.corpus.document import CorpusDescription, SourceDocument
from sc2_attrib.index.corpus.location import open_source

_COMMENT = re.compile(rb"(/\*[^*]*\*+(?:[^/*][^*]*\*+)*/)")
_LETTERS = ascii_lowercase.encode()


@dataclass(frozen=True, slots=True)
class Scaled:
    """A corpus times a factor: a whole number, or one in a whole number. A source of an index."""

    corpus: Path
    factor: Fraction

    def describe(self) -> CorpusDescription:
        """Name it by the factor."""
        return CorpusDescription(f"{self.corpus.name} x {self.factor}")

    def estimate_bytes(self) -> int | None:
        """Nobody has counted."""
        return None

    def __iter__(self) -> Iterator[SourceDocument]:
        """Yield the documents, copy by copy; those of the first have their own names."""
        for copy in range(max(int(self.factor), 1)):
            exchange = _exchange(copy)
            for document in every(self.corpus, max(int(1 / self.factor), 1)):
                yield _placed(document, f"copy{copy}", _renamed(document.content, exchange))


@dataclass(frozen=True, slots=True)
class Forks:
    """One document in `one_in`, `n` times each, in other repositories. A source of an index.

    `are_distinct`: each copy has a first line of its own, so that it is a document of its own.
    """

    corpus: Path
    n: int
    one_in: int
    are_distinct: bool

    def describe(self) -> CorpusDescription:
        """Name it by what it is."""
        return CorpusDescription(f"{self.n} copies of 1/{self.one_in} of {self.corpus.name}")

    def estimate_bytes(self) -> int | None:
        """Nobody has counted."""
        return None

    def __iter__(self) -> Iterator[SourceDocument]:
        """Yield the documents, copy by copy."""
        copied = list(every(self.corpus, self.one_in))
        for fork in range(self.n):
            first = b"fork %d\n" % fork if self.are_distinct else b""
            for document in copied:
                yield _placed(document, f"fork{fork}", first + document.content)


def every(corpus: Path, nth: int) -> Iterator[SourceDocument]:
    """Yield every nth document of a corpus."""
    documents = (item for item in open_source(str(corpus)) if isinstance(item, SourceDocument))
    return islice(documents, 0, None, nth)


def _exchange(copy: int) -> bytes:
    """Make the table of letters of a copy; the first copy's changes nothing."""
    letters = bytearray(_LETTERS)
    if copy:
        random.Random(copy).shuffle(letters)
    return bytes.maketrans(_LETTERS + _LETTERS.upper(), letters + letters.upper())


def _renamed(text: bytes, exchange: bytes) -> bytes:
    parts = _COMMENT.split(text)
    parts[::2] = [code.translate(exchange) for code in parts[::2]]
    return b"".join(parts)


def _placed(document: SourceDocument, owner: str, content: bytes) -> SourceDocument:
    """Put a content where a document stands, in a repository of another owner."""
    name = document.occurrence.repository.rpartition("/")[2]
    occurrence = replace(document.occurrence, repository=f"{owner}/{name}", url=None)
    return replace(document, content=content, occurrence=occurrence)
