r"""A Jupyter notebook as the program in it: its code cells, one after the other.

A notebook is JSON, where a line of code stands as `"x = 1\n",` between outputs and pictures; no
completion will ever match that. Cells of text and outputs are left out. What has not the shape of
a notebook, of nbformat 4 or 3, is not one.

Source: nbformat, "The Notebook file format", and its JSON schemas for versions 3 and 4.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sc2_attrib.index.corpus.language import language_named

SUFFIX = ".ipynb"
FORMAT = "ipynb"  # stands as a document's `src_encoding`: its offsets are not those of the file

_CELL_END = "\n"


@dataclass(frozen=True, slots=True)
class Script:
    """The program in a notebook as UTF-8 bytes, and its language where the notebook states it."""

    content: bytes
    language: str | None


def script_of(notebook: bytes) -> Script | None:
    """Take the program out of a notebook; None for what is no notebook."""
    try:
        content = json.loads(notebook)
        cells = [cell for cell in _cells(content) if cell["cell_type"] == "code"]
        text = _CELL_END.join(map(_source, cells))
        language = _language(content, cells)
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None  # of the many ways not to be a notebook
    return Script(text.encode(errors="surrogatepass"), language)


def _cells(notebook: Any) -> Iterator[Any]:
    sheets = [notebook] if "cells" in notebook else notebook["worksheets"]
    for sheet in sheets:
        yield from sheet["cells"]


def _source(cell: Any) -> str:
    """Give a cell's text, which may be one string or one a line; in nbformat 3 it is `input`."""
    source = cell["source"] if "source" in cell else cell["input"]
    return "".join([source] if isinstance(source, str) else source)


def _language(notebook: Any, cells: list[Any]) -> str | None:
    metadata = notebook["metadata"]
    stated = (
        metadata.get("kernelspec", {}).get("language"),
        metadata.get("language_info", {}).get("name"),
        *(cell.get("language") for cell in cells[:1]),  # in nbformat 3 each cell states it
    )
    names = (language_named(name) for name in stated if isinstance(name, str))
    return next(filter(None, names), None)
