"""The text of a completion while it arrives: where it ends, and what can be shown already.

`TextEnd` looks at text. A model that fills a hole should stop where the suffix begins, but small
ones run on into it. So the text also ends where the suffix's beginning appears, as it does at what
the user named, and whatever may still turn out to be such a text is held back.

`Transcript` turns tokens into that text. A token is not a character: byte-level tokens may split
one, so text is passed on at whole characters only. A few already read tokens are decoded again with
each new one, because some tokenizers write a token differently at the start of a text.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from sc2_attrib.generator.completion import StopReason
from sc2_attrib.generator.prompt import Prompt
from sc2_attrib.generator.sampling import Sampling

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


def stop_texts(prompt: Prompt, sampling: Sampling) -> dict[str, StopReason]:
    """Map each text in front of which a completion ends to what that means."""
    stops = dict.fromkeys(sampling.stop_strings, StopReason.STOP)
    head = suffix_head(prompt.suffix or "")
    return stops if head is None else {head: StopReason.SUFFIX, **stops}


class TextEnd:
    """Collects text, releases what certainly belongs to it, and knows where it ends."""

    def __init__(
        self,
        stops: Mapping[str, StopReason] | None = None,
        on_text: Callable[[str], None] | None = None,
    ) -> None:
        """Begin an empty text that ends in front of the first of `stops` to appear."""
        self.stopped: StopReason | None = None
        self._stops, self._on_text = stops or {}, on_text
        self._longest = max(map(len, self._stops), default=0)
        self._text = ""
        self._n_released = 0

    def append(self, piece: str) -> None:
        """Take more text; what follows the end is dropped."""
        if self.stopped is not None or not piece:
            return
        self._text += piece
        found = [(self._text.find(stop, self._n_released), stop) for stop in self._stops]
        found = [(start, stop) for start, stop in found if start >= 0]
        if found:
            start, stop = min(found)
            self._text, self.stopped = self._text[:start], self._stops[stop]
            self._release(start)
        else:
            self._release(len(self._text) - self._n_doubtful())

    def finish(self) -> str:
        """Release what was held back and return the whole text."""
        self._release(len(self._text))
        return self._text

    def _n_doubtful(self) -> int:
        """Length of the longest end of the text that is a true beginning of a stop."""
        held = self._text[self._n_released :]
        for n in range(min(len(held), self._longest - 1), 0, -1):
            if any(len(stop) > n and stop.startswith(held[-n:]) for stop in self._stops):
                return n
        return 0

    def _release(self, stop: int) -> None:
        piece, self._n_released = self._text[self._n_released : stop], stop
        if piece and self._on_text is not None:
            self._on_text(piece)


class Transcript:
    """Collects tokens and knows when the completion is over."""

    def __init__(
        self,
        decode: Callable[[Sequence[int]], str],
        *,
        ends: Mapping[int, StopReason],
        silent: Iterable[int] = (),
        context: Sequence[int] = (),
        stops: Mapping[str, StopReason] | None = None,
        on_text: Callable[[str], None] | None = None,
    ) -> None:
        """Begin an empty transcript.

        Args:
            decode: joins tokens to text; an unfinished character must come out as U+FFFD.
            ends: tokens that end the completion, and what each means.
            silent: tokens that are no text and end nothing.
            context: the last tokens before the completion, for tokenizers that look back.
            stops: texts in front of which it ends, and what each means.
            on_text: receives the text, piece by piece.
        """
        self.stopped: StopReason | None = None
        self.tokens: list[int] = []
        self._decode, self._ends, self._silent = decode, ends, frozenset(silent)
        self._text = TextEnd(stops, on_text)
        self._ids = list(context)
        self._n_decoded = len(self._ids)  # tokens whose text was passed on
        self._first = 0  # decoding begins here; everything before is settled
        self._known: str | None = None  # the text of what is decoded again, once it is known

    @property
    def n_tokens(self) -> int:
        """Count the tokens that were taken, the last included."""
        return len(self.tokens)

    def push(self, token: int) -> None:
        """Take the next token; `stopped` is set when it was the last.

        Tokens after the last are ignored: transformers writes one more before it sees the stop.
        """
        if self.stopped is not None:
            return
        self.tokens.append(token)
        if token in self._ends:
            self.stopped = self._ends[token]
        elif token not in self._silent:
            self._ids.append(token)
            self._append(self._decode_new())

    def finish(self) -> str:
        """Release what was held back and return the whole text."""
        self._append(self._decode_new(is_last=True))
        return self._text.finish()

    def _append(self, piece: str) -> None:
        self._text.append(piece)
        self.stopped = self.stopped or self._text.stopped

    def _decode_new(self, *, is_last: bool = False) -> str:
        if self._known is None:
            self._known = self._decode(self._ids[self._first : self._n_decoded])
        text = self._decode(self._ids[self._first :])
        if text.endswith(_INCOMPLETE) and not is_last:
            return ""
        piece = text[len(self._known) :]
        self._first, self._n_decoded = self._n_decoded, len(self._ids)
        self._known = None
        return piece
