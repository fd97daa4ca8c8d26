"""Edited copies are found, told apart from copies, and gone when their source is."""

import random
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from datasketch import MinHash

from sc2_attrib.index.building import add_to_index, compact_index
from sc2_attrib.index.errors import CorruptIndexError, UsageError
from sc2_attrib.index.local import LocalIndex, open_index
from sc2_attrib.index.near import candidates as near_candidates
from sc2_attrib.index.near import search as near_search
from sc2_attrib.index.near.keys import shingle_hash, shingles
from sc2_attrib.index.near.lexer import lex
from sc2_attrib.index.search import EditKind, NearOptions, NearResult
from sc2_attrib.index.segment.documents import content_id, swhid
from sc2_attrib.index.take_down import remove_from_index
from sc2_attrib.index.text import normalize
from tests.index.corpora import Documents, document
from tests.index.near.programs import all_renamed, foreign, indexed, name, near, program, renamed
from tests.index.twins import PACES

N_DOCUMENTS = 30
TEXTS = [program(seed) for seed in range(N_DOCUMENTS)]
OTHERS = [foreign(seed) for seed in range(N_DOCUMENTS)]


def lines_replaced(text: bytes, share: float, seed: int = 0) -> bytes:
    rng = random.Random(seed)
    lines = text.split(b"\n")
    for at in rng.sample(range(len(lines)), round(share * len(lines))):
        lines[at] = rng.choice(OTHERS).split(b"\n")[0]
    return b"\n".join(lines)


def lexemes_replaced(text: bytes, share: float) -> bytes:
    """Replace a lexeme in a share of the lines."""
    lines = text.split(b"\n")
    for at in range(1, len(lines), round(1 / share)):
        lines[at] = lines[at].replace(b" = ", b" += ").replace(b" < ", b" > ")
    return b"\n".join(lines)


