"""Normalised text, positions in it, and whole code points."""

from hypothesis import given
from hypothesis import strategies as st

from sc2_attrib.index.text import normalize, raw_offsets, shrinking_to, whole_code_points
from tests.index.oracle import code_point_borders, squeeze, text_offsets

SCRIPTS = st.text(st.sampled_from("aé函🙂 \n"), max_size=12).map(str.encode)
BROKEN = st.binary(max_size=12)
ANY = SCRIPTS | BROKEN | st.tuples(SCRIPTS, BROKEN, SCRIPTS).map(b"".join)


@given(ANY)
def test_normalised_text_is_the_bytes_that_are_not_white_space(raw: bytes) -> None:
    """Six bytes are white space; nothing else is dropped, and each byte leads back to its place."""
    assert normalize(raw) == squeeze(raw)
    assert raw_offsets(raw).tolist() == text_offsets(raw)


def test_only_six_bytes_are_white_space() -> None:
    """Neither NUL, nor the separators 1C to 1F, nor NEL or the no-break space are dropped."""
    assert set(range(256)) - set(normalize(bytes(range(256)))) == set(b" \t\n\r\f\v")


@given(SCRIPTS | BROKEN, st.data())
def test_extents_shrink_to_whole_code_points(raw: bytes, data: st.DataObject) -> None:
    """To the first and last borders of characters inside; a stray byte is a character."""
    text = squeeze(raw)
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, len(text)))
    borders = code_point_borders(text)
    first = min(border for border in borders if border >= start)
    last = max(border for border in borders if border <= stop)
    found = whole_code_points(text, start, stop)
    assert found == (first, last) if first < last else found[0] >= found[1]


@given(SCRIPTS | BROKEN, st.data())
def test_extents_that_shrink_to_one(raw: bytes, data: st.DataObject) -> None:
    """`shrinking_to` lists exactly what `whole_code_points` shrinks to the given extent."""
    text = squeeze(raw)
    pairs = [(a, b) for a in range(len(text)) for b in range(a + 1, len(text) + 1)]
    whole = sorted({whole_code_points(text, *pair) for pair in pairs})
    proper = [extent for extent in whole if extent[0] < extent[1]]
    if proper:
        extent = data.draw(st.sampled_from(proper))
        expected = [pair for pair in pairs if whole_code_points(text, *pair) == extent]
        assert sorted(shrinking_to(text, *extent)) == expected
