"""A model's completion as an input to check: generate, then say which bytes the model wrote.

What is checked is the text around the cursor with the completion in its place, so that a copy that
begins in the prompt is seen whole. `Generated` keeps the two apart again: it names the bytes the
model wrote, and the texts it was sent, which after a truncation are less than what was given.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from sc2_attrib.attribution.check import CheckInput
from sc2_attrib.attribution.match import Generated
from sc2_attrib.attribution.result import InputKind
from sc2_attrib.attribution.result import Model as ModelRecord
from sc2_attrib.generator.completion import Completion, Model
from sc2_attrib.generator.prompt import Prompt, Truncation
from sc2_attrib.generator.sampling import Sampling


@dataclass(frozen=True, slots=True)
class Completed:
    """A completion, and the input by which a checker sees it."""

    completion: Completion
    input: CheckInput


def complete(
    model: Model,
    prompt: Prompt,
    sampling: Sampling,
    *,
    path: str,
    language: str | None = None,
    truncation: Truncation | None = None,
    on_text: Callable[[str], None] | None = None,
) -> Completed:
    """Complete a prompt and make the input to check.

    Args:
        model: what completes.
        prompt: the text before the cursor, and behind it where a hole is filled.
        sampling: how tokens are chosen.
        path: what to call the completion in the result.
        language: of the code, if known.
        truncation: what to drop of a prompt that is too long; None refuses it.
        on_text: called with each piece of the completion as it is written.

    Raises:
        UsageError: the prompt doesn't suit the model.
    """
    completion = model.complete(prompt, sampling, truncation=truncation, on_text=on_text)
    return completed(prompt, completion, path=path, language=language)


def completed(
    prompt: Prompt, completion: Completion, *, path: str, language: str | None = None
) -> Completed:
    """Make the input to check of a completion that there is already."""
    return Completed(completion, _input(prompt, completion, path=path, language=language))


def describe_model(model: Model, sampling: Sampling, completion: Completion) -> ModelRecord:
    """Put a model, how it was asked and what watching it took into the words of the result."""
    about, cost = model.describe(), completion.guard_cost
    watching = (
        {"watching": {"ms_per_token": round(cost.ms_per_step, 3), "searches": cost.n_searches}}
        if cost
        else {}
    )
    return ModelRecord(
        id=about.id,
        revision=about.revision,
        dtype=about.dtype,
        device=about.device,
        parameters={**asdict(sampling), **about.options, **watching},
        license=about.license,
    )


def _input(
    prompt: Prompt, completion: Completion, *, path: str, language: str | None
) -> CheckInput:
    before, written = prompt.prefix.encode(), completion.text.encode()
    after = (prompt.suffix or "").encode()
    sent = [completion.sent.prefix, completion.sent.suffix or ""]
    if completion.sent.repository is not None:
        sent += [file.text for file in completion.sent.repository.files]
    generated = Generated(
        start=len(before),
        stop=len(before) + len(written),
        sent=tuple(text.encode() for text in sent if text),
        stopped=completion.stopped,
        vetoes=completion.vetoes,
        prompt=completion.sent_text,
        seed=completion.seed,
    )
    raw = before + written + after
    return CheckInput(InputKind.COMPLETION, path, raw, language=language, generated=generated)
