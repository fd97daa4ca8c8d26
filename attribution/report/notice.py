"""What third-party notices say, before it is written as text or Markdown.

A match whose action asks for attribution names works: repositories at a revision, each under the
licence its evidence states, with copyright lines and the licence texts that the index kept. A text
is there once, however many works it came with. What is denied or to be reviewed is no third-party
material that somebody has cleared, so it stands apart, and so does what is suppressed: a notice
must not read as if it covered that.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sc2_attrib.attribution.report.license_groups import addresses
from sc2_attrib.attribution.report.match_rows import strictest_license
from sc2_attrib.attribution.report.searched import statement
from sc2_attrib.attribution.report.sentences import (
    Standing,
    missed,
    place_of,
    principal,
    span,
    suppression_reason,
)
from sc2_attrib.attribution.result import Action, MatchRecord, Result, Source

INTRODUCTION = (
    "Text of the works below was found again in the checked inputs. The policy of the run allows it"
    " with attribution."
)
NOTHING = "No match asks for attribution. This says nothing about what is not in the index."
NO_TEXT = "The index holds no licence text of some works above. SPDX has the text of:"
NO_TEXT_ANYWHERE = "The index holds no licence text of some works above, and SPDX lists none."
NOT_CLEARED = "These matches are denied or wait for a review. The notices above do not cover them."
SUPPRESSED = "These matches were left out of the count. The notices above do not cover them."

_OPEN = (Action.DENY, Action.REVIEW)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part of a work stands, and where it was found again."""

    source: str
    address: str | None
    found: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """A repository at a revision under one licence. `texts` are numbers of `Notice.texts`."""

    name: str
    copyright: tuple[str, ...]
    places: tuple[Place, ...]
    texts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LicensedWorks:
    """The works under one licence; `addresses` are the SPDX ids in it and their pages."""

    expression: str
    addresses: tuple[tuple[str, str], ...]
    works: tuple[Work, ...]


@dataclass(frozen=True, slots=True)
class Pending:
    """A match that the notice does not cover: where, what, and why."""

    where: str
    source: str
    license: str
    reason: str


@dataclass(frozen=True, slots=True)
class Notice:
    """All that a notice says, in order. `texts` are numbered from 1."""

    faults: tuple[str, ...]
    groups: tuple[LicensedWorks, ...]
    texts: tuple[str, ...]
    not_cleared: tuple[Pending, ...]
    suppressed: tuple[Pending, ...]
    coverage: str


def read_notice(result: Result) -> Notice:
    """Collect what a notice about a result has to say."""
    paths = {record.id: record.path for record in result.inputs}
    attributed = [match for match in result.matches if asks_for_attribution(match)]
    keys = _text_keys(attributed, result.texts)
    numbers = {key: number for number, key in enumerate(keys, 1)}
    open_ = (m for m in result.matches if _counts(m) and m.policy.action in _OPEN)
    settled = (
        match
        for match in result.matches
        if match.suppression is not None and not asks_for_attribution(match)
    )
    return Notice(
        faults=tuple(missed(result)),
        groups=tuple(_groups(attributed, paths, numbers)),
        texts=tuple(result.texts[key] for key in keys),
        not_cleared=tuple(_pending(match, paths, match.policy.reason) for match in open_),
        suppressed=tuple(_pending(match, paths, suppression_reason(match)) for match in settled),
        coverage=statement(result),
    )


def asks_for_attribution(match: MatchRecord) -> bool:
    """Tell whether the sources of a match must be named.

    A review may have decided just that; other reasons why a match doesn't count leave it out.
    """
    is_reviewed = (match.suppression or {}).get("kind") == "review"
    return match.policy.action is Action.ATTRIBUTE and (_counts(match) or is_reviewed)


def _counts(match: MatchRecord) -> bool:
    return Standing.of(match) is Standing.COUNTS


def _text_keys(matches: Iterable[MatchRecord], texts: Mapping[str, str]) -> list[str]:
    keys = dict.fromkeys(
        key for match in matches for source in match.sources for key in source.license_texts
    )
    return [key for key in keys if key in texts]


def _groups(
    matches: Sequence[MatchRecord], paths: Mapping[str, str], numbers: Mapping[str, int]
) -> Iterator[LicensedWorks]:
    """Group the sources of matches by licence, then by work, both in order of their names."""
    licenses: dict[str, dict[str, dict[Source, list[str]]]] = {}
    for match in matches:
        where = _where(match, paths)
        for source in match.sources:
            works = licenses.setdefault(source.license.expression, {})
            works.setdefault(_work_name(source), {}).setdefault(source, []).append(where)
    for expression in sorted(licenses):
        works = licenses[expression]
        described = (_work(name, works[name], numbers) for name in sorted(works))
        yield LicensedWorks(expression, tuple(addresses(expression)), tuple(described))


def _work(name: str, found: Mapping[Source, Sequence[str]], numbers: Mapping[str, int]) -> Work:
    keys = dict.fromkeys(key for source in found for key in source.license_texts)
    return Work(
        name=name,
        copyright=tuple(dict.fromkeys(line for each in found for line in each.license.copyright)),
        places=tuple(
            Place(f"{source.path}:{span(source.lines)}", source.url, tuple(dict.fromkeys(where)))
            for source, where in found.items()
        ),
        texts=tuple(numbers[key] for key in keys if key in numbers),
    )


def _work_name(source: Source) -> str:
    return f"{source.repo}@{source.revision}" if source.revision else source.repo


def _where(match: MatchRecord, paths: Mapping[str, str]) -> str:
    return f"{paths.get(match.input, match.input)}:{span(match.generated.lines)}"


def _pending(match: MatchRecord, paths: Mapping[str, str], reason: str) -> Pending:
    return Pending(
        where=_where(match, paths),
        source=place_of(principal(match)),
        license=strictest_license(match).expression,
        reason=f"{match.policy.action}: {reason}",
    )
