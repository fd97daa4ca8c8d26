"""What is found of edited parts of the corpus, by sc2-attrib and by other methods."""

import random
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.edits import Edit
from benchmarks.peers import FileMinHash, Peer, WindowMinHash, Winnowing
from benchmarks.samples import Sample
from sc2_attrib.attribution.check import DEFAULT_MAX_SOURCES, DEFAULT_MIN_CHARS
from sc2_attrib.index.local import LocalIndex
from sc2_attrib.index.search import (
    ExactMatch,
    MatchSource,
    NearMatch,
    NearOptions,
    NearResult,
    SearchResult,
)

Match = ExactMatch | NearMatch

AIMS = {
    "verbatim": 1.0,
    "white space": 1.0,
    "1 to 3 names renamed": 0.97,
    "all names renamed": 0.95,
    "a lexeme in 10 % of lines": 0.99,
    "a lexeme in 40 % of lines": 0.9,
    "all together": 0.75,
}
CERTAIN = ("verbatim", "white space")  # what a benchmark that runs must find
SIZES = ("130-199", "200-399", "400 and more")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of a sample's own document, if it is named at all.

    `is_first`: no source of the longest match is closer. `n_shown` of the sample's `n_lines` lie in
    a match; `error` counts the lines by which the largest one's extent is off, both ends together.
    """

    is_found: bool
    is_first: bool
    n_shown: int
    error: int


@dataclass(slots=True)
class Tally:
    """What became of the samples under one kind of edit."""

    samples: list[Sample] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def add(self, sample: Sample, answer: Answer) -> None:
        """Take an answer."""
        self.samples.append(sample)
        self.answers.append(answer)

    def recall(self, n: int | None = None) -> float:
        """Share of the samples, or of the first `n`, whose document is named."""
        return _mean(answer.is_found for answer in self.answers[:n])

    @property
    def shown(self) -> float:
        """Share of the samples of which matches show half of the lines or more."""
        rows = zip(self.samples, self.answers, strict=True)
        return _mean(2 * answer.n_shown >= sample.n_lines for sample, answer in rows)

    @property
    def first(self) -> float:
        """Share of the named documents that come first."""
        return _mean(answer.is_first for answer in self.answers if answer.is_found)

    @property
    def lost(self) -> Counter[str]:
        """Languages of the samples that are not found."""
        rows = zip(self.samples, self.answers, strict=True)
        return Counter(sample.language for sample, answer in rows if not answer.is_found)

    @property
    def errors(self) -> list[int]:
        """Lines by which extents are off."""
        return [answer.error for answer in self.answers if answer.is_found]

    def of_size(self, size: str) -> str:
        """Recall of the samples of a size, as text."""
        rows = zip(self.samples, self.answers, strict=True)
        found = [answer.is_found for sample, answer in rows if size_of(sample.n_lexemes) == size]
        return f"{_mean(found):.3f}" if found else ""


def search(index: LocalIndex, text: bytes) -> tuple[SearchResult, NearResult]:
    """Search as scans do."""
    exact = search_exact(index, text)
    return exact, search_near(index, text, exact)


def search_exact(index: LocalIndex, text: bytes) -> SearchResult:
    """Search for copies alone."""
    [exact] = index.search([text], min_chars=DEFAULT_MIN_CHARS, max_sources=DEFAULT_MAX_SOURCES)
    return exact


def search_near(index: LocalIndex, text: bytes, exact: SearchResult) -> NearResult:
    """Search for edited copies alone, given what is exact."""
    [near] = index.search_near([text], [exact], NearOptions(), max_sources=DEFAULT_MAX_SOURCES)
    return near


def tally(index: LocalIndex, chosen: Sequence[Sample], edit: Edit, name: str) -> Tally:
    """Look every sample up, edited."""
    rng, result = random.Random(name), Tally()
    for sample in chosen:
        exact, near = search(index, edit(sample.text, rng))
        result.add(sample, answer_of(sample, [*exact.matches, *near.matches]))
    return result


def answer_of(sample: Sample, matches: Sequence[Match]) -> Answer:
    """Judge the matches of an edited sample."""
    named = [
        source for match in matches for source in match.sources if source.document == sample.swhid
    ]
    if not named:
        return Answer(is_found=False, is_first=False, n_shown=0, error=0)
    longest = max(matches, key=lambda match: match.stop - match.start)
    shown = set[int]().union(*(_shown(sample, source) for source in named))
    largest = max(named, key=lambda source: len(_shown(sample, source)))
    first, last = sample.lines
    error = abs(largest.first_line - first) + abs(largest.last_line - last)
    return Answer(True, _is_first(sample, longest.sources), len(shown), error)


def _is_first(sample: Sample, sources: Sequence[MatchSource]) -> bool:
    """Tell whether no source is closer: equal texts stand in several documents."""
    best = sources[0].similarity
    return any(each.document == sample.swhid and each.similarity == best for each in sources)


def _shown(sample: Sample, source: MatchSource) -> range:
    first, last = sample.lines
    return range(max(first, source.first_line), min(last, source.last_line) + 1)


def size_of(n_lexemes: int) -> str:
    """Name the class of sizes that a number of lexemes is in."""
    for low, high in ((65, 130), (130, 200), (200, 400)):
        if n_lexemes < high:
            return f"{low}-{high - 1}"
    return "400 and more"


def print_recall(tallies: Mapping[str, Tally], short: Mapping[str, Tally]) -> None:
    """Print what is found, by kind of edit and by size."""
    some = next(iter(tallies.values()))
    languages = Counter(sample.language or "unknown" for sample in some.samples).most_common()
    print(
        f"## What is found\n\nOf {len(some.samples)} parts of files of 130 lexemes and more:"
        f" {', '.join(f'{name} {n}' for name, n in languages)}. *Found*: a match names"
        " the file it was taken from. *Half shown*: such matches cover half of its lines or more;"
        " where a file repeats a part, its other place may be named. *First*: of those"
        " found, no source of the longest match is closer than that file. *Lines off*: by"
        " which the extent in the file is wrong, both ends together. The columns of sizes repeat"
        " *found* by lexemes; below 130 there is no aim.\n"
    )
    titles = ["edit", "found", "aim", "half shown", "first", "lines off: median, 95 %"]
    print(f"| {' | '.join([*titles, *SIZES, '65-129'])} |")
    print("|---" * (len(titles) + len(SIZES) + 1) + "|")
    for name, each in tallies.items():
        aim = f"{AIMS[name]:.2f} {met(each.recall() >= AIMS[name])}" if name in AIMS else ""
        off = f"{statistics.median(each.errors or [0]):.0f}, {quantile(each.errors, 0.95):.0f}"
        shares = [each.of_size(size) for size in SIZES]
        cells = [f"{each.recall():.3f}", aim, f"{each.shown:.3f}", f"{each.first:.3f}", off]
        row = [name, *cells, *shares, f"{short[name].recall():.3f}"]
        print(f"| {' | '.join(row)} |", flush=True)
    print("\nNot found, by language:\n")
    for name, each in tallies.items():
        if each.lost:
            lost = ", ".join(f"{language} {n}" for language, n in each.lost.most_common())
            print(f"- {name}: {lost}")


def print_peers(
    ours: Mapping[str, Tally], chosen: Sequence[Sample], n: int, kinds: Mapping[str, Edit]
) -> Mapping[str, Peer]:
    """Print what other methods find of the first `n` samples, in their documents alone."""
    peers: dict[str, Peer] = {
        "MinHash, files": FileMinHash(),
        "MinHash, windows": WindowMinHash(),
        "winnowing": Winnowing(),
    }
    numbers = {text: at for at, text in enumerate({each.document: None for each in chosen})}
    for text, number in numbers.items():
        for peer in peers.values():
            peer.add(number, text)
    print(
        f"\n## What other methods find\n\nOf the first {n} samples: the share found, and found"
        f" first. The others search only the {len(numbers)} files of all samples, sc2-attrib the"
        " whole index. MinHash is datasketch's LSH at a Jaccard similarity of 0.7, of whole files"
        " (it is not made for parts of them) and of windows of 128 lexemes. Winnowing has SCANOSS'"
        " parameters; a file is found that shares a fingerprint, whatever else it shares.\n"
    )
    print(f"| edit | sc2-attrib | {' | '.join(peers)} |\n|---|---" + "|---" * len(peers) + "|")
    for name, edit in kinds.items():
        rng = random.Random(name)
        edited = [(numbers[each.document], edit(each.text, rng)) for each in chosen[:n]]
        cells = [_peer_cell(peer, edited) for peer in peers.values()]
        first = _mean(answer.is_first for answer in ours[name].answers[:n])
        print(f"| {name} | {ours[name].recall(n):.3f}, {first:.3f} | {' | '.join(cells)} |")
    return peers


def print_named(index: LocalIndex, peers: Mapping[str, Peer], novel: Sequence[bytes]) -> None:
    """Print in how many novel texts each method finds anything, shared text included."""
    found = (search(index, text) for text in novel)
    shares = [f"sc2-attrib {_mean(bool(e.matches or n.matches) for e, n in found):.3f}"]
    shares += [
        f"{name} {_mean(bool(peer.find(text)) for text in novel):.3f}"
        for name, peer in peers.items()
    ]
    print(
        f"\nShare of {len(novel)} novel texts of 2 KB in which something is found, shared text and"
        f" licences included, in as much as each searches: {', '.join(shares)}.",
        flush=True,
    )


def _peer_cell(peer: Peer, edited: Sequence[tuple[int, bytes]]) -> str:
    answers = [(number, peer.find(text)) for number, text in edited]
    found = _mean(number in found for number, found in answers)
    first = _mean(found[:1] == [number] for number, found in answers)
    return f"{found:.3f}, {first:.3f}"


def met(is_met: bool) -> str:
    """Say whether an aim was reached."""
    return "met" if is_met else "**missed**"


def quantile(values: Iterable[float], share: float) -> float:
    """Take the value below which a share of the others lie; 0 of none."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0


def _mean(flags: Iterable[bool]) -> float:
    values = list(flags)
    return sum(values) / max(len(values), 1)
