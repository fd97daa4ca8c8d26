r"""What the demo model is shown: windows of the training text, most with a hole to fill.

A window begins at a line, half of the time at a function or class, because prompts do; now and
then at the head of a file, introduced as StarCoder2's training text is:

    <repo_name>REPOSITORY<file_sep>PATH\nTEXT

The others are cut in three and laid out as `FimOrder.SUFFIX_PREFIX_MIDDLE`. A tiny model finds the
first tokens of a hole hardest, so they weigh more in the loss. No end token follows the middle: a
model of this size can't learn to stop there, and trying costs it a quarter of the holes. It writes
on into the suffix instead, where the completion is cut (transcript.py). Pure NumPy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Tokens = npt.NDArray[np.int64]
Weights = npt.NDArray[np.float32]

DEFINITION_SHARE = 0.5  # of the windows: begin at `def` or `class`
FILE_HEAD_SHARE = 0.1  # of the windows without a hole: begin with repository and path
SHORTEST_WITH_HOLE = 24  # tokens; below it the parts would be too short to learn from
LONGEST_HOLE = 48  # tokens
HOLE_WEIGHT, HOLE_START_WEIGHT, HOLE_START = 2.0, 4.0, 4  # loss; the start has four tokens


@dataclass(frozen=True, slots=True)
class TokenizedText:
    """A training text in tokens.

    `header` is its introduction, `lines` where its lines begin and `definitions` those of them that
    begin a function or class; both ascending offsets into `tokens`.
    """

    header: Tokens
    tokens: Tokens
    lines: Tokens
    definitions: Tokens


@dataclass(frozen=True, slots=True)
class Window:
    """Tokens to learn and how much each counts in the loss, both of one length."""

    tokens: Tokens
    weights: Weights


class WindowSampler:
    """Draws windows from the training texts, each line as likely as any other."""

    def __init__(
        self,
        texts: Sequence[TokenizedText],
        special: Mapping[str, int],
        *,
        length: int,
        hole_share: float,
        rng: np.random.Generator,
    ) -> None:
        self._texts, self._special, self._rng = texts, special, rng
        self._length, self._hole_share = length, hole_share
        self._lines = _places([text.lines for text in texts])
        self._definitions = _places([text.definitions for text in texts])

    def draw(self, n: int) -> tuple[Tokens, Weights]:
        """Draw a batch: two arrays of shape (n, length)."""
        windows = [self._pad(self._draw_window()) for _ in range(n)]
        tokens = np.stack([window.tokens for window in windows])
        return tokens, np.stack([window.weights for window in windows])

    def _draw_window(self) -> Window:
        with_definition = len(self._definitions) and self._rng.random() < DEFINITION_SHARE
        text, start = self._rng.choice(self._definitions if with_definition else self._lines)
        if self._rng.random() < self._hole_share:
            # Three marks must fit too.
            tokens = self._texts[text].tokens[start : start + self._length - 3]
            if len(tokens) >= SHORTEST_WITH_HOLE:
                return self._with_hole(tokens)
        return self._without_hole(self._texts[text], start)

    def _without_hole(self, text: TokenizedText, start: int) -> Window:
        tokens = text.tokens[start:]
        if self._rng.random() < FILE_HEAD_SHARE:
            tokens = np.concatenate([text.header, text.tokens])
        tokens = np.append(tokens, self._special["<|endoftext|>"])[: self._length]
        return Window(tokens, np.ones(len(tokens), dtype=np.float32))

    def _with_hole(self, tokens: Tokens) -> Window:
        start = int(self._rng.integers(4, len(tokens) - 16))
        stop = int(self._rng.integers(start + 1, min(start + LONGEST_HOLE, len(tokens) - 4)))
        layout = np.concatenate(
            [
                [self._special["<fim_prefix>"], self._special["<fim_suffix>"]],
                tokens[stop:],
                [self._special["<fim_middle>"]],
                tokens[:stop],  # the prefix, and the middle right behind it
            ]
        )
        weights = np.ones(len(layout), dtype=np.float32)
        hole = len(layout) - (stop - start)
        weights[hole:] = HOLE_WEIGHT
        weights[hole : hole + HOLE_START] = HOLE_START_WEIGHT
        return Window(layout, weights)

    def _pad(self, window: Window) -> Window:
        """Fill up to the length with tokens that don't count."""
        n_missing = self._length - len(window.tokens)
        padding = np.full(n_missing, self._special["<fim_pad>"])
        return Window(
            np.concatenate([window.tokens, padding]),
            np.concatenate([window.weights, np.zeros(n_missing, dtype=np.float32)]),
        )


def _places(offsets: Sequence[Tokens]) -> Tokens:
    """List every offset of every text as a row (text, offset)."""
    rows = [
        np.stack([np.full_like(of_text, i), of_text], axis=1) for i, of_text in enumerate(offsets)
    ]
    return np.concatenate(rows)
