"""The end of a report: what was not checked, the verdict, and what was searched."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from rich.text import Text

from sc2_attrib.attribution.report.palette import ACTION_STYLES
from sc2_attrib.attribution.report.rows import Row, Wrap, indented, labelled
from sc2_attrib.attribution.report.searched import coverage_facts
from sc2_attrib.attribution.report.view import QUIET, View, counted, plain
from sc2_attrib.attribution.result import (
    Action,
    InputRecord,
    InputStatus,
    Result,
    SearchedIndex,
    Summary,
    Verdict,
)

SHOWN_SKIPPED = 3  # paths a reason, unless more is asked for
LABEL_WIDTH = 14
COVERAGE_WIDTH = 17


def unchecked_rows(inputs: Sequence[InputRecord], view: View) -> Iterator[Row]:
    """List the errors, all of them, and what was skipped."""
    errors = [record for record in inputs if record.status is InputStatus.ERROR]
    skipped = [record for record in inputs if record.status is InputStatus.SKIPPED]
    if errors:
        yield Row(Text(f"{counted(len(errors), 'input')} could not be checked", "bold"))
        yield from _reason_rows(errors, None)
        yield Row()
    if skipped and view.verbosity > QUIET:
        yield Row(Text(f"{counted(len(skipped), 'input')} skipped", "bold"))
        yield from _reason_rows(skipped, None if view.verbosity > 0 else SHOWN_SKIPPED)
        yield Row()


def summary_rows(result: Result, view: View) -> Iterator[Row]:
    """Say the verdict, whether it is the whole truth, and what was searched."""
    summary = result.summary
    yield labelled(_verdict(summary, view), Text(_findings(result, view)), LABEL_WIDTH)
    if not summary.complete:
        label = Text(f"{view.glyphs.actions[Action.REVIEW]} incomplete", ACTION_STYLES[Action.DENY])
        yield labelled(label, Text(_missed(summary)), LABEL_WIDTH)
    if view.verbosity > 0:
        for fact in coverage_facts(result):
            yield labelled(Text(f"  {fact.about.lower()}"), plain(fact.text), COVERAGE_WIDTH)
    elif result.run.index and view.verbosity > QUIET:
        searched = _searched(result.run.index, result.run.options.get("min_chars"), view)
        yield labelled(Text("  searched"), plain(searched), LABEL_WIDTH)


def _reason_rows(records: Sequence[InputRecord], n_shown: int | None) -> Iterator[Row]:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for record in records:
        by_reason[record.reason or "no reason given"].append(record.path)
    for reason, paths in by_reason.items():
        yield indented(plain(reason), 2, wrap=Wrap.WORDS)
        yield from (indented(plain(path, "dim"), 4) for path in paths[:n_shown])
        n_folded = len(paths) - len(paths[:n_shown])
        if n_folded:
            yield indented(Text(f"and {n_folded:,} more", "dim"), 4)


def _verdict(summary: Summary, view: View) -> Text:
    glyphs = view.glyphs
    if summary.verdict is Verdict.VIOLATION:
        return Text(f"{glyphs.actions[Action.DENY]} violation", ACTION_STYLES[Action.DENY])
    if summary.verdict is Verdict.MATCHES:
        return Text(f"{glyphs.actions[Action.ATTRIBUTE]} matches", "bold")
    if summary.complete:
        return Text(f"{glyphs.clean} clean", ACTION_STYLES[Action.ALLOW])
    return Text("  no match yet", "bold")


def _findings(result: Result, view: View) -> str:
    summary = result.summary
    if not summary.matches:
        return f"no match in {counted(summary.checked, 'input')}"
    n_matched = len({match.input for match in result.matches})
    by_action = {action: summary.by_action.get(action, 0) for action in reversed(Action)}
    actions = ", ".join(f"{number:,} {action}" for action, number in by_action.items() if number)
    n_checked = counted(summary.checked, "input")
    found = f"{counted(summary.matches, 'match')} in {n_matched:,} of {n_checked}"
    return view.listed([actions, found, _suppressed(summary)])


def _suppressed(summary: Summary) -> str:
    kinds = (f"{number:,} by {kind}" for kind, number in summary.suppressed.items())
    n_suppressed = sum(summary.suppressed.values())
    return f"{n_suppressed:,} suppressed ({', '.join(kinds)})" if n_suppressed else ""


def _missed(summary: Summary) -> str:
    if not summary.errors:
        return "the run was stopped before all inputs were checked"
    return f"{counted(summary.errors, 'input')} could not be checked; nothing is known about that"


def _searched(index: SearchedIndex, min_chars: object, view: View) -> str:
    names = [" ".join(filter(None, (each.name, each.revision))) for each in index.corpora]
    size = f"{counted(index.documents, 'document')}, {_size(index.bytes)}"
    shortest = f"copies of {min_chars} characters or more, white space not counted"
    return (
        f"{', '.join(names) or index.location}: {size}; {shortest}."
        " No match means none in this index."
    )


def _size(n_bytes: int) -> str:
    size, units = float(n_bytes), iter(("bytes", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while size >= 1000 and unit != "TB":
        size, unit = size / 1000, next(units)
    return f"{size:,.0f} {unit}" if size >= 10 or unit == "bytes" else f"{size:.1f} {unit}"
