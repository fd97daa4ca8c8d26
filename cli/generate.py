"""`sc2-attrib generate`: complete a prompt, check the completion, show where it comes from.

Without --format, standard output gets what suits it. A terminal shows the completion while it is
written, then the annotated text; a pipe or file gets the plain completion and nothing else, and the
annotated text goes to standard error.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from sc2_attrib.attribution.check import DEFAULT_MAX_SOURCES, Checker
from sc2_attrib.attribution.outcome import FailOn, exit_code
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.text import decode_input
from sc2_attrib.cli.check_options import (
    NEAR,
    FailOnMatch,
    IncludeText,
    MaxSources,
    MinChars,
    MinLexemes,
    MinSimilarity,
    NoNear,
    near_options,
)
from sc2_attrib.cli.completing import CheckedCompletion, Completer, NamedPrompt
from sc2_attrib.cli.generate_options import (
    DoSample,
    FimPrefix,
    FimSuffix,
    MaxNewTokens,
    ModelDevice,
    ModelDtype,
    ModelName,
    NumBeams,
    PromptFile,
    PromptText,
    Seed,
    Temperature,
    TopK,
    TopP,
    TruncatePrompt,
)
from sc2_attrib.cli.inputs import STDIN
from sc2_attrib.cli.locations import model_folder, open_index_at, required_index
from sc2_attrib.cli.options import AsJson, Formats, IndexLocation
from sc2_attrib.cli.outputs import (
    Output,
    discard_old,
    requested_outputs,
    terminal_report,
    write_outputs,
)
from sc2_attrib.cli.policy_options import LedgerFile, PolicyLocation, ReviewsFile, judging
from sc2_attrib.cli.progress import waiting
from sc2_attrib.cli.run_record import RunStart
from sc2_attrib.cli.session import Session
from sc2_attrib.cli.streams import print_data, print_message
from sc2_attrib.cli.walk import reason_of
from sc2_attrib.generator.load_options import LoadOptions
from sc2_attrib.generator.loading import load_model
from sc2_attrib.generator.memory import Dtype
from sc2_attrib.generator.prompt import Prompt
from sc2_attrib.generator.sampling import Sampling
from sc2_attrib.generator.starcoder import LocalModel
from sc2_attrib.index.corpus.language import language_of
from sc2_attrib.index.errors import UsageError

DEFAULTS = Sampling()


def generate(
    context: typer.Context,
    prompt: PromptText = None,
    prompt_file: PromptFile = None,
    fim_prefix: FimPrefix = None,
    fim_suffix: FimSuffix = None,
    truncate_prompt: TruncatePrompt = None,
    index: IndexLocation = None,
    model: ModelName = None,
    dtype: ModelDtype = Dtype.AUTO,
    device: ModelDevice = "auto",
    max_new_tokens: MaxNewTokens = DEFAULTS.max_new_tokens,
    do_sample: DoSample = DEFAULTS.do_sample,
    temperature: Temperature = DEFAULTS.temperature,
    top_p: TopP = DEFAULTS.top_p,
    top_k: TopK = DEFAULTS.top_k,
    num_beams: NumBeams = DEFAULTS.num_beams,
    seed: Seed = DEFAULTS.seed,
    min_chars: MinChars = None,
    max_sources: MaxSources = DEFAULT_MAX_SOURCES,
    min_similarity: MinSimilarity = NEAR.min_similarity,
    min_lexemes: MinLexemes = NEAR.min_lexemes,
    no_near: NoNear = False,
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
    asked = _asked(prompt, prompt_file, fim_prefix, fim_suffix)
    sampling = Sampling(max_new_tokens, do_sample, temperature, top_p, top_k, num_beams, seed)
    run = RunStart.now(session, truncate_prompt=truncate_prompt)
    judged = judging(session, policy, reviews=reviews, ledger=ledger)
    with open_index_at(required_index(index)) as searcher, judged.own_code() as own_code:
        checker = Checker(
            searcher,
            min_chars=min_chars,
            max_sources=max_sources,
            policy=judged.policy,
            own_code=own_code,
            near=near_options(
                no_near=no_near, min_similarity=min_similarity, min_lexemes=min_lexemes
            ),
        )
        loaded = _load(session, model_folder(model), dtype, device)
        discard_old(outputs)
        on_text = _stream if not outputs and sys.stdout.isatty() else None
        done = Completer(loaded, searcher, checker, sampling, fail_on, known=judged.known).complete(
            asked, run, truncation=truncate_prompt, on_text=on_text
        )
    judged.record([done.result], with_text=include_text)
    _show(done, outputs, session)
    return exit_code(done.result)


def _load(session: Session, folder: Path, dtype: Dtype, device: str) -> LocalModel:
    with waiting(session, "loading the model"):
        return load_model(folder, LoadOptions(dtype=dtype, device=device))


def _asked(
    text: str | None, file: Path | None, fim_prefix: str | None, fim_suffix: str | None
) -> NamedPrompt:
    """Take the prompt from the one place where it was given.

    Raises:
        UsageError: it was given in none or in several, or can't be read.
    """
    if text is None and file is None and fim_prefix is None and not sys.stdin.isatty():
        text = STDIN if fim_suffix is None else None
    if sum(given is not None for given in (text, file, fim_prefix)) > 1:
        raise UsageError("generate: give one of PROMPT, --prompt-file and --fim-prefix")
    if file is not None:
        path = file.as_posix()
        return NamedPrompt(Prompt(_text_of(file), fim_suffix), path, language_of(path))
    if text == STDIN:
        text = _decoded(sys.stdin.buffer.read(), "standard input")
    return NamedPrompt(Prompt(text or fim_prefix or "", fim_suffix))


def _text_of(file: Path) -> str:
    try:
        return _decoded(file.read_bytes(), str(file))
    except OSError as error:
        raise UsageError(f"--prompt-file {file}: {reason_of(error)}") from error


def _decoded(raw: bytes, origin: str) -> str:
    try:
        return decode_input(raw).utf8.decode()
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{origin}: byte {error.start} is no UTF-8; re-encode the prompt"
        ) from error


def _stream(piece: str) -> None:
    """Print a piece of the completion at once; what would command the terminal is spelt out."""
    print_data("".join(c if c in "\n\t" else visible(c) for c in piece), flush=True)


def _show(done: CheckedCompletion, outputs: Sequence[Output], session: Session) -> None:
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
