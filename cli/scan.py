"""`sc2-attrib scan`: check files, folders and standard input against an index."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from sc2_attrib import __version__
from sc2_attrib.attribution.check import DEFAULT_MAX_SOURCES, Checker, CheckInput
from sc2_attrib.attribution.outcome import FailOn, describe_index, exit_code
from sc2_attrib.attribution.policy import COMMON_REPOSITORIES
from sc2_attrib.cli.check_options import (
    NEAR,
    Common,
    FailOnMatch,
    IncludeText,
    MaxFileSize,
    MaxSources,
    MinChars,
    MinLexemes,
    MinSimilarity,
    NoNear,
    near_options,
)
from sc2_attrib.cli.checking import CheckSettings, sharing_texts
from sc2_attrib.cli.input_files import Input
from sc2_attrib.cli.inputs import STDIN, collect, listed_paths, parse_size
from sc2_attrib.cli.locations import required_index
from sc2_attrib.cli.options import AsJson, Formats, IndexLocation, Jobs
from sc2_attrib.cli.outputs import discard_old, requested_outputs, write_outputs
from sc2_attrib.cli.policy_options import (
    BaselineFile,
    LedgerFile,
    PolicyLocation,
    ReviewsFile,
    UpdateBaseline,
    judging,
)
from sc2_attrib.cli.progress import counting
from sc2_attrib.cli.resuming import Progress, progress_in
from sc2_attrib.cli.run_record import RunStart
from sc2_attrib.cli.session import Session
from sc2_attrib.cli.wording import counted
from sc2_attrib.cli.workers import check_all
from sc2_attrib.index.errors import UsageError

Paths = Annotated[
    list[str] | None, typer.Argument(metavar="PATH", help="Files and folders; - is standard input.")
]
FilesFrom = Annotated[
    str | None,
    typer.Option(
        "--files-from",
        metavar="FILE",
        help="Also check the paths listed in FILE, or - for standard input: one a line, or "
        "NUL-terminated.",
    ),
]
Diff = Annotated[
    str | None,
    typer.Option(
        "--diff",
        metavar="REF",
        help="Check the files that changed since the commit REF; keep the matches that touch an "
        "added line.",
    ),
]
Staged = Annotated[
    bool,
    typer.Option(
        "--staged", help="Check what git's index is about to commit; keep as with --diff."
    ),
]

Resume = Annotated[
    Path | None,
    typer.Option(
        "--resume",
        metavar="FILE",
        help="Keep in FILE what has been checked, and go on from there when the same command is "
        "given again; a complete run deletes it.",
    ),
]


def scan(
    context: typer.Context,
    paths: Paths = None,
    index: IndexLocation = None,
    files_from: FilesFrom = None,
    diff: Diff = None,
    staged: Staged = False,
    max_file_size: MaxFileSize = "10MB",
    policy: PolicyLocation = None,
    reviews: ReviewsFile = None,
    baseline: BaselineFile = None,
    update_baseline: UpdateBaseline = False,
    ledger: LedgerFile = None,
    fail_on: FailOnMatch = FailOn.DENY,
    min_chars: MinChars = None,
    max_sources: MaxSources = DEFAULT_MAX_SOURCES,
    min_similarity: MinSimilarity = NEAR.min_similarity,
    min_lexemes: MinLexemes = NEAR.min_lexemes,
    no_near: NoNear = False,
    common: Common = COMMON_REPOSITORIES,
    include_text: IncludeText = False,
    resume: Resume = None,
    jobs: Jobs = None,
    formats: Formats = None,
    as_json: AsJson = False,
) -> int:
    """Check files and folders against the index.

    Below a folder, files that git ignores are skipped, as are those that a .sc2attribignore names
    in the same form, binary files and files over the size limit. A file that is named itself is
    checked even if it is ignored. A diff on standard input stands for the files it changes.
    """
    session = Session.of(context)
    outputs = requested_outputs(formats, as_json=as_json)
    if update_baseline and (diff is not None or staged):
        raise UsageError("--update-baseline: check whole files; --diff and --staged see parts")
    if not paths and files_from is None and diff is None and not staged:
        raise UsageError(
            "scan: name files or folders, - for standard input, or --files-from FILE;"
            " or ask for what changed with --diff REF or --staged"
        )
    inputs = _inputs(
        _named(paths, files_from), diff, staged=staged, max_bytes=parse_size(max_file_size)
    )
    run = RunStart.now(session, include_text=include_text, max_file_size=max_file_size)
    judged = judging(
        session,
        policy,
        reviews=reviews,
        baseline=baseline,
        update_baseline=update_baseline,
        ledger=ledger,
    )
    settings = CheckSettings(
        index=required_index(index),
        policy=judged.policy,
        min_chars=min_chars,
        max_sources=max_sources,
        near=near_options(no_near=no_near, min_similarity=min_similarity, min_lexemes=min_lexemes),
        common=common,
    )
    n_jobs = jobs or os.cpu_count() or 1
    with settings.opened(jobs=n_jobs) as checker:
        discard_old(outputs)
        texts = _with_text(inputs) if include_text else inputs
        check = partial(check_all, settings, checker, jobs=n_jobs)
        with _kept(resume, run, checker, session) as progress:
            found = progress.through(texts, check) if progress else check(texts)
            checked = list(sharing_texts(counting(session, found, "checking")))
        record = run.finished(checker)
    result = judged.conclude(record, checked, fail_on=fail_on, session=session)
    judged.record(result, with_text=include_text)
    write_outputs([result], outputs, session)
    if resume is not None and result.summary.complete:
        resume.unlink()
    return exit_code(result)


@contextmanager
def _kept(
    path: Path | None, run: RunStart, checker: Checker, session: Session
) -> Iterator[Progress | None]:
    """Open the progress of an earlier run, if that is wanted, and say what it has."""
    if path is None:
        yield None
        return
    own = checker.own_code
    context = {
        "version": __version__,
        "index": describe_index(checker.searcher.describe()),
        "index of own code": describe_index(own.describe()) if own else None,
        "policy": checker.policy.describe(),
        "choice of options": run.all_options(checker),
    }
    with progress_in(path, context) as progress:
        if progress.n_kept:
            session.says(f"{path}: {counted(progress.n_kept, 'input')} kept of an earlier scan")
        yield progress


def _named(paths: list[str] | None, files_from: str | None) -> list[str]:
    return [*(paths or ()), *(listed_paths(files_from) if files_from else ())]


def _inputs(named: list[str], diff: str | None, *, staged: bool, max_bytes: int) -> Iterator[Input]:
    if diff is None and not staged:
        return collect(named, max_bytes=max_bytes)
    from sc2_attrib.cli import changes

    if STDIN in named:
        raise UsageError("scan: standard input is no file of git; leave out - or --diff, --staged")
    if staged:
        return changes.staged(diff, named, max_bytes=max_bytes)
    return changes.changed_since(diff or "", named, max_bytes=max_bytes)


def _with_text(inputs: Iterator[Input]) -> Iterator[Input]:
    for item in inputs:
        yield replace(item, with_text=True) if isinstance(item, CheckInput) else item
