"""Ways to load one small model: number formats, packed, spread over devices, with an adapter."""

import json
import re
import warnings
from pathlib import Path

import pytest
import torch
import transformers

from sc2_attrib.generator import (
    Dtype,
    Int4Type,
    LoadOptions,
    LocalModel,
    Prompt,
    Quantization,
    Sampling,
    load_model,
)
from sc2_attrib.generator.demo import TrainingText
from sc2_attrib.index.errors import ModelUnavailableError, UsageError

SHORT = Sampling(max_new_tokens=24)
INT8, INT4 = Quantization.INT8, Quantization.INT4


@pytest.fixture(scope="module")
def head(training_texts: tuple[TrainingText, ...]) -> Prompt:
    """The first line of a function that the model knows."""
    found = re.search(r"def .*\n", training_texts[0].text)
    assert found is not None
    return Prompt(found.group())


@pytest.mark.parametrize("dtype", [Dtype.FLOAT32, Dtype.BFLOAT16, Dtype.FLOAT16])
@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_number_formats(
    dtype: Dtype, device: str, model: LocalModel, model_folder: Path, head: Prompt
) -> None:
    """Each is what the description says, and the model still recites."""
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    loaded = load_model(model_folder, LoadOptions(dtype, device=device))
    assert loaded.describe().dtype == dtype
    assert loaded.complete(head, SHORT).text[:20] == model.complete(head, SHORT).text[:20]


@pytest.mark.parametrize(
    ("options", "described"),
    [
        (LoadOptions(quantization=INT8), {"quantization": "int8"}),
        (
            LoadOptions(quantization=INT4),
            {"quantization": "int4", "int4_type": "nf4", "double_quantization": False},
        ),
        (
            LoadOptions(
                quantization=INT4, int4_type=Int4Type.FP4, double_quantization=True, device="cpu"
            ),
            {"quantization": "int4", "int4_type": "fp4", "double_quantization": True},
        ),
    ],
)
def test_packed_weights(
    options: LoadOptions,
    described: dict[str, object],
    model: LocalModel,
    model_folder: Path,
    head: Prompt,
) -> None:
    """Packed on any device, the processor included; the result says how, and the text goes on."""
    pytest.importorskip("bitsandbytes")
    loaded = load_model(model_folder, options)
    assert loaded.describe().options == described
    assert loaded.complete(head, SHORT).text[:4] == model.complete(head, SHORT).text[:4]
    layer = loaded._network.get_submodule("model.layers.0.mlp.c_fc")
    assert layer.weight.dtype in {torch.int8, torch.uint8}


def test_layers_are_spread_over_what_there_is(model: LocalModel, model_folder: Path) -> None:
    """With no bound everything goes to the first device and the text is the same."""
    loaded = load_model(model_folder, LoadOptions(spread=True))
    assert loaded.complete(Prompt("def "), SHORT).text == model.complete(Prompt("def "), SHORT).text


def test_what_memory_cannot_hold_goes_to_the_disk(model: LocalModel, model_folder: Path) -> None:
    """A model larger than the memory it may use writes the same, from the disk."""
    options = LoadOptions(spread=True, max_memory={"cpu": 600_000})
    loaded = load_model(model_folder, options)
    assert "disk" in (loaded.describe().device or "")
    assert loaded.complete(Prompt("def "), SHORT).text == model.complete(Prompt("def "), SHORT).text


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"spread": True, "device": "cpu"}, "chooses the devices itself; leave --device cpu out"),
        ({"double_quantization": True}, "act only with --quantize int4"),
        ({"quantization": INT8, "int4_type": Int4Type.FP4}, "act only with --quantize int4"),
    ],
)
def test_options_that_exclude_each_other(arguments: dict[str, object], complaint: str) -> None:
    """What would be ignored is refused."""
    with pytest.raises(UsageError, match=complaint):
        LoadOptions(**arguments)  # type: ignore[arg-type]  # a table of keyword arguments


@pytest.fixture(scope="module")
def adapter(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A low-rank adapter that makes the model write something else."""
    peft = pytest.importorskip("peft")
    network = transformers.AutoModelForCausalLM.from_pretrained(model_folder)
    config = peft.LoraConfig(r=4, target_modules=["c_fc"], task_type="CAUSAL_LM")
    with warnings.catch_warnings(action="ignore"):  # PEFT asks transformers in an old way
        adapted = peft.get_peft_model(network, config)
    torch.manual_seed(0)
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=4)  # the model knows its text well
    folder = tmp_path_factory.mktemp("adapter")
    adapted.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("packing", [None, INT8])
def test_an_adapter_changes_the_text_and_the_revision(
    packing: Quantization | None, model: LocalModel, model_folder: Path, adapter: Path, head: Prompt
) -> None:
    """On plain and on packed weights; the result names it."""
    if packing is not None:
        pytest.importorskip("bitsandbytes")
    loaded = load_model(model_folder, LoadOptions(quantization=packing, adapter=adapter))
    about, base = loaded.describe(), model.describe()
    assert loaded.complete(head, SHORT).text != model.complete(head, SHORT).text
    assert about.options["adapter"] == str(adapter)
    assert (about.revision or "").startswith(f"{base.revision}+")


def test_a_folder_without_an_adapter_is_refused(model_folder: Path, tmp_path: Path) -> None:
    """The line says what was expected there."""
    with pytest.raises(UsageError, match=r"no adapter_config\.json; give a folder that PEFT saved"):
        load_model(model_folder, LoadOptions(adapter=tmp_path))


def test_a_garbled_adapter_is_reported(model_folder: Path, tmp_path: Path) -> None:
    """Whatever PEFT makes of it, it is one line of ours."""
    pytest.importorskip("peft")
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "NONE"}))
    with pytest.raises(ModelUnavailableError, match="the model can't be loaded"):
        load_model(model_folder, LoadOptions(adapter=tmp_path))


def test_any_causal_model_is_loaded(tmp_path: Path, model_folder: Path) -> None:
    """GPT-2's architecture: other matrices, no window, the same interface."""
    config = transformers.GPT2Config(
        vocab_size=4096, n_positions=128, n_embd=32, n_layer=2, n_head=2, eos_token_id=0
    )
    transformers.GPT2LMHeadModel(config).save_pretrained(tmp_path)
    for path in model_folder.glob("tokenizer*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    completion = load_model(tmp_path).complete(Prompt("def "), Sampling(max_new_tokens=3))
    assert completion.n_new_tokens <= 3
