"""Parquet shards in the shape of The Stack v2, with contents: one a tarball, one row a file.

A content that came before is left out, as in The Stack v2 itself. Licences are the file's own
SPDX-License-Identifier tag, else the project's main one. Ids without a counterpart in a tarball
(revision, snapshot, directory) are hashes of its name.
"""

import hashlib
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

LEAST_BYTES, MOST_BYTES = 64, 1_000_000
ROW_GROUP = 4096
_LANGUAGES = {
    "Assembly": ".S .s",
    "C": ".c .h",
    "C++": ".cc .cpp .cxx .hpp .hh",
    "CMake": ".cmake",
    "CSS": ".css",
    "Devicetree": ".dts .dtsi",
    "Go": ".go",
    "HTML": ".html",
    "Java": ".java",
    "JavaScript": ".js .mjs",
    "Lua": ".lua",
    "M4": ".m4",
    "Markdown": ".md",
    "PHP": ".php",
    "Perl": ".pl .pm",
    "Protocol Buffer": ".proto",
    "Python": ".py",
    "Ruby": ".rb",
    "Rust": ".rs",
    "SQL": ".sql",
    "Shell": ".sh",
    "TOML": ".toml",
    "Tcl": ".tcl",
    "TypeScript": ".ts",
    "YAML": ".yaml .yml",
    "reStructuredText": ".rst",
}
LANGUAGES = {suffix: name for name, suffixes in _LANGUAGES.items() for suffix in suffixes.split()}
_PROJECTS = {
    "Apache-2.0": "abseil guava-libraries libcommons-lang3-java openssl python-aiohttp",
    "Apache-2.0 OR GPL-2.0-only": "rocksdb",
    "BSD-2-Clause": "lz4 nginx",
    "BSD-3-Clause": "d3 golang-1.19 googletest jinja2 libzstd protobuf python-django redis",
    "EPL-2.0": "junit5",
    "GPL-2.0-only": "busybox git linux",
    "GPL-2.0-or-later": "spring",
    "GPL-3.0-or-later": "bash",
    "LGPL-2.1-or-later": "ffmpeg",
    "MIT": "fmtlib jquery libxml2 nlohmann-json3 nodejs rails",
    "MIT OR Apache-2.0": "rust-serde",
    "PSF-2.0": "python3.11",
    "Zlib": "zlib",
    "curl": "curl",
}
PROJECTS = {project: license for license, names in _PROJECTS.items() for project in names.split()}
_PERMISSIVE = ("MIT", "BSD", "Apache", "ISC", "Zlib", "curl", "blessing", "PSF", "Unlicense", "BSL")
_ALSO_PERMISSIVE = ("CC0", "Python")
_TAG = re.compile(rb"SPDX-License-Identifier:\s*([A-Za-z0-9.+()\- ]+?)\s*(?:\*/|-->|\n|\r)")
_TARBALL = re.compile(r"(.+)_([^_]+)\.orig\.tar\.\w+")
_TEXT_COLUMNS = (
    *("blob_id", "content_id", "directory_id", "path", "repo_name", "revision_id", "branch_name"),
    *("snapshot_id", "license_type", "gha_license_id", "src_encoding", "language", "extension"),
    "content",
)

Row = dict[str, Any]


def write_shard(tarball: Path, folder: Path, seen: set[str]) -> str:
    """Write the shard of a tarball; says what it holds.

    Args:
        tarball: NAME_VERSION.orig.tar.SUFFIX.
        folder: for shards; made if it is not there.
        seen: blob ids of the shards before, extended by those of this one.
    """
    import pyarrow
    import pyarrow.parquet

    parts = _TARBALL.fullmatch(tarball.name)
    assert parts, tarball
    project, version = parts.groups()
    rows = [*_rows(tarball, project, version, seen)]
    folder.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(
        pyarrow.Table.from_pylist(rows, _schema()),
        folder / f"{project}_{version}.parquet",
        compression="zstd",
        row_group_size=ROW_GROUP,
    )
    return f"{project} {version}: {len(rows)} files, {_megabytes(rows):.1f} MB"


def digest_of(folder: Path) -> str:
    """Hash what the shards in a folder hold, however it is packed: blob, path, repository."""
    import pyarrow.parquet

    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.parquet")):
        table = pyarrow.parquet.read_table(file, columns=["blob_id", "path", "repo_name"])
        for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
            digest.update("\0".join(row).encode() + b"\n")
    return digest.hexdigest()


def _rows(tarball: Path, project: str, version: str, seen: set[str]) -> Iterator[Row]:
    name_hash = _sha1(tarball.name.encode())
    of_project = {
        "repo_name": f"debian/{project}",
        "branch_name": version,
        "directory_id": name_hash,
        "revision_id": name_hash,
        "snapshot_id": name_hash,
        "gha_license_id": PROJECTS.get(project),
    }
    for name, raw in _members(tarball):
        row = _row(name, raw, of_project)
        if row and row["blob_id"] not in seen:
            seen.add(row["blob_id"])
            yield row


def _members(tarball: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(tarball) as archive:
        for member in archive:
            is_code = PurePosixPath(member.name).suffix in LANGUAGES
            if member.isfile() and is_code and LEAST_BYTES <= member.size <= MOST_BYTES:
                file = archive.extractfile(member)
                assert file is not None  # it is a regular file
                yield member.name, file.read()


def _row(name: str, raw: bytes, of_project: Row) -> Row | None:
    """Make the row of a file; None if it is no UTF-8."""
    try:
        content = raw.decode()
    except UnicodeDecodeError:
        return None
    suffix = PurePosixPath(name).suffix
    tag = _TAG.search(raw[:4096])
    license = tag[1].decode() if tag else of_project["gha_license_id"]
    return {
        **of_project,
        "blob_id": _sha1(raw),
        "content_id": _sha1(b"blob %d\0" % len(raw) + raw),
        "path": "/" + name.split("/", 1)[-1],
        "license_type": _license_type(license),
        "detected_licenses": [license] if license else [],
        "src_encoding": "UTF-8",
        "language": LANGUAGES[suffix],
        "extension": suffix[1:],
        "content": content,
        "is_vendor": "/vendor/" in name or "/third_party/" in name,
        "is_generated": False,
        "length_bytes": len(raw),
    }


def _sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


def _license_type(license: str | None) -> str:
    if not license:
        return "no_license"
    is_permissive = any(name in license for name in (*_PERMISSIVE, *_ALSO_PERMISSIVE))
    return "permissive" if is_permissive else "non_permissive"


def _schema() -> Any:
    import pyarrow

    return pyarrow.schema(
        [(name, pyarrow.string()) for name in _TEXT_COLUMNS]
        + [
            ("detected_licenses", pyarrow.list_(pyarrow.string())),
            ("is_vendor", pyarrow.bool_()),
            ("is_generated", pyarrow.bool_()),
            ("length_bytes", pyarrow.int64()),
        ]
    )


def _megabytes(rows: list[Row]) -> float:
    return float(sum(row["length_bytes"] for row in rows)) / 1e6
