"""What the inputs of a scan are checked by: settings that any process can make a checker of."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sc2_attrib.attribution.check import CheckedInput, Checker
from sc2_attrib.attribution.policy import Policy
from sc2_attrib.cli.locations import open_index_at
from sc2_attrib.cli.policy_options import own_code_of
from sc2_attrib.index.search import NearOptions


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """All that decides what is found in a text, apart from the indexes' contents."""

    index: str
    policy: Policy
    min_chars: int | None
    max_sources: int
    near: NearOptions | None
    common: int

    @contextmanager
    def opened(self, *, jobs: int = 1) -> Iterator[Checker]:
        """Open the index, and that of the user's own code where the policy names one.

        Args:
            jobs: threads of the checker.

        Raises:
            UsageError: a number is out of range, or a name no index.
            UnusableError: an index can't be opened.
        """
        with open_index_at(self.index) as searcher, own_code_of(self.policy) as own_code:
            yield Checker(
                searcher,
                min_chars=self.min_chars,
                max_sources=self.max_sources,
                policy=self.policy,
                own_code=own_code,
                near=self.near,
                common=self.common,
                jobs=jobs,
            )


def sharing_texts(checked: Iterable[CheckedInput]) -> Iterator[CheckedInput]:
    """Let inputs share the texts that they name alike: a licence text is in memory once."""
    texts: dict[str, str] = {}
    for item in checked:
        shared = {key: texts.setdefault(key, text) for key, text in item.texts.items()}
        yield replace(item, texts=shared)
