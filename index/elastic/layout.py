"""How an index lies in Elasticsearch: mapping, settings, format version.

One record a document, its id the hash of the content, so loading twice stores once:

    document       the content id again, as a column: answers name documents without touching text
    grams          the strided grams (index/grams.py), each a term of 8 characters
    hot, edges     in place of `grams`, those that very many documents have, and each with the bytes
                   around it (popularity.py)
    licenses       its licence expressions, each by its hash
    near           the near keys (index/near/keys.py), likewise, if the index has them
    repositories, owners    of its occurrences; take-downs ask for them
    raw_bytes, n_places, n_parts, source, number    columns of numbers: `source` is the corpus that
                   brought it, `number` its place there, which is the order that answers obey
    text           the raw content, a zstd frame, stored and never searched
    places         the occurrences with their licence evidence, JSON lines in a zstd frame

A long content is cut: the first record holds the first part, and further ones, `ID.1`, `ID.2`...,
the rest. Grams near a cut belong to both neighbours, so that as many grams in a row as a search
asks for stand in one record. records.py makes and reads records.

A licence file of a repository is a record too: `licensed` is the repository, `text` the file,
`document` its content id, `places` where it lies. One more record, `about`, is the manifest
(about.py). `_source` is off: a partial update or reindex would lose the grams, so records are
always sent whole.
"""

from dataclasses import dataclass
from typing import Any, Final

FORMAT_VERSION = 2

_TERM: Final = {"type": "keyword", "doc_values": False, "norms": False, "index_options": "docs"}
_COLUMN: Final = {"type": "long", "index": False}
_STORED: Final = {"type": "binary", "store": True}
MAPPINGS: Final[dict[str, Any]] = {
    "dynamic": "strict",
    "_source": {"enabled": False},
    "_meta": {"sc2_attrib_format": FORMAT_VERSION},
    "properties": {
        "document": {"type": "keyword", "norms": False},
        "grams": _TERM,
        "hot": _TERM,
        "edges": _TERM,
        "licenses": {"type": "keyword", "norms": False},
        "near": _TERM,
        "licensed": _TERM,
        "repositories": _TERM,
        "owners": _TERM,
        "raw_bytes": _COLUMN,
        "n_places": _COLUMN,
        "n_parts": _COLUMN,
        "source": {**_COLUMN, "store": True},
        "number": {**_COLUMN, "store": True},
        "text": _STORED,
        "places": _STORED,
        "about": _STORED,
    },
}
COMPRESSION: Final = {"fast": 3, "default": 6, "best": 12}  # zstd levels


@dataclass(frozen=True, slots=True)
class Layout:
    """What an operator may choose for an index.

    `replicas` None: one where there is a second node. `refresh`: as Elasticsearch writes durations;
    -1: only when a change is complete. `compression`: a key of COMPRESSION.
    """

    shards: int = 1
    replicas: int | None = None
    refresh: str = "-1"
    compression: str = "default"

    def settings(self) -> dict[str, Any]:
        """Write the index settings."""
        copies = (
            {"auto_expand_replicas": "0-1"}
            if self.replicas is None
            else {"number_of_replicas": self.replicas}
        )
        return {"number_of_shards": self.shards, "refresh_interval": self.refresh, **copies}
