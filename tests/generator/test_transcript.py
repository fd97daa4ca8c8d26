"""The text of a completion as its tokens arrive: characters, ends and the suffix."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_attrib.generator.completion import StopReason
from sc2_attrib.generator.transcript import SUFFIX_HEAD_CHARS, Transcript, suffix_head

END, FILE_SEP, SILENT = 256, 257, 258
ENDS = {END: StopReason.EOS, FILE_SEP: StopReason.FILE_SEP}
HEAD = "\nreturn total + tax_rate"


def decode_bytes(ids: Sequence[int]) -> str:
    return bytes(ids).decode(errors="replace")


def decode_words(ids: Sequence[int]) -> str:
    """Decode as SentencePiece does: a space before each word but the first."""
    return " ".join("abcdefgh"[i] for i in ids)


def transcribe(
    tokens: Sequence[int], stop_before: str | None = None
) -> tuple[str, list[str], StopReason | None]:
    """Push all tokens; return the text, its pieces as released, and why it stopped."""
    pieces: list[str] = []
    stops = {} if stop_before is None else {stop_before: StopReason.SUFFIX}
    transcript = Transcript(
        decode_bytes, ends=ENDS, silent=[SILENT], stops=stops, on_text=pieces.append
    )
    for token in tokens:
        transcript.push(token)
    return transcript.finish(), pieces, transcript.stopped


@given(st.text())
def test_text_is_released_in_whole_characters(text: str) -> None:
    """A token a byte: no piece holds half a character, and the pieces are the text."""
    result, pieces, stopped = transcribe(list(text.encode()))
    assert result == "".join(pieces) == text
    assert len(pieces) == len(text)
    assert stopped is None


@given(st.binary())
def test_bytes_that_are_no_text_come_out_as_replacement_characters(raw: bytes) -> None:
    """Whatever bytes a model writes, the streamed pieces are the decoded text."""
    result, pieces, _ = transcribe(list(raw))
    assert result == "".join(pieces) == raw.decode(errors="replace")


def test_an_unfinished_character_appears_at_the_end() -> None:
    """A model cut off within a character leaves one replacement character."""
    assert transcribe([0x61, 0xE2, 0x82])[:2] == ("a\ufffd", ["a", "\ufffd"])


def test_a_tokenizer_may_look_back_at_the_prompt() -> None:
    """The first new word keeps its space, because the prompt's last tokens are known."""
    transcript = Transcript(decode_words, ends={}, context=[0, 1])
    for token in (2, 3, 4):
        transcript.push(token)
    assert transcript.finish() == " c d e"


@pytest.mark.parametrize(("token", "reason"), ENDS.items())
def test_an_ending_token_ends_the_text(token: int, reason: StopReason) -> None:
    """Nothing after it counts, neither as text nor as token: the model may write one more."""
    transcript = Transcript(decode_bytes, ends=ENDS)
    for each in (0x61, token, 0x62):
        transcript.push(each)
    assert (transcript.finish(), transcript.stopped, transcript.n_tokens) == ("a", reason, 2)


def test_silent_tokens_are_no_text() -> None:
    """A token of the frame that ends nothing is counted but not shown."""
    assert transcribe([0x61, SILENT, 0x62])[0] == "ab"


@pytest.mark.parametrize(
    ("written", "text", "stopped"),
    [
        ("x = 1" + HEAD + "more", "x = 1", StopReason.SUFFIX),
        (HEAD, "", StopReason.SUFFIX),
        ("x = 1" + HEAD[:-1], "x = 1" + HEAD[:-1], None),  # held back, then released
        ("\nreturn" + HEAD, "\nreturn", StopReason.SUFFIX),  # a false start before the true one
        ("nothing like it", "nothing like it", None),
    ],
)
def test_a_middle_ends_where_the_suffix_begins(
    written: str, text: str, stopped: StopReason | None
) -> None:
    """The suffix's beginning is cut off, and no part of it was ever shown."""
    result, pieces, reason = transcribe(list(written.encode()), stop_before=HEAD)
    assert result == "".join(pieces) == text
    assert reason is stopped


@given(st.text(alphabet="ab\n", max_size=30), st.text(alphabet="ab\n", min_size=1, max_size=6))
def test_streaming_never_shows_what_is_cut(written: str, head: str) -> None:
    """For any text, what was shown is exactly the text before the first occurrence."""
    result, pieces, _ = transcribe(list(written.encode()), stop_before=head)
    assert "".join(pieces) == result == written.split(head)[0]


@pytest.mark.parametrize(
    ("suffix", "head"),
    [
        ("", None),
        (")\n", None),
        ("x" * (SUFFIX_HEAD_CHARS - 1), None),
        ("x" * SUFFIX_HEAD_CHARS, "x" * SUFFIX_HEAD_CHARS),
        ("\n  " + "x " * SUFFIX_HEAD_CHARS, "\n  " + "x " * (SUFFIX_HEAD_CHARS - 1) + "x"),
    ],
)
def test_a_suffix_is_known_by_its_first_visible_characters(suffix: str, head: str | None) -> None:
    """White space doesn't count, and a short suffix could stand in the middle itself."""
    assert suffix_head(suffix) == head
