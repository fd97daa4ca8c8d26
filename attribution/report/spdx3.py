"""SPDX 3.0.1 as JSON-LD (`-f spdx3`), with the AI and dataset profiles.

    File, Snippet       an input and a match in it; a source and its range
    copiedTo            from the source's snippet to the match's; hasVariant where the copy is near
    Package             a repository's revision, which contains the files of sources
    AIPackage           the model: it generates completions, was trained on a DatasetPackage
    DatasetPackage      a training set; each corpus of the index (spdx3_model.py)

`copiedTo` says that the text stands in both, and every relationship says `noAssertion` of its
completeness. What a source states is its declared licence; nothing is concluded. Bytes count from 1
and both ends are inclusive.

Source: https://spdx.github.io/spdx-spec/v3.0.1/
"""

from collections import defaultdict
from collections.abc import Iterator

from sc2_attrib.attribution.report.machine_text import (
    CONTENT_SWHID,
    WEB_ADDRESS,
    digest,
    document_uuid,
    json_text,
    source_digest,
    utc_seconds,
)
from sc2_attrib.attribution.report.searched import statement
from sc2_attrib.attribution.report.sentences import (
    decision_sentence,
    match_sentence,
)
from sc2_attrib.attribution.report.spdx3_graph import CREATION, Graph
from sc2_attrib.attribution.report.spdx3_model import describe_model_and_corpora
from sc2_attrib.attribution.report.spdx_licenses import NOASSERTION
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import (
    InputKind,
    InputRecord,
    InputStatus,
    MatchKind,
    MatchRecord,
    Range,
    Result,
    Source,
)

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"

Json = dict[str, object]


def render(result: Result) -> str:
    """Write the SPDX 3 document."""
    graph = Graph(f"https://spdx.org/spdxdocs/sc2-attrib-{document_uuid(result)}#")
    tool = graph.add("SoftwareAgent", "tool", {"name": "sc2-attrib", "comment": _version(result)})
    described = describe_model_and_corpora(graph, result.run.model, result.run.index, tool)
    files = [_input(graph, record, described.model) for record in _checked(result)]
    _matches(graph, result)
    elements = list(graph.elements())
    document: Json = {
        "type": "SpdxDocument",
        "spdxId": graph.iri("document"),
        "creationInfo": CREATION,
        "name": f"sc2-attrib run {visible(result.run.id)}",
        "comment": statement(result),
        "profileConformance": ["core", "software", "simpleLicensing", *described.profiles],
        "rootElement": files or [tool],
        "element": [element["spdxId"] for element in elements],
    }
    return json_text(
        {"@context": CONTEXT, "@graph": [_creation(result, tool), document, *elements]}
    )


def _version(result: Result) -> str:
    return f"version {visible(result.run.tool_version)}"


def _creation(result: Result, tool: str) -> Json:
    return {
        "type": "CreationInfo",
        "@id": CREATION,
        "specVersion": "3.0.1",
        "created": utc_seconds(result.run.finished),
        "createdBy": [tool],
    }


def _checked(result: Result) -> Iterator[InputRecord]:
    return (record for record in result.inputs if record.status is InputStatus.CHECKED)


def _input(graph: Graph, record: InputRecord, model: str | None) -> str:
    hashes = {"sha1": record.sha1, "sha256": record.sha256}
    iri = graph.add(
        "software_File",
        f"input-{_key(record.id)}",
        {
            "name": visible(record.path) or "unnamed",
            "comment": f"checked as {record.kind}",
            "software_primaryPurpose": "source",
            "software_contentIdentifier": _swhid(record.swhid or ""),
            "verifiedUsing": [
                {"type": "Hash", "algorithm": name, "hashValue": value}
                for name, value in hashes.items()
                if value
            ],
        },
    )
    if model is not None and record.kind is InputKind.COMPLETION:
        graph.relate(model, "generates", iri)
    graph.state_licenses(iri, NOASSERTION)
    return iri


def _matches(graph: Graph, result: Result) -> None:
    packages: dict[str, set[str]] = defaultdict(set)
    for match in result.matches:
        snippet = _generated_snippet(graph, match)
        for source in match.sources:
            package = _package(graph, source)
            packages[package].add(source.license.expression)
            of = _source_snippet(graph, source, package)
            is_near = source.kind is MatchKind.NEAR
            graph.relate(of, "hasVariant" if is_near else "copiedTo", snippet)
    for package, expressions in packages.items():
        # Files of one repository under several licences: none of them holds for the whole.
        graph.state_licenses(package, expressions.pop() if len(expressions) == 1 else NOASSERTION)


def _generated_snippet(graph: Graph, match: MatchRecord) -> str:
    where = match.generated
    return graph.add(
        "software_Snippet",
        f"match-{_key(match.id)}",
        {
            "name": f"match {visible(match.id)}",
            "comment": f"{match_sentence(match)}. {decision_sentence(match)}",
            "software_snippetFromFile": graph.iri(f"input-{_key(match.input)}"),
            **_ranges(where.bytes, where.lines),
        },
    )


def _package(graph: Graph, source: Source) -> str:
    return graph.add(
        "software_Package",
        f"package-{digest(source.repo, source.revision or '')}",
        {
            "name": visible(source.repo) or "unnamed",
            "software_packageVersion": visible(source.revision or "unknown"),
            "software_primaryPurpose": "source",
        },
    )


def _source_snippet(graph: Graph, source: Source, package: str) -> str:
    file = _source_file(graph, source, package)
    start, stop = source.bytes
    return graph.add(
        "software_Snippet",
        f"snippet-{digest(file, str(start), str(stop))}",
        {
            "name": visible(f"{source.path} lines {source.lines[0]}-{source.lines[1]}"),
            "comment": f"{source.kind}; similarity {source.similarity:g}",
            "software_snippetFromFile": file,
            "software_copyrightText": _copyright(source),
            **_ranges(source.bytes, source.lines),
        },
    )


def _source_file(graph: Graph, source: Source, package: str) -> str:
    key = f"source-{source_digest(source)}"
    is_new = key not in graph
    license_ = source.license
    conflict = "; the statements disagree" if license_.conflict else ""
    where = source.url if source.url and WEB_ADDRESS.fullmatch(source.url) else ""
    iri = graph.add(
        "software_File",
        key,
        {
            "name": visible(source.path) or "unnamed",
            "comment": f"{where} licence by {license_.basis}{conflict}".strip(),
            "software_primaryPurpose": "source",
            "software_contentIdentifier": _swhid(source.document),
            "software_copyrightText": _copyright(source),
        },
    )
    if is_new:
        graph.relate(package, "contains", iri)
        graph.state_licenses(iri, license_.expression)
    return iri


def _copyright(source: Source) -> str:
    return "\n".join(map(visible, source.license.copyright))


def _swhid(swhid: str) -> list[Json]:
    if not CONTENT_SWHID.fullmatch(swhid):
        return []
    identifier: Json = {
        "type": "software_ContentIdentifier",
        "software_contentIdentifierType": "swhid",
        "software_contentIdentifierValue": swhid,
    }
    return [identifier]


def _ranges(in_bytes: Range, in_lines: Range) -> Json:
    start, stop = in_bytes
    return {
        "software_byteRange": _positive_range(start + 1, stop),
        "software_lineRange": _positive_range(*in_lines),
    }


def _positive_range(first: int, last: int) -> Json:
    return {
        "type": "PositiveIntegerRange",
        "beginIntegerRange": first,
        "endIntegerRange": last,
    }


def _key(text: str) -> str:
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in text)
