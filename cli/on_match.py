"""`generate --on-match`: a model that is watched while it writes, and what is said about it."""

from typing import TYPE_CHECKING

from sc2_attrib.attribution.check import Checker
from sc2_attrib.cli.session import Session
from sc2_attrib.cli.wording import counted
from sc2_attrib.generator.completion import Completion, StopReason
from sc2_attrib.generator.guard import OnMatch
from sc2_attrib.index.errors import UsageError

if TYPE_CHECKING:
    from sc2_attrib.generator.completion import Model


def refuse_server(on_match: OnMatch, model: str | None) -> None:
    """Refuse a model whose tokens are chosen elsewhere, before anything is opened or asked.

    Raises:
        UsageError: it runs on a server and was to be watched.
    """
    from sc2_attrib.generator.remote import ServerLocation

    location = None if on_match is OnMatch.ANNOTATE else ServerLocation.parse(model or "")
    if location is not None:
        raise UsageError(
            f"--on-match {on_match}: the server {location.url} chooses its tokens itself, so they"
            " can't be watched; run the model on this machine, or check what came with"
            " --on-match annotate"
        )


def watched_model(model: "Model", on_match: OnMatch, checker: Checker) -> "Model":
    """Have a model watched by the index and the policy that check its text afterwards.

    Raises:
        UsageError: the index finds only longer runs.
    """
    from sc2_attrib.attribution.veto_of import veto_of
    from sc2_attrib.generator.guarded_model import GuardedModel

    if on_match is OnMatch.ANNOTATE:
        return model
    return GuardedModel(model, veto_of(checker), on_match=on_match)


def say_watched(session: Session, completion: Completion) -> None:
    """Tell what was avoided, or why the text ends early."""
    if completion.stopped is StopReason.MATCH:
        session.says("stopped at text that the policy denies; see its sources")
    if completion.vetoes:
        licenses = ", ".join(sorted({str(each["license"]) for each in completion.vetoes}))
        session.says(
            f"{counted(len(completion.vetoes), 'token')} of denied text avoided ({licenses});"
            " -f json lists them"
        )
    if (cost := completion.guard_cost) is not None:
        session.details(
            f"watching took {cost.ms_per_step:.1f} ms a token,"
            f" and {counted(cost.n_searches, 'search', 'searches')} of the index"
        )
    for each in completion.vetoes:
        session.details(
            f"token {each['position']}: not {each['token']!r}, which completes {each['chars']}"
            f" characters of {each['repository']}/{each['path']} ({each['license']})"
        )
