"""The circumstances of a run, as its result states them."""

import shlex
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sc2_attrib import __version__
from sc2_attrib.attribution.check import Checker
from sc2_attrib.attribution.outcome import describe_index
from sc2_attrib.attribution.result import Model, Run
from sc2_attrib.cli.failures import PROGRAM, redact
from sc2_attrib.cli.session import Session


@dataclass(frozen=True, slots=True)
class RunStart:
    """A run that has begun. `options` are those that decide what is found."""

    command: str
    started: str
    options: Mapping[str, object]

    @staticmethod
    def now(session: Session, **options: object) -> "RunStart":
        """Note the time and the command line, without credentials."""
        command = redact(shlex.join([PROGRAM, *session.arguments]))
        return RunStart(command, _now(), options)

    def finished(self, checker: Checker, *, model: Model | None = None) -> Run:
        """Describe the run that ends now."""
        return Run(
            id=str(uuid.uuid4()),
            started=self.started,
            finished=_now(),
            tool_version=__version__,
            command=self.command,
            index=describe_index(checker.searcher.describe()),
            model=model,
            policy=checker.policy.describe(),
            options=self.all_options(checker),
        )

    def all_options(self, checker: Checker) -> dict[str, object]:
        """List the options that decide what is found, those of the checker included."""
        return {
            "min_chars": checker.min_chars,
            "max_sources": checker.max_sources,
            "common": checker.common,
            "near": asdict(checker.near) if checker.near else None,
            **self.options,
        }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
