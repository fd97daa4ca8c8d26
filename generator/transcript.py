"""The text of a completion while its tokens arrive: where it ends, and what can be shown already.

A token is not a character: byte-level tokens may split one, so text is released at whole
characters only. A few already read tokens are decoded again with each new one, because some
tokenizers write a token differently at the start of a text.

A model that fills a hole should stop where the suffix begins, but small ones run on into it. So
the text also ends where the suffix's beginning appears, and whatever may still turn out to be that
beginning is held back.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from sc2_attrib.generator.completion import StopReason

# A suffix is known by so many visible characters. Fewer would cut at any common line; more lose
# holes, because the model strays first: 41 of 64 right with 14 or 20 on the demo model, 33 with 30.
SUFFIX_HEAD_CHARS = 20
_INCOMPLETE = "\ufffd"  # what decoding makes of bytes that are not a whole character yet


def suffix_head(suffix: str) -> str | None:
    """Return the beginning of `suffix` by which to recognise it; None if it is too short.

    A short one, such as a closing bracket, may well occur inside the middle.
    """
    n_visible = 0
    for stop, character in enumerate(suffix, start=1):
        n_visible += not character.isspace()
        if n_visible == SUFFIX_HEAD_CHARS:
            return suffix[:stop]
    return None


class Transcript:
    """Collects tokens, releases text, and knows when the completion is over."""

    def __init__(
        self,
        decode: Callable[[Sequence[int]], str],
        *,
        ends: Mapping[int, StopReason],
        silent: Iterable[int] = (),
        context: Sequence[int] = (),
        stop_before: str | None = None,
        on_text: Callable[[str], None] | None = None,
    ) -> None:
        """Begin an empty transcript.

        Args:
            decode: joins tokens to text; an unfinished character must come out as U+FFFD.
            ends: tokens that end the completion, and what each means.
            silent: tokens that are no text and end nothing.
            context: the last tokens before the completion, for tokenizers that look back.
            stop_before: end where this text appears.
            on_text: receives the text, piece by piece.
        """
        self.stopped: StopReason | None = None
        self.n_tokens = 0
        self._decode, self._ends, self._silent = decode, ends, frozenset(silent)
        self._stop_before, self._on_text = stop_before, on_text
        self._ids = list(context)
        self._n_decoded = len(self._ids)  # tokens whose text is in self._text
        self._first = 0  # decoding begins here; everything before is settled
        self._text = ""
        self._n_released = 0

    def push(self, token: int) -> None:
        """Take the next token; `stopped` is set when it was the last.

        Tokens after the last are ignored: transformers writes one more before it sees the stop.
        """
        if self.stopped is not None:
            return
        self.n_tokens += 1
        if token in self._ends:
            self.stopped = self._ends[token]
        elif token not in self._silent:
            self._ids.append(token)
            self._append(self._decode_new())

    def finish(self) -> str:
        """Release what was held back and return the whole text."""
        if self.stopped is not StopReason.SUFFIX:
            self._append(self._decode_new(is_last=True))
            self._release(len(self._text))
        return self._text

    def _decode_new(self, *, is_last: bool = False) -> str:
        known = self._decode(self._ids[self._first : self._n_decoded])
        text = self._decode(self._ids[self._first :])
        if text.endswith(_INCOMPLETE) and not is_last:
            return ""
        self._first, self._n_decoded = self._n_decoded, len(self._ids)
        return text[len(known) :]

    def _append(self, piece: str) -> None:
        self._text += piece
        if self._stop_before is None:
            self._release(len(self._text))
            return
        start = self._text.find(self._stop_before, self._n_released)
        if start >= 0:
            self._text, self.stopped = self._text[:start], StopReason.SUFFIX
            self._release(start)
        else:
            self._release(len(self._text) - _overlap(self._text, self._stop_before))

    def _release(self, stop: int) -> None:
        piece, self._n_released = self._text[self._n_released : stop], stop
        if piece and self._on_text is not None:
            self._on_text(piece)


def _overlap(text: str, beginning: str) -> int:
    """Length of the longest end of `text` that is a true beginning of `beginning`."""
    longest = min(len(text), len(beginning) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(beginning[:n])), 0)
