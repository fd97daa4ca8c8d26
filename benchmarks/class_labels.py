"""How well classes are told of labelled matches: python -m benchmarks.class_labels CORPUS.

The labels are those of tests/data, their texts are read from CORPUS. It fails where the macro-F1 of
the half that no rule was fitted to is less than was asked for. accuracy.py puts this on its page.
"""

import argparse
import functools
import hashlib
import json
import statistics
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sc2_attrib.attribution.classify import Place, classify
from sc2_attrib.attribution.result import MatchClass
from sc2_attrib.index.near.lexer import lex

LABELS = Path(__file__).parents[1] / "tests" / "data" / "match_labels.jsonl"

LEAST_F1 = 0.85  # macro, of the held half

Document = tuple[bytes, Place]
Confusion = Counter[tuple[str, str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    corpus = parser.parse_args().corpus
    print(matrix_tables(corpus))
    require_f1(corpus)


def require_f1(corpus: Path) -> None:
    """Fail where classes are told worse than asked for; a corpus without the matches passes."""
    counts = confusion(corpus, "held")
    if counts and macro_f1(counts) < LEAST_F1:
        raise SystemExit(f"wrong answer: a macro-F1 of {macro_f1(counts):.3f}, below {LEAST_F1}")


def matrix_tables(corpus: Path) -> str:
    """Print both halves of the labels as Markdown: rows are labels, columns what was told."""
    parts = ["## What classes are told\n"]
    for half in ("held", "tune"):
        counts = confusion(corpus, half)
        if counts:
            parts.append(f"Half `{half}`, {counts.total()} matches:\n\n{_table(counts)}\n")
    return "\n".join(parts) if len(parts) > 1 else "No labelled match is in this corpus.\n"


@functools.cache
def confusion(corpus: Path, half: str) -> Confusion:
    """Count the labelled matches of a half that the corpus holds, by label and what is told."""
    labels = [json.loads(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]
    labels = [label for label in labels if label["half"] == half]
    documents = dict(_documents(corpus, {label["document"] for label in labels}))
    return Counter(
        (label["class"], told(label, documents[label["document"]]))
        for label in labels
        if label["document"] in documents
    )


def macro_f1(counts: Confusion) -> float:
    """Average F1 over all classes."""
    return statistics.fmean(_f1(counts, each.value) for each in MatchClass)


def told(label: dict[str, Any], document: Document) -> str:
    """Classify a labelled match as it was checked: within its cut of the document."""
    content, place = document
    start, stop = label["match"]
    if hashlib.sha256(content[start:stop]).hexdigest() != label["sha256"]:
        raise SystemExit(f"{label['document']}: another text than was labelled")
    first, last = label["cut"] or (0, len(content))
    text = content[first:last]
    return classify(text, (start - first, stop - first), lex(text, fast=True), place).value


def _documents(corpus: Path, wanted: set[str]) -> Iterator[tuple[str, Document]]:
    from pyarrow import parquet

    columns = ["content_id", "content", "path", "language"]
    for path in sorted(corpus.rglob("*.parquet")):
        with parquet.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                ids = file.read_row_group(group, columns=columns[:1]).column(0).to_pylist()
                at = [row for row, each in enumerate(ids) if f"swh:1:cnt:{each}" in wanted]
                if not at:
                    continue
                for row in file.read_row_group(group, columns=columns).take(at).to_pylist():
                    content = row["content"]
                    raw = content.encode() if isinstance(content, str) else content
                    yield (
                        f"swh:1:cnt:{row['content_id']}",
                        (raw, Place(row["path"], row["language"])),
                    )


def _table(counts: Confusion) -> str:
    names = [each.value for each in MatchClass]
    lines = [f"| label | {' | '.join(names)} | precision | recall | F1 |"]
    lines.append("|---" * (len(names) + 4) + "|")
    for name in names:
        n_told = sum(counts[other, name] for other in names)
        n_true = sum(counts[name, other] for other in names)
        hit = counts[name, name]
        precision, recall = hit / max(n_told, 1), hit / max(n_true, 1)
        cells = " | ".join(str(counts[name, other]) for other in names)
        shares = f"{precision:.3f} | {recall:.3f} | {_f1(counts, name):.3f}"
        lines.append(f"| {name} | {cells} | {shares} |")
    return "\n".join([*lines, "", f"Macro-F1 {macro_f1(counts):.3f}."])


def _f1(counts: Confusion, name: str) -> float:
    n_told = sum(n for (_, told), n in counts.items() if told == name)
    n_true = sum(n for (label, _), n in counts.items() if label == name)
    return 2 * counts[name, name] / max(n_told + n_true, 1)


if __name__ == "__main__":
    main()
