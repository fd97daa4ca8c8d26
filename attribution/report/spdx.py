"""SPDX 2.3 as JSON (`-f spdx`); what is in it is in spdx_document.py."""

from sc2_attrib.attribution.report.machine_text import json_text
from sc2_attrib.attribution.report.spdx_document import spdx_document
from sc2_attrib.attribution.result import Result


def render(result: Result) -> str:
    """Write the SPDX document as JSON."""
    return json_text(spdx_document(result))
