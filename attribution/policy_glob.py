"""Globs on names with parts: `owner/*`, `src/**/*.py`.

`*`, `?` and `[abc]` stay within a part, `**` stands for any number of parts, none included; a glob
has to match the whole name. Names come from a corpus, so a hostile one must not make this slow:
parts are matched one by one, and only the last `**` is ever tried again, which is enough and takes
at most (parts of the glob) x (parts of the name) steps.
"""

import re
from fnmatch import translate
from functools import lru_cache

ANY_PARTS = "**"


def glob_matches(glob: str, name: str) -> bool:
    """Tell whether a glob matches a whole name; case counts."""
    wanted, parts = _compiled(glob), name.split("/")
    at_glob = at_name = 0
    after_star: tuple[int, int] | None = None  # where to go on if what follows the `**` fails
    while at_name < len(parts):
        expected = wanted[at_glob] if at_glob < len(wanted) else _NOTHING
        if expected is None:
            at_glob += 1
            after_star = at_glob, at_name
        elif expected.match(parts[at_name]):
            at_glob, at_name = at_glob + 1, at_name + 1
        elif after_star is not None:
            after_star = after_star[0], after_star[1] + 1
            at_glob, at_name = after_star
        else:
            return False
    return all(part is None for part in wanted[at_glob:])


def is_glob(text: str) -> bool:
    """Tell a glob from a plain name."""
    return any(character in text for character in "*?[")


_NOTHING = re.compile(r"(?!)")


@lru_cache(maxsize=1024)
def _compiled(glob: str) -> tuple[re.Pattern[str] | None, ...]:
    """Compile each part; None for `**`."""
    parts = glob.split("/")
    return tuple(None if part == ANY_PARTS else re.compile(translate(part)) for part in parts)
