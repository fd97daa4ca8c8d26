"""The manifest: the one file that says what an index consists of.

A folder is an index if it holds MANIFEST. The file is replaced atomically (temporary sibling, fsync
of file and folder, rename), so a reader sees the index before a change or after it, never between.
What the manifest doesn't name is litter of an unfinished write.
"""

import hashlib
import json
import os
import tempfile
import zlib
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from sc2_attrib.index.corpus.document import CorpusDescription
from sc2_attrib.index.errors import CorruptIndexError, IndexUnusableError, IndexVersionError
from sc2_attrib.index.grams import GramShape
from sc2_attrib.index.near.scheme import NearScheme
from sc2_attrib.index.removal import Removal, read_rows
from sc2_attrib.index.search import CorpusSummary
from sc2_attrib.index.segment.format import FORMAT_VERSION
from sc2_attrib.index.segment.reader import Segment

MANIFEST = "manifest.json"
FORMAT_NAME = "sc2-attrib/index"


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """One segment. `digests` are those of its files; `removed` names the file of removed rows."""

    name: str
    n_documents: int
    n_occurrences: int
    raw_bytes: int
    digests: dict[str, str]
    removed: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Contents of an index.

    `built`: ISO 8601, UTC. `skipped`: documents left out, by reason. `near`: how near keys are
    made; None: the index has none.
    """

    shape: GramShape
    built: str
    tool_version: str
    corpora: tuple[CorpusSummary, ...] = ()
    segments: tuple[SegmentEntry, ...] = ()
    skipped: dict[str, int] = field(default_factory=dict)
    removals: tuple[Removal, ...] = ()
    near: NearScheme | None = None
    id: str = ""

    @property
    def guarantee_chars(self) -> int:
        """The shortest match that is certain to be found."""
        return self.shape.guarantee

    def with_id(self) -> "Manifest":
        """Name the contents: equal ids mean equal answers."""
        facts = [sorted(segment.digests.items()) for segment in self.segments]
        removed = sorted(removal.what for removal in self.removals)
        text = json.dumps([self.shape.k, self.shape.stride, facts, removed])
        return replace(self, id=hashlib.sha256(text.encode()).hexdigest()[:16])


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest of an index folder.

    Raises:
        IndexUnusableError: there is no index.
        IndexVersionError: another format version wrote it.
        CorruptIndexError: it is damaged.
    """
    path = folder / MANIFEST
    fields = _read_fields(folder)
    try:
        if fields["version"] != FORMAT_VERSION:
            raise IndexVersionError(path, fields["version"], FORMAT_VERSION)
        return _from_fields(_checked(path, fields))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _no_manifest(path, error) from None


def read_removals(folder: Path) -> tuple[Removal, ...]:
    """Read what was removed from an index, also from one of another format version.

    Raises:
        IndexUnusableError: there is no index, or its manifest is damaged.
    """
    path = folder / MANIFEST
    fields = _read_fields(folder)
    try:
        return tuple(Removal(**removal) for removal in _checked(path, fields)["removals"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _no_manifest(path, error) from None


def _read_fields(folder: Path) -> dict[str, Any]:
    """Read a manifest of whatever version, unchecked."""
    path = folder / MANIFEST
    try:
        fields = json.loads(path.read_bytes())
        if fields["format"] != FORMAT_NAME:
            raise CorruptIndexError(path, 0, f"format {fields['format']!r}, not {FORMAT_NAME!r}")
    except (FileNotFoundError, NotADirectoryError):
        raise IndexUnusableError(_no_index(folder)) from None
    except OSError as error:
        raise IndexUnusableError(f"{path}: can't be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _no_manifest(path, error) from None
    return dict(fields)


def _checked(path: Path, fields: dict[str, Any]) -> dict[str, Any]:
    """Take the checksum out of the fields, after comparing it."""
    checksum = fields.pop("checksum")
    found = _checksum(fields)
    if checksum != found:
        raise CorruptIndexError(path, 0, f"checksum {found}, but it states {checksum}")
    return fields


def _no_manifest(path: Path, error: Exception) -> CorruptIndexError:
    return CorruptIndexError(path, 0, f"no manifest: {type(error).__name__}: {error}")


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest atomically and durably."""
    fields = _to_fields(manifest)
    text = json.dumps(fields | {"checksum": _checksum(fields)}, indent=1)
    replace_file(folder / MANIFEST, text + "\n")


def replace_file(path: Path, text: str) -> None:
    """Write a file of an index folder atomically and durably."""
    descriptor, name = tempfile.mkstemp(prefix=".manifest-", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(name).chmod(0o644)
    Path(name).replace(path)
    sync_folder(path.parent)


def is_index(folder: Path) -> bool:
    """Tell whether a folder has a manifest that says it is one of ours, whole or not."""
    try:
        fields = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(fields, dict) and fields.get("format") == FORMAT_NAME


def manifest_stamp(folder: Path) -> tuple[int, ...] | None:
    """Tell manifests apart cheaply: a replaced one is another file. None: there is none."""
    try:
        found = (folder / MANIFEST).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def open_segment(folder: Path, entry: SegmentEntry, shape: GramShape) -> Segment:
    """Open a segment that a manifest names, less what was removed from it.

    Raises:
        CorruptIndexError: a file is missing, damaged or another than the manifest names.
    """
    path = folder / entry.name
    removed = (
        None if entry.removed is None else read_rows(path / entry.removed, entry.n_occurrences)
    )
    segment = Segment(
        path,
        shape,
        removed,
        has_near="near" in entry.digests,
        has_licenses="licenses" in entry.digests,
    )
    for name, digest in segment.digests().items():
        if digest != entry.digests.get(name):
            raise CorruptIndexError(path / name, 0, "not the file that the manifest names")
    return segment


def sync_folder(folder: Path) -> None:
    """Make renames and new files in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _no_index(folder: Path) -> str:
    if not folder.exists():
        return f"{folder}: there is no such index; make one with 'sc2-attrib index build'"
    if folder.is_dir() and any(folder.glob("segment-*")):
        return f"{folder}: the index was never finished; run the same 'index build' again"
    return f"{folder}: holds no index ({MANIFEST} is missing)"


def _to_fields(manifest: Manifest) -> dict[str, Any]:
    return {
        "format": FORMAT_NAME,
        "version": FORMAT_VERSION,
        "id": manifest.id,
        "gram": {"k": manifest.shape.k, "stride": manifest.shape.stride},
        "guarantee_chars": manifest.guarantee_chars,
        "built": manifest.built,
        "tool_version": manifest.tool_version,
        "corpora": [asdict(corpus) for corpus in manifest.corpora],
        "segments": [asdict(segment) for segment in manifest.segments],
        "skipped": manifest.skipped,
        "removals": [asdict(removal) for removal in manifest.removals],
        "near": manifest.near.to_fields() if manifest.near else None,
    }


def _from_fields(fields: dict[str, Any]) -> Manifest:
    return Manifest(
        GramShape(fields["gram"]["k"], fields["gram"]["stride"]),
        fields["built"],
        fields["tool_version"],
        tuple(
            CorpusSummary(**corpus | {"corpus": CorpusDescription(**corpus["corpus"])})
            for corpus in fields["corpora"]
        ),
        tuple(SegmentEntry(**segment) for segment in fields["segments"]),
        fields["skipped"],
        tuple(Removal(**removal) for removal in fields["removals"]),
        NearScheme.from_fields(fields["near"]) if fields.get("near") else None,
        fields["id"],
    )


def _checksum(fields: dict[str, Any]) -> str:
    return f"{zlib.crc32(json.dumps(fields, sort_keys=True).encode()):08x}"
