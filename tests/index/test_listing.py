"""The sources of a match under a bound: each licence expression keeps one."""

import random
from pathlib import Path

import pytest

from tests.index.corpora import LETTERS, built, document

GUARANTEE, STRIDE, REACH = 50, 27, 26
N_COMMON = 40  # documents with the header: more than a gram may have without being hot


def letters(rng: random.Random, n: int, *, but: bytes = b"") -> bytes:
    return bytes(rng.choices(bytes(set(LETTERS) - set(but)), k=n))


@pytest.mark.parametrize("n_longer", [1, 2, 3, 9])
def test_an_expression_keeps_a_source_though_others_of_it_go_on(
    tmp_path: Path, n_longer: int
) -> None:
    """Documents whose run is longer don't stand for their expression where the bound is full.

    The lists of hot grams can't tell these from the one document with exactly the extent: they
    agree as far as a context reaches, and the gram before is in no list.
    """
    rng = random.Random(n_longer)
    header, before = letters(rng, 200), letters(rng, 60)
    contents, position = list[tuple[bytes, str]](), 0
    for license, head in [
        *[("MIT", b"")] * N_COMMON,
        *[("GPL-3.0-only", before)] * n_longer,
        ("GPL-3.0-only", b""),
    ]:
        # The header's byte REACH begins a sampled gram, so its left context is all before it.
        pad = 100 + -(position + 100 + len(head) + REACH) % STRIDE
        lead = letters(rng, pad - 1) + letters(rng, 1, but=before[-1:] if not head else b"")
        contents.append((lead + head + header + letters(rng, 50), license))
        position += len(contents[-1][0])
    text = letters(rng, 80) + before + header + b"#" * 60  # no letter
    documents = [
        document(content, f"{i}.py", license) for i, (content, license) in enumerate(contents)
    ]
    with built(tmp_path, documents) as index:
        (result,) = index.search([text], min_chars=GUARANTEE, max_sources=1)
    exact = next(match for match in result.matches if (match.start, match.stop) == (140, 340))
    assert {source.occurrence.license_expression for source in exact.sources} == {
        "MIT",
        "GPL-3.0-only",
    }
