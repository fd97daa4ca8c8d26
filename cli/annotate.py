"""`sc2-attrib annotate`: put SPDX snippet tags around the copies in files."""

import difflib
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from sc2_attrib.attribution.annotate import Annotated as AnnotatedText
from sc2_attrib.attribution.annotate import annotate as annotate_text
from sc2_attrib.attribution.annotate import snippets_of, untagged
from sc2_attrib.attribution.check import DEFAULT_MAX_SOURCES, CheckInput
from sc2_attrib.attribution.ids import sha256
from sc2_attrib.attribution.outcome import CLEAN, INCOMPLETE, VIOLATION, FailOn
from sc2_attrib.attribution.policy import COMMON_REPOSITORIES
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import InputKind, InputRecord, InputStatus, MatchRecord, Result
from sc2_attrib.attribution.sidecar import SUFFIX, is_sidecar, render
from sc2_attrib.attribution.snippet_tags import Untagged
from sc2_attrib.attribution.text import readable, readable_path
from sc2_attrib.cli.check_options import NEAR, MaxFileSize, MinChars, NoNear
from sc2_attrib.cli.checking import CheckSettings
from sc2_attrib.cli.input_files import Input
from sc2_attrib.cli.inputs import STDIN, collect, parse_size
from sc2_attrib.cli.locations import required_index
from sc2_attrib.cli.options import IndexLocation, Jobs
from sc2_attrib.cli.policy_options import PolicyLocation, ReviewsFile, judging
from sc2_attrib.cli.progress import counting
from sc2_attrib.cli.report import load_result
from sc2_attrib.cli.rewrite import rewrite
from sc2_attrib.cli.run_record import RunStart
from sc2_attrib.cli.session import Session
from sc2_attrib.cli.streams import print_data
from sc2_attrib.cli.unified_diff import quoted_name
from sc2_attrib.cli.walk import reason_of
from sc2_attrib.cli.wording import counted
from sc2_attrib.index.errors import UsageError

Paths = Annotated[
    list[str] | None, typer.Argument(metavar="PATH", help="Files and folders to annotate.")
]
FromResult = Annotated[
    str | None,
    typer.Option(
        "--result",
        metavar="RESULT.json",
        help="Take the matches from a saved result, or - for one on standard input, instead of "
        "checking against an index. Without PATH all of its files.",
    ),
]
Check = Annotated[
    bool, typer.Option("--check", help="Write nothing; exit 1 if a file would change.")
]
Diff = Annotated[bool, typer.Option("--diff", help="Write nothing; print what would change.")]
Sidecar = Annotated[
    bool,
    typer.Option(
        "--sidecar", help=f"Write FILE{SUFFIX} beside each file, and leave the files alone."
    ),
]


@dataclass(frozen=True, slots=True)
class _Change:
    """A file that is to be written or, without `after`, deleted."""

    path: Path
    before: bytes | None
    after: bytes | None
    summary: str


@dataclass(frozen=True, slots=True)
class _Failure:
    """A file that could not be annotated, and why."""

    path: str
    reason: str


def annotate(
    context: typer.Context,
    paths: Paths = None,
    index: IndexLocation = None,
    result: FromResult = None,
    check: Check = False,
    diff: Diff = False,
    sidecar: Sidecar = False,
    policy: PolicyLocation = None,
    reviews: ReviewsFile = None,
    min_chars: MinChars = None,
    no_near: NoNear = False,
    max_file_size: MaxFileSize = "10MB",
    jobs: Jobs = None,
) -> int:
    """Put SPDX snippet tags around the copies in files, with licence, copyright and source.

    Tags stand in comments on lines of their own, where they can't change what a file means; where
    there is no such place, a sidecar takes them. Run again, it brings the tags up to date. What the
    policy allows without attribution, and own code, is left alone.
    """
    session = Session.of(context)
    max_bytes = parse_size(max_file_size)
    places: dict[str, Path] = {}
    if result is not None:
        found = _chosen(load_result(result), paths)
    elif paths:
        if STDIN in paths:
            raise UsageError("annotate: standard input can't be annotated; name files")
        inputs = _noting(places, collect(paths, max_bytes=max_bytes))
        found = _checked(
            session, inputs, index, policy, reviews=reviews,
            min_chars=min_chars, no_near=no_near, jobs=jobs,
        )  # fmt: skip
    else:
        raise UsageError("annotate: name files or folders, or a result with --result")
    outcomes = list(_outcomes(found, places, session, always_sidecar=sidecar))
    return _conclude(outcomes, session, check=check, diff=diff)


def _checked(
    session: Session,
    inputs: Iterable[Input],
    index: str | None,
    policy: str | None,
    *,
    reviews: Path | None,
    min_chars: int | None,
    no_near: bool,
    jobs: int | None,
) -> Result:
    """Check files as they are without our tags."""
    run = RunStart.now(session)
    judged = judging(session, policy, reviews=reviews)
    settings = CheckSettings(
        index=required_index(index),
        policy=judged.policy,
        min_chars=min_chars,
        max_sources=DEFAULT_MAX_SOURCES,
        near=None if no_near else NEAR,
        common=COMMON_REPOSITORIES,
    )
    with settings.opened(jobs=jobs or os.cpu_count() or 1) as checker:
        texts = (_without_tags(each) for each in inputs)
        checked = list(counting(session, checker.check(texts), "checking"))
        record = run.finished(checker)
    return judged.conclude(record, checked, fail_on=FailOn.NEVER, session=session)


def _noting(places: dict[str, Path], inputs: Iterable[Input]) -> Iterator[Input]:
    """Note where inputs lie: a result spells a path that is no UTF-8 in another way."""
    for item in inputs:
        places[readable_path(item.path)] = Path(item.path)
        yield item


