"""`sc2-attrib index verify`: read every byte of an index and compare it with its checksums."""

import typer

from sc2_attrib.cli.locations import index_folder, required_index
from sc2_attrib.cli.options import IndexLocation
from sc2_attrib.cli.progress import bytes_progress
from sc2_attrib.cli.session import Session
from sc2_attrib.cli.streams import print_data
from sc2_attrib.cli.wording import sized
from sc2_attrib.index.local import open_index


def verify(context: typer.Context, index: IndexLocation = None) -> int:
    """Check every byte of an index.

    Compares the checksums, and each text with its content id. The first damage ends the check with
    exit code 3.
    """
    folder = index_folder(required_index(index))
    with open_index(folder) as opened:
        stats = opened.stats()
        total = sum(stats.bytes_by_part.values()) + stats.description.raw_bytes
        done = sum(bytes_progress(Session.of(context), opened.verify(), "verifying", total))
    print_data(f"{folder}: sound, {sized(done)} checked\n")
    return 0
