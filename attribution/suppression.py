"""Matches that are known about: they stay in the result, and don't count.

`MatchRecord.suppression` says why one doesn't count, as a mapping: `kind` and `reason` always, and
what belongs to the kind.

    own-code   every source is the user's own (own_code.py); `index`, `document`, `repository` and
               `path` say where, if an index of own code holds the text
    baseline   the match was there when the baseline was written (baseline.py); `file`
    review     somebody looked at it and decided (review.py); `action`, `author`, `decided`,
               `expires`, and `policy`: what the policy had said

Own code is settled while a match is judged; a baseline and reviews are asked afterwards, because
they know matches by the fingerprints they have in the result.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from sc2_attrib.attribution.result import MatchRecord


class KnownMatches(Protocol):
    """Something that knows matches: a baseline, or reviewed choices."""

    def settle(self, match: MatchRecord) -> MatchRecord:
        """Return the match as it is, suppressed, or under a choice that overrules the policy."""


def settled(matches: Iterable[MatchRecord], known: Sequence[KnownMatches]) -> list[MatchRecord]:
    """Ask those who know about each match that counts, until one has suppressed it."""
    return [_settled(match, known) for match in matches]


def licenses_of(match: MatchRecord) -> tuple[str, ...]:
    """List the licence expressions of a match's sources, each once, sorted."""
    return tuple(sorted({source.license.expression for source in match.sources}))


def count_suppressed(matches: Iterable[MatchRecord]) -> dict[str, int]:
    """Count the suppressed matches by kind."""
    kinds = (str(each.suppression["kind"]) for each in matches if each.suppression)
    return dict(sorted(Counter(kinds).items()))


def suppression_schema() -> Mapping[str, object]:
    """Describe `MatchRecord.suppression` as a JSON Schema."""
    text = {"type": "string"}
    optional = ("index", "document", "repository", "path", "file", "author", "decided", "expires")
    return {
        "type": "object",
        "required": ["kind", "reason"],
        "properties": {
            "kind": {"enum": ["own-code", "baseline", "review"]},
            "reason": text,
            "action": {"enum": ["allow", "attribute"]},
            "policy": {"$ref": "#/$defs/PolicyDecision"},
            **dict.fromkeys(optional, text),
        },
    }


def _settled(match: MatchRecord, known: Sequence[KnownMatches]) -> MatchRecord:
    for each in known:
        if match.in_prompt or match.suppression is not None:
            break
        match = each.settle(match)
    return match
