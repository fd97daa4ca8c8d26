"""CycloneDX 1.7 and 1.6 as JSON (`-f cyclonedx`, `-f cyclonedx-1.6`).

    metadata        the tool, and the set of checked inputs as the component that is described
    components      each input as a `file`; the model; each corpus of the index as `data`
    pedigree        the sources of an input's matches as `variants` of it
    compositions    `incomplete` where the run is, else `unknown`: an index is a part of all code
    annotations     what was searched

A source is a variant, not an ancestor: the specification keeps that for nearly identical code whose
relationship is not known. The fields of a match have no place of their own in CycloneDX and are
properties of the source, named `sc2-attrib:match:<id>:…`; a purl of GitHub is lower-cased, so the
repository's name as it was is the source's group.

Source: https://cyclonedx.org/docs/1.7/json/
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sc2_attrib.attribution.report.machine_text import (
    CONTENT_SWHID,
    document_uuid,
    json_text,
    source_digest,
    utc_seconds,
    well_formed,
)
from sc2_attrib.attribution.report.purl import purl
from sc2_attrib.attribution.report.searched import searched_statement
from sc2_attrib.attribution.report.sentences import Standing, missed, span, suppression_reason
from sc2_attrib.attribution.report.spdx_licenses import NO_LICENSES, spdx_expression
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import (
    Corpus,
    InputKind,
    InputRecord,
    MatchRecord,
    Model,
    Result,
    Source,
)

CHECKED = "checked-inputs"  # the bom-ref of what the document describes
NAMESPACE = "sc2-attrib"

Json = dict[str, object]


def render_1_7(result: Result) -> str:
    """Write a CycloneDX 1.7 document."""
    return json_text(_document(result, "1.7"))


def render_1_6(result: Result) -> str:
    """Write a CycloneDX 1.6 document."""
    return json_text(_document(result, "1.6"))


def _document(result: Result, version: str) -> Json:
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{version}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": version,
        "serialNumber": f"urn:uuid:{document_uuid(result)}",
        "version": 1,
        "metadata": _metadata(result),
        "components": list(_components(result)),
        "compositions": [
            {
                "aggregate": "unknown" if result.summary.complete else "incomplete",
                "assemblies": [CHECKED],
            }
        ],
        "annotations": [_annotation(result)],
    }


def _metadata(result: Result) -> Json:
    summary = result.summary
    return {
        "timestamp": utc_seconds(result.run.finished),
        "tools": {"components": [_tool(result)]},
        "component": {
            "type": "application",
            "bom-ref": CHECKED,
            "name": "checked inputs",
            "description": "The files and completions whose text was looked up.",
        },
        "properties": _properties(
            {
                "run": result.run.id,
                "command": result.run.command,
                "verdict": summary.verdict,
                "complete": str(summary.complete).lower(),
                **{f"missed:{number}": said for number, said in enumerate(missed(result), 1)},
            }
        ),
    }


def _tool(result: Result) -> Json:
    version = visible(result.run.tool_version)
    return {"type": "application", "name": "sc2-attrib", "version": version}


def _annotation(result: Result) -> Json:
    return {
        "bom-ref": "coverage",
        "subjects": [CHECKED],
        "annotator": {"component": _tool(result)},
        "timestamp": utc_seconds(result.run.finished),
        "text": well_formed(searched_statement(result)),
    }


def _components(result: Result) -> Iterator[Json]:
    if result.run.model is not None:
        yield _model(result.run.model)
    for number, corpus in enumerate(result.run.index.corpora if result.run.index else (), 1):
        yield _corpus(number, corpus)
    matches: dict[str, list[MatchRecord]] = defaultdict(list)
    for match in result.matches:
        matches[match.input].append(match)
    for record in result.inputs:
        yield _input(record, matches[record.id], result.run.model)


def _model(model: Model) -> Json:
    named = {"version": model.revision and visible(model.revision)}
    known = {"dtype": model.dtype, "device": model.device}
    return {
        "type": "machine-learning-model",
        "bom-ref": "model",
        "name": visible(model.id),
        **{name: value for name, value in named.items() if value},
        "properties": _properties({f"model:{name}": value for name, value in known.items()}),
    }


def _corpus(number: int, corpus: Corpus) -> Json:
    return {
        "type": "data",
        "bom-ref": f"corpus-{number}",
        "name": visible(corpus.name),
        **({"version": visible(corpus.revision)} if corpus.revision else {}),
        "data": [{"type": "dataset", "name": visible(corpus.name)}],
        "properties": _properties(
            {"corpus:documents": corpus.documents, "corpus:bytes": corpus.bytes}
        ),
    }


def _input(record: InputRecord, matches: Sequence[MatchRecord], model: Model | None) -> Json:
    hashes = {"SHA-1": record.sha1, "SHA-256": record.sha256}
    found = [{"alg": name, "content": value} for name, value in hashes.items() if value]
    return {
        "type": "file",
        "bom-ref": f"input-{record.id}",
        "name": visible(record.path),
        **({"hashes": found} if found else {}),
        **_swhid(record.swhid),
        **({"pedigree": _pedigree(record, matches, model)} if matches else {}),
        "properties": _properties(
            {
                "input:kind": record.kind,
                "input:status": record.status,
                "input:reason": record.reason,
            }
        ),
    }


def _swhid(swhid: str | None) -> Mapping[str, object]:
    return {"swhid": [swhid]} if swhid and CONTENT_SWHID.fullmatch(swhid) else {}


def _pedigree(record: InputRecord, matches: Sequence[MatchRecord], model: Model | None) -> Json:
    by_source: dict[str, list[tuple[MatchRecord, Source]]] = defaultdict(list)
    for match in matches:
        for source in match.sources:
            by_source[source_digest(source)].append((match, source))
    is_written = record.kind is InputKind.COMPLETION and model is not None
    writer = f"Generated by {visible(model.id)}. " if is_written and model else ""
    return {
        "variants": [
            _variant(f"input-{record.id}:{key}", found) for key, found in by_source.items()
        ],
        "notes": f"{writer}Text of this file stands in the variants; nothing is said about which"
        " is derived from which.",
    }


def _variant(ref: str, found: Sequence[tuple[MatchRecord, Source]]) -> Json:
    source = found[0][1]
    name = purl(source)
    return {
        "type": "file",
        "bom-ref": ref,
        "group": visible(source.repo),
        "name": visible(source.path),
        **({"version": visible(source.revision)} if source.revision else {}),
        **_licenses(source),
        **(
            {"copyright": visible("; ".join(source.license.copyright))}
            if source.license.copyright
            else {}
        ),
        **({"purl": name} if name else {}),
        **_swhid(source.document),
        "evidence": _evidence(found),
        "properties": [
            *_properties(_source_facts(source)),
            *(each for match, at in found for each in _properties(_match_facts(match, at))),
        ],
    }


def _licenses(source: Source) -> Mapping[str, object]:
    expression = spdx_expression(source.license.expression)
    if expression in NO_LICENSES:
        return {}
    return {"licenses": [{"expression": expression, "acknowledgement": "declared"}]}


def _evidence(found: Sequence[tuple[MatchRecord, Source]]) -> Json:
    closest = max(source.similarity for _, source in found)
    method = {"technique": "source-code-analysis", "confidence": closest}
    return {
        "identity": [{"field": "swhid", "confidence": closest, "methods": [method]}],
        "occurrences": [
            {
                "location": visible(source.path),
                "line": source.lines[0],
                "additionalContext": f"lines {span(source.lines)}; match {visible(match.id)}",
            }
            for match, source in found
        ],
    }


def _source_facts(source: Source) -> dict[str, object]:
    license_ = source.license
    return {
        "source:url": source.url,
        "source:license": license_.expression,
        "source:category": license_.category,
        "source:basis": license_.basis,
        "source:conflict": str(license_.conflict).lower(),
    }


def _match_facts(match: MatchRecord, source: Source) -> dict[str, object]:
    facts = {
        "kind": source.kind,
        "similarity": f"{source.similarity:g}",
        "generated-lines": span(match.generated.lines),
        "generated-bytes": _range(match.generated.bytes),
        "source-lines": span(source.lines),
        "source-bytes": _range(source.bytes),
        "characters": match.size.normalized_chars,
        "action": match.policy.action,
        "reason": match.policy.reason,
        "standing": Standing.of(match),
        "suppression": suppression_reason(match),
        "fingerprint": match.fingerprint,
    }
    return {f"match:{match.id}:{name}": value for name, value in facts.items()}


def _range(ends: tuple[int, int]) -> str:
    """Write a half-open range of bytes: `[0,228)`."""
    return f"[{ends[0]},{ends[1]})"


def _properties(facts: Mapping[str, object]) -> list[Json]:
    """Name facts in our namespace; those that are not known are left out."""
    return [
        {"name": f"{NAMESPACE}:{visible(name)}", "value": visible(str(value))}
        for name, value in facts.items()
        if value not in (None, "")
    ]
