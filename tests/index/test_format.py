"""docs/FORMAT.md against the product: its example, its constants, and a reader made from the page.

The reader (format_reader.py) runs on the page's own example and on a corpus large enough for
several blocks, pages and frames.
"""

import hashlib
import importlib.util
import json
import re
import struct
import zlib
from collections import defaultdict
from importlib import import_module
from itertools import accumulate, pairwise
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from sc2_attrib.index.building import BuildOptions, Resources, build_index
from sc2_attrib.index.corpus.document import Basis, LicenseAssertion, Occurrence, SourceDocument
from sc2_attrib.index.corpus.jsonl import JsonLinesSource
from sc2_attrib.index.take_down import remove_from_index
from tests.index.corpora import Documents
from tests.index.format_reader import (
    KINDS,
    WHITE_SPACE,
    Index,
    Posting,
    container,
    hot_lists,
    integers,
    normalized,
    pages,
    read_index,
    unpacked,
)

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/FORMAT.md").read_text(encoding="utf-8")
HOT = 0xFFFFFFFF


def update_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "update_format_example", ROOT / "docs/update_format_example.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def larger_corpus() -> Documents:
    """Rulers that are hot, long lines that aren't, odd white space, places of several licences."""
    random = Random(1)
    words = ["if", "(x", "<", "y)", "{", "}", "return", "x;", "größe"]
    contents = [b" \r", random.randbytes(70_000).hex().encode()]
    for _ in range(60):
        code = random.choice(["\n", "\r", "\r\n", "\t"]).join(random.choices(words, k=99))
        rulers = "\n".join(mark * random.randrange(150) for mark in "-=*#~")
        contents.append(f"{code}\n{rulers}\r".encode())
    rows = []
    for number, content in enumerate(contents):
        for copy in range(1 + number % 3):
            licenses = (LicenseAssertion(f"L{(number + copy) % 4}", Basis.HEADER, "a.c", 0.5),)
            place = Occurrence(f"owner{copy}/r{number}", "a.c", licenses=licenses)
            rows.append(SourceDocument(content, place))
    return Documents(rows)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Index:
    script = update_script()
    folder = script.build(PAGE, tmp_path_factory.mktemp("example"))
    rows = JsonLinesSource(folder.parent / "example.jsonl")
    contents = [row.content for row in rows if isinstance(row, SourceDocument)]
    return read_index(folder, list(dict.fromkeys(contents)))


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("larger") / "index"
    build_index(
        [larger_corpus()], folder, BuildOptions(guarantee_chars=50, resources=Resources(jobs=2))
    )
    contents = [row.content for row in larger_corpus() if isinstance(row, SourceDocument)]
    return read_index(folder, list(dict.fromkeys(contents)))


@pytest.fixture(params=["example", "larger"])
def index(request: pytest.FixtureRequest) -> Index:
    found: Index = request.getfixturevalue(request.param)
    return found


def test_the_example_is_what_the_product_writes() -> None:
    """Every dump in the page is, byte for byte, what its input is turned into."""
    assert len(re.findall(r"^```hexdump \S+\n0", PAGE, re.MULTILINE)) >= 18
    assert update_script().rendered(PAGE) == PAGE


def test_the_constants_are_those_of_the_code() -> None:
    """Each number in the page's table of constants is the one in the module named beside it."""
    rows = re.findall(r"^\| (\w+) \| (\w+) \| (\S+)\.py \|", PAGE, re.MULTILINE)
    assert len(rows) >= 15
    for name, value, module in rows:
        defined = getattr(import_module(f"sc2_attrib.{module.replace('/', '.')}"), name)
        assert defined == int(value, 0), name


def test_the_larger_corpus_needs_several_of_everything(larger: Index) -> None:
    """The reader is tried on more than one block, page, frame, chunk and hot gram."""
    assert len(larger.numbers("text", "offsets")) > 3
    assert len(larger.numbers("documents", "metadata_at")) > 2
    assert len(larger.numbers("grams", "fence", "Q")) > 2
    assert len(larger.numbers("hot", "page_first")) > 2
    assert any(len(s) > 65536 for file in larger.files.values() for s in file.values())


