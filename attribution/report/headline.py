"""The verdict in the words of reports that people read. They describe; they accuse nobody."""

from collections.abc import Iterator

from sc2_attrib.attribution.report.sentences import Standing, missed
from sc2_attrib.attribution.report.view import counted
from sc2_attrib.attribution.result import Action, MatchRecord, Result, Verdict

ADVICE = (
    "This report describes matches and the licence evidence of their sources."
    " What follows from them is for people to judge."
)

ASKS = {
    Action.DENY: "the policy does not allow these",
    Action.REVIEW: "somebody has to decide",
    Action.ATTRIBUTE: "may be used with attribution",
    Action.ALLOW: "nothing to do",
}


def headline(result: Result) -> str:
    """Say the verdict. Only a complete run that checked something says that nothing was found."""
    summary = result.summary
    if summary.verdict is Verdict.VIOLATION:
        return "Some matches are not allowed by the policy"
    if summary.verdict is Verdict.MATCHES:
        return "Matches were found, all allowed by the policy"
    if not summary.complete:
        return "No match so far: the run is incomplete"
    if not summary.checked:
        return "Nothing was checked"
    return "No match that counts" if summary.matches else "No match in this index"


def findings(result: Result) -> str:
    """Say how many matches there are, by what to do about them, and in how many inputs."""
    summary = result.summary
    n_checked = counted(summary.checked, "checked input")
    if not result.matches:
        return f"No match in {n_checked}."
    n_inputs = len({match.input for match in result.matches})
    found = f"{counted(len(result.matches), 'match')} in {n_inputs:,} of {n_checked}"
    return f"{found}: {', '.join(_shares(result))}."


def incomplete_sentence(result: Result) -> str:
    """Say that the run is incomplete, and what that means; empty where it is complete."""
    faults = missed(result)
    if not faults:
        return ""
    return "The run is incomplete: nothing is known about what was not checked."


def ranked(result: Result) -> list[MatchRecord]:
    """Order matches by what they ask for: those that count first, the strictest action first."""
    return sorted(result.matches, key=_rank)


def _rank(match: MatchRecord) -> tuple[bool, int]:
    return Standing.of(match) is not Standing.COUNTS, -match.policy.action.severity


def _shares(result: Result) -> Iterator[str]:
    standings = [(Standing.of(match), match.policy.action) for match in result.matches]
    for action in reversed(Action):
        if number := standings.count((Standing.COUNTS, action)):
            yield f"{number:,} {action}"
    for standing, words in ((Standing.SUPPRESSED, "suppressed"), (Standing.IN_PROMPT, "in prompt")):
        if number := sum(each is standing for each, _ in standings):
            yield f"{number:,} {words}"
