"""What models take in memory: the numbers of the model cards, and what a device needs beyond."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st

from sc2_attrib.generator import Dtype, LoadOptions, Quantization, load_model
from sc2_attrib.generator.architecture import Architecture, measure, starcoder2_config
from sc2_attrib.generator.devices import available_devices, free_bytes
from sc2_attrib.generator.forecast import Forecast, forecast_model
from sc2_attrib.generator.memory import Int4Type, Packing, alternatives, predict, weight_bytes
from sc2_attrib.index.errors import ModelUnavailableError

PACKINGS = [None, *Quantization]
# cos and sin of each layer, 16,384 positions of 128 numbers, as transformers kept them in 2024, and
# the inverse frequencies in float32: what the model cards' numbers hold besides the weights.
OLD_ROTARY = {
    "7b": 32 * (16_384 * 128 * 2 * 2 + 64 * 4),
    "15b": 40 * (16_384 * 128 * 2 * 2 + 64 * 4),
}


@pytest.fixture(scope="module")
def architectures() -> dict[str, Architecture]:
    """The three published models, measured without weights."""
    return {size: measure(starcoder2_config(size)) for size in ("3b", "7b", "15b")}


def megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.2f}"


def test_weights_of_15b(architectures: dict[str, Architecture]) -> None:
    """To the kilobyte: with an output matrix of its own, which stays unpacked."""
    sizes = [
        weight_bytes(architectures["15b"], Packing(Dtype.BFLOAT16, packing)) for packing in PACKINGS
    ]
    assert list(map(megabytes, sizes)) == ["31,915.78", "16,564.63", "8,889.05"]


@pytest.mark.parametrize(
    ("size", "card"),
    [
        ("7b", ["14,616.29", "7,670.52", "4,197.64"]),
        ("15b", ["32,251.33", "16,900.18", "9,224.60"]),
    ],
)
def test_the_numbers_of_the_model_cards(
    size: str, card: list[str], architectures: dict[str, Architecture]
) -> None:
    """With the rotary caches that transformers kept then, they are the cards' to the last digit."""
    sizes = [
        weight_bytes(architectures[size], Packing(Dtype.BFLOAT16, packing)) + OLD_ROTARY[size]
        for packing in PACKINGS
    ]
    assert list(map(megabytes, sizes)) == card


def test_numbers_of_weights(architectures: dict[str, Architecture]) -> None:
    """The published parameter counts."""
    counts = {size: each.n_weights for size, each in architectures.items()}
    assert counts == {"3b": 3_030_371_328, "7b": 7_173_923_840, "15b": 15_957_889_024}


def test_cache_and_constants(architectures: dict[str, Architecture]) -> None:
    """Four key-value heads of 128 in 40 layers, up to the window; a scale for every 64 weights."""
    size = architectures["15b"]
    packing = Packing(Dtype.BFLOAT16, Quantization.INT4)
    a_token = 40 * 2 * 4 * 128 * 2
    assert predict(size, packing, n_tokens=1_000).cache == 1_000 * a_token
    assert predict(size, packing, n_tokens=16_384).cache == 4_096 * a_token
    assert predict(size, packing, n_tokens=1_000, batch=3).cache == 3_000 * a_token
    assert predict(size, packing, n_tokens=1).constants == size.packed // 64 * 4
    double = replace(packing, double_quantization=True)
    assert predict(size, double, n_tokens=1).constants == size.packed // 64 * 65 // 64
    assert predict(size, Packing(Dtype.BFLOAT16), n_tokens=1).constants == 0


@given(n_tokens=st.integers(1, 40_000), batch=st.integers(1, 64))
def test_each_alternative_takes_less(n_tokens: int, batch: int) -> None:
    """What is proposed instead is smaller than what was asked, and each next one than the last."""
    size = Architecture(10**9, 10**6, 10**7, 10**8, 30, 512, 3072, 12288, 49152, 16384, 4096)
    asked = Packing(Dtype.FLOAT32)
    options = [asked, *(packing for _, packing in alternatives(asked))]
    needs = [predict(size, packing, n_tokens=n_tokens, batch=batch).weights for packing in options]
    assert [option for option, _ in alternatives(asked)] == [
        "--dtype bfloat16",
        "--quantize int8",
        "--quantize int4",
    ]
    assert needs == sorted(needs, reverse=True)


