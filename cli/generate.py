"""`sc2-attrib generate`: complete a prompt, check the completion, show where it comes from.

Without --format, standard output gets what suits it. A terminal shows the completion while it is
written, then the annotated text; a pipe or file gets the plain completion and nothing else, and the
annotated text goes to standard error.
"""

import sys
from collections.abc import Iterable, Sequence
from functools import partial

import typer

from sc2_attrib.attribution.check import DEFAULT_MAX_SOURCES
from sc2_attrib.attribution.outcome import FailOn, exit_code
from sc2_attrib.attribution.policy import COMMON_REPOSITORIES
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.cli.check_options import (
    NEAR,
    Common,
    FailOnMatch,
    IncludeText,
    MaxSources,
    MinChars,
    MinLexemes,
    MinSimilarity,
    NoNear,
    near_options,
)
from sc2_attrib.cli.checking import CheckSettings
from sc2_attrib.cli.completing import CheckedCompletion, Completer, NamedPrompt
from sc2_attrib.cli.generate_batch import batch_options, complete_all
from sc2_attrib.cli.generate_options import (
    BatchSize,
    DeviceMap,
    DoSample,
    FimOrderName,
    FimPlace,
    FimPrefix,
    FimSuffix,
    MaxNewTokens,
    ModelAdapter,
    ModelDevice,
    ModelDeviceMap,
    ModelDoubleQuant,
    ModelDtype,
    ModelInt4Type,
    ModelName,
    ModelQuantization,
    ModelRevision,
    NSamples,
    NumBeams,
    OnMatchChoice,
    OutputFile,
    PromptFile,
    PromptsFile,
    PromptText,
    RepositoryFolder,
    RepositoryTokens,
    Seed,
    ServerTimeout,
    StopTexts,
    Temperature,
    TopK,
    TopP,
    TruncatePrompt,
)
from sc2_attrib.cli.locations import required_index
from sc2_attrib.cli.model_choice import ModelChoice, open_model
from sc2_attrib.cli.on_match import refuse_server, say_watched, watched_model
from sc2_attrib.cli.options import AsJson, Formats, IndexLocation
from sc2_attrib.cli.outputs import (
    Output,
    discard_old,
    requested_outputs,
    terminal_report,
    write_outputs,
)
from sc2_attrib.cli.policy_options import LedgerFile, PolicyLocation, ReviewsFile, judging
from sc2_attrib.cli.prompt_sources import PromptOptions, read_prompt
from sc2_attrib.cli.repository import DEFAULT_TOKENS
from sc2_attrib.cli.run_record import RunStart
from sc2_attrib.cli.session import Session
from sc2_attrib.cli.streams import print_data, print_message
from sc2_attrib.generator.guard import OnMatch
from sc2_attrib.generator.instruction import instruction_hint
from sc2_attrib.generator.load_options import LoadOptions
from sc2_attrib.generator.memory import Dtype, Int4Type
from sc2_attrib.generator.prompt import Prompt
from sc2_attrib.generator.remote import DEFAULT_TIMEOUT_S
from sc2_attrib.generator.sampling import Sampling

DEFAULTS = Sampling()
DEFAULT_BATCH = 8


