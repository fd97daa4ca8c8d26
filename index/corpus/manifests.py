"""Package manifests: the licence that a project states where it describes itself.

Each format has its own place for it, and most let any text stand there; it is kept as given. A
manifest that can't be read says nothing: a broken package.json is no reason to stop a build.

XML is searched, not parsed: a parser would have to be guarded against entities, and only the one
element matters.
"""

import configparser
import email
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from sc2_attrib.index.corpus.document import Basis, LicenseAssertion

MOST_BYTES = 1 << 20
LONGEST_NAME = 100  # characters; classifiers have up to 63, a licence's text thousands

_CONFIDENCE = 0.9  # people state it, for the package as a whole
_CLASSIFIER = "License :: "
_CATCH_ALL = "OSI Approved"
_GEM_LICENSE = re.compile(r"\.licenses?\s*=\s*(.+)")
_QUOTED = re.compile(r"""(["'])([^"'\n]+)\1""")
_SETUP_LICENSE = re.compile(r"""\blicense\s*=\s*(["'])([^"'\n]+)\1""")
_POM_LICENSES = re.compile(r"<licenses>(.{0,4000}?)</licenses>", re.DOTALL)
_XML_NAME = re.compile(r"<name>\s*([^<>]{1,200}?)\s*</name>")
_NUSPEC = re.compile(r"""<license\s+type="expression">\s*([^<>]{1,200}?)\s*</license>""")
_FIELD = re.compile(r"^license\s*:\s*(.+)$", re.IGNORECASE | re.MULTILINE)


def is_manifest(path: str) -> bool:
    """Tell by its name whether a file describes a package."""
    return _reader(path) is not None


def manifest_assertions(path: str, content: bytes) -> tuple[LicenseAssertion, ...]:
    """Read the licences that a manifest states."""
    read = _reader(path)
    if read is None or len(content) > MOST_BYTES:
        return ()
    try:
        stated = [name for name in read(content.decode(errors="replace")) if _is_name(name)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, configparser.Error):
        return ()  # of the many ways not to be a manifest
    return tuple(
        LicenseAssertion(name.strip(), Basis.MANIFEST, path.lstrip("/"), _CONFIDENCE)
        for name in dict.fromkeys(stated)
    )


def metadata_licenses(
    expressions: Iterable[str], classifiers: Iterable[str], names: Iterable[str]
) -> list[str]:
    """Choose what a Python distribution's metadata states, best first."""
    leaves = (
        classifier.rpartition(" :: ")[2]
        for classifier in classifiers
        if classifier.startswith(_CLASSIFIER)
    )
    return (
        list(expressions)
        or [name for name in leaves if name != _CATCH_ALL]
        or [name for name in names if _is_name(name)]
    )


def _is_name(text: object) -> bool:
    """Tell a licence's name from its text, and from nothing."""
    if not isinstance(text, str) or "\n" in text.strip() or len(text) > LONGEST_NAME:
        return False
    return text.strip().upper() not in {"", "UNKNOWN"}


def _package_json(text: str) -> Iterator[str]:
    """Of npm and Bower: a string; of old also an object, or a list of choices."""
    package = json.loads(text)
    stated = package.get("license") or package.get("licenses") or []
    choices = stated if isinstance(stated, list) else [stated]
    names = [str(each["type"] if isinstance(each, dict) else each) for each in choices]
    yield " OR ".join(names)


def _composer(text: str) -> Iterator[str]:
    """Of Composer: a string, or a list of choices."""
    stated = json.loads(text)["license"]
    yield stated if isinstance(stated, str) else " OR ".join(stated)


def _cargo(text: str) -> Iterator[str]:
    yield tomllib.loads(text)["package"]["license"]


def _pyproject(text: str) -> Iterator[str]:
    tables = tomllib.loads(text)
    project = tables.get("project") or tables.get("tool", {}).get("poetry", {})
    stated = project.get("license", "")
    name = stated.get("text", "") if isinstance(stated, dict) else stated
    is_expression = isinstance(stated, str) and bool(stated)
    yield from metadata_licenses(
        [name] if is_expression else [], project.get("classifiers", []), [name]
    )


def _setup_cfg(text: str) -> Iterator[str]:
    config = configparser.ConfigParser(interpolation=None, strict=False)
    config.read_string(text)
    metadata = config["metadata"]
    yield from metadata_licenses(
        [], metadata.get("classifiers", "").split("\n"), [metadata.get("license", "")]
    )


def _setup_py(text: str) -> Iterator[str]:
    yield from (found[2] for found in _SETUP_LICENSE.finditer(text))


def _metadata(text: str) -> Iterator[str]:
    message = email.message_from_string(text)
    yield from metadata_licenses(
        message.get_all("License-Expression", []),
        message.get_all("Classifier", []),
        message.get_all("License", []),
    )


def _gemspec(text: str) -> Iterator[str]:
    if stated := _GEM_LICENSE.search(text):
        yield from (found[2] for found in _QUOTED.finditer(stated[1]))


def _pom(text: str) -> Iterator[str]:
    if licenses := _POM_LICENSES.search(text):
        yield from _XML_NAME.findall(licenses[1])


def _nuspec(text: str) -> Iterator[str]:
    yield from _NUSPEC.findall(text)


def _field(text: str) -> Iterator[str]:
    if stated := _FIELD.search(text):
        yield stated[1].strip().strip("\"'")


_BY_NAME: Mapping[str, Callable[[str], Iterator[Any]]] = {
    "package.json": _package_json,
    "bower.json": _package_json,
    "composer.json": _composer,
    "Cargo.toml": _cargo,
    "pyproject.toml": _pyproject,
    "setup.cfg": _setup_cfg,
    "setup.py": _setup_py,
    "PKG-INFO": _metadata,
    "METADATA": _metadata,
    "pom.xml": _pom,
    "DESCRIPTION": _field,
}
_BY_SUFFIX: Mapping[str, Callable[[str], Iterator[Any]]] = {
    ".gemspec": _gemspec,
    ".nuspec": _nuspec,
    ".cabal": _field,
    ".opam": _field,
}


def _reader(path: str) -> Callable[[str], Iterator[Any]] | None:
    name = path.rpartition("/")[2]
    return _BY_NAME.get(name) or _BY_SUFFIX.get(PurePosixPath(name).suffix)
