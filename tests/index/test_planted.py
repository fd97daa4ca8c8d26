"""Runs of indexed text planted in other text: each is found with its exact extent."""

import random
from collections.abc import Sequence
from pathlib import Path

from sc2_attrib.index.local import LocalIndex
from sc2_attrib.index.search import SearchResult
from tests.index.corpora import LETTERS, built, code_like, document
from tests.index.oracle import squeeze

GUARANTEE = 50
N_RUNS = 1000
JOIN = b"\t"  # white space: no normalised text holds it


def longest_around(text: bytes, corpus: bytes, start: int, stop: int) -> tuple[int, int]:
    """Extend [start, stop) of a normalised text as far as the whole stands in the corpus."""
    while start > 0 and text[start - 1 : stop] in corpus:
        start -= 1
    while stop < len(text) and text[start : stop + 1] in corpus:
        stop += 1
    return start, stop


def plant(rng: random.Random, contents: Sequence[bytes]) -> tuple[bytes, tuple[int, int]]:
    """Put a run of 50 to 400 characters of a document between random letters.

    Returns:
        A normalised text, and where the run stands in it.
    """
    content = squeeze(rng.choice(contents))
    n = rng.randrange(GUARANTEE, 401)
    at = rng.randrange(len(content) - n)
    before, after = (bytes(rng.choices(LETTERS, k=rng.randrange(80))) for _ in range(2))
    return before + content[at : at + n] + after, (len(before), len(before) + n)


def extents(result: SearchResult, text: bytes) -> set[tuple[int, int]]:
    """Normalised extents of matches: the text has no white space."""
    assert squeeze(text) == text
    return {(match.start, match.stop) for match in result.matches}


def search_all(index: LocalIndex, texts: Sequence[bytes]) -> list[SearchResult]:
    index.use_machine_code()
    return [
        result
        for at in range(0, len(texts), 100)
        for result in index.search(texts[at : at + 100], min_chars=GUARANTEE, max_sources=1)
    ]


def test_every_planted_run_is_found(tmp_path: Path) -> None:
    """1,000 runs out of 1.5 MB of code-like text, each found as `bytes.find` says."""
    rng = random.Random(11)
    contents = code_like(11, 1_500_000, 300)
    corpus = JOIN.join(map(squeeze, contents))
    planted = [plant(rng, contents) for _ in range(N_RUNS)]
    with built(tmp_path, [document(c, f"{i}.py") for i, c in enumerate(contents)]) as index:
        results = search_all(index, [text for text, _ in planted])
    for (text, run), result in zip(planted, results, strict=True):
        assert longest_around(text, corpus, *run) in extents(result, text)
