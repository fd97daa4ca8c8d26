"""`generate --prompts`: many prompts and samples, in batches, each checked like a single one.

Every batch has a seed of its own: `--seed` plus the batch's number. A run that is started again
with the same file, options and output makes only the batches of which something is missing, with
the seeds and in the company that they would have had.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sc2_attrib.attribution.outcome import INCOMPLETE, VIOLATION
from sc2_attrib.cli.batch_records import (
    BatchPrompt,
    Sample,
    append_lines,
    batches,
    error_line,
    read_prompts,
    sample_line,
    written_samples,
)
from sc2_attrib.cli.completing import Completer
from sc2_attrib.cli.outputs import Output
from sc2_attrib.cli.progress import token_progress
from sc2_attrib.cli.prompt_sources import PromptOptions
from sc2_attrib.cli.run_record import RunStart
from sc2_attrib.cli.session import Session
from sc2_attrib.cli.wording import counted
from sc2_attrib.generator.completion import Completion
from sc2_attrib.generator.prompt import Truncation
from sc2_attrib.index.errors import UsageError


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """What to complete, how often, how many at once, and where to write."""

    prompts: Sequence[BatchPrompt]
    n_samples: int
    size: int
    output: Path

    def samples(self) -> list[Sample]:
        """List all samples in order."""
        return [(each.id, i) for each in self.prompts for i in range(self.n_samples)]


@dataclass(slots=True)
class Tally:
    """What has come of the samples so far."""

    done: int = 0
    violations: int = 0
    errors: int = 0

    @property
    def exit_code(self) -> int:
        """Give the exit status of the whole run."""
        if self.violations:
            return VIOLATION
        return INCOMPLETE if self.errors else 0


def batch_options(
    source: PromptOptions,
    outputs: Sequence[Output],
    prompts: Path | None,
    output: Path | None,
    *,
    n_samples: int,
    size: int,
) -> BatchOptions | None:
    """Read what --prompts names; None without it.

    Raises:
        UsageError: options that go only with it, or never with it.
    """
    if prompts is None:
        if output is not None or n_samples != 1:
            raise UsageError("--output and --n go with --prompts FILE.jsonl")
        return None
    if replace(source, repo_tokens=0) != PromptOptions():
        raise UsageError("--prompts brings the prompts itself; leave the other prompt options out")
    if output is None or outputs:
        raise UsageError(
            "--prompts writes JSON Lines to --output FILE.jsonl, each with its whole result;"
            " give that, and no --format"
        )
    if output.is_dir() or not output.parent.is_dir():
        raise UsageError(f"--output {output}: no file in a folder that exists")
    return BatchOptions(read_prompts(prompts), n_samples, size, output)


def complete_all(
    session: Session,
    completer: Completer,
    run: RunStart,
    options: BatchOptions,
    *,
    truncation: Truncation | None,
) -> int:
    """Write what is missing of the output, and return the exit status of all of it."""
    there = written_samples(options.output)
    samples = options.samples()
    tally = Tally(
        done=sum(sample in there for sample in samples),
        violations=sum(there.get(sample, False) for sample in samples),
    )
    if tally.done:
        session.says(f"{options.output} holds {counted(tally.done, 'completion')} already")
    started, n_tokens = time.perf_counter(), 0
    with token_progress(session, len(samples)) as show:
        for number, batch in enumerate(batches(samples, options.size)):
            if all(sample in there for sample in batch):
                continue
            n_tokens += _complete_batch(
                number, batch, there, completer, run, options, tally, truncation
            )
            show(tally.done, n_tokens / max(time.perf_counter() - started, 1e-9))
    _say_summary(session, tally, n_tokens, time.perf_counter() - started)
    return tally.exit_code


def _complete_batch(
    number: int,
    batch: Sequence[Sample],
    there: Iterable[Sample],
    completer: Completer,
    run: RunStart,
    options: BatchOptions,
    tally: Tally,
    truncation: Truncation | None,
) -> int:
    """Complete, check and write one batch; return the number of tokens."""
    prompts = {each.id: each.asked for each in options.prompts}
    seeded = replace(completer.sampling, seed=completer.sampling.seed + number)
    own = replace(completer, sampling=seeded)
    answers = completer.model.complete_batch(
        [prompts[prompt_id].prompt for prompt_id, _ in batch], seeded, truncation=truncation
    )
    lines, n_tokens = [], 0
    for sample, answer in zip(batch, answers, strict=True):
        if not isinstance(answer, Completion):
            line = error_line(sample, number, answer)
        else:
            n_tokens += answer.n_new_tokens
            done = own.check(prompts[sample[0]], answer, run)
            line = sample_line(sample, number, answer, done.result)
        if sample not in there:
            lines.append(line)
    append_lines(options.output, lines)
    tally.done += len(lines)
    tally.violations += sum(line["verdict"] == "violation" for line in lines)
    tally.errors += sum(line["verdict"] == "error" for line in lines)
    return n_tokens


def _say_summary(session: Session, tally: Tally, n_tokens: int, seconds: float) -> None:
    failed = f", {tally.errors:,} of them failed" if tally.errors else ""
    session.says(
        f"{counted(tally.done, 'completion')}{failed}, {counted(tally.violations, 'violation')};"
        f" {n_tokens:,} tokens at {n_tokens / max(seconds, 1e-9):,.0f} a second"
    )
