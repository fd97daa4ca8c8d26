"""How a model is to be loaded, in the user's terms."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sc2_attrib.generator.devices import AUTO
from sc2_attrib.generator.memory import Dtype, Int4Type, Packing, Quantization
from sc2_attrib.generator.prompt import FimOrder
from sc2_attrib.index.errors import UsageError


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How to load a model.

    `device` is a name torch knows, such as `cpu` or `cuda:1`; `auto` takes the fastest there is.
    `spread` puts the layers on all GPUs, then the processor, then the disk, and takes the place of
    `device`; `max_memory` bounds the bytes it uses of each (accelerate's own names: 0, 1, "cpu").
    `adapter` is the folder of a PEFT adapter. `fim_order` None is what the folder says.

    Raises:
        UsageError: options that exclude each other.
    """

    dtype: Dtype = Dtype.AUTO
    quantization: Quantization | None = None
    int4_type: Int4Type = Int4Type.NF4
    double_quantization: bool = False
    device: str = AUTO
    spread: bool = False
    max_memory: Mapping[int | str, int] | None = None
    adapter: Path | None = None
    fim_order: FimOrder | None = None

    def __post_init__(self) -> None:
        if self.spread and self.device != AUTO:
            raise UsageError(
                f"--device-map auto chooses the devices itself; leave --device {self.device} out"
            )
        is_int4 = self.quantization is Quantization.INT4
        if not is_int4 and (self.double_quantization or self.int4_type is not Int4Type.NF4):
            raise UsageError("--int4-type and --double-quant act only with --quantize int4")

    def packing(self, stored: Dtype) -> Packing:
        """Say how weights that are stored in one number format will be held."""
        dtype = stored if self.dtype is Dtype.AUTO else self.dtype
        return Packing(dtype, self.quantization, self.int4_type, self.double_quantization)

    def described(self) -> dict[str, object]:
        """List what changes the text that a model writes, as results state it."""
        named: dict[str, object] = {}
        if self.quantization is not None:
            named["quantization"] = self.quantization.value
        if self.quantization is Quantization.INT4:
            named["int4_type"] = self.int4_type.value
            named["double_quantization"] = self.double_quantization
        if self.adapter is not None:
            named["adapter"] = str(self.adapter)
        return named
