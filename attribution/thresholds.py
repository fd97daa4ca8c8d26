"""Would other tools have flagged this match? Their published thresholds, beside ours.

Each rule is that of its publisher, applied to the text that matched and to its first source:

    copilot         65 lexemes, of a match or a near match. A lexeme is a word of letters, digits
                    and _, a run of four or more of one of = - # / *, or any other sign; only whole
                    ones count. GitHub Copilot code referencing (`snippy` in vscode-copilot-chat)
    ten_lines       10 lines in a row, the same in both texts but for white space at their ends.
                    Sourcegraph Cody guardrails, IBM watsonx Code Assistant
    data_portraits  a tile of 50 characters. White space is normalised as for code: line ends to
                    one, other runs to one space, none where a line begins. Documents are cut into
                    tiles one after the other, so 99 equal characters hold one for certain, and
                    fewer than 50 none. Data Portraits (Marone and Van Durme 2023)
    scanoss         a fingerprint by winnowing: of the letters and digits of ASCII, in lower case,
                    30 in a row are hashed, and the least hash of each 64 is kept; nothing is kept
                    of files below 256 bytes. 93 equal characters share one for certain, fewer than
                    30 none. SCANOSS (`winnowing.py`); Schleimer, Wilkerson and Aiken 2003

Between what is certain and what is impossible it depends on the rest of both files: the answer is
None. What these tools leave out before (common code, other indexes) is not looked at.
"""

import re
import string
import unicodedata
from collections.abc import Hashable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from sc2_attrib.attribution.result import OtherTools

Hashes = npt.NDArray[np.uint64]

COPILOT_LEXEMES = 65
SNIPPET_LINES = 10
TILE = 50
CERTAIN_TILE = 2 * TILE - 1
SCANOSS_GRAM, SCANOSS_WINDOW = 30, 64
CERTAIN_GRAM = SCANOSS_GRAM + SCANOSS_WINDOW - 1
SCANOSS_LEAST_FILE = 256  # bytes
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio

_COPILOT_LEXEME = re.compile(
    rf"\w+|={{4,}}|-{{4,}}|#{{4,}}|/{{4,}}|\*{{4,}}|[{re.escape(string.punctuation)}]", re.ASCII
)
_WORD_CHARACTERS = string.ascii_letters + string.digits + "_"
_WORD = tuple(_WORD_CHARACTERS)
_LINE_END = re.compile(rb"[\r\n]")
_LINE_ENDS, _SPACES = re.compile(r"[\r\n]+"), re.compile(r"[^\S\r\n]+")
_NO_SCANOSS = bytes(set(range(256)) - set(string.ascii_letters.encode() + string.digits.encode()))


def other_tools(text: bytes, extent: tuple[int, int], source: bytes) -> OtherTools:
    """Apply each rule to bytes [start, stop) of a text, and to the source's text they match."""
    start, stop = extent
    ours, theirs = text[start:stop], source
    lexemes = copilot_lexemes(text, extent)
    return OtherTools(
        copilot=lexemes >= COPILOT_LEXEMES,
        ten_lines=share_run(whole_lines(text, extent), _lines(theirs), SNIPPET_LINES),
        data_portraits=_holds(tile_text(ours), tile_text(theirs), TILE, CERTAIN_TILE),
        scanoss=len(text) >= SCANOSS_LEAST_FILE
        and _holds(winnowed_text(ours), winnowed_text(theirs), SCANOSS_GRAM, CERTAIN_GRAM),
    )


def copilot_lexemes(text: bytes, extent: tuple[int, int]) -> int:
    """Count the lexemes, by Copilot's lexer, that lie whole in bytes [start, stop)."""
    start, stop = extent
    inside = _stand_ins(text[start:stop].decode(errors="replace"))
    before = _stand_ins(text[max(start - 4, 0) : start].decode(errors="ignore"))
    after = _stand_ins(text[stop : stop + 4].decode(errors="ignore"))
    if before.endswith(_WORD):
        inside = inside.lstrip(_WORD_CHARACTERS)
    if after.startswith(_WORD):
        inside = inside.rstrip(_WORD_CHARACTERS)
    return sum(1 for _ in _COPILOT_LEXEME.finditer(inside))


