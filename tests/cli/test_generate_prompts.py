"""Where prompts come from, and batches of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from sc2_attrib.cli.batch_records import read_prompts, written_samples
from sc2_attrib.cli.prompt_sources import prompt_at
from sc2_attrib.cli.repository import gather
from sc2_attrib.index.errors import UsageError
from tests.cli.conftest import (
    BODY,
    DEFINITION,
    LINES,
    Generate,
)


@pytest.mark.parametrize(
    ("place", "before", "behind"),
    [
        ("a.py:1:1", "", "één\r\ntwo\nthree"),
        ("a.py:1:4", "één", "\r\ntwo\nthree"),
        ("a.py:1", "één", "\r\ntwo\nthree"),
        ("a.py:2:2", "één\r\nt", "wo\nthree"),
        ("a.py:3", "één\r\ntwo\nthree", ""),
    ],
)
def test_a_place_in_a_file(place: str, before: str, behind: str, tmp_path: Path) -> None:
    """Lines and columns count from 1; without a column it is the end of the line."""
    (tmp_path / "a.py").write_bytes("één\r\ntwo\nthree".encode())
    file, prompt = prompt_at(f"{tmp_path}/{place}")
    assert file == tmp_path / "a.py"
    assert (prompt.prefix, prompt.suffix) == (before, behind)


@pytest.mark.parametrize(
    ("place", "complaint"),
    [
        ("a.py", "not FILE:LINE or FILE:LINE:COL"),
        ("a.py:0", "has 2 lines"),
        ("a.py:3", "has 2 lines"),
        ("a.py:1:5", "line 1 has 3 columns"),
        ("a.py:1:0", "line 1 has 3 columns"),
        ("none.py:1", "No such file"),
    ],
)
def test_a_place_that_is_not_there(
    place: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line says what the file has."""
    monkeypatch.chdir(tmp_path)
    Path("a.py").write_text("one\ntwo")
    with pytest.raises(UsageError, match=complaint):
        prompt_at(place)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A working tree with an imported file, an ignored one, a binary one and a large one."""
    root = tmp_path / "tree"
    (root / "pkg").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".git/config").write_text('[remote "origin"]\n\turl = git@host.org:own/er.git\n')
    (root / ".gitignore").write_text("secret.py\n")
    (root / "secret.py").write_text("key = 1\n")
    (root / "pkg/used.py").write_text("def used(): ...\n")
    (root / "pkg/binary.py").write_bytes(b"a\0b")
    (root / "large.py").write_text("x = 1\n" * 100_000)
    (root / "main.py").write_text("from pkg import used\n")
    return root


def test_neighbours_are_gathered(repository: Path) -> None:
    """What git ignores, what is no text and what is too large stays out; names are the origin's."""
    text = (repository / "main.py").read_text()
    found = gather(repository, repository / "main.py", text, max_tokens=100)
    assert (found.name, found.path) == ("own/er", "main.py")
    assert [file.path for file in found.files] == ["pkg/used.py", ".gitignore"]
    assert gather(repository / "pkg", None, "", max_tokens=1).name == "pkg"
    with pytest.raises(UsageError, match=r"--repo .*: no such folder"):
        gather(repository / "none", None, "", max_tokens=1)


