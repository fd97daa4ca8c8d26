"""What does `generate` cost beside the model? Tokens a second, against plain transformers.

    python benchmarks/generate.py [--tokens N] [--runs N] [--layers N] [--compile]

Two models: the demo's (trained here if it isn't in the cache), and the 3B shape with random weights
cut to a few layers. Each writes the same greedy tokens in turn

    plain       transformers' generate, nothing else
    generate    the same through `Completer`: text streamed as it comes, ends looked for, completion
                checked against an index of this Python's `json` and `textwrap`, report rendered

The index is built before. The share is that of processor time, as other work on the machine
disturbs the wall clock; it must be 0.95 or more, or the benchmark fails. With --compile the network
is also run by torch.compile, with a static cache, for comparison.
"""

import argparse
import statistics
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sc2_attrib.attribution.check import Checker
from sc2_attrib.attribution.outcome import FailOn
from sc2_attrib.attribution.report import FORMATS
from sc2_attrib.cli.completing import Completer, NamedPrompt
from sc2_attrib.cli.locations import demo_cache
from sc2_attrib.cli.run_record import RunStart
from sc2_attrib.cli.session import Session
from sc2_attrib.generator import LoadOptions, LocalModel, Prompt, Sampling, load_model
from sc2_attrib.generator.architecture import STARCODER2
from sc2_attrib.generator.backend import backend, one_thread
from sc2_attrib.generator.demo import demo_prompts, ensure_demo_model
from sc2_attrib.generator.prompt import SPECIAL_TOKENS
from sc2_attrib.index.building import BuildOptions, build_index
from sc2_attrib.index.corpus.location import open_source
from sc2_attrib.index.local import open_index

