"""A causal language model in this process: StarCoder2, or any other that transformers runs.

Only local files are read. Generation is transformers' own; what is added here is the prompt's
layout, the text as it comes (transcript.py), and where it ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sc2_attrib.generator.backend import backend, first_line, one_thread
from sc2_attrib.generator.checkpoint import Checkpoint, read_checkpoint
from sc2_attrib.generator.completion import Completion, ModelDescription, StopReason, TokenFilter
from sc2_attrib.generator.prompt import (
    REDACTIONS,
    SPECIAL_TOKENS,
    STARCODER2_CONTEXT,
    FimTokens,
    LaidOutPrompt,
    Prompt,
    PromptFormat,
    Truncation,
    lay_out,
)
from sc2_attrib.generator.sampling import Sampling
from sc2_attrib.generator.transcript import Transcript, suffix_head
from sc2_attrib.index.errors import ModelUnavailableError

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

_SMALL = 20_000_000  # weights; a model with fewer doesn't fill two cores
_LOOK_BACK = 4  # tokens before the completion that a tokenizer may need to decode it


class Dtype(StrEnum):
    """The number format of the weights; AUTO is the one they are stored in."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"


def load_model(folder: Path, *, dtype: Dtype = Dtype.AUTO, device: str = "auto") -> LocalModel:
    """Load a model that transformers saved in `folder`.

    Args:
        folder: config, weights and tokenizer; nothing is fetched.
        dtype: number format to compute in.
        device: a name torch knows, such as `cpu` or `cuda:1`; `auto` takes a GPU if there is one.

    Raises:
        ModelUnavailableError: the folder holds no usable model, the device can't be used, or
            torch and transformers are not installed.
    """
    checkpoint = read_checkpoint(folder)
    with backend():
        try:
            network = _load_network(folder, dtype).to(_torch_device(device)).eval()
            tokenizer = _load_tokenizer(folder, network.config.vocab_size)
        except (ImportError, ModelUnavailableError):
            raise
        except (
            Exception
        ) as err:  # a broken file surfaces as anything: OSError, KeyError, Rust's own
            raise ModelUnavailableError(
                f"{folder}: the model can't be loaded: {first_line(err)}"
            ) from err
    return LocalModel(checkpoint, network, tokenizer)


def _load_network(folder: Path, dtype: Dtype) -> Any:
    from transformers import AutoModelForCausalLM

    # With output_loading_info a pair comes back, which transformers' annotations don't say.
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=dtype.value,
        local_files_only=True,
        trust_remote_code=False,
        output_loading_info=True,
    )
    network, report = loaded
    if report["missing_keys"]:  # transformers would make up random ones
        raise ModelUnavailableError(
            f"{folder}: {len(report['missing_keys'])} weights are missing, such as"
            f" {min(report['missing_keys'])}; download the model again"
        )
    return network


def _load_tokenizer(folder: Path, n_known: int) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
        folder, local_files_only=True, trust_remote_code=False
    )
    text_ids = set(tokenizer.get_vocab().values()) - set(tokenizer.all_special_ids)
    if not text_ids:  # what transformers makes of a folder without tokenizer files
        raise ModelUnavailableError(f"{folder}: no tokenizer; download the model again")
    if max(text_ids) >= n_known:
        raise ModelUnavailableError(
            f"{folder}: the tokenizer has token {max(text_ids)}, but the weights know {n_known};"
            " one of them belongs to another model, download it again"
        )
    return tokenizer


def _torch_device(name: str) -> str:
    import torch

    if name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"


@dataclass(frozen=True, slots=True)
class TokenizerCodec:
    """A transformers tokenizer that takes text as text.

    `split_special_tokens`: a corpus or a user may well write `<|endoftext|>`, and means no command.
    """

    tokenizer: PreTrainedTokenizerBase

    def encode(self, text: str) -> list[int]:
        """Split text into tokens and add none."""
        encoded = self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)
        return list(encoded["input_ids"])

    def decode(self, ids: Sequence[int]) -> str:
        """Join tokens to the text they stand for."""
        text = self.tokenizer.decode(list(ids), clean_up_tokenization_spaces=False)
        assert isinstance(text, str)
        return text


