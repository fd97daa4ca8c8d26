"""A completion with its matches marked."""

from sc2_attrib.attribution.report.listing import Listing, Run
from sc2_attrib.attribution.report.palette import UNICODE
from sc2_attrib.attribution.result import Category, Range


def listed(
    text: str,
    *runs: Range,
    generated: Range | None = None,
    whole: bool = True,
    with_carets: bool = False,
) -> list[str]:
    """List a text without colours; the lines as they are printed."""
    numbered = [Run(number, run, Category.COPYLEFT) for number, run in enumerate(runs, 1)]
    listing = Listing(text, generated or (0, len(text)), numbered)
    lines = []
    for row in listing.rows(UNICODE, whole=whole, with_carets=with_carets):
        lines.append((row.lead.plain + row.text.plain).rstrip())
        if row.under is not None:
            lines.append((row.rest.plain + row.under.plain).rstrip())
    return lines


def test_lines_are_numbered_and_marked() -> None:
    """A plus sign stands on the lines the model wrote in, a number on matched ones."""
    assert listed("a\nbb\ncc\n", (2, 7), generated=(3, 8)) == [
        "1       │ a",
        "2 + [1] │ bb",
        "3 + [1] │ cc",
    ]


def test_overlapping_matches_share_a_line() -> None:
    """A line has the numbers of all its matches, long rows of them in short."""
    assert listed("abcdef", (0, 4), (2, 6)) == ["1 + [1,2] │ abcdef"]
    assert listed("abcdef", *[(0, 6)] * 5) == ["1 + [1-5] │ abcdef"]


def test_strictest_license_colours_an_overlap() -> None:
    """Where two matches overlap, the worse of their categories is shown."""
    runs = [Run(1, (0, 4), Category.PERMISSIVE), Run(2, (2, 6), Category.COPYLEFT)]
    (row,) = Listing("abcdef", (0, 6), runs).rows(UNICODE, whole=True, with_carets=False)
    assert [(span.start, span.end, str(span.style)) for span in row.text.spans] == [
        (0, 2, "bold color(28)"),
        (2, 4, "bold color(160)"),
        (4, 6, "bold color(160)"),
    ]


def test_carets_show_a_part_of_a_line_only() -> None:
    """A line that is matched whole, but for its indent, needs no carets."""
    assert listed("x = yyy\n  zzz\n", (4, 13), with_carets=True) == [
        "1 + [1] │ x = yyy",
        "        │     ^^^",
        "2 + [1] │   zzz",
    ]


def test_carets_stand_under_wide_characters_tabs_and_escapes() -> None:
    """A tab goes to the next stop, a wide character takes two columns, an escape four."""
    assert listed("\tx日本\x1b = 1", (2, 5), with_carets=True) == [
        "1 + [1] │     x日本\\x1b = 1",
        "        │      ^^^^^^^^",
    ]


def test_every_kind_of_line_end_is_one() -> None:
    """CRLF and a lone CR end lines as LF does; what else looks like one is shown as its escape."""
    assert listed("a\r\nb\rc\u2028d\n\n") == ["1 +  │ a", "2 +  │ b", "3 +  │ c\\u2028d", "4 +  │"]


def test_far_lines_of_the_prompt_are_counted_not_shown() -> None:
    """Three lines before and after the completion are shown, and matches that reach into it."""
    text = "".join(f"{number}\n" for number in range(1, 21))
    start = text.index("11\n")
    lines = listed(text, (text.index("6\n"), start + 2), generated=(start, start + 3), whole=False)
    assert lines[0].split() == ["⋮", "5", "lines", "of", "the", "prompt"]
    assert [line.split()[0] for line in lines[1:-1]] == [str(number) for number in range(6, 15)]
    assert lines[-1].split() == ["⋮", "6", "lines", "of", "the", "prompt"]


def test_empty_completion_is_listed() -> None:
    """Where the model wrote nothing, the prompt's end is shown."""
    assert listed("a\nb\n", generated=(4, 4), whole=False) == ["1    │ a", "2    │ b"]
    assert listed("") == []
