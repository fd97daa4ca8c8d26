r"""SARIF 2.1.0 (`-f sarif`), for code scanning: GitHub, Azure DevOps, editors.

A rule an action of the policy, a result a match. Where sources are is said in words and as logical
locations: GitHub refuses a file whose locations have another URI scheme than the checkout, so no
web address stands in one; messages link to them instead. An allowed match, and one that the prompt
already held, is informational; a suppressed one has a `suppressions` entry. Inputs that were not
checked are notifications of the invocation, which is successful only where the run is complete.

Columns count code points and end after the last one. GitHub adds its own line hashes; the
fingerprint here is the match's own and survives line shifts. It reads at most 25,000 results a run;
beyond that the strictest are kept and a notification counts the rest.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/, GitHub's "SARIF support for code scanning"
"""

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from sc2_attrib.attribution.report.machine_text import json_text, utc_seconds, well_formed
from sc2_attrib.attribution.report.sarif_rules import (
    LEVELS,
    UNCHECKED_ID,
    rule_id,
    rule_index,
    rules,
    unchecked_rule,
)
from sc2_attrib.attribution.report.searched import searched_statement
from sc2_attrib.attribution.report.sentences import (
    STOPPED,
    decision_sentence,
    match_sentence,
    place_of,
    principal,
    similarity,
    suppression_reason,
    unchecked_sentence,
    was_stopped,
)
from sc2_attrib.attribution.report.visible import visible
from sc2_attrib.attribution.result import (
    InputRecord,
    InputStatus,
    MatchRecord,
    Result,
    Source,
)

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MAX_RESULTS = 25_000  # GitHub refuses a run with more
MAX_LOCATIONS = 100  # of a result that GitHub shows; the others are counted

_RANK = ("error", "warning", "note", "none")
_URL_SAFE = ":/?#@!$&*+,;=%~"  # not the brackets that would end a link

Json = dict[str, object]


