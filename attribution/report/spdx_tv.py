"""SPDX 2.3 as tag-value (`-f spdx-tv`): the document of spdx_document.py, line by line.

Each line is `Tag: value`. What may hold a line end stands between `<text>` and `</text>`. Order has
meaning: what follows a package belongs to it, so files come first, each before its snippets.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from sc2_attrib.attribution.report.machine_text import well_formed
from sc2_attrib.attribution.report.spdx_document import spdx_document
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import Result

Element = Mapping[str, Any]


def render(result: Result) -> str:
    """Write the SPDX document as tag-value."""
    return well_formed("".join(f"{line}\n" for line in _lines(spdx_document(result))))


def _lines(document: Element) -> Iterator[str]:
    yield from _document(document)
    snippets: dict[str, list[Element]] = defaultdict(list)
    for snippet in document["snippets"]:
        snippets[snippet["snippetFromFile"]].append(snippet)
    for file in document["files"]:
        yield from _file(file)
        for snippet in snippets[file["SPDXID"]]:
            yield from _snippet(snippet)
    for package in document["packages"]:
        yield from _package(package)
    for license_ in document["hasExtractedLicensingInfos"]:
        yield from _license(license_)
    for relationship in document["relationships"]:
        yield from _relationship(relationship)


def _document(document: Element) -> Iterator[str]:
    yield _tag("SPDXVersion", document["spdxVersion"])
    yield _tag("DataLicense", document["dataLicense"])
    yield _tag("SPDXID", document["SPDXID"])
    yield _tag("DocumentName", document["name"])
    yield _tag("DocumentNamespace", document["documentNamespace"])
    yield _text("DocumentComment", document["comment"])
    creation = document["creationInfo"]
    yield from (_tag("Creator", creator) for creator in creation["creators"])
    yield _tag("Created", creation["created"])


def _file(file: Element) -> Iterator[str]:
    yield ""
    yield _tag("FileName", file["fileName"])
    yield _tag("SPDXID", file["SPDXID"])
    yield from (_tag("FileType", kind) for kind in file["fileTypes"])
    for checksum in file["checksums"]:
        yield _tag("FileChecksum", f"{checksum['algorithm']}: {checksum['checksumValue']}")
    yield _tag("LicenseConcluded", file["licenseConcluded"])
    yield from (_tag("LicenseInfoInFile", each) for each in file["licenseInfoInFiles"])
    yield _text("FileCopyrightText", file["copyrightText"])
    yield _text("FileComment", file["comment"])


def _snippet(snippet: Element) -> Iterator[str]:
    yield ""
    yield _tag("SnippetSPDXID", snippet["SPDXID"])
    yield _tag("SnippetFromFileSPDXID", snippet["snippetFromFile"])
    in_bytes, in_lines = snippet["ranges"]
    yield _tag("SnippetByteRange", _ends(in_bytes, "offset"))
    yield _tag("SnippetLineRange", _ends(in_lines, "lineNumber"))
    yield _tag("SnippetLicenseConcluded", snippet["licenseConcluded"])
    yield from (_tag("LicenseInfoInSnippet", each) for each in snippet["licenseInfoInSnippets"])
    yield _text("SnippetCopyrightText", snippet["copyrightText"])
    yield _text("SnippetComment", snippet["comment"])
    yield _tag("SnippetName", snippet["name"])


def _ends(range_: Element, unit: str) -> str:
    return f"{range_['startPointer'][unit]}:{range_['endPointer'][unit]}"


def _package(package: Element) -> Iterator[str]:
    yield ""
    yield _tag("PackageName", package["name"])
    yield _tag("SPDXID", package["SPDXID"])
    yield _tag("PackageVersion", package["versionInfo"])
    yield _tag("PackageFileName", package["packageFileName"])
    yield _tag("PackageDownloadLocation", package["downloadLocation"])
    yield _tag("FilesAnalyzed", "false")
    yield _tag("PackageLicenseConcluded", package["licenseConcluded"])
    yield _tag("PackageLicenseDeclared", package["licenseDeclared"])
    yield _text("PackageLicenseComments", package["licenseComments"])
    yield _text("PackageCopyrightText", package["copyrightText"])
    yield from map(_external, package["externalRefs"])
    yield _tag("PrimaryPackagePurpose", package["primaryPackagePurpose"])


def _external(reference: Element) -> str:
    names = ("referenceCategory", "referenceType", "referenceLocator")
    return _tag("ExternalRef", " ".join(str(reference[name]) for name in names))


def _license(license_: Element) -> Iterator[str]:
    yield ""
    yield _tag("LicenseID", license_["licenseId"])
    yield _text("ExtractedText", license_["extractedText"])
    yield _tag("LicenseName", license_["name"])


def _relationship(relationship: Element) -> Iterator[str]:
    names = ("spdxElementId", "relationshipType", "relatedSpdxElement")
    yield _tag("Relationship", " ".join(str(relationship[name]) for name in names))
    if "comment" in relationship:
        yield _text("RelationshipComment", relationship["comment"])


def _tag(name: str, value: object) -> str:
    return f"{name}: {visible(str(value))}"


def _text(name: str, value: object) -> str:
    """Write what may have several lines; what would end it early is broken by a space."""
    if value in ("NONE", "NOASSERTION"):
        return _tag(name, value)
    return f"{name}: <text>{str(value).replace('</text>', '< /text>')}</text>"