def footprint(network: Any) -> int:
    """Bytes of the weights by transformers' own count, without the rotary frequencies."""
    total: int = network.get_memory_footprint()
    buffers: int = sum(each.numel() * each.element_size() for each in network.buffers())
    return total - buffers


@pytest.mark.parametrize("dtype", [Dtype.FLOAT32, Dtype.BFLOAT16, Dtype.FLOAT16])
def test_a_loaded_model_is_as_large_as_predicted(model_folder: Path, dtype: Dtype) -> None:
    """The prediction is what transformers counts, but for the rotary frequencies."""
    network = transformers.AutoModelForCausalLM.from_pretrained(model_folder, dtype=dtype.value)
    expected = forecast_model(model_folder, None, LoadOptions(dtype, device="cpu"))
    assert expected.need.weights == footprint(network)


@pytest.mark.parametrize("packing", list(Quantization))
def test_a_packed_model_is_as_large_as_predicted(model_folder: Path, packing: Quantization) -> None:
    """The same for matrices that bitsandbytes packs."""
    pytest.importorskip("bitsandbytes")
    options = LoadOptions(Dtype.BFLOAT16, packing, device="cpu")
    network = load_model(model_folder, options)._network
    expected = forecast_model(model_folder, None, options).need.weights
    # The model is tiny: what a matrix is rounded up by is more of it than of a large one.
    assert expected == pytest.approx(footprint(network), rel=0.02)


def expect(monkeypatch: pytest.MonkeyPatch, size: str, free: int, options: LoadOptions) -> Forecast:
    monkeypatch.setattr("sc2_attrib.generator.forecast.free_bytes", lambda _: free)
    return forecast_model(None, size, options, n_tokens=2_000)


@pytest.mark.parametrize(
    ("free_gb", "fitting"),
    [
        (80, ["--dtype bfloat16", "--quantize int8", "--quantize int4"]),
        (24, ["--quantize int8", "--quantize int4"]),
        (12, ["--quantize int4"]),
        (8, []),
    ],
)
def test_options_that_fit(
    free_gb: int, fitting: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would fit a card is known without the card and without the weights."""
    expected = expect(monkeypatch, "15b", free_gb * 10**9, LoadOptions(Dtype.FLOAT32))
    assert expected.fits == (free_gb == 80)
    assert [option for option, _ in expected.fitting] == fitting


@pytest.mark.parametrize(
    ("free", "advice"),
    [
        (1_200_000, "--dtype bfloat16 needs "),
        (100_000, "--device-map auto leaves a part on the disk, or take a smaller model"),
    ],
)
def test_a_model_that_does_not_fit_is_refused_before_its_weights_are_read(
    free: int, advice: str, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line: what it needs, what there is, and what would fit."""
    (tmp_path / "config.json").write_bytes((model_folder / "config.json").read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"no weights at all")
    monkeypatch.setattr("sc2_attrib.generator.forecast.free_bytes", lambda _: free)
    with pytest.raises(ModelUnavailableError) as caught:
        load_model(tmp_path, LoadOptions(device="cpu"), n_tokens=100)
    assert f"in float32, but cpu has {free // 10**6} MB free; {advice}" in str(caught.value)


def test_what_is_free_is_asked_of_the_system() -> None:
    """The processor's memory is some of it, and of each GPU its own."""
    for device in available_devices():
        assert 10**8 < free_bytes(device) < 10**14


@pytest.mark.gpu
@pytest.mark.parametrize("packing", PACKINGS)
def test_a_gpu_takes_no_more_than_predicted(
    model_folder: Path, packing: Quantization | None
) -> None:
    """The peak of loading and writing stays below the prediction, which is not twice as much."""
    from sc2_attrib.generator import Prompt, Sampling

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    options = LoadOptions(Dtype.BFLOAT16, packing, Int4Type.NF4, device="cuda:0")
    torch.cuda.reset_peak_memory_stats()
    model = load_model(model_folder, options)
    model.complete(Prompt("def f():\n" * 100), Sampling(max_new_tokens=64))
    need = forecast_model(model_folder, None, options, n_tokens=1_000).need.total
    assert torch.cuda.max_memory_allocated() < need + 64e6  # libraries' own workspace
