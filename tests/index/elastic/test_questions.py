"""Where a match can start that is news, by brute force."""

from hypothesis import given
from hypothesis import strategies as st

from sc2_attrib.index.elastic.crowds import outermost
from sc2_attrib.index.elastic.questions import gaps

LENGTH = 5
EXTENTS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(LENGTH, 20)).map(lambda at: (at[0], sum(at))),
    max_size=5,
)


@given(EXTENTS, st.integers(LENGTH, 40))
def test_every_match_that_is_news_has_a_stretch(extents: list[tuple[int, int]], stop: int) -> None:
    """One of its shortest matches starts there, and the match holds what the stretch says."""
    runs = outermost(each for each in extents if each[1] <= stop)
    stretches = list(gaps(runs, 0, stop, LENGTH))
    for first in range(stop):
        for last in range(first + LENGTH, stop + 1):
            is_news = not any(start <= first and last <= end for start, end in runs)
            has_stretch = any(
                max(each.first, first) <= min(each.last, last - LENGTH)
                and all(first <= at < last for at in each.held)
                for each in stretches
            )
            assert has_stretch or not is_news


@given(EXTENTS, st.integers(LENGTH, 40))
def test_what_is_known_is_not_asked_for(extents: list[tuple[int, int]], stop: int) -> None:
    """No match that lies in a known one meets a stretch."""
    runs = outermost(each for each in extents if each[1] <= stop)
    for stretch in gaps(runs, 0, stop, LENGTH):
        for start, end in runs:
            starts = range(max(stretch.first, start), min(stretch.last, end - LENGTH) + 1)
            assert not starts or not all(start <= at < end for at in stretch.held)
            assert not starts or stretch.held
