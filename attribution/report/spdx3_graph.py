"""The elements of an SPDX 3 document while it is put together.

SPDX 3 is a graph: elements with an IRI each, written one after another. What has the same key is
one element, however often it is asked for.
"""

import re
from collections.abc import Iterable, Mapping

from sc2_attrib.attribution.ids import sha256
from sc2_attrib.attribution.report.spdx_licenses import (
    NOASSERTION,
    NONE,
    license_refs,
    spdx_expression,
)

TERMS = "https://spdx.org/rdf/3.0.1/terms"
NO_ASSERTION_LICENSE = f"{TERMS}/ExpandedLicensing/NoAssertionLicense"
NO_LICENSE = f"{TERMS}/ExpandedLicensing/NoneLicense"
NO_ASSERTION_ELEMENT = f"{TERMS}/Core/NoAssertionElement"
CREATION = "_:creation"
UNKNOWN_TEXT = "The text of this licence is not known; the name is what the source states."

_ID = re.compile(r"[A-Za-z0-9.-]+")

Json = dict[str, object]


class Graph:
    """Elements of one namespace, in the order they were added."""

    def __init__(self, namespace: str) -> None:
        """Start an empty graph; every IRI will begin with `namespace`."""
        self._namespace = namespace
        self._elements: dict[str, Json] = {}
        self._relationships: dict[tuple[str, str, str], None] = {}

    def __contains__(self, key: str) -> bool:
        return self.iri(key) in self._elements

    def iri(self, key: str) -> str:
        """Give the IRI of an element of this document."""
        return f"{self._namespace}{key}"

    def add(self, type_: str, key: str, members: Mapping[str, object]) -> str:
        """Add an element unless it is there, and give its IRI; empty members are left out."""
        iri = self.iri(key)
        if iri not in self._elements:
            known = {name: value for name, value in members.items() if value not in (None, "", [])}
            head = {"type": type_, "spdxId": iri, "creationInfo": CREATION}
            self._elements[iri] = head | known
        return iri

    def relate(self, of: str, kind: str, to: str, *, complete: str = "noAssertion") -> None:
        """State a relationship, once."""
        if (of, kind, to) in self._relationships:
            return
        self._relationships[of, kind, to] = None
        members = {"from": of, "relationshipType": kind, "to": [to], "completeness": complete}
        self.add("Relationship", f"relationship-{len(self._relationships)}", members)

    def state_licenses(self, of: str, declared: str) -> None:
        """Relate an element to its declared licence, and to no concluded one: people conclude."""
        self.relate(of, "hasDeclaredLicense", self._license(declared))
        self.relate(of, "hasConcludedLicense", NO_ASSERTION_LICENSE)

    def elements(self) -> Iterable[Json]:
        """List all elements."""
        return self._elements.values()

    def _license(self, expression: str) -> str:
        spelt = spdx_expression(expression)
        if spelt in (NONE, NOASSERTION):
            return NO_LICENSE if spelt == NONE else NO_ASSERTION_LICENSE
        refs = {ref: self._license_text(ref) for ref in license_refs([spelt])}
        members = {
            "simplelicensing_licenseExpression": spelt,
            "simplelicensing_customIdToUri": [
                {"type": "DictionaryEntry", "key": ref, "value": iri} for ref, iri in refs.items()
            ],
        }
        key = spelt if _ID.fullmatch(spelt) else sha256(spelt.encode())[:32]
        return self.add("simplelicensing_LicenseExpression", f"license-{key}", members)

    def _license_text(self, ref: str) -> str:
        members = {"name": ref, "simplelicensing_licenseText": UNKNOWN_TEXT}
        return self.add("simplelicensing_SimpleLicensingText", ref, members)
