"""What a veto denies of a text that grows, against brute force over the documents."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from sc2_attrib.attribution.policy import Combine, Policy
from sc2_attrib.attribution.policy_rule import MatchFacts, SourceFacts
from sc2_attrib.attribution.result import Action
from sc2_attrib.attribution.veto import PolicyVeto
from sc2_attrib.generator.veto import S, Veto
from sc2_attrib.index.building import BuildOptions, build_index
from sc2_attrib.index.corpus.document import SourceDocument
from sc2_attrib.index.local import LocalIndex, open_index
from sc2_attrib.index.text import normalize
from tests.index.corpora import Documents, document

GUARANTEE, MIN_CHARS, COMMON = 32, 66, 25
LICENSES = (*["GPL-3.0-only"] * 16, "MIT", "MIT OR GPL-3.0-only", "AGPL-3.0-only", "")
POLICIES = {
    "strictest": Policy(),
    "mildest": Policy(combine=Combine.MILDEST),
    "nothing is common": Policy(rules=Policy().rules[3:]),
}
CHARACTERS = "abcdefghijklmnopqrstuvwxyz_(). \n" + "éũж字🙂"


def text_of(rng: random.Random, n: int) -> str:
    return "".join(rng.choices(CHARACTERS, k=n))


def make_documents(rng: random.Random) -> list[SourceDocument]:
    """Texts of shared pieces under several licences; one piece stands in most of them."""
    pieces = [text_of(rng, rng.randrange(20, 160)) for _ in range(12)]
    made = []
    for number in range(100):
        parts = [rng.choice(pieces) for _ in range(3)]
        if number < 90:
            parts[1:1] = [pieces[0], text_of(rng, 30)]
        each = document("".join(parts).encode(), "a.py", rng.choice(LICENSES))
        place = replace(each.occurrence, repository=f"owner/{number}")
        made.append(replace(each, occurrence=place))
    return made


@pytest.fixture(scope="module")
def documents() -> list[SourceDocument]:
    """The corpus."""
    return make_documents(random.Random(5))


@pytest.fixture(scope="module")
def index(
    documents: list[SourceDocument], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalIndex]:
    """An index of it."""
    folder = tmp_path_factory.mktemp("veto") / "index"
    build_index([Documents(documents)], folder, BuildOptions(GUARANTEE, near=False))
    with open_index(folder) as opened:
        yield opened


def n_held_at(stop: int, text: bytes, document: bytes) -> int:
    """Count the bytes before `stop` that stand together in a document."""
    low, high = 0, stop
    while low < high:
        middle = (low + high + 1) // 2
        if text[stop - middle : stop] in document:
            low = middle
        else:
            high = middle - 1
    return low


class Brute:
    """Judges runs by all documents that hold them."""

    def __init__(self, documents: Sequence[SourceDocument], policy: Policy) -> None:
        self._policy = policy
        self._held = [(normalize(each.content), each.occurrence) for each in documents]

    def denies(self, run: bytes) -> bool:
        places = [place for text, place in self._held if run in text]
        if not places:
            return False
        sources = tuple(
            SourceFacts(
                place.licenses[0].expression if place.licenses else "NONE",
                place.repository,
                place.path,
            )
            for place in places
        )
        facts = MatchFacts(sources, common=len({each.repository for each in sources}) >= COMMON)
        return self._policy.judge(facts).action is Action.DENY

    def completes(self, text: bytes, token: bytes, sent: bytes) -> set[bytes]:
        """List the denied runs of MIN_CHARS or more that a token would complete or lengthen."""
        grown, runs = text + token, set()
        for held, _ in self._held:
            n = [n_held_at(stop, grown, held) for stop in range(len(text) + 1, len(grown) + 1)]
            for at, n_held in enumerate(n):
                goes_on = at + 1 < len(n) and n[at + 1] == n_held + 1
                if n_held >= MIN_CHARS and not goes_on:
                    stop = len(text) + 1 + at
                    runs.add(grown[stop - n_held : stop])
        return {run for run in runs if run not in sent and self.denies(run)}


def forbids(veto: Veto[S], state: S, token: bytes) -> bool:
    """Decide about a token as a guard does."""
    begun = [run for run in veto.denied(state) if normalize(token).startswith(run.rest)]
    if any(run.is_certain for run in begun):
        return True
    bare = normalize(token)
    is_doubtful = begun or veto.is_crowded(state) or len(bare) >= veto.least_unseen(state)
    return bool(bare) and bool(is_doubtful) and veto.check([(state, token)]) != [None]


def tokens(rng: random.Random, text: bytes, documents: Sequence[bytes]) -> Iterator[bytes]:
    """Recite a document from where the text stands in it, in tokens of many lengths, with slips."""
    while True:
        document = rng.choice(documents)
        at = rng.randrange(len(document))
        for _ in range(rng.randrange(4, 60)):
            n = rng.choice((1, 2, 3, 5, 8, 8, 40))
            yield document[at : at + n]
            at += n
            if rng.random() < 0.05:
                yield text_of(rng, 2).encode()


@pytest.mark.parametrize("name", POLICIES)
def test_denies_what_brute_force_denies(
    name: str, index: LocalIndex, documents: list[SourceDocument]
) -> None:
    """A token is forbidden exactly where it completes or lengthens a run that is denied.

    By the mildest source a run may also be denied that is denied by those alone that end with it,
    as when a text is checked.
    """
    rng = random.Random(name)
    policy = POLICIES[name]
    veto = PolicyVeto(index, policy=policy, min_chars=MIN_CHARS, common=COMMON)
    brute = Brute(documents, policy)
    held = [normalize(each.content) for each in documents]
    n_forbidden = n_allowed = n_crowded = 0
    for _ in range(10):
        document = rng.choice(held)
        start = rng.randrange(len(document))
        text = sent = document[start : start + rng.randrange(120)]
        state = veto.begin(sent, [sent])
        for token in itertools.islice(tokens(rng, text, held), 40):
            bare = normalize(token)
            expected = brute.completes(text, bare, sent)
            forbidden = forbids(veto, state, token)
            may_be_more = policy.combine is Combine.MILDEST
            assert forbidden == bool(expected) or (forbidden and may_be_more), (text, bare)
            n_crowded += veto.is_crowded(state)
            if expected:
                n_forbidden += 1
            else:
                text, state, n_allowed = text + bare, veto.extend(state, token), n_allowed + 1
    assert min(n_allowed, n_crowded) > 20
    assert n_forbidden > 5
