import pytest

from sc2_attrib.index.corpus.document import Basis, LicenseAssertion
from sc2_attrib.index.corpus.evidence import HEADER_BYTES, header_assertions

TAG = "SPDX-License-" + "Identifier:"  # in two parts, so that this file carries no tag itself


@pytest.mark.parametrize(
    ("line", "expression"),
    [
        ("# {tag} MIT", "MIT"),
        ("// {tag}\tApache-2.0\r\n", "Apache-2.0"),
        ("/* {tag} GPL-2.0+ */", "GPL-2.0+"),
        ("<!-- {tag} CC-BY-4.0 -->", "CC-BY-4.0"),
        ("(* {tag} LGPL-2.1-or-later *)", "LGPL-2.1-or-later"),
        ("{tag} (MIT OR Apache-2.0) AND 0BSD", "(MIT OR Apache-2.0) AND 0BSD"),
        (" * {tag} (GPL-2.0 WITH Linux-syscall-note)", "(GPL-2.0 WITH Linux-syscall-note)"),
        ('"{tag} LicenseRef-Some.Company"', "LicenseRef-Some.Company"),
        ("# {tag} DocumentRef-a:LicenseRef-b", "DocumentRef-a:LicenseRef-b"),
        ("# {tag} X", "X"),
    ],
)
def test_tag_is_read_as_given_without_the_end_of_its_comment(line: str, expression: str) -> None:
    """A tag's expression is kept as written, whatever comment it stands in."""
    content = line.format(tag=TAG).encode() + b"\nint main;\n"
    assert header_assertions(content) == (LicenseAssertion(expression, Basis.HEADER),)


def test_each_distinct_tag_is_kept_once_in_its_order() -> None:
    """Several tags are several assertions; a repeated one is not."""
    content = f"# {TAG} MIT\n# {TAG} 0BSD\n# {TAG} MIT\n".encode()
    assert [a.expression for a in header_assertions(content)] == ["MIT", "0BSD"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MIT License, see LICENSE",
        f"# {TAG}".encode(),
        f"# {TAG} \\s*".encode(),
        b"x" * HEADER_BYTES + f"\n# {TAG} MIT".encode(),
        b"\xff\xfe\x00" + TAG.encode(),
    ],
)
def test_what_is_no_tag_near_the_top_is_no_evidence(content: bytes) -> None:
    """Prose, an empty tag, a pattern for tags and a tag far down say nothing."""
    assert header_assertions(content) == ()
