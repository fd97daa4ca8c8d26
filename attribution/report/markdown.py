"""A summary in Markdown (`-f markdown`), for the step summary of a CI run or a comment.

Verdict, what was searched, licences, and a table of the matches, the strictest first. GitHub
refuses a step summary of more than 1 MiB as a whole, so rows are left out before that, and counted.

Source: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from sc2_attrib.attribution.report.headline import (
    ADVICE,
    findings,
    headline,
    incomplete_sentence,
    ranked,
)
from sc2_attrib.attribution.report.machine_text import well_formed
from sc2_attrib.attribution.report.markdown_text import code, escaped, link
from sc2_attrib.attribution.report.match_rows import strictest_license
from sc2_attrib.attribution.report.searched import coverage_facts
from sc2_attrib.attribution.report.sentences import (
    Standing,
    decision_sentence,
    missed,
    place_of,
    principal,
    similarity,
    span,
    unchecked_sentence,
)
from sc2_attrib.attribution.report.view import counted
from sc2_attrib.attribution.result import InputStatus, MatchKind, MatchRecord, Result

MOST_BYTES = 900_000  # of the 1 MiB, to leave room for what other steps of the job append
MOST_UNCHECKED = 50  # of inputs that failed, and as many that were skipped
LONGEST_NAME = 300  # characters of a path or a reason

MATCH_COLUMNS = ("", "Where", "Kind", "Licence", "Source", "Why")


def render(result: Result) -> str:
    """Write the summary; as many rows of the table as fit."""
    before = "\n".join([*_head(result), *_licenses(result), ""])
    after = "\n".join([*_coverage(result), "", *_unchecked(result), f"*{ADVICE}*", ""])
    room = MOST_BYTES - len(before.encode(errors="replace")) - len(after.encode(errors="replace"))
    return well_formed("\n".join([before, *_matches(result, room), after]))


def _head(result: Result) -> Iterator[str]:
    yield f"# {headline(result)}"
    yield ""
    yield findings(result)
    if sentence := incomplete_sentence(result):
        yield ""
        yield "> [!WARNING]"
        yield f"> **{sentence}**"
        faults = missed(result)
        for fault in faults[:MOST_UNCHECKED]:
            yield f"> - {_short(fault)}"
        yield from _more(len(faults) - MOST_UNCHECKED, "input", "> - ")


def _licenses(result: Result) -> Iterator[str]:
    if not result.summary.by_license:
        return
    categories = {
        source.license.expression: source.license.category
        for match in result.matches
        for source in match.sources
    }
    yield ""
    yield from _header(("Licence", "Asks for", "Matches"))
    ranks = {name: -each.severity for name, each in categories.items()}
    for name in sorted(categories, key=lambda name: (ranks[name], name))[:MOST_UNCHECKED]:
        number = result.summary.by_license.get(name, 0)
        yield _row([code(name[:LONGEST_NAME]), str(categories[name]), f"{number:,}"])
    yield from _more(len(categories) - MOST_UNCHECKED, "licence", "\n")


def _matches(result: Result, room: int) -> Iterator[str]:
    matches = ranked(result)
    if not matches:
        return
    header = list(_header(MATCH_COLUMNS))
    yield from header
    room -= sum(map(len, header)) + 200
    paths = {record.id: record.path for record in result.inputs}
    for number, match in enumerate(matches):
        row = _match_row(match, paths.get(match.input, match.input))
        room -= len(row.encode(errors="replace")) + 1
        if room < 0:
            yield from _left_out(matches[number:])
            break
        yield row
    yield ""


def _match_row(match: MatchRecord, path: str) -> str:
    license_, source = strictest_license(match), principal(match)
    alike = f" {similarity(match):.0%}" if match.kind is MatchKind.NEAR else ""
    shown = "" if source is None else place_of(source)[:LONGEST_NAME]
    standing = Standing.of(match)
    action = f"**{match.policy.action}**" if standing is Standing.COUNTS else f"*{standing}*"
    return _row(
        [
            action,
            code(f"{path[:LONGEST_NAME]}:{span(match.generated.lines)}"),
            f"{match.kind}{alike}",
            f"{code(license_.expression[:LONGEST_NAME])} {license_.category}",
            link(source.url, shown) if source and source.url else code(shown),
            _short(decision_sentence(match)),
        ]
    )


def _left_out(matches: Iterable[MatchRecord]) -> Iterator[str]:
    """Say what is missing from the table, by action: a cut table must not read as the whole."""
    counts = Counter(
        str(match.policy.action) if Standing.of(match) is Standing.COUNTS else "not counting"
        for match in matches
    )
    shares = ", ".join(f"{number:,} {name}" for name, number in counts.items())
    total = counted(counts.total(), "more match")
    yield ""
    yield f"**{total} not listed here ({shares}): the summary is full. The result has all.**"


def _coverage(result: Result) -> Iterator[str]:
    yield "## What was searched"
    yield ""
    for fact in coverage_facts(result):
        yield f"- **{fact.about}**: {escaped(fact.text)}"


def _unchecked(result: Result) -> Iterator[str]:
    skipped = [each for each in result.inputs if each.status is InputStatus.SKIPPED]
    if not skipped:
        return
    yield f"<details><summary>{counted(len(skipped), 'input')} skipped</summary>"
    yield ""
    for record in skipped[:MOST_UNCHECKED]:
        yield f"- {_short(unchecked_sentence(record))}"
    yield from _more(len(skipped) - MOST_UNCHECKED, "input", "- ")
    yield ""
    yield "</details>"
    yield ""


def _short(text: str) -> str:
    cut = text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"
    return escaped(cut)


def _more(number: int, noun: str, lead: str) -> Iterator[str]:
    if number > 0:
        yield f"{lead}and {number:,} more {noun}{'s' if number > 1 else ''}"


def _header(names: Iterable[str]) -> Iterator[str]:
    cells = list(names)
    yield _row(cells)
    yield _row("---" for _ in cells)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
