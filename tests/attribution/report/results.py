"""Results that every report must hold: all kinds of matches, hostile names, many, few, broken."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

from sc2_attrib.attribution.outcome import FailOn, assemble
from sc2_attrib.attribution.result import (
    InputRecord,
    InputStatus,
    LicenseRecord,
    MatchKind,
    MatchRecord,
    Result,
    Source,
)
from tests.attribution.brute import BruteSearcher
from tests.attribution.samples import (
    COUNT,
    FOLD,
    PARSE,
    a_run,
    check,
    completion,
    failed,
    file,
    skipped,
)

N_MANY = 10_000

HOSTILE = (
    "a\"b'c.py",
    "line\nbreak\r\n.py",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(A1)",
    "-2",
    "'quoted",
    "</script><script>alert(1)</script>",
    "]]></failure><!-- --><![CDATA[",
    "\u202egnp.exe",
    "lone\ud800surrogate\udcff",
    "nul\0bell\x07esc\x1b[31mvt\x0bfffe\ufffe",
    "{0} [link](http://evil.example) \\",
    "</text>: NONE",
    "../../etc/passwd",
    "/absolute/path.py",
    "C:\\windows\\path.py",
    "%2e%2e/percent?query#fragment",
    "  spaces  ",
    "ünïcödé/日本語/😀.py",
)


@cache
def of_all_kinds() -> Result:
    """A scan and a completion with matches of each kind, every action, and each input status."""
    reformatted = FOLD.replace(b"    ", b"\t")
    result = check(
        [
            file("src/mail.py", b"import os\n\n" + PARSE + FOLD),
            file("src/fold.py", reformatted),
            completion("<completion>", b"# words\n", COUNT, b"\nprint(1)\n"),
            file("src/own.py", b"x = 1\n"),
            skipped("logo.png"),
        ]
    )
    exact = result.matches[0]
    suppressed = replace(
        result.matches[1],
        suppression={"kind": "baseline", "reason": "known since May", "file": "base.json"},
    )
    return replace(result, matches=(exact, suppressed, *result.matches[2:], near(exact)))


def near(exact: MatchRecord) -> MatchRecord:
    """Make an edited copy around an exact match."""
    sources = tuple(
        replace(source, kind=MatchKind.NEAR, similarity=0.8375) for source in exact.sources
    )
    return replace(
        exact,
        id="near" + exact.id[4:],
        fingerprint="near" + exact.fingerprint[4:],
        kind=MatchKind.NEAR,
        sources=sources,
        parts=(exact.id,),
        edits=({"kind": "replace", "generated": [3, 5], "source": [3, 6]},),
    )


@cache
def hostile() -> Result:
    """The same with every name, text and reason replaced by hostile ones."""
    result = of_all_kinds()
    names = iter(HOSTILE * 100)
    inputs = tuple(_hostile_input(record, next(names)) for record in result.inputs)
    extra = tuple(
        replace(result.inputs[-1], id=f"{number:032x}", path=name, reason=name, status=status)
        for number, name in enumerate(HOSTILE)
        for status in (InputStatus.SKIPPED,)
    )
    matches = tuple(
        replace(
            match,
            id=f"{number:032x}",
            fingerprint=f"{number:032x}",
            sources=(_hostile_source(match.sources[0], name),),
            policy=replace(match.policy, reason=name, rule=name),
            suppression={"kind": "review", "reason": name, "author": name} if number % 2 else None,
        )
        for number, (match, name) in enumerate(
            zip(result.matches * len(HOSTILE), HOSTILE * len(result.matches), strict=True)
        )
    )
    run = replace(result.run, command=HOSTILE[1], tool_version=HOSTILE[2], id=HOSTILE[9])
    texts = {key: HOSTILE[10] + text for key, text in result.texts.items()}
    return replace(result, run=run, inputs=(*inputs, *extra), matches=matches, texts=texts)


def _hostile_input(record: InputRecord, name: str) -> InputRecord:
    return replace(record, path=name, language=name, reason=record.reason and name)


def _hostile_source(source: Source, name: str) -> Source:
    license_: LicenseRecord = replace(source.license, expression=name, copyright=(name,))
    return replace(
        source,
        repo=name,
        path=name,
        revision=name,
        url=name,
        language=name,
        license=license_,
        swhid=f"{source.document};path={name}",
    )


@cache
def many() -> Result:
    """10,000 matches in 100 files, each of one of 1,000 sources."""
    result = of_all_kinds()
    record, match = result.inputs[0], result.matches[0]
    inputs = tuple(
        replace(record, id=f"{number:032x}", path=f"src/m{number}.py") for number in range(100)
    )
    return replace(
        result, inputs=inputs, matches=tuple(_nth(match, number) for number in range(N_MANY))
    )


def _nth(match: MatchRecord, number: int) -> MatchRecord:
    source = match.sources[0]
    document = f"swh:1:cnt:{number % 1000:040x}"
    moved = replace(source, document=document, swhid=document, path=f"src/f{number % 1000}.py")
    return replace(
        match,
        id=f"{number:032x}",
        fingerprint=f"{number:032x}",
        input=f"{number % 100:032x}",
        sources=(moved,),
    )


@cache
def empty() -> Result:
    """A run without inputs."""
    return assemble(a_run(BruteSearcher([])), [], fail_on=FailOn.DENY)


@cache
def incomplete() -> Result:
    """A run without matches that could not read one of its inputs."""
    return check([file("a.py", b"x = 1\n"), failed("b.py", "permission denied")])


@cache
def stopped() -> Result:
    """A run without matches that ended before it had seen all inputs."""
    return assemble(a_run(BruteSearcher([])), [], fail_on=FailOn.DENY, finished=False)


@cache
def bare() -> Result:
    """A result whose fields are null or empty wherever they may be."""
    result = of_all_kinds()
    matches = tuple(
        replace(match, class_=None, sources=(), size=replace(match.size, lexemes=None))
        for match in result.matches
    )
    inputs = tuple(
        replace(
            record,
            sha1=None,
            swhid=None,
            bytes=None,
            lines=None,
            language=None,
            completion=None,
            text=None,
        )
        for record in result.inputs
    )
    run = replace(result.run, index=None, model=None, started="", finished="soon")
    return replace(result, run=run, inputs=inputs, matches=matches, texts={})


RESULTS: Mapping[str, Callable[[], Result]] = {
    each.__name__: each for each in (of_all_kinds, hostile, empty, incomplete, stopped, bare)
}
