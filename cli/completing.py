"""A model and an index put together: what `generate` and `demo` have in common."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sc2_attrib.attribution.check import Checker
from sc2_attrib.attribution.complete import Completed, complete, completed, describe_model
from sc2_attrib.attribution.outcome import FailOn, assemble
from sc2_attrib.attribution.result import Result
from sc2_attrib.attribution.suppression import KnownMatches
from sc2_attrib.cli.run_record import RunStart
from sc2_attrib.generator.completion import Completion, Model
from sc2_attrib.generator.prompt import Prompt, Truncation
from sc2_attrib.generator.sampling import Sampling


@dataclass(frozen=True, slots=True)
class NamedPrompt:
    """A prompt, what to call its completion in the result, and the language if it is known."""

    prompt: Prompt
    path: str = "<completion>"
    language: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedCompletion:
    """What a model wrote, and what became of it."""

    completion: Completion
    result: Result


@dataclass(frozen=True, slots=True)
class Completer:
    """Completes prompts with one model and checks each against one index.

    `keep` is given each result before anybody sees it: a ledger.
    """

    model: Model
    checker: Checker
    sampling: Sampling
    fail_on: FailOn
    known: Sequence[KnownMatches] = ()
    keep: Callable[[Result], None] | None = None

    def complete(
        self,
        asked: NamedPrompt,
        run: RunStart,
        *,
        truncation: Truncation | None = None,
        on_text: Callable[[str], None] | None = None,
    ) -> CheckedCompletion:
        """Complete a prompt and make the result of the run that asked for it."""
        done = complete(
            self.model,
            asked.prompt,
            self.sampling,
            path=asked.path,
            language=asked.language,
            truncation=truncation,
            on_text=on_text,
        )
        return self._checked(done, run)

    def check(self, asked: NamedPrompt, completion: Completion, run: RunStart) -> CheckedCompletion:
        """Check a completion that there is already."""
        done = completed(asked.prompt, completion, path=asked.path, language=asked.language)
        return self._checked(done, run)

    def _checked(self, done: Completed, run: RunStart) -> CheckedCompletion:
        checked = list(self.checker.check([done.input]))
        about = describe_model(self.model, self.sampling, done.completion)
        record = run.finished(self.checker, model=about)
        result = assemble(record, checked, fail_on=self.fail_on, known=self.known)
        if self.keep is not None:
            self.keep(result)
        return CheckedCompletion(done.completion, result)
