"""Prompts: what is refused, how a hole is laid out, and what a truncation keeps."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_attrib.generator.layout import Mark, Parts, PromptFormat, arrange, lay_out
from sc2_attrib.generator.prompt import (
    SPECIAL_TOKENS,
    FimOrder,
    Prompt,
    Repository,
    RepositoryFile,
    Truncation,
)
from sc2_attrib.index.errors import UsageError

MARKS = {
    Mark.FIM_PREFIX: 1001,
    Mark.FIM_SUFFIX: 1002,
    Mark.FIM_MIDDLE: 1003,
    Mark.REPO_NAME: 1004,
    Mark.FILE_SEP: 1005,
}
OPENING = 1000


class ByteCodec:
    """A token a byte: the shortest tokens a byte-level tokenizer can have."""

    def encode(self, text: str) -> list[int]:
        return list(text.encode())

    def decode(self, ids: Sequence[int]) -> str:
        return bytes(ids).decode(errors="replace")


def model_format(context: int = 100, **changes: object) -> PromptFormat:
    values: dict[str, object] = {"model": "bytes", "context": context, "marks": MARKS, **changes}
    return PromptFormat(**values)  # type: ignore[arg-type]  # a table of keyword arguments


@pytest.mark.parametrize(("prefix", "suffix"), [("", None), ("", "")])
def test_an_empty_prompt_is_refused(prefix: str, suffix: str | None) -> None:
    """Without any text there is nothing to complete."""
    with pytest.raises(UsageError, match="the prompt is empty"):
        Prompt(prefix, suffix)


@pytest.mark.parametrize(
    ("prefix", "suffix", "what"), [("ab\udc80", None, "prompt"), ("a", "\ud800", "suffix")]
)
def test_text_that_utf8_cannot_hold_is_refused(prefix: str, suffix: str | None, what: str) -> None:
    """Half a surrogate pair (a broken argument) is named, not passed to the tokenizer."""
    with pytest.raises(UsageError, match=f"the {what} is not valid text: character"):
        Prompt(prefix, suffix)


PSM, SPM = FimOrder.PREFIX_SUFFIX_MIDDLE, FimOrder.SUFFIX_PREFIX_MIDDLE
REPOSITORY = Repository("o/r", "c", (RepositoryFile("a", "1"), RepositoryFile("b", "2")), 100)


@pytest.mark.parametrize(
    ("prompt", "order", "text"),
    [
        (Prompt("xy"), PSM, "xy"),
        (Prompt("xy", "z"), PSM, "<fim_prefix>xy<fim_suffix>z<fim_middle>"),
        (Prompt("xy", ""), PSM, "<fim_prefix>xy<fim_suffix><fim_middle>"),
        (Prompt("xy"), SPM, "xy"),
        (Prompt("xy", "z"), SPM, "<fim_prefix><fim_suffix>z<fim_middle>xy"),
        (
            Prompt("xy", None, REPOSITORY),
            PSM,
            "<repo_name>o/r<file_sep>b\n2<file_sep>a\n1<file_sep>c\nxy",
        ),
        (
            Prompt("xy", "z", REPOSITORY),
            PSM,
            "<repo_name>o/r<file_sep>b\n2<file_sep>a\n1"
            "<file_sep><fim_prefix>c\nxy<fim_suffix>z<fim_middle>",
        ),
        (
            Prompt("xy", "z", REPOSITORY),
            SPM,
            "<repo_name>o/r<file_sep>b\n2<file_sep>a\n1"
            "<file_sep><fim_prefix><fim_suffix>z<fim_middle>c\nxy",
        ),
        (Prompt("xy", None, Repository("o/r", None, (), 9)), PSM, "<repo_name>o/r<file_sep>xy"),
    ],
)
@pytest.mark.parametrize("opening", [(), (OPENING,)])
def test_layout(prompt: Prompt, order: FimOrder, text: str, opening: tuple[int, ...]) -> None:
    """Marks stand where models were taught them, the most relevant file last; ids say the same."""
    layout = model_format(200, fim_order=order, opening=opening)
    laid_out = lay_out(prompt, layout, codec=ByteCodec(), max_new_tokens=1)
    names = {token: mark.value for mark, token in MARKS.items()} | {OPENING: ""}
    assert laid_out.text == text
    assert laid_out.ids[: len(opening)] == opening
    assert "".join(names.get(token, chr(token % 256)) for token in laid_out.ids) == text


@pytest.mark.parametrize(
    ("max_tokens", "context", "kept"),
    [
        (100, 100, ["a", "long", "b"]),
        (15, 100, ["a", "b"]),  # four tokens each; the long one has 18
        (100, 28, ["a", "b"]),
        (3, 100, []),
        (100, 12, []),
    ],
)
def test_neighbours_are_shown_as_far_as_there_is_room(
    max_tokens: int, context: int, kept: list[str]
) -> None:
    """Whole files in the order of relevance, within the user's budget and the model's context."""
    files = (RepositoryFile("a", "1"), RepositoryFile("long", "x" * 12), RepositoryFile("b", "2"))
    prompt = Prompt("xy", None, Repository("o/r", "c", files, max_tokens))
    laid_out = lay_out(prompt, model_format(context), codec=ByteCodec(), max_new_tokens=1)
    assert laid_out.sent.repository is not None
    assert [file.path for file in laid_out.sent.repository.files] == kept
    assert len(laid_out.ids) <= context - 1


def test_a_repository_needs_a_model_with_its_tokens() -> None:
    """A model that was not taught repositories refuses one instead of ignoring it."""
    prompt = Prompt("a", None, Repository("o/r", None, (), 9))
    with pytest.raises(UsageError, match="model bytes has no tokens for repositories"):
        lay_out(prompt, model_format(marks={}), codec=ByteCodec(), max_new_tokens=1)


def test_a_hole_needs_a_model_with_fim_tokens() -> None:
    """A model without the marks refuses a suffix instead of ignoring it."""
    with pytest.raises(UsageError, match="model bytes has no fill-in-the-middle tokens"):
        lay_out(Prompt("a", "b"), model_format(marks={}), codec=ByteCodec(), max_new_tokens=1)


@pytest.mark.parametrize(
    ("prompt", "max_new_tokens"),
    [
        (Prompt("x" * 90), 10),
        (Prompt("x" * 80, "y" * 7), 10),  # three marks
    ],
)
def test_a_prompt_that_just_fits_is_sent_whole(prompt: Prompt, max_new_tokens: int) -> None:
    """Prompt, marks and new tokens may fill the context to the last token."""
    laid_out = lay_out(prompt, model_format(), codec=ByteCodec(), max_new_tokens=max_new_tokens)
    assert laid_out.sent == prompt
    assert len(laid_out.ids) == 100 - max_new_tokens


@pytest.mark.parametrize("prompt", [Prompt("x" * 91), Prompt("x" * 80, "y" * 8)])
def test_a_prompt_one_token_too_long_is_refused_with_the_numbers(prompt: Prompt) -> None:
    """The message holds the length, the limit, its parts and the way out."""
    with pytest.raises(UsageError) as caught:
        lay_out(prompt, model_format(), codec=ByteCodec(), max_new_tokens=10)
    assert str(caught.value) == (
        "the prompt is 91 tokens long, but model bytes can read 90 (its 100 minus 10 new ones);"
        " shorten it or give --truncate-prompt left|middle"
    )


@pytest.mark.parametrize("truncation", [None, *Truncation])
def test_new_tokens_that_fill_the_context_are_refused(truncation: Truncation | None) -> None:
    """No truncation can make room where max_new_tokens takes it all."""
    with pytest.raises(UsageError, match="max_new_tokens is 100, but model bytes"):
        lay_out(
            Prompt("x"),
            model_format(),
            codec=ByteCodec(),
            max_new_tokens=100,
            truncation=truncation,
        )


@pytest.mark.parametrize(
    ("truncation", "prompt", "kept"),
    [
        (Truncation.LEFT, Prompt("0123456789"), Prompt("456789")),
        (Truncation.MIDDLE, Prompt("0123456789"), Prompt("012789")),
        (Truncation.LEFT, Prompt("01234"), Prompt("01234")),
        # With a hole three marks leave room for three more.
        (Truncation.LEFT, Prompt("0123456789", "abcdefghij"), Prompt("89", "a")),
        (Truncation.LEFT, Prompt("0", "abcdefghij"), Prompt("0", "ab")),
        (Truncation.LEFT, Prompt("", "abcdefghij"), Prompt("", "abc")),
        (Truncation.LEFT, Prompt("0123456789", ""), Prompt("789", "")),
        (Truncation.MIDDLE, Prompt("0123456789", "a"), Prompt("09", "a")),
        # A character of three bytes is kept whole or not at all.
        (Truncation.LEFT, Prompt("0123€678"), Prompt("€678")),
        (Truncation.LEFT, Prompt("0123€67890"), Prompt("67890")),
        (Truncation.MIDDLE, Prompt("01€345€789"), Prompt("01789")),
    ],
)
def test_truncation(truncation: Truncation, prompt: Prompt, kept: Prompt) -> None:
    """Six tokens are kept at most: the ends that the option names, in whole characters."""
    laid_out = lay_out(
        prompt, model_format(10), codec=ByteCodec(), max_new_tokens=4, truncation=truncation
    )
    assert laid_out.sent == kept


@given(
    prefix=st.text(min_size=1, max_size=40),
    suffix=st.none() | st.text(max_size=40),
    context=st.integers(min_value=16, max_value=60),  # a character of four bytes always fits
    truncation=st.sampled_from(Truncation),
)
def test_a_truncated_prompt_fits_and_its_words_are_its_tokens(
    prefix: str, suffix: str | None, context: int, truncation: Truncation
) -> None:
    """Whatever is cut, what is sent fits, and `sent` says exactly what the tokens say."""
    codec, layout = ByteCodec(), model_format(context)
    laid_out = lay_out(
        Prompt(prefix, suffix), layout, codec=codec, max_new_tokens=4, truncation=truncation
    )
    sent = laid_out.sent
    sent_suffix = None if sent.suffix is None else codec.encode(sent.suffix)
    pieces = arrange(Parts(codec.encode(sent.prefix), sent_suffix), layout.fim_order)
    ids = [[MARKS[each]] if isinstance(each, Mark) else each for each in pieces]
    assert len(laid_out.ids) <= context - 4
    assert laid_out.ids == tuple(token for some in ids for token in some)
    assert (suffix or "").startswith(sent.suffix or "")


@pytest.mark.parametrize("prompt", [Prompt("\U00010000"), Prompt("\U00010000", "\u0800")])
def test_no_part_of_a_character_is_sent(prompt: Prompt) -> None:
    """Where not one whole character fits, the prompt is too long however it may be cut."""
    with pytest.raises(UsageError, match="tokens long"):
        lay_out(
            prompt,
            model_format(8),
            codec=ByteCodec(),
            max_new_tokens=5 if prompt.suffix is None else 3,
            truncation=Truncation.LEFT,
        )


def test_special_tokens_are_those_of_starcoder2() -> None:
    """There are 38 distinct ones, and the fill-in-the-middle marks have StarCoder2's ids."""
    assert len(SPECIAL_TOKENS) == len(set(SPECIAL_TOKENS)) == 38
    assert SPECIAL_TOKENS[:4] == ("<|endoftext|>", "<fim_prefix>", "<fim_middle>", "<fim_suffix>")