EDITS: dict[str, Callable[[bytes], bytes]] = {
    "comments dropped": lambda text: (
        re.sub(rb"/\*.*?\*/", b"", text)
        if text[:-200].count(b"/*") - text[:200].count(b"/*")  # else a copy shows nearly all of it
        else text
    ),
    "all names renamed": all_renamed,
    "a lexeme in 20 % of lines": lambda text: lexemes_replaced(text, 0.2),
    "10 % of lines": lambda text: lines_replaced(text, 0.1),
    "renamed and reindented": lambda text: all_renamed(text).replace(b"    ", b"\t\t"),
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LocalIndex:
    folder = tmp_path_factory.mktemp("near") / "ix"
    return indexed(folder, [document(text, f"{i}.c") for i, text in enumerate(TEXTS)])


def sources(found: NearResult) -> set[str]:
    return {source.occurrence.path for match in found.matches for source in match.sources}


@pytest.mark.parametrize("edit", EDITS)
def test_edited_copies_are_found(index: LocalIndex, edit: str) -> None:
    """Every edited copy is found with its source, the right one first, and no other text is."""
    for number, text in enumerate(TEXTS):
        ours = EDITS[edit](text)
        if ours == text:
            continue
        found = near(index, OTHERS[number] + ours + OTHERS[number])
        assert found.matches[0].sources[0].occurrence.path == f"{number}.c"
        assert found.matches[0].similarity >= 0.7
        assert not found.bounded
    assert not any(near(index, program(seed)).matches for seed in range(900, 920))


def test_extents_are_exact_on_both_sides(index: LocalIndex) -> None:
    """A copy among foreign text is cut out where it begins and ends, in text and in document."""
    lines = TEXTS[4].split(b"\n")
    copied = b"\n".join(lines[5:20])
    ours = copied.replace(b";", b" ;").replace(b" = ", b" -= ", 1)
    text = OTHERS[0] + ours + b"\n" + OTHERS[1]
    [match] = near(index, text).matches
    assert text[match.start : match.stop] == ours.strip()
    source = match.sources[0]
    assert TEXTS[4][source.start : source.stop] == copied.strip()
    assert source.excerpt == copied.strip()
    assert (source.first_line, source.last_line) == (6, 20)


def test_edits_lead_from_the_source_to_the_text(index: LocalIndex) -> None:
    """Taking the edits back gives the source's lexemes."""
    ours = lines_replaced(renamed(TEXTS[2], {b"print": b"put"}), 0.1, 3).replace(b"}", b"; }", 1)
    [match] = near(index, ours).matches
    source, parts, at = match.sources[0], [], match.start
    for edit in match.edits:
        parts += [ours[at : edit.start], TEXTS[2][edit.source_start : edit.source_stop]]
        at = edit.stop
    undone = b"".join([*parts, ours[at : match.stop]])
    assert [*lex(undone, fast=False).hashes] == [*lex(source.excerpt, fast=False).hashes]
    assert EditKind.RENAMED in {edit.kind for edit in match.edits}
    for one, next_ in pairwise(match.edits):
        assert one.stop <= next_.start
        assert one.source_stop <= next_.source_start


@pytest.mark.parametrize("change", [lambda text: text, lambda text: text.replace(b" ", b"\n  ")])
def test_a_copy_is_no_near_match(index: LocalIndex, change: Callable[[bytes], bytes]) -> None:
    """What an exact match shows wholly is not repeated, be white space equal or not."""
    for text in TEXTS[:5]:
        assert near(index, change(text)).matches == ()
        assert near(index, change(b"int x;" + text + b"int y;")).matches == ()


def test_exact_pieces_with_edits_between_become_one_match(index: LocalIndex) -> None:
    """Pieces of one document are one near match that holds them all."""
    lines = TEXTS[6].split(b"\n")
    text = b"\n".join([*lines[:8], b"changed(1);", *lines[9:17], b"changed(2);", *lines[18:]])
    [exact] = index.search([text], min_chars=100, max_sources=0)
    assert len(exact.matches) == 3
    [match] = near(index, text).matches
    assert (match.start, match.stop) == (0, len(text.rstrip()))
    assert [edit.kind for edit in match.edits].count(EditKind.REPLACED) >= 2


@pytest.mark.parametrize("side", ["text", "document"])
def test_placeholders_stand_for_what_was_redacted(tmp_path: Path, side: str) -> None:
    """A redacted text and the original are near, the placeholder counting as equal."""
    lines = TEXTS[0].split(b"\n")
    original = b"\n".join([*lines[:9], b'    mail("ada@example.org", key);', *lines[9:]])
    redacted = original.replace(b"ada@example.org", b"<EMAIL>")
    held, text = (redacted, original) if side == "text" else (original, redacted)
    with indexed(tmp_path / "ix", [document(held)]) as index:
        [match] = near(index, text).matches
        assert match.similarity == 1.0
        assert [edit.kind for edit in match.edits] == [EditKind.REDACTED]


def test_removal_and_compaction_are_honoured(tmp_path: Path) -> None:
    """A removed document is no source from then on, also where the index was open; others are."""
    documents = [document(TEXTS[0], "a.c"), document(TEXTS[1], "b.c")]
    with indexed(tmp_path / "ix", documents) as index:
        texts = [all_renamed(text) for text in TEXTS[:2]]
        assert [sources(near(index, text)) for text in texts] == [{"a.c"}, {"b.c"}]
        remove_from_index([swhid(content_id(TEXTS[0]))], tmp_path / "ix")
        assert [sources(near(index, text)) for text in texts] == [set(), {"b.c"}]
        compact_index(tmp_path / "ix")
        assert [sources(near(index, text)) for text in texts] == [set(), {"b.c"}]


def test_several_segments_answer_as_one(tmp_path: Path) -> None:
    """Documents in three segments give the answers that they give in one, also after joining."""
    documents = [document(text, f"{i}.c") for i, text in enumerate(TEXTS[:12])]
    documents += [
        document(lines_replaced(text, 0.1), f"fork/{i}.c") for i, text in enumerate(TEXTS[:6])
    ]
    asked = [all_renamed(text) for text in TEXTS[:8]] + [
        lines_replaced(t, 0.2, 1) for t in TEXTS[:8]
    ]
    whole = indexed(tmp_path / "one", documents)
    expected = [near(whole, text) for text in asked]
    assert any(len(match.sources) > 1 for found in expected for match in found.matches)
    parts = indexed(tmp_path / "three", documents[:7])
    for start, stop in ((7, 13), (13, 18)):
        add_to_index([Documents(documents[start:stop])], tmp_path / "three")
    assert [near(parts, text) for text in asked] == expected
    compact_index(tmp_path / "three")
    assert [near(parts, text) for text in asked] == expected


@pytest.mark.parametrize("pace", PACES)
def test_twins_answer_alike(index: LocalIndex, pace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain and compiled search give the same matches."""
    texts = [all_renamed(TEXTS[3]), lines_replaced(TEXTS[4], 0.2)]
    expected = [near(index, text) for text in texts]
    monkeypatch.setattr(index, "_pace", PACES[pace]())
    assert [near(index, text) for text in texts] == expected


def test_an_index_without_near_keys_finds_copies_alone(tmp_path: Path) -> None:
    """Built without near keys, an index answers exact searches and has no near matches."""
    with indexed(tmp_path / "ix", [document(TEXTS[0])], near=False) as index:
        assert not list((tmp_path / "ix").glob("*/near"))
        assert near(index, all_renamed(TEXTS[0])).matches == ()
        [found] = index.search([TEXTS[0]], min_chars=100, max_sources=0)
        assert len(found.matches) == 1


def test_blocks_of_one_shape_are_no_copies(tmp_path: Path) -> None:
    """Includes and tables that share their shape alone are told by too few lexemes."""
    rng = random.Random(1)
    held, asked = ("".join(f"#include <{a}/{name(rng)}.h>\n" for _ in range(30)) for a in "ab")
    with indexed(tmp_path / "ix", [document(held.encode())]) as index:
        assert near(index, asked.encode()).matches == ()


def test_options_say_what_is_near_enough(index: LocalIndex) -> None:
    """A more similar or a longer region is asked for, and less is not reported."""
    text = lines_replaced(TEXTS[5], 0.1)
    [match] = near(index, text).matches
    assert match.similarity < 0.99
    assert not near(index, text, NearOptions(min_similarity=0.999, min_lexemes=200)).matches
    assert not near(index, text, NearOptions(min_lexemes=match.lexemes + 1)).matches
    assert near(index, text, NearOptions(min_lexemes=match.lexemes)).matches


def test_a_bound_that_was_met_is_marked(index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where candidates are left unread, the result says so, and its counts are lower bounds."""
    text = b"\n".join(all_renamed(text, seed) for seed, text in enumerate(TEXTS[:4]))
    whole = near(index, text)
    assert not whole.bounded
    assert len(sources(whole)) == 4
    monkeypatch.setattr(near_search.Bounds, "of", lambda n: near_search.Bounds(2, 10**9))
    cut = near(index, text)
    assert cut.bounded
    assert len(sources(cut)) == 2
    assert all(match.at_least for match in cut.matches)


def test_postings_left_out_are_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a key stands in more places than are followed, the result says so."""
    documents = [document(TEXTS[0] + b"// %d\n" % i, f"{i}.c") for i in range(6)]
    with indexed(tmp_path / "ix", documents) as index:
        whole = near(index, all_renamed(TEXTS[0]))
        assert (len(sources(whole)), whole.bounded) == (6, False)
        monkeypatch.setattr(near_candidates, "MOST_HITS", 4)
        cut = near(index, all_renamed(TEXTS[0]))
        assert (len(sources(cut)), cut.bounded) == (4, True)
        assert all(match.at_least for match in cut.matches)


def test_a_band_that_was_cut_is_marked(index: LocalIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where insertions spread a copy over more diagonals than are aligned, the result says so."""
    lines = all_renamed(TEXTS[3]).split(b"\n")
    text = b"\n".join([*lines[:12], *OTHERS[3].split(b"\n"), *lines[12:]])
    whole = near(index, text)
    assert (sources(whole), whole.bounded) == ({"3.c"}, False)
    monkeypatch.setattr(near_search, "MOST_WIDTH", 80)
    assert near(index, text).bounded


def test_sources_are_bounded_and_each_licence_kept(tmp_path: Path) -> None:
    """Of many documents as near as the first, some are listed, and one under each licence."""
    licenses = ["MIT"] * 5 + ["GPL-2.0-only"]
    documents = [
        document(TEXTS[0] + b"// %d\n" % i, f"{i}.c", license) for i, license in enumerate(licenses)
    ]
    with indexed(tmp_path / "ix", documents) as index:
        [match] = near(index, all_renamed(TEXTS[0]), max_sources=2).matches
        assert [source.occurrence.path for source in match.sources] == ["0.c", "1.c", "5.c"]
        assert match.n_documents == 6
        assert match.at_least


def test_a_datasketch_minhash_finds_its_window(index: LocalIndex) -> None:
    """A signature made by datasketch leads to the window of the document it was made of."""
    lexemes = lex(TEXTS[7], fast=False)
    minhash = MinHash(32, hashfunc=shingle_hash, scheme="affine32")
    minhash.update_batch(shingles(lexemes)[:128])
    best = index.search_minhash(minhash)[0]
    assert (best.document, best.start, best.n_bands) == (swhid(content_id(TEXTS[7])), 0, 8)
    with pytest.raises(UsageError, match="64 permutations"):
        index.search_minhash(MinHash(64, hashfunc=shingle_hash, scheme="affine32"))


@pytest.mark.parametrize(
    "text", [b"", b"\x00" * 5000, b"((((" * 3000, b"a,\n" * 3000, bytes(range(256)) * 30]
)
def test_any_text_may_be_asked(index: LocalIndex, text: bytes) -> None:
    """Texts that are no code are answered, with nothing."""
    assert near(index, text) == NearResult((), bounded=False)
    assert normalize(text) is not None


def test_damage_is_found(tmp_path: Path) -> None:
    """Whatever byte of the near file that means something is changed, an error names the file."""
    indexed(tmp_path / "ix", [document(text, f"{i}.c") for i, text in enumerate(TEXTS[:3])]).close()
    [path] = (tmp_path / "ix").glob("*/near")
    sound = path.read_bytes()
    texts = [all_renamed(text) for text in TEXTS[:3]]
    with open_index(tmp_path / "ix") as index:
        expected = [near(index, text) for text in texts]
    n_found = 0
    for at in range(0, len(sound), 97):
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 0x41]) + sound[at + 1 :])
        message = ""
        try:
            with open_index(tmp_path / "ix") as index:
                index.use_machine_code()
                assert [near(index, text) for text in texts] == expected
        except CorruptIndexError as error:
            message = str(error)
        assert not message or str(path) in message
        n_found += message != ""
    path.write_bytes(sound[: len(sound) // 2])
    with pytest.raises(CorruptIndexError):
        open_index(tmp_path / "ix")
    assert n_found > 20
