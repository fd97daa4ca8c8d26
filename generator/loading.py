"""From the folder of a model to a `LocalModel`: whether it fits, then weights and tokenizer.

Only local files are read. Before any weight is, forecast.py says what the model will take, and what
doesn't fit is refused with the option that would. Weights that go to several devices, or partly to
the disk, are spread by accelerate; packed ones are packed by bitsandbytes; an adapter is PEFT's.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sc2_attrib.generator.backend import backend, first_line
from sc2_attrib.generator.checkpoint import Checkpoint, hash_files, read_checkpoint
from sc2_attrib.generator.devices import resolve_device
from sc2_attrib.generator.forecast import forecast, read_config, require_memory
from sc2_attrib.generator.load_options import LoadOptions
from sc2_attrib.generator.memory import Dtype, Quantization
from sc2_attrib.generator.starcoder import LocalModel
from sc2_attrib.index.errors import ModelUnavailableError, Sc2AttribError, UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def load_model(
    folder: Path, options: LoadOptions | None = None, *, n_tokens: int | None = None, batch: int = 1
) -> LocalModel:
    """Load a model that transformers saved in `folder`.

    Args:
        folder: config, weights and tokenizer; nothing is fetched.
        options: number format, device and so on.
        n_tokens: of the longest prompt with its completion, to see whether they will fit into
            memory; None for the whole context.
        batch: texts completed at once.

    Raises:
        ModelUnavailableError: the folder holds no usable model, it doesn't fit into memory, or a
            package that it needs is not installed.
        UsageError: this machine has no such device.
    """
    options = options or LoadOptions()
    checkpoint = read_checkpoint(folder)
    with backend():
        try:
            config = read_config(folder)
            require_memory(checkpoint.id, forecast(config, options, n_tokens, batch), options)
            network = _load_network(folder, options).eval()
            if options.adapter is not None:
                network = _adapted(network, options.adapter)
            tokenizer = _load_tokenizer(folder, network.config.vocab_size)
        except (ImportError, Sc2AttribError):
            raise
        except Exception as err:  # a broken file surfaces as anything: OSError, KeyError, Rust's
            raise ModelUnavailableError(
                f"{folder}: the model can't be loaded: {first_line(err)}"
            ) from err
    return LocalModel(_described(checkpoint, options), network, tokenizer, options.described())


def _load_network(folder: Path, options: LoadOptions) -> Any:
    from transformers import AutoModelForCausalLM

    # With output_loading_info a pair comes back, which transformers' annotations don't say.
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=options.dtype.value,
        local_files_only=True,
        trust_remote_code=False,
        output_loading_info=True,
        **_placement(options),
        **_quantization(options),
    )
    network, report = loaded
    if report["missing_keys"]:  # transformers would make up random ones
        raise ModelUnavailableError(
            f"{folder}: {len(report['missing_keys'])} weights are missing, such as"
            f" {min(report['missing_keys'])}; download the model again"
        )
    return network


def _placement(options: LoadOptions) -> dict[str, Any]:
    if not options.spread:
        return {"device_map": {"": resolve_device(options.device)}}
    return {
        "device_map": "auto",
        "max_memory": None if options.max_memory is None else dict(options.max_memory),
    }


def _quantization(options: LoadOptions) -> dict[str, Any]:
    if options.quantization is None:
        return {}
    import bitsandbytes  # noqa: F401  # transformers itself would name another package
    import transformers

    new_config: Any = transformers.BitsAndBytesConfig  # not annotated
    if options.quantization is Quantization.INT8:
        return {"quantization_config": new_config(load_in_8bit=True)}
    config = new_config(
        load_in_4bit=True,
        bnb_4bit_quant_type=options.int4_type.value,
        bnb_4bit_use_double_quant=options.double_quantization,
        bnb_4bit_compute_dtype=None if options.dtype is Dtype.AUTO else options.dtype.value,
    )
    return {"quantization_config": config}


def _adapted(network: Any, adapter: Path) -> Any:
    """Put a PEFT adapter into a network; into plain weights it is added, which costs no time."""
    if not (adapter / "adapter_config.json").is_file():
        raise UsageError(
            f"--adapter {adapter}: no adapter_config.json; give a folder that PEFT saved"
        )
    from peft import PeftModel

    adapted: Any = PeftModel.from_pretrained(network, str(adapter), local_files_only=True)
    is_plain = getattr(network, "quantization_method", None) is None
    return (adapted.merge_and_unload() if is_plain else adapted.get_base_model()).eval()


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


def _described(checkpoint: Checkpoint, options: LoadOptions) -> Checkpoint:
    """Let the facts of a checkpoint say what the options make of it."""
    if options.fim_order is not None:
        checkpoint = replace(checkpoint, fim_order=options.fim_order)
    if options.adapter is None:
        return checkpoint
    weights = sorted(options.adapter.glob("adapter_model.*"))
    own = hash_files([options.adapter / "adapter_config.json"], weights)
    return replace(checkpoint, revision=f"{checkpoint.revision}+{own[:16]}")
