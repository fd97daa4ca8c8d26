"""What tests of watched decoding share: an index of training texts, and brute force over them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from sc2_attrib.generator import Completion
from sc2_attrib.generator.demo import TrainingText
from sc2_attrib.index.building import BuildOptions, build_index
from sc2_attrib.index.corpus.document import (
    Basis,
    CorpusDescription,
    LicenseAssertion,
    Occurrence,
    SkippedDocument,
    SourceDocument,
)
from sc2_attrib.index.local import LocalIndex, open_index
from sc2_attrib.index.text import normalize

GUARANTEE, MIN_CHARS = 32, 66


class Texts:
    """A corpus source of texts, each in repositories under licences of their own."""

    def __init__(self, texts: Sequence[TrainingText], licenses: Sequence[str]) -> None:
        self._texts, self._licenses = texts, licenses

    def describe(self) -> CorpusDescription:
        return CorpusDescription("texts", "1")

    def estimate_bytes(self) -> int | None:
        return None

    def __iter__(self) -> Iterator[SourceDocument | SkippedDocument]:
        for text, license in zip(self._texts, self._licenses, strict=True):
            said = (LicenseAssertion(license, Basis.REPO),)
            place = Occurrence(f"owner/{license}", text.path, licenses=said)
            yield SourceDocument(text.text.encode(), place)


def index_of(texts: Sequence[TrainingText], licenses: Sequence[str], folder: Path) -> LocalIndex:
    """Index texts under one licence each, and open it."""
    build_index([Texts(texts, licenses)], folder, BuildOptions(GUARANTEE, near=False))
    return open_index(folder)


def windows(text: str | bytes, n: int = MIN_CHARS) -> set[bytes]:
    """List all runs of `n` characters, white space not counted."""
    bare = normalize(text.encode() if isinstance(text, str) else text)
    return {bare[at : at + n] for at in range(len(bare) - n + 1)}


def denied_runs(completion: Completion, denied: set[bytes]) -> set[bytes]:
    """Find the runs of `denied` that a completion brought in: not in the prompt, by brute force."""
    prompt, text = completion.sent.prefix, completion.text
    written = windows(prompt[-4 * MIN_CHARS :] + text) - windows(prompt)
    return written & denied