def test_text_is_found_by_position(index: Index) -> None:
    """Blocks hold the raw text, cut at multiples of 2**14 normalised bytes, and count line ends."""
    blocks = unpacked(index.files["text"]["blocks"], index.numbers("text", "offsets"))
    raw = b"".join(index.contents)
    assert b"".join(blocks) == raw
    starts = index.numbers("text", "raw_starts")
    assert starts == [0, *accumulate(map(len, blocks))]
    places = [at for at, byte in enumerate(raw) if byte not in WHITE_SPACE]
    assert starts[1:-1] == [places[p] for p in range(2**14, len(places), 2**14)]
    line_ends = [len(re.findall(rb"\r\n|\r|\n", block)) for block in blocks]
    assert index.numbers("text", "line_ends") == [0, *accumulate(line_ends)]


def test_documents_are_cut_and_named(index: Index) -> None:
    """Documents are ranges of normalised and of raw text, named by git's hash of their content."""
    raw = [0, *accumulate(map(len, index.contents))]
    assert index.numbers("documents", "raw_starts") == raw
    positions = [0, *accumulate(len(normalized(text)) for text in index.contents)]
    assert index.numbers("documents", "starts") == positions
    ids = [hashlib.sha1(b"blob %d\0" % len(text) + text).digest() for text in index.contents]
    assert index.files["documents"]["ids"] == b"".join(ids)


def test_occurrences_belong_to_documents(index: Index) -> None:
    """Occurrences are JSON in frames of 64, with hashes and licences of each in columns."""
    documents = index.files["documents"]
    frames = unpacked(documents["metadata"], index.numbers("documents", "metadata_at"))
    lines = [frame.decode("ascii").splitlines() for frame in frames]
    assert all(len(frame) == 64 for frame in lines[:-1])
    found = [json.loads(line) for frame in lines for line in frame]
    repositories = [row["repository"] for row in found]
    assert index.numbers("documents", "occ_repositories", "Q") == [*map(name_hash, repositories)]
    owners = [name.partition("/")[0] for name in repositories]
    assert index.numbers("documents", "occ_owners", "Q") == [*map(name_hash, owners)]

    expressions = json.loads(documents["expressions"])
    licenses = index.numbers("documents", "occ_licenses", "i")
    for row, license in zip(found, licenses, strict=True):
        evidence = sorted({assertion[0] for assertion in row.get("licenses", [])})
        assert expressions[license] == " AND ".join(evidence)
    set_starts = index.numbers("documents", "set_starts")
    sets = [index.numbers("documents", "set_ids", "i")[a:b] for a, b in pairwise(set_starts)]
    ranges = pairwise(index.numbers("documents", "occurrences"))
    of_documents = [sets[number] for number in index.numbers("documents", "license_sets", "i")]
    assert of_documents == [sorted(set(licenses[start:stop])) for start, stop in ranges]