LEAST_SHARE = 0.95
STDLIB = Path(sysconfig.get_paths()["stdlib"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=192)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--layers", type=int, default=2, help="of the 3B shape; 0 leaves it out")
    parser.add_argument("--compile", action="store_true")
    arguments = parser.parse_args()
    print("| model | plain tokens/s | generate tokens/s | share | share by the clock |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        index = Path(scratch) / "index"
        build_index([open_source(str(STDLIB / "json"))], index, BuildOptions())
        models = {"demo": ensure_demo_model(demo_cache())}
        if arguments.layers:
            models[f"3B shape, {arguments.layers} layers"] = cut_3b(
                Path(scratch) / "3b", arguments.layers
            )
        shares = [
            compare(name, folder, index, arguments.tokens, arguments.runs)
            for name, folder in models.items()
        ]
        if arguments.compile:
            for name, folder in models.items():
                compare_compiled(name, folder, arguments.tokens, arguments.runs)
    if min(shares) < LEAST_SHARE:
        raise SystemExit(f"generate reaches {min(shares):.3f} of plain transformers")


def compare(name: str, folder: Path, index: Path, n_tokens: int, n_runs: int) -> float:
    """Time both in turn, print a row, and return the share of tokens per processor second."""
    model = load_model(folder, LoadOptions(device="cpu"))
    sampling = Sampling(max_new_tokens=n_tokens)
    prompt = demo_prompts().copied[0]
    with open_index(index) as searcher:
        completer = Completer(model, Checker(searcher), sampling, FailOn.NEVER)
        run = RunStart.now(Session())

        def generate() -> int:
            pieces: list[str] = []
            done = completer.complete(NamedPrompt(prompt), run, on_text=pieces.append)
            assert "".join(pieces) == done.completion.text
            assert FORMATS["terminal"](done.result)
            return done.completion.n_new_tokens

        plain = plain_writer(model, prompt, n_tokens)
        n_plain, n_ours = plain(), generate()  # the first of each loads what it needs
        assert n_plain == n_ours, f"{n_plain} tokens against {n_ours}"
        times = [(*timed(plain), *timed(generate)) for _ in range(n_runs)]
    medians: list[float] = [statistics.median(column) for column in zip(*times, strict=True)]
    plain_s, plain_wall, ours_s, ours_wall = medians
    print(
        f"| {name} | {n_plain / plain_wall:.0f} | {n_ours / ours_wall:.0f}"
        f" | {plain_s / ours_s:.3f} | {plain_wall / ours_wall:.3f} |"
    )
    return plain_s / ours_s


def plain_writer(model: LocalModel, prompt: Prompt, n_tokens: int) -> Callable[[], int]:
    """Make a function that lets transformers alone write the same tokens."""
    import torch

    network: Any = model._network
    ids = torch.tensor([model.tokenizer(prompt.prefix)["input_ids"]])
    config = model._generation_config(Sampling(max_new_tokens=n_tokens))
    is_small = network.num_parameters() < 20_000_000

    def write() -> int:
        threads = one_thread() if is_small else backend()  # as a local model does
        with backend(), threads, torch.inference_mode():
            output = network.generate(
                inputs=ids, attention_mask=torch.ones_like(ids), generation_config=config
            )
        return int(output.shape[1] - ids.shape[1])

    return write


def timed(work: Callable[[], int]) -> tuple[float, float]:
    """Return the processor time and the wall time of one call, in seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def compare_compiled(name: str, folder: Path, n_tokens: int, n_runs: int) -> None:
    """Print what a static cache gives, and torch.compile on top of it."""
    import torch

    model = load_model(folder, LoadOptions(device="cpu"))
    network: Any = model._network
    prompt = demo_prompts().copied[0]
    rows = {"dynamic cache": median_s(plain_writer(model, prompt, n_tokens), n_runs)}
    network.generation_config.cache_implementation = "static"
    config = model._generation_config
    model._generation_config = lambda sampling: with_static(config(sampling))  # type: ignore[method-assign]  # this process only
    rows["static cache"] = median_s(plain_writer(model, prompt, n_tokens), n_runs)
    network.forward = torch.compile(network.forward)
    started = time.perf_counter()
    plain_writer(model, prompt, n_tokens)()
    compiling_s = time.perf_counter() - started
    rows["static cache, torch.compile"] = median_s(plain_writer(model, prompt, n_tokens), n_runs)
    for variant, seconds in rows.items():
        print(f"{name}, {variant}: {n_tokens / seconds:.0f} tokens/s")
    print(f"{name}: the first run with torch.compile takes {compiling_s:.0f} s")


def with_static(config: Any) -> Any:
    config.cache_implementation = "static"
    config.disable_compile = True  # what is compiled here is told apart from what isn't
    return config


def median_s(work: Callable[[], int], n_runs: int) -> float:
    work()
    return statistics.median(timed(work)[1] for _ in range(n_runs))


def cut_3b(folder: Path, n_layers: int) -> Path:
    """Save the 3B shape with random weights, fewer layers, and a tokenizer of StarCoder2's kind."""
    import torch
    from transformers import Starcoder2Config, Starcoder2ForCausalLM

    tokenizer = starcoder_tokenizer()
    tokenizer.save_pretrained(folder)
    config = Starcoder2Config(
        **{**STARCODER2["3b"].config, "num_hidden_layers": n_layers},
    )
    config.vocab_size = len(tokenizer)
    torch.manual_seed(0)
    Starcoder2ForCausalLM(config).save_pretrained(folder)
    return folder


def starcoder_tokenizer() -> Any:
    """Learn 49,152 byte-level tokens of the standard library, with StarCoder2's special ones."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=49_152, special_tokens=list(SPECIAL_TOKENS), show_progress=False
    )
    texts = (path.read_text(encoding="utf-8") for path in sorted(STDLIB.glob("*.py")))
    tokenizer.train_from_iterator(texts, trainer)
    wrapped: Any = PreTrainedTokenizerFast
    return wrapped(tokenizer_object=tokenizer, eos_token=SPECIAL_TOKENS[0])


if __name__ == "__main__":
    main()