def result_of(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_hole_in_a_file_with_its_repository(
    generate: Generate,
    repository: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The result holds the prompt as the model read it; what it was shown counts as the user's."""
    (repository / "main.py").write_text(f"import pkg.used\n{DEFINITION}\n\nend\n")
    place = f"{repository}/main.py:3"
    generate("--fim", place, "--repo", str(repository), "--json", "--max-new-tokens", "4")
    [checked] = result_of(capsys)["inputs"]
    assert checked["completion"]["prompt"].startswith("<repo_name>own/er<file_sep>.gitignore\n")
    assert "<file_sep>pkg/used.py\ndef used(): ...\n" in checked["completion"]["prompt"]
    assert checked["completion"]["prompt"].endswith(f"main.py\nimport pkg.used\n{DEFINITION}")
    assert (checked["path"], checked["language"]) == (f"{repository}/main.py", "Python")


def test_the_prompt_as_sent_is_shown_on_request(
    generate: Generate,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With -v, special tokens by their names."""
    generate("--fim-prefix", "a", "--fim-suffix", "b", "-v", "--max-new-tokens", "1")
    assert "prompt as sent: <fim_prefix><fim_suffix>b<fim_middle>a\n" in capsys.readouterr().err


def test_a_request_gets_one_hint(
    generate: Generate,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On standard error, once; with --quiet not at all."""
    request = "Write a function that computes the square root."
    generate(request, "--json", "--max-new-tokens", "1")
    assert capsys.readouterr().err.count("no instruction model") == 1
    generate(request, "-q", "--max-new-tokens", "1")
    assert capsys.readouterr().err == ""


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_batch_goes_on_where_it_stopped(
    generate: Generate,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A killed run leaves whole lines and perhaps half of one; the rest comes out the same."""
    prompts = [{"prompt": DEFINITION}, {"prompt": "x = ", "id": "second"}, {"prompt": "y" * 9000}]
    Path("p.jsonl").write_text("".join(json.dumps(each) + "\n" for each in prompts))
    asked = ["--prompts", "p.jsonl", "--n", "2", "--batch-size", "4", "--do-sample"]
    asked += ["--max-new-tokens", "8", "--temperature", "1.5", "--seed", "7"]
    assert generate(*asked, "--output", "whole.jsonl") == 4  # one prompt is too long
    assert "6 completions, 2 of them failed, 0 violations; " in capsys.readouterr().err
    whole = lines_of(Path("whole.jsonl"))
    assert [(each["id"], each["sample"]) for each in whole] == [
        (name, i) for name in ("1", "second", "3") for i in range(2)
    ]
    assert [each["batch"] for each in whole] == [0, 0, 0, 0, 1, 1]
    assert whole[0]["seed"] == whole[0]["result"]["inputs"][0]["completion"]["seed"] == 7
    assert "but model demo can read" in whole[4]["error"]
    raw = Path("whole.jsonl").read_bytes()
    Path("cut.jsonl").write_bytes(raw[: raw.index(b"\n") + 40])
    generate(*asked, "--output", "cut.jsonl")
    assert "cut.jsonl holds 1 completion already" in capsys.readouterr().err
    kept = ("id", "sample", "seed", "completion", "stopped", "error")
    assert [{key: each.get(key) for key in kept} for each in lines_of(Path("cut.jsonl"))] == [
        {key: each.get(key) for key in kept} for each in whole
    ]
    before = Path("cut.jsonl").stat().st_mtime_ns
    generate(*asked, "--output", "cut.jsonl")
    assert Path("cut.jsonl").stat().st_mtime_ns == before


def test_a_batch_with_a_violation_exits_1(
    generate: Generate,
) -> None:
    """Also when it is found in what an earlier run has written."""
    Path("p.jsonl").write_text(json.dumps({"prompt": DEFINITION, "path": "a.py"}) + "\n")
    asked = ("--prompts", "p.jsonl", "--output", "o.jsonl", "--max-new-tokens", "120")
    assert generate(*asked, "-q") == 1
    [line] = lines_of(Path("o.jsonl"))
    assert line["completion"].startswith(LINES[1])
    assert line["completion"] in BODY + line["completion"][len(BODY) :]
    assert line["verdict"] == line["result"]["summary"]["verdict"] == "violation"
    assert generate(*asked, "-q") == 1


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "p.jsonl:2: no JSON: "),
        ("[]", 'p.jsonl:2: no object with a text as "prompt"'),
        ('{"prompt": 1}', 'p.jsonl:2: no object with a text as "prompt"'),
        ('{"prompt": "a", "sufix": "b"}', "p.jsonl:2: unknown key 'sufix'; there are prompt,"),
        ('{"prompt": "a", "suffix": 1}', "p.jsonl:2: 'suffix' is 1; it must be a text"),
        ('{"prompt": ""}', "p.jsonl:2: the prompt is empty"),
        ('{"prompt": "a", "id": "1"}', "two prompts have the id '1'"),
        ("[" * 100_000, "p.jsonl:2: no JSON: "),
    ],
)
def test_a_line_that_is_no_prompt(line: str, complaint: str, tmp_path: Path) -> None:
    """It is named with its number, before a model is loaded."""
    path = tmp_path / "p.jsonl"
    path.write_text(f'{{"prompt": "x"}}\n{line}\n')
    with pytest.raises(UsageError) as caught:
        read_prompts(path)
    assert complaint in str(caught.value)


def test_another_file_is_not_taken_for_completions(tmp_path: Path) -> None:
    """What can't be resumed is refused and left as it is."""
    path = tmp_path / "o.jsonl"
    path.write_text('{"prompt": "x"}\nhalf a li')
    with pytest.raises(UsageError, match=r"o\.jsonl:1: no completion of --prompts"):
        written_samples(path)
    assert path.read_text().endswith("half a li")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("a", "--output", "o"), "--output and --n go with --prompts"),
        (("--prompts", "p", "a"), "leave the other prompt options out"),
        (("--prompts", "p"), "--prompts writes JSON Lines to --output"),
        (("--prompts", "p", "--output", "o", "--json"), "and no --format"),
        (("--prompts", "p", "--output", "no/o"), "--output no/o: no file in a folder"),
        (("--prompts", "p", "--output", "o"), "--prompts p: No such file"),
        (("--fim", "a:1", "--fim-suffix", "b"), "leave --fim-suffix out"),
        (("a", "--quantize", "int8", "--double-quant"), "act only with --quantize int4"),
        (("a", "--model", "openai+http://h/v1#m", "--dtype", "float32"), "runs on a server"),
        (("a", "--stop", ""), "a stop string is empty"),
        (("a", "--adapter", "none"), "--adapter none: no adapter_config.json"),
    ],
)
def test_what_does_not_go_together(
    arguments: tuple[str, ...],
    complaint: str,
    generate: Generate,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line, exit 2, and nothing is written."""
    assert generate(*arguments) == 2
    printed = capsys.readouterr()
    assert complaint in printed.err
    assert printed.err.count("\n") == 1
    assert list(Path().iterdir()) == []
