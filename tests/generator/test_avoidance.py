"""Decoding that avoids what the policy denies, with a model that knows the denied text by heart."""

import random
import re
from collections.abc import Iterator, Sequence

import pytest

from sc2_attrib.attribution.policy import Policy
from sc2_attrib.attribution.veto import PolicyVeto
from sc2_attrib.generator import Completion, LocalModel, Prompt, Sampling
from sc2_attrib.generator.demo import TrainingText
from sc2_attrib.generator.guard import OnMatch
from sc2_attrib.generator.guarded_model import GuardedModel
from sc2_attrib.index.local import LocalIndex
from tests.generator.watching import MIN_CHARS, denied_runs, index_of, windows

GPL = "GPL-3.0-only"
SAMPLINGS = (
    Sampling(max_new_tokens=64),
    Sampling(max_new_tokens=64, do_sample=True, temperature=0.8, top_k=0),
    Sampling(max_new_tokens=48, num_beams=3),
    Sampling(max_new_tokens=48, num_beams=2, do_sample=True, temperature=0.7),
)


@pytest.fixture(scope="module")
def denied_index(
    training_texts: tuple[TrainingText, ...], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalIndex]:
    """An index of all that the model learnt, under a licence that the policy denies."""
    folder = tmp_path_factory.mktemp("denied") / "index"
    with index_of(training_texts, [GPL] * len(training_texts), folder) as index:
        yield index


def avoiding(
    model: LocalModel,
    index: LocalIndex,
    on_match: OnMatch = OnMatch.AVOID,
    policy: Policy = Policy(),  # noqa: B008  # frozen
) -> GuardedModel:
    veto = PolicyVeto(index, policy=policy, min_chars=MIN_CHARS)
    return GuardedModel(model, veto, on_match=on_match)


def prompts_from(texts: Sequence[TrainingText], n: int, seed: int) -> list[Prompt]:
    """Beginnings of functions and pieces of their middles, of many lengths, some reformatted."""
    rng = random.Random(seed)
    prompts = []
    for _ in range(n):
        text = rng.choice(texts).text
        starts = [match.start() for match in re.finditer(r"^def ", text, re.MULTILINE)]
        start = rng.choice(starts[:-1]) + rng.choice((0, 0, 0, 7, 60))
        piece = text[start : start + rng.randrange(12, 150)]
        prompts.append(Prompt(piece.replace("    ", "\t") if rng.random() < 0.1 else piece))
    return prompts


def completions(
    model: LocalModel | GuardedModel, texts: Sequence[TrainingText], n: int
) -> Iterator[Completion]:
    """Complete `n` prompts, greedy, sampled, with beams, alone and in batches."""
    per_way = n // (2 * len(SAMPLINGS))
    for number, sampling in enumerate(SAMPLINGS):
        for prompt in prompts_from(texts, per_way, seed=number):
            yield model.complete(prompt, sampling)
        batch = prompts_from(texts, per_way, seed=100 + number)
        for at in range(0, len(batch), 8):
            for answer in model.complete_batch(batch[at : at + 8], sampling):
                assert isinstance(answer, Completion)
                yield answer


def share_denied(
    model: LocalModel | GuardedModel, texts: Sequence[TrainingText], n: int
) -> tuple[int, int]:
    """Count completions that hold a denied run, and all, by brute force over the texts."""
    denied = {run for text in texts for run in windows(text.text)}
    found = [bool(denied_runs(each, denied)) for each in completions(model, texts, n)]
    return sum(found), len(found)


def check_avoidance(
    model: LocalModel, index: LocalIndex, texts: Sequence[TrainingText], n: int
) -> None:
    n_denied, n_all = share_denied(model, texts, n)
    assert n_all >= n * 0.9
    assert n_denied >= n_all / 2, f"only {n_denied} of {n_all} recite, so nothing would be shown"
    assert share_denied(avoiding(model, index), texts, n) == (0, n_all)


def test_nothing_denied_is_written(
    model: LocalModel, denied_index: LocalIndex, training_texts: tuple[TrainingText, ...]
) -> None:
    """Half of the plain completions recite 66 characters or more; of the watched ones none does."""
    check_avoidance(model, denied_index, training_texts, 48)


@pytest.mark.slow
def test_nothing_denied_is_written_in_a_thousand_completions(
    model: LocalModel, denied_index: LocalIndex, training_texts: tuple[TrainingText, ...]
) -> None:
    """As above, for long."""
    check_avoidance(model, denied_index, training_texts, 1000)
