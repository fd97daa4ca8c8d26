"""A tokenizer's tokens by the bytes that count, as decoding that is watched looks them up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from sc2_attrib.generator.choice import TokenSet
from sc2_attrib.generator.token_bytes import token_bytes
from sc2_attrib.index.errors import UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Counting(Protocol):
    """Says which bytes count; a `Veto` does (veto.py)."""

    def normalized(self, raw: bytes) -> bytes:
        """Leave out the bytes that don't count."""


class Vocabulary:
    """Tokens by the bytes that count.

    `ends`: the tokens that end a text. `padding`: those that may stand on the left of one.
    `visible`: those with any byte that counts.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, counting: Counting) -> None:
        """Read the bytes of all tokens; 0.1 s for 49,152.

        Raises:
            UsageError: they can't be told, or no token ends a text.
        """
        self._raw = token_bytes(tokenizer)
        self._by_least: dict[int, TokenSet] = {}
        self._bare = [counting.normalized(raw or b"") for raw in self._raw]
        self._sorted = sorted(range(len(self._bare)), key=self._bare.__getitem__)
        self._keys = [self._bare[token] for token in self._sorted]
        marks = dict(tokenizer.get_vocab())
        self._before, self._middle = marks.get("<fim_prefix>", -1), marks.get("<fim_middle>", -1)
        ends = {tokenizer.eos_token_id, marks.get("<|endoftext|>")}
        self.ends = sorted(int(token) for token in ends if token is not None)
        if not self.ends:
            raise UsageError(
                "the tokenizer names no end-of-text token, so a text can't be ended where nothing"
                " else may follow; set its eos_token"
            )
        self.padding = {*self.ends, tokenizer.pad_token_id}
        self.visible = self.of_at_least(1)

    def is_text(self, token: int) -> bool:
        """Tell text from a mark."""
        return token < len(self._raw) and self._raw[token] is not None

    def raw(self, token: int) -> bytes:
        """Return the bytes of a token; none of a mark."""
        return self._raw[token] or b"" if token < len(self._raw) else b""

    def normalized(self, token: int) -> bytes:
        """Return the bytes of a token that count; none of a mark."""
        return self._bare[token] if token < len(self._bare) else b""

    def shown(self, token: int) -> str:
        """Write a token for people; U+FFFD for half a character."""
        return (self._raw[token] or b"").decode(errors="replace")

    def beginning_with(self, start: bytes) -> list[int]:
        """List the tokens whose bytes begin so."""
        first = bisect_left(self._keys, start)
        stop = bisect_left(self._keys, _after(start), lo=first)
        return self._sorted[first:stop]

    def of_at_least(self, n: int) -> TokenSet:
        """Give the tokens with at least `n` bytes that count."""
        if n not in self._by_least:
            self._by_least[n] = TokenSet(
                token for token, bare in enumerate(self._bare) if len(bare) >= n
            )
        return self._by_least[n]

    def split(self, ids: Sequence[int]) -> tuple[bytes, list[bytes]]:
        """Split a prompt at its marks: the text before the cursor, and all texts in it."""
        pieces: list[tuple[int, bytes]] = [(-1, b"")]
        for token in ids:
            if self.is_text(token):
                mark, text = pieces[-1]
                pieces[-1] = mark, text + (self._raw[token] or b"")
            else:
                pieces.append((token, b""))
        by_mark = dict(pieces)
        before = pieces[-1][1]
        if pieces[-1][0] == self._middle and self._before in by_mark:  # prefix, suffix, middle
            before = by_mark[self._before] + before
        return before, [text for _, text in pieces if text]


def _after(start: bytes) -> bytes:
    """The least bytes above all that begin with `start`."""
    bare = start.rstrip(b"\xff")
    return bare[:-1] + bytes([bare[-1] + 1]) if bare else b"\xff" * 64
