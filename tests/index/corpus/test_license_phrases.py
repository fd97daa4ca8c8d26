"""Licences told by their words: notices as people write them, and the texts that are installed."""

import importlib.metadata
import re
from pathlib import Path

import pytest

from sc2_attrib.index.corpus.license_files import assertions_in
from sc2_attrib.index.corpus.license_phrases import (
    EXCEPTIONS,
    FAMILIES,
    GUESS,
    MENTION,
    NOTICE,
    find_licenses,
    squeeze,
)

GPL = "under the terms of the GNU General Public License"
FSF = "as published by the Free Software Foundation"

NOTICES = {
    f"{GPL} {FSF}; either version 2 of the License, or (at your option) any later version.":
        "GPL-2.0-or-later",
    f"{GPL} version 2 {FSF}.": "GPL-2.0-only",
    f"{GPL} {FSF}; version 2 of the License.": "GPL-2.0-only",
    f"{GPL}, version 3.0, or any later version": "GPL-3.0-or-later",
    "under the terms of version 2 of the GNU General Public License": "GPL-2.0-only",
    "subject to the terms of the GNU General Public License. See COPYING": "GPL-1.0-or-later",
    "under the GNU Affero General Public License, version 3": "AGPL-3.0-only",
    "under the GNU Library General Public License version 2 or later": "LGPL-2.0-or-later",
    "Licensed under GPLv2 or later, see file LICENSE in this source tree.": "GPL-2.0-or-later",
    "Licensed under the LGPL v2.1, see the file COPYING": "LGPL-2.1-only",
    "under the terms of the GNU GPL v2.0.": "GPL-2.0-only",
    "Licensed under the Apache License, Version 2.0 (the 'License')": "Apache-2.0",
    "under the Apache License v2.0 with LLVM Exceptions.": "Apache-2.0 WITH LLVM-exception",
    "Released under the MIT license.": "MIT",
    "Use of this source code is governed by a BSD-style license": "BSD-3-Clause",
    "subject to the terms of the Mozilla Public License, v. 2.0.": "MPL-2.0",
    "Version: MPL 1.1/GPL 2.0/LGPL 2.1\nsubject to the Mozilla Public License Version 1.1\n"
    f"Alternatively, {GPL} Version 2 or later":
        "MPL-1.1 OR GPL-2.0-or-later OR LGPL-2.1-or-later",
    "terms of the Eclipse Public License v. 2.0": "EPL-2.0",
    "the Common Development and Distribution License (the 'License')": "CDDL-1.0",
    "Distributed under the Boost Software License, Version 1.0.": "BSL-1.0",
    "This code is released into the public domain.": "LicenseRef-scancode-public-domain",
    "This is free and unencumbered software released into the public domain.": "Unlicense",
    "https://creativecommons.org/publicdomain/zero/1.0/": "CC0-1.0",
    "Licensed to PSF under a Contributor Agreement.": "PSF-2.0",
    "is free software; you can redistribute it under the same terms as Perl itself":
        "Artistic-1.0-Perl OR GPL-1.0-or-later",
}  # fmt: skip

REDISTRIBUTION = "Redistribution and use in source and binary forms are permitted provided that "
SOURCE = "source code must retain the above copyright notice; "
BINARY = "redistributions in binary form must reproduce the above copyright notice; "
NAME = "the name may not be used to endorse or promote products; "
ADVERTISING = "all advertising materials mentioning features must display; "
GRANT = "Permission is hereby granted, free of charge, to any person obtaining a copy "
DEALING = "to deal in the Software without restriction, "

TEXTS = {
    REDISTRIBUTION + SOURCE: "BSD-1-Clause",
    REDISTRIBUTION + SOURCE + BINARY: "BSD-2-Clause",
    REDISTRIBUTION + SOURCE + BINARY + NAME: "BSD-3-Clause",
    REDISTRIBUTION + SOURCE + BINARY + ADVERTISING + NAME: "BSD-4-Clause",
    GRANT + DEALING + "and this permission notice (including this line) shall be": "MIT",
    GRANT + DEALING + "the software is provided 'as is'": "MIT-0",
    "Permission to use, copy, modify, and/or distribute this software for any purpose with or "
    "without fee is hereby granted, provided that the above": "ISC",
    "Permission to use, copy, modify, and/or distribute this software for any purpose with or "
    "without fee is hereby granted.": "0BSD",
}


def found(text: str) -> dict[str, float]:
    return {each.expression: each.confidence for each in find_licenses(squeeze(text.encode()))}


@pytest.mark.parametrize(("notice", "expression"), NOTICES.items())
def test_notice_is_told_by_its_words(notice: str, expression: str) -> None:
    """What authors write above their code leads to one SPDX expression."""
    assert list(found(notice)) == [expression]


