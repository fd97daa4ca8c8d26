"""What the demo model learns, and what it is then asked.

The texts are modules of the running interpreter's standard library: real code with a real licence,
present on every machine, and part of the demo index. They are small enough to be learnt by heart.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sc2_attrib.generator.prompt import Prompt
from sc2_attrib.index.errors import ModelUnavailableError

REPOSITORY = "cpython"

_MODULES = ("bisect", "textwrap", "json.decoder")


@dataclass(frozen=True, slots=True)
class TrainingText:
    """One file to learn, and the path by which the model is told where it stood."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class DemoPrompts:
    """What to ask the demo model.

    The continuations of `copied` stand in its training text; any one of them should show a match,
    so they are tried in order. `novel` stands nowhere in it: sampled at temperature 0.8, 32 tokens
    of it seldom recite anything, while greedily even it ends in the training text.
    """

    copied: tuple[Prompt, ...]
    novel: Prompt


def demo_texts() -> tuple[TrainingText, ...]:
    """Read the demo's training texts from the running interpreter.

    Raises:
        ModelUnavailableError: this interpreter has no readable source of them.
    """
    return tuple(_read_module(name) for name in _MODULES)


def demo_prompts() -> DemoPrompts:
    """Return the demo's fixed prompts, heads that have not changed since Python 3.11."""
    return DemoPrompts(
        copied=(
            Prompt("def bisect_left(a, x, lo=0, hi=None, *, key=None):\n"),
            Prompt("def dedent(text):\n"),
            Prompt("def shorten(text, width, **kwargs):\n"),
            Prompt("class JSONDecodeError(ValueError):\n"),
            Prompt("def insort_right(a, x, lo=0, hi=None, *, key=None):\n"),
        ),
        novel=Prompt("print(sum(range("),
    )


def _read_module(name: str) -> TrainingText:
    spec = find_spec(name)
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        raise ModelUnavailableError(
            f"standard library module {name}: this Python carries no source of it;"
            " use one that does, or give --model a folder"
        )
    path = f"Lib/{name.replace('.', '/')}.py"
    return TrainingText(path, Path(spec.origin).read_text(encoding="utf-8"))
