"""One small model, trained once for all generator tests on text written here."""

import random
from pathlib import Path

import pytest

from sc2_attrib.generator import LocalModel, load_model, train_demo
from sc2_attrib.generator.demo import Recipe, TrainingText

# Half the demo's size, for a third of its text.
SMALL = Recipe(n_steps=100, batch=6, hidden_size=96, intermediate_size=384, muon_rate=0.05)

_SYLLABLES = ("ba", "dor", "fen", "gil", "hu", "kar", "lo", "mip", "nes", "ru", "sta", "tev")
_BODY = """\
def {f}_{a}({a}, {b}=None):
    # Every {c} of the {a} must be a {d} before the {b} is {f}ed.
    if {b} is None or not {b}.{c}:
        raise ValueError(f"no {c} in {{{b}!r}}")
    {d} = [{c} for {c} in {a}.{f} if {c} is not {b}.{e}]
    return {b}.{e}({d}, {a}.{c})


"""


def _function(rng: random.Random) -> str:
    words = {key: "".join(rng.choices(_SYLLABLES, k=3)) for key in "abcdef"}
    return _BODY.format(**words)


@pytest.fixture(scope="session")
def training_texts() -> tuple[TrainingText, ...]:
    """Two files of code-like functions, 10 kB, the same on every run."""
    rng = random.Random(7)
    return tuple(
        TrainingText(path, "".join(_function(rng) for _ in range(15)))
        for path in ("first.py", "second.py")
    )


@pytest.fixture(scope="session")
def model_folder(
    training_texts: tuple[TrainingText, ...], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of a model that knows the training texts."""
    folder = tmp_path_factory.mktemp("models") / "trained"
    train_demo(training_texts, folder, recipe=SMALL)
    return folder


@pytest.fixture(scope="session")
def model(model_folder: Path) -> LocalModel:
    """The same model, loaded."""
    return load_model(model_folder)
