"""Whether a model will fit where it is to run, told from its configuration alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sc2_attrib.generator.architecture import STARCODER2, Architecture, measure, starcoder2_config
from sc2_attrib.generator.backend import backend, first_line
from sc2_attrib.generator.devices import CPU, free_bytes, resolve_device, total_free_bytes
from sc2_attrib.generator.load_options import LoadOptions
from sc2_attrib.generator.memory import (
    Dtype,
    MemoryNeed,
    Packing,
    Quantization,
    alternatives,
    predict,
)
from sc2_attrib.index.errors import ModelUnavailableError, Sc2AttribError

if TYPE_CHECKING:
    from transformers import PretrainedConfig


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a model will take of a device, and what is free there. `fitting` are options that fit.

    `device` None means all of them together.
    """

    architecture: Architecture
    packing: Packing
    need: MemoryNeed
    device: str | None
    free: int
    fitting: tuple[tuple[str, MemoryNeed], ...]

    @property
    def fits(self) -> bool:
        """Tell whether there is enough memory."""
        return self.need.total <= self.free


def forecast_model(
    folder: Path | None, size: str | None, options: LoadOptions, n_tokens: int | None = None
) -> Forecast:
    """Predict the memory of the model in a folder, or else of a published one by its size.

    Raises:
        ModelUnavailableError: the configuration can't be read, or packages are missing.
        UsageError: this machine has no such device.
    """
    assert folder is not None or size in STARCODER2
    with backend():
        try:
            config = starcoder2_config(size or "") if folder is None else read_config(folder)
            return forecast(config, options, n_tokens)
        except (ImportError, Sc2AttribError):
            raise
        except Exception as err:
            raise ModelUnavailableError(
                f"{folder}: the configuration can't be used: {first_line(err)}"
            ) from err


def forecast(
    config: PretrainedConfig, options: LoadOptions, n_tokens: int | None = None, batch: int = 1
) -> Forecast:
    """Predict what a model takes with these options, and with those that take less."""
    architecture = measure(config)
    device = None if options.spread else resolve_device(options.device)
    free = total_free_bytes() if device is None else free_bytes(device)
    packing = _stored_packing(config, options)
    n_tokens = n_tokens or architecture.context

    def need(packing: Packing) -> MemoryNeed:
        return predict(architecture, packing, n_tokens=n_tokens, batch=batch)

    smaller = ((option, need(other)) for option, other in alternatives(packing))
    fitting = tuple((option, each) for option, each in smaller if each.total <= free)
    return Forecast(architecture, packing, need(packing), device, free, fitting)


def read_config(folder: Path) -> PretrainedConfig:
    """Read the configuration of a model in a folder."""
    from transformers import AutoConfig

    config: PretrainedConfig = AutoConfig.from_pretrained(
        folder, local_files_only=True, trust_remote_code=False
    )
    return config


def require_memory(model: str, expected: Forecast, options: LoadOptions) -> None:
    """Refuse what won't fit. What is spread over devices may go to the disk, so it always fits."""
    if expected.fits or options.spread:
        return
    raise ModelUnavailableError(
        f"model {model} needs {_gb(expected.need.total)} in"
        f" {expected.packing.quantization or expected.packing.dtype},"
        f" but {expected.device} has {_gb(expected.free)} free; {what_would_fit(expected)}"
    )


def what_would_fit(expected: Forecast) -> str:
    """Name the least harmful option with which a model fits."""
    if expected.fitting:
        option, need = expected.fitting[0]
        return f"{option} needs {_gb(need.total)}"
    if expected.device != CPU:
        return "--device-map auto spreads it over all devices and the disk"
    return "--device-map auto leaves a part on the disk, or take a smaller model"


def _gb(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e8 else f"{n_bytes / 1e6:.0f} MB"


def _stored_packing(config: PretrainedConfig, options: LoadOptions) -> Packing:
    """Say how weights will be held, where a folder may hold packed ones already."""
    stored = str(getattr(config, "dtype", None) or "float32").removeprefix("torch.")
    known = stored in list(Dtype) and stored != Dtype.AUTO
    packing = options.packing(Dtype(stored) if known else Dtype.FLOAT32)
    saved = getattr(config, "quantization_config", None) or {}
    if options.quantization is not None or not isinstance(saved, dict):
        return packing
    if saved.get("load_in_8bit"):
        return Packing(packing.dtype, Quantization.INT8)
    if saved.get("load_in_4bit"):
        double = bool(saved.get("bnb_4bit_use_double_quant"))
        return Packing(packing.dtype, Quantization.INT4, double_quantization=double)
    return packing
