"""What does avoiding denied text cost: time a token, and quality?

    python -m benchmarks.avoidance cost --index FOLDER --corpus FOLDER_OF_PARQUET [--texts N]
    python -m benchmarks.avoidance quality [--texts N]

`cost` needs no model. It recites texts token by token past a guard, with 49,152 tokens of
StarCoder2's kind, and times each step in processor time: novel code, of installed packages, and
files of the corpus. Where a token is taken from the choice the likeliest of the others is written,
and reciting goes on behind it. What was written is then checked: a run that is denied fails the
benchmark, as does a step of more than 2 ms at the 99th percentile.

`quality` has an index of the demo model's three modules, one of them denied. Perplexity is over
windows of 192 tokens, of which the first 32 are the prompt; of denied text over the tokens that are
left, with the share of those that are not. A completion of 48 tokens is exact if it is the module's
own text. Of held-out and permissive text no token may be refused and each completion must be the
same, or the benchmark fails; perplexity may differ by what long tokens that were not tried leave.
"""

import argparse
import math
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.generate import STDLIB, starcoder_tokenizer
from benchmarks.local_index import novel_files
from sc2_attrib.attribution.check import Checker
from sc2_attrib.attribution.result import Action
from sc2_attrib.attribution.veto import PolicyVeto
from sc2_attrib.attribution.veto_of import veto_of
from sc2_attrib.cli.locations import demo_cache
from sc2_attrib.generator import LoadOptions, LocalModel, Prompt, Sampling, load_model
from sc2_attrib.generator.demo import demo_texts, ensure_demo_model
from sc2_attrib.generator.guard import Guard, OnMatch
from sc2_attrib.generator.guarded_model import GuardedModel
from sc2_attrib.generator.veto import Veto
from sc2_attrib.generator.vocabulary import Vocabulary
from sc2_attrib.index.building import BuildOptions, build_index
from sc2_attrib.index.corpus.location import open_source
from sc2_attrib.index.local import LocalIndex, open_index

MOST_MS = 2.0  # a step at the 99th percentile
PROMPT_TOKENS, TEXT_TOKENS = 32, 192
N_WARM = 40  # texts recited before any is timed
HELD_OUT = ("heapq", "shlex", "fnmatch", "calendar")
SEED = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("question", choices=("cost", "quality"))
    parser.add_argument("--index", type=Path)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--texts", type=int, default=100)
    arguments = parser.parse_args()
    if arguments.question == "quality":
        measure_quality(arguments.texts)
    elif arguments.index is None or arguments.corpus is None:
        parser.error("cost needs --index and --corpus")
    else:
        measure_cost(arguments.index, arguments.corpus, arguments.texts)


@dataclass(slots=True)
class Recital:
    """What reciting some texts took."""

    steps_ms: list[float] = field(default_factory=list)
    n_vetoes: int = 0
    n_denied: int = 0

    def row(self, name: str) -> str:
        """Give a row of the table."""
        ordered = sorted(self.steps_ms)
        p50, p90, p99 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.9, 0.99))
        numbers = f"{p50:.2f} | {p90:.2f} | {p99:.2f} | {ordered[-1]:.1f}"
        return f"| {name} | {len(ordered):,} | {self.n_vetoes:,} | {numbers} |"


def measure_cost(folder: Path, corpus: Path, n_texts: int) -> None:
    """Print the time of a guard's step, by the kind of text."""
    tokenizer = starcoder_tokenizer()
    rng = random.Random(SEED)
    texts = {
        "novel": list(novel_texts(n_texts + N_WARM, rng)),
        "of the corpus": list(corpus_texts(corpus, n_texts + N_WARM, rng)),
    }
    with open_index(folder) as index:
        checker = Checker(index, near=None)
        veto = veto_of(checker)
        words = Vocabulary(tokenizer, veto)
        print("| text | steps | vetoes | p50 ms | p90 ms | p99 ms | max ms |")
        print("|---|---|---|---|---|---|---|")
        done = {}
        for name, all_texts in texts.items():
            recite(all_texts[:N_WARM], tokenizer, words, veto, checker)
            done[name] = recite(all_texts[N_WARM:], tokenizer, words, veto, checker)
            print(done[name].row(name))
    n_denied = sum(each.n_denied for each in done.values())
    if n_denied:
        raise SystemExit(f"{n_denied} texts hold a denied run")
    slowest = max(sorted(each.steps_ms)[int(len(each.steps_ms) * 0.99)] for each in done.values())
    if slowest > MOST_MS:
        raise SystemExit(f"a step takes {slowest:.2f} ms at the 99th percentile")


