"""`sc2-attrib ledger`: read, verify and recheck what `--ledger` has written."""

import json
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from sc2_attrib.attribution.check import Checker
from sc2_attrib.attribution.ledger import parse_anchor, records
from sc2_attrib.attribution.ledger import verify as verify_ledger
from sc2_attrib.attribution.ledger_recheck import Change, changes, inputs_again
from sc2_attrib.attribution.outcome import FailOn, assemble, exit_code
from sc2_attrib.attribution.policy import COMMON_REPOSITORIES
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import Result, Verdict
from sc2_attrib.cli.locations import named_index, open_index_at, required_index
from sc2_attrib.cli.options import AsJson, IndexLocation
from sc2_attrib.cli.policy_options import (
    Judging,
    LedgerFile,
    PolicyLocation,
    ReviewsFile,
    judging,
    own_code_of,
)
from sc2_attrib.cli.run_record import RunStart
from sc2_attrib.cli.session import Session
from sc2_attrib.cli.streams import print_data
from sc2_attrib.cli.wording import counted
from sc2_attrib.index.errors import UsageError
from sc2_attrib.index.search import NearOptions, Searcher

INCOMPLETE = 4
VIOLATION = 1


def show(
    ledger: LedgerFile = None,
    last: Annotated[
        int | None, typer.Option("--last", metavar="N", min=1, help="Only the last N records.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """List the records of a ledger, a line each; with --json as they stand there."""
    listed = records(_required(ledger))
    for record in deque(listed, last) if last else listed:
        print_data(
            json.dumps(record, ensure_ascii=False) + "\n" if as_json else _record_line(record)
        )
    return 0


def verify(
    ledger: LedgerFile = None,
    anchor: Annotated[
        str | None,
        typer.Option(
            "--anchor",
            metavar="N:HASH",
            help="What this command printed before, kept elsewhere: shows a ledger written anew.",
        ),
    ] = None,
) -> int:
    """Check that a ledger is what was written, and print the anchor of its last record.

    An edited, inserted, dropped or moved line shows by the chain of hashes, a cut at the end by the
    head file. That somebody wrote both anew from some record on shows only with --anchor.
    """
    path = _required(ledger)
    verified = verify_ledger(path, parse_anchor(anchor) if anchor else None)
    for note in verified.notes:
        print_data(f"{path}: note: {note}\n")
    print_data(f"{path}: {counted(verified.last.number, 'record')}, whole\n{verified.last}\n")
    return 0


def recheck(
    context: typer.Context,
    ledger: LedgerFile = None,
    index: IndexLocation = None,
    policy: PolicyLocation = None,
    reviews: ReviewsFile = None,
    as_json: AsJson = False,
) -> int:
    """Check old records against today's index and policy, and tell what has changed.

    A text is checked again if the ledger keeps it (--include-text), or if a file at its path still
    has the same content. Ends with 1 if a record is a violation now that was none, with 4 if some
    text could not be checked again.
    """
    session, path = Session.of(context), _required(ledger)
    judged = judging(session, policy, reviews=reviews)
    location = required_index(index)
    verify_ledger(path)
    code = 0
    with open_index_at(location) as searcher, own_code_of(judged.policy) as own_code:
        is_removed = _Removals(location)
        for record in records(path):
            result = _checked_again(record, searcher, own_code, judged, session)
            print_data(_told(record, result, changes(record, result, is_removed), as_json=as_json))
            code = _worse(code, _code(record, result))
    return code


class _Removals:
    """Tells what the removal log of an index names."""

    def __init__(self, location: str) -> None:
        from sc2_attrib.index.removal import DenyList

        names = named_index(location).removals()
        self._denied = DenyList(removal.what for removal in names)

    def __call__(self, document: str, repository: str) -> bool:
        """Tell whether a document in a repository was taken down."""
        return self._denied.names(bytes.fromhex(document.rpartition(":")[2]), repository)


def _required(ledger: Path | None) -> Path:
    if ledger is None:
        raise UsageError(
            "no ledger: name one with --ledger, SC2_ATTRIB_LEDGER or 'ledger' in sc2-attrib.toml"
        )
    return ledger


def _checked_again(
    record: Mapping[str, Any],
    searcher: Searcher,
    own_code: Searcher | None,
    judged: Judging,
    session: Session,
) -> Result:
    """Check the texts of a record as they were checked then."""
    options = record["options"]
    checker = Checker(
        searcher,
        min_chars=max(options.get("min_chars", 0), searcher.guarantee_chars),
        max_sources=options.get("max_sources", 0),
        policy=judged.policy,
        own_code=own_code,
        near=_near(options.get("near")),
        common=options.get("common", COMMON_REPOSITORIES),
    )
    checked = list(checker.check(inputs_again(record, _read)))
    run = RunStart.now(session).finished(checker)
    fail_on = FailOn(options.get("fail_on", FailOn.DENY))
    return assemble(run, checked, fail_on=fail_on, known=judged.known)


def _near(options: Mapping[str, Any] | None) -> NearOptions | None:
    """Read the thresholds of edited copies, as the run recorded them."""
    if options is None:
        return None
    known = {field.name for field in fields(NearOptions)}
    return NearOptions(**{key: value for key, value in options.items() if key in known})


def _read(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except OSError:
        return None


def _code(record: Mapping[str, Any], result: Result) -> int:
    code = exit_code(result)
    was_violation = record["verdict"] == Verdict.VIOLATION
    return code if code != VIOLATION or not was_violation else 0


def _worse(one: int, other: int) -> int:
    """Of two codes a violation is worse than an incomplete run, and that worse than a clean one."""
    return min(filter(None, (one, other)), default=0)


def _record_line(record: Mapping[str, Any]) -> str:
    actions = Counter(match["action"] for match in record["matches"])
    found = ", ".join(f"{number} {action}" for action, number in sorted(actions.items()))
    paths = [entry["path"] for entry in record["inputs"]]
    what = visible(paths[0]) if len(paths) == 1 else counted(len(paths), "input")
    run = record["run"]
    return (
        f"{record['number']:>6}  {run['finished'][:19]}  {record['kind']:10}  {what}  "
        f"{record['verdict']}{'' if record['complete'] else ', incomplete'}"
        f"{f'  ({found})' if found else ''}\n"
    )


def _told(record: Mapping[str, Any], result: Result, found: list[Change], *, as_json: bool) -> str:
    if as_json:
        return json.dumps(_as_json(record, result, found), ensure_ascii=False) + "\n"
    return "".join(line + "\n" for line in _lines(record, result, found))


def _as_json(
    record: Mapping[str, Any], result: Result, found: list[Change]
) -> Mapping[str, object]:
    return {
        "number": record["number"],
        "run": record["run"]["id"],
        "verdict_then": record["verdict"],
        "verdict": result.summary.verdict,
        "complete": result.summary.complete,
        "not_checked": [each.path for each in result.inputs if each.status != "checked"],
        "changes": [
            {
                "kind": each.kind,
                "path": each.path,
                "fingerprint": each.fingerprint,
                "before": each.before,
                "after": each.after,
            }
            for each in found
        ],
    }


def _lines(record: Mapping[str, Any], result: Result, found: list[Change]) -> Iterator[str]:
    n_missing = result.summary.errors
    missing = f", {counted(n_missing, 'text')} not at hand" if n_missing else ""
    what = counted(len(found), "change") if found else "nothing has changed"
    what = "no change seen" if n_missing and not found else what
    yield f"record {record['number']}, {record['run']['finished'][:10]}: {what}{missing}"
    for each in found:
        arrow = " -> ".join(filter(None, (each.before, each.after)))
        yield visible(f"  {each.kind}  {each.path}  {each.fingerprint[:12]}  {arrow}")
