"""An archive of code: .tar, plain or compressed, and .zip; read member by member, never unpacked.

The archive's name without its suffixes is the repository. A single folder that holds all members,
as in GitHub's downloads and in source distributions, is no part of the paths: it repeats the name
and the revision. Whether there is one is known only at the end, so an archive is gone through
twice: once over the names, which also finds damage before anything is indexed, once for the texts.
The revision is the commit that `git archive`, and so GitHub, writes into the archive's comment.

Nothing is trusted. Names are only reported, and those that lead out of the archive are left out,
as are links and devices. A member is read up to the size limit of a file; what unpacks to
hundreds of times the archive's size is refused. In a .zip one damaged member is left out, because
the others can still be found; a damaged .tar is an error, because what follows the damage is lost.

Source of the comment: git-archive(1); POSIX pax, "comment" in a global extended header.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sc2_attrib.index.corpus import tar_members, zip_members
from sc2_attrib.index.corpus.archive_member import ArchiveError, Member, OpenArchive
from sc2_attrib.index.corpus.document import (
    CorpusDescription,
    SkippedDocument,
    SkipReason,
    SourceDocument,
)
from sc2_attrib.index.corpus.files import (
    MAX_FILE_BYTES,
    VERSION_CONTROL_NAMES,
    Repository,
    document_of,
)
from sc2_attrib.index.corpus.manifests import MOST_BYTES
from sc2_attrib.index.corpus.repository_evidence import RepositoryEvidence, is_evidence
from sc2_attrib.index.errors import CorpusError

SUFFIXES = (*tar_members.SUFFIXES, zip_members.SUFFIX)

_MOST_EVIDENCE_BYTES = 1 << 25  # read while going over the names; what is beyond says nothing
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")  # SHA-1; SHA-256 in newer repositories
_OUTSIDE = re.compile(r"[/\\]|[A-Za-z]:|(.*[/\\])?\.\.([/\\]|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Survey:
    """What going through all names tells: the folder around everything, with its '/', or ''."""

    top: str
    n_bytes: int
    revision: str | None
    evidence: RepositoryEvidence


class ArchiveSource:
    """The text files in an archive, in the archive's order.

    Licence evidence is what each file says in its own first lines, and what licence files and
    manifests say for those around them.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        suffix = next((suffix for suffix in SUFFIXES if path.name.endswith(suffix)), "")
        self._name = path.name.removesuffix(suffix)

    def describe(self) -> CorpusDescription:
        """Name the corpus: the file without its suffixes, and the commit where it is stated."""
        return CorpusDescription(self._name, self._survey.revision)

    def estimate_bytes(self) -> int:
        """Add the sizes of the members that will be read; binary ones count too."""
        return self._survey.n_bytes

    def __iter__(self) -> Iterator[SourceDocument | SkippedDocument]:
        """Yield the files in the archive's order."""
        survey = self._survey
        with self._open() as archive:
            for member in archive.members:
                yield self._document(member, survey)

    def _document(self, member: Member, survey: _Survey) -> SourceDocument | SkippedDocument:
        reason = _reason_to_skip(member)
        if reason is SkipReason.LEADS_OUTSIDE:
            return SkippedDocument(member.name, reason)
        path = _path(member).removeprefix(survey.top)
        content = reason or member.read()
        if isinstance(content, SkipReason):
            return SkippedDocument(path, content)
        repository = Repository(self._name, survey.revision, evidence=survey.evidence)
        return document_of(content, path, repository)

    @cached_property
    def _survey(self) -> _Survey:
        tops: set[str] = set()
        evidence: dict[str, bytes] = {}
        n_bytes, room = 0, _MOST_EVIDENCE_BYTES
        with self._open() as archive:
            revision = archive.comment if _COMMIT.fullmatch(archive.comment) else None
            for member in archive.members:
                reason = _reason_to_skip(member)
                if reason is not SkipReason.LEADS_OUTSIDE:
                    tops.add(_top(_path(member)))
                if reason is None:
                    n_bytes += member.n_bytes
                    evidence |= (found := _evidence(member, room))
                    room -= sum(map(len, found.values()))
        top = tops.pop() if len(tops) == 1 else ""
        return _Survey(top, n_bytes, revision, _repository_evidence(evidence, top))

    @contextmanager
    def _open(self) -> Iterator[OpenArchive]:
        """Open the archive; whatever goes wrong while it is read becomes a CorpusError."""
        is_zip = self._path.name.endswith(zip_members.SUFFIX)
        open_archive = zip_members.open_zip if is_zip else tar_members.open_tar
        try:
            with open_archive(self._path) as archive:
                yield archive
        except (ArchiveError, OSError) as err:
            why = getattr(err, "strerror", None) or err
            raise CorpusError(
                f"{self._path}: can't be read as an archive: {why}; check it or fetch it again"
            ) from err


def _evidence(member: Member, room: int) -> dict[str, bytes]:
    """Read a member that may speak of licences, if there is room for it."""
    path = _path(member)
    if not is_evidence(path) or member.n_bytes > min(room, MOST_BYTES):
        return {}
    content = member.read()
    return {} if isinstance(content, SkipReason) else {path: content}


def _repository_evidence(files: Mapping[str, bytes], top: str) -> RepositoryEvidence:
    evidence = RepositoryEvidence()
    for path, content in files.items():
        evidence.see(path.removeprefix(top), content)
    return evidence


def _path(member: Member) -> str:
    """Give a member's path without the `./` that tar puts in front when it packs a folder."""
    parts = member.name.split("/")
    kept = [part for part in parts if part not in ("", ".")]
    return member.name if _OUTSIDE.match(member.name) or not kept else "/".join(kept)


def _top(path: str) -> str:
    """Give the first folder of a path with its '/'; empty for a file that is in none."""
    first, slash, _ = path.partition("/")
    return first + slash if slash else ""


def _reason_to_skip(member: Member) -> SkipReason | None:
    path = _path(member)
    if _OUTSIDE.match(path):
        return SkipReason.LEADS_OUTSIDE
    if not VERSION_CONTROL_NAMES.isdisjoint(path.split("/")):
        return SkipReason.VERSION_CONTROL
    if member.reason is None and member.n_bytes > MAX_FILE_BYTES:
        return SkipReason.TOO_LARGE
    return member.reason
