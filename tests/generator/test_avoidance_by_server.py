"""Denied text avoided by an index on a real server: as by a folder, with few searches."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sc2_attrib.attribution.check import Checker
from sc2_attrib.attribution.search_veto import SearchVeto
from sc2_attrib.attribution.veto import PolicyVeto
from sc2_attrib.attribution.veto_of import veto_of
from sc2_attrib.generator import Completion, LocalModel, Prompt, Sampling
from sc2_attrib.generator.demo import TrainingText
from sc2_attrib.generator.guard import OnMatch
from sc2_attrib.generator.guarded_model import GuardedModel
from sc2_attrib.index.building import BuildOptions
from sc2_attrib.index.local import open_index
from sc2_attrib.index.stores import FolderStore, ServerStore, Store
from sc2_attrib.index.text import normalize
from tests.attribution.test_veto import forbids, make_documents, tokens
from tests.generator.watching import GUARANTEE, MIN_CHARS, Texts, denied_runs, windows
from tests.index.corpora import Documents
from tests.index.elastic.conftest import new_address, skip_without_jdk
from tests.index.elastic.servers import Node, distribution

pytestmark = pytest.mark.elastic
GPL = "GPL-3.0-only"
OPTIONS = BuildOptions(GUARANTEE, near=False)
MOST_SEARCHES = 2  # a step: one for all texts, one for all tokens that are tried


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A server of this module's own."""
    skip_without_jdk(8)
    started = Node(distribution(8), tmp_path_factory.mktemp("elasticsearch")).start()
    yield started
    started.stop()


@dataclass(frozen=True, slots=True)
class Pair:
    """The same documents in a folder and on a server."""

    folder: Store
    server: Store

    @classmethod
    def of(cls, node: Node, folder: Path) -> "Pair":
        return cls(FolderStore(folder), ServerStore(new_address(node)))


def test_forbids_what_a_folder_forbids(node: Node, tmp_path: Path) -> None:
    """Token by token, for texts that are shared by some and by many documents."""
    rng, pair = random.Random(11), Pair.of(node, tmp_path / "index")
    documents = make_documents(random.Random(5))
    for store in (pair.folder, pair.server):
        store.build([Documents(documents)], OPTIONS)
    held = [normalize(each.content) for each in documents]
    n_forbidden = 0
    with open_index(tmp_path / "index") as index, pair.server.open() as server:
        by_folder = PolicyVeto(index, min_chars=MIN_CHARS, common=25)
        by_server = SearchVeto(server, min_chars=MIN_CHARS, common=25)
        for _ in range(4):
            prompt = rng.choice(held)[: rng.randrange(90)]
            state = by_folder.begin(prompt, [prompt])
            there = by_server.begin(prompt, [prompt])
            for token in itertools.islice(tokens(rng, prompt, held), 24):
                [there] = by_server.settle([there])
                forbidden = forbids(by_folder, state, token)
                assert forbids(by_server, there, token) == forbidden, (prompt, token)
                n_forbidden += forbidden
                if not forbidden:
                    state = by_folder.extend(state, token)
                    there = by_server.extend(there, token)
    assert n_forbidden


def test_a_model_writes_as_with_a_folder(
    model: LocalModel, training_texts: tuple[TrainingText, ...], node: Node, tmp_path: Path
) -> None:
    """Alone, in batches and with beams; a step costs two searches, however many texts it has."""
    pair = Pair.of(node, tmp_path / "index")
    for store in (pair.folder, pair.server):
        store.build([Texts(training_texts, [GPL] * len(training_texts))], OPTIONS)
    denied = {run for text in training_texts for run in windows(text.text)}
    heads = [text.text[: text.text.index("\n", 40)] for text in training_texts]
    prompts = [Prompt(head[:60]) for head in heads]
    with pair.folder.open() as folder, pair.server.open() as server:
        watched = [
            GuardedModel(
                model,
                veto_of(Checker(index, min_chars=MIN_CHARS, near=None)),
                on_match=OnMatch.AVOID,
            )
            for index in (folder, server)
        ]
        for sampling in (Sampling(max_new_tokens=32), Sampling(max_new_tokens=24, num_beams=2)):
            here, there = (each.complete_batch(prompts, sampling) for each in watched)
            for one, other in zip(here, there, strict=True):
                assert isinstance(one, Completion)
                assert isinstance(other, Completion)
                assert (other.text, other.stopped) == (one.text, one.stopped)
                assert other.vetoes == one.vetoes
                assert denied_runs(other, denied) == set()
                assert other.guard_cost is not None
                assert other.guard_cost.n_searches <= MOST_SEARCHES * other.guard_cost.n_steps
            assert any(isinstance(one, Completion) and one.vetoes for one in there)
