"""Options that decide what is thought of a match, and what they come to.

`judging` reads the policy, the reviewed choices beside it and the baseline, all before anything is
checked: what is wrong with them is said at once.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sc2_attrib import __version__
from sc2_attrib.attribution.check import CheckedInput
from sc2_attrib.attribution.outcome import FailOn, assemble
from sc2_attrib.attribution.policy import BUILT_IN, Policy
from sc2_attrib.attribution.policy_file import READY_POLICIES, read_policy
from sc2_attrib.attribution.result import Result, Run
from sc2_attrib.attribution.review import REVIEWS_FILE, Reviews, read_reviews
from sc2_attrib.attribution.suppression import KnownMatches
from sc2_attrib.cli.locations import open_index_at
from sc2_attrib.cli.options import setting
from sc2_attrib.cli.session import Session
from sc2_attrib.cli.wording import counted
from sc2_attrib.index.errors import UsageError
from sc2_attrib.index.search import Searcher

if TYPE_CHECKING:
    from sc2_attrib.attribution.baseline import Baseline


def _ready_names() -> list[str]:
    return list(READY_POLICIES)


PolicyLocation = Annotated[
    str | None,
    setting(
        "policy",
        metavar="POLICY",
        autocompletion=_ready_names,
        help=f"Policy file, or {', '.join(READY_POLICIES)}. Without it ./sc2-attrib-policy.toml, "
        "if there is one.",
    ),
]
ReviewsFile = Annotated[
    Path | None,
    setting(
        "reviews",
        metavar="FILE",
        help=f"Reviewed choices; without it {REVIEWS_FILE} beside the policy.",
    ),
]
BaselineFile = Annotated[
    Path | None,
    setting("baseline", metavar="FILE", help="Matches that are known and don't count."),
]
UpdateBaseline = Annotated[
    bool,
    typer.Option(
        "--update-baseline", help="Make the baseline what this run finds; drop what is gone."
    ),
]
LedgerFile = Annotated[
    Path | None,
    setting("ledger", metavar="FILE", help="Append to this ledger what was checked and found."),
]


@dataclass(frozen=True, slots=True)
class Judging:
    """What a run thinks of matches, and where it keeps what it comes to."""

    policy: Policy
    reviews: Reviews
    baseline: "Baseline | None" = None
    baseline_file: Path | None = None
    updates_baseline: bool = False
    ledger: Path | None = None

    @property
    def known(self) -> Sequence[KnownMatches]:
        """Those who may settle a match: reviewed choices before the baseline."""
        return (self.reviews, self.baseline) if self.baseline else (self.reviews,)

    def conclude(
        self, run: Run, checked: Sequence[CheckedInput], *, fail_on: FailOn, session: Session
    ) -> Result:
        """Assemble the result of a run, and bring the baseline up to date if asked to."""
        result = assemble(run, checked, fail_on=fail_on, known=self.known)
        if self.baseline is None or self.baseline_file is None:
            return result
        for known in self.baseline.stale(result):
            session.details(f"baseline: no longer found in {known.path}: {known.fingerprint}")
        if not self.updates_baseline:
            return result
        from sc2_attrib.attribution.atomic_file import replace_file

        updated = self.baseline.updated(result, lambda path: Path(path).exists())
        replace_file(self.baseline_file, updated.render(__version__))
        session.says(_told(self.baseline_file, self.baseline, updated))
        return assemble(run, checked, fail_on=fail_on, known=replace(self, baseline=updated).known)

    def record(self, result: Result, *, with_text: bool) -> None:
        """Append what was found to the ledger, if there is one."""
        if self.ledger is not None:
            from sc2_attrib.attribution.ledger import append
            from sc2_attrib.attribution.ledger_record import records_of

            append(self.ledger, records_of(result, with_text=with_text))


@contextmanager
def own_code_of(policy: Policy) -> Iterator[Searcher | None]:
    """Open the index of the user's own code, if a policy names one."""
    if policy.own.index is None:
        yield None
    else:
        with open_index_at(policy.own.index) as searcher:
            yield searcher


def judging(
    session: Session,
    policy: str | None,
    *,
    reviews: Path | None = None,
    baseline: Path | None = None,
    update_baseline: bool = False,
    ledger: Path | None = None,
) -> Judging:
    """Read all that decides about matches, and look whether the ledger can be written.

    Raises:
        UsageError: something can't be read, or is not valid.
        LedgerError: the ledger can't be used.
    """
    if update_baseline and baseline is None:
        raise UsageError("--update-baseline: name the file with --baseline FILE")
    read = read_policy(policy)
    choices = read_reviews(reviews or reviews_file(read), today())
    if expired := choices.expired():
        session.says(f"{counted(len(expired), 'reviewed choice')} expired, so the policy decides")
    if ledger is not None:
        from sc2_attrib.attribution.ledger import require_usable

        require_usable(ledger)
    return Judging(
        policy=read,
        reviews=choices,
        baseline=_baseline(baseline, update_baseline) if baseline else None,
        baseline_file=baseline,
        updates_baseline=update_baseline,
        ledger=ledger,
    )


def reviews_file(policy: Policy) -> Path:
    """Name the file of reviewed choices that belongs to a policy: beside it."""
    folder = Path() if policy.origin == BUILT_IN else Path(policy.origin).parent
    return folder / REVIEWS_FILE


def today() -> date:
    """Return the day by which choices expire: that of UTC, the same on every machine."""
    return datetime.now(UTC).date()


def _baseline(path: Path, may_be_new: bool) -> "Baseline":
    from sc2_attrib.attribution.baseline import Baseline, read_baseline

    if may_be_new and not path.exists():
        if not path.parent.is_dir():
            raise UsageError(f"--baseline {path}: there is no folder {path.parent}")
        return Baseline(path.name, {})
    return read_baseline(path)


def _told(path: Path, before: "Baseline", after: "Baseline") -> str:
    n_new = len(after.matches.keys() - before.matches.keys())
    n_dropped = len(before.matches.keys() - after.matches.keys())
    n_matches = counted(len(after.matches), "match", "matches")
    return f"{path}: {n_matches}, {n_new} new, {n_dropped} dropped"
