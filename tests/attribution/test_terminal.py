"""The report for people at a terminal."""

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from sc2_attrib.attribution.check import CheckInput, UncheckedInput
from sc2_attrib.attribution.outcome import FailOn
from sc2_attrib.attribution.report import FORMATS
from sc2_attrib.attribution.report.searched import coverage_facts
from sc2_attrib.attribution.report.terminal import print_result, render
from sc2_attrib.attribution.result import MatchClass, Result
from sc2_attrib.index.corpus.document import Basis, SourceDocument
from tests.attribution.samples import (
    COMMIT,
    COUNT,
    FOLD,
    PARSE,
    asserted,
    check,
    completion,
    failed,
    file,
    occurrence,
    skipped,
)

OWN = b"x = 1\n"
ESCAPES = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;[^\x1b]*\x1b\\")


def shown(
    result: Result, *, width: int = 80, colors: str | None = "256", verbosity: int = 0
) -> str:
    """Print on a terminal of some width; `colors` None is a terminal told to use none."""
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=width,
        force_terminal=True,
        color_system=colors,  # type: ignore[arg-type]  # one of Rich's literals
        no_color=colors is None,
    )
    print_result(result, console, verbosity=verbosity)
    return stream.getvalue()


def without_escapes(text: str) -> str:
    return ESCAPES.sub("", text)


@pytest.fixture(scope="module")
def result() -> Result:
    """A result with files, a completion, and inputs that were not checked."""
    inputs: list[CheckInput | UncheckedInput] = [
        file("src/mail.py", OWN + PARSE),
        file("src/words.py", COUNT),
        completion("completion-1", b"# to fold\n" + FOLD[:33], FOLD[33:] + OWN),
        *(skipped(f"{number}.png") for number in range(9)),
        failed("secret.py"),
    ]
    return check(inputs)


def test_block_of_a_match() -> None:
    """A match shows its place, action, size, and where the text stands under which licence."""
    assert render(check([file("src/mail.py", OWN + PARSE)])).startswith(
        f"""\
src/mail.py  Python · 2 matches
  src/mail.py:2:1
  ✗ deny       GPL-3.0-only is copyleft
               6 lines · 199 characters · verbatim
    copyleft  GPL-3.0-only  licence file
      octo/mail@94a9ed0  src/h.py:4-9
        https://github.com/octo/mail/blob/{COMMIT}/src/h.py#L4-L9
        swh:1:cnt:6a15b665cb214efc82063cd607fafd77b729a05f;lines=4-9

  src/mail.py:2:1
  • attribute  MIT is permissive
"""
    )


def test_completion_is_listed_with_footnotes() -> None:
    """The text stands first, its lines marked as written and as matched; sources follow."""
    text = render(check([completion("completion-1", b"# fold\n" + FOLD[:20], FOLD[20:120] + OWN)]))
    assert text.startswith(
        """\
completion-1  bigcode/starcoder2-3b · 106 bytes generated · stopped: end of text
1       │ # fold
2 + [1] │ def fold_lines(lines, width=72):
3 + [1] │     for line in lines:
4 + [1] │         while len(line) > width:
5 + [1] │             cut = line.rfind(" x = 1
        │             ^^^^^^^^^^^^^^^^^^

  [1] lines 2-5
  ! review     no licence was found
"""
    )


def test_summary_says_verdict_and_coverage(result: Result) -> None:
    """What was found, what was missed, and what "no match" is worth."""
    verdict, incomplete, searched = render(result).splitlines()[-3:]
    assert verdict == ("✗ violation   1 deny, 1 review, 2 attribute · 4 matches in 3 of 3 inputs")
    assert incomplete.startswith("! incomplete  1 input could not be checked")
    assert searched.startswith("  searched    test 1: 5 documents, 1.3 kB; copies of 50 characters")
    assert searched.endswith("No match means none in this index.")


def test_clean_run_says_so_in_one_word() -> None:
    """A run without matches is clean."""
    assert render(check([file("a.py", OWN)])).startswith("✓ clean       no match in 1 input\n")


