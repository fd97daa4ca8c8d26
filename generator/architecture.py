"""The StarCoder2 family as published, and the sizes of any causal model without its weights.

`measure` builds a model on torch's meta device, where tensors have a shape and no memory, and adds
up what it finds: a fraction of a second for any size, and no formula to keep in step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PretrainedConfig

OPENRAIL = "BigCode OpenRAIL-M"
OPENRAIL_URL = "https://huggingface.co/spaces/bigcode/bigcode-model-license-agreement"


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A model of the family: its place on the hub, and the configuration it was published with."""

    hub_name: str
    config: Mapping[str, Any]


def _published(size: str, n_layers: int, hidden: int, heads: int, kv: int, *, tied: bool) -> Any:
    config = {
        "vocab_size": 49_152,
        "hidden_size": hidden,
        "intermediate_size": 4 * hidden,
        "num_hidden_layers": n_layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv,
        "max_position_embeddings": 16_384,
        "sliding_window": 4_096,
        "tie_word_embeddings": tied,  # the class has True, which is wrong for 15B
        "bos_token_id": 0,
        "eos_token_id": 0,
    }
    return PublishedModel(f"bigcode/starcoder2-{size}", MappingProxyType(config))


# config.json of each at huggingface.co/bigcode; arXiv:2402.19173, table 6.
STARCODER2: Mapping[str, PublishedModel] = MappingProxyType(
    {
        "3b": _published("3b", 30, 3_072, 24, 2, tied=True),
        "7b": _published("7b", 32, 4_608, 36, 4, tied=True),
        "15b": _published("15b", 40, 6_144, 48, 4, tied=False),
    }
)


@dataclass(frozen=True, slots=True)
class Architecture:
    """What decides how much memory a model takes, in numbers of weights unless named otherwise.

    `packed` are the weights of the matrices that quantisation packs, in `packed_rows` rows;
    `largest_matrix` is the greatest of them. `kept` are all others: embeddings, the output matrix,
    biases, norms. `window` is the number of tokens that attention keeps, at most the context.
    """

    packed: int
    packed_rows: int
    largest_matrix: int
    kept: int
    n_layers: int
    key_value_size: int
    hidden_size: int
    intermediate_size: int
    vocabulary: int
    context: int
    window: int

    @property
    def n_weights(self) -> int:
        """All weights."""
        return self.packed + self.kept


def starcoder2_config(size: str) -> PretrainedConfig:
    """Return the configuration of a published model; `size` is a key of STARCODER2."""
    from transformers import Starcoder2Config

    # bfloat16 is what the model cards count in; the files of a cached model say their own.
    return Starcoder2Config(**STARCODER2[size].config, dtype="bfloat16")


def measure(config: PretrainedConfig) -> Architecture:
    """Add up the sizes of the model that a configuration describes. No weight is read or made."""
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        from_config: Any = AutoModelForCausalLM.from_config  # not annotated
        network = from_config(config)
    matrices = [module.weight for module in _packable(network)]
    packed = sum(matrix.numel() for matrix in matrices)
    text = config.get_text_config()
    heads = int(text.num_attention_heads)
    head_size = getattr(text, "head_dim", None) or text.hidden_size // heads
    context = int(getattr(text, "max_position_embeddings", 0) or 0)
    return Architecture(
        packed=packed,
        packed_rows=sum(matrix.shape[0] for matrix in matrices),
        largest_matrix=max((matrix.numel() for matrix in matrices), default=0),
        kept=sum(each.numel() for each in network.parameters()) - packed,
        n_layers=int(text.num_hidden_layers),
        key_value_size=2 * (getattr(text, "num_key_value_heads", None) or heads) * head_size,
        hidden_size=int(text.hidden_size),
        intermediate_size=getattr(text, "intermediate_size", None) or 4 * text.hidden_size,
        vocabulary=int(text.vocab_size),
        context=context,
        window=min(context, getattr(text, "sliding_window", None) or context),
    )


def _packable(network: Any) -> list[Any]:
    """List what bitsandbytes replaces: every matrix but the one that makes the logits."""
    import torch
    from transformers.pytorch_utils import Conv1D

    output = network.get_output_embeddings()
    return [
        module
        for module in network.modules()
        if isinstance(module, torch.nn.Linear | Conv1D) and module is not output
    ]
