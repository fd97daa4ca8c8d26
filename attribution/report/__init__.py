"""One module a format: a result in, text out. Nothing here prints or touches the disk."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import cast

from sc2_attrib.attribution.result import Result

Renderer = Callable[[Result], str]


def _in(module: str, function: str = "render") -> Renderer:
    """Name a renderer without importing it: a run needs one or two of them."""

    def render(result: Result) -> str:
        return cast(Renderer, getattr(import_module(f"{__name__}.{module}"), function))(result)

    return render


FORMATS: Mapping[str, Renderer] = {
    "csv": _in("csv_"),
    "cyclonedx": _in("cyclonedx", "render_1_7"),
    "cyclonedx-1.6": _in("cyclonedx", "render_1_6"),
    "gitlab": _in("gitlab"),
    "html": _in("html_"),
    "json": _in("json_"),
    "jsonl": _in("jsonl"),
    "junit": _in("junit"),
    "markdown": _in("markdown"),
    "notice": _in("notice_text"),
    "notice-md": _in("notice_md"),
    "sarif": _in("sarif"),
    "spdx": _in("spdx"),
    "spdx-tv": _in("spdx_tv"),
    "spdx3": _in("spdx3"),
    "terminal": _in("terminal"),
}
JOINABLE = frozenset({"jsonl", "terminal"})  # reports of several results may follow one another
