"""Text + searcher + policy: which parts of an input stand in the index, and what to do about it.

`Checker.check` is a stream: inputs go in, in any number, and each comes out as a `CheckedInput` in
the same order. Texts are searched in batches, because a search of many costs less than many
searches; when a batch fails, each of its texts is searched alone, so that one bad input doesn't
take the others with it. An input that was not or could not be checked passes through as a value
with its reason: nothing is left out in silence.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from sc2_attrib.attribution.ids import content_swhid, input_id, sha1, sha256
from sc2_attrib.attribution.match import Checked, Generated, describe_match
from sc2_attrib.attribution.near import describe_near
from sc2_attrib.attribution.offsets import TextOffsets
from sc2_attrib.attribution.own_code import suppress_own
from sc2_attrib.attribution.policy import COMMON_REPOSITORIES, DEFAULT_POLICY, Policy
from sc2_attrib.attribution.result import (
    Completion,
    InputKind,
    InputRecord,
    InputStatus,
    MatchRecord,
    Range,
)
from sc2_attrib.attribution.source import text_key
from sc2_attrib.attribution.source_license import GoverningTexts, license_texts
from sc2_attrib.attribution.text import DecodedInput, decode_input, readable, readable_path
from sc2_attrib.index.errors import UnusableError, UsageError
from sc2_attrib.index.near.counts import LexemeCounts
from sc2_attrib.index.search import (
    ExactMatch,
    NearMatch,
    NearOptions,
    NearResult,
    Searcher,
    SearchResult,
)
from sc2_attrib.index.text import normalize

DEFAULT_MIN_CHARS = 100
DEFAULT_MAX_SOURCES = 100
BATCH_BYTES = 1 << 20  # raw text searched at once: enough to amortise a search, little to hold
BATCH_INPUTS = 64
NOTHING_NEAR = NearResult((), bounded=False)


T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class CheckInput:
    """A text to check.

    `raw` is the input as it lies on disk; a completion is checked within prefix + completion +
    suffix, and `generated` says which part the model wrote. Only matches that touch one of
    `added_lines` (1-based, inclusive) are kept, where it is given. `with_text` puts the text into
    the result; that of a completion always is.
    """

    kind: InputKind
    path: str
    raw: bytes
    language: str | None = None
    generated: Generated | None = None
    added_lines: tuple[Range, ...] | None = None
    with_text: bool = False


@dataclass(frozen=True, slots=True)
class UncheckedInput:
    """Something that is not checked: skipped by a rule, or an error that made it unreadable."""

    kind: InputKind
    path: str
    status: InputStatus
    reason: str


@dataclass(frozen=True, slots=True)
class CheckedInput:
    """What came of one input.

    `texts` are the excerpts that its matches name. `matched_chars` counts the normalised
    characters that lie in any match, each once.
    """

    record: InputRecord
    matches: tuple[MatchRecord, ...] = ()
    texts: dict[str, str] = field(default_factory=dict)
    matched_chars: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """What the searcher found in one text."""

    exact: SearchResult
    near: NearResult = NOTHING_NEAR

    @property
    def bounded(self) -> bool:
        """Tell whether something was cut short."""
        return self.exact.bounded or self.near.bounded


class Checker:
    """Checks inputs against one index under one policy."""

    def __init__(
        self,
        searcher: Searcher,
        *,
        min_chars: int | None = None,
        max_sources: int = DEFAULT_MAX_SOURCES,
        policy: Policy = DEFAULT_POLICY,
        own_code: Searcher | None = None,
        near: NearOptions | None = NearOptions(),  # noqa: B008  # frozen
        common: int = COMMON_REPOSITORIES,
        jobs: int = 1,
    ) -> None:
        """Check against `searcher`.

        Args:
            searcher: an open index; it stays the caller's to close.
            min_chars: shortest match reported, in normalised characters; None for 100, or for what
                the index guarantees where that is more.
            max_sources: sources listed a match, 0 for all of them.
            policy: what to do about matches.
            own_code: an index of the user's own code, whose text doesn't count.
            near: which edited copies are reported; None: none are.
            common: repositories from which on a text is common.
            jobs: batches checked at the same time, each in a thread; the searcher must allow it.

        Raises:
            UsageError: a number is out of range.
        """
        guarantee = searcher.guarantee_chars
        self.min_chars = max(DEFAULT_MIN_CHARS, guarantee) if min_chars is None else min_chars
        self.max_sources = max_sources
        self.policy = policy
        self.searcher = searcher
        self.own_code = own_code
        self.near = near
        self.common = common
        self._jobs = jobs
        if self.min_chars < guarantee:
            raise UsageError(
                f"min_chars {self.min_chars} is below the {guarantee} characters from which on this"
                f" index finds every match; use {guarantee} or more, or build it with less"
            )
        if max_sources < 0:
            raise UsageError(f"max_sources {max_sources}: use 0 for all sources, or a number above")

    def check(self, inputs: Iterable[CheckInput | UncheckedInput]) -> Iterator[CheckedInput]:
        """Check inputs; results come in their order, some batches later.

        Raises:
            UsageError: the searcher refuses the call itself.
        """
        for checked in _in_order(self._check_batch, batches(inputs), self._jobs):
            yield from checked

    def check_text(
        self, text: str, *, path: str = "<text>", language: str | None = None
    ) -> CheckedInput:
        """Check one text; offsets in what comes back are into its UTF-8 bytes.

        Args:
            text: any text; what UTF-8 can't hold, half a surrogate pair, becomes a question mark.
            path: what to call it in the result; a policy may ask for it.
            language: of the code, if known.
        """
        raw = text.encode(errors="replace")
        [checked] = self.check([CheckInput(InputKind.FILE, path, raw, language=language)])
        return checked

    def _check_batch(self, batch: Sequence[CheckInput | UncheckedInput]) -> list[CheckedInput]:
        texts = [_decoded(item) for item in batch if isinstance(item, CheckInput)]
        found = iter(self._search([text.utf8 for text in texts]))
        decoded = iter(texts)
        return [
            self._checked(item, next(decoded), next(found))
            if isinstance(item, CheckInput)
            else CheckedInput(_unchecked_record(item))
            for item in batch
        ]

    def _search(self, texts: Sequence[bytes]) -> list[Found | UnusableError]:
        """Search texts together, or each alone where that fails."""
        if not texts:
            return []
        try:
            return self._find(texts)
        except UnusableError as err:
            if len(texts) == 1:
                return [err]
            return [found for text in texts for found in self._search([text])]

    def _find(self, texts: Sequence[bytes]) -> list[Found | UnusableError]:
        exact = self.searcher.search(texts, min_chars=self.min_chars, max_sources=self.max_sources)
        if self.near is None:
            return [Found(found) for found in exact]
        near = self.searcher.search_near(texts, exact, self.near, max_sources=self.max_sources)
        return list(map(Found, exact, near))

    def _checked(
        self, item: CheckInput, text: DecodedInput, found: Found | UnusableError
    ) -> CheckedInput:
        """Describe what was found; an index that fails now fails this input."""
        try:
            if isinstance(found, UnusableError):
                raise found
            return self._described(item, text, found)
        except UnusableError as error:
            reason, offsets = " ".join(str(error).split()), TextOffsets(text.utf8)
            return CheckedInput(_record(item, text, offsets, InputStatus.ERROR, reason=reason))

    def _described(self, item: CheckInput, text: DecodedInput, found: Found) -> CheckedInput:
        offsets = TextOffsets(text.utf8)
        record = _record(item, text, offsets, InputStatus.CHECKED, bounded=found.bounded)
        checked = Checked(
            record,
            text.utf8,
            offsets,
            LexemeCounts(text.utf8),
            item.generated,
            self.searcher.license_texts,
            self.common,
        )
        kept = [
            match for match in found.exact.matches if _touches(match, item.added_lines, offsets)
        ]
        near = [match for match in found.near.matches if _touches(match, item.added_lines, offsets)]
        matches = [describe_match(match, checked, self.policy) for match in kept]
        matches += [describe_near(match, checked, self.policy, matches) for match in near]
        matches.sort(key=lambda match: (match.generated.bytes[0], -match.generated.bytes[1]))
        if self.own_code is not None:
            matches = suppress_own(matches, text.utf8, self.own_code)
        return CheckedInput(
            record,
            tuple(matches),
            _texts(text.utf8, kept, near, self.searcher.license_texts),
            _covered_chars(text.utf8, [*kept, *near]),
        )


def _in_order(work: Callable[[T], R], items: Iterable[T], jobs: int) -> Iterator[R]:
    """Map with `jobs` threads, a few items ahead; results come in the order of the items."""
    if jobs == 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(jobs) as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def batches(
    inputs: Iterable[CheckInput | UncheckedInput],
) -> Iterator[list[CheckInput | UncheckedInput]]:
    """Cut a stream of inputs into lists that are worth a search, in order."""
    batch: list[CheckInput | UncheckedInput] = []
    n_bytes = 0
    for item in inputs:
        batch.append(item)
        n_bytes += len(item.raw) if isinstance(item, CheckInput) else 0
        if n_bytes >= BATCH_BYTES or len(batch) >= BATCH_INPUTS:
            yield batch
            batch, n_bytes = [], 0
    if batch:
        yield batch


def _decoded(item: CheckInput) -> DecodedInput:
    """Decode an input; what the model wrote is UTF-8 already, and its offsets must hold."""
    return DecodedInput(item.raw, "utf-8") if item.generated else decode_input(item.raw)


def _record(
    item: CheckInput,
    text: DecodedInput,
    offsets: TextOffsets,
    status: InputStatus,
    *,
    reason: str | None = None,
    bounded: bool = False,
) -> InputRecord:
    path, digest = readable_path(item.path), sha256(item.raw)
    return InputRecord(
        id=input_id(item.kind, path, digest),
        kind=item.kind,
        path=path,
        sha256=digest,
        swhid=content_swhid(item.raw),
        bytes=len(text.utf8),
        lines=offsets.n_lines,
        language=item.language,
        encoding=text.encoding,
        completion=_completion(item.generated, offsets) if item.generated else None,
        text=readable(text.utf8) if item.with_text or item.generated else None,
        status=status,
        reason=reason,
        bounded=bounded,
        sha1=sha1(item.raw),
    )


def _unchecked_record(item: UncheckedInput) -> InputRecord:
    path = readable_path(item.path)
    return InputRecord(
        id=input_id(item.kind, path, None),
        kind=item.kind,
        path=path,
        sha256=None,
        swhid=None,
        bytes=None,
        lines=None,
        language=None,
        encoding=None,
        completion=None,
        text=None,
        status=item.status,
        reason=item.reason,
        bounded=False,
    )


def _completion(generated: Generated, offsets: TextOffsets) -> Completion:
    return Completion(
        bytes=(generated.start, generated.stop),
        chars=(offsets.char(generated.start), offsets.char(generated.stop)),
        stopped=generated.stopped,
        vetoes=generated.vetoes,
        prompt=generated.prompt,
        seed=generated.seed,
    )


def _touches(
    match: ExactMatch | NearMatch, added: tuple[Range, ...] | None, offsets: TextOffsets
) -> bool:
    if added is None:
        return True
    first, last = offsets.line(match.start), offsets.line(match.stop - 1)
    return any(first <= added_last and added_first <= last for added_first, added_last in added)


def _texts(
    utf8: bytes,
    exact: Sequence[ExactMatch],
    near: Sequence[NearMatch],
    governing: GoverningTexts,
) -> dict[str, str]:
    """Texts that the matches name: of their sources, their licences, and what was checked."""
    sources = [source for match in exact for source in match.sources]
    sources += [source for match in near for source in match.sources]
    texts = {source.excerpt for source in sources}
    texts |= {utf8[match.start : match.stop] for match in near}
    for place in dict.fromkeys(source.occurrence for source in sources):
        texts |= {text.content for text in license_texts(place, governing)}
    return {text_key(text): text for text in map(readable, texts)}


def _covered_chars(raw: bytes, matches: Iterable[ExactMatch | NearMatch]) -> int:
    """Count the normalised characters in the union of the matches."""
    covered, end = 0, 0
    for match in sorted(matches, key=lambda match: match.start):
        start = max(match.start, end)
        end = max(match.stop, end)
        covered += len(normalize(raw[start:end]))
    return covered
