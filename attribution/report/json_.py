"""The result document itself (`-f json`)."""

from sc2_attrib.attribution.result import Result
from sc2_attrib.attribution.result_json import dump


def render(result: Result) -> str:
    """Write the result as JSON."""
    return dump(result)