def render(result: Result) -> str:
    """Write one SARIF run."""
    return json_text({"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(result)]})


def _run(result: Result) -> Json:
    kept = _kept(result.matches)
    artifacts = {record.id: index for index, record in enumerate(result.inputs)}
    paths = {record.id: record.path for record in result.inputs}
    return {
        "tool": {"driver": _driver(result)},
        "automationDetails": {"id": f"sc2-attrib/{visible(result.run.id)}"},
        "invocations": [_invocation(result, n_left_out=len(result.matches) - len(kept))],
        "artifacts": [_artifact(record) for record in result.inputs],
        "results": [
            _result(match, paths.get(match.input, match.input), artifacts.get(match.input, -1))
            for match in kept
        ],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "verdict": result.summary.verdict,
            "complete": result.summary.complete,
            "coverage": searched_statement(result),
        },
    }


def _kept(matches: tuple[MatchRecord, ...]) -> list[MatchRecord]:
    """Keep as many matches as may be, the strictest of them, in their order."""
    ranked = sorted(matches, key=lambda match: _RANK.index(_level(match)))
    chosen = {match.id for match in ranked[:MAX_RESULTS]}
    return [match for match in matches if match.id in chosen]


def _driver(result: Result) -> Json:
    return {
        "name": "sc2-attrib",
        "version": visible(result.run.tool_version),
        "fullDescription": {"text": "Finds where generated code comes from, and its licences."},
        "rules": rules(),
        "notifications": [unchecked_rule()],
    }


def _invocation(result: Result, *, n_left_out: int) -> Json:
    return {
        "commandLine": visible(result.run.command),
        "startTimeUtc": utc_seconds(result.run.started),
        "endTimeUtc": utc_seconds(result.run.finished),
        "executionSuccessful": result.summary.complete,
        "toolExecutionNotifications": list(_notifications(result, n_left_out)),
    }


def _notifications(result: Result, n_left_out: int) -> Iterator[Json]:
    for index, record in enumerate(result.inputs):
        if record.status is not InputStatus.CHECKED:
            level = "error" if record.status is InputStatus.ERROR else "note"
            yield _notification(unchecked_sentence(record), level) | {
                "descriptor": {"id": UNCHECKED_ID, "index": 0},
                "locations": [{"physicalLocation": {"artifactLocation": _place(record, index)}}],
            }
    if was_stopped(result):
        yield _notification(STOPPED, "error")
    if n_left_out:
        yield _notification(f"{n_left_out:,} milder matches are not in this file", "warning")
    yield _notification(searched_statement(result), "note")


def _notification(text: str, level: str) -> Json:
    return {"level": level, "message": {"text": _plain(text)}}


def _artifact(record: InputRecord) -> Json:
    known = {
        "length": record.bytes,
        "sourceLanguage": record.language and visible(record.language).lower(),
        "hashes": record.sha256 and {"sha-256": record.sha256},
        "contents": None if record.text is None else {"text": record.text},
    }
    return {
        "location": {"uri": _uri(record.path)},
        "roles": ["analysisTarget"],
        **{name: value for name, value in known.items() if value is not None},
        "properties": {"kind": record.kind, "status": record.status, "swhid": record.swhid},
    }


def _result(match: MatchRecord, path: str, artifact: int) -> Json:
    where = match.generated
    region = {
        "startLine": where.lines[0],
        "startColumn": where.columns[0],
        "endLine": where.lines[1],
        "endColumn": where.columns[1] + 1,
    }
    place = {"uri": _uri(path)} | ({"index": artifact} if artifact >= 0 else {})
    level = _level(match)
    return {
        "ruleId": rule_id(match.policy.action),
        "ruleIndex": rule_index(match.policy.action),
        "kind": "informational" if level == "none" else "fail",
        "level": level,
        "message": {"text": _message(match)},
        "locations": [{"physicalLocation": {"artifactLocation": place, "region": region}}],
        "relatedLocations": [
            _related(number, source)
            for number, source in enumerate(match.sources[:MAX_LOCATIONS], 1)
        ],
        "partialFingerprints": {"sc2AttribMatch/v1": match.fingerprint},
        **_suppressions(match),
        "properties": _properties(match),
    }


def _level(match: MatchRecord) -> str:
    return "none" if match.in_prompt else LEVELS[match.policy.action]


def _message(match: MatchRecord) -> str:
    source = principal(match)
    shown = _plain(visible(place_of(source)))
    if source is not None and source.url and source.url.isprintable():
        shown = f"[{shown}]({quote(source.url, safe=_URL_SAFE)})"
    mark = "\0"  # no sentence holds one
    said = f"{match_sentence(match, mark)}. {decision_sentence(match)}"
    return _plain(said).replace(mark, shown)


def _related(number: int, source: Source) -> Json:
    license_ = source.license
    said = f"{place_of(source)} under {license_.expression} ({license_.category})"
    return {
        "id": number,
        "message": {"text": _plain(visible(said))},
        "logicalLocations": [{"fullyQualifiedName": source.swhid, "kind": "resource"}],
        "properties": {
            "repository": source.repo,
            "revision": source.revision,
            "path": source.path,
            "url": source.url,
            "lines": list(source.lines),
            "bytes": list(source.bytes),
            "kind": source.kind,
            "similarity": source.similarity,
            "license": license_.expression,
            "category": license_.category,
            "basis": license_.basis,
            "conflict": license_.conflict,
            "copyright": list(license_.copyright),
        },
    }


def _suppressions(match: MatchRecord) -> Mapping[str, object]:
    if match.suppression is None:
        return {}
    entry: Json = {
        "kind": "external",
        "status": "accepted",
        "justification": suppression_reason(match),
        "properties": dict(match.suppression),
    }
    return {"suppressions": [entry]}


def _properties(match: MatchRecord) -> Json:
    return {
        "match": match.id,
        "kind": match.kind,
        "class": match.class_,
        "common": match.common,
        "similarity": similarity(match),
        "bytes": list(match.generated.bytes),
        "generatedBytes": match.generated_bytes,
        "characters": match.size.normalized_chars,
        "inPrompt": match.in_prompt,
        "licenses": sorted({source.license.expression for source in match.sources}),
        "occurrences": match.documents.occurrences,
        "repositories": match.documents.repositories,
        "sourcesNotListed": match.documents.occurrences - len(match.sources[:MAX_LOCATIONS]),
        "parts": list(match.parts),
        "edits": [dict(edit) for edit in match.edits],
        "action": match.policy.action,
        "rule": match.policy.rule,
    }


def _place(record: InputRecord, index: int) -> Json:
    return {"uri": _uri(record.path), "index": index}


def _uri(path: str) -> str:
    """Write a path as a URI: relative to the checkout, or of a file where it is absolute."""
    quoted = quote(well_formed(path), safe="/")
    return f"file://{quoted}" if path.startswith("/") else quoted


def _plain(text: str) -> str:
    r"""Keep text from being read as links or placeholders: `[` becomes `\[`, `{` becomes `{{`."""
    escaped = text.translate({ord(char): f"\\{char}" for char in "\\[]"})
    return escaped.replace("{", "{{").replace("}", "}}")
