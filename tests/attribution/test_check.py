"""Texts checked against an index."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc2_attrib.attribution.check import Checker, CheckInput
from sc2_attrib.attribution.match import Generated
from sc2_attrib.attribution.policy import COMMON_REPOSITORIES
from sc2_attrib.attribution.result import (
    Action,
    InputKind,
    InputStatus,
    MatchKind,
    MatchRecord,
    Result,
)
from sc2_attrib.index.corpus.document import SourceDocument
from sc2_attrib.index.errors import IndexUnusableError, UsageError
from sc2_attrib.index.search import SearchResult
from sc2_attrib.index.text import normalize
from tests.attribution.brute import BruteSearcher
from tests.attribution.samples import (
    COUNT,
    FOLD,
    PARSE,
    check,
    completion,
    documents,
    failed,
    file,
    occurrence,
    skipped,
)

OWN = b"# our own line, which stands nowhere else\n"


def only(result: Result) -> MatchRecord:
    assert len(result.matches) == 1
    return result.matches[0]


def test_match_is_located_in_the_raw_text() -> None:
    """Bytes, characters, lines and columns lead to the matched text."""
    raw = "# né\n".encode() + OWN + FOLD
    match = only(check([file("a.py", raw)]))
    start, stop = match.generated.bytes
    assert raw[start:stop] == FOLD.strip()
    assert match.generated.chars == (start - 1, stop - 1)
    assert match.generated.lines == (3, 10)
    assert match.generated.columns == (1, 18)
    assert match.size.lines == 8
    assert match.size.normalized_chars == len(normalize(FOLD))
    assert match.generated_bytes == stop - start


def test_sources_say_where_the_text_stands() -> None:
    """A source has its own range, its licence, and its text among the result's texts."""
    result = check([file("a.py", PARSE)])
    source = result.matches[0].sources[0]
    assert (source.repo, source.path, source.lines) == ("octo/mail", "src/h.py", (4, 9))
    assert source.license.expression == "GPL-3.0-only"
    assert source.license.copyright == ("Copyright (c) 2019 The Example Authors",)
    assert result.texts[source.excerpt] == PARSE.decode().strip()
    assert source.bytes == (12, 12 + len(PARSE.strip()))


def test_texts_are_kept_once_under_their_hash() -> None:
    """Fourteen copies of one text need one excerpt."""
    result = check([file("a.py", COUNT)])
    assert len(only(result).sources) == 14
    assert [hashlib.sha256(text.encode()).hexdigest() for text in result.texts.values()] == list(
        result.texts
    )
    assert len(result.texts) == 1


def test_white_space_alone_makes_a_copy_reformatted() -> None:
    """A re-indented copy is found, and called what it is."""
    match = only(check([file("a.py", FOLD.replace(b"    ", b"\t"))]))
    assert match.kind is MatchKind.REFORMATTED
    assert {source.kind for source in match.sources} == {MatchKind.REFORMATTED}


def test_shorter_match_is_reported_for_a_license_of_its_own() -> None:
    """The MIT text within the GPL text is shown too, so that no licence is hidden."""
    outer, inner = check([file("a.py", PARSE)]).matches
    assert {source.license.expression for source in outer.sources} == {"GPL-3.0-only"}
    assert {source.license.expression for source in inner.sources} == {"MIT"}


def test_match_takes_the_action_of_its_strictest_source() -> None:
    """FOLD stands under Apache-2.0 and, elsewhere, under no licence at all."""
    match = only(check([file("a.py", FOLD)]))
    assert {source.license.expression for source in match.sources} == {"Apache-2.0", "NONE"}
    assert match.policy.action is Action.REVIEW


def test_text_of_many_repositories_is_common() -> None:
    """From 50 repositories on a text is allowed whatever its licences; with 49 it isn't."""
    copies = [
        SourceDocument(FOLD, occurrence(f"repo{number}/x", "x.py", "GPL-3.0-only"))
        for number in range(COMMON_REPOSITORIES)
    ]
    match = only(check([file("a.py", FOLD)], copies, max_sources=5))
    assert (match.common, match.policy.action) == (True, Action.ALLOW)
    match = only(check([file("a.py", FOLD)], copies[1:]))
    assert (match.common, match.policy.action) == (False, Action.DENY)


