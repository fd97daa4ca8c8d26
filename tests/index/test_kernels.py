"""Machine code computes what its plain twin computes, on random input."""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
import pytest

from sc2_attrib.index import gram_kernels, grams
from sc2_attrib.index.compiled import compiled
from sc2_attrib.index.grams import PADDING, GramShape, padded
from sc2_attrib.index.matching.chains import sort_seeds
from sc2_attrib.index.matching.matcher import Matcher, Pace
from sc2_attrib.index.segment import build_kernels, hot
from sc2_attrib.index.segment.content import count_line_ends
from sc2_attrib.index.segment.format import SectionFile, SectionWriter
from sc2_attrib.index.segment.pages import HOT, KIND, PageTable, PageWriter, Seeds
from sc2_attrib.index.text import normalize
from tests.index.corpora import built, nasty
from tests.index.oracle import squeeze
from tests.index.twins import only_segment

F = TypeVar("F", bound=Callable[..., object])
Generator = np.random.Generator
SEEDS = pytest.mark.parametrize("seed", range(5))


def random_text(rng: Generator, n: int) -> bytes:
    """Bytes of an alphabet of 1 to 256 letters, white space among them."""
    return rng.integers(0, rng.choice([1, 2, 40, 256]), n, np.uint8).tobytes()


def dense(text: bytes, k: int) -> tuple[npt.NDArray[Any], ...]:
    """`gram_kernels.dense_grams` of a text."""
    n = max(len(text) - k + 1, 0)
    found = (np.empty(n, np.uint64), np.empty(n, np.uint16), np.empty(n, np.uint8))
    gram_kernels.dense_grams(padded(text), n, k, *found)
    return found


@pytest.mark.parametrize("k", [16, 24, 32, 40])
@pytest.mark.parametrize("n", [0, 1, 15, 39, 40, 41, 500, 4096, 4135, 4136, 9000])
def test_dense_grams(n: int, k: int) -> None:
    """Keys, fingerprints and contexts of every gram, over several chunks."""
    text = random_text(np.random.default_rng(n + k), n)
    for found, expected in zip(dense(text, k), grams.dense_grams(padded(text), k), strict=True):
        np.testing.assert_array_equal(found, expected)


