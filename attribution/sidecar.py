"""The sidecar of a file whose copies can't be, or shall not be, tagged in the file itself.

`data.json.attrib.json` lies beside `data.json` and says of each copy in it where it begins and
ends, what licence it is under, whose it is, and where else it stands:

    {"schema": "sc2-attrib/sidecar/1", "file": "data.json", "sha256": "…",
     "snippets": [{"lines": [3, 40], "licenses": ["MIT"], "copyright": ["…"], "sources": ["…"]}]}

`sha256` is that of the file, so that it shows when the lines are no longer those.
"""

import json
from collections.abc import Sequence
from typing import Final

from sc2_attrib.attribution.ids import sha256
from sc2_attrib.attribution.snippet_tags import Snippet

SCHEMA: Final = "sc2-attrib/sidecar/1"
SUFFIX: Final = ".attrib.json"


def render(name: str, content: bytes, snippets: Sequence[Snippet]) -> str:
    """Write the sidecar of a file, whose `name` is the last part of its path."""
    document = {
        "schema": SCHEMA,
        "file": name,
        "sha256": sha256(content),
        "snippets": [_members(snippet) for snippet in snippets],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def is_sidecar(content: bytes) -> bool:
    """Tell whether a file is a sidecar that we wrote."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and document.get("schema") == SCHEMA


def _members(snippet: Snippet) -> dict[str, object]:
    origins = snippet.origins
    return {
        "lines": [snippet.first, snippet.last],
        "licenses": list(dict.fromkeys(each.expression for each in origins)),
        "copyright": list(dict.fromkeys(line for each in origins for line in each.copyright)),
        "sources": list(dict.fromkeys(each.place for each in origins)),
    }
