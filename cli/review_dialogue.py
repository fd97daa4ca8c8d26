"""The dialogue of `sc2-attrib review`: a match beside its source, and a choice.

Questions and what they are about go to standard error, as prompts do. Text of others is made safe
to print. The end of the input, like `q`, ends the dialogue.
"""

import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from pathlib import Path

from sc2_attrib.attribution.ids import sha256
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import Action, MatchRecord, Result, Source
from sc2_attrib.attribution.review import Choice
from sc2_attrib.attribution.suppression import licenses_of
from sc2_attrib.attribution.text import decode_input, readable
from sc2_attrib.cli.policy_options import today
from sc2_attrib.cli.streams import print_message

SHOWN_LINES = 40
SHOWN_SOURCES = 5
ANSWERS = {"a": Action.ALLOW, "t": Action.ATTRIBUTE, "d": Action.DENY}
SKIP, QUIT = "s", "q"
QUESTION = "[a]llow, a[t]tribute, [d]eny, [s]kip or [q]uit? "


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Asks one person about matches of a result. `expires` is proposed for every choice."""

    result: Result
    author: str
    expires: date | None

    def choices(self, matches: Iterable[MatchRecord]) -> Iterator[Choice]:
        """Ask about each match; yield each choice as soon as it is made."""
        for match in matches:
            print_message("".join(visible(line) + "\n" for line in self._shown(match)))
            answer = _ask_one_of(QUESTION, (*ANSWERS, SKIP, QUIT))
            if answer == QUIT:
                return
            if answer == SKIP:
                continue
            reason = _ask_text("reason: ")
            if reason is None:
                return
            yield self._choice(match, ANSWERS[answer], reason)

    def _choice(self, match: MatchRecord, action: Action, reason: str) -> Choice:
        return Choice(
            fingerprint=match.fingerprint,
            action=action,
            reason=reason,
            author=self.author,
            decided=today(),
            expires=self.expires or _ask_day("expires (YYYY-MM-DD; empty: never): "),
            path=path_of(self.result, match),
            licenses=licenses_of(match),
        )

    def _shown(self, match: MatchRecord) -> Iterator[str]:
        first, last = match.generated.lines
        yield ""
        yield f"{path_of(self.result, match)}:{first}-{last}  match {match.id[:12]}"
        yield f"{match.policy.action}: {match.policy.reason} (rule {match.policy.rule})"
        yield from map(_source_line, match.sources[:SHOWN_SOURCES])
        if len(match.sources) > SHOWN_SOURCES:
            yield f"  and {len(match.sources) - SHOWN_SOURCES:,} more"
        yield ""
        yield from _side_by_side(self._text(match), self._excerpt(match))
        yield ""

    def _excerpt(self, match: MatchRecord) -> str:
        return self.result.texts.get(match.sources[0].excerpt, "") if match.sources else ""

    def _text(self, match: MatchRecord) -> str:
        """Find the matched text: kept in the result, or in the file if it has not changed."""
        record = next(each for each in self.result.inputs if each.id == match.input)
        if record.text is not None:
            return record.text[slice(*match.generated.chars)]
        try:
            raw = Path(record.path).read_bytes()
        except OSError:
            return f"({record.path} can't be read)"
        if sha256(raw) != record.sha256:
            return f"({record.path} has changed since)"
        return readable(decode_input(raw).utf8[slice(*match.generated.bytes)])


def path_of(result: Result, match: MatchRecord) -> str:
    """Find the path of the input that a match lies in."""
    return next(record.path for record in result.inputs if record.id == match.input)


def _source_line(source: Source) -> str:
    license_ = source.license
    conflict = ", other evidence differs" if license_.conflict else ""
    first, last = source.lines
    return (
        f"  {license_.expression} ({license_.basis}{conflict})"
        f"  {source.repo}  {source.path}:{first}-{last}"
    )


def _side_by_side(text: str, excerpt: str) -> Iterator[str]:
    """Set two texts beside each other, the checked one left, as wide as the terminal."""
    width = max(20, (shutil.get_terminal_size().columns - 3) // 2)
    rows = list(zip_longest(text.splitlines(), excerpt.splitlines(), fillvalue=""))
    yield f"{'checked text':{width}} | source"
    for left, right in rows[:SHOWN_LINES]:
        yield f"{_cut(left, width):{width}} | {_cut(right, width)}"
    if len(rows) > SHOWN_LINES:
        yield f"… {len(rows) - SHOWN_LINES} more lines"


def _cut(line: str, width: int) -> str:
    line = visible(line.expandtabs(4))
    return line if len(line) <= width else line[: width - 1] + "…"


def _ask_one_of(question: str, answers: tuple[str, ...]) -> str:
    """Ask until one of the answers comes; the end of the input is `q`."""
    while (line := _ask(question)) is not None:
        if line.lower() in answers:
            return line.lower()
    return QUIT


def _ask_text(question: str) -> str | None:
    """Ask until there is a text; None at the end of the input."""
    while (line := _ask(question)) is not None:
        if line:
            return line
    return None


def _ask_day(question: str) -> date | None:
    """Ask until there is a day that has not passed, or nothing."""
    while line := _ask(question):
        try:
            day = date.fromisoformat(line)
        except ValueError:
            continue
        if day >= today():
            return day
    return None


def _ask(question: str) -> str | None:
    print_message(question)
    line = sys.stdin.readline()
    return line.strip() if line else None