def generate(
    context: typer.Context,
    prompt: PromptText = None,
    prompt_file: PromptFile = None,
    fim: FimPlace = None,
    fim_prefix: FimPrefix = None,
    fim_suffix: FimSuffix = None,
    fim_order: FimOrderName = None,
    repo: RepositoryFolder = None,
    repo_tokens: RepositoryTokens = DEFAULT_TOKENS,
    prompts: PromptsFile = None,
    output: OutputFile = None,
    n: NSamples = 1,
    batch_size: BatchSize = DEFAULT_BATCH,
    truncate_prompt: TruncatePrompt = None,
    index: IndexLocation = None,
    model: ModelName = None,
    revision: ModelRevision = None,
    adapter: ModelAdapter = None,
    dtype: ModelDtype = Dtype.AUTO,
    quantize: ModelQuantization = None,
    int4_type: ModelInt4Type = Int4Type.NF4,
    double_quant: ModelDoubleQuant = False,
    device: ModelDevice = "auto",
    device_map: ModelDeviceMap = None,
    timeout: ServerTimeout = DEFAULT_TIMEOUT_S,
    max_new_tokens: MaxNewTokens = DEFAULTS.max_new_tokens,
    do_sample: DoSample = DEFAULTS.do_sample,
    temperature: Temperature = DEFAULTS.temperature,
    top_p: TopP = DEFAULTS.top_p,
    top_k: TopK = DEFAULTS.top_k,
    num_beams: NumBeams = DEFAULTS.num_beams,
    seed: Seed = DEFAULTS.seed,
    stop: StopTexts = None,
    on_match: OnMatchChoice = OnMatch.ANNOTATE,
    min_chars: MinChars = None,
    max_sources: MaxSources = DEFAULT_MAX_SOURCES,
    min_similarity: MinSimilarity = NEAR.min_similarity,
    min_lexemes: MinLexemes = NEAR.min_lexemes,
    no_near: NoNear = False,
    common: Common = COMMON_REPOSITORIES,
    policy: PolicyLocation = None,
    reviews: ReviewsFile = None,
    ledger: LedgerFile = None,
    include_text: IncludeText = False,
    fail_on: FailOnMatch = FailOn.DENY,
    formats: Formats = None,
    as_json: AsJson = False,
) -> int:
    """Complete a prompt and show where the code comes from."""
    session = Session.of(context)
    outputs = requested_outputs(formats, as_json=as_json, default=None)
    refuse_server(on_match, model)
    source = PromptOptions(prompt, prompt_file, fim, fim_prefix, fim_suffix, repo, repo_tokens)
    batch = batch_options(source, outputs, prompts, output, n_samples=n, size=batch_size)
    asked = batch.prompts[0].asked if batch else read_prompt(source)
    given = [each.asked for each in batch.prompts] if batch else [asked]
    sampling = Sampling(
        max_new_tokens, do_sample, temperature, top_p, top_k, num_beams, seed, tuple(stop or ())
    )
    loading = LoadOptions(
        dtype=dtype,
        quantization=quantize,
        int4_type=int4_type,
        double_quantization=double_quant,
        device=device,
        spread=device_map is DeviceMap.AUTO,
        adapter=adapter,
        fim_order=fim_order,
    )
    choice = ModelChoice(model, revision, loading, timeout)
    run = RunStart.now(session, truncate_prompt=truncate_prompt)
    judged = judging(session, policy, reviews=reviews, ledger=ledger)
    settings = CheckSettings(
        index=required_index(index),
        policy=judged.policy,
        min_chars=min_chars,
        max_sources=max_sources,
        near=near_options(no_near=no_near, min_similarity=min_similarity, min_lexemes=min_lexemes),
        common=common,
    )
    with settings.opened() as checker:
        _hint(session, given)
        loaded = open_model(
            session,
            choice,
            n_tokens=_longest(given) + max_new_tokens,
            batch=batch.size if batch else 1,
        )
        loaded = watched_model(loaded, on_match, checker)
        discard_old(outputs)
        on_text = _stream if not outputs and sys.stdout.isatty() else None
        completer = Completer(
            loaded,
            checker,
            sampling,
            fail_on,
            known=judged.known,
            keep=partial(judged.record, with_text=include_text),
        )
        if batch:
            return complete_all(session, completer, run, batch, truncation=truncate_prompt)
        done = completer.complete(asked, run, truncation=truncate_prompt, on_text=on_text)
    _show(done, outputs, session)
    return exit_code(done.result)


def _hint(session: Session, prompts: Iterable[NamedPrompt]) -> None:
    """Tell the user, once, of a prompt that asks instead of beginning."""
    hints = (instruction_hint(each.prompt.prefix) for each in prompts)
    hint = next(filter(None, hints), None)
    if hint:
        session.says(hint)


def _longest(prompts: Iterable[NamedPrompt]) -> int:
    """Return how many tokens the longest prompt has at most: no more than bytes."""
    return max(_n_bytes(each.prompt) for each in prompts)


def _n_bytes(prompt: Prompt) -> int:
    others = prompt.repository.max_tokens if prompt.repository else 0
    return len(prompt.prefix.encode()) + len((prompt.suffix or "").encode()) + others


def _visible_text(text: str) -> str:
    """Spell out what would command the terminal."""
    return "".join(c if c in "\n\t" else visible(c) for c in text)


def _stream(piece: str) -> None:
    """Print a piece of the completion at once."""
    print_data(_visible_text(piece), flush=True)


def _show(done: CheckedCompletion, outputs: Sequence[Output], session: Session) -> None:
    session.details(f"prompt as sent: {_visible_text(done.completion.sent_text)}")
    say_watched(session, done.completion)
    seconds = max(done.completion.seconds, 1e-9)
    n_tokens = done.completion.n_new_tokens
    session.details(f"{n_tokens} tokens in {seconds:.1f} s, {n_tokens / seconds:.0f} a second")
    if outputs:
        write_outputs([done.result], outputs, session)
    elif sys.stdout.isatty():
        print_data("\n\n" + terminal_report(done.result, session, sys.stdout))
    else:
        print_data(done.completion.text)
        if not session.quiet:
            print_message(terminal_report(done.result, session, sys.stderr))