def _without_tags(item: Input) -> Input:
    if not isinstance(item, CheckInput):
        return item
    return replace(item, raw=untagged(item.raw, item.language).text)


def _chosen(result: Result, paths: list[str] | None) -> Result:
    """Keep the inputs of a result that are, or lie below, the named paths.

    Raises:
        UsageError: the result says nothing of a path.
    """
    if not paths:
        return result
    kept: dict[str, InputRecord] = {}
    for name in paths:
        normal = os.path.normpath(name)
        within = [each for each in result.inputs if _lies_in(each.path, normal)]
        if not within:
            raise UsageError(f"{name}: the result says nothing of it; check it again with scan")
        kept |= {each.id: each for each in within}
    return replace(result, inputs=tuple(each for each in result.inputs if each.id in kept))


def _lies_in(path: str, folder: str) -> bool:
    return folder == "." or Path(os.path.normpath(path)).is_relative_to(folder)


def _outcomes(
    result: Result, places: Mapping[str, Path], session: Session, *, always_sidecar: bool
) -> Iterator[_Change | _Failure]:
    matches: dict[str, list[MatchRecord]] = defaultdict(list)
    for match in result.matches:
        matches[match.input].append(match)
    for record in result.inputs:
        if record.kind not in (InputKind.FILE, InputKind.DIFF):
            continue
        if record.status is InputStatus.ERROR:
            yield _Failure(record.path, record.reason or "not checked")
        elif record.status is InputStatus.CHECKED:
            path = places.get(record.path, Path(record.path))
            yield from _outcome(
                path, record, matches[record.id], session, always_sidecar=always_sidecar
            )


def _outcome(
    path: Path,
    record: InputRecord,
    matches: Sequence[MatchRecord],
    session: Session,
    *,
    always_sidecar: bool,
) -> Iterator[_Change | _Failure]:
    """Say what is to become of one file and its sidecar."""
    try:
        before = path.read_bytes()
        old_sidecar = _read_sidecar(path)
    except OSError as error:
        yield _Failure(record.path, reason_of(error))
        return
    plain = untagged(before, record.language)
    if sha256(plain.text) == record.sha256:
        snippets = snippets_of(matches, Untagged(plain.text, ()))
    elif sha256(before) == record.sha256:
        snippets = snippets_of(matches, plain)
    else:
        yield _Failure(record.path, "changed since it was checked; check it again")
        return
    tagged = AnnotatedText(plain.text)
    if not always_sidecar:
        tagged = annotate_text(plain.text, record.language, snippets)
        _tell(path, tagged, session)
    after = tagged.text if tagged.text is not None else plain.text
    said = counted(len(tagged.snippets or snippets), "snippet")
    if after != before:
        yield _Change(path, before, after, said if tagged.snippets else "no snippet any more")
    wanted = None
    if snippets and (always_sidecar or tagged.text is None):
        wanted = render(path.name, after, snippets).encode()
    if wanted != old_sidecar:
        yield _Change(_sidecar_path(path), old_sidecar, wanted, said)


def _tell(path: Path, tagged: AnnotatedText, session: Session) -> None:
    shown = _shown(path)
    if tagged.reason is not None:
        session.says(f"{shown}: {tagged.reason}; its snippets are in {_shown(_sidecar_path(path))}")
    for (first, last), (start, stop) in tagged.widened:
        session.says(
            f"{shown}: the copy in lines {first}-{last} is tagged as {start}-{stop}, the nearest"
            " lines between which a comment changes nothing"
        )


def _sidecar_path(path: Path) -> Path:
    return path.with_name(path.name + SUFFIX)


def _read_sidecar(path: Path) -> bytes | None:
    """Read the sidecar of a file, if there is one.

    Raises:
        FileExistsError: something else has its name.
    """
    place = _sidecar_path(path)
    if not place.exists():
        return None
    content = place.read_bytes()
    if not is_sidecar(content):
        raise FileExistsError(0, f"{place.name} is no sidecar; move it away")
    return content


def _conclude(
    outcomes: Sequence[_Change | _Failure], session: Session, *, check: bool, diff: bool
) -> int:
    changes = [each for each in outcomes if isinstance(each, _Change)]
    failures = [each for each in outcomes if isinstance(each, _Failure)]
    for change in changes:
        if diff:
            print_data(_diff_of(change))
        elif check:
            print_data(f"{_shown(change.path)}: would change, {change.summary}\n")
        else:
            _write(change, failures)
    for failure in failures:
        session.says(f"{visible(failure.path)}: not annotated: {failure.reason}")
    done = Counter("deleted" if each.after is None else "written" for each in changes)
    verb = "would change" if check or diff else "changed"
    session.says(f"{counted(done.total(), 'file')} {verb}")
    if check and changes:
        return VIOLATION
    return INCOMPLETE if failures else CLEAN


def _write(change: _Change, failures: list[_Failure]) -> None:
    shown = _shown(change.path)
    try:
        rewrite(change.path, change.before, change.after)
    except OSError as error:
        failures.append(_Failure(shown, reason_of(error)))
        return
    print_data(f"{shown}: {change.summary}\n")


def _shown(path: Path) -> str:
    return visible(readable_path(path.as_posix()))


def _diff_of(change: _Change) -> str:
    old, new = (quoted_name(os.fsencode(f"{side}/{change.path.as_posix()}")) for side in "ab")
    before, after = (
        readable(content or b"").splitlines(keepends=True)
        for content in (change.before, change.after)
    )
    lines = difflib.unified_diff(before, after, old, new)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
