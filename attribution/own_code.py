"""Code that is the user's own: its sources never count.

A source is own by its repository or by its path, as globs of the policy say. A whole match is own
where its text stands in an index that the user keeps of own code, whichever source the searched
index found it in: forks and older revisions hold it under other names.

A match whose sources are all own is suppressed, and says by what. Of others the own sources stay
listed, and the rest are judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sc2_attrib.attribution.policy_glob import glob_matches
from sc2_attrib.attribution.policy_rule import SourceFacts
from sc2_attrib.attribution.result import Action, MatchRecord, PolicyDecision
from sc2_attrib.attribution.text import readable_path
from sc2_attrib.index.search import MatchSource, Searcher

OWN_CODE_KIND = "own-code"
OWN_CODE = PolicyDecision(Action.ALLOW, OWN_CODE_KIND, "every source is your own code")


@dataclass(frozen=True, slots=True)
class OwnCode:
    """Globs of repositories (case doesn't count) and paths, and the location of an index."""

    repositories: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    index: str | None = None

    def owns(self, source: SourceFacts) -> bool:
        """Tell whether a source is own by its place."""
        repository = (source.repository or "").casefold()
        return any(glob_matches(glob.casefold(), repository) for glob in self.repositories) or (
            source.path is not None and any(glob_matches(glob, source.path) for glob in self.paths)
        )

    def describe(self) -> Mapping[str, object]:
        """Say what is own in the words of a policy file; empty where nothing is."""
        stated = {
            "repositories": list(self.repositories),
            "paths": list(self.paths),
            "index": self.index,
        }
        return {key: value for key, value in stated.items() if value}


NOTHING_OWN = OwnCode()


def own_by_place() -> Mapping[str, object]:
    """Say why a match whose sources are all own by their places is suppressed."""
    return {"kind": OWN_CODE_KIND, "reason": OWN_CODE.reason}


def suppress_own(
    matches: Sequence[MatchRecord], utf8: bytes, own_code: Searcher
) -> list[MatchRecord]:
    """Suppress the matches of a text that stand whole in one document of an index of own code.

    One shorter than what the index guarantees to find is not looked for. What stands in the prompt
    doesn't count anyway.
    """
    open_ones = [each for each in matches if not each.in_prompt and each.suppression is None]
    texts = [utf8[slice(*each.generated.bytes)] for each in open_ones]
    holders = dict(zip((each.id for each in open_ones), _holders(own_code, texts), strict=True))
    location = own_code.describe().location
    return [_suppressed(each, holders.get(each.id), location) for each in matches]


def stands_whole_in(own_code: Searcher, text: bytes) -> bool:
    """Tell whether one document of an index of own code holds the whole of a text."""
    return _holders(own_code, [text]) != [None]


def _holders(own_code: Searcher, texts: Sequence[bytes]) -> list[MatchSource | None]:
    """Find for each text a place that holds the whole of it."""
    if not texts:
        return []
    found = own_code.search(texts, min_chars=own_code.guarantee_chars, max_sources=1)
    return [
        next(
            (match.sources[0] for match in result.matches if match.stop - match.start == len(text)),
            None,
        )
        for text, result in zip(texts, found, strict=True)
    ]


def _suppressed(match: MatchRecord, holder: MatchSource | None, location: str) -> MatchRecord:
    if holder is None:
        return match
    reason = "the text stands in the index of your own code"
    suppression = {
        "kind": OWN_CODE_KIND,
        "reason": reason,
        "index": location,
        "document": holder.document,
        "repository": readable_path(holder.occurrence.repository),
        "path": readable_path(holder.occurrence.path),
    }
    policy = PolicyDecision(OWN_CODE.action, OWN_CODE.rule, reason)
    return replace(match, policy=policy, suppression=suppression)
