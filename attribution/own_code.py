"""Code that is the user's own: its sources never count.

A source is own by its repository or by its path, as globs of the policy say. A whole match is own
where its text stands in an index that the user keeps of own code, whichever source the searched
index found it in: forks and older revisions hold it under other names.

A match whose sources are all own is suppressed, and says by what. Of others the own sources stay
listed, and the rest are judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sc2_attrib.attribution.policy_glob import glob_matches
from sc2_attrib.attribution.policy_rule import SourceFacts
from sc2_attrib.index.search import MatchSource, Searcher

OWN_CODE_KIND = "own-code"


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
    """Suppress a match whose sources are all own by their places."""
    return {"kind": OWN_CODE_KIND, "reason": "every source is your own code"}


def own_by_index(searcher: Searcher, texts: Sequence[bytes]) -> list[Mapping[str, object] | None]:
    """Suppress those matched texts that stand whole in one document of an index of own code.

    A text shorter than what the index guarantees to find is not looked for.
    """
    guarantee = searcher.guarantee_chars
    location = searcher.describe().location
    found = searcher.search(texts, min_chars=guarantee, max_sources=1)
    suppressions: list[Mapping[str, object] | None] = []
    for text, result in zip(texts, found, strict=True):
        sources = (
            match.sources[0]
            for match in result.matches
            if match.start == 0 and match.stop == len(text) and match.sources
        )
        holder = next(sources, None)
        suppressions.append(_held_by(holder, location) if holder else None)
    return suppressions


def _held_by(holder: MatchSource, location: str) -> Mapping[str, object]:
    return {
        "kind": OWN_CODE_KIND,
        "reason": "the text stands in the index of your own code",
        "index": location,
        "document": holder.document,
        "repository": holder.occurrence.repository,
        "path": holder.occurrence.path,
    }
