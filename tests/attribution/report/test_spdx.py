"""SPDX 2.3, JSON and tag-value: read and validated by spdx-tools."""

import json
from pathlib import Path

import pytest
from spdx_tools.spdx.model.document import Document
from spdx_tools.spdx.model.relationship import RelationshipType
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from sc2_attrib.attribution.report import FORMATS
from sc2_attrib.attribution.report.spdx_licenses import license_refs, spdx_expression
from sc2_attrib.attribution.result import MatchKind, Result
from tests.attribution.report.results import N_MANY, RESULTS, bare, many, of_all_kinds

# At its first use the library writes tables of its parser beside itself, and leaves the file open.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ENDINGS = {"spdx": ".spdx.json", "spdx-tv": ".spdx"}
SPDX_FORMATS = list(ENDINGS)
VALID = [name for name in RESULTS if name != "bare"]


def parsed(result: Result, name: str, folder: Path) -> Document:
    path = folder / f"report{ENDINGS[name]}"
    path.write_text(FORMATS[name](result), encoding="utf-8")
    document = parse_file(str(path))
    assert isinstance(document, Document)
    return document


@pytest.mark.parametrize("name", SPDX_FORMATS)
@pytest.mark.parametrize("result", VALID)
def test_report_is_valid(name: str, result: str, tmp_path: Path) -> None:
    """The project's own library parses every report and has nothing to complain about."""
    document = parsed(RESULTS[result](), name, tmp_path)
    messages = validate_full_spdx_document(document)
    assert [message.validation_message for message in messages] == []


@pytest.mark.parametrize("result", VALID)
def test_both_forms_hold_the_same(result: str, tmp_path: Path) -> None:
    """JSON and tag-value read back as the same document."""
    one, other = (parsed(RESULTS[result](), name, tmp_path) for name in SPDX_FORMATS)
    assert one.creation_info.document_namespace == other.creation_info.document_namespace
    for part in ("packages", "files", "snippets"):
        pairs = zip(by_id(one, part), by_id(other, part), strict=True)
        assert all(a == b for a, b in pairs), part
    assert len(one.relationships) == len(other.relationships)


def by_id(document: Document, part: str) -> list[tuple[str, ...]]:
    """List what is compared; tag-value strips the ends of names, and can't hold its own end tag."""
    return sorted(
        (each.spdx_id, each.name.strip(), str(each.comment).strip().replace("</text>", "< /text>"))
        for each in getattr(document, part)
    )


@pytest.mark.parametrize("name", SPDX_FORMATS)
def test_match_is_a_snippet_related_to_its_sources(name: str, tmp_path: Path) -> None:
    """By bytes that count from 1, COPY_OF a package with the source's licence, or VARIANT_OF."""
    result = of_all_kinds()
    document = parsed(result, name, tmp_path)
    snippets = {each.spdx_id: each for each in document.snippets}
    packages = {each.spdx_id: each for each in document.packages}
    related = [each for each in document.relationships if each.spdx_element_id in snippets]
    pairs = [(match, source) for match in result.matches for source in match.sources]
    assert len(related) == len(pairs)
    assert len(snippets) == len(result.matches)
    for relation, (match, source) in zip(related, pairs, strict=True):
        snippet = snippets[relation.spdx_element_id]
        package = packages[str(relation.related_spdx_element_id)]
        start, stop = match.generated.bytes
        assert snippet.byte_range == (start + 1, stop)
        assert snippet.line_range == match.generated.lines
        is_near = source.kind is MatchKind.NEAR
        expected = RelationshipType.VARIANT_OF if is_near else RelationshipType.COPY_OF
        assert relation.relationship_type is expected
        assert f"lines {source.lines[0]}-{source.lines[1]}" in str(relation.comment)
        assert (package.name, package.version) == (source.repo, source.revision)
        assert str(package.license_declared) == source.license.expression
        assert str(package.license_concluded) == "NOASSERTION"
        assert source.document in [each.locator for each in package.external_references]


@pytest.mark.parametrize("name", SPDX_FORMATS)
def test_ten_thousand_matches(name: str) -> None:
    """Each is a snippet; the thousand sources are written once."""
    text = FORMATS[name](many())
    if name == "spdx":
        document = json.loads(text)
        counts = [len(document[part]) for part in ("snippets", "packages")]
    else:
        counts = [text.count(f"\n{tag}: ") for tag in ("SnippetSPDXID", "PackageName")]
    assert counts == [N_MANY, 1000]


@pytest.mark.parametrize("name", SPDX_FORMATS)
def test_result_of_an_older_version_has_no_sha1_and_is_no_failure(
    name: str, tmp_path: Path
) -> None:
    """What is not known is left out, not made up."""
    for file in parsed(bare(), name, tmp_path).files:
        assert [checksum.algorithm.name for checksum in file.checksums] == ["SHA256"]


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("MIT", "MIT"),
        ("NONE", "NONE"),
        ("MIT AND NONE", "NOASSERTION"),
        ("GPL-2.0-only WITH LicenseRef-mine", "NOASSERTION"),
        ("GPL-2.0-only WITH Classpath-exception-2.0",) * 2,
        ("=cmd|' /C calc'!A0", "LicenseRef-cmd-C-calc-A0"),
    ],
)
def test_expression_is_one_that_spdx_allows(said: str, written: str) -> None:
    """A document never holds an expression that makes it invalid."""
    assert spdx_expression(said) == written


def test_unlisted_licenses_are_found() -> None:
    """Each LicenseRef of the expressions, once."""
    assert license_refs(["MIT OR LicenseRef-b", "LicenseRef-a AND LicenseRef-b"]) == [
        "LicenseRef-a",
        "LicenseRef-b",
    ]