def test_incomplete_run_never_reads_as_clean() -> None:
    """Without a match, a run that missed something is not called clean."""
    text = render(check([file("a.py", OWN), failed("b.py")]))
    assert "clean" not in text
    assert "! incomplete" in text


def test_violation_by_fail_on_is_called_one() -> None:
    """The verdict is that of `--fail-on`, as the exit status is."""
    assert "✗ violation" in render(check([file("a.py", COUNT)], fail_on=FailOn.MATCH))


def test_unchecked_inputs_are_listed_with_their_reasons(result: Result) -> None:
    """Errors are all listed, skipped inputs folded by reason until more is asked for."""
    text = render(result)
    assert "1 input could not be checked\n  permission denied\n    secret.py\n" in text
    assert "9 inputs skipped\n  binary\n    0.png\n    1.png\n    2.png\n    and 6 more" in text
    assert "    8.png\n" in render(result, verbosity=1)


def test_long_lists_of_sources_are_folded(result: Result) -> None:
    """Two sources a licence are shown, the rest is counted; all at the highest verbosity."""
    assert render(result).count("words.py:1-6") == 2
    assert "and 12 more under ISC" in render(result)
    assert render(result, verbosity=2).count("words.py:1-6") == 14


def test_every_license_shows_a_source() -> None:
    """The one GPL source among many MIT ones is not folded away, and comes first."""
    copies = [
        *(SourceDocument(FOLD, occurrence(f"a{number}/x", "x.py", "MIT")) for number in range(9)),
        SourceDocument(FOLD, occurrence("z/last", "x.py", "GPL-3.0-only")),
    ]
    text = render(check([file("a.py", FOLD)], copies))
    assert text.index("copyleft  GPL-3.0-only") < text.index("z/last") < text.index("permissive")


def test_sources_beyond_the_bound_are_mentioned() -> None:
    """A listing that the run itself cut says how much is missing."""
    text = render(check([file("a.py", COUNT)], max_sources=3))
    assert "in at least 14 places of 14 repositories" in text
    assert "and 11 places that the run did not list" in text


def test_conflicting_evidence_shows() -> None:
    """A source whose licence statements differ says so, and lists them on request."""
    licenses = (asserted("MIT", Basis.HEADER), asserted("GPL-3.0-only", Basis.REPO))
    place = replace(occurrence("a/b", "x.py"), licenses=licenses)
    conflict = check([file("a.py", FOLD)], [SourceDocument(FOLD, place)])
    assert "permissive  MIT  file header · other evidence differs" in render(conflict)
    assert "repository: GPL-3.0-only in LICENSE" in render(conflict, verbosity=1)


def test_class_and_common_text_show() -> None:
    """What is not code is named, and a text that stands everywhere is called common."""
    found = check([file("a.py", PARSE)])
    as_data = (replace(match, class_=MatchClass.DATA, common=True) for match in found.matches)
    assert "verbatim · data · common text" in render(replace(found, matches=tuple(as_data)))
    as_code = (replace(match, class_=MatchClass.CODE) for match in found.matches)
    assert "· code" not in render(replace(found, matches=tuple(as_code)))


def test_whole_coverage_shows_on_request(result: Result) -> None:
    """With -v the summary says all that other reports say of what was searched."""
    text = render(result, verbosity=1)
    for fact in coverage_facts(result):
        assert fact.text in text


def test_more_is_shown_on_request(result: Result) -> None:
    """Verbosity adds the qualified SWHID and copyright lines, then the source's text."""
    assert ";anchor=swh:1:rev:" not in render(result)
    assert f";anchor=swh:1:rev:{COMMIT};path=/src/h.py;lines=4-9" in render(result, verbosity=1)
    assert "Copyright (c) 2019 The Example Authors" in render(result, verbosity=1)
    assert '           5 │     """Split a header line' in render(result, verbosity=2)


def test_quiet_is_a_line_a_match(result: Result) -> None:
    """At the lowest verbosity `grep` and editors find place, action and licence in one line."""
    lines = render(result, verbosity=-1).splitlines()
    assert lines[0] == "src/mail.py:2:1: ✗ deny · copyleft · GPL-3.0-only · 199 characters"
    assert lines[3].startswith("completion-1:2:1: ! review · none · NONE")


