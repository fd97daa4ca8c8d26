"""Documents, inputs and a result to test with; the texts are made up."""

from collections.abc import Iterable, Sequence

from sc2_attrib.attribution.check import Checker, CheckInput, UncheckedInput
from sc2_attrib.attribution.match import Generated
from sc2_attrib.attribution.outcome import FailOn, assemble, describe_index
from sc2_attrib.attribution.result import InputKind, InputStatus, Model, Result, Run
from sc2_attrib.index.corpus.document import Basis, LicenseAssertion, Occurrence, SourceDocument
from tests.attribution.brute import BruteSearcher

COMMIT = "94a9ed024d3859793618152ea559a168bbcbb5e2"
SNAPSHOT = "0123456789abcdef0123456789abcdef01234567"

PARSE = b'''\
def parse_header(line):
    """Split a header line into its name and its value."""
    name, separator, value = line.partition(":")
    if not separator:
        raise ValueError(f"no colon in {line!r}")
    return name.strip().lower(), value.strip()
'''

FOLD = b"""\
def fold_lines(lines, width=72):
    for line in lines:
        while len(line) > width:
            cut = line.rfind(" ", 0, width)
            cut = width if cut <= 0 else cut
            yield line[:cut]
            line = " " + line[cut:].lstrip()
        yield line
"""

COUNT = b"""\
def count_words(path):
    totals = {}
    with open(path, encoding="utf-8") as stream:
        for word in stream.read().split():
            totals[word] = totals.get(word, 0) + 1
    return sorted(totals.items(), key=lambda item: (-item[1], item[0]))
"""


def asserted(expression: str, basis: Basis = Basis.LICENSE_FILE) -> LicenseAssertion:
    return LicenseAssertion(expression, basis, "LICENSE", 0.9)


def occurrence(repository: str, path: str, *licenses: str) -> Occurrence:
    return Occurrence(
        repository=repository,
        path=path,
        revision=COMMIT,
        licenses=tuple(map(asserted, licenses)),
        language="Python",
        url=f"https://github.com/{repository}",
        copyright=("Copyright (c) 2019 The Example Authors",),
    )


def documents() -> list[SourceDocument]:
    """Some documents: a text under GPL, one under MIT that begins it, and much copied ones."""
    forks = [f"fork{number:02}/words" for number in range(14)]
    return [
        SourceDocument(b"import re\n\n\n" + PARSE, occurrence("octo/mail", "src/h.py", "GPL-3.0")),
        SourceDocument(PARSE[:240], occurrence("tiny/parse", "parse.py", "MIT License")),
        SourceDocument(FOLD, occurrence("octo/fold", "fold/lines.py", "Apache 2.0")),
        SourceDocument(b"#!/usr/bin/env python3\n" + FOLD, occurrence("nobody/fold", "fold.py")),
        *(SourceDocument(COUNT, occurrence(name, "words.py", "ISC")) for name in forks),
    ]


def a_run(searcher: BruteSearcher, **options: object) -> Run:
    return Run(
        id="run-1",
        started="2026-01-01T00:00:00Z",
        finished="2026-01-01T00:00:01Z",
        tool_version="0.1.0",
        command="scan",
        index=describe_index(searcher.describe()),
        model=Model("bigcode/starcoder2-3b", None, "bfloat16", "cpu", {}),
        policy={},
        options={"min_chars": 50, "max_sources": 100, **options},
    )


def check(
    inputs: Iterable[CheckInput | UncheckedInput],
    held: Sequence[SourceDocument] | None = None,
    *,
    fail_on: FailOn = FailOn.DENY,
    max_sources: int = 100,
) -> Result:
    """Check inputs against documents and assemble the result."""
    searcher = BruteSearcher(documents() if held is None else held)
    checker = Checker(searcher, min_chars=50, max_sources=max_sources)
    return assemble(a_run(searcher), checker.check(inputs), fail_on=fail_on)


def file(path: str, raw: bytes) -> CheckInput:
    return CheckInput(InputKind.FILE, path, raw, language="Python")


def skipped(path: str, reason: str = "binary") -> UncheckedInput:
    return UncheckedInput(InputKind.FILE, path, InputStatus.SKIPPED, reason)


def failed(path: str, reason: str = "permission denied") -> UncheckedInput:
    return UncheckedInput(InputKind.FILE, path, InputStatus.ERROR, reason)


def completion(path: str, prefix: bytes, written: bytes, suffix: bytes = b"") -> CheckInput:
    generated = Generated(
        start=len(prefix),
        stop=len(prefix) + len(written),
        sent=tuple(filter(None, (prefix, suffix))),
        stopped="end of text",
    )
    raw = prefix + written + suffix
    return CheckInput(InputKind.COMPLETION, path, raw, language="Python", generated=generated)