class LocalModel:
    """A loaded model; `Model` (completion.py) says what the methods promise."""

    def __init__(
        self, checkpoint: Checkpoint, network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
    ) -> None:
        self._checkpoint, self._network = checkpoint, network
        self._codec = TokenizerCodec(tokenizer)
        vocabulary = tokenizer.get_vocab()
        self._format = PromptFormat(
            model=checkpoint.id,
            context=getattr(network.config, "max_position_embeddings", STARCODER2_CONTEXT),
            opening=tuple(tokenizer("")["input_ids"]),
            fim=_fim_tokens(vocabulary),
            fim_order=checkpoint.fim_order,
        )
        self._ends = _ends(vocabulary, _eos_ids(network, tokenizer))
        redactions = {vocabulary[name] for name in REDACTIONS & vocabulary.keys()}
        frame = {vocabulary[name] for name in SPECIAL_TOKENS if name in vocabulary}
        self._silent = (frame | set(tokenizer.all_special_ids)) - redactions

    def describe(self) -> ModelDescription:
        """Say which model this is."""
        return ModelDescription(
            id=self._checkpoint.id,
            revision=self._checkpoint.revision,
            dtype=str(self._network.dtype).removeprefix("torch."),
            device=str(self._network.device),
            n_parameters=self._network.num_parameters(),
            context=self._format.context,
        )

    def complete(
        self,
        prompt: Prompt,
        sampling: Sampling,
        *,
        truncation: Truncation | None = None,
        on_text: Callable[[str], None] | None = None,
        logits_processors: Sequence[TokenFilter] = (),
    ) -> Completion:
        """Continue a prompt, or fill its hole."""
        laid_out = lay_out(
            prompt,
            self._format,
            codec=self._codec,
            max_new_tokens=sampling.max_new_tokens,
            truncation=truncation,
        )
        transcript = self._begin(laid_out, on_text)
        started = time.perf_counter()
        with backend(), one_thread() if self._is_small else nullcontext():
            self._generate(laid_out, sampling, transcript, logits_processors)
        text = transcript.finish()
        return Completion(
            text=text,
            sent=laid_out.sent,
            n_prompt_tokens=len(laid_out.ids),
            n_new_tokens=transcript.n_tokens,
            stopped=transcript.stopped or StopReason.LENGTH,
            seconds=time.perf_counter() - started,
        )

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer, for whoever looks at single tokens."""
        return self._codec.tokenizer

    @property
    def _is_small(self) -> bool:
        return self._network.num_parameters() < _SMALL

    def _begin(self, laid_out: LaidOutPrompt, on_text: Callable[[str], None] | None) -> Transcript:
        suffix = laid_out.sent.suffix
        return Transcript(
            self._codec.decode,
            ends=self._ends,
            silent=self._silent,
            context=laid_out.ids[-_LOOK_BACK:],
            stop_before=None if suffix is None else suffix_head(suffix),
            on_text=on_text,
        )

    def _generate(
        self,
        laid_out: LaidOutPrompt,
        sampling: Sampling,
        transcript: Transcript,
        logits_processors: Sequence[TokenFilter],
    ) -> None:
        """Let transformers write, and feed the transcript token by token."""
        import torch
        from transformers import LogitsProcessorList, StoppingCriteriaList

        ids = torch.tensor([laid_out.ids], device=self._network.device)
        options: dict[str, Any] = {}
        if sampling.num_beams == 1:  # beams are rewritten until the end: nothing to stream or stop
            options["streamer"] = _Streamer(transcript)
            options["stopping_criteria"] = StoppingCriteriaList([_stop_with(transcript)])
        generate: Any = self._network.generate  # PreTrainedModel's annotations lack it
        with torch.inference_mode(), _seeded(sampling.seed):
            output = generate(
                inputs=ids,
                attention_mask=torch.ones_like(ids),
                generation_config=self._generation_config(sampling),
                logits_processor=LogitsProcessorList(logits_processors),
                **options,
            )
        if sampling.num_beams > 1:
            for token in output[0, ids.shape[1] :].tolist():
                transcript.push(token)

    def _generation_config(self, sampling: Sampling) -> GenerationConfig:
        from transformers import GenerationConfig

        chosen: dict[str, Any] = {}
        if sampling.do_sample:
            chosen = {
                "temperature": sampling.temperature,
                "top_p": sampling.top_p,
                "top_k": sampling.top_k,
            }
        return GenerationConfig(  # type: ignore[no-untyped-call]  # transformers' own gap
            max_new_tokens=sampling.max_new_tokens,
            do_sample=sampling.do_sample,
            num_beams=sampling.num_beams,
            eos_token_id=sorted(self._ends) or None,
            pad_token_id=min(self._ends, default=0),
            **chosen,
        )


class _Streamer:
    """Hands each new token to a transcript; what transformers calls a streamer."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self._has_seen_prompt = False

    def put(self, value: Any) -> None:
        """Take the prompt, then one token a call."""
        if self._has_seen_prompt:
            self._transcript.push(int(value.item()))
        self._has_seen_prompt = True

    def end(self) -> None:
        """Do nothing: the caller finishes the transcript."""


def _stop_with(transcript: Transcript) -> Callable[..., Any]:
    """Make a stopping criterion for one sequence: stop when the transcript has."""
    import torch

    def has_stopped(ids: torch.Tensor, scores: object, **_: object) -> torch.Tensor:
        return torch.tensor([transcript.stopped is not None], device=ids.device)

    return has_stopped


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed torch for a block and leave its random state as it was."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def _fim_tokens(vocabulary: Mapping[str, int]) -> FimTokens | None:
    ids = [vocabulary.get(name) for name in ("<fim_prefix>", "<fim_suffix>", "<fim_middle>")]
    known = [token for token in ids if token is not None]
    return FimTokens(*known) if len(known) == len(ids) else None


def _eos_ids(network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    configured = network.generation_config.eos_token_id if network.generation_config else None
    several = configured if isinstance(configured, list) else [configured]
    return {int(token) for token in (*several, tokenizer.eos_token_id) if token is not None}


def _ends(vocabulary: Mapping[str, int], eos: set[int]) -> dict[int, StopReason]:
    """Map each token after which nothing belongs to the completion to what it means."""
    reasons = dict.fromkeys(eos, StopReason.EOS)
    for name in ("<|endoftext|>", "<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<fim_pad>"):
        if name in vocabulary:
            reasons[vocabulary[name]] = StopReason.EOS
    for name in ("<file_sep>", "<repo_name>"):
        if name in vocabulary:
            reasons[vocabulary[name]] = StopReason.FILE_SEP
    return reasons