@SEEDS
@pytest.mark.parametrize("guarantee", [32, 50, 80, 200])
def test_strided_grams_are_dense_grams_at_multiples_of_the_stride(
    seed: int, guarantee: int
) -> None:
    """Of whole documents and wherever the text begins; documents below the guarantee have none."""
    rng = np.random.default_rng(seed)
    shape = GramShape.for_guarantee(guarantee)
    lengths = rng.choice([0, 5, guarantee - 1, guarantee, 400, 5000], 8)
    ends = np.cumsum([0, *lengths], dtype=np.int64)
    text, base = padded(random_text(rng, int(ends[-1]))), int(rng.integers(10**6))
    keys, payloads = np.empty((2, text.size), np.uint64)
    n = gram_kernels.strided_grams(text, ends, base, shape.k, shape.stride, keys, payloads)
    all_keys, fingerprints, contexts = grams.dense_grams(text, shape.k)
    expected = [
        (all_keys[at], int(fingerprints[at]) << 48 | int(contexts[at]) << 40 | position)
        for start, stop in pairwise(ends.tolist())
        for position in range(-(-(start + base) // shape.stride), (stop + base) // shape.stride + 1)
        if (at := position * shape.stride - base) + shape.k <= stop and stop - start >= guarantee
    ]
    assert list(zip(keys[:n].tolist(), payloads[:n].tolist(), strict=True)) == expected


@SEEDS
@pytest.mark.parametrize("room", [0, 1, 300, 2000])
def test_a_block_is_normalised_into_its_row(seed: int, room: int) -> None:
    """As far as the row goes, and not a byte beyond, where only white space follows."""
    raw = random_text(np.random.default_rng(seed), 900) + b" \n" * 9
    out = np.full(room + 1, ord("#"), np.uint8)
    n = gram_kernels.normalize_block(np.frombuffer(raw, np.uint8), out[:room])
    assert out[:n].tobytes() == normalize(raw)[:room]
    assert out[room] == ord("#")


@SEEDS
def test_normalised_documents_and_their_cuts(seed: int) -> None:
    """Documents one after another without white space, and where blocks begin in the raw text."""
    rng = np.random.default_rng(seed)
    contents = [random_text(rng, int(n)) for n in rng.choice([0, 1, 7, 127, 128, 900], 12)]
    raw = b"".join(contents)
    raw_ends = np.cumsum([0, *map(len, contents)], dtype=np.int64)
    out, ends = np.zeros(len(raw) + 2 * PADDING, np.uint8), np.empty_like(raw_ends)
    gram_kernels.normalize_documents(np.frombuffer(raw, np.uint8), raw_ends, out, ends)
    assert out[PADDING : PADDING + ends[-1]].tobytes() == normalize(raw) == squeeze(raw)
    assert ends.tolist() == np.cumsum([0, *(len(normalize(c)) for c in contents)]).tolist()

    places = [at for at, byte in enumerate(raw) if byte not in b" \t\n\r\f\v"]
    for bits, base in ((3, 0), (5, 13), (14, 16384 - 40)):
        cuts = np.empty(len(raw) + 2, np.int64)
        n = gram_kernels.find_cuts(np.frombuffer(raw, np.uint8), raw_ends, ends, base, bits, cuts)
        wanted = [at for i, at in enumerate(places) if (i + base) % (1 << bits) == 0]
        assert cuts[:n].tolist() == wanted


@SEEDS
def test_line_ends_of_blocks(seed: int) -> None:
    """As many as in each block by itself, of any length; a block may end with half a CRLF."""
    rng = np.random.default_rng(seed)
    lengths = [1, 2, 254, 255, 256, 509, 510, 511, 3000]
    blocks = [bytes(rng.choice([10, 13, 97], n).tolist()).lstrip(b"\n") or b"a" for n in lengths]
    edges = np.cumsum([0, *map(len, blocks)], dtype=np.int64)
    raw, counts = b"".join(blocks), np.empty(len(blocks), np.int64)
    build_kernels.count_line_ends(np.frombuffer(raw, np.uint8), edges, counts)
    assert counts.tolist() == [count_line_ends(block) for block in blocks]


@SEEDS
def test_sorting_and_scattering(seed: int) -> None:
    """Stable by the bits asked for, as NumPy's stable argsort."""
    rng = np.random.default_rng(seed)
    n = int(rng.choice([0, 1, 100, 20_000]))
    keys = rng.integers(0, 2 ** int(rng.integers(1, 64)), n, np.uint64)
    payloads = np.arange(n, dtype=np.uint64)
    order = np.argsort(keys, kind="stable")
    found = gram_kernels.sort_pairs(
        keys.copy(), payloads.copy(), np.empty_like(keys), np.empty_like(keys), 64
    )
    np.testing.assert_array_equal(found, (keys[order], payloads[order]))

    pairs, starts = np.empty((n, 2), np.uint64), np.empty(65, np.int64)
    gram_kernels.scatter(keys, payloads, n, 58, pairs, starts)
    order = np.argsort(keys >> np.uint64(58), kind="stable")
    np.testing.assert_array_equal(pairs, np.stack((keys[order], payloads[order]), axis=1))
    groups = (keys >> np.uint64(58)).astype(np.int64)
    assert starts.tolist() == np.searchsorted(np.sort(groups), np.arange(65)).tolist()


def random_postings(rng: Generator, n: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Sorted postings of few keys and fewer fingerprints, so that one key fills pages."""
    keys = np.sort(rng.choice(rng.integers(0, 2**63, 30, np.uint64), n))
    prints = rng.integers(0, 4, n, np.uint64)
    positions = np.arange(n, dtype=np.uint64)
    positions[rng.random(n) < 0.05] = HOT
    return keys, prints << np.uint64(48) | rng.integers(0, 256, n, np.uint64) << np.uint64(
        40
    ) | positions


def open_pages(path: Path) -> Iterator[PageTable]:
    with SectionFile(path, KIND) as file:
        while True:
            yield PageTable(file["pages"], file["fence"])


@SEEDS
@pytest.mark.parametrize("is_final", [False, True])
def test_pages(tmp_path: Path, seed: int, is_final: bool) -> None:
    """A look-up on machine code and one with NumPy find the same, and all that is there."""
    rng = np.random.default_rng(seed)
    keys, payloads = random_postings(rng, int(rng.choice([1, 584, 585, 9000])))
    with SectionWriter(tmp_path / "grams", KIND) as writer:
        pages = PageWriter(writer)
        pages.add(keys, payloads)
        pages.finish()
        writer.finish()
    asked = np.sort(np.append(rng.choice(keys, 50), rng.integers(0, 2**63, 10, np.uint64)))
    prints = rng.integers(0, 4, asked.size, np.uint16)
    contexts = rng.integers(0, 256, asked.size, np.uint8)
    tables = open_pages(tmp_path / "grams")
    fast, plain = (
        next(tables).look_up(asked, prints, contexts, both_differ_is_final=is_final, fast=is_fast)
        for is_fast in (True, False)
    )
    for column in ("grams", "positions", "differs", "hot"):
        np.testing.assert_array_equal(getattr(fast, column), getattr(plain, column))
    found = set(zip(plain.grams.tolist(), plain.positions.tolist(), strict=True))
    for gram, (key, fingerprint) in enumerate(zip(asked, prints, strict=True)):
        rows = (keys == key) & (payloads >> np.uint64(48) == fingerprint)
        there = set((payloads[rows] & np.uint64(0xFFFFFFFF)).tolist())
        assert (gram in plain.hot) >= (HOT in there)
        assert is_final or {(gram, position) for position in there - {HOT}} <= found


@SEEDS
def test_hot_grams_are_split_off(seed: int) -> None:
    """Grams of more postings than the cap leave one mark; the others stay, in order."""
    rng = np.random.default_rng(seed)
    n, cap = int(rng.choice([0, 1, 500, 3000])), int(rng.integers(1, 40))
    keys = np.sort(rng.choice(rng.integers(0, 2**63, 20, np.uint64), n))
    prints = rng.integers(0, 3, n, np.uint64)
    payloads = prints << np.uint64(48) | np.arange(n, dtype=np.uint64)
    out_keys, out_payloads = np.empty((2, n), np.uint64)
    rows = np.empty(n, np.int64)
    n_out, n_hot = build_kernels.split_hot(keys, payloads, cap, out_keys, out_payloads, rows)

    postings: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row, gram in enumerate(zip(keys.tolist(), prints.tolist(), strict=True)):
        postings[gram].append(row)
    hot_rows = [
        row for gram in sorted(postings) if len(postings[gram]) > cap for row in postings[gram]
    ]
    kept = [(gram[0], gram[1] << 48 | HOT) for gram, own in postings.items() if len(own) > cap]
    kept += [
        (key, int(payloads[row]))
        for (key, _), own in postings.items()
        if len(own) <= cap
        for row in own
    ]
    found = list(zip(out_keys[:n_out].tolist(), out_payloads[:n_out].tolist(), strict=True))
    assert rows[:n_hot].tolist() == hot_rows
    assert sorted(found) == sorted(kept)
    assert [key for key, _ in found] == sorted(key for key, _ in kept)


@SEEDS
def test_contexts_end_at_borders(seed: int) -> None:
    """What stands before a gram, reversed, and after it; BORDER beyond the document."""
    rng = np.random.default_rng(seed)
    text, base, k, reach = random_text(rng, 300), 1000, 24, 26
    starts = rng.integers(0, 150, 20)
    stops = rng.integers(200, 301, 20)
    at = starts + rng.integers(0, 25, 20)
    lefts, rights = np.empty((2, 20, reach), np.uint8)
    build_kernels.gather_contexts(
        np.frombuffer(text, np.uint8),
        base,
        base + at,
        base + starts,
        base + stops,
        k,
        reach,
        lefts,
        rights,
    )
    for row, (a, start, stop) in enumerate(zip(at, starts, stops, strict=True)):
        before, after = text[start:a][::-1][:reach], text[a + k : stop][:reach]
        border = bytes([hot.BORDER])
        assert lefts[row].tobytes() == before.ljust(reach, border)
        assert rights[row].tobytes() == after.ljust(reach, border)


@pytest.mark.parametrize("n", [1000, (1 << 24) - 1, 1 << 24])
def test_seeds_are_sorted_by_diagonal_and_offset(n: int) -> None:
    """For short texts and for texts whose sort key doesn't fit 64 bits."""
    check_seed_order(np.random.default_rng(n), n, stride=27, most=10**9)


def test_seeds_of_the_largest_segment_are_sorted() -> None:
    """With the longest guarantee and the last positions that a segment can have."""
    shape = GramShape.for_guarantee(grams.LONGEST_GUARANTEE)
    check_seed_order(np.random.default_rng(0), 1 << 22, stride=shape.stride, most=HOT)


def check_seed_order(rng: Generator, n: int, *, stride: int, most: int) -> None:
    seeds = Seeds(
        np.sort(rng.integers(0, n, 500, np.int32)),
        rng.integers(0, most, 500, np.uint32),
        rng.integers(0, 4, 500, np.uint8),
        np.empty(0, np.int32),
    )
    rows = sorted(
        (position * stride - gram, gram, differs)
        for gram, position, differs in zip(
            seeds.grams.tolist(), seeds.positions.tolist(), seeds.differs.tolist(), strict=True
        )
    )
    found = sort_seeds(seeds, stride, n)
    assert list(zip(*(column.tolist() for column in found), strict=True)) == rows


class BothPace(Pace):
    """Runs every kernel both ways on the same input; answers and arguments must stay equal."""

    def __init__(self) -> None:
        super().__init__()
        self.compared: set[str] = set()

    @property
    def is_fast(self) -> bool:
        return True

    def pick(self, kernel: F) -> F:
        def both(*arguments: object) -> object:
            copies = copied(arguments)
            expected = kernel(*copies)
            found = compiled(kernel)(*arguments)
            assert tuple_of(found) == tuple_of(expected), kernel.__name__
            assert_equal(arguments, copies)
            self.compared.add(kernel.__name__)
            return found

        return cast(F, both)


def copied(value: Any) -> Any:
    """Copy arrays, also those in tuples."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, tuple):
        items = map(copied, value)
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return value


def assert_equal(value: Any, other: Any) -> None:
    if isinstance(value, tuple):
        for item, its_other in zip(value, other, strict=True):
            assert_equal(item, its_other)
    else:
        np.testing.assert_array_equal(value, other)


def tuple_of(answer: object) -> object:
    return tuple(answer) if isinstance(answer, tuple) else answer


@pytest.mark.parametrize("cap", [2, 5])
def test_kernels_of_the_matcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cap: int) -> None:
    """Each kernel that a search calls leaves what its plain twin leaves."""
    monkeypatch.setattr(hot, "CAP", cap)
    corpus = nasty(cap, n_texts=4)
    built(tmp_path, corpus.documents).close()
    pace = BothPace()
    matcher = Matcher(only_segment(tmp_path), pace, cache_bytes=1 << 16)
    for text in corpus.texts:
        holders = matcher.search([text[:600]], min_chars=50)
        assert holders.runs.starts.size
    assert pace.compared >= {"link", "compare_all", "bound_hot", "find_hot_runs"}


def test_a_changed_kernel_is_compiled_anew(tmp_path: Path) -> None:
    """Code on disk is as old as the newest kernel it was made of, whichever file that is in."""
    package = tmp_path / "kernels"
    package.mkdir()
    (package / "caller.py").write_text(
        "from sc2_attrib.index.compiled import kernel\nfrom kernels.called import step\n"
        "@kernel\ndef twice(x):\n    return step(step(x))\n"
    )
    assert [run_twice(package, addend) for addend in (1, 100)] == [2, 200]


def test_a_kernel_of_a_table_that_has_moved_is_compiled_anew(tmp_path: Path) -> None:
    """Code on disk names the classes of its arguments: one from another module must not be read."""
    package = tmp_path / "kernels"
    package.mkdir()
    table = "from typing import NamedTuple\nclass Table(NamedTuple):\n    x: int\n"
    call = "from sc2_attrib.index.compiled import compiled; from kernels.caller import first, Table"
    for home in ("here", "there"):
        for file in package.glob("*here.py"):
            file.unlink()
        (package / f"{home}.py").write_text(table)
        (package / "caller.py").write_text(
            f"from sc2_attrib.index.compiled import kernel\nfrom kernels.{home} import Table\n"
            "@kernel\ndef first(table: Table) -> int:\n    return table.x\n"
        )
        os.utime(package / "caller.py", (1, 1))  # Numba looks at the time: as if unpacked alike
        done = subprocess.run(
            [sys.executable, "-B", "-c", f"{call}; print(compiled(first)(Table(7)))"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.stdout, done.returncode) == ("7\n", 0), done.stderr


def run_twice(package: Path, addend: int) -> int:
    """Write the kernel that is called, and call the compiled caller in a new process."""
    (package / "called.py").write_text(
        "from sc2_attrib.index.compiled import kernel\n"
        f"@kernel\ndef step(x):\n    return x + {addend}\n"
    )
    call = "from sc2_attrib.index.compiled import compiled; from kernels.caller import twice"
    done = subprocess.run(
        [sys.executable, "-c", f"{call}; print(compiled(twice)(0))"],
        cwd=package.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)
