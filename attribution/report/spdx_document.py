"""The SPDX 2.3 document that `spdx` writes as JSON and `spdx-tv` as tag-value.

    file        an input that has a match, or was checked
    snippet     a match in it, by bytes (counted from 1, both ends inclusive) and lines
    package     a source: one file of a repository's revision, named by its SWHID
    COPY_OF     from the snippet to each of its sources; VARIANT_OF where only a near copy

A source is a package of purpose FILE, not a file: a file must state its SHA-1, which an index
doesn't have, and a made-up one would be a lie that nobody can check. Its range is in the comment
of the relationship. What a source states is `licenseDeclared`; what holds for the match is for
people to conclude, so every concluded licence is NOASSERTION.

Source: https://spdx.github.io/spdx-spec/v2.3/
"""

import re
from collections.abc import Iterable, Iterator

from sc2_attrib.attribution.report.machine_text import (
    CONTENT_SWHID,
    WEB_ADDRESS,
    document_uuid,
    source_digest,
    utc_seconds,
)
from sc2_attrib.attribution.report.purl import purl
from sc2_attrib.attribution.report.searched import statement
from sc2_attrib.attribution.report.sentences import (
    decision_sentence,
    match_sentence,
    span,
)
from sc2_attrib.attribution.report.spdx_licenses import (
    NOASSERTION,
    NONE,
    license_refs,
    spdx_expression,
)
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import (
    InputRecord,
    InputStatus,
    MatchKind,
    MatchRecord,
    Result,
    Source,
)

DOCUMENT = "SPDXRef-DOCUMENT"
UNKNOWN_TEXT = "The text of this licence is not known; the name is what the source states."

Json = dict[str, object]


def spdx_document(result: Result) -> Json:
    """Describe the run as an SPDX 2.3 document."""
    files = [record for record in result.inputs if record.status is InputStatus.CHECKED]
    sources = _distinct(result.matches)
    expressions = (spdx_expression(source.license.expression) for source in sources.values())
    return {
        "SPDXID": DOCUMENT,
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "name": f"sc2-attrib run {visible(result.run.id)}",
        "documentNamespace": f"https://spdx.org/spdxdocs/sc2-attrib-{document_uuid(result)}",
        "creationInfo": _creation(result),
        "comment": statement(result),
        "hasExtractedLicensingInfos": [
            {"licenseId": ref, "name": ref, "extractedText": UNKNOWN_TEXT}
            for ref in license_refs(expressions)
        ],
        "packages": [_package(source) for source in sources.values()],
        "files": [_file(record) for record in files],
        "snippets": [_snippet(match) for match in result.matches],
        "relationships": list(_relationships(result, files)),
    }


def _creation(result: Result) -> Json:
    version = re.sub(r"[^\w.+-]", "", result.run.tool_version, flags=re.ASCII)
    created = utc_seconds(result.run.finished)
    return {"created": created, "creators": [f"Tool: sc2-attrib-{version}"]}


def visible_lines(text: str) -> str:
    """Show what can't be seen, but for line ends."""
    return "\n".join(map(visible, text.splitlines()))


def _distinct(matches: Iterable[MatchRecord]) -> dict[str, Source]:
    return {_source_id(source): source for match in matches for source in match.sources}


def _source_id(source: Source) -> str:
    return f"SPDXRef-Source-{source_digest(source)}"


def _file_id(input_id: str) -> str:
    return f"SPDXRef-Input-{_id_part(input_id)}"


def _snippet_id(match: MatchRecord) -> str:
    return f"SPDXRef-Match-{_id_part(match.id)}"


def _id_part(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "-", text)


