"""Corpora made to be hard to search, texts to look up in them, and indexes of them on disk."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sc2_attrib.index.building import BuildOptions, Resources, build_index
from sc2_attrib.index.corpus.document import (
    Basis,
    CorpusDescription,
    LicenseAssertion,
    Occurrence,
    SkippedDocument,
    SourceDocument,
)
from sc2_attrib.index.local import LocalIndex

LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_(){};=+-*/.,"
SPACES = (b" ", b"\n", b"\t", b"", b"    ", b"\r\n")
LICENSES = ("MIT", "GPL-2.0-only", "BSD-3-Clause", "X11", "")
WORDS = (
    *("привет", "мир", "код", "строка", "函数", "返回", "変数"),
    *("größe", "naïve", "œuvre", "🙂🚀", "x", "value", "return"),
)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents, and texts that share much with them."""

    documents: tuple[SourceDocument, ...]
    texts: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Documents:
    """A `CorpusSource` of documents in memory."""

    items: Sequence[SourceDocument | SkippedDocument]
    name: str = "test"

    def describe(self) -> CorpusDescription:
        return CorpusDescription(self.name, "1")

    def estimate_bytes(self) -> int | None:
        return None

    def __iter__(self) -> Iterator[SourceDocument | SkippedDocument]:
        return iter(self.items)


def document(content: bytes, path: str = "a.py", license: str = "MIT") -> SourceDocument:
    """A document of one repository; `license` may be empty."""
    return SourceDocument(content, place(path, license))


def place(path: str, license: str, **facts: object) -> Occurrence:
    """An occurrence; `facts` are further fields."""
    licenses = (LicenseAssertion(license, Basis.REPO),) if license else ()
    return Occurrence(**{"repository": "o/r", "path": path, "licenses": licenses} | facts)  # type: ignore[arg-type]  # fields by name


def built(
    folder: Path,
    documents: Iterable[SourceDocument | SkippedDocument],
    *,
    guarantee: int = 50,
    jobs: int = 2,
) -> LocalIndex:
    """Build an index and open it."""
    options = BuildOptions(guarantee_chars=guarantee, resources=Resources(jobs=jobs))
    build_index([Documents(tuple(documents))], folder, options)
    return LocalIndex(folder)


def nasty(seed: int, guarantee: int = 50, *, n_texts: int = 24) -> Corpus:
    """Repeats, permuted boilerplate, long copies, near twins, two letters, shreds, in random order.

    Lengths are in units of the guarantee, so that each has matches just below and above it.
    """
    maker = _Maker(random.Random(seed), guarantee)
    bodies = [*maker.bodies()]
    maker.rng.shuffle(bodies)
    texts = tuple(maker.spaced(maker.text(bodies))[:3500] for _ in range(n_texts))
    return Corpus(tuple(maker.published(map(maker.spaced, bodies))), texts)


