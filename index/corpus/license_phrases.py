"""Licences in words: which phrases show that a text, or the head of a file, grants which licence.

A text is *squeezed* first: ASCII letters and digits in lower case, everything else dropped. So line
breaks, comment marks, quotes and punctuation never stand between the words of a phrase, and one
search of a phrase is one search of bytes.

The phrases are one table, `FAMILIES`. A family is looked at only where its key phrase stands; of
its rules the first whose phrases all stand there counts, the most special first. Most keys hold the
word licence, and the letters before it tell which families need be asked at all: searching for
every key would cost more than all other reading of a file. The GNU licences have a pattern, because
what matters there is the version and what follows it.

Confidence says how sure a phrase is: `TEXT` for a licence's own words of permission, `NOTICE` for
the notice its authors recommend, `MENTION` for a licence that is only named, `GUESS` where the name
leaves something open. No licence text is stored here: a phrase is what tells one from the others.

Sources: the SPDX licence list (names and identifiers); the notices that the licences recommend.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

TEXT, NOTICE, MENTION, GUESS = 0.95, 0.9, 0.75, 0.6

PUBLIC_DOMAIN = "LicenseRef-scancode-public-domain"


class Found(NamedTuple):
    """A licence that a text grants, as an SPDX expression, and how sure that is."""

    expression: str
    confidence: float


class Rule(NamedTuple):
    """A licence, and what must stand in the text beside the key phrase of the family."""

    expression: str
    confidence: float
    phrases: tuple[str, ...] = ()


FAMILIES: Mapping[str, tuple[Rule, ...]] = {
    "redistribution and use": (
        Rule("BSD-4-Clause", TEXT, ("binary form must reproduce", "all advertising materials")),
        Rule("BSD-3-Clause", TEXT, ("binary form must reproduce", "to endorse or promote")),
        Rule("BSD-2-Clause", TEXT, ("binary form must reproduce",)),
        Rule("BSD-1-Clause", TEXT, ("source code must retain",)),
    ),
    "BSD-style license": (Rule("BSD-3-Clause", GUESS),),
    "under the BSD license": (Rule("BSD-3-Clause", GUESS),),
    "permission is hereby granted, free of charge, to any person": (
        Rule("Unicode-DFS-2016", TEXT, ("of the Unicode data files",)),
        Rule("NCSA", TEXT, ("deal with the software", "binary form must reproduce")),
        Rule("BSL-1.0", TEXT, ("accompanying documentation covered by this license",)),
        Rule("MIT", TEXT, ("without restriction", "this permission notice")),
        Rule("MIT-0", TEXT, ("without restriction", "the software is provided as is")),
        Rule("MIT", GUESS, ("without restriction",)),
    ),
    "MIT licen": (
        Rule("MIT", MENTION, ("under the MIT license",)),
        Rule("MIT", MENTION, ("under the terms of the MIT license",)),
        Rule("MIT", MENTION, ("the MIT license (MIT)",)),
        Rule("MIT", MENTION, ("MIT licensed",)),
    ),
    "permission to use, copy, modify": (
        Rule("PostgreSQL", TEXT, ("without fee, and without a written agreement",)),
        Rule("ISC", TEXT, ("with or without fee is hereby granted, provided that",)),
        Rule("0BSD", TEXT, ("with or without fee is hereby granted",)),
        Rule("HPND-sell-variant", TEXT, ("distribute, and sell this software",)),
        Rule("HPND", TEXT, ("documentation for any purpose",)),
    ),
    "under the ISC license": (Rule("ISC", MENTION),),
    "Apache licen": (
        Rule("Apache-2.0 WITH LLVM-exception", NOTICE, ("Apache License v2.0 with LLVM",)),
        Rule("Apache-2.0", TEXT, ("Apache License, Version 2.0, January 2004", "2. grant of")),
        Rule("Apache-2.0", NOTICE, ("licensed under the Apache License, Version 2.0",)),
        Rule("Apache-2.0", NOTICE, ("under the Apache License 2.0",)),
        Rule("Apache-2.0", NOTICE, ("under the Apache License, Version 2.0",)),
        Rule("Apache-2.0", MENTION, ("Apache License, Version 2.0",)),
    ),
    "under the Apache 2.0 licen": (Rule("Apache-2.0", MENTION),),
    "Apache Software License, Version 1.1": (Rule("Apache-1.1", TEXT),),
    "permission is granted to anyone to use this software for any purpose": (
        Rule("Zlib", TEXT, ("altered source versions must be plainly marked",)),
    ),
    "under the zlib license": (Rule("Zlib", MENTION),),
    "Boost Software License": (
        Rule("BSL-1.0", NOTICE, ("Boost Software License, Version 1.0",)),
        Rule("BSL-1.0", MENTION),
    ),
    "Mozilla Public Licen": (
        Rule(
            "MPL-1.1 OR GPL-2.0-or-later OR LGPL-2.1-or-later",
            NOTICE,
            ("MPL 1.1/GPL 2.0/LGPL 2.1",),
        ),
        Rule("MPL-2.0", TEXT, ("Mozilla Public License Version 2.0 1. definitions",)),
        Rule("MPL-2.0", NOTICE, ("Mozilla Public License, v. 2.0",)),
        Rule("MPL-2.0", NOTICE, ("Mozilla Public License, version 2.0",)),
        Rule("MPL-1.1", NOTICE, ("Mozilla Public License version 1.1",)),
        Rule("MPL-1.0", NOTICE, ("Mozilla Public License version 1.0",)),
    ),
    "Eclipse Public Licen": (
        Rule("EPL-2.0", NOTICE, ("Eclipse Public License v. 2.0",)),
        Rule("EPL-2.0", NOTICE, ("Eclipse Public License 2.0",)),
        Rule("EPL-2.0", NOTICE, ("Eclipse Public License v2.0",)),
        Rule("EPL-2.0", NOTICE, ("Eclipse Public License version 2.0",)),
        Rule("EPL-1.0", NOTICE, ("Eclipse Public License v1.0",)),
        Rule("EPL-1.0", NOTICE, ("Eclipse Public License version 1.0",)),
        Rule("EPL-1.0", GUESS),
    ),
    "Common Development and Distribution Licen": (
        Rule("CDDL-1.1", NOTICE, ("version 1.1",)),
        Rule("CDDL-1.0", NOTICE, ("version 1.0",)),
        Rule("CDDL-1.0", GUESS),
    ),
    "European Union Public Licen": (
        Rule("EUPL-1.2", NOTICE, ("1.2",)),
        Rule("EUPL-1.1", NOTICE, ("1.1",)),
    ),
    "Server Side Public License": (Rule("SSPL-1.0", NOTICE),),
    "Business Source License 1.1": (Rule("BUSL-1.1", NOTICE),),
    "Artistic License 2.0": (Rule("Artistic-2.0", NOTICE),),
    "the same terms as Perl": (Rule("Artistic-1.0-Perl OR GPL-1.0-or-later", NOTICE),),
    "PHP License": (Rule("PHP-3.01", NOTICE, ("version 3.01 of the PHP license",)),),
    "Python Software Foundation Licen": (
        Rule("PSF-2.0", TEXT, ("agreement is between the Python Software Foundation",)),
        Rule("PSF-2.0", NOTICE),
    ),
    "PSF license agreement": (Rule("PSF-2.0", TEXT),),
    "licensed to PSF under a contributor agreement": (Rule("PSF-2.0", NOTICE),),
    "FreeType project license": (Rule("FTL", NOTICE),),
    "Universal Permissive License": (Rule("UPL-1.0", NOTICE),),
    "do what the fuck you want to public license": (Rule("WTFPL", NOTICE),),
    "the beer-ware license": (Rule("Beerware", NOTICE),),
    "CC0 1.0 Universal": (Rule("CC0-1.0", NOTICE),),
    "Creative Commons Attribution": (
        Rule("CC-BY-SA-4.0", NOTICE, ("Attribution-ShareAlike 4.0",)),
        Rule("CC-BY-SA-3.0", NOTICE, ("Attribution-ShareAlike 3.0",)),
        Rule("CC-BY-4.0", NOTICE, ("Attribution 4.0",)),
        Rule("CC-BY-3.0", NOTICE, ("Attribution 3.0",)),
    ),
    "public domain": (
        Rule("Unlicense", TEXT, ("this is free and unencumbered software",)),
        Rule("CC0-1.0", NOTICE, ("publicdomain/zero/1.0",)),
        Rule("CC0-1.0", NOTICE, ("CC0 1.0 Universal",)),
        Rule(PUBLIC_DOMAIN, MENTION, ("is in the public domain",)),
        Rule(PUBLIC_DOMAIN, MENTION, ("placed in the public domain",)),
        Rule(PUBLIC_DOMAIN, MENTION, ("placed into the public domain",)),
        Rule(PUBLIC_DOMAIN, MENTION, ("released into the public domain",)),
        Rule(PUBLIC_DOMAIN, MENTION, ("released to the public domain",)),
        Rule(PUBLIC_DOMAIN, MENTION, ("dedicated to the public domain",)),
    ),
    # The GNU licences' own texts: what they say of later versions speaks of others' works.
    "this license document, but changing it is not allowed": (
        Rule("AGPL-3.0-only", TEXT, ("GNU Affero General Public License Version 3, 19 Nov",)),
        Rule("LGPL-3.0-only", TEXT, ("GNU Lesser General Public License Version 3, 29 June",)),
        Rule("LGPL-2.1-only", TEXT, ("GNU Lesser General Public License Version 2.1, Feb",)),
        Rule("LGPL-2.0-only", TEXT, ("GNU Library General Public License Version 2, June",)),
        Rule("GPL-3.0-only", TEXT, ("GNU General Public License Version 3, 29 June",)),
        Rule("GPL-2.0-only", TEXT, ("GNU General Public License Version 2, June",)),
        Rule("GPL-1.0-only", TEXT, ("GNU General Public License Version 1, Feb",)),
    ),
}  # fmt: skip

# Permissions that are added to a GNU licence, by what only their wording has.
EXCEPTIONS: Mapping[str, str] = {
    "GCC Runtime Library Exception": "GCC-exception-3.1",
    "linking this library statically or dynamically with other modules": "Classpath-exception-2.0",
    "a configuration script generated by Autoconf": "Autoconf-exception-generic",
    "or all of the Bison parser skeleton": "Bison-exception-2.2",
}

# Words that offer the choice between the licences that follow.
CHOICES = (
    "under a choice of one of two licenses",
    "alternatively, this software may be distributed under",
    "alternatively, this software may be used under",
    "alternatively, redistribution and use",
    "alternatively, provided that this notice is retained",
    "alternatively, the contents of this file may be used under",
    "alternatively, this product may be distributed under",
    "dual licensed under",
    "dual-licensed under",
    "is licensed under either of",
    "you may select, at your option, one of the above-listed licenses",
)

_HEAD_BYTES = 4096  # a longer text is no notice, and what it offers is not its own
_LICENCE = b"licen"  # however it goes on: license, licence, licensed
_LEAD = 3  # letters before it that families are sorted by
_HINTS = (b"redistribut", b"permission", b"publicdomain", b"creativecommons")
_GNU_TEXT = b"thislicensedocumentbutchangingitisnotallowed"
_GNU_KEY = b"generalpubliclicen"
_GNU_SHORT_KEY = b"gpl"
_GNU_NOTICE_BYTES = 200  # squeezed, from the name to what is said of later versions
_GNU_BEFORE = re.compile(rb"v(?:ersion)?([123])([01]?)ofthe(?:gnu)?(?:affero|lesser|library)?$")
_GNU_AFTER = re.compile(rb".{0,90}?v(?:ersion)?([123])([01]?)(.{0,90})")
_GNU_GRANT = re.compile(rb"under|subjectto|termsof")
_GNU_SHORT = re.compile(
    rb"under(?:termsof)?(?:both)?(?:the)?(?:termsof)?(?:the)?(?:gnu)?(?P<family>[al]?)gpl"
    rb"(?:licen[cs]e)?(?:v(?:ersion)?)?(?P<major>[123]?)(?P<minor>[01]?)(?P<after>.{0,40})"
)
_LATER = re.compile(rb"anylater|orlater|ora(?:ny)?later|ornewer|orgreater|orhigher")
_VERSIONS = {"GPL": ("1.0", "2.0", "3.0"), "LGPL": ("2.0", "2.1", "3.0"), "AGPL": ("1.0", "3.0")}
_FAMILY_IDS = {b"affero": "AGPL", b"lesser": "LGPL", b"library": "LGPL", b"gnu": "GPL"}

_KEPT = bytes(range(ord("0"), ord("9") + 1)) + bytes(range(ord("a"), ord("z") + 1))
_UPPER = bytes(range(ord("A"), ord("Z") + 1))
_LOWERED = bytes.maketrans(_UPPER, _UPPER.lower())
_DROPPED = bytes(set(range(256)) - set(_KEPT) - set(_UPPER))
_COMMENT_WORD = re.compile(rb"^[ \t]*dnl\b", re.MULTILINE)


def squeeze(text: bytes) -> bytes:
    """Keep the letters and digits of a text, in lower case."""
    if b"dnl" in text:  # a comment mark that is a word
        text = _COMMENT_WORD.sub(b"", text)
    return text.translate(_LOWERED, _DROPPED)


def find_licenses(squeezed: bytes) -> tuple[Found, ...]:
    """Tell which licences a squeezed text grants, each once; a choice between them is one."""
    return as_choice(squeezed, find_each(squeezed))


def find_each(squeezed: bytes) -> tuple[Found, ...]:
    """Tell which licences a squeezed text speaks of, each once; the surest first."""
    best: dict[str, float] = {}
    for expression, confidence in (*_families(squeezed), *_gnu(squeezed)):
        best[expression] = max(confidence, best.get(expression, 0))
    found = (Found(*each) for each in best.items() if not _is_part(each[0], best))
    return tuple(sorted(found, key=lambda each: (-each.confidence, each.expression)))


def as_choice(squeezed: bytes, found: tuple[Found, ...]) -> tuple[Found, ...]:
    """Join what was found where it is the head of a file that speaks of a choice."""
    is_head = len(squeezed) <= _HEAD_BYTES
    if is_head and len(found) > 1 and any(choice in squeezed for choice in _phrases(CHOICES)):
        expression = " OR ".join(sorted(each.expression for each in found))
        return (Found(expression, min(each.confidence for each in found)),)
    return found


def _is_part(expression: str, found: Mapping[str, float]) -> bool:
    """Tell whether a licence is only a part of a longer expression that was found too."""
    return any(
        expression in longer.replace(" WITH ", " OR ").split(" OR ")
        for longer in found
        if longer != expression
    )


def _families(squeezed: bytes) -> Iterator[Found]:
    by_mark = _families_by_mark()
    asked = list(by_mark[b""])
    for mark in (*_leads(squeezed), *(hint for hint in _HINTS if hint in squeezed)):
        asked += by_mark.get(mark, ())
    for key, rules in asked:
        if key in squeezed:
            fitting = (rule for rule in rules if all(p in squeezed for p in _phrases(rule.phrases)))
            if rule := next(fitting, None):
                yield Found(rule.expression, rule.confidence)


def _leads(squeezed: bytes) -> set[bytes]:
    """Collect the letters that stand before the word licence."""
    leads = set()
    at = squeezed.find(_LICENCE)
    while at >= 0:
        leads.add(squeezed[max(at - _LEAD, 0) : at])
        at = squeezed.find(_LICENCE, at + 1)
    return leads


def _gnu(squeezed: bytes) -> Iterator[Found]:
    """Read notices of GNU licences; in their own texts those are only examples."""
    is_named = _GNU_KEY in squeezed or _GNU_SHORT_KEY in squeezed
    if not is_named or _GNU_TEXT in squeezed:
        return
    ids = dict(_gnu_notices(squeezed))
    if any(confidence > GUESS for confidence in ids.values()):
        ids = {id_: confidence for id_, confidence in ids.items() if confidence > GUESS}
    wordings = zip(_phrases(tuple(EXCEPTIONS)), EXCEPTIONS.values(), strict=True)
    exception = next((id_ for key, id_ in wordings if key in squeezed), None)
    for id_, confidence in ids.items():
        yield Found(f"{id_} WITH {exception}" if exception else id_, confidence)


def _gnu_notices(squeezed: bytes) -> Iterator[Found]:
    """Read what stands around each name of a GNU licence, in full or short."""
    at = squeezed.find(_GNU_KEY)
    while at >= 0:
        after = squeezed.find(_GNU_KEY, at + 1)
        end = min(at + _GNU_NOTICE_BYTES, after if after >= 0 else len(squeezed))
        before = squeezed[max(at - _GNU_NOTICE_BYTES // 4, 0) : at]
        family = next((_FAMILY_IDS[name] for name in _FAMILY_IDS if before.endswith(name)), None)
        if family:
            yield from _gnu_notice(family, before, squeezed[at + len(_GNU_KEY) : end])
        at = after
    for short in _GNU_SHORT.finditer(squeezed):
        family = f"{short['family'].decode().upper()}GPL"
        yield _gnu_id(family, short["major"], short["minor"], short["after"])


def _gnu_notice(family: str, before: bytes, after: bytes) -> Iterator[Found]:
    """Read a notice; a mere mention that grants nothing is none."""
    if said := _GNU_BEFORE.search(before):
        yield _gnu_id(family, said[1], said[2], after)
    elif said := _GNU_AFTER.match(after):
        yield _gnu_id(family, said[1], said[2], said[3])
    elif _GNU_GRANT.search(before):
        yield _gnu_id(family, b"", b"", b"")


def _gnu_id(family: str, major: bytes, minor: bytes, after: bytes) -> Found:
    """Name a GNU licence; where no version is given, any may be meant, and that is a guess."""
    versions = _VERSIONS[family]
    version = f"{major.decode()}.{minor.decode() or '0'}"
    if version in versions:
        return Found(f"{family}-{version}-{'or-later' if _LATER.search(after) else 'only'}", NOTICE)
    return Found(f"{family}-{versions[-1] if family == 'AGPL' else versions[0]}-or-later", GUESS)


Family = tuple[bytes, tuple[Rule, ...]]


@cache
def _families_by_mark() -> Mapping[bytes, list[Family]]:
    """Sort the families by what tells that their keys may stand in a text.

    That is a hint, or the letters before the word licence; empty for keys with neither.
    """
    by_mark: dict[bytes, list[Family]] = defaultdict(list)
    for name, rules in FAMILIES.items():
        key = squeeze(name.encode())
        at = max(key.find(_LICENCE), 0)
        mark = next((hint for hint in _HINTS if hint in key), key[max(at - _LEAD, 0) : at])
        by_mark[mark].append((key, rules))
    return by_mark


@cache
def _phrases(words: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(squeeze(phrase.encode()) for phrase in words)