def recite(
    texts: Sequence[str], tokenizer: Any, words: Vocabulary, veto: Veto[Any], checker: Checker
) -> Recital:
    """Recite texts past a guard, and check what was written."""
    import torch

    torch.manual_seed(SEED)
    recital = Recital()
    for text in texts:
        wanted = tokenizer(text)["input_ids"][: PROMPT_TOKENS + TEXT_TOKENS]
        guard: Any = Guard(words, veto)
        ids = wanted[:PROMPT_TOKENS]
        for token in wanted[PROMPT_TOKENS:]:
            scores = torch.randn((1, len(tokenizer)))
            scores[0, token] = 20.0
            given = torch.tensor([ids])
            started = time.thread_time()
            scores = guard(given, scores)
            recital.steps_ms.append(1000 * (time.thread_time() - started))
            ids.append(int(scores.argmax()))
        recital.n_vetoes += len(guard.vetoes(ids))
        recital.n_denied += brings_in_denied(ids, tokenizer, checker)
    return recital


def brings_in_denied(ids: Sequence[int], tokenizer: Any, checker: Checker) -> bool:
    """Tell whether a text holds a denied match that its prompt doesn't hold whole."""
    prompt = tokenizer.decode(ids[:PROMPT_TOKENS])
    text = tokenizer.decode(ids)
    return any(
        match.policy.action is Action.DENY and match.generated.bytes[1] > len(prompt.encode())
        for match in checker.check_text(text).matches
    )


def novel_texts(n: int, rng: random.Random) -> Iterator[str]:
    """Draw code of packages that the corpus does not hold."""
    for file in rng.choices(novel_files(), k=n):
        yield part_of(file.read_text(encoding="utf-8"), rng)


