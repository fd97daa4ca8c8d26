"""Programs to copy and edit: made from a seed, no two alike."""

import random
from collections.abc import Mapping
from pathlib import Path

from sc2_attrib.index.building import BuildOptions, Resources, build_index
from sc2_attrib.index.corpus.document import SourceDocument
from sc2_attrib.index.local import LocalIndex, open_index
from sc2_attrib.index.near.lexer import NAME, lex
from sc2_attrib.index.search import NearOptions, NearResult
from tests.index.corpora import Documents

SYLLABLES = ("ka", "lo", "mi", "ru", "te", "zo", "ne", "pa", "si", "du")


def name(rng: random.Random) -> str:
    return "".join(rng.choices(SYLLABLES, k=rng.randint(2, 4)))


def program(seed: int, n_lines: int = 24) -> bytes:
    """Some statements in no particular language, with names that come again."""
    rng = random.Random(seed)
    names = [name(rng) for _ in range(8)]
    lines = [f"int {name(rng)}({names[0]} *{names[1]}, long {names[2]}) {{"]
    for _ in range(n_lines):
        a, b, c = rng.choices(names, k=3)
        lines.append(
            rng.choice(
                (
                    f"    {a} = {b}->{name(rng)}({c}, {rng.randint(0, 999)});",
                    f"    if ({a} < {b}[{c}]) return {name(rng)}(&{a}) + {rng.randint(2, 9)};",
                    f'    print("{name(rng)} {name(rng)}", {a} * {b}, {c}.{name(rng)});',
                    f"    while (!{a}->{b}) {{ {c} += {name(rng)} - {rng.randint(1, 99)}; }}",
                    f"    /* {name(rng)} {name(rng)} */ {a}.{name(rng)} = new {b}({c});",
                )
            )
        )
    return "\n".join([*lines, "}", ""]).encode()


def foreign(seed: int) -> bytes:
    """Some lines that look like no program."""
    rng = random.Random(seed)
    lines = (f"{name(rng)} ~ {name(rng)} % @{name(rng)} ? [{name(rng)}] ^ |" for _ in range(4))
    return "\n".join([*lines, ""]).encode()


def renamed(text: bytes, names: Mapping[bytes, bytes]) -> bytes:
    """Rename names, wherever they stand as lexemes."""
    lexemes, parts, at = lex(text, fast=False), [], 0
    for start, stop, kind in zip(*(column.tolist() for column in lexemes[:3]), strict=True):
        lexeme = text[start:stop]
        parts += [text[at:start], names.get(lexeme, lexeme) if kind == NAME else lexeme]
        at = stop
    return b"".join([*parts, text[at:]])


def all_renamed(text: bytes, seed: int = 0) -> bytes:
    """Rename every name to one that is new."""
    rng = random.Random(seed)
    lexemes = lex(text, fast=False)
    found = {text[s:e] for s, e, k in zip(*lexemes[:3], strict=True) if k == NAME}
    return renamed(
        text, {old: b"q" + name(rng).encode() + b"%d" % i for i, old in enumerate(sorted(found))}
    )


def indexed(
    folder: Path, documents: list[SourceDocument], *, near: bool = True, jobs: int = 1
) -> LocalIndex:
    """Build an index and open it."""
    options = BuildOptions(near=near, resources=Resources(jobs=jobs))
    build_index([Documents(documents)], folder, options)
    index = open_index(folder)
    index.use_machine_code()
    return index


def near(
    index: LocalIndex, text: bytes, options: NearOptions | None = None, *, max_sources: int = 0
) -> NearResult:
    """Search one text as the checker does."""
    [exact] = index.search([text], min_chars=100, max_sources=max_sources)
    [found] = index.search_near([text], [exact], options or NearOptions(), max_sources=max_sources)
    return found
