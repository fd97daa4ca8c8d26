"""What the formats for machines write with: JSON text, and the identity and time of a document.

The same result gives the same bytes: nothing here asks a clock or a random number. A lone surrogate
can't be written as UTF-8 and becomes U+FFFD.
"""

import json
import re
import uuid
from datetime import UTC, datetime

from sc2_attrib.attribution.ids import sha256
from sc2_attrib.attribution.result import Result, Source

EPOCH = "1970-01-01T00:00:00Z"  # for a time that can't be read; formats demand one

CONTENT_SWHID = re.compile("swh:1:cnt:[0-9a-f]{40}")
WEB_ADDRESS = re.compile(r"https?://[!-~]+")

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def well_formed(text: str) -> str:
    """Replace what can't be written as UTF-8."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def json_text(document: object) -> str:
    """Write a document as indented JSON that ends with a line feed."""
    return well_formed(json.dumps(document, ensure_ascii=False, indent=1)) + "\n"


def digest(*parts: str) -> str:
    """Name something by its parts, in 32 hexadecimal digits."""
    return sha256(well_formed("\0".join(parts)).encode())[:32]


def source_digest(source: Source) -> str:
    """Name the file that a source lies in: a document at a path of a repository's revision."""
    return digest(source.document, source.repo, source.revision or "", source.path)


def document_uuid(result: Result) -> str:
    """Name a document after the run that it describes."""
    run = result.run
    parts = ("sc2-attrib", run.id, run.started, run.finished, run.tool_version)
    return str(uuid.uuid5(uuid.NAMESPACE_OID, well_formed("\0".join(parts))))


def utc_seconds(time: str) -> str:
    """Give a time to the second in UTC, as SPDX demands: `2026-01-01T00:00:00Z`."""
    try:
        read = datetime.fromisoformat(time)
        in_utc = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return EPOCH
    return f"{in_utc.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
