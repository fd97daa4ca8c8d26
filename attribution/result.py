"""The result document: everything one run found, as frozen values and as JSON.

A `Result` is what the command line prints, saves and reads back, and what every report is rendered
from. Its fields, in this order, are the public format `sc2-attrib/result/1`; docs/cli.md explains
them. Fields may be added, none changes its meaning within schema 1.

    Result
    ├── run        when, with which index, model, policy and options (the only part that varies)
    ├── inputs     what was to be checked: files, completions, and what was skipped or failed
    ├── matches    one extent of one input that stands in the index
    │   └── sources    the places that hold it, each with its licence
    ├── texts      source excerpts and licence texts by their SHA-256, each once
    └── summary    counts and verdict

Offsets: `bytes` and `chars` are 0-based and half-open, `lines` and `columns` 1-based and inclusive.
A trailing underscore (`class_`) is dropped in JSON. Reading and writing is in result_json.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Literal

from sc2_attrib.index.corpus.document import Basis

SCHEMA: Literal["sc2-attrib/result/1"] = "sc2-attrib/result/1"

Range = tuple[int, int]


class InputKind(StrEnum):
    """What an input is; the generated part of a completion is less than its text."""

    FILE = "file"
    STDIN = "stdin"
    COMPLETION = "completion"
    DIFF = "diff"


class InputStatus(StrEnum):
    """Skipped: a rule leaves it out. Error: it should have been checked and was not."""

    CHECKED = "checked"
    SKIPPED = "skipped"
    ERROR = "error"


class MatchKind(StrEnum):
    """How close the texts are, closest first: equal; equal but for white space; edited."""

    VERBATIM = "verbatim"
    REFORMATTED = "reformatted"
    NEAR = "near"


class MatchClass(StrEnum):
    """What the matched text is."""

    CODE = "code"
    LICENSE = "license"
    DATA = "data"
    IMPORTS = "imports"
    DOCS = "docs"
    TEST = "test"


class Category(StrEnum):
    """What a licence asks for, from the mildest to the strictest.

    `UNKNOWN`: a licence is named, or its absence is claimed, but nobody knows what it asks for.
    `NONE`: nothing was found, so all rights may be reserved.
    """

    PERMISSIVE = "permissive"
    COPYLEFT_LIMITED = "copyleft-limited"
    UNKNOWN = "unknown"
    NONE = "none"
    COPYLEFT = "copyleft"
    NETWORK_COPYLEFT = "network-copyleft"
    PROPRIETARY = "proprietary"

    @property
    def severity(self) -> int:
        """Rank in the order above; a larger one asks for more."""
        return list(Category).index(self)


class Action(StrEnum):
    """What to do about a match, from the mildest to the strictest."""

    ALLOW = "allow"
    ATTRIBUTE = "attribute"
    REVIEW = "review"
    DENY = "deny"

    @property
    def severity(self) -> int:
        """Rank in the order above; StrEnum itself would compare the words."""
        return list(Action).index(self)


class Verdict(StrEnum):
    """The run in one word; whether it is complete is said beside it."""

    CLEAN = "clean"
    MATCHES = "matches"
    VIOLATION = "violation"


@dataclass(frozen=True, slots=True)
class Corpus:
    """One corpus the index holds."""

    name: str
    revision: str | None
    documents: int
    bytes: int


@dataclass(frozen=True, slots=True)
class SearchedIndex:
    """The index that answered. `removed` counts taken-down documents."""

    location: str
    id: str
    corpora: tuple[Corpus, ...]
    documents: int
    bytes: int
    removed: int
    guarantee_chars: int
    built: str


@dataclass(frozen=True, slots=True)
class Model:
    """The model that wrote the completions, and the parameters it ran with.

    `license` is that of its weights, where it is known.
    """

    id: str
    revision: str | None
    dtype: str | None
    device: str | None
    parameters: Mapping[str, object]
    license: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """The circumstances of the run. Times are ISO 8601 in UTC.

    `policy` has `name`, `sha256` of what it says, `origin` (a path or `built-in`), `combine`,
    `rules` and `own` as in a policy file.
    """

    id: str
    started: str
    finished: str
    tool_version: str
    command: str
    index: SearchedIndex | None
    model: Model | None
    policy: Mapping[str, object]
    options: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Completion:
    """The generated range of an input's text, which is prefix + completion + suffix.

    `prompt` is what the model read, in its own layout, special tokens by their names.
    """

    bytes: Range
    chars: Range
    stopped: str | None = None
    vetoes: tuple[Mapping[str, object], ...] = ()
    prompt: str | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class InputRecord:
    """One input.

    `sha256`, `sha1` and `swhid` name the bytes as they lie on disk; `bytes` and `lines` count the
    checked text, which all offsets are into: the UTF-8 text where `encoding` is UTF-16 or UTF-32.
    What was not read has none of these. `bounded`: the sources of some match are not all listed.
    """

    id: str
    kind: InputKind
    path: str
    sha256: str | None
    swhid: str | None
    bytes: int | None
    lines: int | None
    language: str | None
    encoding: str | None
    completion: Completion | None
    text: str | None
    status: InputStatus
    reason: str | None
    bounded: bool
    sha1: str | None = None


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a match lies in the checked text."""

    bytes: Range
    chars: Range
    lines: Range
    columns: Range


