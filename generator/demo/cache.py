"""Where the demo model is kept, so that it is trained once on a machine."""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sc2_attrib.generator.demo.texts import demo_texts
from sc2_attrib.generator.demo.training import DEMO_RECIPE, Progress, Recipe, train_demo

_REVISION = 1  # raise when the training code changes what it makes of the same recipe


def demo_folder(cache_dir: Path, recipe: Recipe = DEMO_RECIPE) -> Path:
    """Say where the demo model is or will be, by a hash of everything that it is made of."""
    digest = hashlib.sha256(repr((_REVISION, astuple(recipe))).encode())
    for package in ("torch", "transformers", "tokenizers"):
        digest.update(_version(package).encode() + b"\0")
    for document in demo_texts():
        digest.update(f"{document.path}\0{document.text}\0".encode())
    return cache_dir / f"demo-model-{digest.hexdigest()[:16]}"


def ensure_demo_model(
    cache_dir: Path, progress: Progress | None = None, *, recipe: Recipe = DEMO_RECIPE
) -> Path:
    """Return the folder of the demo model, and train it first if there is none.

    A second process that wants it at the same time waits for the first.

    Raises:
        ModelUnavailableError: it must be trained, but torch and transformers are not installed.
    """
    folder = demo_folder(cache_dir, recipe)
    if not folder.is_dir():
        cache_dir.mkdir(parents=True, exist_ok=True)
        with _lock(folder.with_name(f".{folder.name}.lock")):
            if not folder.is_dir():
                train_demo(demo_texts(), folder, progress=progress, recipe=recipe)
    return folder


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold a file lock; the system drops it when the process ends, however that happens."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
