"""A process of its own that changes an index: `python -m tests.index.changing CHANGE FOLDER`."""

import random
import sys
from collections.abc import Callable
from pathlib import Path

from sc2_attrib.index.building import BuildOptions, add_to_index, build_index, compact_index
from sc2_attrib.index.corpus.document import SourceDocument
from sc2_attrib.index.take_down import remove_from_index
from tests.index.corpora import Documents, place


def texts_of(n: int, seed: int) -> list[bytes]:
    """Texts that share nothing."""
    rng = random.Random(seed)
    return [rng.randbytes(1500).hex().encode() for _ in range(n)]


def documents_of(texts: list[bytes], repository: str) -> Documents:
    return Documents(
        tuple(
            SourceDocument(text, place(f"{i}.py", "MIT", repository=repository))
            for i, text in enumerate(texts)
        )
    )


BASE, MORE = texts_of(40, 1), texts_of(400, 2)


def add(folder: Path) -> None:
    add_to_index([documents_of(MORE, "o/more")], folder)


def rebuild(folder: Path) -> None:
    build_index(
        [documents_of(BASE, "o/base"), documents_of(MORE, "o/more")],
        folder,
        BuildOptions(force=True),
    )


def compact(folder: Path) -> None:
    compact_index(folder)


def remove(folder: Path) -> None:
    remove_from_index(["o/gone"], folder)


CHANGES: dict[str, Callable[[Path], None]] = {
    "add": add,
    "build": rebuild,
    "compact": compact,
    "remove": remove,
}


if __name__ == "__main__":
    print("started", flush=True)
    CHANGES[sys.argv[1]](Path(sys.argv[2]))
