"""One module a format: a result in, text out. Nothing here prints or touches the disk."""

from collections.abc import Callable, Mapping

from sc2_attrib.attribution.report import json_, terminal
from sc2_attrib.attribution.report.terminal import print_result
from sc2_attrib.attribution.result import Result

Renderer = Callable[[Result], str]

FORMATS: Mapping[str, Renderer] = {
    "json": json_.render,
    "terminal": terminal.render,
}

__all__ = ["FORMATS", "Renderer", "print_result"]
