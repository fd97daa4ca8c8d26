"""The promise: every exact match of min_chars or more, with its exact extent, and no other.

Indexes of corpora made to be hard are searched, and the answers are those of brute force. The cap
above which a gram is hot is lowered, so that small corpora reach every path.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sc2_attrib.index.building import add_to_index
from sc2_attrib.index.grams import GramShape
from sc2_attrib.index.local import open_index
from sc2_attrib.index.matching.matcher import Matcher
from sc2_attrib.index.search import ExactMatch
from sc2_attrib.index.segment import hot
from tests.index.corpora import Corpus, Documents, built, document, multilingual, nasty
from tests.index.oracle import Oracle, squeeze
from tests.index.twins import PACES, holders_by_text, only_segment

SMALL_CACHE = 1 << 16  # a few content blocks and hot lists: they leave all the time


@dataclass(frozen=True, slots=True)
class Scenario:
    """An index with the corpus it was built of."""

    folder: Path
    corpus: Corpus
    oracle: Oracle
    guarantee: int


def build_scenario(folder: Path, seed: int, cap: int, guarantee: int) -> Scenario:
    corpus = nasty(seed, guarantee)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hot, "CAP", cap)
        built(folder, corpus.documents, guarantee=guarantee).close()
    return Scenario(folder, corpus, Oracle(corpus.documents, guarantee), guarantee)


def name_of(parameters: tuple[int, int, int]) -> str:
    return "seed{}-cap{}-guarantee{}".format(*parameters)


QUICK = [(1, 2, 50), (2, 5, 36), (3, 32, 50), (4, 5, 80), (5, 2, 100)]
MORE = [
    (seed, cap, guarantee)
    for seed in (6, 7)
    for cap in (1, 3, 32)
    for guarantee in (32, 40, 79, 150)
]


@pytest.fixture(scope="module", params=QUICK, ids=name_of)
def scenario(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return build_scenario(tmp_path_factory.mktemp("promise") / "ix", *request.param)


def compare_with_oracle(scenario: Scenario, pace: str, n_texts: int, in_batch: int) -> None:
    """Search the first texts at several lengths; all extents, holders and positions are equal."""
    segment = only_segment(scenario.folder)
    matcher = Matcher(segment, PACES[pace](), cache_bytes=SMALL_CACHE)
    texts, found = scenario.corpus.texts[:n_texts], 0
    for min_chars in (scenario.guarantee, scenario.guarantee + 7, 2 * scenario.guarantee):
        for at in range(0, len(texts), in_batch):
            batch = texts[at : at + in_batch]
            expected = [scenario.oracle.reported(text, min_chars) for text in batch]
            assert holders_by_text(matcher, batch, min_chars) == expected
            found += sum(map(len, expected))
    assert found, "nothing to find"
    segment.close()


def test_compiled_search_finds_what_brute_force_finds(scenario: Scenario) -> None:
    """On machine code, in batches: extents, documents and first positions are brute force's."""
    compare_with_oracle(scenario, "compiled", 24, 8)


def test_plain_search_finds_what_brute_force_finds(scenario: Scenario) -> None:
    """The same without machine code, one text at a time."""
    compare_with_oracle(scenario, "plain", 3, 1)


def test_a_search_reports_what_brute_force_reports(scenario: Scenario) -> None:
    """Raw offsets, sources, lines, kinds, counts and their order are those of brute force."""
    with open_index(scenario.folder) as index:
        index.use_machine_code()
        texts, min_chars = scenario.corpus.texts[:12], scenario.guarantee
        for text, result in zip(
            texts, index.search(texts, min_chars=min_chars, max_sources=0), strict=True
        ):
            assert result.matches == scenario.oracle.matches(text, min_chars)
            assert not result.bounded


@pytest.mark.parametrize("most", [1, 3])
def test_a_bound_cuts_the_listing_and_nothing_else(scenario: Scenario, most: int) -> None:
    """Extents stay complete, each licence keeps a source, and what was cut is called cut."""
    texts, min_chars = scenario.corpus.texts[:8], scenario.guarantee
    with open_index(scenario.folder) as index:
        index.use_machine_code()
        results = index.search(texts, min_chars=min_chars, max_sources=most)
    for text, result in zip(texts, results, strict=True):
        complete = scenario.oracle.matches(text, min_chars)
        assert [(m.start, m.stop) for m in result.matches] == [(m.start, m.stop) for m in complete]
        for match, whole in zip(result.matches, complete, strict=True):
            check_bounded(match, whole, most)
        assert result.bounded == any(match.at_least for match in result.matches)


def check_bounded(match: ExactMatch, whole: ExactMatch, most: int) -> None:
    """Compare a bounded listing with the whole one.

    `at_least` may be said to be on the safe side, and a repeat be given at another of its places.
    """
    licenses = [source.occurrence.license_expression for source in match.sources]
    assert set(licenses) == {source.occurrence.license_expression for source in whole.sources}
    assert len(licenses) >= min(most, len(whole.sources))
    assert len(set(licenses[most:])) == len(licenses[most:]), "more than the bound asks for"
    assert {s.document for s in match.sources} <= {s.document for s in whole.sources}
    assert {squeeze(s.excerpt) for s in match.sources} == {squeeze(whole.sources[0].excerpt)}
    assert match.at_least or match == whole
    assert match.n_documents <= whole.n_documents
    assert len(licenses) <= match.n_occurrences <= whole.n_occurrences


@pytest.mark.slow
@pytest.mark.parametrize("parameters", MORE, ids=name_of)
def test_the_promise_holds_on_many_corpora(
    tmp_path: Path, parameters: tuple[int, int, int]
) -> None:
    """The same for two seeds, three caps and four guarantees, with and without machine code."""
    scenario = build_scenario(tmp_path / "ix", *parameters)
    compare_with_oracle(scenario, "compiled", 24, 24)
    compare_with_oracle(scenario, "plain", 2, 2)