def multilingual(seed: int, *, n_documents: int = 60, n_texts: int = 20) -> Corpus:
    """Sentences in several scripts with every kind of line end, byte order marks, broken UTF-8."""
    rng = random.Random(seed)
    maker = _Maker(rng, 50)
    sentences = [" ".join(rng.choices(WORDS, k=rng.randrange(6, 20))).encode() for _ in range(8)]
    bodies = [_babel(rng, sentences) for _ in range(n_documents)]
    texts = [_babel(rng, sentences) for _ in range(n_texts - 8)]
    for _ in range(8):  # begins and ends anywhere, also inside a character
        body = rng.choice(bodies)
        start = rng.randrange(len(body) // 2)
        texts.append(body[start : start + rng.randrange(60, 400)])
    return Corpus(tuple(maker.published(bodies)), tuple(texts))


def code_like(seed: int, n_bytes: int, n_documents: int) -> list[bytes]:
    """Documents of statements over a small vocabulary: many short repeats, some long ones."""
    rng = random.Random(seed)
    names = [f"{rng.choice('abcdefgh')}{word}_{rng.randrange(30)}" for word in WORDS[-3:] * 40]
    lines = [
        f"    {rng.choice(names)} = {rng.choice(names)}({rng.choice(names)}, {rng.randrange(99)})\n"
        for _ in range(4000)
    ]
    size = n_bytes // n_documents
    documents = []
    for _ in range(n_documents):
        text = "".join(rng.choices(lines, k=size // 30))
        documents.append(text.encode()[: rng.randrange(size // 2, 3 * size // 2)])
    return documents


def _babel(rng: random.Random, sentences: list[bytes]) -> bytes:
    line_end = rng.choice([b"\n", b"\r\n", b"\r"])
    parts = [b"\xef\xbb\xbf"] if rng.random() < 0.2 else []
    for _ in range(rng.randrange(2, 9)):
        sentence = rng.choice(sentences)
        if rng.random() < 0.3:  # a change of one byte, so that characters differ in their second
            at = rng.randrange(len(sentence))
            sentence = sentence[:at] + bytes([sentence[at] ^ 1]) + sentence[at + 1 :]
        parts += [sentence, line_end * rng.randrange(1, 3)]
    return b"".join(parts)


class _Maker:
    """Makes texts of one seed."""

    def __init__(self, rng: random.Random, guarantee: int) -> None:
        self.rng = rng
        unit = guarantee
        self._unit = unit
        self._heads = [self._letters(rng.randrange(unit, 8 * unit)) for _ in range(5)]
        self._names = [self._letters(rng.randrange(1, unit)) for _ in range(8)]
        self._parts = [self._letters(rng.randrange(unit // 2, 3 * unit)) for _ in range(8)]
        self._long = self._letters(60_000)  # several content blocks
        self._twin = self._letters(3000) + self._heads[0] + self._letters(500)

    def bodies(self) -> Iterator[bytes]:
        """Normalised documents."""
        for _ in range(100):
            yield self._headed()
        for _ in range(80):
            yield self._shuffled(9)
        for _ in range(15):
            yield self._rulers()
        yield self._long
        for _ in range(4):
            start = self.rng.randrange(40_000)
            yield self._some(33) + self._long[start : start + 10_000] + self._some(9)
        for i in range(20):
            yield self._twin + bytes([65 + i]) * (i // 2)
        yield self._letters(4000, 2)
        for n in (0, 1, self._unit - 1, self._unit, self._unit + 1):
            yield self._heads[1][:n]
            yield self._letters(n)

    def text(self, bodies: list[bytes]) -> bytes:
        """A normalised text to check."""
        first, second = self.rng.choice(bodies), self.rng.choice(bodies)
        unit, head = self._unit, self.rng.choice(self._heads)
        match self.rng.randrange(8):
            case 0:
                return self._piece(first, 1500)
            case 1:
                return self._headed() + self._headed()
            case 2:
                return self._shuffled(12)
            case 3:
                return self._piece(first, 300) + self._piece(second, 300) + self._rulers()
            case 4:
                return self._piece(self._long, 2000)
            case 5:
                return self._edited(self._piece(self._twin, 1200) + self._heads[0])
            case 6:
                return self._some(30) + head[self.rng.randrange(unit) :] + head
            case _:
                return (
                    self._piece(first, self.rng.randrange(unit - 1, 3 * unit))
                    + self._some(3)
                    + self._piece(second, self.rng.randrange(unit - 1, 3 * unit))
                    + self._heads[3][5 : unit + 30]
                )

    def spaced(self, text: bytes) -> bytes:
        """Scatter white space, sometimes thousands of bytes of it."""
        parts, at = [], 0
        while at < len(text):
            n = self.rng.randrange(1, 30)
            parts += [text[at : at + n], self.rng.choice(SPACES)]
            at += n
        return b"".join(parts) + (b" " * self.rng.randrange(3000) if self._chance(0.02) else b"")

    def published(self, contents: Iterable[bytes]) -> Iterator[SourceDocument]:
        """Put each content into one repository or several, under random licences."""
        for number, content in enumerate(contents):
            for _ in range(self.rng.choice((1, 1, 1, 1, 2, 3))):
                occurrence = place(
                    f"p{number}",
                    self.rng.choice(LICENSES),
                    repository=f"r{self.rng.randrange(9)}",
                    stars=self.rng.choice((None, 0, 5, 70)),
                    is_vendor=self._chance(0.2),
                )
                yield SourceDocument(content, occurrence)

    def _letters(self, n: int, n_letters: int = 60) -> bytes:
        return bytes(self.rng.choices(LETTERS[:n_letters], k=n))

    def _some(self, most: int) -> bytes:
        return self._letters(self.rng.randrange(most))

    def _chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def _piece(self, text: bytes, n: int) -> bytes:
        start = self.rng.randrange(max(1, len(text) - n))
        return text[start : start + n]

    def _headed(self) -> bytes:
        """A licence head or part of one, between a few names: grams with many contexts."""
        head = self.rng.choice(self._heads)
        start = self.rng.randrange(len(head) // 2) if self._chance(0.5) else 0
        stop = self.rng.randrange(len(head) // 2, len(head) + 1) if self._chance(0.5) else len(head)
        names = self.rng.choices(self._names, k=2)
        return self._some(60) + names[0] + head[start:stop] + names[1] + self._some(80)

    def _shuffled(self, most: int) -> bytes:
        """The same few parts in any order."""
        parts = self.rng.choices(self._parts, k=self.rng.randrange(2, most))
        return self._some(30) + b"".join(parts) + self._some(30)

    def _rulers(self) -> bytes:
        """Runs of one short unit: every gram on many diagonals."""
        return b"".join(
            (
                self._some(10),
                b"-" * self.rng.randrange(6 * self._unit),
                b"0x00," * self.rng.randrange(self._unit + 10),
                b"ab" * self.rng.randrange(3 * self._unit),
            )
        )

    def _edited(self, text: bytes) -> bytes:
        changed = bytearray(text)
        for _ in range(6):
            changed[self.rng.randrange(len(changed))] = self.rng.choice(LETTERS)
        return bytes(changed)
