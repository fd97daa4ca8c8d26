"""Estimates of builds: close to what the build then takes, and nothing is left of them."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from sc2_attrib.index import estimate
from sc2_attrib.index.building import BuildOptions, build_index
from sc2_attrib.index.corpus.document import SourceDocument
from sc2_attrib.index.estimate import estimate_build
from tests.index.corpora import Documents, code_like, document


@dataclass(frozen=True, slots=True)
class Sized(Documents):
    """Documents that know how much text they are."""

    def estimate_bytes(self) -> int:
        return sum(len(each.content) for each in self.items if isinstance(each, SourceDocument))


def test_an_estimate_is_close_to_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a quarter of the text: documents and size within a quarter; the folder stays empty."""
    texts = code_like(3, 2_000_000, 200)
    source = Sized(tuple(document(text, f"{i}") for i, text in enumerate(texts)))
    monkeypatch.setattr(estimate, "SAMPLE_BYTES", source.estimate_bytes() // 4)
    found = estimate_build([source], BuildOptions(), tmp_path / "ix")
    assert not list(tmp_path.iterdir())
    summary = build_index([source], tmp_path / "ix", BuildOptions())
    assert found.source_bytes == summary.raw_bytes
    assert found.n_documents == pytest.approx(summary.n_documents, rel=0.25)
    assert found.index_bytes == pytest.approx(sum(summary.bytes_by_part.values()), rel=0.25)
    assert found.temporary_bytes
    assert found.seconds
    assert found.sampled_bytes < summary.raw_bytes / 2


def test_what_a_source_does_not_tell_is_not_guessed(tmp_path: Path) -> None:
    """Without its size only the rates of the sample are known."""
    texts = code_like(4, 200_000, 20)
    source = Documents(tuple(document(text, f"{i}") for i, text in enumerate(texts)))
    found = estimate_build([source], BuildOptions(), tmp_path / "ix")
    assert (found.source_bytes, found.seconds, found.index_bytes) == (None, None, None)
    assert found.bytes_per_second > 0
    assert found.index_ratio > 0
