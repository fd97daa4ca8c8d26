"""One module a format: a result in, text out. Nothing here prints or touches the disk."""

from collections.abc import Callable, Mapping

from sc2_attrib.attribution.report import (
    csv_,
    cyclonedx,
    gitlab,
    html_,
    json_,
    jsonl,
    junit,
    markdown,
    notice_md,
    notice_text,
    sarif,
    spdx,
    spdx3,
    spdx_tv,
    terminal,
)
from sc2_attrib.attribution.report.terminal import print_result
from sc2_attrib.attribution.result import Result

Renderer = Callable[[Result], str]

FORMATS: Mapping[str, Renderer] = {
    "csv": csv_.render,
    "cyclonedx": cyclonedx.render_1_7,
    "cyclonedx-1.6": cyclonedx.render_1_6,
    "gitlab": gitlab.render,
    "html": html_.render,
    "json": json_.render,
    "jsonl": jsonl.render,
    "junit": junit.render,
    "markdown": markdown.render,
    "notice": notice_text.render,
    "notice-md": notice_md.render,
    "sarif": sarif.render,
    "spdx": spdx.render,
    "spdx-tv": spdx_tv.render,
    "spdx3": spdx3.render,
    "terminal": terminal.render,
}
JOINABLE = frozenset({"jsonl", "terminal"})  # reports of several results may follow one another

__all__ = ["FORMATS", "JOINABLE", "Renderer", "print_result"]
