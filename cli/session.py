"""What every command knows of its run: the common options and the settings that were read.

The parser fills a `Session` while it reads the command line; commands ask it how to talk to the
person in front of them. Data never goes through it: that is `streams`' part.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import typer

from sc2_attrib.cli.config import Setting
from sc2_attrib.cli.failures import PROGRAM, redact
from sc2_attrib.cli.streams import print_message


class When(StrEnum):
    """When to show progress; `auto` means where stderr is a terminal."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(slots=True)
class Session:
    """The common options of one run; set by the parser, then only read."""

    arguments: Sequence[str] = ()
    quiet: bool = False
    verbose: int = 0
    no_color: bool = False
    progress: When = When.AUTO
    settings: Mapping[str, Setting] = field(default_factory=dict)

    @staticmethod
    def of(context: typer.Context) -> "Session":
        """Return the session of a command's context."""
        session = context.find_object(Session)
        assert session is not None  # commands.run puts one at the root
        return session

    @property
    def shows_progress(self) -> bool:
        """Say whether to draw progress on stderr."""
        if self.progress is When.AUTO:
            is_able = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
            return is_able and not self.quiet
        return self.progress is When.ALWAYS

    @property
    def verbosity(self) -> int:
        """Say how much to show: -1 with --quiet, else how often --verbose was given."""
        return -1 if self.quiet else self.verbose

    def says(self, text: str) -> None:
        """Tell the user something that is no data, unless --quiet."""
        if not self.quiet:
            print_message(f"{PROGRAM}: {redact(text)}\n")

    def details(self, text: str) -> None:
        """Tell the user something that only --verbose shows."""
        if self.verbosity > 0:
            print_message(f"{PROGRAM}: {redact(text)}\n")
