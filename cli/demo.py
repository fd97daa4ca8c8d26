"""`sc2-attrib demo`: the whole of it, on a machine with nothing prepared.

Makes what is missing, an index of this interpreter's code and a small StarCoder2 trained on part of
it; then completes prompts that the model has learnt, until a completion holds a match. Both are
kept in the user's cache folder, so the second run starts at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from sc2_attrib.attribution.check import Checker
from sc2_attrib.attribution.outcome import FailOn, counts
from sc2_attrib.cli.completing import CheckedCompletion, Completer, NamedPrompt
from sc2_attrib.cli.index_build import build_into
from sc2_attrib.cli.locations import DEMO, demo_cache, demo_index, open_index_at
from sc2_attrib.cli.options import AsJson, Formats
from sc2_attrib.cli.outputs import discard_old, requested_outputs, write_outputs
from sc2_attrib.cli.progress import step_progress, waiting
from sc2_attrib.cli.run_record import RunStart
from sc2_attrib.cli.session import Session
from sc2_attrib.cli.streams import print_message
from sc2_attrib.generator.demo import demo_prompts, ensure_demo_model
from sc2_attrib.generator.loading import load_model
from sc2_attrib.generator.sampling import Sampling
from sc2_attrib.index.building import BuildOptions
from sc2_attrib.index.corpus.location import INSTALLED, open_source
from sc2_attrib.index.errors import IndexUnusableError
from sc2_attrib.index.stores import store_at

SAMPLING = Sampling(max_new_tokens=128)

NEXT = """
The same index and model, by name:
  sc2-attrib generate --index demo --model demo "def dedent(text):"
  sc2-attrib scan --index demo PATH...
  sc2-attrib index search --index demo --file FILE
An index of your own code:
  sc2-attrib index build FOLDER --index my-index
"""


def demo(context: typer.Context, formats: Formats = None, as_json: AsJson = False) -> int:
    """Try everything on this machine, with nothing prepared."""
    session = Session.of(context)
    outputs = requested_outputs(formats, as_json=as_json)
    discard_old(outputs)
    model = _ensure_model(session)
    _ensure_index(session)
    with _completer(session, model) as completer:
        done = _first_match(completer, session)
    write_outputs([done.result], outputs, session)
    if not _holds_match(done):
        session.says("no completion held a match this time; try 'sc2-attrib generate'")
    if not session.quiet:
        print_message(NEXT)
    return 0


def _ensure_model(session: Session) -> Path:
    with step_progress(session, "training the demo model") as show:
        return ensure_demo_model(demo_cache(), show and (lambda done, total, _: show(done, total)))


def _ensure_index(session: Session) -> None:
    """Build the index if there is none, or none that this version can read."""
    try:
        open_index_at(DEMO).close()
    except IndexUnusableError as error:
        session.details(f"building the demo's index: {error}")
        sources, options = [open_source(INSTALLED)], BuildOptions(force=True)
        build_into(session, store_at(demo_index()), sources, options)


@contextmanager
def _completer(session: Session, model: Path) -> Iterator[Completer]:
    with open_index_at(DEMO) as searcher:
        with waiting(session, "loading the model"):
            loaded = load_model(model)
        yield Completer(loaded, Checker(searcher), SAMPLING, FailOn.NEVER)


def _first_match(completer: Completer, session: Session) -> CheckedCompletion:
    """Complete the fixed prompts in turn until one completion holds a match."""
    for prompt in demo_prompts().copied:
        done = completer.complete(NamedPrompt(prompt, language="Python"), RunStart.now(session))
        if _holds_match(done):
            break
    return done


def _holds_match(done: CheckedCompletion) -> bool:
    return any(map(counts, done.result.matches))
