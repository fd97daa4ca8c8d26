"""A causal language model in this process: StarCoder2, or any other that transformers runs.

loading.py makes one of a folder. Generation is transformers' own; what is added here is the layout
of prompts, the text as it comes (transcript.py), and where it ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sc2_attrib.generator.backend import backend, one_thread
from sc2_attrib.generator.checkpoint import Checkpoint
from sc2_attrib.generator.completion import Completion, ModelDescription, StopReason, TokenFilter
from sc2_attrib.generator.layout import LaidOutPrompt, Mark, PromptFormat, lay_out
from sc2_attrib.generator.prompt import (
    REDACTIONS,
    SPECIAL_TOKENS,
    STARCODER2_CONTEXT,
    Prompt,
    Truncation,
)
from sc2_attrib.generator.sampling import Sampling
from sc2_attrib.generator.transcript import Transcript, stop_texts
from sc2_attrib.index.errors import UsageError

if TYPE_CHECKING:
    import torch
    from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

_SMALL = 20_000_000  # weights; a model with fewer doesn't fill two cores
_LOOK_BACK = 4  # tokens before the completion that a tokenizer may need to decode it


@dataclass(frozen=True, slots=True)
class TokenizerCodec:
    """A transformers tokenizer that takes text as text.

    `split_special_tokens`: a corpus or a user may well write `<|endoftext|>`, and means no command.
    """

    tokenizer: PreTrainedTokenizerBase

    def encode(self, text: str) -> list[int]:
        """Split text into tokens and add none."""
        encoded = self.tokenizer(
            text, add_special_tokens=False, split_special_tokens=True, verbose=False
        )
        return list(encoded["input_ids"])

    def decode(self, ids: Sequence[int]) -> str:
        """Join tokens to the text they stand for."""
        text = self.tokenizer.decode(list(ids), clean_up_tokenization_spaces=False)
        assert isinstance(text, str)
        return text


class LocalModel:
    """A loaded model; `Model` (completion.py) says what the methods promise."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        network: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        options: Mapping[str, object] | None = None,
    ) -> None:
        """Take a network that is ready to run; `options` are what its description states."""
        self._checkpoint, self._network, self._options = checkpoint, network, dict(options or {})
        self._codec = TokenizerCodec(tokenizer)
        vocabulary = tokenizer.get_vocab()
        self._format = PromptFormat(
            model=checkpoint.id,
            context=getattr(network.config, "max_position_embeddings", STARCODER2_CONTEXT),
            opening=tuple(tokenizer("")["input_ids"]),
            marks={mark: vocabulary[mark] for mark in Mark if mark in vocabulary},
            fim_order=checkpoint.fim_order,
        )
        self._ends = _ends(vocabulary, _eos_ids(network, tokenizer))
        redactions = {vocabulary[name] for name in REDACTIONS & vocabulary.keys()}
        frame = {vocabulary[name] for name in SPECIAL_TOKENS if name in vocabulary}
        self._silent = (frame | set(tokenizer.all_special_ids)) - redactions

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer, for whoever looks at single tokens."""
        return self._codec.tokenizer

    def describe(self) -> ModelDescription:
        """Say which model this is."""
        return ModelDescription(
            id=self._checkpoint.id,
            revision=self._checkpoint.revision,
            dtype=str(self._network.dtype).removeprefix("torch."),
            device=self._device_names(),
            n_parameters=self._network.num_parameters(),
            context=self._format.context,
            license=self._checkpoint.license,
            options=self._options,
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
        laid_out = self._lay_out(prompt, sampling, truncation)
        [completion] = self._write([laid_out], sampling, logits_processors, on_text)
        return completion

    def complete_batch(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        *,
        truncation: Truncation | None = None,
        logits_processors: Sequence[TokenFilter] = (),
    ) -> list[Completion | UsageError]:
        """Complete several prompts together, padded on the left to one length."""
        laid_out: list[LaidOutPrompt | UsageError] = []
        for prompt in prompts:
            try:
                laid_out.append(self._lay_out(prompt, sampling, truncation))
            except UsageError as err:
                laid_out.append(err)
        usable = [each for each in laid_out if isinstance(each, LaidOutPrompt)]
        written = iter(self._write(usable, sampling, logits_processors) if usable else ())
        return [next(written) if isinstance(each, LaidOutPrompt) else each for each in laid_out]

    def _lay_out(
        self, prompt: Prompt, sampling: Sampling, truncation: Truncation | None
    ) -> LaidOutPrompt:
        return lay_out(
            prompt,
            self._format,
            codec=self._codec,
            max_new_tokens=sampling.max_new_tokens,
            truncation=truncation,
        )

    def _write(
        self,
        prompts: Sequence[LaidOutPrompt],
        sampling: Sampling,
        logits_processors: Sequence[TokenFilter],
        on_text: Callable[[str], None] | None = None,
    ) -> list[Completion]:
        """Complete prompts that fit; `on_text` is for one alone."""
        transcripts = [self._begin(each, sampling, on_text) for each in prompts]
        started = time.perf_counter()
        with backend(), one_thread() if self._is_small else nullcontext():
            self._generate(prompts, sampling, transcripts, logits_processors)
        texts = [transcript.finish() for transcript in transcripts]
        seconds = time.perf_counter() - started
        return [
            Completion(
                text=text,
                sent=laid_out.sent,
                sent_text=laid_out.text,
                n_prompt_tokens=len(laid_out.ids),
                n_new_tokens=transcript.n_tokens,
                stopped=transcript.stopped or StopReason.LENGTH,
                seed=sampling.seed,
                seconds=seconds,
                token_ids=(*laid_out.ids, *transcript.tokens),
            )
            for text, laid_out, transcript in zip(texts, prompts, transcripts, strict=True)
        ]

    @property
    def _is_small(self) -> bool:
        return self._network.num_parameters() < _SMALL

    def _device_names(self) -> str:
        """Name where the weights are: one device, or all over which they are spread."""
        places: Mapping[str, object] = getattr(self._network, "hf_device_map", {})
        names = {f"cuda:{each}" if isinstance(each, int) else str(each) for each in places.values()}
        return ", ".join(sorted(names)) or str(self._network.device)

    def _begin(
        self,
        laid_out: LaidOutPrompt,
        sampling: Sampling,
        on_text: Callable[[str], None] | None,
    ) -> Transcript:
        return Transcript(
            self._codec.decode,
            ends=self._ends,
            silent=self._silent,
            context=laid_out.ids[-_LOOK_BACK:],
            stops=stop_texts(laid_out.sent, sampling),
            on_text=on_text,
        )

    def _generate(
        self,
        prompts: Sequence[LaidOutPrompt],
        sampling: Sampling,
        transcripts: Sequence[Transcript],
        logits_processors: Sequence[TokenFilter],
    ) -> None:
        """Let transformers write, and feed each transcript token by token."""
        import torch
        from transformers import LogitsProcessorList, StoppingCriteriaList

        ids, mask = self._padded([each.ids for each in prompts])
        options: dict[str, Any] = {}
        if sampling.num_beams == 1:  # beams are rewritten until the end: nothing to stream or stop
            options["streamer"] = _Streamer(transcripts)
            options["stopping_criteria"] = StoppingCriteriaList([_stop_with(transcripts)])
        generate: Any = self._network.generate  # PreTrainedModel's annotations lack it
        with torch.inference_mode(), _seeded(sampling.seed):
            output = generate(
                inputs=ids,
                attention_mask=mask,
                generation_config=self._generation_config(sampling),
                logits_processor=LogitsProcessorList(logits_processors),
                **options,
            )
        if sampling.num_beams > 1:
            for transcript, row in zip(transcripts, output[:, ids.shape[1] :], strict=True):
                for token in row.tolist():
                    transcript.push(token)

    def _padded(self, rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Make ids and mask of shape (rows, longest), each row at the right."""
        import torch

        longest = max(map(len, rows))
        ids = [[self._pad_id] * (longest - len(row)) + list(row) for row in rows]
        mask = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
        device = self._network.device
        device = torch.device("cpu") if device.type == "meta" else device  # weights on the disk
        return torch.tensor(ids, device=device), torch.tensor(mask, device=device)

    @property
    def _pad_id(self) -> int:
        return min(self._ends, default=0)

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
            pad_token_id=self._pad_id,
            **chosen,
        )


class _Streamer:
    """Hands each new token to the transcript of its row; what transformers calls a streamer."""

    def __init__(self, transcripts: Sequence[Transcript]) -> None:
        self._transcripts = transcripts
        self._has_seen_prompt = False

    def put(self, value: Any) -> None:
        """Take the prompts, then one token a row with each call."""
        if self._has_seen_prompt:
            for transcript, token in zip(self._transcripts, value.tolist(), strict=True):
                transcript.push(token)
        self._has_seen_prompt = True

    def end(self) -> None:
        """Do nothing: the caller finishes the transcripts."""


def _stop_with(transcripts: Sequence[Transcript]) -> Callable[..., Any]:
    """Make a stopping criterion: a row stops when its transcript has."""
    import torch

    def has_stopped(ids: torch.Tensor, scores: object, **_: object) -> torch.Tensor:
        return torch.tensor([each.stopped is not None for each in transcripts], device=ids.device)

    return has_stopped


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed torch for a block and leave its random state as it was."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


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
