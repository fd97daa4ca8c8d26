"""`python:` — the running interpreter's standard library and installed distributions.

Read are .py and .pyi files, this distribution's own excepted. The standard library comes first,
then the distributions by name; files by path. A distribution's files are those its RECORD lists;
where there is none (Debian installs none), those of the packages that carry its name.

Left out with a reason: an editable install, whose code is a working folder and a source of its own;
a distribution that another of the same name hides on the import path; files that an installer put
outside the installation folder.

Licences are what the metadata states, best first: License-Expression, licence classifiers, a short
License field. The last is often a whole licence text, which is no name of a licence. Licence files
speak for the folder they lie in; those beside the metadata lie there as in the project's sources.

Source: PyPA, "Core metadata specifications" and "Recording installed projects"; PEP 639.
"""

import email
import importlib.metadata
import platform
import re
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.message import Message
from importlib.metadata import Distribution
from pathlib import Path, PurePosixPath

from sc2_attrib.index.corpus.document import (
    Basis,
    CorpusDescription,
    LicenseAssertion,
    SkippedDocument,
    SkipReason,
    SourceDocument,
)
from sc2_attrib.index.corpus.files import (
    File,
    Repository,
    read_document,
    read_raw,
    size_of,
    walk,
)
from sc2_attrib.index.corpus.license_files import LicenseFile, governed_folder, is_license_file
from sc2_attrib.index.corpus.manifests import metadata_licenses
from sc2_attrib.index.corpus.repository_evidence import RepositoryEvidence

PYTHON_SUFFIXES = (".py", ".pyi")
OWN_NAME = "sc2-attrib"

# The parts of the standard library's folder that aren't the standard library.
_INSTALLATION_FOLDERS = frozenset({"site-packages", "dist-packages", "__pycache__"})
# A distribution's metadata folder; one further down belongs to a copy of a distribution.
_METADATA_FOLDER = re.compile(
    r"(?P<above>.*/)?(?P<name>[^/-]+)-[^/]*\.(?:dist|egg)-info/(?:license_files/|licenses/)?(?:src/)?"
)
_EDITABLE = re.compile(r'"editable"\s*:\s*true')  # in direct_url.json: PEP 610


@dataclass(frozen=True, slots=True)
class _Package:
    """What becomes one repository; only Python files."""

    name: str
    version: str | None
    licenses: tuple[LicenseAssertion, ...]
    license_files: list[LicenseFile]
    files: Iterator[File | SkippedDocument]


class InstalledSource:
    """The Python code of this interpreter."""

    def __init__(
        self,
        *,
        standard_library: Path | None = None,
        distributions: Iterable[Distribution] | None = None,
    ) -> None:
        """Choose what to read.

        Args:
            standard_library: its folder; the running interpreter's by default.
            distributions: those on the import path by default.
        """
        self._standard_library = standard_library or Path(sysconfig.get_path("stdlib"))
        self._distributions = None if distributions is None else tuple(distributions)

    def describe(self) -> CorpusDescription:
        """Name the corpus: the interpreter's version."""
        return CorpusDescription("python", platform.python_version())

    def estimate_bytes(self) -> int:
        """Add the sizes of all files."""
        return sum(
            size_of(found)
            for package in self._packages()
            if isinstance(package, _Package)
            for found in package.files
            if isinstance(found, File)
        )

    def __iter__(self) -> Iterator[SourceDocument | SkippedDocument]:
        """Yield the files of each package in turn."""
        for package in self._packages():
            if isinstance(package, SkippedDocument):
                yield package
            else:
                yield from _documents(package)

    def _packages(self) -> Iterator[_Package | SkippedDocument]:
        yield _Package(
            name="cpython",
            version=platform.python_version(),
            licenses=(LicenseAssertion("PSF-2.0", Basis.MANIFEST),),
            license_files=[*_license_files("cpython", self._standard_library, ["LICENSE.txt"])],
            files=_walk(self._standard_library),
        )
        distributions = self._distributions
        if distributions is None:
            distributions = tuple(importlib.metadata.distributions())
        yield from _read_packages(distributions)


def _documents(package: _Package) -> Iterator[SourceDocument | SkippedDocument]:
    evidence = RepositoryEvidence()
    for file in package.license_files:
        evidence.see_license(file.path, file.content, folder=file.folder)
    yield from package.license_files
    repository = Repository(package.name, package.version, package.licenses, evidence=evidence)
    for found in package.files:
        if isinstance(found, SkippedDocument):
            yield found
        else:
            yield read_document(found, repository)


