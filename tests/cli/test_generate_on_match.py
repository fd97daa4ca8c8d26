"""`generate --on-match`: a model that knows copyleft text by heart, stopped or led elsewhere."""

import json
import re
import shlex
import shutil
import textwrap
from pathlib import Path
from typing import Any

import pytest

from sc2_attrib.cli.locations import demo_cache
from sc2_attrib.generator.demo import ensure_demo_model
from sc2_attrib.index.text import normalize
from tests.cli.conftest import DEFINITION, Generate, Run, code

PAGE = (Path(__file__).parents[2] / "docs" / "generate.md").read_text(encoding="utf-8")
MIN_CHARS = 100
COPYLEFT = normalize(code("copyleft").encode())
LONG = ("--max-new-tokens", "120")


def completed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The result that was printed."""
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def denied(text: str, source: bytes = COPYLEFT) -> list[bytes]:
    """Runs of a text that stand in a file, by default the copyleft one."""
    bare = normalize(text.encode())
    runs = [bare[at : at + MIN_CHARS] for at in range(len(bare) - MIN_CHARS + 1)]
    return [run for run in runs if run in source]


def test_avoid_takes_other_tokens_and_lists_them(
    generate: Generate, capsys: pytest.CaptureFixture[str]
) -> None:
    """No denied run is written, so the run is clean; each veto says what it avoided, and whose."""
    generate(DEFINITION, *LONG, "--json")
    assert denied(completed(capsys)["inputs"][0]["text"])
    assert generate(DEFINITION, *LONG, "--json", "--on-match", "avoid") == 0
    result = completed(capsys)
    [checked] = result["inputs"]
    assert denied(checked["text"]) == []
    vetoes = checked["completion"]["vetoes"]
    assert vetoes
    for veto in vetoes:
        assert MIN_CHARS <= len(veto["run"]) == veto["chars"] < MIN_CHARS + 20
        assert veto["run"].encode() in COPYLEFT
        assert (veto["license"], veto["path"]) == ("GPL-3.0-only", "copyleft.py")
        assert veto["document"].startswith("swh:1:cnt:")
    assert result["run"]["model"]["parameters"]["on_match"] == "avoid"


def test_stop_ends_where_the_run_is_long_enough(
    generate: Generate, capsys: pytest.CaptureFixture[str]
) -> None:
    """The completion ends with the token that completes a denied run; the run is reported."""
    assert generate(DEFINITION, *LONG, "--json", "--on-match", "stop") == 1
    result = completed(capsys)
    [checked], [match] = result["inputs"], result["matches"]
    assert checked["completion"]["stopped"] == "match"
    assert match["generated"]["bytes"][1] == len(checked["text"].encode())
    assert MIN_CHARS <= match["size"]["normalized_chars"] < MIN_CHARS + 20


def test_people_are_told(generate: Generate, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard error says that something was avoided or stopped; -v says which tokens."""
    generate(DEFINITION, *LONG, "--on-match", "avoid", "-v")
    said = capsys.readouterr().err
    assert "of denied text avoided (GPL-3.0-only); -f json lists them" in said
    assert re.search(r"completes 1\d\d characters of library/copyleft.py \(GPL-3.0-only\)", said)
    generate(DEFINITION, *LONG, "--on-match", "stop")
    assert "stopped at text that the policy denies" in capsys.readouterr().err
    generate(DEFINITION, *LONG, "--on-match", "avoid", "-q")
    assert capsys.readouterr().err == ""


