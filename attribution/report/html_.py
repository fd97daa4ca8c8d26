"""The report as one HTML page that needs nothing else (`-f html`); page/document.py writes it."""

from sc2_attrib.attribution.report.page.document import render

__all__ = ["render"]
