"""Decoding that avoids what the policy denies, with a model that knows the denied text by heart."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from sc2_attrib.attribution.policy import Policy
from sc2_attrib.attribution.veto import PolicyVeto
from sc2_attrib.generator import Completion, LocalModel, Prompt, Sampling, StopReason
from sc2_attrib.generator.demo import TrainingText
from sc2_attrib.generator.guard import FOLLOWED_TEXTS, Guard, OnMatch
from sc2_attrib.generator.guarded_model import GuardedModel
from sc2_attrib.generator.vocabulary import Vocabulary
from sc2_attrib.index.local import LocalIndex
from sc2_attrib.index.text import normalize
from tests.generator.watching import MIN_CHARS, denied_runs, index_of, windows

GPL, MIT = "GPL-3.0-only", "MIT"
BATCH = 32
SAMPLINGS = (
    Sampling(max_new_tokens=48),
    Sampling(max_new_tokens=48, do_sample=True, temperature=0.8, top_k=0),
    Sampling(max_new_tokens=40, num_beams=3),
    Sampling(max_new_tokens=40, num_beams=2, do_sample=True, temperature=0.7),
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
    n_alone = n // (5 * len(SAMPLINGS))
    for number, sampling in enumerate(SAMPLINGS):
        for prompt in prompts_from(texts, n_alone, seed=number):
            yield model.complete(prompt, sampling)
        batch = prompts_from(texts, 4 * n_alone, seed=100 + number)
        for at in range(0, len(batch), BATCH):
            for answer in model.complete_batch(batch[at : at + BATCH], sampling):
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
    check_avoidance(model, denied_index, training_texts, 160)


@pytest.mark.slow
def test_nothing_denied_is_written_in_a_thousand_completions(
    model: LocalModel, denied_index: LocalIndex, training_texts: tuple[TrainingText, ...]
) -> None:
    """As above, for long."""
    check_avoidance(model, denied_index, training_texts, 1000)


def test_a_hole_is_not_filled_with_what_the_prefix_began(
    model: LocalModel, denied_index: LocalIndex, training_texts: tuple[TrainingText, ...]
) -> None:
    """A run that begins in front of a hole is seen whole, alone and beside a shorter prompt."""
    text = training_texts[0].text
    denied = windows(text)
    start = text.index("    if ")
    holes = [
        Prompt(text[:stop], text[stop + 120 : stop + 220]) for stop in range(start, start + 60, 5)
    ]
    sampling = Sampling(max_new_tokens=32)
    watched = avoiding(model, denied_index)
    assert sum(bool(denied_runs(model.complete(each, sampling), denied)) for each in holes) > 3
    alone = [watched.complete(each, sampling) for each in holes]
    together = watched.complete_batch([*holes, Prompt("x")], sampling)[:-1]
    for answer in (*alone, *together):
        assert isinstance(answer, Completion)
        assert denied_runs(answer, denied) == set()


def test_what_the_policy_allows_is_recited(
    model: LocalModel, training_texts: tuple[TrainingText, ...], tmp_path: Path
) -> None:
    """Completions of a permissive text are those of the plain model, beside one that is denied."""
    denied, allowed = training_texts
    sampling = Sampling(max_new_tokens=48)
    with index_of(training_texts, [GPL, MIT], tmp_path / "index") as index:
        watched = avoiding(model, index)
        permissive = prompts_from([allowed], 8, seed=1)
        plain = [model.complete(each, sampling) for each in permissive]
        assert [watched.complete(each, sampling).text for each in permissive] == [
            each.text for each in plain
        ]
        assert any(denied_runs(each, windows(allowed.text)) for each in plain)
        answers = [watched.complete(each, sampling) for each in prompts_from([denied], 8, seed=1)]
        assert any(each.vetoes for each in answers)
        assert {veto["license"] for each in answers for veto in each.vetoes} == {GPL}


def test_stopped_where_a_run_is_complete(
    model: LocalModel, denied_index: LocalIndex, training_texts: tuple[TrainingText, ...]
) -> None:
    """A stopped completion ends with the token that completed its only denied run; beams too."""
    denied = {run for text in training_texts for run in windows(text.text)}
    watched = avoiding(model, denied_index, OnMatch.STOP)
    for sampling in SAMPLINGS[::2]:
        stopped = [
            each
            for each in watched.complete_batch(prompts_from(training_texts, 8, seed=3), sampling)
            if isinstance(each, Completion) and each.stopped is StopReason.MATCH
        ]
        assert stopped
        for each in stopped:
            ids = [token for token in each.token_ids if token != model.tokenizer.eos_token_id]
            last = str(model.tokenizer.decode(ids[-1:]))
            assert each.text.endswith(last)
            without = replace(each, text=each.text[: -len(last)])
            assert denied_runs(each, denied)
            assert denied_runs(without, denied) == set()


def test_a_long_completion_keeps_few_texts(model: LocalModel, denied_index: LocalIndex) -> None:
    """What a guard holds is bounded, and a beam that ended long ago still has its vetoes."""
    veto = PolicyVeto(denied_index, min_chars=MIN_CHARS)
    guard: Any = Guard(Vocabulary(model.tokenizer, veto), veto)
    ids = model.tokenizer("def f():\n")["input_ids"]
    scores = torch.zeros((1, len(model.tokenizer)))
    for _ in range(FOLLOWED_TEXTS + 100):
        guard(torch.tensor([ids]), scores)
        ids.append(ids[-1])
    assert len(guard._texts) == FOLLOWED_TEXTS
    assert guard.vetoes(ids[:20]) == ()
    assert guard.completed(ids) is None


def test_where_no_token_is_left_the_text_ends(
    model: LocalModel, denied_index: LocalIndex, training_texts: tuple[TrainingText, ...]
) -> None:
    """Where another processor left only tokens that are denied, the end is chosen, and no token."""
    veto = PolicyVeto(denied_index, min_chars=MIN_CHARS)
    vocabulary = Vocabulary(model.tokenizer, veto)
    bare = normalize(training_texts[0].text.encode())[: MIN_CHARS - 1]
    ids = model.tokenizer(bare.decode())["input_ids"]
    rest = normalize(training_texts[0].text.encode())[len(bare) :][:1]
    scores = torch.full((1, len(model.tokenizer)), float("-inf"))
    scores[0, vocabulary.beginning_with(rest)] = 0.0
    guard: Any = Guard(vocabulary, veto)
    chosen = guard(torch.tensor([ids]), scores)
    assert int(chosen.argmax()) in vocabulary.ends
    assert torch.isfinite(chosen).sum() == len(vocabulary.ends)