def test_text_that_the_policy_allows_is_written(
    generate: Generate, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under a policy that allows copyleft, avoiding changes nothing, and the source is cited."""
    generate(DEFINITION, *LONG, "-q")
    plain = capsys.readouterr().out
    chosen = ("--on-match", "avoid", "--policy", "audit-only")
    assert generate(DEFINITION, *LONG, "--json", *chosen) == 0
    result = completed(capsys)
    start, stop = result["inputs"][0]["completion"]["bytes"]
    assert result["inputs"][0]["text"].encode()[start:stop].decode() == plain
    assert result["inputs"][0]["completion"]["vetoes"] == []
    assert result["matches"][0]["sources"][0]["path"] == "copyleft.py"


def test_edited_copies_get_through_and_are_reported(
    generate: Generate, capsys: pytest.CaptureFixture[str]
) -> None:
    """Led elsewhere for some tokens, the model goes on reciting: a near match, and it is denied."""
    chosen = ("--on-match", "avoid", "--min-lexemes", "40")
    assert generate(DEFINITION, *LONG, "--json", *chosen) == 1
    [match] = completed(capsys)["matches"]
    assert (match["kind"], match["policy"]["action"]) == ("near", "deny")
    assert match["sources"][0]["similarity"] > 0.8


def test_a_batch_is_watched(
    generate: Generate, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    """Each completion of a batch lists its own vetoes; one that copies nothing has none."""
    prompts = [DEFINITION, "import os\n", DEFINITION]
    lines = "".join(json.dumps({"prompt": each}) + "\n" for each in prompts)
    (folder / "in.jsonl").write_text(lines)
    batch = ("--prompts", "in.jsonl", "--output", "out.jsonl", "--on-match", "avoid")
    generate(*batch, *LONG)
    done = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    assert [denied(each["completion"]) for each in done] == [[], [], []]
    n_vetoes = [len(each["result"]["inputs"][0]["completion"]["vetoes"]) for each in done]
    assert n_vetoes[0] == n_vetoes[2] > 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (
            ("--on-match", "avoid", "--model", "openai+http://127.0.0.1:9/v1#any"),
            "the server http://127.0.0.1:9/v1 chooses its tokens itself",
        ),
        (
            ("--on-match", "stop", "--model", "openai+http://127.0.0.1:9/v1#any"),
            "--on-match stop: the server",
        ),
        (("--on-match", "avoid", "--min-chars", "60"), "runs of 93 or more can be avoided"),
        (("--on-match", "never"), "'never' is not one of 'annotate', 'stop', 'avoid'"),
    ],
)
def test_what_cannot_be_watched_is_said(
    arguments: tuple[str, ...],
    complaint: str,
    generate: Generate,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line says why, before anything is generated; nothing is asked of a server."""
    assert generate("x = ", *arguments) == 2
    printed = capsys.readouterr()
    assert complaint in printed.err
    assert (printed.out, printed.err.count("\n")) == ("", 1)


@pytest.mark.slow
def test_the_example_of_an_edited_copy(run_here: Run, folder: Path) -> None:
    """The commands of docs/generate.md avoid every denied run, yet half of the lines are copied.

    Where the text is left differs from one training of the demo's model to the next.
    """
    [policy] = re.findall(r"^  ```toml\n(.*?)^  ```$", PAGE, re.MULTILINE | re.DOTALL)
    [console] = re.findall(r"^  ```console\n(.*?)^  ```$", PAGE, re.MULTILINE | re.DOTALL)
    (folder / "nothing.toml").write_text(textwrap.dedent(policy))
    (folder / "library").mkdir()
    shutil.copy(json.decoder.__file__, folder / "library")
    ensure_demo_model(demo_cache())
    commands = console.replace("\\\n", "").replace(r"\n", "\n").replace("$'", "'")
    build, generate = re.findall(r"^  \$ sc2-attrib (.*?)(?=^  [$s.])", commands, re.M | re.S)
    assert run_here(*shlex.split(build)).code == 0
    result = json.loads(run_here(*shlex.split(generate), "--json").stdout)
    [checked] = result["inputs"]
    assert checked["completion"]["vetoes"]
    source = Path(json.decoder.__file__).read_text()
    assert denied(checked["text"], normalize(source.encode())) == []
    known = {line.strip() for line in source.splitlines()}
    written = [line.strip() for line in checked["text"].splitlines() if len(line.strip()) > 10]
    assert sum(line in known for line in written) >= len(written) / 2
