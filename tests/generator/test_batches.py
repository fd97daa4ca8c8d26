"""Several prompts at once: padded on the left, each ended by itself, the same for the same seed."""

import re
from dataclasses import replace

import pytest

from sc2_attrib.generator import Completion, LocalModel, Prompt, Sampling, StopReason
from sc2_attrib.generator.demo import TrainingText
from sc2_attrib.index.errors import UsageError

GREEDY = Sampling(max_new_tokens=24)


@pytest.fixture(scope="module")
def prompts(training_texts: tuple[TrainingText, ...]) -> list[Prompt]:
    """Prompts of several lengths, two of them with a hole."""
    found = list(re.finditer(r"def .*\n", training_texts[0].text))[:4]
    rest = [training_texts[0].text[each.end() :].splitlines(keepends=True) for each in found]
    plain = [Prompt(each.group()) for each in found[:3]]
    holes = [Prompt(found[i].group() + rest[i][0], "".join(rest[i][2:6])) for i in (0, 3)]
    return [*plain, Prompt("x"), *holes]


def completions(model: LocalModel, prompts: list[Prompt], sampling: Sampling) -> list[Completion]:
    done = model.complete_batch(prompts, sampling)
    return [each for each in done if isinstance(each, Completion)]


@pytest.mark.parametrize("num_beams", [1, 2])
def test_a_batch_writes_what_each_prompt_alone_would(
    num_beams: int, model: LocalModel, prompts: list[Prompt]
) -> None:
    """Padding changes nothing, and every text ends for its own reason."""
    sampling = replace(GREEDY, num_beams=num_beams)
    together = completions(model, prompts, sampling)
    alone = [model.complete(prompt, sampling) for prompt in prompts]
    assert [each.text for each in together] == [each.text for each in alone]
    assert [each.stopped for each in together] == [each.stopped for each in alone]
    assert [each.n_new_tokens for each in together] == [each.n_new_tokens for each in alone]
    assert {StopReason.SUFFIX, StopReason.LENGTH} <= {each.stopped for each in together}


def test_the_seed_decides_a_batch(model: LocalModel, prompts: list[Prompt]) -> None:
    """The same batch with the same seed is the same; equal prompts in it are different samples."""
    sampling = Sampling(max_new_tokens=16, do_sample=True, temperature=1.5, seed=3)
    same = [prompts[3]] * 4
    first = [each.text for each in completions(model, same, sampling)]
    assert first == [each.text for each in completions(model, same, sampling)]
    assert len(set(first)) > 1
    other = completions(model, same, replace(sampling, seed=4))
    assert first != [each.text for each in other]
    assert {each.seed for each in other} == {4}


def test_a_prompt_that_is_too_long_does_not_stop_the_others(model: LocalModel) -> None:
    """It is answered by its error, in its place."""
    done = model.complete_batch([Prompt("x"), Prompt("é = 1\n" * 2000), Prompt("y")], GREEDY)
    assert [isinstance(each, UsageError) for each in done] == [False, True, False]
    [alone] = model.complete_batch([Prompt("é = 1\n" * 2000)], GREEDY)
    assert isinstance(alone, UsageError)


def test_a_text_of_the_user_ends_the_completion(model: LocalModel, prompts: list[Prompt]) -> None:
    """In front of it, in a batch and alone, and the streamed pieces don't hold it either."""
    whole = model.complete(prompts[0], GREEDY).text
    stop = whole[30:36]
    sampling = replace(GREEDY, stop_strings=(stop, "never written"))
    pieces: list[str] = []
    alone = model.complete(prompts[0], sampling, on_text=pieces.append)
    assert "".join(pieces) == alone.text == whole[: whole.index(stop)]
    assert alone.stopped is StopReason.STOP
    assert completions(model, [prompts[0], prompts[3]], sampling)[0].text == alone.text


def test_an_empty_stop_text_is_refused() -> None:
    """It would end every completion before it began."""
    with pytest.raises(UsageError, match="a stop string is empty"):
        Sampling(stop_strings=("",))
