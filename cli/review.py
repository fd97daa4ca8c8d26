"""`sc2-attrib review`: decide about matches of a result, with a reason, for a time.

In a terminal each open match is shown beside its source and a choice asked for; every choice is
written at once, so stopping loses none. With --match or --fingerprint one choice is made by options
alone, as a script does.
"""

import getpass
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from sc2_attrib.attribution.atomic_file import replace_file
from sc2_attrib.attribution.outcome import counts
from sc2_attrib.attribution.policy_explain import find_match
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import Action, MatchRecord, Result
from sc2_attrib.attribution.review import CHOICES, Choice, Reviews, read_reviews
from sc2_attrib.attribution.suppression import licenses_of
from sc2_attrib.cli.policy_options import PolicyLocation, ReviewsFile, reviews_file, today
from sc2_attrib.cli.report import load_result
from sc2_attrib.cli.review_dialogue import Dialogue, path_of
from sc2_attrib.cli.session import Session
from sc2_attrib.cli.streams import print_data
from sc2_attrib.cli.wording import counted
from sc2_attrib.index.errors import UsageError

ResultFile = Annotated[
    str | None, typer.Argument(metavar="RESULT.json", help="A saved result; - is standard input.")
]
Expires = Annotated[
    str | None,
    typer.Option(
        "--expires", metavar="DATE", help="Last day on which the choice holds, like 2027-01-31."
    ),
]


def decide(
    context: typer.Context,
    result: ResultFile = None,
    match: Annotated[
        str | None,
        typer.Option(
            "--match", metavar="ID", help="Decide about this match: its id, or its start."
        ),
    ] = None,
    fingerprint: Annotated[
        str | None,
        typer.Option("--fingerprint", metavar="F", help="Decide about the match of a fingerprint."),
    ] = None,
    action: Annotated[
        str | None,
        typer.Option("--action", metavar="ACTION", help=f"One of {', '.join(CHOICES)}."),
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why.")] = None,
    author: Annotated[
        str | None,
        typer.Option("--author", metavar="NAME", help="Who decides; your login unless given."),
    ] = None,
    expires: Expires = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also ask about matches that are allowed or attributed.")
    ] = False,
    policy: PolicyLocation = None,
    reviews: ReviewsFile = None,
) -> int:
    """Decide about matches of a result, in a dialogue or by options.

    An allowed or attributed match counts no longer, a denied one always does. A choice holds for
    the licences that the sources have now: under another one the match counts again.
    """
    session = Session.of(context)
    path, who, until = _file(policy, reviews), author or _login(), _day(expires)
    known = read_reviews(path, today())
    loaded = load_result(result) if result is not None else None
    if match is not None or fingerprint is not None:
        chosen = _by_options(loaded, match, fingerprint, action, reason, who, until)
        _keep(chosen, path)
        session.says(f"{path}: {chosen.fingerprint} {chosen.action}")
        return 0
    if loaded is None:
        raise UsageError("review: name a result, or a match with --fingerprint")
    if result == "-" or not sys.stdin.isatty():
        raise UsageError(
            "review: this is no terminal; decide with --match ID --action … --reason …"
        )
    n_made = 0
    for choice in Dialogue(loaded, who, until).choices(_open(loaded, known, every=every)):
        _keep(choice, path)
        n_made += 1
    session.says(f"{path}: {counted(n_made, 'choice')} made")
    return 0


def list_reviews(policy: PolicyLocation = None, reviews: ReviewsFile = None) -> int:
    """List the reviewed choices, and which of them have expired."""
    known = read_reviews(_file(policy, reviews), today())
    for choice in known.choices.values():
        until = f"until {choice.expires}" if choice.expires else "for good"
        until = "expired " + str(choice.expires) if choice.has_expired(known.today) else until
        said = f"{choice.fingerprint}  {choice.action:9}  {until}  {choice.path or ''}"
        print_data(visible(f"{said}  {choice.author}: {choice.reason}") + "\n")
    return 0


def prune(
    context: typer.Context, policy: PolicyLocation = None, reviews: ReviewsFile = None
) -> int:
    """Drop the choices that have expired."""
    path = _file(policy, reviews)
    known = read_reviews(path, today())
    expired = known.expired()
    if expired:
        replace_file(path, known.without(expired).render())
    Session.of(context).says(f"{path}: {counted(len(expired), 'choice')} dropped")
    return 0


def _keep(choice: Choice, path: Path) -> None:
    """Add a choice to the file as it is now: others may have decided meanwhile."""
    replace_file(path, read_reviews(path, today()).having(choice).render())


def _file(policy: str | None, reviews: Path | None) -> Path:
    """Find the file of choices: the one named, or that beside the policy."""
    from sc2_attrib.attribution.policy_file import read_policy

    return reviews or reviews_file(read_policy(policy))


def _by_options(
    result: Result | None,
    match: str | None,
    fingerprint: str | None,
    action: str | None,
    reason: str | None,
    author: str,
    expires: date | None,
) -> Choice:
    if action not in CHOICES or not (reason or "").strip():
        raise UsageError(f"review: give --action ({', '.join(CHOICES)}) and --reason")
    named = fingerprint or match or ""
    if result is None and match is not None:
        raise UsageError("review: --match names a match of a result; name the result too")
    found = find_match(result, named) if result is not None else None
    return Choice(
        fingerprint=found.fingerprint if found else named,
        action=Action(str(action)),
        reason=str(reason),
        author=author,
        decided=today(),
        expires=expires,
        path=path_of(result, found) if result and found else None,
        licenses=licenses_of(found) if found else (),
    )


def _open(result: Result, known: Reviews, *, every: bool) -> Iterable[MatchRecord]:
    """List the matches that still need somebody: they count, and no choice speaks of them."""
    for match in result.matches:
        is_settled = known.settle(match) is not match
        needs_look = every or match.policy.action in (Action.REVIEW, Action.DENY)
        if counts(match) and needs_look and not is_settled:
            yield match


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--expires {text}: not a date; write it like 2027-01-31") from error
    if day < today():
        raise UsageError(f"--expires {text}: that day has passed")
    return day


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise UsageError("review: nobody is logged in; say who decides with --author") from error
