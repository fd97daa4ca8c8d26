"""How much memory a model will take, told before any of its weights is read.

    weights       what transformers' get_memory_footprint counts: packed matrices 1 or 1/2 byte a
                  weight when quantised, everything else in the number format
    constants     what it leaves out of quantised ones: a scale a row, or a block of 64 weights
    cache         keys and values of each layer, up to the attention window
    activations   of the longest step, the reading of the prompt; an upper estimate

Sources: bitsandbytes' block sizes (functional.py); Dettmers et al., QLoRA, arXiv:2305.14314,
section 3, for double quantisation.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from sc2_attrib.generator.architecture import Architecture

_BLOCK, _OUTER_BLOCK = 64, 256  # weights a scale; scales a scale of scales
_FLOAT32 = 4  # bytes


class Dtype(StrEnum):
    """The number format of the weights; AUTO is the one they are stored in."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"

    @property
    def n_bytes(self) -> int:
        """Bytes a number; AUTO has to be resolved first."""
        assert self is not Dtype.AUTO
        return _FLOAT32 if self is Dtype.FLOAT32 else 2


class Quantization(StrEnum):
    """How the large matrices are packed, by bitsandbytes."""

    INT8 = "int8"
    INT4 = "int4"


class Int4Type(StrEnum):
    """The 16 values of a 4-bit weight: spread as normally distributed weights are, or as floats."""

    NF4 = "nf4"
    FP4 = "fp4"


@dataclass(frozen=True, slots=True)
class Packing:
    """How weights are held: the options of loading that decide about memory."""

    dtype: Dtype
    quantization: Quantization | None = None
    int4_type: Int4Type = Int4Type.NF4
    double_quantization: bool = False


@dataclass(frozen=True, slots=True)
class MemoryNeed:
    """Bytes a model takes on its device."""

    weights: int
    constants: int
    cache: int
    activations: int

    @property
    def total(self) -> int:
        """Bytes in all."""
        return self.weights + self.constants + self.cache + self.activations


def predict(
    architecture: Architecture, packing: Packing, *, n_tokens: int, batch: int = 1
) -> MemoryNeed:
    """Predict the memory for a prompt and its completion of `n_tokens` together, a row each."""
    n_tokens = min(n_tokens, architecture.context)
    return MemoryNeed(
        weights=weight_bytes(architecture, packing),
        constants=_constant_bytes(architecture, packing),
        cache=batch * cache_bytes(architecture, packing, n_tokens),
        activations=batch * _activation_bytes(architecture, packing, n_tokens)
        + _unpacked_bytes(architecture, packing),
    )


def weight_bytes(architecture: Architecture, packing: Packing) -> int:
    """Return the bytes of the weights themselves."""
    kept = architecture.kept * packing.dtype.n_bytes
    match packing.quantization:
        case Quantization.INT8:
            return kept + architecture.packed
        case Quantization.INT4:
            return kept + architecture.packed // 2
        case None:
            return kept + architecture.packed * packing.dtype.n_bytes


def cache_bytes(architecture: Architecture, packing: Packing, n_tokens: int) -> int:
    """Return the bytes of the keys and values of `n_tokens` tokens of one text."""
    a_token = architecture.n_layers * architecture.key_value_size * packing.dtype.n_bytes
    return min(n_tokens, architecture.window) * a_token


def alternatives(packing: Packing) -> Iterator[tuple[str, Packing]]:
    """Yield options that take less memory than `packing`, the least harmful first."""
    if packing.dtype is Dtype.FLOAT32:
        packing = replace(packing, dtype=Dtype.BFLOAT16)
        yield "--dtype bfloat16", packing
    if packing.quantization is None:
        yield "--quantize int8", replace(packing, quantization=Quantization.INT8)
    if packing.quantization is not Quantization.INT4:
        yield "--quantize int4", replace(packing, quantization=Quantization.INT4)


def _constant_bytes(architecture: Architecture, packing: Packing) -> int:
    match packing.quantization:
        case Quantization.INT8:
            return architecture.packed_rows * _FLOAT32
        case Quantization.INT4:
            n_scales = architecture.packed // _BLOCK
            if packing.double_quantization:
                return n_scales + n_scales // _OUTER_BLOCK * _FLOAT32
            return n_scales * _FLOAT32
        case None:
            return 0


def _activation_bytes(architecture: Architecture, packing: Packing, n_tokens: int) -> int:
    """Estimate the numbers alive at once in one layer, the mask, and the logits of one token."""
    a_token = 6 * architecture.hidden_size + 2 * architecture.intermediate_size
    mask = n_tokens * n_tokens * (1 + packing.dtype.n_bytes)
    logits = 2 * architecture.vocabulary * _FLOAT32
    return n_tokens * a_token * packing.dtype.n_bytes + mask + logits


def _unpacked_bytes(architecture: Architecture, packing: Packing) -> int:
    """Return the bytes of one matrix, which a quantised model unpacks to multiply with it."""
    is_packed = packing.quantization is not None
    return architecture.largest_matrix * packing.dtype.n_bytes if is_packed else 0
