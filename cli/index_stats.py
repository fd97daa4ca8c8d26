"""`sc2-attrib index stats`: what an index holds, and how large its parts are."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict

from sc2_attrib.cli.locations import named_index
from sc2_attrib.cli.options import AsJson, IndexLocation
from sc2_attrib.cli.streams import print_data
from sc2_attrib.cli.wording import listed, sized
from sc2_attrib.index.local import IndexStats


def stats(index: IndexLocation = None, as_json: AsJson = False) -> int:
    """Show what an index holds and its size."""
    found = named_index(index).stats()
    print_data(_as_json(found) if as_json else listed(_facts(found)))
    return 0


def _as_json(found: IndexStats) -> str:
    return json.dumps(asdict(found), indent=2, ensure_ascii=False) + "\n"


def _facts(found: IndexStats) -> Iterator[tuple[str, str]]:
    about = found.description
    n_bytes = sum(found.bytes_by_part.values())
    yield "index", about.location
    yield "id", about.id
    yield "built", about.built
    yield "guarantee", f"every match of {about.guarantee_chars} characters or more"
    for each in about.corpora:
        revision = f" {each.corpus.revision}" if each.corpus.revision else ""
        yield (
            "corpus",
            f"{each.corpus.name}{revision}, {each.n_documents:,} documents, "
            f"{sized(each.raw_bytes)}",
        )
    yield "documents", f"{about.n_documents:,}"
    yield "places", f"{about.n_occurrences:,}"
    yield "removed", f"{about.n_removed:,}"
    yield "text", sized(about.raw_bytes)
    yield "segments", f"{found.n_segments:,}"
    yield "size", f"{sized(n_bytes)}, {n_bytes / max(about.raw_bytes, 1):.3f} of the text"
    for reason, n_skipped in sorted(found.skipped.items()):
        yield f"skipped: {reason}", f"{n_skipped:,}"
    for part, part_bytes in sorted(_by_file(found.bytes_by_part).items()):
        yield f"  {part}", sized(part_bytes)


def _by_file(bytes_by_section: Mapping[str, int]) -> Mapping[str, int]:
    """Add up the sections of each kind of file, "grams/pages" under "grams"."""
    sums: Counter[str] = Counter()
    for section, n_bytes in bytes_by_section.items():
        sums[section.partition("/")[0]] += n_bytes
    return sums
