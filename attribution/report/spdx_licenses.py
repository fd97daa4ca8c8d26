"""Licence expressions as SPDX documents may hold them.

An expression that is not well formed in SPDX's grammar would make a whole document invalid, so each
is read and written anew. `NONE` and `NOASSERTION` stand alone only, and what follows WITH must be
an exception that SPDX lists: an expression that breaks this becomes NOASSERTION.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from sc2_attrib.attribution.license import read_license
from sc2_attrib.attribution.license_tree import (
    NOTHING_FOUND,
    NOTHING_SAID,
    Compound,
    LicenseTree,
    Operator,
    render,
    terms,
)

NONE = NOTHING_FOUND.id
NOASSERTION = NOTHING_SAID.id
NO_LICENSES = (NONE, NOASSERTION)

_REF = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")


@lru_cache(maxsize=4096)
def spdx_expression(text: str) -> str:
    """Write an expression as SPDX has it; never fails."""
    tree = read_license(text)
    is_sound = not isinstance(tree, Compound) or _is_sound(tree)
    return render(tree) if is_sound else NOASSERTION


def license_refs(expressions: Iterable[str]) -> list[str]:
    """List the licences in expressions that SPDX doesn't list, sorted."""
    return sorted({ref for expression in expressions for ref in _REF.findall(expression)})


def _is_sound(tree: Compound) -> bool:
    lone = any(term.id in NO_LICENSES for term in terms(tree))
    return not lone and all(map(_has_exception, _compounds(tree)))


def _compounds(tree: LicenseTree) -> Iterable[Compound]:
    if isinstance(tree, Compound):
        yield tree
        for part in tree.parts:
            yield from _compounds(part)


def _has_exception(tree: Compound) -> bool:
    if tree.operator is not Operator.WITH:
        return True
    return not any(isinstance(part, Compound) or _REF.match(part.id) for part in tree.parts[1:])
