"""`sc2-attrib index verify`: read every byte of an index and compare it with its checksums."""

import typer

from sc2_attrib.cli.locations import named_index
from sc2_attrib.cli.options import IndexLocation
from sc2_attrib.cli.progress import bytes_progress
from sc2_attrib.cli.session import Session
from sc2_attrib.cli.streams import print_data
from sc2_attrib.cli.wording import sized


def verify(context: typer.Context, index: IndexLocation = None) -> int:
    """Check every byte of an index.

    Compares the checksums, and each text with its content id. The first damage ends the check with
    exit code 3.
    """
    store = named_index(index)
    stats = store.stats()
    total = sum(stats.bytes_by_part.values()) + stats.description.raw_bytes
    done = sum(bytes_progress(Session.of(context), store.verify(), "verifying", total))
    print_data(f"{store.location}: sound, {sized(done)} checked\n")
    return 0
