"""The veto that suits a checker: by its index, policy, length and own code."""

from typing import Any

from sc2_attrib.attribution.check import Checker
from sc2_attrib.attribution.search_veto import SearchVeto
from sc2_attrib.attribution.veto import PolicyVeto
from sc2_attrib.index.matching.open_runs import FollowsRuns


def veto_of(checker: Checker) -> PolicyVeto | SearchVeto:
    """Deny what a checker finds to be denied.

    Raises:
        UsageError: its index finds only longer runs.
    """
    searcher = checker.searcher
    settings: dict[str, Any] = {
        "policy": checker.policy,
        "min_chars": checker.min_chars,
        "own_code": checker.own_code,
        "common": checker.common,
        "max_sources": checker.max_sources,
    }
    if isinstance(searcher, FollowsRuns):
        return PolicyVeto(searcher, **settings)
    return SearchVeto(searcher, **settings)