def _read_packages(distributions: Iterable[Distribution]) -> Iterator[_Package | SkippedDocument]:
    """Read the metadata of each; ordered by name, the first of a name on the import path wins."""
    by_name: dict[str, _Package] = {}
    for package in map(_read_package, distributions):
        if isinstance(package, SkippedDocument):
            yield package
        elif by_name.setdefault(_normalized(package.name), package) is not package:
            yield SkippedDocument(f"{package.name} {package.version}", SkipReason.SHADOWED)
    for name in sorted(by_name.keys() - {OWN_NAME}):
        yield by_name[name]


def _read_package(distribution: Distribution) -> _Package | SkippedDocument:
    root = Path(str(distribution.locate_file("")))
    metadata = _read_metadata(distribution)
    if metadata is None or not metadata["Name"]:
        return SkippedDocument(root.name, SkipReason.NO_METADATA)
    return _Package(
        name=metadata["Name"],
        version=metadata["Version"],
        licenses=_licenses(metadata),
        license_files=[*_license_files(metadata["Name"], root, map(str, distribution.files or ()))],
        files=_files(distribution, metadata["Name"], root),
    )


def _read_metadata(distribution: Distribution) -> Message | None:
    # `distribution.metadata` fails where the file is missing, as broken installs leave it.
    try:
        text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO")
    except UnicodeDecodeError:
        return None
    return email.message_from_string(text) if text else None


def _licenses(metadata: Message) -> tuple[LicenseAssertion, ...]:
    stated = (
        metadata.get_all(name, []) for name in ("License-Expression", "Classifier", "License")
    )
    names = metadata_licenses(*stated)
    return tuple(LicenseAssertion(name, Basis.MANIFEST, "METADATA") for name in names)


def _license_files(name: str, root: Path, paths: Iterable[str]) -> Iterator[LicenseFile]:
    """Read the licence files of a distribution; what lies outside of its folder is not its own."""
    for path in sorted(filter(is_license_file, paths)):
        raw = None if _is_outside(path) else read_raw(root / path)
        if isinstance(raw, bytes):
            folder = _governed_folder(path)
            yield LicenseFile(path, SkipReason.ONLY_LICENSE_TEXT, name, raw, folder)


def _governed_folder(path: str) -> str:
    """Name the folder of Python files that an installed licence file speaks for."""
    if (metadata := _METADATA_FOLDER.match(path)) is None:
        return governed_folder(path)
    if metadata["above"]:
        return f"{metadata['above']}{metadata['name']}/"
    return governed_folder(path[metadata.end() :])


def _is_outside(path: str) -> bool:
    return path.startswith("/") or ".." in path.split("/")


def _files(distribution: Distribution, name: str, root: Path) -> Iterator[File | SkippedDocument]:
    """Yield what a distribution's RECORD lists, else its packages' files."""
    if _EDITABLE.search(distribution.read_text("direct_url.json") or ""):
        yield SkippedDocument(name, SkipReason.EDITABLE)
    elif distribution.read_text("RECORD") is not None:
        recorded = {str(file) for file in distribution.files or ()}
        python_files = (path for path in recorded if path.endswith(PYTHON_SUFFIXES))
        yield from (_recorded_file(root, path) for path in sorted(python_files))
    else:
        tops = distribution.read_text("top_level.txt") or _normalized(name).replace("-", "_")
        found = [found for top in sorted(tops.split()) for found in _files_of_top(root, top)]
        yield from found or [SkippedDocument(name, SkipReason.NO_FILES)]


def _recorded_file(root: Path, path: str) -> File | SkippedDocument:
    if _is_outside(path):
        return SkippedDocument(path, SkipReason.OUTSIDE)
    return File(path, root / path)


def _files_of_top(root: Path, top: str) -> Iterator[File | SkippedDocument]:
    """Yield the files of a top-level module, or of a package and all below it."""
    for module in (top + suffix for suffix in PYTHON_SUFFIXES):
        if (root / module).is_file():
            yield File(module, root / module)
    if (root / top).is_dir():
        yield from _walk(root, start=top)


def _walk(root: Path, *, start: str = "") -> Iterator[File | SkippedDocument]:
    """Yield the Python files below a folder, and what was left out that may have been one."""
    for found in walk(root, start=start, pruned=_INSTALLATION_FOLDERS):
        suffix = PurePosixPath(found.path).suffix
        if suffix in PYTHON_SUFFIXES or (not suffix and isinstance(found, SkippedDocument)):
            yield found


def _normalized(name: str) -> str:
    """Spell a distribution's name as PyPA's name normalisation does."""
    return re.sub(r"[-_.]+", "-", name).lower()
