import gzip
import json
from pathlib import Path

import pytest
import zstandard

from sc2_attrib.index.corpus.document import (
    Basis,
    CorpusDescription,
    LicenseAssertion,
    LicenseType,
    Occurrence,
    SkippedDocument,
    SkipReason,
    SourceDocument,
)
from sc2_attrib.index.corpus.jsonl import JsonLinesSource
from sc2_attrib.index.errors import CorpusError

ROW = {
    "content": "int é;",
    "repo_name": "torvalds/linux",
    "path": "/kernel/é.c",
    "revision_id": "r" * 40,
    "snapshot_id": "s" * 40,
    "detected_licenses": ["GPL-2.0-only"],
    "license_type": "non_permissive",
    "src_encoding": "ISO-8859-1",
    "language": "C",
    "star_events_count": 7,
    "is_vendor": True,
    "is_generated": None,
    "unknown": {"kept": "out"},
}


def write(path: Path, *rows: object) -> JsonLinesSource:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return JsonLinesSource(path)


def test_full_row_becomes_an_occurrence(tmp_path: Path) -> None:
    """The columns of The Stack v2 are understood; keys that mean nothing here are passed over."""
    (document,) = write(tmp_path / "x.jsonl", ROW)
    assert document == SourceDocument(
        "int é;".encode(),
        Occurrence(
            repository="torvalds/linux",
            path="/kernel/é.c",
            revision="r" * 40,
            licenses=(LicenseAssertion("GPL-2.0-only", Basis.SCANCODE),),
            language="C",
            url="https://github.com/torvalds/linux",
            snapshot="s" * 40,
            stars=7,
            is_vendor=True,
            src_encoding="ISO-8859-1",
        ),
        LicenseType.NON_PERMISSIVE,
    )


def test_content_alone_is_enough(tmp_path: Path) -> None:
    """The file and line stand in for the repository and path; blank lines are counted as lines."""
    path = tmp_path / "mine.jsonl"
    path.write_text('{"content": "a"}\n\n{"content": "b", "repository": "r", "license": "MIT"}')
    first, second = JsonLinesSource(path)
    assert isinstance(first, SourceDocument)
    assert isinstance(second, SourceDocument)
    assert first.occurrence == Occurrence(repository="mine", path="mine.jsonl:1")
    assert second.occurrence == Occurrence(
        repository="r", path="mine.jsonl:3", licenses=(LicenseAssertion("MIT", Basis.REPO),)
    )


def test_licenses_may_be_a_string_or_a_list(tmp_path: Path) -> None:
    """Both spellings say the same."""
    one, two = write(
        tmp_path / "x.jsonl",
        {"content": "a", "licenses": "MIT"},
        {"content": "a", "licenses": ["MIT"], "detected_licenses": []},
    )
    assert isinstance(one, SourceDocument)
    assert isinstance(two, SourceDocument)
    assert one.occurrence.licenses == two.occurrence.licenses


def test_null_and_empty_content_are_reported(tmp_path: Path) -> None:
    """A row without text is a value with a reason."""
    rows = [{"content": None, "repo_name": "a/b", "path": "/c"}, {"content": "", "path": "d"}]
    assert list(write(tmp_path / "x.jsonl", *rows)) == [
        SkippedDocument("a/b/c", SkipReason.NO_CONTENT),
        SkippedDocument("x/d", SkipReason.EMPTY),
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "not JSON: Expecting property name enclosed in double quotes at column"),
        ("[1]", r"not an object but \[1\]"),
        ("{}", "no 'content'; the keys are none"),
        ('{"text": "x", "id": 1}', "no 'content'; the keys are text, id"),
        ('{"content": 5}', "'content' must be a string, not 5"),
        ('{"content": "", "path": []}', r"'path' must be a string, not \[\]"),
        ('{"content": "", "licenses": [1]}', "must be a string or a list of strings, not"),
        ('{"content": "", "star_events_count": true}', "must be a whole number, not true"),
        ('{"content": "", "is_vendor": "no"}', "must be true or false, not"),
        ("[" * 100_000, "maximum recursion depth"),
    ],
)
def test_bad_line_is_named_with_its_number(tmp_path: Path, line: str, problem: str) -> None:
    """The error says which line of which file, what is wrong and what a line must be."""
    path = tmp_path / "x.jsonl"
    path.write_text('{"content": "a"}\n' + line + "\n")
    with pytest.raises(CorpusError, match=rf"x\.jsonl:2: .*{problem}.*; each line must be a JSON"):
        list(JsonLinesSource(path))


def test_invalid_utf8_is_a_bad_line(tmp_path: Path) -> None:
    """JSON is UTF-8; other bytes are named, not replaced."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"content": "\xff"}\n')
    with pytest.raises(CorpusError, match=r"x\.jsonl:1: .*0xff"):
        list(JsonLinesSource(path))


def test_half_surrogate_pairs_keep_the_text_and_its_neighbours(tmp_path: Path) -> None:
    """What JSON can spell and UTF-8 can't neither stops the reading nor reaches a path."""
    path = tmp_path / "x.jsonl"
    path.write_text(r'{"content": "a\ud800b", "path": "caf\udce9.c"}')
    (document,) = JsonLinesSource(path)
    assert isinstance(document, SourceDocument)
    assert document.content == b"a\xed\xa0\x80b"
    assert document.occurrence.path == "caf?.c"


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_compressed_files_are_read_and_truncation_is_noticed(tmp_path: Path, suffix: str) -> None:
    """Compressed rows equal plain ones; a file that was cut off never reads as complete."""
    plain = b"".join(b'{"content": "line %d"}\n' % number for number in range(1000))
    packed = gzip.compress(plain) if suffix == ".gz" else zstandard.compress(plain)
    path = tmp_path / ("x.jsonl" + suffix)
    path.write_bytes(packed)
    assert len(list(JsonLinesSource(path))) == 1000
    assert JsonLinesSource(path).describe() == CorpusDescription("x")
    assert JsonLinesSource(path).estimate_bytes() is None
    for kept in (len(packed) // 2, len(packed) - 1):
        path.write_bytes(packed[:kept])
        with pytest.raises(CorpusError, match=r"x\.jsonl.*can't be read"):
            list(JsonLinesSource(path))


def test_plain_file_estimates_its_size(tmp_path: Path) -> None:
    """The file's size is what is known cheaply."""
    source = write(tmp_path / "x.jsonl", {"content": "abc"})
    assert source.estimate_bytes() == len('{"content": "abc"}\n')