def whole_lines(text: bytes, extent: tuple[int, int]) -> list[bytes]:
    """List the lines that lie whole in bytes [start, stop), white space at their ends left out."""
    start, stop = extent
    lines = _lines(text[start:stop])
    head = _LINE_END.split(text[max(start - 1000, 0) : start])[-1]
    tail = b"" if text[start:stop][-1:] in b"\r\n" else _LINE_END.split(text[stop : stop + 1000])[0]
    return lines[1 if head.strip() else 0 : len(lines) - 1 if tail.strip() else None]


def tile_text(text: bytes) -> str:
    """Normalise white space as Data Portraits does for code."""
    lines = _LINE_ENDS.sub("\n", text.decode(errors="replace")).split("\n")
    return "\n".join(_SPACES.sub(" ", line).lstrip() for line in lines).strip()


def winnowed_text(text: bytes) -> bytes:
    """Keep what SCANOSS fingerprints: letters and digits of ASCII, in lower case."""
    return text.translate(None, _NO_SCANOSS).lower()


def share_run(ours: Sequence[Hashable], theirs: Sequence[Hashable], length: int) -> bool:
    """Tell whether two sequences have so many items in a row in common."""
    if len(ours) < length or len(theirs) < length:
        return False
    if ours == theirs:
        return True
    left, right = (_run_hashes(each, length) for each in _numbered(ours, theirs))
    for shared in _shared(left, right):
        i, j = int(np.argmax(left == shared)), int(np.argmax(right == shared))
        if ours[i : i + length] == theirs[j : j + length]:
            return True
    return False


def _numbered(ours: Sequence[Hashable], theirs: Sequence[Hashable]) -> Iterator[Hashes]:
    """Put numbers for items, equal ones for equal items."""
    numbers: dict[Hashable, int] = {}
    for items in (ours, theirs):
        if isinstance(items, bytes):
            yield np.frombuffer(items, np.uint8).astype(np.uint64)
        elif isinstance(items, str):
            code_points = items.encode("utf-32-le", errors="surrogatepass")
            yield np.frombuffer(code_points, "<u4").astype(np.uint64)
        else:
            found = (numbers.setdefault(item, len(numbers)) for item in items)
            yield np.fromiter(found, np.uint64, len(items))


def _shared(left: Hashes, right: Hashes) -> Hashes:
    """List the items of `right` that stand in `left`; np.intersect1d takes ten times as long."""
    left, right = np.sort(left), np.sort(right)
    at = np.searchsorted(left, right).clip(max=left.size - 1)
    shared: Hashes = right[left[at] == right]
    return shared


def _run_hashes(numbers: Hashes, length: int) -> Hashes:
    """Hash every run of `length` numbers, by doubling: two shorter runs tell a longer one."""
    hashes, n = numbers, 1
    while n < length:
        more = min(n, length - n)
        hashes = (hashes[:-more] ^ hashes[:-more] >> np.uint64(29)) * _FACTOR + hashes[more:]
        hashes = (hashes ^ hashes >> np.uint64(32)) * _FACTOR
        n += more
    return hashes


def _holds(
    ours: Sequence[Hashable], theirs: Sequence[Hashable], least: int, certain: int
) -> bool | None:
    if share_run(ours, theirs, certain):
        return True
    return None if share_run(ours, theirs, least) else False


def _lines(text: bytes) -> list[bytes]:
    return [line.strip() for line in text.splitlines()]


def _stand_ins(text: str) -> str:
    """Put ASCII for what is not: a letter for letters and digits, a sign for signs, a space."""
    if text.isascii():
        return text
    return text.translate({ord(each): _stand_in(each) for each in set(text) if not each.isascii()})


def _stand_in(character: str) -> str:
    category = unicodedata.category(character)
    if category.startswith("L") or category == "Nd":
        return "a"
    return "!" if category[0] in "PS" else " "
