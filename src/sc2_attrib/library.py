"""What programs use: an index by its name, a model that is checked, and a guard for other loops.

The command line is made of the same parts; docs/library.md has examples. Nothing heavy is loaded
before it is needed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sc2_attrib.attribution.check import CheckedInput, Checker
from sc2_attrib.attribution.complete import completed
from sc2_attrib.attribution.result import MatchRecord
from sc2_attrib.generator.completion import Completion, Model, ModelDescription
from sc2_attrib.generator.guard import Guard, OnMatch
from sc2_attrib.generator.load_options import LoadOptions
from sc2_attrib.generator.prompt import Prompt, Truncation
from sc2_attrib.generator.sampling import Sampling
from sc2_attrib.index.errors import UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from sc2_attrib.index.stores import OpenIndex


def open_index(location: str | Path) -> "OpenIndex":
    """Open an index for searching; it is closed at the end of a `with` block.

    Args:
        location: a folder, `demo`, or the address of an index on a server
            (`elasticsearch+http://host:9200/name`). A `Path` is always a folder.

    Raises:
        UsageError: the name is no address.
        IndexUnusableError: there is no index, or it can't be read.
    """
    from sc2_attrib.cli.locations import open_index_at
    from sc2_attrib.index.stores import store_at

    return store_at(location).open() if isinstance(location, Path) else open_index_at(location)


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote, and what was found in it.

    `checked` is about prefix + completion + suffix, as a copy may begin in the prompt: its record
    names the bytes that the model wrote, and each match says whether it stands in the prompt.
    """

    completion: Completion
    checked: CheckedInput

    @property
    def text(self) -> str:
        """What the model wrote, without the prompt."""
        return self.completion.text

    @property
    def matches(self) -> tuple[MatchRecord, ...]:
        """The matches with their sources, in order of their starts."""
        return self.checked.matches


class Generator:
    """Completes prompts with a model and checks what it wrote. For one thread at a time."""

    def __init__(
        self,
        model: str | Path | Model,
        checker: Checker,
        *,
        on_match: OnMatch | str = OnMatch.ANNOTATE,
        options: LoadOptions = LoadOptions(),  # noqa: B008  # frozen
        revision: str | None = None,
    ) -> None:
        """Load a model, for texts of its whole context.

        Args:
            model: what `--model` takes: `demo`, `3b`, `7b`, `15b`, a folder, a name on the hub, the
                address of a server; or a loaded one. A `Path` is always a folder.
            checker: index and policy. What it denies is what is avoided.
            on_match: what to do while text is written that it denies: "annotate" (nothing; it is
                reported), "stop" or "avoid".
            options: number format, device and so on, of a model in this process.
            revision: branch, tag or commit of a model on the hub.

        Raises:
            UsageError: there is no such model, or it can't be watched.
            ModelUnavailableError: it is not on this machine, or doesn't fit into memory.
        """
        from sc2_attrib.cli.on_match import watched_model

        loaded = _load(model, options, revision) if isinstance(model, str | Path) else model
        self._model = watched_model(loaded, OnMatch(on_match), checker)
        self._checker = checker

    def describe(self) -> ModelDescription:
        """Say which model this is."""
        return self._model.describe()

    def complete(
        self,
        prompt: str | Prompt,
        sampling: Sampling = Sampling(),  # noqa: B008  # frozen
        *,
        path: str = "<completion>",
        language: str | None = None,
        truncation: Truncation | None = None,
        on_text: Callable[[str], None] | None = None,
    ) -> Written:
        """Continue a prompt, or fill its hole, and check the text.

        Args:
            prompt: the text before the cursor, or a `Prompt` with a suffix or a repository.
            sampling: how tokens are chosen, and how many.
            path: what to call the completion in the result.
            language: of the code, if known.
            truncation: what to drop of a prompt that is too long; None refuses it.
            on_text: called with each piece of the text as it is written.

        Raises:
            UsageError: the prompt is empty or too long.
        """
        asked = _prompt(prompt)
        completion = self._model.complete(asked, sampling, truncation=truncation, on_text=on_text)
        return self._checked(asked, completion, path=path, language=language)

    def complete_batch(
        self,
        prompts: Sequence[str | Prompt],
        sampling: Sampling = Sampling(),  # noqa: B008  # frozen
        *,
        truncation: Truncation | None = None,
    ) -> list[Written | UsageError]:
        """Complete prompts together; one that can't be is answered by its error."""
        asked = list(map(_prompt, prompts))
        answers = self._model.complete_batch(asked, sampling, truncation=truncation)
        return [
            self._checked(prompt, answer, path=f"<completion {number}>")
            if isinstance(answer, Completion)
            else answer
            for number, (prompt, answer) in enumerate(zip(asked, answers, strict=True))
        ]

    def _checked(
        self, prompt: Prompt, completion: Completion, *, path: str, language: str | None = None
    ) -> Written:
        item = completed(prompt, completion, path=path, language=language).input
        [checked] = self._checker.check([item])
        return Written(completion, checked)


def license_guard(
    tokenizer: "PreTrainedTokenizerBase",
    checker: Checker,
    *,
    on_match: OnMatch | str = OnMatch.AVOID,
) -> Guard[Any]:
    """Make a LogitsProcessor for one call of transformers' `generate`.

    It takes ids of shape (rows, tokens), padded on the left, and scores of shape (rows,
    vocabulary), and returns scores in which the tokens that would complete denied text are -inf.
    Afterwards `vetoes(ids)` tells of a row of the output what was avoided.

    Args:
        tokenizer: the model's.
        checker: index and policy.
        on_match: "avoid", or "stop" to end each row where its text is denied.

    Raises:
        UsageError: the tokenizer's bytes can't be told, or the index finds only longer runs.
    """
    from sc2_attrib.attribution.veto_of import veto_of
    from sc2_attrib.generator.vocabulary import Vocabulary

    veto = veto_of(checker)
    return Guard(Vocabulary(tokenizer, veto), veto, on_match=OnMatch(on_match))


def _load(model: str | Path, options: LoadOptions, revision: str | None) -> Model:
    from sc2_attrib.cli.locations import model_folder
    from sc2_attrib.cli.model_choice import server_model
    from sc2_attrib.generator.loading import load_model
    from sc2_attrib.generator.remote import ServerLocation

    if isinstance(model, Path):
        return load_model(model, options)
    location = ServerLocation.parse(model)
    if location is not None:
        return server_model(location, fim_order=options.fim_order)
    return load_model(model_folder(model, revision=revision), options)


def _prompt(prompt: str | Prompt) -> Prompt:
    return prompt if isinstance(prompt, Prompt) else Prompt(prompt)
