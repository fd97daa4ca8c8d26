r"""What is to be known of a language's comments, to put some where they change nothing.

A `Syntax` says how a comment line looks, and what `line_breaks.py` needs to find the places where
one may stand: what is text or comment over several lines, which lines go on in the next, inside
which brackets a comment would be content. Strings that hold code, which may hold strings, are
described by a `Nesting`. It errs on the side of too few places. `comment_languages.py` has those of
the languages.

Regular expressions see a character a byte. An `opening` that has a group is closed by what the
group found: `R"(\w*)\(` by `\){0}"`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Region:
    """Something that holds no comment line: a string, a comment.

    `rest` matches from the end of the opening up to the end of the region. `{0}` in it stands for
    what the opening's group found.
    """

    opening: str
    rest: str


@dataclass(frozen=True, slots=True, eq=False)  # so that it has a hash
class Nesting:
    """A kind of string in which code may stand, and in that code such strings.

    It begins with `quote`. For each thing that may be open, named by what closes it, `openings`
    tells what else may open in it and how that closes; `passed` matches what means nothing there.
    Where `unfit` is found in one, its end is not to be known.
    """

    quote: str
    openings: Mapping[str, Mapping[str, str]]
    passed: Mapping[str, str]
    unfit: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Syntax:
    """How a comment line looks, `before` + text + `after`, and where none may stand.

    `line_comments` begin what goes to the end of the line. No place is inside one of
    `closed_brackets`, after a line that `goes_on` matches, or before one that `follows` matches; if
    `ends_statement` is given, only after a line that it matches. `heredoc` finds the name that ends
    a text which begins on the next line; its group `indent` says how that line may look.
    What `stops` matches is no code from there on. A file in which `unfit` is found has no place.
    """

    before: str
    after: str = ""
    line_comments: tuple[str, ...] = ()
    regions: tuple[Region, ...] = ()
    closed_brackets: str = ""
    goes_on: str = r"\\$"
    follows: str | None = None
    ends_statement: str | None = None
    heredoc: str | None = None
    stops: str | None = None
    nesting: Nesting | None = None
    unfit: str | None = None
    may_indent: bool = field(default=True)
