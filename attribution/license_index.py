"""Licences by their ids: SPDX's, and the keys of ScanCode's database.

The license-expression library ships an index of some 2,500 licences with a category each. It is
read once, and only when a licence is asked for that is not among the common ones: reading it takes
longer than checking a small file.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from sc2_attrib.attribution.common_licenses import COMMON_LICENSES
from sc2_attrib.attribution.license_tree import Term
from sc2_attrib.attribution.result import Category

CATEGORIES: Mapping[str, Category] = {  # by ScanCode's name
    "Permissive": Category.PERMISSIVE,
    "Public Domain": Category.PERMISSIVE,
    "Copyleft Limited": Category.COPYLEFT_LIMITED,
    "Copyleft": Category.COPYLEFT,
    "Proprietary Free": Category.PROPRIETARY,
    "Commercial": Category.PROPRIETARY,
    "Free Restricted": Category.PROPRIETARY,
    "Source-available": Category.PROPRIETARY,
    "CLA": Category.UNKNOWN,
    "Patent License": Category.UNKNOWN,
    "Unstated License": Category.UNKNOWN,
}

# Licences whose obligations begin when others use the software over a network. ScanCode has no such
# category; it files these under Copyleft, Copyleft Limited and Source-available.
NETWORK_COPYLEFT = (
    "AGPL-",
    "APSL-",
    "CAL-1.0",
    "CPAL-",
    "EUPL-",
    "LicenseRef-scancode-agpl-",
    "NPOSL-",
    "OSL-",
    "RPL-",
    "RPSL-",
    "SSPL-",
)


def find_license(*spellings: str) -> Term | None:
    """Find a licence or exception by the first of some ids that is known, in any case."""
    ids = [spelling.casefold() for spelling in spellings]
    return _first(_common(), ids) or _first(library_index(), ids)


@cache
def library_index() -> Mapping[str, Term]:
    """Map every id the library knows, in lower case, to its licence.

    Where two licences share an id, SPDX's own ids come before its former ones, and those before
    ScanCode's keys: `BSL-1.0` is the Boost licence to SPDX, the Business Source one to ScanCode.
    """
    from license_expression import get_license_index

    entries = [entry for entry in get_license_index() if entry["spdx_license_key"]]
    entries.sort(key=lambda entry: bool(entry["is_deprecated"]))
    known: dict[str, Term] = {}
    for id_, term in _ids(entries):
        known.setdefault(id_.casefold(), term)
    return known


def _ids(entries: list[dict[str, Any]]) -> Iterator[tuple[str, Term]]:
    licenses = [(entry, _term(entry)) for entry in entries]
    yield from ((term.id, term) for _, term in licenses)
    yield from ((id_, term) for entry, term in licenses for id_ in entry["other_spdx_license_keys"])
    yield from ((entry["license_key"], term) for entry, term in licenses)


def _term(entry: dict[str, Any]) -> Term:
    id_ = entry["spdx_license_key"]
    if id_.startswith(NETWORK_COPYLEFT):
        return Term(id_, Category.NETWORK_COPYLEFT)
    return Term(id_, CATEGORIES[entry["category"]])


@cache
def _common() -> Mapping[str, Term]:
    return {id_.casefold(): Term(id_, category) for id_, category in COMMON_LICENSES.items()}


def _first(known: Mapping[str, Term], ids: Iterable[str]) -> Term | None:
    return next((known[id_] for id_ in ids if id_ in known), None)
