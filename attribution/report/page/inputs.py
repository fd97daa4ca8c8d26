"""The inputs on the page: what could not be checked first, then what was skipped, then the rest."""

from collections import Counter
from collections.abc import Iterator, Sequence

from sc2_attrib.attribution.report.page.markup import Markup, code, element
from sc2_attrib.attribution.report.view import counted
from sc2_attrib.attribution.result import InputRecord, InputStatus, Result

_TITLES = {
    InputStatus.ERROR: "could not be checked",
    InputStatus.SKIPPED: "skipped by a rule",
    InputStatus.CHECKED: "checked",
}


def inputs_section(result: Result) -> Markup:
    """List every input with what came of it."""
    n_matches = Counter(match.input for match in result.matches)
    return element(
        "section",
        element("h2", "Inputs"),
        *(part for status in _TITLES for part in _group(status, result.inputs, n_matches)),
        *([] if result.inputs else [element("p", "There were no inputs.")]),
        id="inputs",
    )


def _group(
    status: InputStatus, inputs: Sequence[InputRecord], n_matches: Counter[str]
) -> Iterator[Markup]:
    records = [record for record in inputs if record.status is status]
    if not records:
        return
    title = f"{counted(len(records), 'input')} {_TITLES[status]}"
    head = element("tr", *(element("th", name, scope="col") for name in ("Input", _last(status))))
    rows = (_row(record, n_matches) for record in records)
    table = element("table", element("thead", head), element("tbody", *rows), class_="overview")
    is_open = status is InputStatus.ERROR or len(records) <= 20
    yield element("details", element("summary", title), table, open=is_open)


def _last(status: InputStatus) -> str:
    return "Matches" if status is InputStatus.CHECKED else "Reason"


def _row(record: InputRecord, n_matches: Counter[str]) -> Markup:
    if record.status is InputStatus.CHECKED:
        bounded = " (not all sources listed)" if record.bounded else ""
        said = f"{n_matches[record.id]:,}{bounded}"
    else:
        said = record.reason or "no reason given"
    return element("tr", element("td", code(record.path)), element("td", said))
