"""Sources by licence: the licence is the question, so the strictest comes first."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from sc2_attrib.attribution.license import license_address, read_license
from sc2_attrib.attribution.license_tree import terms
from sc2_attrib.attribution.result import Source


def by_license(sources: Iterable[Source]) -> list[Sequence[Source]]:
    """Group sources by licence expression, the strictest category first, else in order."""
    groups: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        groups[source.license.expression].append(source)
    return sorted(groups.values(), key=lambda group: -group[0].license.category.severity)


def addresses(expression: str) -> Iterator[tuple[str, str]]:
    """List the licences of an expression that SPDX keeps a text of: id and address."""
    for term in terms(read_license(expression)):
        if address := license_address(term.id):
            yield term.id, address
