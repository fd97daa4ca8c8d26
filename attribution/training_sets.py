"""What the StarCoder2 models were trained on, and how much of that an index can speak for.

A model can repeat whatever it has read. The Stack v2 is most of that for StarCoder2, not all: pull
requests, issues, notebooks, documentation and other texts were added, and no index of The Stack
holds them. A set is recognised by the name of a corpus alone, so an index that names one may still
hold only a part of it.

Source: Lozhkov et al., StarCoder 2 and The Stack v2, arXiv:2402.19173, section 2 and table 4
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Size(StrEnum):
    """The models of the family, by their numbers of weights."""

    B3 = "3b"
    B7 = "7b"
    B15 = "15b"


ALL = frozenset(Size)
SMALL = frozenset({Size.B3, Size.B7})
LARGE = frozenset({Size.B7, Size.B15})

STACK: Mapping[Size, str] = {
    Size.B3: "the-stack-v2-train-smol-ids",
    Size.B7: "the-stack-v2-train-smol-ids",
    Size.B15: "the-stack-v2-train-full-ids",
}
UNIQUE_TOKENS: Mapping[Size, float] = {
    Size.B3: 622.09,
    Size.B7: 658.58,
    Size.B15: 913.23,
}  # billion


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """One set: its size in billions of tokens, who read it, and the names of corpora of it.

    `corpora` is a pattern of names, matched whole; without one no index can hold the set.
    """

    name: str
    tokens: float
    models: frozenset[Size]
    corpora: re.Pattern[str] | None = None


# Any selection of The Stack v2 may hold a part of either set: `the-stack-v2-dedup (Python)`.
_STACK_V2 = re.compile(r"(?i)(?:.*[-_/])?the-stack-v2(?![0-9]).*")

TRAINING_SETS = (
    TrainingSet("the-stack-v2-train-smol", 525.5, SMALL, _STACK_V2),
    TrainingSet("the-stack-v2-train-full", 775.48, frozenset({Size.B15}), _STACK_V2),
    TrainingSet("pull requests", 19.54, ALL),
    TrainingSet("issues", 11.06, ALL),
    TrainingSet("Jupyter notebooks with their structure", 14.74, ALL),
    TrainingSet("Jupyter notebooks as scripts", 16.29, ALL),
    TrainingSet("Kaggle scripts", 1.68, ALL),
    TrainingSet("documentation", 1.6, ALL),
    TrainingSet("OpenWebMath", 14.42, LARGE),
    TrainingSet("Wikipedia", 6.12, LARGE),
    TrainingSet("Stack Overflow", 10.26, ALL),
    TrainingSet("arXiv", 30.26, LARGE),
    TrainingSet("small sets such as APPS and Rosetta Code", 5.78, ALL),
    TrainingSet("LLVM intermediate code", 6.0, ALL),
)

_FAMILY = re.compile(r"(?i)starcoder2[-_](3b|7b|15b)(?![0-9a-z])")


@dataclass(frozen=True, slots=True)
class TrainingCoverage:
    """The sets one model was trained on: those an index names, and those it does not."""

    size: Size
    covered: tuple[TrainingSet, ...]
    missing: tuple[TrainingSet, ...]


def size_of_model(name: str) -> Size | None:
    """Recognise a StarCoder2 by its name on the hub or by its folder's; None: another model."""
    found = _FAMILY.search(name)
    return Size(found[1].lower()) if found else None


def training_coverage(model: str, corpora: Iterable[str]) -> TrainingCoverage | None:
    """Compare what a model was trained on with the names of an index's corpora.

    None: it is not known what the model was trained on.
    """
    size = size_of_model(model)
    if size is None:
        return None
    names = list(corpora)
    sets = [each for each in TRAINING_SETS if size in each.models]
    covered = tuple(each for each in sets if _is_among(each, names))
    return TrainingCoverage(size, covered, tuple(each for each in sets if each not in covered))


def _is_among(training_set: TrainingSet, corpora: Iterable[str]) -> bool:
    pattern = training_set.corpora
    return pattern is not None and any(map(pattern.fullmatch, corpora))
