"""REUSE: licences of files stated beside them, in `<file>.license`, REUSE.toml or .reuse/dep5.

What a file says in its own header is read with the file. `REUSE.toml` may stand in any folder; of
the tables of one file the last that names a path counts, and the nearest file's, unless a table
further up overrides. In dep5 the last paragraph that names a path counts.

Source: REUSE Specification 3.3; Debian, "Machine-readable debian/copyright file", 1.0.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sc2_attrib.index.corpus.copyright_lines import MOST_LINES
from sc2_attrib.index.corpus.document import Basis, LicenseAssertion
from sc2_attrib.index.corpus.evidence import STATED, FileEvidence, read_evidence

SIDECAR_SUFFIX = ".license"
TOML_NAME = "REUSE.toml"
DEP5_PATH = ".reuse/dep5"
MOST_BYTES = 1 << 20

_LICENSE, _COPYRIGHT = "SPDX-License-Identifier", "SPDX-FileCopyrightText"
_LONGEST_GLOB = 1000


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is said of the files that a glob names, relative to `folder`."""

    folder: str
    globs: tuple[str, ...]
    evidence: FileEvidence
    is_override: bool = False

    def names(self, path: str) -> bool:
        """Tell whether it speaks of a path."""
        if not path.startswith(self.folder):
            return False
        below = path[len(self.folder) :]
        return any(_matches(_tokens(glob), below) for glob in self.globs)


def sidecar_evidence(path: str, content: bytes) -> FileEvidence:
    """Read a sidecar: the tags that its file can't hold itself."""
    return _of_reuse(read_evidence(content), path.lstrip("/"))


def read_toml(path: str, content: bytes) -> list[Annotation]:
    """Read a REUSE.toml; one that is none says nothing."""
    folder = path.lstrip("/").removesuffix(TOML_NAME)
    try:
        tables = tomllib.loads(content[:MOST_BYTES].decode())["annotations"]
        return [_annotation(table, folder, path.lstrip("/")) for table in tables]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []


def read_dep5(path: str, content: bytes) -> list[Annotation]:
    """Read .reuse/dep5."""
    folder = path.lstrip("/").removesuffix(DEP5_PATH)
    text = content[:MOST_BYTES].decode(errors="replace")
    return [
        Annotation(
            folder,
            tuple(glob.replace("*", "**") for glob in fields["files"].split()),
            _evidence(
                [fields.get("license", "").partition("\n")[0]],
                fields.get("copyright", "").split("\n"),
                path.lstrip("/"),
            ),
        )
        for fields in _paragraphs(text)
        if "files" in fields
    ]


def annotated(path: str, annotations: list[Annotation]) -> FileEvidence:
    """Find what annotations say of a path: the nearest, unless one further up overrides it."""
    path = path.lstrip("/")
    by_folder: dict[str, Annotation] = {}
    for annotation in annotations:
        if annotation.names(path):
            by_folder[annotation.folder] = annotation
    outermost_first = [by_folder[folder] for folder in sorted(by_folder, key=len)]
    overriding = next((each for each in outermost_first if each.is_override), None)
    chosen = overriding or next(iter(outermost_first[::-1]), None)
    return chosen.evidence if chosen else FileEvidence()


def _annotation(table: Mapping[str, Any], folder: str, path: str) -> Annotation:
    return Annotation(
        folder,
        tuple(_strings(table["path"])),
        _evidence(_strings(table.get(_LICENSE, [])), _strings(table.get(_COPYRIGHT, [])), path),
        is_override=table.get("precedence") == "override",
    )


def _strings(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str)]


def _evidence(expressions: list[str], holders: list[str], path: str) -> FileEvidence:
    said = (expression.strip() for expression in expressions)
    lines = filter(None, (" ".join(holder.split()) for holder in holders))
    return FileEvidence(
        tuple(LicenseAssertion(each, Basis.REUSE, path, STATED) for each in said if each),
        tuple(dict.fromkeys(lines))[:MOST_LINES],
    )


def _of_reuse(evidence: FileEvidence, path: str) -> FileEvidence:
    licenses = (
        LicenseAssertion(said.expression, Basis.REUSE, path, said.confidence)
        for said in evidence.licenses
    )
    return FileEvidence(tuple(licenses), evidence.copyright)


def _paragraphs(text: str) -> Iterator[dict[str, str]]:
    """Yield the fields of each paragraph by their names in lower case; a value may have lines."""
    for paragraph in re.split(r"\n[ \t]*\n", text):
        fields: dict[str, str] = {}
        name = ""
        for line in paragraph.splitlines():
            if line[:1] in (" ", "\t"):
                fields[name] = f"{fields.get(name, '')}\n{line.strip()}"
            else:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        yield fields


@lru_cache(1024)
def _tokens(glob: str) -> tuple[str, ...]:
    r"""Split a glob: `**` is anything, `*` anything in one folder, `?` one character of a name.

    `\` takes the next character as it is. Literal characters have a `\` before them here.
    """
    found = re.findall(r"\\.|\*+|.", glob[:_LONGEST_GLOB], re.DOTALL)
    return tuple(
        each if each[0] in "\\?" else min(each, "**", key=len) if each[0] == "*" else f"\\{each}"
        for each in found
    )


def _matches(tokens: tuple[str, ...], path: str) -> bool:
    """Match a glob by following all ways at once, so that no glob makes matching slow."""
    places = _behind_stars(tokens, {0})
    for character in path:
        places = _behind_stars(tokens, set(_steps(tokens, places, character)))
    return len(tokens) in places


def _steps(tokens: tuple[str, ...], places: set[int], character: str) -> Iterator[int]:
    for place in places - {len(tokens)}:
        token = tokens[place]
        if token == "**" or (token == "*" and character != "/"):
            yield place
        elif token == f"\\{character}" or (token == "?" and character != "/"):
            yield place + 1


def _behind_stars(tokens: tuple[str, ...], places: set[int]) -> set[int]:
    """Add the places that are reached by letting stars stand for nothing."""
    for place in sorted(places):
        at = place
        while at < len(tokens) and tokens[at] in ("*", "**"):
            at += 1
            places.add(at)
    return places
