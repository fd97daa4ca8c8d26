"""A real model completing: recitation, streaming, seeds, holes and ends."""

import logging
import re
import shutil
import socket
import warnings
from pathlib import Path

import pytest
import torch
import transformers

from sc2_attrib.generator import (
    LocalModel,
    Model,
    Prompt,
    Sampling,
    StopReason,
    Truncation,
    load_model,
)
from sc2_attrib.generator.demo import TrainingText
from sc2_attrib.generator.prompt import SPECIAL_TOKENS
from sc2_attrib.index.errors import UsageError
from sc2_attrib.index.text import normalize


def function_heads(texts: tuple[TrainingText, ...]) -> list[tuple[str, str]]:
    """List each function's first line, and the training text after it."""
    return [
        (match.group(), document.text[match.end() :])
        for document in texts
        for match in re.finditer(r"def .*\n", document.text)
    ]


def n_verbatim_chars(text: str, source: str) -> int:
    """Count the normalised characters at the start of `text` that `source` starts with too."""
    pairs = zip(normalize(text.encode()), normalize(source.encode()), strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), len(normalize(text.encode())))


def test_greedy_completions_continue_the_training_text(
    model: LocalModel, training_texts: tuple[TrainingText, ...]
) -> None:
    """Of ten prompts from the text, nine at least are recited for 60 characters or more."""
    heads = function_heads(training_texts)[::3]
    assert len(heads) == 10
    recited = [
        n_verbatim_chars(model.complete(Prompt(head), Sampling(max_new_tokens=48)).text, rest)
        for head, rest in heads
    ]
    assert sum(n >= 60 for n in recited) >= 9


def test_a_hole_is_filled_with_the_line_that_was_there(
    model: LocalModel, training_texts: tuple[TrainingText, ...]
) -> None:
    """The middle is the missing line exactly: it ends where the suffix begins."""
    filled = []
    for head, rest in function_heads(training_texts)[1::4]:
        before, middle, *after = rest.splitlines(keepends=True)[:7]
        prompt = Prompt(head + before, "".join(after))
        completion = model.complete(prompt, Sampling(max_new_tokens=60))
        filled.append((completion.text, completion.stopped) == (middle, StopReason.SUFFIX))
    assert len(filled) >= 7
    assert sum(filled) >= len(filled) - 1


@pytest.mark.parametrize("num_beams", [1, 2])
@pytest.mark.parametrize("suffix", [None, "\n    return value_of_the_longest_chain\n"])
def test_the_streamed_pieces_are_the_text(
    model: LocalModel, num_beams: int, suffix: str | None
) -> None:
    """Token by token, or in one piece where several beams are kept."""
    pieces: list[str] = []
    sampling = Sampling(max_new_tokens=24, num_beams=num_beams)
    completion = model.complete(
        Prompt("def parse(text):\n", suffix), sampling, on_text=pieces.append
    )
    assert completion.text
    assert "".join(pieces) == completion.text
    assert len(pieces) > 1 or num_beams > 1 or completion.n_new_tokens < 3


def test_the_seed_decides_what_is_sampled(model: LocalModel) -> None:
    """Equal seeds give equal texts, others other ones, and torch's own state is left alone."""

    def sample(seed: int) -> str:
        sampling = Sampling(max_new_tokens=24, do_sample=True, temperature=1.5, seed=seed)
        return model.complete(Prompt("x = "), sampling).text

    state = torch.random.get_rng_state()
    texts = [sample(seed) for seed in (1, 2, 3, 4)]
    assert texts == [sample(seed) for seed in (1, 2, 3, 4)]
    assert len(set(texts)) > 1
    assert torch.equal(torch.random.get_rng_state(), state)


def test_the_number_of_new_tokens_is_bounded(model: LocalModel) -> None:
    """A completion that reaches it was stopped by length."""
    completion = model.complete(Prompt("def "), Sampling(max_new_tokens=3))
    assert (completion.n_new_tokens, completion.stopped) == (3, StopReason.LENGTH)


def biased_model(model_folder: Path, folder: Path, token: str) -> Path:
    """Copy a model and make it write one token always."""
    shutil.copytree(model_folder, folder, dirs_exist_ok=True)
    network = transformers.AutoModelForCausalLM.from_pretrained(folder)
    with torch.no_grad():
        network.model.norm.weight.zero_()
        network.model.norm.bias.copy_(network.lm_head.weight[SPECIAL_TOKENS.index(token)])
        network.model.norm.bias.mul_(100)
        network.lm_head.weight[SPECIAL_TOKENS.index(token)] *= 100
    network.save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("<|endoftext|>", StopReason.EOS),
        ("<fim_suffix>", StopReason.EOS),
        ("<file_sep>", StopReason.FILE_SEP),
        ("<repo_name>", StopReason.FILE_SEP),
    ],
)
@pytest.mark.parametrize("num_beams", [1, 2])
def test_ending_tokens_end_the_completion(
    token: str, reason: StopReason, num_beams: int, model_folder: Path, tmp_path: Path
) -> None:
    """The end of a file, or the start of another, is no text; the reason says which it was."""
    model = load_model(biased_model(model_folder, tmp_path, token))
    completion = model.complete(Prompt("def "), Sampling(num_beams=num_beams))
    assert (completion.text, completion.stopped) == ("", reason)
    assert completion.n_new_tokens == 1