@pytest.mark.parametrize("guarantee", [32, 33, 35])
def test_the_shortest_guarantees_hold(tmp_path: Path, guarantee: int) -> None:
    """A stride shorter than a gram's context is no exception."""
    for seed in (0, 1):
        compare_with_oracle(
            build_scenario(tmp_path / str(seed), seed, 3, guarantee), "compiled", 24, 6
        )


def test_what_lies_in_several_segments_is_answered_as_one(tmp_path: Path) -> None:
    """An index built in three steps answers as brute force over all documents does."""
    corpus = nasty(1)
    built(tmp_path, corpus.documents[0::3]).close()
    for part in (1, 2):
        add_to_index([Documents(corpus.documents[part::3])], tmp_path)
    everything = [d for part in range(3) for d in corpus.documents[part::3]]
    oracle = Oracle(everything, 50)
    with open_index(tmp_path) as index:
        index.use_machine_code()
        for text, result in zip(
            corpus.texts, index.search(corpus.texts, min_chars=50, max_sources=0), strict=True
        ):
            assert result.matches == oracle.matches(text, 50)


def test_a_holder_counts_whichever_segment_it_is_in(tmp_path: Path) -> None:
    """A document is listed although its own segment holds a longer match of its licence."""
    shared, more = b"0123456789" * 6, b"abcdefghij" * 6
    documents = [
        document(b"<" + shared + b">", "short-mit", "MIT"),
        document(shared + more, "long-mit", "MIT"),
        document(b"[" + shared + b"]", "short-gpl", "GPL-2.0-only"),
    ]
    text = shared + more
    built(tmp_path, documents[:2]).close()
    add_to_index([Documents(documents[2:])], tmp_path)
    with open_index(tmp_path) as index:
        (result,) = index.search([text], min_chars=50, max_sources=0)
    assert result.matches == Oracle(documents, 50).matches(text, 50)


@pytest.mark.parametrize("seed", range(3))
def test_texts_in_several_scripts(tmp_path: Path, seed: int) -> None:
    """Matches shrink to whole code points, wherever in a character the texts differ."""
    corpus = multilingual(seed)
    oracle = Oracle(corpus.documents, 50)
    with built(tmp_path, corpus.documents) as index:
        results = index.search(corpus.texts, min_chars=50, max_sources=0)
    for text, result in zip(corpus.texts, results, strict=True):
        assert result.matches == oracle.matches(text, 50)


@pytest.mark.parametrize("n_chars", [16383, 16384, 16385, 32768, 40000])
def test_matches_across_content_blocks(tmp_path: Path, n_chars: int) -> None:
    """A copy is found whole wherever the borders of the blocks fall in it."""
    body = bytes(33 + (i * i * 7 + i // 90) % 90 for i in range(n_chars))
    documents = [document(b"x" * 5, "a"), document(b" " + body, "b"), document(b"y" * 99, "c")]
    texts = [body, body[16300:16500], b"!" + body[:16384] + b"~", body[16379:] + b"~"]
    with built(tmp_path, documents) as index:
        index.use_machine_code()
        results = index.search(texts, min_chars=50, max_sources=0)
    oracle = Oracle(documents, 50)
    for text, result in zip(texts, results, strict=True):
        assert result.matches == oracle.matches(text, 50)


PIECES = st.sampled_from([b"ab", b"-", b"0x0,", b"int x;", b"return 0;\n", b" ", "é".encode()])
TEXTS = st.lists(
    st.tuples(PIECES, st.integers(1, 40)).map(lambda piece: piece[0] * piece[1]), max_size=6
).map(b"".join)
LICENSED = st.tuples(TEXTS, st.sampled_from(["MIT", "GPL-2.0-only", ""]))


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(contents=st.lists(LICENSED, min_size=1, max_size=6), text=TEXTS, cap=st.integers(1, 3))
def test_repeats_of_small_pieces(
    tmp_path_factory: pytest.TempPathFactory,
    contents: list[tuple[bytes, str]],
    text: bytes,
    cap: int,
) -> None:
    """Texts of a few repeated pieces, where everything matches everywhere."""
    documents = [document(content, f"{i}", name) for i, (content, name) in enumerate(contents)]
    folder = tmp_path_factory.mktemp("pieces")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hot, "CAP", cap)
        built(folder, documents).close()
    oracle = Oracle(documents, 50)
    segment = only_segment(folder)
    for pace in PACES.values():
        matcher = Matcher(segment, pace(), cache_bytes=SMALL_CACHE)
        assert holders_by_text(matcher, [text], 50) == [oracle.reported(text, 50)]


@pytest.mark.parametrize("unit", [b"ab", b"-", b"0x00, ", b"x" * 27])
def test_a_gram_with_a_hundred_thousand_postings(tmp_path: Path, unit: bytes) -> None:
    """A text of one unit repeated for megabytes is searched like any other."""
    stride = GramShape.for_guarantee(50).stride
    n_chars = 100_000 * stride
    content = b"begin;" + unit * (n_chars // len(unit.replace(b" ", b""))) + b"end;"
    text = b"(" + unit * (300 // len(unit)) + b")"
    with built(tmp_path, [document(content)]) as index:
        (result,) = index.search([text], min_chars=50, max_sources=10)
    (match,) = result.matches
    (source,) = match.sources
    assert text[match.start : match.stop].replace(b" ", b"") == text[1:-1].replace(b" ", b"")
    assert content[source.start : source.stop] == text[match.start : match.stop]
    assert match.n_documents == 1
