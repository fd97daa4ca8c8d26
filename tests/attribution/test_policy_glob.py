"""Globs on names with parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_attrib.attribution.policy_glob import glob_matches


@pytest.mark.parametrize(
    ("glob", "name", "matches"),
    [
        ("owner/*", "owner/name", True),
        ("owner/*", "owner/name/more", False),
        ("*", "a/b", False),
        ("**", "a/b/c", True),
        ("src/**", "src", True),
        ("src/**", "src/a/b", True),
        ("**/test/*.py", "test/a.py", True),
        ("**/test/*.py", "a/b/test/a.py", True),
        ("**/test/*.py", "a/test/b/a.py", False),
        ("a/**/b/**/c", "a/b/b/x/b/c", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("[ab]x", "bx", True),
        ("a.py", "axpy", False),
    ],
)
def test_globs(glob: str, name: str, matches: bool) -> None:
    """`*` stays within a part, `**` stands for any number of parts."""
    assert glob_matches(glob, name) is matches


def reference(glob: list[str], name: list[str]) -> bool:
    """What the docstring says, by trying everything; parts are `**`, `*` or plain."""
    if not glob:
        return not name
    if glob[0] == "**":
        return any(reference(glob[1:], name[n:]) for n in range(len(name) + 1))
    return bool(name) and glob[0] in ("*", name[0]) and reference(glob[1:], name[1:])


@given(
    st.lists(st.sampled_from(["**", "*", "a", "b"]), min_size=1, max_size=6),
    st.lists(st.sampled_from("ab"), min_size=1, max_size=7),
)
def test_going_back_to_the_last_star_is_enough(glob: list[str], name: list[str]) -> None:
    """The answer is that of trying everything."""
    assert glob_matches("/".join(glob), "/".join(name)) is reference(glob, name)


def test_hostile_name_takes_no_time_to_speak_of() -> None:
    """A long name that almost matches, again and again, is answered."""
    glob = "/".join(["**", "a*a*b"] * 12)
    assert not glob_matches(glob, "/".join(["a" * 40] * 2000))
