"""Licence texts that govern sources, and copies of one text that disagree."""

from collections.abc import Sequence

from sc2_attrib.attribution.check import Checker
from sc2_attrib.attribution.license import conclude
from sc2_attrib.attribution.outcome import FailOn, assemble
from sc2_attrib.attribution.report.terminal import render
from sc2_attrib.attribution.result import Category, MatchRecord, Result, Source
from sc2_attrib.index.corpus.document import Basis, LicenseAssertion, Occurrence, SourceDocument
from sc2_attrib.index.search import LicenseText, Swhid
from tests.attribution.brute import BruteSearcher
from tests.attribution.samples import FOLD, a_run, asserted, file

MIT = LicenseText(
    "LICENSE",
    Swhid("swh:1:cnt:" + 40 * "1"),
    b"Copyright (c) 2020 Ann\n\nPermission is hereby granted, free of charge, to any person ..."
    b" without restriction ... this permission notice shall be included\n",
)


def place(repository: str, *licenses: LicenseAssertion) -> Occurrence:
    return Occurrence(repository, "fold.py", licenses=licenses)


def check(
    places: Sequence[Occurrence], texts: dict[str, tuple[LicenseText, ...]] | None = None
) -> Result:
    searcher = BruteSearcher([SourceDocument(FOLD, each) for each in places])
    searcher.texts = texts or {}
    checked = Checker(searcher, min_chars=50).check([file("a.py", FOLD)])
    return assemble(a_run(searcher), checked, fail_on=FailOn.DENY)


def only(result: Result) -> MatchRecord:
    (match,) = result.matches
    return match


def source(result: Result) -> Source:
    (found,) = only(result).sources
    return found


def test_license_text_of_the_repository_is_in_the_result() -> None:
    """A source names the texts that govern it, and the result holds each."""
    result = check([place("o/r", asserted("MIT"))], {"o/r": (MIT,)})
    (key,) = source(result).license_texts
    assert result.texts[key] == MIT.content.decode()


def test_license_file_speaks_for_a_row_that_was_read_alone() -> None:
    """Where nobody read it before, the text is evidence too, with its path and its holders."""
    found = source(check([place("o/r")], {"o/r": (MIT,)})).license
    assert (found.expression, found.basis) == ("MIT", Basis.LICENSE_FILE)
    assert found.assertions[0].path == "LICENSE"
    assert found.copyright == ("Copyright (c) 2020 Ann",)


def test_license_file_that_was_read_before_is_not_read_again() -> None:
    """Evidence that the index has stands as it is."""
    stated = LicenseAssertion("X11", Basis.LICENSE_FILE, "COPYING", 0.9)
    found = source(check([place("o/r", stated)], {"o/r": (MIT,)})).license
    assert [each.expression for each in found.assertions] == ["X11"]


def test_texts_of_a_collection_are_those_that_are_named() -> None:
    """Of REUSE's folder only the licences of the source apply, and none is evidence by itself."""
    texts = tuple(
        LicenseText(f"LICENSES/{id_}.txt", Swhid(f"swh:1:cnt:{number:040}"), id_.encode())
        for number, id_ in enumerate(("GPL-3.0-only", "MIT"))
    )
    header = LicenseAssertion("MIT", Basis.HEADER)
    result = check([place("o/r", header)], {"o/r": texts})
    assert [result.texts[key] for key in source(result).license_texts] == ["MIT"]
    assert [each.basis for each in source(result).license.assertions] == [Basis.HEADER]


def test_same_text_under_two_licenses_is_a_conflict_with_both() -> None:
    """Every copy says so, and each keeps what is said of it; a copy without evidence differs
    from nobody."""
    match = only(check([place("a/a", asserted("MIT")), place("b/b", asserted("GPL-3.0"))]))
    assert [s.license.expression for s in match.sources] == ["MIT", "GPL-3.0-only"]
    assert all(s.license.conflict for s in match.sources)
    match = only(check([place("a/a", asserted("MIT")), place("b/b")]))
    assert not any(s.license.conflict for s in match.sources)


def test_copies_under_one_license_in_two_spellings_agree() -> None:
    """Names of one licence are no conflict."""
    match = only(check([place("a/a", asserted("MIT")), place("b/b", asserted("MIT License"))]))
    assert not any(s.license.conflict for s in match.sources)


def said(expression: str, basis: Basis) -> LicenseAssertion:
    return LicenseAssertion(expression, basis)


def test_license_file_agrees_with_what_it_can_not_say() -> None:
    """The text of a licence says neither "or later" nor offers a choice nor holds an exception."""
    text = Basis.LICENSE_FILE
    for header, texts in (
        ("GPL-2.0-or-later", ["GPL-2.0-only"]),
        ("MIT OR Apache-2.0", ["MIT", "Apache-2.0"]),
        ("MIT OR Apache-2.0", ["MIT"]),
        ("LGPL-3.0-or-later", ["GPL-3.0-only", "LGPL-3.0-only"]),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ["GPL-2.0-only"]),
    ):
        evidence = (said(header, Basis.HEADER), *(said(each, text) for each in texts))
        assert not conclude(evidence).conflict, header
    assert conclude((said("MIT", Basis.HEADER), said("GPL-2.0-only", text))).conflict
    assert conclude((said("GPL-2.0-or-later", Basis.HEADER), said("GPL-3.0-only", text))).conflict


def test_copyleft_in_a_license_file_is_not_outweighed_by_the_data_set() -> None:
    """The repository's own text is stronger than what a data set detected; both are told."""
    found = conclude((said("MIT", Basis.SCANCODE), said("GPL-3.0-only", Basis.LICENSE_FILE)))
    assert (found.category, found.conflict) == (Category.COPYLEFT, True)
    assert [each.expression for each in found.assertions] == ["GPL-3.0-only", "MIT"]


def test_evidence_is_shown_of_each_copy_and_where_a_text_is() -> None:
    """Copies under one licence that rest on different words stand apart; a text that the index has
    not is named by its address; what a data set detected is said to be weak evidence."""
    detected = LicenseAssertion("MIT", Basis.SCANCODE, None, 0.5)
    result = check([place("a/a", detected), place("b/b")], {"b/b": (MIT,)})
    shown = render(result, verbosity=1)
    assert shown.count("permissive  MIT") == 2
    assert "ScanCode: MIT (50% sure)" in shown
    assert shown.count("which one it kept is weak") == 1
    assert shown.count("no licence text indexed; see https://spdx.org/licenses/MIT.html") == 1
    assert "licence file: MIT in LICENSE (95% sure)" in shown
    assert "Copyright (c) 2020 Ann" in shown
    assert render(result).count("permissive  MIT") == 1
