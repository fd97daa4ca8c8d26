"""From what a source says about its licence to an SPDX expression and what it asks for.

Evidence is an SPDX expression, a ScanCode key, a package classifier or free text. A name that
nobody knows is kept as `LicenseRef-<name>` of category `unknown`. Reading what was rendered gives
the same tree again, so an expression in a saved result means what it meant.

Where nothing was found the expression is NONE, not NOASSERTION: SPDX keeps NOASSERTION for "nobody
looked, or can't tell", and here headers, licence files and manifests were looked at.
"""

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import combinations, groupby
from typing import Any

from sc2_attrib.attribution.license_index import find_license
from sc2_attrib.attribution.license_tree import (
    NOTHING_FOUND,
    NOTHING_SAID,
    LicenseTree,
    Operator,
    Term,
    canonical,
    category_of,
    join,
    render,
    terms,
)
from sc2_attrib.attribution.result import Assertion, Category, LicenseRecord
from sc2_attrib.index.corpus.document import Basis, LicenseAssertion
from sc2_attrib.index.corpus.license_names import (
    ABBREVIATED,
    NAMES,
    SAYS_NOTHING,
    gnu_id,
    name_key,
    plain_name,
)

LONGEST_EXPRESSION = 2000  # characters; longer evidence is a licence's text, not its name
LONGEST_REF = 60  # characters after `LicenseRef-`


@lru_cache(maxsize=4096)
def read_license(evidence: str) -> LicenseTree:
    """Read an SPDX expression, a ScanCode key, a classifier or free text; never fails."""
    name = plain_name(evidence)
    return _read_name(name) or _read_expression(name) or _unknown(name)


@lru_cache(maxsize=4096)
def conclude(
    assertions: tuple[LicenseAssertion, ...], copyright_lines: tuple[str, ...] = ()
) -> LicenseRecord:
    """Conclude an occurrence's licence from all that was said about it.

    The strongest basis that says anything wins, in the order of `Basis`. What it says in several
    places holds together (AND). The other bases are listed, and `conflict` tells that one differs.
    A licence file is the text of a licence: it can't say "or later" nor offer a choice, so it
    agrees with whatever is of the same licences.
    """
    ordered = sorted(assertions, key=_precedence)
    said = [a for a in ordered if read_license(a.expression) not in (NOTHING_FOUND, NOTHING_SAID)]
    by_basis = [(basis, list(group)) for basis, group in groupby(said or ordered, _basis_of)]
    basis, winners = by_basis[0] if by_basis else (Basis.NONE, [])
    trees = [(basis, _joined(group)) for basis, group in by_basis]
    concluded = trees[0][1] if trees else NOTHING_FOUND
    return LicenseRecord(
        expression=render(concluded),
        category=category_of(concluded),
        basis=basis,
        confidence=min((a.confidence for a in winners if a.confidence is not None), default=None),
        conflict=any(_disagree(*pair) for pair in combinations(trees, 2)),
        assertions=tuple(
            Assertion(render(read_license(a.expression)), a.basis, a.path, a.confidence)
            for a in ordered
        ),
        copyright=copyright_lines,
    )


def _disagree(one: tuple[Basis, LicenseTree], other: tuple[Basis, LicenseTree]) -> bool:
    if canonical(one[1]) == canonical(other[1]):
        return False
    if Basis.LICENSE_FILE not in (one[0], other[0]):
        return True
    names, others = (_names(tree) for _, tree in (one, other))
    return not (names <= others or others <= names)


def _names(tree: LicenseTree) -> set[str]:
    """Name the licences of a tree by what their texts are, exceptions and versions apart."""
    if isinstance(tree, Term):
        return {re.sub(r"-(only|or-later)$|\+$", "", tree.id)}
    parts = tree.parts[:1] if tree.operator is Operator.WITH else tree.parts
    return set().union(*map(_names, parts))


def license_address(id_: str) -> str | None:
    """Give the address of a licence's text, where SPDX has it."""
    is_listed = not id_.startswith(("LicenseRef-", "DocumentRef-")) and id_ not in (
        NOTHING_FOUND.id,
        NOTHING_SAID.id,
    )
    return f"https://spdx.org/licenses/{id_.removesuffix('+')}.html" if is_listed else None


def _read_name(name: str) -> LicenseTree | None:
    """Look up a name: as it stands, without the abbreviation in brackets after it, by that."""
    tree = _look_up(name)
    if tree is None and (both := ABBREVIATED.fullmatch(name)):
        tree = _look_up(both["long"]) or _look_up(both["short"])
    return tree


def _look_up(name: str) -> LicenseTree | None:
    key = name_key(name)
    if name.upper() == NOTHING_FOUND.id:
        return NOTHING_FOUND
    if not key or key in SAYS_NOTHING:
        return NOTHING_SAID
    if key in NAMES:
        return find_license(NAMES[key]) or _read_expression(NAMES[key])
    spelt = gnu_id(key) or name
    return find_license(spelt, key) or (_or_later(spelt[:-1]) if spelt.endswith("+") else None)


def _or_later(name: str) -> Term | None:
    """Read `<id>+`; SPDX has an id of its own for that only in the GNU family."""
    license_ = find_license(name)
    if license_ is None:
        return None
    return find_license(f"{license_.id}-or-later") or Term(f"{license_.id}+", license_.category)


def _read_expression(name: str) -> LicenseTree | None:
    """Read operators; None where the text has none, or is prose that happens to hold the words."""
    if len(name) > LONGEST_EXPRESSION:
        return None
    from license_expression import ExpressionError, Licensing

    spelt = re.sub(r"\s*(?:,|;|&+)\s*", " AND ", re.sub(r"\s*(?:/|\|+)\s*", " OR ", name))
    try:
        tree = _tree(Licensing().parse(spelt))
    except ExpressionError:
        return None
    are_known = [term.category is not Category.UNKNOWN for term in terms(tree)]
    is_expression = any(are_known) if spelt == name else all(are_known)
    return tree if is_expression and len(are_known) > 1 else None


def _tree(parsed: Any) -> LicenseTree:
    """Convert what license-expression parsed, reading each symbol as a name."""
    if hasattr(parsed, "exception_symbol"):
        pair = (parsed.license_symbol, parsed.exception_symbol)
        return join(Operator.WITH, map(_tree, pair))
    if hasattr(parsed, "key"):
        return _read_name(parsed.key) or _unknown(parsed.key)
    return join(Operator(parsed.operator.strip()), map(_tree, parsed.args))


def _unknown(name: str) -> Term:
    """Keep a name that nobody knows as a LicenseRef; a long one is cut and told apart by a hash."""
    ref = re.sub(r"[^A-Za-z0-9.-]+", "-", re.sub(r"(?i)^licenseref-", "", name)).strip("-")
    if len(ref) > LONGEST_REF:
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        ref = f"{ref[: LONGEST_REF - 9].strip('-')}-{digest}"
    if not ref:
        return NOTHING_SAID
    return find_license(f"LicenseRef-{ref}") or Term(f"LicenseRef-{ref}", Category.UNKNOWN)


def _joined(assertions: Iterable[LicenseAssertion]) -> LicenseTree:
    trees = {read_license(assertion.expression) for assertion in assertions}
    return join(Operator.AND, sorted(trees, key=render))


def _basis_of(assertion: LicenseAssertion) -> Basis:
    return assertion.basis


def _precedence(assertion: LicenseAssertion) -> tuple[int, str, str]:
    rank = list(Basis).index(assertion.basis)
    return rank, assertion.expression, assertion.path or ""