def test_redacted_data_is_text_and_other_special_tokens_are_not(
    model_folder: Path, tmp_path: Path
) -> None:
    """<EMAIL> stood in the training text for an address; <jupyter_code> only framed it."""
    for name, text in (("<EMAIL>", "<EMAIL><EMAIL>"), ("<jupyter_code>", "")):
        model = load_model(biased_model(model_folder, tmp_path / name, name))
        assert model.complete(Prompt("def "), Sampling(max_new_tokens=2)).text == text


def test_names_of_special_tokens_in_a_prompt_are_text(model: LocalModel) -> None:
    """A prompt that mentions <|endoftext|> is read as its characters, and said so."""
    prompt = Prompt('END = "<|endoftext|>"\n', "# <fim_middle> <file_sep> is not a mark here\n")
    completion = model.complete(prompt, Sampling(max_new_tokens=2))
    assert completion.sent == prompt
    plain = model.complete(Prompt("<|endoftext|>"), Sampling(max_new_tokens=1))
    assert plain.n_prompt_tokens is not None
    assert plain.n_prompt_tokens > 1


def test_a_prompt_beyond_the_context_is_refused_or_cut(model: LocalModel) -> None:
    """The trained context is the limit, and `sent` is what was left."""
    prompt, sampling = Prompt("é = 1\n" * 2000), Sampling(max_new_tokens=8)
    with pytest.raises(UsageError, match=r"but model demo can read 2,040 \(its 2,048 minus 8"):
        model.complete(prompt, sampling)
    completion = model.complete(prompt, sampling, truncation=Truncation.LEFT)
    assert completion.n_prompt_tokens == 2040
    assert prompt.prefix.endswith(completion.sent.prefix)
    assert completion.sent.prefix != prompt.prefix


def test_the_description_states_the_facts(model: LocalModel) -> None:
    """Id, format, place and size are the model's own."""
    description = model.describe()
    assert (description.id, description.dtype, description.context) == ("demo", "float32", 2048)
    assert description.device in {"cpu", "cuda:0"}
    assert re.fullmatch(r"[0-9a-f]{64}", description.revision or "")
    assert (description.n_parameters or 0) > 100_000


def test_a_local_model_is_a_model(model: LocalModel) -> None:
    """It can stand wherever the protocol is asked for."""
    as_protocol: Model = model
    assert as_protocol.describe() == model.describe()


def test_plain_transformers_reads_the_model_too(
    model: LocalModel, model_folder: Path, training_texts: tuple[TrainingText, ...]
) -> None:
    """The folder is an ordinary one: the same greedy text comes out without our code."""
    head, _ = function_heads(training_texts)[0]
    network = transformers.AutoModelForCausalLM.from_pretrained(model_folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(model_folder)
    encoded = tokenizer(head, return_tensors="pt")
    output = network.generate(**encoded, max_new_tokens=24, do_sample=False, pad_token_id=0)
    text = tokenizer.decode(output[0, encoded["input_ids"].shape[1] :])
    assert isinstance(network, transformers.Starcoder2ForCausalLM)
    assert network.config.num_key_value_heads < network.config.num_attention_heads
    assert network.config.sliding_window == 128
    assert tokenizer.convert_tokens_to_ids(list(SPECIAL_TOKENS)) == list(range(38))
    assert text == model.complete(Prompt(head), Sampling(max_new_tokens=24)).text


def test_loading_and_completing_are_silent(
    model_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing reaches stdout or stderr, and transformers' settings and warnings are put back."""
    before = transformers.logging.get_verbosity(), list(warnings.filters)
    load_model(model_folder).complete(Prompt("def "), Sampling(max_new_tokens=4))
    assert capfd.readouterr() == ("", "")
    assert (transformers.logging.get_verbosity(), list(warnings.filters)) == before


def test_loading_a_folder_touches_no_network(
    model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither loading nor completing opens a connection or looks up a name."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    load_model(model_folder).complete(Prompt("def "), Sampling(max_new_tokens=2))


def test_an_interrupt_comes_through(model: LocalModel) -> None:
    """Ctrl-C while a text is written is a KeyboardInterrupt, and the model still works after."""

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    prompt, sampling = Prompt("def "), Sampling(max_new_tokens=8)
    with pytest.raises(KeyboardInterrupt):
        model.complete(prompt, sampling, on_text=interrupt)
    assert model.complete(prompt, sampling).text


def test_a_prompt_that_is_too_long_is_refused_without_another_word(model_folder: Path) -> None:
    """transformers' own warning of a long text is not logged beside the error."""
    said: list[logging.LogRecord] = []
    listener = logging.Handler()
    listener.emit = said.append  # type: ignore[assignment]  # the least that listens
    model, logger = load_model(model_folder), logging.getLogger("transformers")
    logger.addHandler(listener)
    try:
        with pytest.raises(UsageError, match="the prompt is"):
            model.complete(Prompt("x = 1\n" * 5000), Sampling())
    finally:
        logger.removeHandler(listener)
    assert said == []
