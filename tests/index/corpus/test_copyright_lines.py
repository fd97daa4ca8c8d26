"""Copyright statements: what names a holder is kept, what only speaks of copyright is not."""

import pytest

from sc2_attrib.index.corpus.copyright_lines import LONGEST_LINE, MOST_LINES, copyright_lines

TAG = "SPDX-FileCopyright" + "Text:"


@pytest.mark.parametrize(
    ("line", "statement"),
    [
        ("# Copyright 2019 The Example Authors", "Copyright 2019 The Example Authors"),
        (" * Copyright (c) 2001-2004, Ada L. */", "Copyright (c) 2001-2004, Ada L."),
        ("// Copyright © Bob's Works, Inc.", "Copyright © Bob's Works, Inc."),
        ("<!-- Copyright The Authors -->", "Copyright The Authors"),
        ("/* (C) 1999 Cyd <cyd@example.org> */", "(C) 1999 Cyd <cyd@example.org>"),
        ("--   ©   2020\tDan", "© 2020 Dan"),
        ("Copyright: 2011, Eve", "Copyright: 2011, Eve"),
        (f"# {TAG} 2020 Fay <f@example.org>", "2020 Fay <f@example.org>"),
        (f"# {TAG} Copyright 2020 Fay", "Copyright 2020 Fay"),
        ("# Copyright by Gus", "Copyright by Gus"),
    ],
)
def test_statement_is_kept_from_its_mark_to_its_end(line: str, statement: str) -> None:
    """A statement is kept as it stands, without the comment around it."""
    assert copyright_lines(f"x = 1\n{line}\ny = 2\n".encode()) == (statement,)


@pytest.mark.parametrize(
    "line",
    [
        "The above copyright notice and this permission notice shall be included",
        "THE COPYRIGHT HOLDERS AND CONTRIBUTORS",
        "Copyright Holders: see AUTHORS",
        "copyright law",
        "Copyright [yyyy] [name of copyright owner]",
        "Copyright (C) <year>  <name of author>",
        "Copyright (c) {{year}} {{holder}}",
        "(c) the third item",
        "f(c) = 2020",
        "copyright",
        "Copyright 2001 " + "x" * LONGEST_LINE,
    ],
)
def test_what_names_nobody_is_no_statement(line: str) -> None:
    """Conditions, forms to fill in, items of lists and overlong lines are passed over."""
    assert copyright_lines(line.encode()) == ()


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_each_statement_is_kept_once_in_its_order(line_end: str) -> None:
    """Whatever ends the lines."""
    lines = ["Copyright 2001 Ann", "Copyright 2002 Ben", "Copyright 2001 Ann", ""]
    assert copyright_lines(line_end.join(lines).encode()) == tuple(lines[:2])


def test_hostile_text_is_bounded() -> None:
    """A text of statements alone, one long line of marks, control characters, broken UTF-8."""
    many = b"".join(b"Copyright %d A%d\n" % (1900 + i % 99, i) for i in range(9999))
    assert len(copyright_lines(many)) == MOST_LINES
    assert copyright_lines(b"copyright " * 50_000) == ()
    assert copyright_lines(b"Copyright 2001 \x1b[31mA\xff\x07") == ("Copyright 2001 [31mA�",)
