"""The demo model: what it learns, that it appears whole or not at all, and where it is kept."""

import threading
from pathlib import Path

import pytest

from sc2_attrib.generator import load_model, train_demo
from sc2_attrib.generator.demo import (
    Recipe,
    TrainingText,
    cache,
    demo_folder,
    demo_prompts,
    demo_texts,
    ensure_demo_model,
)
from sc2_attrib.index.errors import UsageError

TINY = Recipe(n_steps=2, batch=2, n_layers=1, hidden_size=32, intermediate_size=64, n_heads=2)
TEXT = (TrainingText("a.py", "def first(a):\n    return a\n\n\ndef second(b):\n    return b\n"),)


def test_the_demo_learns_the_running_interpreters_own_modules() -> None:
    """Three standard library modules, read as they are installed."""
    texts = demo_texts()
    assert [text.path for text in texts] == [
        "Lib/bisect.py",
        "Lib/textwrap.py",
        "Lib/json/decoder.py",
    ]
    assert "def bisect_left(" in texts[0].text
    assert 20_000 < sum(len(text.text) for text in texts) < 200_000


def test_copied_prompts_stand_in_the_text_and_the_novel_one_does_not() -> None:
    """Each copied prompt has a continuation to be recited in this Python version."""
    prompts, corpus = demo_prompts(), "\0".join(text.text for text in demo_texts())
    assert len(prompts.copied) >= 3
    assert all(prompt.prefix in corpus for prompt in prompts.copied)
    assert prompts.novel.prefix not in corpus


def test_progress_counts_every_step(tmp_path: Path) -> None:
    """Called from step one to the last, with a loss."""
    seen: list[tuple[int, int, float]] = []
    train_demo(TEXT, tmp_path / "m", progress=lambda *step: seen.append(step), recipe=TINY)
    assert [(step, n) for step, n, _ in seen] == [(1, 2), (2, 2)]
    assert all(loss > 0 for *_, loss in seen)


def test_the_seed_decides_the_weights(tmp_path: Path) -> None:
    """Equal seeds write equal files, another seed another one."""
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train_demo(TEXT, tmp_path / name, seed=seed, recipe=TINY)
    a, b, c = ((tmp_path / name / "model.safetensors").read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize("text", ["x", "# Ünïcödé\r\n\x0cdef f(): pass", "<|endoftext|>\n" * 40])
def test_any_text_can_be_learnt(text: str, tmp_path: Path) -> None:
    """Also one character, other line ends, and the names of special tokens."""
    train_demo((TrainingText("a", text),), tmp_path / "m", recipe=TINY)
    assert load_model(tmp_path / "m").describe().id == "demo"


@pytest.mark.parametrize("documents", [(), (TrainingText("empty.py", ""),)])
def test_no_text_is_refused(documents: tuple[TrainingText, ...], tmp_path: Path) -> None:
    """Before anything is trained."""
    with pytest.raises(UsageError, match="hold no text"):
        train_demo(documents, tmp_path / "m", recipe=TINY)


def test_an_existing_folder_is_refused(tmp_path: Path) -> None:
    """A model is never written over."""
    with pytest.raises(UsageError, match="exists already"):
        train_demo(TEXT, tmp_path, recipe=TINY)


def test_an_interrupted_training_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C comes through, and no folder, finished or not, stays behind."""

    def interrupt(step: int, n_steps: int, loss: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_demo(TEXT, tmp_path / "m", progress=interrupt, recipe=TINY)
    assert not list(tmp_path.iterdir())


def test_the_demo_model_is_trained_once(tmp_path: Path) -> None:
    """The second call finds it, and trains nothing."""
    steps: list[int] = []
    folders = [
        ensure_demo_model(tmp_path / "cache", lambda step, *_: steps.append(step), recipe=TINY)
        for _ in range(2)
    ]
    assert folders == [demo_folder(tmp_path / "cache", TINY)] * 2
    assert steps == [1, 2]
    assert load_model(folders[0]).describe().id == "demo"


def test_two_at_once_train_it_once(tmp_path: Path) -> None:
    """The second waits for the first, and then finds the model."""
    steps: list[int] = []
    folders: list[Path] = []

    def ensure() -> None:
        folder = ensure_demo_model(tmp_path, lambda step, *_: steps.append(step), recipe=TINY)
        folders.append(folder)

    threads = [threading.Thread(target=ensure) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert folders == [demo_folder(tmp_path, TINY)] * 2
    assert steps == [1, 2]


def test_the_folder_is_named_after_what_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another recipe, text or version of a package is another model."""
    names = {demo_folder(tmp_path), demo_folder(tmp_path, TINY)}
    monkeypatch.setattr(cache, "demo_texts", lambda: TEXT)
    names.add(demo_folder(tmp_path))
    monkeypatch.setattr(cache, "version", lambda _: "0")
    names.add(demo_folder(tmp_path))
    assert len(names) == 4
