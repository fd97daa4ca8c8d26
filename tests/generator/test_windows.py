"""Training windows: their shape, their layout, and what counts in the loss."""

import numpy as np
import pytest

from sc2_attrib.generator.demo.windows import (
    HOLE_START_WEIGHT,
    HOLE_WEIGHT,
    SHORTEST_WITH_HOLE,
    TokenizedText,
    Tokens,
    Weights,
    WindowSampler,
)
from sc2_attrib.generator.prompt import SPECIAL_TOKENS

SPECIAL = {name: i for i, name in enumerate(SPECIAL_TOKENS)}
END, PREFIX, MIDDLE, SUFFIX, PAD = range(5)
LENGTH = 64


def tokenized(n_tokens: int, first: int = 100) -> TokenizedText:
    """A text of ascending tokens with a line every five, every second one a definition."""
    lines = np.arange(0, n_tokens, 5)
    return TokenizedText(
        header=np.array([SPECIAL["<repo_name>"], 50, SPECIAL["<file_sep>"], 51]),
        tokens=np.arange(first, first + n_tokens),
        lines=lines,
        definitions=lines[::2],
    )


def draw(texts: list[TokenizedText], hole_share: float, n: int = 300) -> tuple[Tokens, Weights]:
    sampler = WindowSampler(
        texts, SPECIAL, length=LENGTH, hole_share=hole_share, rng=np.random.default_rng(3)
    )
    return sampler.draw(n)


def test_windows_without_a_hole_are_pieces_of_the_text() -> None:
    """Consecutive tokens from a line's start, closed and padded where the text ends."""
    tokens, weights = draw([tokenized(200)], hole_share=0.0)
    assert tokens.shape == weights.shape == (300, LENGTH)
    for row, counts in zip(tokens, weights, strict=True):
        body = row[(row >= 100)]
        assert (np.diff(body) == 1).all()
        assert (body[0] - 100) % 5 == 0
        assert ((row == PAD) == (counts == 0)).all()


def test_some_windows_begin_with_repository_and_path() -> None:
    """They introduce the head of the file, as in StarCoder2's training text."""
    tokens, _ = draw([tokenized(200)], hole_share=0.0)
    introduced = tokens[tokens[:, 0] == SPECIAL["<repo_name>"]]
    assert 0 < len(introduced) < len(tokens) / 4
    assert (introduced[:, 4] == 100).all()


def test_a_hole_is_laid_out_suffix_first() -> None:
    """Both marks, suffix, mark, prefix and middle without a break; only the middle weighs more."""
    tokens, weights = draw([tokenized(1000)], hole_share=1.0)
    holes = [pair for pair in zip(tokens, weights, strict=True) if pair[0][0] == PREFIX]
    assert len(holes) > 250
    for row, counts in holes:
        assert row[1] == SUFFIX
        middle_mark = int(np.flatnonzero(row == MIDDLE)[0])
        suffix = row[2:middle_mark]
        written = row[middle_mark + 1 :][row[middle_mark + 1 :] != PAD]
        assert (np.diff(written) == 1).all()
        assert suffix[0] == written[-1] + 1
        heavy = counts[counts > 1]
        assert (heavy[:4] == HOLE_START_WEIGHT).all()
        assert (heavy[4:] == HOLE_WEIGHT).all()


@pytest.mark.parametrize("n_tokens", [1, SHORTEST_WITH_HOLE - 1, SHORTEST_WITH_HOLE])
def test_short_texts_are_learnt_too(n_tokens: int) -> None:
    """A text too short for a hole gives whole windows."""
    tokens, _ = draw([tokenized(n_tokens)], hole_share=1.0)
    assert ((tokens[:, 0] == PREFIX).any()) == (n_tokens >= SHORTEST_WITH_HOLE)


def test_every_text_is_drawn() -> None:
    """Lines of all texts are as likely, also of those without a definition."""
    second = tokenized(100, first=1000)
    plain = TokenizedText(second.header, second.tokens, second.lines, second.definitions[:0])
    tokens, _ = draw([tokenized(100), plain], hole_share=0.5)
    assert (tokens >= 1000).any()
    assert ((tokens >= 100) & (tokens < 1000)).any()


def test_the_generator_decides_the_windows() -> None:
    """Equal seeds draw equal windows."""
    first, second = (draw([tokenized(200)], hole_share=0.7)[0] for _ in range(2))
    assert (first == second).all()
