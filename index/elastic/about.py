"""The record `about`: what the manifest is for an index in a folder.

It is read with every search, so a removal is in effect at once, and replaced only if nobody else
replaced it meanwhile (compare and swap by sequence number).
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from sc2_attrib.index.corpus.document import CorpusDescription
from sc2_attrib.index.elastic.connection import Connection, status_of, understood
from sc2_attrib.index.elastic.layout import FORMAT_VERSION
from sc2_attrib.index.elastic.records import KeyScheme, packed
from sc2_attrib.index.errors import IndexServerError, IndexUnusableError
from sc2_attrib.index.grams import GramShape
from sc2_attrib.index.near.scheme import NearScheme
from sc2_attrib.index.removal import Removal
from sc2_attrib.index.search import CorpusSummary, IndexDescription

ABOUT: Final = "about"  # id of the record
_MOST_ATTEMPTS = 20  # to replace it while others do


@dataclass(frozen=True, slots=True)
class About:
    """What an index is, and holds.

    `recipe`: digest of what it is built of and how; `is_ready`: the build has finished.
    `generation`: changes with every change of the documents. The numbers count what was loaded;
    `n_removed` and `n_removed_documents` are those of it that the removals name.
    """

    shape: GramShape
    recipe: str
    generation: str
    built: str
    tool_version: str
    level: int
    near: NearScheme | None = None
    is_ready: bool = False
    corpora: tuple[CorpusSummary, ...] = ()
    skipped: dict[str, int] = field(default_factory=dict)
    removals: tuple[Removal, ...] = ()
    n_documents: int = 0
    n_occurrences: int = 0
    raw_bytes: int = 0
    n_removed: int = 0
    n_removed_documents: int = 0

    @property
    def keys(self) -> KeyScheme:
        """What documents are found by."""
        return KeyScheme(self.shape, self.near)

    @property
    def id(self) -> str:
        """Equal ids mean equal answers."""
        text = json.dumps([self.generation, sorted(removal.what for removal in self.removals)])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def describe(self, location: str) -> IndexDescription:
        """Say what is searched."""
        return IndexDescription(
            location,
            self.id,
            self.corpora,
            self.n_documents - self.n_removed_documents,
            self.n_occurrences - self.n_removed,
            self.raw_bytes,
            self.n_removed,
            self.shape.guarantee,
            self.built,
        )


@dataclass(frozen=True, slots=True)
class StoredAbout:
    """The record as a server holds it: in which index, in which state of it."""

    about: About
    index: str
    seq_no: int
    primary_term: int


def read_about(connection: Connection, index: str | None = None) -> StoredAbout:
    """Read the record as it is now; `index` unless that of the address.

    Raises:
        IndexServerError: no answer.
        IndexUnusableError: there is no index of ours, or one of another format version.
    """
    name = index or connection.address.name
    answer = connection.ask(
        lambda client: client.options(ignore_status=404).get(
            index=name, id=ABOUT, stored_fields=["about"]
        )
    )
    with understood(connection):
        if "error" in answer:
            raise IndexUnusableError(
                f"{connection.location}: there is no index {name!r}; make it with"
                " 'sc2-attrib index build'"
            )
        if not answer["found"]:
            raise IndexUnusableError(
                f"{connection.location}: {name!r} is not an index of sc2-attrib"
            )
        about = decode_about(connection, answer["fields"]["about"][0])
        return StoredAbout(about, answer["_index"], answer["_seq_no"], answer["_primary_term"])


def write_about(
    connection: Connection, about: About, index: str, *, replaced: StoredAbout | None = None
) -> bool:
    """Write the record, at once in effect for searches.

    Args:
        connection: to the servers.
        about: the new record.
        index: the concrete index.
        replaced: the record it takes the place of; None: there must be none.

    Returns:
        False if another record is there.
    """
    condition: dict[str, Any] = (
        {"if_seq_no": replaced.seq_no, "if_primary_term": replaced.primary_term}
        if replaced
        else {"op_type": "create"}
    )
    document = {"about": packed(json.dumps(_to_fields(about)).encode())}
    try:
        connection.ask(
            lambda client: client.index(
                index=index, id=ABOUT, document=document, refresh=True, **condition
            )
        )
    except IndexServerError as error:
        if error.__cause__ and status_of(error.__cause__) == 409:  # type: ignore[arg-type]  # raised from an Exception
            return False
        raise
    return True


def change_about(
    connection: Connection, change: Callable[[About], About], index: str | None = None
) -> About:
    """Replace the record by what `change` makes of it; again if another was faster."""
    for _ in range(_MOST_ATTEMPTS):
        stored = read_about(connection, index)
        changed = change(stored.about)
        if write_about(connection, changed, stored.index, replaced=stored):
            return changed
    raise connection.refuse("others change the index all the time; run it again")


def decode_about(connection: Connection, packed_about: str) -> About:
    """Read the record's one field.

    Raises:
        IndexUnusableError: it is of another format version.
    """
    with understood(connection):
        fields = json.loads(base64.b64decode(packed_about))
        version = fields.pop("format")
        if version != FORMAT_VERSION:
            raise IndexUnusableError(
                f"{connection.location}: index format version {version}, but this version reads"
                f" {FORMAT_VERSION}; build one under another name with 'sc2-attrib index build'"
            )
        return _from_fields(fields)


def _to_fields(about: About) -> dict[str, Any]:
    near = about.near.to_fields() if about.near else None
    return {"format": FORMAT_VERSION, **asdict(about), "near": near}


def _from_fields(fields: Mapping[str, Any]) -> About:
    return About(
        **{
            **fields,
            "shape": GramShape(**fields["shape"]),
            "near": NearScheme.from_fields(fields["near"]) if fields["near"] else None,
            "corpora": tuple(
                CorpusSummary(**corpus | {"corpus": CorpusDescription(**corpus["corpus"])})
                for corpus in fields["corpora"]
            ),
            "removals": tuple(Removal(**removal) for removal in fields["removals"]),
        }
    )
