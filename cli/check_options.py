"""Options of the commands that check texts: what counts as a match, and which match fails the run.

Apart from options.py, because they know the types of a check, which `--help` must not import.
"""

from typing import Annotated

from sc2_attrib.attribution.outcome import FailOn
from sc2_attrib.cli.options import setting

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