def name_hash(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def test_pages_hold_every_gram_that_is_not_hot(index: Index) -> None:
    """Pages are the postings in the page's order, one row for each hot gram, and the fence."""
    by_key = defaultdict(list)
    for posting in index.postings:
        by_key[posting.key].append(posting)
    grams = index.by_gram()
    expected = []
    for key, postings in sorted(by_key.items()):
        if len(postings) > 32:
            postings.sort(key=lambda p: (p.fingerprint, p.position))
        for p in postings:
            same = grams[key, p.fingerprint]
            if len(same) <= 32:
                expected.append((key, p.position, p.fingerprint, p.context))
            elif p is same[0]:
                expected.append((key, HOT, p.fingerprint, 0))
    assert [row[1:] for row in expected] == [row for page in pages(index) for row in page]
    fence = index.numbers("grams", "fence", "Q")
    assert fence == [key for key, *_ in expected[::584]]


def test_the_fence_leads_to_every_posting(index: Index) -> None:
    """The pages that the fence names for a key hold all postings of its grams."""
    fence = index.numbers("grams", "fence", "Q")
    rows = [set(page) for page in pages(index)]
    grams = index.by_gram()
    assert grams
    for (key, fingerprint), postings in grams.items():
        first = max((page for page, low in enumerate(fence) if low < key), default=0)
        last = max((page for page, low in enumerate(fence) if low <= key), default=0)
        there = set().union(*rows[first : last + 1])
        is_hot = len(postings) > 32
        wanted = {(p.position, fingerprint, p.context) for p in postings}
        assert ({(HOT, fingerprint, 0)} if is_hot else wanted) <= there


def test_hot_lists_are_whole(index: Index) -> None:
    """Each gram of more than 32 postings has all of them, with documents and ranked contexts."""
    hot = {gram: postings for gram, postings in index.by_gram().items() if len(postings) > 32}
    assert hot
    found = zip(
        index.numbers("hot", "keys", "Q"), index.numbers("hot", "fingerprints", "H"), strict=True
    )
    assert list(found) == list(hot)
    first = index.numbers("hot", "page_first")
    raw = unpacked(index.files["hot"]["pages"], index.numbers("hot", "page_offsets"))
    lists = [
        row
        for page, (a, b) in zip(raw, pairwise(first), strict=True)
        for row in hot_lists(page, b - a, index.stride - 1)
    ]
    assert lists == [[expected_row(index, p) for p in postings] for postings in hot.values()]
    sizes = [len(postings) for postings in hot.values()]
    for start, stop in pairwise(first[:-1]):
        assert sum(sizes[start : stop - 1]) < 256 <= sum(sizes[start:stop])


def expected_row(index: Index, posting: Posting) -> tuple[int, int, bytes, bytes]:
    text = normalized(index.contents[posting.document])
    at = posting.position * index.stride - index.numbers("documents", "starts")[posting.document]
    reach = index.stride - 1
    left = text[max(at - reach, 0) : at][::-1].ljust(reach, b"\t")
    right = text[at + index.k : at + index.k + reach].ljust(reach, b"\t")
    return posting.position, posting.document, left, right


def id_of(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


def crc_of_json(value: object) -> str:
    return f"{zlib.crc32(json.dumps(value, sort_keys=True).encode()):08x}"


def test_the_manifest_names_what_is_there(index: Index) -> None:
    """Checksum, id and digests are the ones that the page's rules give."""
    fields = dict(index.manifest)
    assert fields.pop("checksum") == crc_of_json(fields)
    assert (fields["format"], fields["version"]) == ("sc2-attrib/index", 1)
    assert fields["guarantee_chars"] == index.k + index.stride - 1
    (segment,) = fields["segments"]
    for name in KINDS:
        data = (index.folder / segment["name"] / name).read_bytes()
        start, length = struct.unpack_from("<QQ", data, len(data) - 32)
        assert segment["digests"][name] == hashlib.sha256(data[start : start + length]).hexdigest()
    digests = [sorted(segment["digests"].items())]
    assert fields["id"] == id_of([index.k, index.stride, digests, []])
    assert segment["n_documents"] == len(index.contents)
    assert segment["raw_bytes"] == sum(map(len, index.contents))


def test_removals_are_rows_beside_the_segment(tmp_path: Path) -> None:
    """A take-down is logged, changes the id, and names the occurrences that are left out."""
    folder = update_script().build(PAGE, tmp_path)
    before = json.loads((folder / "manifest.json").read_bytes())
    remove_from_index(["bob/*"], folder, reason="asked for")
    manifest = json.loads((folder / "manifest.json").read_bytes())
    (segment,) = manifest["segments"]
    sections = container((folder / segment["name"] / segment["removed"]).read_bytes(), b"DEAD")
    assert integers("q", sections["rows"]) == [2, 3, 5]
    (removal,) = manifest["removals"]
    assert (removal["what"], removal["reason"]) == ("bob/*", "asked for")
    gram = manifest["gram"]
    digests = [sorted(segment["digests"].items())]
    assert manifest["id"] == id_of([gram["k"], gram["stride"], digests, ["bob/*"]])
    assert manifest["id"] != before["id"]