def test_bounded_listing_is_said_to_be_bounded() -> None:
    """Beyond `max_sources` the input says that sources are missing."""
    result = check([file("a.py", COUNT)], max_sources=3)
    assert len(only(result).sources) == 3
    assert only(result).documents.at_least
    assert result.inputs[0].bounded


def test_input_is_described() -> None:
    """Hash and SWHID are of the file, counts of the checked text; its text only if asked for."""
    plain, shown = check([file("a.py", OWN), replace(file("b.py", OWN), with_text=True)]).inputs
    blob = b"blob %d\0" % len(OWN) + OWN
    assert plain.sha256 == hashlib.sha256(OWN).hexdigest()
    assert plain.swhid == "swh:1:cnt:" + hashlib.sha1(blob).hexdigest()
    assert (plain.bytes, plain.lines, plain.encoding) == (len(OWN), 1, "utf-8")
    assert (plain.text, shown.text) == (None, OWN.decode())


def test_offsets_of_a_transcoded_file_are_into_its_utf_8_text() -> None:
    """A UTF-16 file is matched, and its record says which encoding it had."""
    raw = ("\ufeff" + FOLD.decode()).encode("utf-16-le")
    result = check([file("a.py", raw)])
    assert only(result).generated.bytes == (0, len(FOLD.strip()))
    record = result.inputs[0]
    assert (record.encoding, record.bytes) == ("utf-16-le", len(FOLD))
    assert record.sha256 == hashlib.sha256(raw).hexdigest()


def test_match_across_the_prompt_counts_what_the_model_wrote() -> None:
    """A run that begins in the prompt is reported whole; the model answers for its part."""
    prefix, written = FOLD[:40], FOLD[40:]
    result = check([completion("c", prefix, written)])
    match = only(result)
    assert match.generated.bytes == (0, len(FOLD.strip()))
    assert match.generated_bytes == len(FOLD.strip()) - 40
    assert not match.in_prompt
    record = result.inputs[0]
    assert record.text == FOLD.decode()
    assert record.completion is not None
    assert record.completion.bytes == (40, len(FOLD))


def test_text_of_the_prompt_does_not_count() -> None:
    """A match that the model wrote no byte of is the user's own."""
    match = only(check([completion("c", FOLD, OWN)]))
    assert match.in_prompt
    assert (match.generated_bytes, match.policy.action) == (0, Action.ALLOW)


def test_repetition_of_the_prompt_does_not_count() -> None:
    """What the model copies from the prompt, or from the suffix, it did not bring in."""
    result = check([completion("c", FOLD.replace(b"    ", b"  ") + OWN, FOLD)])
    assert [match.in_prompt for match in result.matches] == [True, True]
    assert only(check([completion("c", OWN, FOLD[:-7])], max_sources=1)).in_prompt is False


def test_only_matches_that_touch_an_added_line_are_kept() -> None:
    """In a diff, what was there before is not the change's doing."""
    change = CheckInput(InputKind.DIFF, "a.py", FOLD + OWN + COUNT, added_lines=((9, 10),))
    match = only(check([change]))
    assert match.generated.lines == (10, 15)


def test_inputs_keep_their_order() -> None:
    """Checked, skipped and failed inputs come out as they went in, with their reasons."""
    result = check([skipped("b.png"), file("a.py", OWN), failed("c.py"), file("d.py", FOLD)])
    assert [(record.path, record.status, record.reason) for record in result.inputs] == [
        ("b.png", InputStatus.SKIPPED, "binary"),
        ("a.py", InputStatus.CHECKED, None),
        ("c.py", InputStatus.ERROR, "permission denied"),
        ("d.py", InputStatus.CHECKED, None),
    ]
    assert only(result).input == result.inputs[3].id


