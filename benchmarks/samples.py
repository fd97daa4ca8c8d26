"""Texts to measure with: parts of the corpus' files.

Files of all repositories and languages are drawn alike. A part is whole lines; parts that are
tables (few names), lie in very long lines or read as less than was asked for once they are cut out
are left out.
"""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sc2_attrib.index.near.lexer import NAME, lex
from sc2_attrib.index.segment.documents import content_id, swhid

MOST_BYTES = 400_000  # of a file that is sampled
MOST_PART = 8000  # bytes of a part
LEAST_NAMES = 0.15  # share of its lexemes


@dataclass(frozen=True, slots=True)
class Sample:
    """Whole lines [first, last], 1-based, of a document; `document` is its whole text."""

    swhid: str
    language: str
    document: bytes
    text: bytes
    lines: tuple[int, int]
    n_lexemes: int

    @property
    def n_lines(self) -> int:
        """Lines of the text."""
        first, last = self.lines
        return last - first + 1


def samples(corpus: Path, n: int, sizes: tuple[int, ...], rng: random.Random) -> list[Sample]:
    """Draw parts of `sizes` lexemes, as many of each repository and language as there are."""
    found: list[Sample] = []
    pools = list(_pools(corpus, rng))
    while len(found) < n:
        before = len(found)
        for pool in pools:
            if pool and len(found) < n and (one := _sample(pool.pop(), sizes, rng)):
                found.append(one)
        if before == len(found) and not any(pools):
            break
    return found


def _pools(corpus: Path, rng: random.Random) -> Iterator[list[dict[str, Any]]]:
    """Draw documents of each file and language of the corpus, in random order."""
    from pyarrow import parquet

    files = sorted(corpus.rglob("*.parquet"))
    for file in files:
        table = parquet.read_table(file, columns=["language", "path"])
        by_language: dict[str, list[int]] = defaultdict(list)
        for row, language in enumerate(table.column("language").to_pylist()):
            by_language[language or ""].append(row)
        chosen = [
            row
            for language in sorted(by_language)
            for row in rng.sample(by_language[language], min(40, len(by_language[language])))
        ]
        rows = parquet.read_table(file, columns=["content", "language"]).take(chosen)
        pool = rows.to_pylist()
        rng.shuffle(pool)
        yield pool


def _sample(row: dict[str, Any], sizes: tuple[int, ...], rng: random.Random) -> Sample | None:
    content = row["content"]
    document = content.encode() if isinstance(content, str) else content
    wanted = rng.choice(sizes)
    if not document or len(document) > MOST_BYTES:
        return None
    lexemes = lex(document, fast=True)
    if lexemes.hashes.size < wanted + 5:
        return None
    first = rng.randrange(lexemes.hashes.size - wanted)
    start = document.rfind(b"\n", 0, int(lexemes.starts[first])) + 1
    end = document.find(b"\n", int(lexemes.stops[first + wanted - 1])) + 1 or len(document)
    text = document[start:end]
    inside = lex(text, fast=True)
    if len(text) > MOST_PART or inside.kinds.size < wanted:
        return None
    if (inside.kinds == NAME).mean() < LEAST_NAMES:
        return None
    line = document.count(b"\n", 0, start) + 1
    lines = (line, line + text.rstrip(b"\n").count(b"\n"))
    return Sample(
        swhid(content_id(document)),
        row["language"] or "",
        document,
        text,
        lines,
        inside.starts.size,
    )
