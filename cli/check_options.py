"""Options of the commands that check texts: what counts as a match, and which match fails the run.

Apart from options.py, because they know the types of a check, which `--help` must not import.
"""

from typing import Annotated

from sc2_attrib.attribution.outcome import FailOn
from sc2_attrib.cli.options import setting
from sc2_attrib.index.search import NearOptions

NEAR = NearOptions()

MaxFileSize = Annotated[str, setting("max-file-size", metavar="SIZE", help="Skip larger files.")]
MinChars = Annotated[
    int | None,
    setting(
        "min-chars",
        metavar="N",
        min=1,
        help="Shortest match to report, in characters that are not white space. "
        "Without it 100, or the index's guarantee where that is larger.",
    ),
]
MaxSources = Annotated[
    int,
    setting("max-sources", metavar="N", min=0, help="Sources listed a match; 0 lists all."),
]
MinSimilarity = Annotated[
    float,
    setting(
        "min-similarity",
        metavar="SHARE",
        min=0.5,
        max=1.0,
        help="Share of its lexemes that an edited copy has in common with its source, at least.",
    ),
]
MinLexemes = Annotated[
    int,
    setting(
        "min-lexemes",
        metavar="N",
        min=34,
        help="Shortest edited copy to report, in names, numbers, strings and signs.",
    ),
]
NoNear = Annotated[bool, setting("no-near", help="Report exact matches only, no edited copies.")]
Common = Annotated[
    int,
    setting(
        "common",
        metavar="N",
        min=1,
        help="Repositories from which on a text is common, which policies may let pass.",
    ),
]
IncludeText = Annotated[
    bool, setting("include-text", help="Put the checked texts into the result and the ledger.")
]
FailOnMatch = Annotated[
    FailOn,
    setting(
        "fail-on",
        help="Matches that make the exit code 1: those denied, those denied or to review, all, "
        "none.",
    ),
]


def near_options(*, no_near: bool, min_similarity: float, min_lexemes: int) -> NearOptions | None:
    """Say which edited copies are asked for; None: none."""
    return None if no_near else NearOptions(min_similarity, min_lexemes)
