"""`sc2-attrib schema`: the JSON Schema of the result document."""

import json

from sc2_attrib.attribution import result_json
from sc2_attrib.cli.streams import print_data


def schema() -> int:
    """Print the JSON Schema of the result document."""
    print_data(json.dumps(result_json.schema(), indent=2, ensure_ascii=False) + "\n")
    return 0
