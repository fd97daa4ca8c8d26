"""What a repository says about the licence of its files, outside of them.

Three kinds of files speak for others: licence files (license_files.py), package manifests
(manifests.py), and those of REUSE (reuse.py). A source shows all of them here before it yields its
documents; then each document gets what governs its place. Of licence files and of manifests, the
nearest folder upwards decides. What is said is not weighed: a manifest stands beside a licence file
that says otherwise, and both are told.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from sc2_attrib.index.corpus import reuse
from sc2_attrib.index.corpus.document import LicenseAssertion, Occurrence
from sc2_attrib.index.corpus.evidence import FileEvidence
from sc2_attrib.index.corpus.license_files import (
    MOST_BYTES,
    REUSE_FOLDER,
    assertions_in,
    folders_above,
    governed_folder,
    holders_in,
    is_license_file,
)
from sc2_attrib.index.corpus.manifests import is_manifest, manifest_assertions

T = TypeVar("T")

_SPEAKS_OF_LICENSES = (reuse.TOML_NAME, reuse.DEP5_PATH, reuse.SIDECAR_SUFFIX)


def is_evidence(path: str) -> bool:
    """Tell by its name whether a file may speak of the licence of others."""
    return is_license_file(path) or is_manifest(path) or path.endswith(_SPEAKS_OF_LICENSES)


@dataclass(slots=True)
class _Folder:
    """What is said in one folder."""

    licenses: list[LicenseAssertion] = field(default_factory=list)
    copyright: list[str] = field(default_factory=list)
    manifests: list[LicenseAssertion] = field(default_factory=list)


class RepositoryEvidence:
    """The evidence of one repository; memory grows with the number of files that are evidence."""

    def __init__(self) -> None:
        self._folders: dict[str, _Folder] = defaultdict(_Folder)
        self._annotations: list[reuse.Annotation] = []
        self._sidecars: dict[str, FileEvidence] = {}

    def see(self, path: str, content: bytes) -> None:
        """Take in a file, if it is evidence."""
        path = path.lstrip("/")
        if path.endswith(reuse.SIDECAR_SUFFIX):
            self._sidecars[path.removesuffix(reuse.SIDECAR_SUFFIX)] = reuse.sidecar_evidence(
                path, content
            )
        elif path.endswith(reuse.TOML_NAME):
            self._annotations += reuse.read_toml(path, content)
        elif path.endswith(reuse.DEP5_PATH):
            self._annotations += reuse.read_dep5(path, content)
        elif is_manifest(path):
            self._folders[path.rpartition("/")[0]].manifests += manifest_assertions(path, content)
        elif is_license_file(path):
            self.see_license(path, content, folder=governed_folder(path))

    def see_license(self, path: str, content: bytes, *, folder: str) -> None:
        """Take in a licence file that speaks for all below a folder, unless it is of REUSE's."""
        if len(content) <= MOST_BYTES and not _is_of_reuse(path):
            said = self._folders[folder.rstrip("/")]
            said.licenses += assertions_in(path, content)
            said.copyright += holders_in(content)

    def add_to(self, occurrence: Occurrence) -> Occurrence:
        """Join what governs the place of an occurrence with what it says itself."""
        path = occurrence.path.lstrip("/")
        beside = self._beside(path, says_itself=bool(occurrence.licenses))
        nearest = self._nearest(path)
        return replace(
            occurrence,
            licenses=_distinct((*occurrence.licenses, *beside.licenses, *nearest.licenses)),
            copyright=_distinct((*occurrence.copyright, *beside.copyright, *nearest.copyright)),
        )

    def _beside(self, path: str, *, says_itself: bool) -> FileEvidence:
        """Find what REUSE's files say of one file; a header of its own stands above tables."""
        if path in self._sidecars:
            return self._sidecars[path]
        stated = [each for each in self._annotations if each.is_override or not says_itself]
        return reuse.annotated(path, stated)

    def _nearest(self, path: str) -> FileEvidence:
        folders = [name.rstrip("/") for name in folders_above(path)]
        known = [self._folders[name] for name in folders if name in self._folders]
        licensing = next((each for each in known if each.licenses or each.copyright), _Folder())
        stating = next((each.manifests for each in known if each.manifests), [])
        return FileEvidence((*licensing.licenses, *stating), tuple(licensing.copyright))


def _is_of_reuse(path: str) -> bool:
    """Tell a text of REUSE's folder: that holds all licences that are used anywhere."""
    return path.split("/")[-2:-1] == [REUSE_FOLDER]


def _distinct(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))
