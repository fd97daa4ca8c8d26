"""Sources by licence: the licence is the question, so the strictest comes first."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from sc2_attrib.attribution.license import license_address, read_license
from sc2_attrib.attribution.license_tree import terms
from sc2_attrib.attribution.result import LicenseRecord, Source


def by_license(
    sources: Iterable[Source], *, apart_by_evidence: bool = False
) -> list[Sequence[Source]]:
    """Group sources by licence expression, the strictest category first, else in order.

    With `apart_by_evidence` only what rests on the same words stands together: for those who show
    these words once a group.
    """
    groups: dict[str | LicenseRecord, list[Source]] = defaultdict(list)
    for source in sources:
        license_ = source.license
        groups[license_ if apart_by_evidence else license_.expression].append(source)
    return sorted(groups.values(), key=lambda group: -group[0].license.category.severity)


def addresses(expression: str) -> Iterator[tuple[str, str]]:
    """List the licences of an expression that SPDX keeps a text of: id and address."""
    for term in terms(read_license(expression)):
        if address := license_address(term.id):
            yield term.id, address
