"""Trains a small real StarCoder2 until it knows a few texts by heart.

The parts are StarCoder2's own, only smaller: transformers' `Starcoder2ForCausalLM` with grouped
query and sliding window attention, byte-level BPE with its special tokens, and its layout of
repository, path and holes. The window is as long as what is trained, so positions further apart
than any the model has seen never meet.

Hidden matrices are trained by Muon, embeddings, biases and norms by AdamW; AdamW alone takes two to
three times the steps. In float32, because bfloat16 is emulated on most processors: 13 times slower
where it was measured. On one core, see `one_thread`.
"""

from __future__ import annotations

import math
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sc2_attrib.generator.backend import backend, one_thread
from sc2_attrib.generator.checkpoint import write_traits
from sc2_attrib.generator.demo.muon import Muon
from sc2_attrib.generator.demo.texts import REPOSITORY, TrainingText
from sc2_attrib.generator.demo.windows import TokenizedText, WindowSampler
from sc2_attrib.generator.prompt import SPECIAL_TOKENS, FimOrder
from sc2_attrib.index.errors import UsageError

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer
    from transformers import Starcoder2ForCausalLM

Progress = Callable[[int, int, float], None]
"""Called after each step with its number from 1, the number of steps, and the loss."""

DEMO_ID = "demo"

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_DEFINITION = re.compile(r"[ \t]*(async def|def|class)\b")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Sizes and hyperparameters; the defaults are those measured for the demo's texts.

    `vocabulary` is an upper bound: a short text has fewer pairs to merge.
    """

    n_steps: int = 220
    n_warm_up: int = 20
    batch: int = 8  # windows a step
    window: int = 128  # tokens
    hole_share: float = 0.7  # of the windows
    vocabulary: int = 4096
    n_layers: int = 2
    hidden_size: int = 128
    intermediate_size: int = 512
    n_heads: int = 4
    n_key_value_heads: int = 2
    context: int = 2048  # tokens; the sliding window reads any length, this bounds the memory
    muon_rate: float = 0.03
    adam_rate: float = 0.06


DEMO_RECIPE = Recipe()


def train_demo(
    documents: Sequence[TrainingText],
    folder: Path,
    *,
    progress: Progress | None = None,
    seed: int = 0,
    recipe: Recipe = DEMO_RECIPE,
) -> None:
    """Train on `documents` and save the model as `folder`, which appears only when it is whole.

    The seed decides everything: the same call on the same machine writes the same weights.

    Raises:
        UsageError: `folder` exists, or the documents hold no text.
        ModelUnavailableError: torch and transformers are not installed.
    """
    if folder.exists():
        raise UsageError(f"{folder}: exists already; remove it or name another folder")
    if not any(document.text for document in documents):
        raise UsageError("the documents to train on hold no text")
    with backend(), one_thread():
        tokenizer = _train_tokenizer(documents, recipe)
        texts = [_tokenize(document, tokenizer) for document in documents if document.text]
        network = _new_network(tokenizer, recipe, seed)
        _train_network(network, texts, recipe, seed=seed, progress=progress)
        with _whole_or_nothing(folder) as unfinished:
            _save(network, tokenizer, unfinished, recipe)


def _train_tokenizer(documents: Sequence[TrainingText], recipe: Recipe) -> Tokenizer:
    """Train StarCoder2's kind of tokenizer, with one rule more: a line break stands alone.

    So the tokens of a prompt that ends at a line break are those of the training text.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex("\n"), "isolated"),
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=recipe.vocabulary,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((document.text for document in documents), trainer)
    tokenizer.encode_special_tokens = True  # a special token's name in a text is text
    return tokenizer


def _tokenize(document: TrainingText, tokenizer: Tokenizer) -> TokenizedText:
    lines = _LINE.findall(document.text)
    ids = [tokenizer.encode(line).ids for line in lines]
    starts = np.cumsum([0, *map(len, ids)])[:-1]
    is_definition = np.array([_DEFINITION.match(line) is not None for line in lines])
    special = {name: tokenizer.token_to_id(name) for name in ("<repo_name>", "<file_sep>")}
    header = [
        special["<repo_name>"],
        *tokenizer.encode(REPOSITORY).ids,
        special["<file_sep>"],
        *tokenizer.encode(f"{document.path}\n").ids,
    ]
    return TokenizedText(
        header=np.array(header, dtype=np.int64),
        tokens=np.array([token for line in ids for token in line], dtype=np.int64),
        lines=starts,
        definitions=starts[is_definition],
    )


