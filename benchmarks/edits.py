"""Kinds of edits by which a copy differs from its source, made at random from a seed."""

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from sc2_attrib.index.near.lexer import KEYWORD, NAME, NUMBER, STRING, Lexemes, lex

Edit = Callable[[bytes, random.Random], bytes]

_SIGNS = (b"+", b"-", b"*", b"/", b".", b",", b";", b":", b"|")


def edits(foreign_lines: Sequence[bytes]) -> Mapping[str, Edit]:
    """List the kinds of edits; lines are replaced by `foreign_lines`."""
    return {
        "verbatim": lambda text, _: text,
        "white space": reindented,
        "comments dropped": without_comments,
        "1 to 3 names renamed": lambda text, rng: renamed(text, rng, rng.randint(1, 3)),
        "all names renamed": partial(renamed, n_names=None),
        "a lexeme in 10 % of lines": partial(substituted, share=0.1),
        "a lexeme in 20 % of lines": partial(substituted, share=0.2),
        "a lexeme in 40 % of lines": partial(substituted, share=0.4),
        "10 % of lines replaced": partial(replaced, share=0.1, others=foreign_lines),
        "20 % of lines replaced": partial(replaced, share=0.2, others=foreign_lines),
        "40 % of lines replaced": partial(replaced, share=0.4, others=foreign_lines),
        "statements reordered": reordered,
        "all together": partial(everything, others=foreign_lines),
    }


def reindented(text: bytes, rng: random.Random) -> bytes:
    """Give each line another indentation."""
    return b"\n".join(b"\t" * rng.randrange(3) + line.strip() for line in text.split(b"\n"))


def without_comments(text: bytes, _: random.Random) -> bytes:
    """Keep lexemes and white space."""
    lexemes, parts, at = lex(text, fast=True), [], 0
    for start, stop in zip(lexemes.starts.tolist(), lexemes.stops.tolist(), strict=True):
        gap = text[at:start]
        parts += [gap if not gap.strip() else b"\n" if b"\n" in gap else b" ", text[start:stop]]
        at = stop
    return b"".join([*parts, b"\n"])


def renamed(text: bytes, rng: random.Random, n_names: int | None) -> bytes:
    """Rename some names, or all, wherever they stand."""
    lexemes = lex(text, fast=True)
    names = sorted(set(_texts(text, lexemes, NAME).values()))
    chosen = names if n_names is None else rng.sample(names, min(n_names, len(names)))
    new = {name: _new_name(rng) for name in chosen}
    places = _texts(text, lexemes, NAME).items()
    return _rendered(text, lexemes, {at: new[name] for at, name in places if name in new})


def substituted(text: bytes, rng: random.Random, share: float) -> bytes:
    """Put another lexeme for one in a share of the lines."""
    lexemes = lex(text, fast=True)
    by_line: dict[int, list[int]] = {}
    for number, start in enumerate(lexemes.starts.tolist()):
        by_line.setdefault(text.count(b"\n", 0, start), []).append(number)
    lines = rng.sample(sorted(by_line), round(share * len(by_line)))
    chosen = [rng.choice(by_line[line]) for line in lines]
    return _rendered(text, lexemes, {at: _other(int(lexemes.kinds[at]), rng) for at in chosen})


def replaced(text: bytes, rng: random.Random, share: float, others: Sequence[bytes]) -> bytes:
    """Put lines of other texts for a share of the lines."""
    lines = text.split(b"\n")
    filled = [at for at, line in enumerate(lines) if line.strip()]
    for at in rng.sample(filled, round(share * len(filled))):
        lines[at] = rng.choice(others)
    return b"\n".join(lines)


def reordered(text: bytes, rng: random.Random) -> bytes:
    """Swap neighbours: a tenth of the lines changes place."""
    lines = text.split(b"\n")
    for _ in range(max(1, len(lines) // 20)):
        at = rng.randrange(max(len(lines) - 1, 1))
        lines[at : at + 2] = lines[at : at + 2][::-1]
    return b"\n".join(lines)


def everything(text: bytes, rng: random.Random, others: Sequence[bytes]) -> bytes:
    """Drop comments, rename 3 names, change a tenth of the lines in two ways, reorder, reindent."""
    text = renamed(without_comments(text, rng), rng, 3)
    text = replaced(substituted(text, rng, 0.1), rng, 0.1, others)
    return reindented(reordered(text, rng), rng)


def _texts(text: bytes, lexemes: Lexemes, kind: int) -> dict[int, bytes]:
    return {
        number: text[start:stop]
        for number, (start, stop, each) in enumerate(
            zip(*(column.tolist() for column in lexemes[:3]), strict=True)
        )
        if each == kind
    }


def _rendered(text: bytes, lexemes: Lexemes, new: Mapping[int, bytes]) -> bytes:
    parts, at = [], 0
    for number, start in enumerate(lexemes.starts.tolist()):
        stop = int(lexemes.stops[number])
        parts += [text[at:start], new.get(number, text[start:stop])]
        at = stop
    return b"".join([*parts, text[at:]])


def _other(kind: int, rng: random.Random) -> bytes:
    if kind in (NAME, KEYWORD):
        return _new_name(rng)
    if kind == NUMBER:
        return b"%d" % rng.randrange(1000)
    return b'"%s"' % _new_name(rng) if kind == STRING else rng.choice(_SIGNS)


def _new_name(rng: random.Random) -> bytes:
    return bytes(rng.choices(b"abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9)))