@pytest.mark.parametrize(("text", "expression"), TEXTS.items())
def test_texts_that_differ_in_a_clause_are_told_apart(text: str, expression: str) -> None:
    """The clauses that a permission text has, or lacks, decide which licence it is."""
    assert list(found(text)) == [expression]


@pytest.mark.parametrize("text", [REDISTRIBUTION + SOURCE + BINARY + NAME, f"{GPL} version 2"])
def test_white_space_and_marks_between_words_change_nothing(text: str) -> None:
    """Each word on a line of its own, in capitals, behind a comment mark: the same licence."""
    spread = "\n".join(f" ** {word.upper()}" for word in text.split())
    assert found(spread) == found(text)


def test_choice_is_one_expression() -> None:
    """Licences that are offered as alternatives are joined by OR; others stand side by side."""
    both = f"{REDISTRIBUTION}{SOURCE}{BINARY} {GPL} version 2"
    offered = f"Alternatively, this software may be distributed under {both}"
    assert sorted(found(both)) == ["BSD-2-Clause", "GPL-2.0-only"]
    assert list(found(offered)) == ["BSD-2-Clause OR GPL-2.0-only"]


def test_exception_is_part_of_the_expression() -> None:
    """A permission added to a GNU licence is read with it."""
    text = f"{GPL} version 3 or later, with the GCC Runtime Library Exception"
    assert list(found(text)) == ["GPL-3.0-or-later WITH GCC-exception-3.1"]


def test_own_text_of_a_gnu_license_says_nothing_of_later_versions() -> None:
    """The form in the licence's own appendix is an example, not a grant."""
    text = (
        "GNU GENERAL PUBLIC LICENSE Version 2, June 1991. Everyone is permitted to copy and "
        "distribute verbatim copies of this license document, but changing it is not allowed. "
        f"{GPL}; either version 2 of the License, or (at your option) any later version."
    )
    assert list(found(text)) == ["GPL-2.0-only"]


def test_a_text_is_surer_than_a_notice_and_a_notice_than_a_mention() -> None:
    """Confidence falls from the licence's own words to its mere name."""
    text = found(REDISTRIBUTION + SOURCE + BINARY)["BSD-2-Clause"]
    assert text > NOTICE > MENTION > GUESS > 0
    assert found("Released under the MIT license")["MIT"] == MENTION
    assert found("under a BSD-style license")["BSD-3-Clause"] == GUESS


@pytest.mark.parametrize("key", [*FAMILIES, *EXCEPTIONS])
def test_phrases_hold_what_squeezing_keeps(key: str) -> None:
    """No phrase of the tables is empty once it is squeezed."""
    assert len(squeeze(key.encode())) > 7


def installed_license_files() -> list[tuple[str, Path]]:
    """Licence files of the installed distributions, each with the SPDX id its metadata states."""
    files = []
    for distribution in importlib.metadata.distributions():
        stated = distribution.metadata["License-Expression"] or ""
        if re.fullmatch(r"MIT|Apache-2.0|BSD-[23]-Clause|MPL-2.0|ISC|PSF-2.0", stated):
            names = distribution.metadata.get_all("License-File") or ["LICENSE"]
            paths = [str(file) for file in distribution.files or ()]
            own = (path for path in paths if path.endswith(tuple(f"/{name}" for name in names)))
            files += [(stated, Path(str(distribution.locate_file(path)))) for path in own]
    return files


def test_installed_license_texts_are_told() -> None:
    """The licence files of installed distributions say what their metadata says, nearly all."""
    files = [(stated, path) for stated, path in installed_license_files() if path.is_file()]
    assert len(files) > 10
    wrong = [
        (str(path), stated)
        for stated, path in files
        if path.name.upper().startswith("LICEN") and stated not in found(path.read_text("utf-8"))
    ]
    assert len(wrong) <= len(files) // 10, wrong


def test_the_own_words_of_a_license_file_count_before_what_is_only_named() -> None:
    """A choice that the preface names, and a permission for examples at the end, change nothing."""
    text = (
        "Ex is licensed under the PSF License. Its first releases were GPL-compatible, and examples"
        " are dual licensed.\n1. This license agreement is between the Python Software Foundation"
        " and the licensee of the Python Software Foundation License.\n"
        + "And so on. "
        * 600
        + "Permission to use, copy, modify, and/or distribute this software for any purpose with or"
        " without fee is hereby granted.\n"
    )
    found = assertions_in("LICENSE.txt", text.encode())
    assert [each.expression for each in found] == ["PSF-2.0"]
