"""Licence evidence in the heads of files: tags, notices in words, copyright statements."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_attrib.index.corpus.document import Basis, LicenseAssertion
from sc2_attrib.index.corpus.evidence import HEADER_BYTES, read_evidence

TAG = "SPDX-License-" + "Identifier:"  # in two parts, so that this file carries no tag itself

APACHE = """\
Copyright 2019 The Example Authors

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
"""
LGPL = """\
This library is free software; you can redistribute it and/or modify it under
the terms of the GNU Lesser General Public License as published by the Free
Software Foundation; either version 2.1 of the License, or (at your option)
any later version.
"""
CODE = "int main(void) { return 0; }\n"


def expressions(text: str) -> list[str]:
    return [said.expression for said in read_evidence(text.encode()).licenses]


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
    tag = LicenseAssertion(expression, Basis.HEADER, None, 1.0)
    assert read_evidence(content).licenses == (tag,)


def test_each_distinct_tag_is_kept_once_in_its_order() -> None:
    """Several tags are several assertions; a repeated one is not."""
    assert expressions(f"# {TAG} MIT\n# {TAG} 0BSD\n# {TAG} MIT\n") == ["MIT", "0BSD"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MIT License, see LICENSE",
        f"# {TAG}".encode(),
        f"# {TAG} \\s*".encode(),
        b"x" * HEADER_BYTES + f"\n# {TAG} MIT".encode(),
        b"\xff\xfe\x00" + TAG.encode(),
        b"license = request.license; permission = redistribute(gpl)",
        b"See the GNU General Public License for more details.",
    ],
)
def test_what_grants_nothing_near_the_top_is_no_evidence(content: bytes) -> None:
    """Mentions, an empty tag, a pattern for tags and a tag far down say nothing."""
    assert read_evidence(content).licenses == ()


@pytest.mark.parametrize("mark", ["", "# ", "// ", " * ", "-- ", ";; ", "dnl ", "%% ", "! "])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_notice_is_read_whatever_comment_it_stands_in(mark: str, line_end: str) -> None:
    """Comment marks and line ends between the words of a notice don't hide it."""
    header = "".join(mark + line + line_end for line in LGPL.splitlines())
    assert expressions(header + line_end + CODE) == ["LGPL-2.1-or-later"]


def test_tag_is_taken_before_words() -> None:
    """Where a tag stands, the notice beside it is not read a second time."""
    assert expressions(f"/* {TAG} LGPL-2.1+\n{LGPL} */") == ["LGPL-2.1+"]


def test_notice_states_how_sure_it_is() -> None:
    """A licence in words is an assertion with a confidence below that of a tag."""
    (said,) = read_evidence(APACHE.encode()).licenses
    assert (said.expression, said.basis, said.path) == ("Apache-2.0", Basis.HEADER, None)
    assert said.confidence is not None
    assert 0.5 < said.confidence < 1


def test_copyright_of_the_head_is_read_with_its_licence() -> None:
    """Who holds the rights stands beside what they grant."""
    assert read_evidence(APACHE.encode()).copyright == ("Copyright 2019 The Example Authors",)


@given(st.binary(max_size=300))
def test_any_bytes_are_read(content: bytes) -> None:
    """No content makes reading fail."""
    read_evidence(b"copyright (c) 1999 licen" + content)
