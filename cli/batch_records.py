"""`--prompts`: prompts and completions as JSON Lines, each completion once.

A prompt is a line {"prompt": TEXT}, with "suffix" where a hole is to be filled and, as wanted,
"id", "path" and "language". A completion is a line with the prompt's id (its line number without
one), the number of the sample, the text, and the whole result document of its check. Samples are
written in order. A file that ends in half a line, as a killed run leaves it, is cut there.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sc2_attrib.attribution.result import Result
from sc2_attrib.attribution.result_json import dump
from sc2_attrib.cli.completing import NamedPrompt
from sc2_attrib.cli.walk import reason_of
from sc2_attrib.generator.completion import Completion
from sc2_attrib.generator.prompt import Prompt
from sc2_attrib.index.corpus.language import language_of
from sc2_attrib.index.errors import UsageError

_KEYS = ("prompt", "suffix", "id", "path", "language")

Sample = tuple[str, int]
"""The id of a prompt and the number of its sample, from 0."""


@dataclass(frozen=True, slots=True)
class BatchPrompt:
    """A prompt of a file: its id, and what is to be completed."""

    id: str
    asked: NamedPrompt


def read_prompts(path: Path) -> list[BatchPrompt]:
    """Read a file of prompts.

    Raises:
        UsageError: it can't be read, or a line is no prompt; the line is named.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as err:
        raise UsageError(f"--prompts {path}: {reason_of(err)}") from err
    except UnicodeDecodeError as err:
        raise UsageError(f"--prompts {path}: byte {err.start} is no UTF-8") from err
    prompts = [_prompt(line, f"{path}:{n}", n) for n, line in enumerate(lines, 1) if line.strip()]
    seen: set[str] = set()
    for prompt in prompts:
        if prompt.id in seen:
            raise UsageError(f"--prompts {path}: two prompts have the id {prompt.id!r}")
        seen.add(prompt.id)
    if not prompts:
        raise UsageError(f"--prompts {path}: no prompts in it")
    return prompts


def _prompt(line: str, place: str, number: int) -> BatchPrompt:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as err:
        raise UsageError(f"{place}: no JSON: {err}") from err
    if not isinstance(value, dict) or not isinstance(value.get("prompt"), str):
        raise UsageError(f'{place}: no object with a text as "prompt"')
    unknown = value.keys() - set(_KEYS)
    if unknown:
        raise UsageError(f"{place}: unknown key {min(unknown)!r}; there are {', '.join(_KEYS)}")
    for key in _KEYS[1:]:
        if not isinstance(value.get(key), str | None) and (key, type(value[key])) != ("id", int):
            raise UsageError(f"{place}: {key!r} is {value[key]!r}; it must be a text")
    name = value.get("path") or "<completion>"
    language = value.get("language") or (language_of(name) if value.get("path") else None)
    try:
        prompt = Prompt(value["prompt"], value.get("suffix"))
    except UsageError as err:
        raise UsageError(f"{place}: {err}") from err
    given = value.get("id")
    return BatchPrompt(str(number if given is None else given), NamedPrompt(prompt, name, language))


def written_samples(path: Path) -> dict[Sample, bool]:
    """List the samples that a file of completions holds, and whether each is a violation.

    What stands behind the last whole line is cut off.

    Raises:
        UsageError: it holds something else; then it is left alone.
    """
    if not path.exists():
        return {}
    raw = path.read_bytes()
    whole = raw[: raw.rfind(b"\n") + 1]
    samples: dict[Sample, bool] = {}
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            value = json.loads(line)
            sample = str(value["id"]), int(value["sample"])
            samples[sample] = value["verdict"] == "violation"
        except (ValueError, KeyError, TypeError) as err:
            raise UsageError(
                f"--output {path}:{number}: no completion of --prompts; name another file"
            ) from err
    if len(whole) < len(raw):
        os.truncate(path, len(whole))
    return samples


def sample_line(
    sample: Sample, batch: int, completion: Completion, result: Result
) -> dict[str, object]:
    """Make the line of a completion."""
    prompt_id, number = sample
    return {
        "id": prompt_id,
        "sample": number,
        "batch": batch,
        "seed": completion.seed,
        "completion": completion.text,
        "stopped": completion.stopped,
        "prompt_tokens": completion.n_prompt_tokens,
        "new_tokens": completion.n_new_tokens,
        "verdict": result.summary.verdict,
        "result": json.loads(dump(result)),
    }


def error_line(sample: Sample, batch: int, error: UsageError) -> dict[str, object]:
    """Make the line of a prompt that can't be completed."""
    prompt_id, number = sample
    return {
        "id": prompt_id,
        "sample": number,
        "batch": batch,
        "error": str(error),
        "verdict": "error",
    }


def append_lines(path: Path, lines: Sequence[dict[str, object]]) -> None:
    """Add lines to a file, so that they are there when this returns."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def batches(samples: Sequence[Sample], size: int) -> Iterator[list[Sample]]:
    """Cut samples into batches. A resumed run cuts as the first did, so its texts are the same."""
    for start in range(0, len(samples), size):
        yield list(samples[start : start + size])
