"""How well classes are told, on the labelled matches of tests/data: confusion matrices."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sc2_attrib.attribution.classify import Place, classify
from sc2_attrib.attribution.result import MatchClass
from sc2_attrib.index.near.lexer import lex

LABELS = Path(__file__).parents[1] / "tests" / "data" / "match_labels.jsonl"

Document = tuple[bytes, Place]
Confusion = Counter[tuple[str, str]]


def matrix_tables(corpus: Path) -> str:
    """Print both halves of the labels as Markdown: rows are labels, columns what was told."""
    labels = [json.loads(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]
    documents = dict(_documents(corpus, {label["document"] for label in labels}))
    parts = ["## What classes are told\n"]
    for half in ("held", "tune"):
        rows = [row for row in labels if row["half"] == half and row["document"] in documents]
        if rows:
            counts = Counter((row["class"], told(row, documents[row["document"]])) for row in rows)
            parts.append(f"Half `{half}`, {len(rows)} matches:\n\n{_table(counts)}\n")
    return "\n".join(parts) if len(parts) > 1 else "No labelled match is in this corpus.\n"


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
    scores = []
    for name in names:
        n_told = sum(counts[other, name] for other in names)
        n_true = sum(counts[name, other] for other in names)
        hit = counts[name, name]
        precision, recall = hit / max(n_told, 1), hit / max(n_true, 1)
        scores.append(2 * hit / max(n_told + n_true, 1))
        cells = " | ".join(str(counts[name, other]) for other in names)
        lines.append(f"| {name} | {cells} | {precision:.3f} | {recall:.3f} | {scores[-1]:.3f} |")
    mean = sum(scores) / len(scores)
    return "\n".join([*lines, "", f"Macro-F1 {mean:.3f}."])