@dataclass(frozen=True, slots=True)
class Size:
    """How long a match is. A normalised character is one byte that is not ASCII white space."""

    normalized_chars: int
    lexemes: int | None
    lines: int


@dataclass(frozen=True, slots=True)
class DocumentCounts:
    """How many places hold the match; `at_least` where the listing was bounded."""

    count: int
    occurrences: int
    repositories: int
    at_least: bool


@dataclass(frozen=True, slots=True)
class Assertion:
    """One statement about a source's licence, as an SPDX expression."""

    expression: str
    basis: Basis
    path: str | None
    confidence: float | None


@dataclass(frozen=True, slots=True)
class LicenseRecord:
    """What a source's licence is, and on whose word: the strongest basis that says anything.

    `conflict`: another basis says otherwise, or the same document stands elsewhere under another
    licence. `confidence` is the least of the statements that decided, null where none has one.
    """

    expression: str
    category: Category
    basis: Basis
    confidence: float | None
    conflict: bool
    assertions: tuple[Assertion, ...]
    copyright: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """One place that holds the matched text: a document at a path of a repository's revision.

    `swhid` is qualified with whatever is known. `swhid_offsets`: `bytes` are offsets into the
    object it names too; false where the text was converted to UTF-8. `excerpt` and
    `license_texts` are keys of `Result.texts`; the latter name the repository's own licence and
    notice files, none where the index has none.
    """

    document: str
    kind: MatchKind
    repo: str
    revision: str | None
    path: str
    swhid: str
    swhid_offsets: bool
    url: str | None
    language: str | None
    bytes: Range
    lines: Range
    similarity: float
    stars: int | None
    is_vendor: bool
    is_generated: bool
    excerpt: str
    license_texts: tuple[str, ...]
    license: LicenseRecord


@dataclass(frozen=True, slots=True)
class PolicyDecision:
    """What to do about a match, the rule that says so, and why in a sentence.

    `rule` names a rule of `Run.policy`, or is `in-prompt`, `own-code`, `no-rule` or `review`.
    """

    action: Action
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class OtherTools:
    """Whether tools with other thresholds would have flagged a match, each by its published rule.

    `copilot`: 65 lexemes (GitHub Copilot). `ten_lines`: 10 lines in a row (Cody, watsonx Code
    Assistant). `data_portraits`: a tile of 50 characters. `scanoss`: a fingerprint of 30 letters
    and digits in a window of 64. Null: it depends on the rest of the two files.
    """

    copilot: bool
    ten_lines: bool
    data_portraits: bool | None
    scanoss: bool | None


@dataclass(frozen=True, slots=True)
class MatchRecord:
    """One extent of one input that stands in the index.

    The class is null where the text was not classified. `common`: the text stands in so many
    repositories that it has no one origin (`run.options.common`, 50 unless said). `in_prompt`: the
    model did not bring it in, so it never counts against the user. `fingerprint` survives line
    shifts. A near match names the exact matches inside it in `parts`, says in `edits` how its first
    source was changed, and its `excerpt` is the key of its own text in `Result.texts`. `others`:
    what other tools would have said.

    `suppression` says why a match doesn't count, where it does not. Its `kind` is `own-code`,
    `baseline` or `review`, its `reason` a sentence. Own code that an index holds has `index`,
    `document`, `repository` and `path`; a match of a baseline the `file`; a reviewed one `action`
    (allow or attribute, which `policy` says too), `author`, `decided`, perhaps `expires`, and as
    `policy` the decision that was overruled.
    """

    id: str
    fingerprint: str
    input: str
    kind: MatchKind
    class_: MatchClass | None
    common: bool
    generated: Extent
    generated_bytes: int
    size: Size
    in_prompt: bool
    documents: DocumentCounts
    sources: tuple[Source, ...]
    parts: tuple[str, ...]
    edits: tuple[Mapping[str, object], ...]
    policy: PolicyDecision
    suppression: Mapping[str, object] | None
    excerpt: str | None = None
    others: OtherTools | None = None

    __pydantic_config__: ClassVar[Mapping[str, object]] = {
        "alias_generator": lambda name: name.rstrip("_"),  # `class` is a keyword of Python
        "validate_by_name": True,
    }


@dataclass(frozen=True, slots=True)
class Summary:
    """The run in numbers.

    `matched_chars` counts each matched normalised character once. `by_action` counts the matches
    that are not suppressed, `suppressed` the others by kind. `by_license` counts the matches
    that have a source under the expression. `complete`: nothing that should have been checked was
    missed; a run that is not complete may be `clean` only as far as it got.
    """

    inputs: int
    checked: int
    skipped: int
    errors: int
    complete: bool
    matches: int
    matched_chars: int
    by_action: Mapping[str, int]
    by_license: Mapping[str, int]
    verdict: Verdict
    suppressed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """The whole document."""

    schema: Literal["sc2-attrib/result/1"]
    run: Run
    inputs: tuple[InputRecord, ...]
    matches: tuple[MatchRecord, ...]
    texts: Mapping[str, str]
    summary: Summary