def _new_network(tokenizer: Tokenizer, recipe: Recipe, seed: int) -> Starcoder2ForCausalLM:
    import torch
    from transformers import Starcoder2Config, Starcoder2ForCausalLM

    end = tokenizer.token_to_id("<|endoftext|>")
    config = Starcoder2Config(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=recipe.hidden_size,
        intermediate_size=recipe.intermediate_size,
        num_hidden_layers=recipe.n_layers,
        num_attention_heads=recipe.n_heads,
        num_key_value_heads=recipe.n_key_value_heads,
        max_position_embeddings=recipe.context,
        sliding_window=recipe.window,
        bos_token_id=end,
        eos_token_id=end,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Starcoder2ForCausalLM(config)


def _train_network(
    network: Starcoder2ForCausalLM,
    texts: Sequence[TokenizedText],
    recipe: Recipe,
    *,
    seed: int,
    progress: Progress | None,
) -> None:
    import torch

    sampler = WindowSampler(
        texts,
        {name: i for i, name in enumerate(SPECIAL_TOKENS)},
        length=recipe.window + 1,  # each token but the last predicts the next one
        hole_share=recipe.hole_share,
        rng=np.random.default_rng(seed),
    )
    hidden, others = _split_parameters(network)
    muon = Muon(hidden)
    adam = torch.optim.AdamW(others, betas=(0.9, 0.95), weight_decay=0.0)
    for step in range(1, recipe.n_steps + 1):
        tokens, weights = map(torch.from_numpy, sampler.draw(recipe.batch))
        loss = _loss(network, tokens, weights)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own gap
        pace = _pace(step, recipe)
        adam.param_groups[0]["lr"] = recipe.adam_rate * pace
        adam.step()
        muon.step(recipe.muon_rate * pace)
        network.zero_grad()
        if progress is not None:
            progress(step, recipe.n_steps, loss.item())


def _split_parameters(
    network: Starcoder2ForCausalLM,
) -> tuple[list[torch.nn.Parameter], list[torch.nn.Parameter]]:
    """Separate the matrices between two hidden states from everything else."""
    hidden: list[torch.nn.Parameter] = []
    others: list[torch.nn.Parameter] = []
    for name, parameter in network.named_parameters():
        is_hidden = ".layers." in name and parameter.ndim == 2
        (hidden if is_hidden else others).append(parameter)
    return hidden, others


def _loss(
    network: Starcoder2ForCausalLM, tokens: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    """Return the weighted mean cross entropy of each next token."""
    from torch.nn.functional import cross_entropy

    logits = network(input_ids=tokens[:, :-1], use_cache=False).logits
    losses = cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), reduction="none")
    next_weights = weights[:, 1:].flatten()
    return (losses * next_weights).sum() / next_weights.sum()


def _pace(step: int, recipe: Recipe) -> float:
    """Return the share of the full learning rate at a step: a short rise, then half a cosine."""
    rise = min(1.0, step / recipe.n_warm_up)
    return rise * (1 + math.cos(math.pi * (step - 1) / recipe.n_steps)) / 2


@contextmanager
def _whole_or_nothing(folder: Path) -> Iterator[Path]:
    """Give a sibling to write to, which becomes `folder` at the end of the block."""
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}")
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _save(
    network: Starcoder2ForCausalLM, tokenizer: Tokenizer, folder: Path, recipe: Recipe
) -> None:
    from transformers import PreTrainedTokenizerFast

    end = SPECIAL_TOKENS[0]
    wrapped = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # transformers' own gap
        tokenizer_object=tokenizer,
        bos_token=end,
        eos_token=end,
        unk_token=end,
        additional_special_tokens=list(SPECIAL_TOKENS[1:]),
        model_max_length=recipe.context,
    )
    network.save_pretrained(folder)
    wrapped.save_pretrained(folder)
    write_traits(folder, model_id=DEMO_ID, fim_order=FimOrder.SUFFIX_PREFIX_MIDDLE)
