"""The page for operators names what there is."""

import re
from pathlib import Path

from sc2_attrib.index.elastic.address import PARAMETERS, environment_name
from sc2_attrib.index.elastic.candidates import FIRST_PAGE, MOST_CANDIDATES
from sc2_attrib.index.elastic.documents import MOST_BYTES
from sc2_attrib.index.elastic.layout import COMPRESSION
from sc2_attrib.index.elastic.popularity import POPULAR

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "elasticsearch.md").read_text()
PREFIX = environment_name("")


def test_environment_variables_are_those_that_are_read() -> None:
    """In full, or in the table of their endings."""
    known = {environment_name(name) for name in PARAMETERS}
    assert set(re.findall(rf"{PREFIX}[A-Z_]+", PAGE)) <= known
    table = PAGE[PAGE.index("| environment") : PAGE.index("The first three")]
    assert {PREFIX + name for name in re.findall(r"`([A-Z_]+)`", table)} == known
    assert set(re.findall(r"`elasticsearch-([a-z-]+)`", table)) == set(PARAMETERS)


def test_options_are_those_of_the_commands() -> None:
    """Every option on the page stands in the reference of the command line."""
    reference = (DOCS / "cli.md").read_text()
    ours = "".join(line for line in PAGE.splitlines() if "docker " not in line)
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ours))
    assert {"--shards", "--replicas", "--refresh", "--compression"} <= options
    assert [option for option in sorted(options) if f"`{option}" not in reference] == []


def test_limits_are_those_of_the_code() -> None:
    """Candidates of a search, and levels of compression."""
    assert f"more than {MOST_CANDIDATES:,} or more than {MOST_BYTES >> 30} GiB" in PAGE
    assert f"Where more than {FIRST_PAGE} share" in PAGE
    assert PAGE.count(f"{POPULAR} documents") == 2
    assert f"zstd {', '.join(map(str, COMPRESSION.values()))}".replace(", 12", " or 12") in PAGE
    assert all(f"`{name}`" in PAGE for name in COMPRESSION)