def _file(record: InputRecord) -> Json:
    hashes = {"SHA1": record.sha1, "SHA256": record.sha256}
    checksums = [
        {"algorithm": name, "checksumValue": value} for name, value in hashes.items() if value
    ]
    return {
        "SPDXID": _file_id(record.id),
        "fileName": _file_name(record.path),
        "fileTypes": ["SOURCE"],
        "checksums": checksums,
        "licenseConcluded": NOASSERTION,
        "licenseInfoInFiles": [NOASSERTION],
        "copyrightText": NOASSERTION,
        "comment": f"checked as {record.kind}",
    }


def _file_name(path: str) -> str:
    """Name a file relative to the package, as SPDX wants: `./src/a.py`."""
    shown = visible(path)
    return shown if shown.startswith(("./", "/")) else f"./{shown}"


def _package(source: Source) -> Json:
    license_ = source.license
    expression = spdx_expression(license_.expression)
    said = "; ".join(f"{a.basis}: {a.expression}" for a in license_.assertions)
    conflict = "; the statements disagree" if license_.conflict else ""
    return {
        "SPDXID": _source_id(source),
        "name": visible(source.repo) or "unnamed",
        "versionInfo": visible(source.revision or "unknown"),
        "packageFileName": _file_name(source.path),
        "primaryPackagePurpose": "FILE",
        "downloadLocation": _download(source),
        "filesAnalyzed": False,
        "licenseConcluded": NOASSERTION,
        "licenseDeclared": expression,
        "licenseComments": visible(f"basis: {license_.basis}{conflict}. {said}".strip()),
        "copyrightText": visible_lines("\n".join(license_.copyright)) or NOASSERTION,
        "externalRefs": list(_references(source)),
    }


def _download(source: Source) -> str:
    return source.url if source.url and WEB_ADDRESS.fullmatch(source.url) else NOASSERTION


def _references(source: Source) -> Iterator[Json]:
    if CONTENT_SWHID.fullmatch(source.document):
        yield {
            "referenceCategory": "PERSISTENT-ID",
            "referenceType": "swh",
            "referenceLocator": source.document,
        }
    if name := purl(source):
        yield {
            "referenceCategory": "PACKAGE-MANAGER",
            "referenceType": "purl",
            "referenceLocator": name,
        }


def _snippet(match: MatchRecord) -> Json:
    in_file, (first, last) = _file_id(match.input), match.generated.lines
    start, stop = match.generated.bytes
    return {
        "SPDXID": _snippet_id(match),
        "name": f"match {visible(match.id)}",
        "snippetFromFile": in_file,
        "ranges": [
            _range(in_file, "offset", start + 1, stop),
            _range(in_file, "lineNumber", first, last),
        ],
        "licenseConcluded": NOASSERTION,
        "licenseInfoInSnippets": [NONE],
        "copyrightText": NOASSERTION,
        "comment": f"{match_sentence(match)}. {decision_sentence(match)}",
    }


def _range(in_file: str, unit: str, first: int, last: int) -> Json:
    return {
        "startPointer": {"reference": in_file, unit: first},
        "endPointer": {"reference": in_file, unit: last},
    }


def _relationships(result: Result, files: Iterable[InputRecord]) -> Iterator[Json]:
    nothing = NONE if result.summary.complete else NOASSERTION
    for id_ in [_file_id(record.id) for record in files] or [nothing]:
        yield _relationship(DOCUMENT, "DESCRIBES", id_)
    for match in result.matches:
        for source in match.sources:
            is_near = source.kind is MatchKind.NEAR
            kind = "VARIANT_OF" if is_near else "COPY_OF"
            yield _relationship(_snippet_id(match), kind, _source_id(source)) | {
                "comment": _relation_comment(source)
            }


def _relation_comment(source: Source) -> str:
    start, stop = source.bytes
    return visible(
        f"{source.kind}; similarity {source.similarity:g}; lines {span(source.lines)};"
        f" bytes {start + 1}-{stop}; {source.swhid}"
    )


def _relationship(of: str, kind: str, to: str) -> Json:
    return {"spdxElementId": of, "relationshipType": kind, "relatedSpdxElement": to}
