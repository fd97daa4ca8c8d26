"""The files below a folder in a fixed order, and each as a document; what is left out says why.

The order is that of the paths as strings. Symbolic links are not followed: a target inside the
folder is met at its own path, one outside is not part of the folder.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from sc2_attrib.index.corpus import notebook
from sc2_attrib.index.corpus.document import (
    LicenseAssertion,
    Occurrence,
    SkippedDocument,
    SkipReason,
    SourceDocument,
)
from sc2_attrib.index.corpus.encoding import to_utf8
from sc2_attrib.index.corpus.evidence import read_evidence
from sc2_attrib.index.corpus.language import language_of
from sc2_attrib.index.corpus.repository_evidence import RepositoryEvidence, is_evidence
from sc2_attrib.index.errors import CorpusError

# The Stack v2 was built from files below 10 MB; larger ones are data far more often than code.
MAX_FILE_BYTES = 10_000_000

# Copies of other projects, kept in folders that these conventions name.
_VENDOR_FOLDER = re.compile(r"(^|/)(_?vendor(s|ed)?|(third|3rd)[-_]?party|node_modules)/", re.I)

VERSION_CONTROL_NAMES = frozenset({".git", ".hg", ".svn", ".bzr", ".jj", "_darcs", "CVS"})


@dataclass(frozen=True, slots=True)
class File:
    """A file to read: `path` is what is reported, with '/' and valid Unicode."""

    path: str
    location: Path


@dataclass(frozen=True, slots=True)
class Repository:
    """What the files of one repository have in common; the fields are those of `Occurrence`.

    `evidence` is what some of its files say about the licences of others.
    """

    name: str
    revision: str | None = None
    licenses: tuple[LicenseAssertion, ...] = ()
    url: str | None = None
    evidence: RepositoryEvidence = field(default_factory=RepositoryEvidence)


@dataclass(frozen=True, slots=True)
class FileText:
    """A file's text as UTF-8 bytes; `src_encoding` and `language` as in `Occurrence`."""

    content: bytes
    src_encoding: str | None
    language: str | None = None


def walk(
    root: Path, *, start: str = "", pruned: frozenset[str] = frozenset()
) -> Iterator[File | SkippedDocument]:
    """Yield the regular files below a folder, their paths relative to it, and what is left out.

    Args:
        root: the folder; may itself be a symbolic link.
        start: a folder below `root` that the walk is limited to.
        pruned: names of what is no part of the corpus and not even reported.

    Raises:
        CorpusError: the folder itself can't be listed.
    """
    try:
        pending = _entries_backwards(root / start, pruned)
    except OSError as err:
        raise CorpusError(f"{root / start}: can't list this folder: {err.strerror}") from err
    while pending:
        entry = pending.pop()
        path = _path_below(root, entry)
        if reason := _reason_to_skip(entry):
            yield SkippedDocument(path, reason)
        elif entry.is_file():
            yield File(path, Path(entry.path))
        else:
            try:
                pending += _entries_backwards(entry, pruned)
            except OSError:
                yield SkippedDocument(path, SkipReason.UNREADABLE)


def read_repository_evidence(files: Iterable[File | SkippedDocument]) -> RepositoryEvidence:
    """Read what speaks of licences among the files of a repository."""
    evidence = RepositoryEvidence()
    for file in files:
        if isinstance(file, File) and is_evidence(file.path):
            raw = read_raw(file.location)
            if not isinstance(raw, SkipReason):
                evidence.see(file.path, raw)
    return evidence


def read_document(file: File, repository: Repository) -> SourceDocument | SkippedDocument:
    """Read a file as one occurrence; see `document_of`."""
    raw = read_raw(file.location)
    if isinstance(raw, SkipReason):
        return SkippedDocument(file.path, raw)
    return document_of(raw, file.path, repository)


def read_raw(location: Path) -> bytes | SkipReason:
    """Read a file's bytes, unless they are too many."""
    try:
        if location.stat().st_size > MAX_FILE_BYTES:
            return SkipReason.TOO_LARGE
        return location.read_bytes()
    except OSError:
        return SkipReason.UNREADABLE


def document_of(raw: bytes, path: str, repository: Repository) -> SourceDocument | SkippedDocument:
    """Turn a file's bytes into one occurrence; its own evidence joins the repository's."""
    text = _text_of_file(raw, path)
    if isinstance(text, SkipReason):
        return SkippedDocument(path, text)
    evidence = read_evidence(text.content)
    occurrence = Occurrence(
        repository.name,
        path,
        repository.revision,
        repository.licenses + evidence.licenses,
        language=text.language,
        url=repository.url,
        is_vendor=_VENDOR_FOLDER.search(path) is not None,
        src_encoding=text.src_encoding,
        copyright=evidence.copyright,
    )
    return SourceDocument(text.content, repository.evidence.add_to(occurrence))


def _text_of_file(raw: bytes, path: str) -> FileText | SkipReason:
    """Tell a file's text, in a notebook the program, and its language."""
    text = text_of(raw)
    if isinstance(text, SkipReason):
        return text
    if path.endswith(notebook.SUFFIX) and (script := notebook.script_of(text.content)):
        if not script.content.strip():
            return SkipReason.EMPTY
        return FileText(script.content, notebook.FORMAT, script.language or language_of(path))
    return replace(text, language=language_of(path))


def text_of(raw: bytes) -> FileText | SkipReason:
    """Tell text from what is no text, and transcode it to UTF-8 where a mark names its encoding."""
    try:
        content, src_encoding = to_utf8(raw)
    except UnicodeDecodeError:
        return SkipReason.UNDECODABLE
    if not content:
        return SkipReason.EMPTY
    if b"\0" in content:
        return SkipReason.BINARY
    return FileText(content, src_encoding)


def size_of(file: File) -> int:
    """Get a file's size in bytes; 0 if it will be left out for its size or can't be read."""
    try:
        size = file.location.stat().st_size
    except OSError:
        return 0
    return size if size <= MAX_FILE_BYTES else 0


def _entries_backwards(
    folder: Path | os.DirEntry[str], pruned: frozenset[str]
) -> list[os.DirEntry[str]]:
    """List a folder, last first: the end of the list is what `walk` takes next."""
    with os.scandir(folder) as entries:
        kept = [entry for entry in entries if entry.name not in pruned]
    return sorted(kept, key=_sort_key, reverse=True)


def _sort_key(entry: os.DirEntry[str]) -> str:
    # All paths below a folder go on with '/', so this makes the order that of whole paths.
    return entry.name + "/" if entry.is_dir(follow_symlinks=False) else entry.name


def _reason_to_skip(entry: os.DirEntry[str]) -> SkipReason | None:
    if entry.name in VERSION_CONTROL_NAMES:
        return SkipReason.VERSION_CONTROL
    if entry.is_symlink():
        return SkipReason.SYMBOLIC_LINK
    if not entry.is_file() and not entry.is_dir():
        return SkipReason.SPECIAL_FILE
    return None


def _path_below(root: Path, entry: os.DirEntry[str]) -> str:
    relative = Path(entry.path).relative_to(root)
    return os.fsencode(relative).decode("utf-8", errors="replace")  # a name may be any bytes
