"""A prompt in words: the text around the cursor and, where wanted, the repository around the file.

How it becomes what a model reads is in layout.py.
"""

from dataclasses import dataclass
from enum import StrEnum

from sc2_attrib.index.errors import UsageError

STARCODER2_CONTEXT = 16_384  # tokens StarCoder2 was trained to read; arXiv:2402.19173

# The first 38 entries of StarCoder2's vocabulary, in its order (special_tokens_map.json).
SPECIAL_TOKENS = (
    *("<|endoftext|>", "<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<fim_pad>"),
    *("<repo_name>", "<file_sep>", "<issue_start>", "<issue_comment>", "<issue_closed>"),
    *("<jupyter_start>", "<jupyter_text>", "<jupyter_code>", "<jupyter_output>"),
    *("<jupyter_script>", "<empty_output>", "<code_to_intermediate>", "<intermediate_to_code>"),
    *("<pr>", "<pr_status>", "<pr_is_merged>", "<pr_base>", "<pr_file>", "<pr_base_code>"),
    *("<pr_diff>", "<pr_diff_hunk>", "<pr_comment>", "<pr_event_id>", "<pr_review>"),
    *("<pr_review_state>", "<pr_review_comment>", "<pr_in_reply_to_review_id>"),
    *("<pr_in_reply_to_comment_id>", "<pr_diff_hunk_comment_line>"),
    *("<NAME>", "<EMAIL>", "<KEY>", "<PASSWORD>"),
)
# What StarPII put in place of personal data before training: part of the text, not of its frame.
REDACTIONS = frozenset({"<NAME>", "<EMAIL>", "<KEY>", "<PASSWORD>"})


class FimOrder(StrEnum):
    """The order in which a model was taught to read a hole."""

    PREFIX_SUFFIX_MIDDLE = "prefix-suffix-middle"
    SUFFIX_PREFIX_MIDDLE = "suffix-prefix-middle"


class Truncation(StrEnum):
    """Which part of a prefix that is too long is dropped.

    LEFT keeps its end, MIDDLE its beginning (imports, class head) and its end. A suffix always
    keeps its beginning.
    """

    LEFT = "left"
    MIDDLE = "middle"


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """A file of a repository: its path in there, and its text."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Repository:
    """What a model is shown of the repository that a prompt belongs to.

    `name` is what StarCoder2 was trained to read, `owner/name`. `path` is the prompt's own file,
    None where it belongs to none. `files` are its neighbours, the most relevant first; as many are
    shown as `max_tokens`, and the model's context, allow, each whole or not at all.
    """

    name: str
    path: str | None
    files: tuple[RepositoryFile, ...]
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Prompt:
    """The text before the cursor and, where a hole is to be filled, the text behind it.

    All of it is text throughout: a special token's name is read as the characters it has.

    Raises:
        UsageError: there is no text at all, or it can't be written as UTF-8.
    """

    prefix: str
    suffix: str | None = None
    repository: Repository | None = None

    def __post_init__(self) -> None:
        if not self.prefix and not self.suffix:
            raise UsageError("the prompt is empty; give some text to complete")
        for name, text in (("prompt", self.prefix), ("suffix", self.suffix or "")):
            try:
                text.encode()
            except UnicodeEncodeError as err:
                raise UsageError(
                    f"the {name} is not valid text: character {err.start} is {text[err.start]!r},"
                    " which UTF-8 can't hold; re-encode the input as UTF-8"
                ) from err