def corpus_texts(corpus: Path, n: int, rng: random.Random) -> Iterator[str]:
    """Draw files of the corpus, as many of each of some shards."""
    from pyarrow import parquet

    files = sorted(corpus.rglob("*.parquet"))
    assert files, f"no Parquet file in {corpus}"
    per_file = -(-n // min(len(files), 12))
    for file in rng.sample(files, min(len(files), 12)):
        shard = parquet.ParquetFile(file)
        group = shard.read_row_group(rng.randrange(shard.num_row_groups), columns=["content"])
        for row in rng.choices(range(group.num_rows), k=per_file):
            content = group.column(0)[row].as_py()
            yield part_of(content if isinstance(content, str) else content.decode("latin-1"), rng)


def part_of(text: str, rng: random.Random) -> str:
    """Cut a text of some 220 tokens out, from the beginning of a line."""
    lines = text.splitlines(keepends=True)
    return "".join(lines[rng.randrange(max(len(lines) - 20, 1)) :])[:4000]


@dataclass(frozen=True, slots=True)
class Quality:
    """Negative logarithms of chances, and how many tokens could not be chosen."""

    plain: Sequence[float]
    watched: Sequence[float]

    def row(self, name: str, exact: tuple[int, int, int]) -> str:
        """Give a row of the table; `exact`: plain, watched, all."""
        left = [each for each in self.watched if each < math.inf]
        refused = 1 - len(left) / len(self.watched)
        plain, watched, n = exact
        return (
            f"| {name} | {perplexity(self.plain):.3f} | {perplexity(left):.3f} | {refused:.1%}"
            f" | {plain} of {n} | {watched} of {n} |"
        )


def perplexity(losses: Sequence[float]) -> float:
    """The exponential of the mean loss."""
    return math.exp(sum(losses) / max(len(losses), 1))


def measure_quality(n_texts: int) -> None:
    """Print perplexity and exact completions, with and without a guard."""
    model = load_model(ensure_demo_model(demo_cache()), LoadOptions(device="cpu"))
    denied, *permissive = [each.text for each in reversed(demo_texts())]
    held_out = [(STDLIB / f"{name}.py").read_text(encoding="utf-8") for name in HELD_OUT]
    kinds = {"held out": held_out, "permissive": permissive, "denied": [denied]}
    print("| text | perplexity plain | watched | not to be chosen | exact plain | watched |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch, index_of(denied, permissive, scratch) as index:
        veto = PolicyVeto(index)
        for name, texts in kinds.items():
            losses = losses_of(model, veto, texts, n_texts)
            exact = exact_of(model, veto, texts, n_texts)
            print(losses.row(name, exact))
            if name != "denied" and (math.inf in losses.watched or exact[0] != exact[1]):
                raise SystemExit(f"{name} text is not written as without a guard")


def index_of(denied: str, permissive: Sequence[str], scratch: str) -> LocalIndex:
    """Index texts under two licences."""
    for license, texts in (("GPL-3.0-only", [denied]), ("MIT", permissive)):
        for number, text in enumerate(texts):
            file = Path(scratch) / license / f"{number}.py"
            file.parent.mkdir(exist_ok=True)
            header = f"# SPDX-License-Identifier: {license}\n"
            file.write_text(header + text, encoding="utf-8")
    folders = [str(Path(scratch) / license) for license in ("GPL-3.0-only", "MIT")]
    build_index(list(map(open_source, folders)), Path(scratch) / "index", BuildOptions())
    return open_index(Path(scratch) / "index")


def losses_of(model: LocalModel, veto: PolicyVeto, texts: Sequence[str], n: int) -> Quality:
    """Charge windows of texts, plain and past a guard."""
    import torch

    words, rng = Vocabulary(model.tokenizer, veto), random.Random(SEED)
    network: Any = model._network
    plain: list[float] = []
    watched: list[float] = []
    for _ in range(n // 4):
        window = window_of(model, rng.choice(texts), rng)
        guard: Any = Guard(words, veto)
        with torch.inference_mode():
            scores = network(torch.tensor([window])).logits[0].float()
        for at in range(PROMPT_TOKENS, len(window)):
            one = scores[at - 1 : at]
            left = guard(torch.tensor([window[:at]]), one)
            plain.append(-float(one.log_softmax(-1)[0, window[at]]))
            watched.append(-float(left.log_softmax(-1)[0, window[at]]))
    return Quality(plain, watched)


def window_of(model: LocalModel, text: str, rng: random.Random) -> list[int]:
    """Cut tokens out of a text, from the beginning of a line."""
    lines = text.splitlines(keepends=True)
    start = rng.randrange(max(len(lines) - 30, 1))
    ids: list[int] = model.tokenizer("".join(lines[start:]))["input_ids"][:TEXT_TOKENS]
    return ids


def exact_of(
    model: LocalModel, veto: PolicyVeto, texts: Sequence[str], n: int
) -> tuple[int, int, int]:
    """Count completions that are the text's own: plain, watched; and all."""
    rng = random.Random(SEED)
    sampling = Sampling(max_new_tokens=48)
    watched = GuardedModel(model, veto, on_match=OnMatch.AVOID)
    n_plain = n_watched = 0
    for _ in range(n // 4):
        ids = window_of(model, rng.choice(texts), rng)
        prompt, text = (str(model.tokenizer.decode(part)) for part in (ids[:PROMPT_TOKENS], ids))
        answers = [each.complete(Prompt(prompt), sampling).text for each in (model, watched)]
        plain_is, watched_is = (text.startswith(prompt + each) for each in answers)
        n_plain, n_watched = n_plain + plain_is, n_watched + watched_is
    return n_plain, n_watched, n // 4


if __name__ == "__main__":
    main()
