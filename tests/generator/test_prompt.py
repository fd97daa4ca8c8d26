"""Prompts: what is refused, how a hole is laid out, and what a truncation keeps."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_attrib.generator.prompt import (
    SPECIAL_TOKENS,
    FimOrder,
    FimTokens,
    Prompt,
    PromptFormat,
    Truncation,
    arrange,
    lay_out,
)
from sc2_attrib.index.errors import UsageError

FIM = FimTokens(prefix=1001, suffix=1002, middle=1003)
OPENING = 1000


class ByteCodec:
    """A token a byte: the shortest tokens a byte-level tokenizer can have."""

    def encode(self, text: str) -> list[int]:
        return list(text.encode())

    def decode(self, ids: Sequence[int]) -> str:
        return bytes(ids).decode(errors="replace")


def model_format(context: int = 100, **changes: object) -> PromptFormat:
    values: dict[str, object] = {"model": "bytes", "context": context, "fim": FIM, **changes}
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


@pytest.mark.parametrize(
    ("suffix", "order", "expected"),
    [
        (None, FimOrder.PREFIX_SUFFIX_MIDDLE, (1, 2)),
        ([3], FimOrder.PREFIX_SUFFIX_MIDDLE, (1001, 1, 2, 1002, 3, 1003)),
        ([], FimOrder.PREFIX_SUFFIX_MIDDLE, (1001, 1, 2, 1002, 1003)),
        (None, FimOrder.SUFFIX_PREFIX_MIDDLE, (1, 2)),
        ([3], FimOrder.SUFFIX_PREFIX_MIDDLE, (1001, 1002, 3, 1003, 1, 2)),
    ],
)
@pytest.mark.parametrize("opening", [(), (OPENING,)])
def test_layout(
    suffix: list[int] | None, order: FimOrder, expected: tuple[int, ...], opening: tuple[int, ...]
) -> None:
    """Each order puts the marks where its models were taught them, behind the opening."""
    ids = arrange([1, 2], suffix, model_format(fim_order=order, opening=opening))
    assert ids == opening + expected


def test_a_hole_needs_a_model_with_fim_tokens() -> None:
    """A model without the marks refuses a suffix instead of ignoring it."""
    with pytest.raises(UsageError, match="model bytes has no fill-in-the-middle tokens"):
        lay_out(Prompt("a", "b"), model_format(fim=None), codec=ByteCodec(), max_new_tokens=1)


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
    context=st.integers(min_value=12, max_value=60),
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
    assert len(laid_out.ids) <= context - 4
    assert laid_out.ids == arrange(codec.encode(sent.prefix), sent_suffix, layout)
    assert (suffix or "").startswith(sent.suffix or "")


def test_special_tokens_are_those_of_starcoder2() -> None:
    """There are 38 distinct ones, and the fill-in-the-middle marks have StarCoder2's ids."""
    assert len(SPECIAL_TOKENS) == len(set(SPECIAL_TOKENS)) == 38
    assert SPECIAL_TOKENS[:4] == ("<|endoftext|>", "<fim_prefix>", "<fim_middle>", "<fim_suffix>")
