"""What a ledger keeps of a result: enough to say later what was checked and what was found.

A scan is one record, and so is each completion of a run. Texts are kept as digests, or whole where
asked for. Of a match's sources one a licence is kept, which is what take-downs and changed licences
are noticed by.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from sc2_attrib.attribution.ids import sha256
from sc2_attrib.attribution.outcome import fail_on_of, verdict
from sc2_attrib.attribution.result import InputRecord, MatchRecord, Result, SearchedIndex, Source
from sc2_attrib.attribution.result_json import dump

Record = Mapping[str, object]


def records_of(result: Result, *, with_text: bool) -> Iterator[Record]:
    """Make the records of a run: one a completion, else one for all.

    Args:
        result: what the run found.
        with_text: keep the texts that the result holds.
    """
    digest = sha256(dump(result).encode())
    completions = [record for record in result.inputs if record.completion is not None]
    if not completions:
        yield _record("scan", result, result.inputs, digest, with_text)
    for record in completions:
        yield _record("completion", result, [record], digest, with_text)


def _record(
    kind: str, result: Result, inputs: Sequence[InputRecord], digest: str, with_text: bool
) -> Record:
    run = result.run
    ids = {record.id for record in inputs}
    matches = [match for match in result.matches if match.input in ids]
    return {
        "kind": kind,
        "run": {
            "id": run.id,
            "started": run.started,
            "finished": run.finished,
            "command": run.command,
            "tool_version": run.tool_version,
        },
        "index": _index(run.index) if run.index else None,
        "model": asdict(run.model) if run.model else None,
        "policy": {key: run.policy[key] for key in ("name", "sha256") if key in run.policy},
        "options": run.options,
        "result_sha256": digest,
        "complete": result.summary.complete,
        "verdict": verdict(matches, fail_on_of(result)),
        "inputs": [_input(record, with_text) for record in inputs],
        "matches": [_match(match) for match in matches],
    }


def _index(index: SearchedIndex) -> Record:
    return {
        "id": index.id,
        "location": index.location,
        "built": index.built,
        "documents": index.documents,
        "removed": index.removed,
        "corpora": [{"name": each.name, "revision": each.revision} for each in index.corpora],
    }


def _input(record: InputRecord, with_text: bool) -> Record:
    """Describe an input; `text_sha256` is of the text as the result has it, `sha256` of the raw."""
    text = {"text": record.text} if with_text and record.text is not None else {}
    return {
        "id": record.id,
        "kind": record.kind,
        "path": record.path,
        "sha256": record.sha256,
        "swhid": record.swhid,
        "language": record.language,
        "encoding": record.encoding,
        "status": record.status,
        "reason": record.reason,
        "completion": _completion(record),
        "text_sha256": sha256(record.text.encode()) if record.text is not None else None,
        **text,
    }


def _completion(record: InputRecord) -> Record | None:
    completion = record.completion
    if completion is None:
        return None
    written = (record.text or "").encode()[slice(*completion.bytes)]
    return {"bytes": completion.bytes, "sha256": sha256(written), "stopped": completion.stopped}


def _match(match: MatchRecord) -> Record:
    return {
        "fingerprint": match.fingerprint,
        "input": match.input,
        "kind": match.kind,
        "bytes": match.generated.bytes,
        "in_prompt": match.in_prompt,
        "action": match.policy.action,
        "rule": match.policy.rule,
        "suppressed": match.suppression["kind"] if match.suppression else None,
        "sources": [_source(source) for source in _one_a_license(match.sources)],
    }


def _one_a_license(sources: Sequence[Source]) -> list[Source]:
    by_license = {source.license.expression: source for source in reversed(sources)}
    return [by_license[expression] for expression in sorted(by_license)]


def _source(source: Source) -> Record:
    return {
        "license": source.license.expression,
        "document": source.document,
        "repo": source.repo,
        "path": source.path,
        "revision": source.revision,
    }