class FailingSearcher(BruteSearcher):
    """An index of which one shard is missing: texts with `lost` in them can't be searched."""

    n_searches = 0

    def search(
        self, texts: Sequence[bytes], *, min_chars: int, max_sources: int
    ) -> list[SearchResult]:
        self.n_searches += 1
        if any(b"lost" in text for text in texts):
            raise IndexUnusableError("shard 3\nis missing")
        return super().search(texts, min_chars=min_chars, max_sources=max_sources)


def test_failed_search_of_one_input_spares_the_others() -> None:
    """An input whose search fails is an error with its reason; the rest is checked."""
    checker = Checker(FailingSearcher(documents()), min_chars=50)
    inputs = [file("a.py", FOLD), file("b.py", b"lost"), file("c.py", FOLD)]
    good, bad, also_good = checker.check(inputs)
    assert len(good.matches) == len(also_good.matches) == 1
    assert bad.record.status is InputStatus.ERROR
    assert bad.record.reason == "shard 3 is missing"


def test_small_inputs_are_searched_together() -> None:
    """A hundred files cost two searches: a batch is 64 of them."""
    searcher = FailingSearcher(documents())
    checked = list(Checker(searcher).check(file(f"{number}.py", OWN) for number in range(100)))
    assert (len(checked), searcher.n_searches) == (100, 2)


def test_several_jobs_give_the_answer_of_one() -> None:
    """Threads change neither the results nor their order."""
    inputs = [file(f"{number}.py", FOLD if number % 3 else OWN) for number in range(300)]
    one = list(Checker(BruteSearcher(documents()), min_chars=50).check(inputs))
    several = list(Checker(BruteSearcher(documents()), min_chars=50, jobs=4).check(inputs))
    assert several == one


def test_shortest_match_defaults_to_100_or_the_guarantee() -> None:
    """`min_chars` is the contract's default unless the index guarantees only longer matches."""
    assert Checker(BruteSearcher([], guarantee_chars=50)).min_chars == 100
    assert Checker(BruteSearcher([], guarantee_chars=200)).min_chars == 200


@pytest.mark.parametrize("option", [{"min_chars": 49}, {"max_sources": -1}])
def test_numbers_out_of_range_are_refused(option: dict[str, int]) -> None:
    """A value the index can't keep a promise for is refused before anything is searched."""
    with pytest.raises(UsageError, match=f"{next(iter(option))} {next(iter(option.values()))}"):
        Checker(BruteSearcher([]), **option)  # type: ignore[arg-type]  # one option at a time


def test_matched_characters_are_counted_once() -> None:
    """Where matches overlap, the union is counted."""
    summary = check([file("a.py", PARSE)]).summary
    assert (summary.matches, summary.matched_chars) == (2, len(normalize(PARSE)))


@settings(deadline=None, max_examples=30)
@given(st.lists(st.sampled_from([PARSE, FOLD, COUNT, OWN, b"\xff\n", "é\r".encode()]), max_size=4))
def test_extents_are_true_whatever_surrounds_them(pieces: list[bytes]) -> None:
    """Every reported extent holds the text of each of its sources, white space aside."""
    raw = b"".join(pieces)
    result = check([replace(file("a.py", raw), with_text=True)])
    for match in result.matches:
        start, stop = match.generated.bytes
        matched = normalize(raw[start:stop])
        assert len(matched) == match.size.normalized_chars
        assert {normalize(result.texts[s.excerpt].encode()) for s in match.sources} == {matched}
        text = result.inputs[0].text or ""
        assert normalize(text[slice(*match.generated.chars)].encode()) == matched


def test_offsets_of_a_completion_are_never_transcoded() -> None:
    """What the model wrote is UTF-8, even if it begins like another encoding."""
    item = CheckInput(InputKind.COMPLETION, "c", b"\xff\xfex", generated=Generated(0, 3))
    (checked,) = Checker(BruteSearcher([])).check([item])
    assert (checked.record.encoding, checked.record.bytes) == ("utf-8", 3)
