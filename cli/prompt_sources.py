"""From the options of `generate` to a prompt: an argument, a file, standard input, a place in one.

A file's own path and language go with it into the result.
"""

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from sc2_attrib.attribution.text import decode_input
from sc2_attrib.cli.completing import NamedPrompt
from sc2_attrib.cli.inputs import STDIN
from sc2_attrib.cli.repository import gather
from sc2_attrib.cli.walk import reason_of
from sc2_attrib.generator.prompt import Prompt
from sc2_attrib.index.corpus.language import language_of
from sc2_attrib.index.errors import UsageError

_PLACE: Final = re.compile(r"(?P<file>.+?):(?P<line>\d+)(?::(?P<column>\d+))?")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class PromptOptions:
    """Where the prompt may come from; all of it as given on the command line."""

    text: str | None = None
    file: Path | None = None
    fim: str | None = None
    fim_prefix: str | None = None
    fim_suffix: str | None = None
    repo: Path | None = None
    repo_tokens: int = 0


def read_prompt(options: PromptOptions) -> NamedPrompt:
    """Take the prompt from the one place where it was given.

    Raises:
        UsageError: it was given in none or in several, or can't be read.
    """
    asked, file = _read(options)
    if options.repo is None:
        return asked
    whole = asked.prompt.prefix + (asked.prompt.suffix or "")
    repository = gather(options.repo, file, whole, max_tokens=options.repo_tokens)
    return replace(asked, prompt=replace(asked.prompt, repository=repository))


def _read(options: PromptOptions) -> tuple[NamedPrompt, Path | None]:
    text, suffix = options.text, options.fim_suffix
    given = (text, options.file, options.fim_prefix, options.fim)
    if all(each is None for each in given) and not sys.stdin.isatty():
        text = STDIN if suffix is None else None
    if sum(each is not None for each in given) > 1:
        raise UsageError("generate: give one of PROMPT, --prompt-file, --fim and --fim-prefix")
    if options.fim is not None:
        if suffix is not None:
            raise UsageError("--fim takes what stands behind the place; leave --fim-suffix out")
        file, prompt = prompt_at(options.fim)
    elif options.file is not None:
        file, prompt = options.file, Prompt(_text_of(options.file, "--prompt-file"), suffix)
    else:
        if text == STDIN:
            text = _decoded(sys.stdin.buffer.read(), "standard input")
        return NamedPrompt(Prompt(text or options.fim_prefix or "", suffix)), None
    path = file.as_posix()
    return NamedPrompt(prompt, path, language_of(path)), file


def prompt_at(place: str) -> tuple[Path, Prompt]:
    """Split a file at FILE:LINE:COL, or at the end of FILE:LINE; both count from 1.

    Raises:
        UsageError: it names no place, or the file has no such line or column.
    """
    found = _PLACE.fullmatch(place)
    if found is None:
        raise UsageError(f"--fim {place}: not FILE:LINE or FILE:LINE:COL")
    file, line = Path(found["file"]), int(found["line"])
    text = _text_of(file, "--fim")
    ends = [(match.start(), match.end()) for match in _LINE_END.finditer(text)]
    starts = [0, *(stop for _, stop in ends)]
    if not 1 <= line <= len(starts):
        raise UsageError(f"--fim {place}: {file} has {len(starts):,} lines")
    start = starts[line - 1]
    stop = ends[line - 1][0] if line <= len(ends) else len(text)
    column = int(found["column"]) if found["column"] else stop - start + 1
    if not 1 <= column <= stop - start + 1:
        raise UsageError(f"--fim {place}: line {line} has {stop - start:,} columns")
    cursor = start + column - 1
    return file, Prompt(text[:cursor], text[cursor:])


def _text_of(file: Path, option: str) -> str:
    try:
        return _decoded(file.read_bytes(), str(file))
    except OSError as error:
        raise UsageError(f"{option} {file}: {reason_of(error)}") from error


def _decoded(raw: bytes, origin: str) -> str:
    try:
        return decode_input(raw).utf8.decode()
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{origin}: byte {error.start} is no UTF-8; re-encode the prompt"
        ) from error