def test_plain_text_has_no_escapes_and_no_broken_lines(result: Result) -> None:
    """A redirected report can be searched: links and identifiers are whole."""
    text = FORMATS["terminal"](result)
    assert "\x1b" not in text
    for match in result.matches:
        for source in match.sources[:1]:
            assert f"        {source.url}\n" in text
            assert f"{source.document};lines=" in text


@pytest.mark.parametrize("width", [40, 80, 160])
def test_prose_is_broken_between_words_and_code_in_its_column(result: Result, width: int) -> None:
    """On a terminal only links and identifiers may be wider than it."""
    for line in without_escapes(shown(result, width=width)).splitlines():
        assert len(line) <= width or " " not in line.strip(), line


@pytest.mark.parametrize("width", [40, 80, 160])
def test_terminal_shows_what_plain_text_says(result: Result, width: int) -> None:
    """Colours and line breaks add nothing and take nothing away."""
    is_kept = str.maketrans("", "", "│^")
    plain = "".join(shown(result, width=400, colors=None).translate(is_kept).split())
    coloured = without_escapes(shown(result, width=width)).translate(is_kept)
    assert "".join(coloured.split()) == "".join(ESCAPES.sub("", plain).split())


def test_colour_is_not_the_only_sign(result: Result) -> None:
    """Without colour every action and category is still a word, and carets show the extent."""
    text = without_escapes(shown(result, colors=None))
    for word in ("✗ deny", "! review", "• attribute", "copyleft", "permissive", "none"):
        assert word in text
    assert "\x1b[38" not in shown(result, colors=None)


def test_matched_text_has_the_colour_of_its_license() -> None:
    """A run is coloured to its exact end, and the prompt is dim."""
    text = shown(check([completion("c", b"# a prompt\n", COUNT[:-1] + b"  # mine\n")]), width=160)
    assert "\x1b[1;38;5;28m    totals = {}\x1b[0m\n" in text
    assert "item[1], item[0]))\x1b[0m  # mine\n" in text
    assert "\x1b[2m# a prompt\x1b[0m\n" in text


HOSTILE = "\x1b[31m\u202eevil\r\n[bold]x[/bold]\x07\x9b1m\udce9"


def test_hostile_text_is_made_visible() -> None:
    """Escape sequences and direction controls in paths and code reach no terminal."""
    code = b"# \x1b]0;x\x07 \xe2\x80\xae [red]y[/red] \xff\n"
    place = replace(occurrence(HOSTILE, HOSTILE, HOSTILE), revision=HOSTILE, copyright=(HOSTILE,))
    hostile = check(
        [file(HOSTILE, FOLD), completion(HOSTILE, code, FOLD), failed(HOSTILE, HOSTILE)],
        [SourceDocument(FOLD, place)],
    )
    for verbosity in (-1, 0, 1, 2):
        for text in (
            render(hostile, verbosity=verbosity),
            without_escapes(shown(hostile, verbosity=verbosity)),
        ):
            assert all(char.isprintable() or char == "\n" for char in text)
            assert r"\x1b[31m\u202eevil" in text
            assert "[bold]x[/bold]" in text
    assert r"# \x1b]0;x\x07 \u202e [red]y[/red] �" in render(hostile)


def test_link_can_not_carry_an_escape() -> None:
    """A saved result with a hostile address prints no hyperlink for it."""
    match, *_ = check([file("a.py", FOLD)]).matches
    source = replace(match.sources[0], url="https://example.org/\x1b\\\x1b[2J")
    result = check([file("a.py", FOLD)])
    hostile = replace(result, matches=(replace(match, sources=(source,)),))
    assert "\x1b[2J" not in shown(hostile)
    assert r"https://example.org/\x1b\\x1b[2J" in without_escapes(shown(hostile))


def test_terminal_without_unicode_gets_other_marks() -> None:
    """Frames and marks are ASCII where the console's encoding is."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    result = check([completion("c", OWN, FOLD), file("a.py", COUNT)])
    print_result(result, Console(file=stream, force_terminal=False))
    stream.seek(0)
    text = stream.read()
    assert "2 + [1] | def fold_lines" in text
    assert "* attribute" in text
