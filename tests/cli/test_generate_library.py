"""docs/library.md: its examples run and print what they should; the import costs nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import sc2_attrib
from sc2_attrib import Checker, Generator, Prompt, Sampling, Written, license_guard, open_index
from sc2_attrib.index.errors import UsageError
from tests.cli.conftest import DEFINITION, code

PAGE = (Path(__file__).parents[2] / "docs" / "library.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PROMPT = r'"def dedent(text):\n"'  # as the page writes it
ASKED = Sampling(max_new_tokens=100)


@pytest.fixture
def run_example(
    folder: Path, index: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> "type[Example]":
    """A folder with the index, the model and the text that the examples name."""
    monkeypatch.chdir(folder)
    Path("my-index").symlink_to(index)
    Path("my-model").symlink_to(model)
    Path("suspect.py").write_text("import os\n\n" + code("copyleft"))
    return Example


class Example:
    """An example of the page, run with a prompt that the model knows."""

    def __init__(self, number: int, capsys: pytest.CaptureFixture[str]) -> None:
        source = EXAMPLES[number].replace(PROMPT, repr(DEFINITION))
        source = source.replace("tokens=64", "tokens=100")
        exec(compile(source, f"docs/library.md, example {number}", "exec"), {})
        self.printed = capsys.readouterr().out


def test_the_page_has_the_import_and_three_examples() -> None:
    """Each of the three is run below."""
    assert len(EXAMPLES) == 4
    assert EXAMPLES[0] == "from sc2_attrib import Checker, Generator, open_index\n"


def test_check_a_string(run_example: type[Example], capsys: pytest.CaptureFixture[str]) -> None:
    """It prints action, licence, place and the copied text."""
    printed = run_example(1, capsys).printed
    assert printed.startswith("deny GPL-3.0-only library/copyleft.py\ndef ")
    assert DEFINITION in printed


def test_generate_with_a_check(
    run_example: type[Example], capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints a text with its vetoes, and no denied copy."""
    printed = run_example(2, capsys).printed
    assert " GPL-3.0-only copyleft.py\n" in printed
    assert "deny" not in printed


def test_a_loop_of_ones_own(run_example: type[Example], capsys: pytest.CaptureFixture[str]) -> None:
    """transformers' own `generate` avoids the same text."""
    printed = run_example(3, capsys).printed
    assert "'license': 'GPL-3.0-only'" in printed
    text = printed[: printed.index("{'position'")]
    with open_index("my-index") as index:
        assert Checker(index).check_text(text).matches == ()


def test_generator_answers_in_every_way(index: Path, model: Path) -> None:
    """Annotated, stopped, in batches with an error, as pieces; a model may be given loaded."""
    with open_index(index) as opened:
        checker = Checker(opened)
        pieces: list[str] = []
        plain = Generator(model, checker).complete(DEFINITION, ASKED, on_text=pieces.append)
        assert "".join(pieces) == plain.text
        assert [match.policy.action for match in plain.matches] == ["deny"]
        stopping = Generator(str(model), checker, on_match="stop")
        assert stopping.complete(Prompt(DEFINITION), ASKED).completion.stopped == "match"
        too_long = DEFINITION * 500
        answers = Generator(model, checker).complete_batch([DEFINITION, too_long], ASKED)
        assert isinstance(answers[0], Written)
        assert isinstance(answers[1], UsageError)
        assert answers[0].matches[0].fingerprint
        assert stopping.describe().options["on_match"] == "stop"


def test_a_guard_stops_a_loop(index: Path, model: Path) -> None:
    """on_match="stop" ends the row; the guard knows the run."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    network = AutoModelForCausalLM.from_pretrained(model)
    ids = tokenizer(DEFINITION, return_tensors="pt")
    with open_index(index) as opened:
        guard = license_guard(tokenizer, Checker(opened), on_match="stop")
        output = network.generate(**ids, max_new_tokens=100, logits_processor=[guard])
    row = output[0].tolist()
    assert row[-1] == tokenizer.eos_token_id
    run = guard.completed(row[:-1])
    assert run is not None
    assert run.describe()["license"] == "GPL-3.0-only"


def test_importing_the_package_loads_nothing() -> None:
    """`import sc2_attrib` brings none of our modules and no library; every name can be had."""
    program = "import sys, sc2_attrib; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = {name for name in done.stdout.split() if name.startswith("sc2_attrib")}
    assert loaded == {"sc2_attrib"}
    assert "numpy" not in done.stdout
    assert set(sc2_attrib.__all__) <= set(dir(sc2_attrib))
    assert all(getattr(sc2_attrib, name) is not None for name in sc2_attrib.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        sc2_attrib.Nothing  # noqa: B018
