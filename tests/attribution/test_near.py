"""Edited copies in the result document and in the terminal report."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from sc2_attrib.attribution.check import CheckedInput, Checker
from sc2_attrib.attribution.report.near_rows import NEW, changed_spans, marked
from sc2_attrib.attribution.result import MatchKind, MatchRecord
from sc2_attrib.index.local import LocalIndex
from sc2_attrib.index.near.lexer import NAME, lex
from tests.attribution.samples import file
from tests.index.corpora import document
from tests.index.near.programs import indexed, program, renamed

SOURCE = program(1)
LEXEMES = lex(SOURCE, fast=False)
[(NAME_BEFORE, _)] = Counter(
    SOURCE[start:stop] for start, stop, kind in zip(*LEXEMES[:3], strict=True) if kind == NAME
).most_common(1)
EDITED = renamed(SOURCE, {NAME_BEFORE: b"show"}).replace(b"}", b"; }", 1)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalIndex]:
    folder: Path = tmp_path_factory.mktemp("near") / "ix"
    with indexed(folder, [document(SOURCE, "a.c", "GPL-2.0-only")]) as opened:
        yield opened


def checked(index: LocalIndex, raw: bytes, **options: object) -> CheckedInput:
    (found,) = Checker(index, **options).check([file("b.c", raw)])  # type: ignore[arg-type]
    return found


def near_of(found: CheckedInput) -> MatchRecord:
    (match,) = (match for match in found.matches if match.kind is MatchKind.NEAR)
    return match


def test_an_edited_copy_is_one_near_match_with_its_parts(index: LocalIndex) -> None:
    """The exact matches inside it are named, its licence judged, its size told in lexemes."""
    found = checked(index, EDITED)
    match = near_of(found)
    exact = [each for each in found.matches if each.kind is not MatchKind.NEAR]
    assert exact
    assert match.parts == tuple(each.id for each in exact)
    assert match.sources[0].license.expression == "GPL-2.0-only"
    assert match.sources[0].kind is MatchKind.NEAR
    assert match.policy.action == "deny"
    assert match.size.lexemes is not None
    assert match.size.lexemes >= sum(each.size.lexemes or 0 for each in exact) > 0
    assert match.excerpt in found.texts
    assert match.sources[0].excerpt in found.texts


def test_a_renamed_name_is_one_edit_with_all_its_places(index: LocalIndex) -> None:
    """Each place holds the old name in the source and the new one in the text."""
    match = near_of(checked(index, EDITED))
    (edit,) = (edit for edit in match.edits if edit["kind"] == "renamed")
    assert (edit["from"], edit["to"]) == (NAME_BEFORE.decode(), "show")
    for (start, stop), (first, last) in changed_spans([edit]):
        assert EDITED[start:stop] == b"show"
        assert SOURCE[first:last] == NAME_BEFORE


def test_near_matches_can_be_left_out(index: LocalIndex) -> None:
    """With `near=None` only exact matches are reported."""
    assert all(m.kind is not MatchKind.NEAR for m in checked(index, EDITED, near=None).matches)


def test_marks_stand_around_bytes_that_differ() -> None:
    """Ranges are of bytes, also where characters have several."""
    assert marked("größe = x", [(0, 7), (10, 11)], NEW).plain == "{+größe+} = {+x+}"
    assert marked("a", [(0, 0), (5, 9)], NEW).plain == "a"
