"""`index build`, `index stats` and `index search` on real indexes."""

import json
import shutil
from pathlib import Path
from typing import Any

from tests.cli.conftest import Run, code


def test_build_stats_and_search(run: Run, corpus: Path) -> None:
    """An index is built from a folder, measured, and finds a text of that folder."""
    built = run("index", "build", str(corpus), "--index", "idx", "--json")
    assert (built.code, built.stderr) == (0, "")
    summary = json.loads(built.stdout)
    assert (summary["n_documents"], summary["n_occurrences"], summary["skipped"]) == (3, 3, {})

    stats = json.loads(run("index", "stats", "--index", "idx", "--json").stdout)
    assert stats["description"]["n_documents"] == 3
    assert stats["description"]["raw_bytes"] == summary["raw_bytes"]
    assert stats["description"]["guarantee_chars"] == 50
    [about] = stats["description"]["corpora"]
    assert (about["corpus"]["name"], about["n_documents"]) == (corpus.name, 3)

    found = run("index", "search", code("unknown"), "--index", "idx")
    assert found.code == 0
    assert found.stdout.splitlines()[0].endswith(": 1 document, 1 place in 1 repository")
    assert found.stdout.splitlines()[1:] == ["  library unknown.py:1-21  no licence found"]


def test_stats_state_what_a_copy_must_equal(run: Run, corpus: Path, folder: Path) -> None:
    """Digests of every file and the removals: equal for a copy, another after a change."""
    run("index", "build", str(corpus), "--index", "idx")
    shutil.copytree(folder / "idx", folder / "copy")

    def facts(index: str) -> tuple[str, list[dict[str, Any]], list[dict[str, Any]]]:
        stats = json.loads(run("index", "stats", "--index", index, "--json").stdout)
        return stats["description"]["id"], stats["segments"], stats["removals"]

    before = facts("copy")
    assert before == facts("idx")
    _, [segment], removals = before
    assert removals == []
    files = {path.name for path in (folder / "idx" / segment["name"]).iterdir()}
    assert segment["digests"].keys() == files
    assert all(len(digest) == 64 for digest in segment["digests"].values())
    run("index", "remove", "--index", "copy", "--repo", "library", "--reason", "asked to")
    after = facts("copy")
    assert after[0] != before[0]
    [removal] = after[2]
    assert (removal["what"], removal["reason"]) == ("library", "asked to")


def test_build_summary_in_words(run: Run, corpus: Path) -> None:
    """Without --json the summary is a few lines of names and values."""
    (corpus / "empty.py").touch()
    built = run("index", "build", str(corpus), "--index", "idx")
    (corpus / "empty.py").unlink()
    names = [line.split("  ")[0] for line in built.stdout.splitlines()]
    assert names == ["index", "text", "memory", "documents", "duplicates", "skipped: empty"]


def test_existing_index_is_refused_without_force(run: Run, corpus: Path) -> None:
    """A second build into the same folder needs --force."""
    run("index", "build", str(corpus), "--index", "idx")
    refused = run("index", "build", str(corpus), "--index", "idx")
    assert refused.code == 2
    assert refused.stderr == (
        "sc2-attrib: error: idx: there is an index already; --force replaces it\n"
    )
    assert run("index", "build", str(corpus), "--index", "idx", "--force").code == 0


def test_wrong_source_and_wrong_target(run: Run, corpus: Path) -> None:
    """A source that doesn't exist, a target that is a name or no address: wrong usage."""
    missing = run("index", "build", "nowhere", "--index", "idx")
    assert (missing.code, missing.stdout) == (2, "")
    assert missing.stderr.startswith("sc2-attrib: error: nowhere: no such file or folder; ")
    assert run("index", "build", str(corpus), "--index", "demo").code == 2
    server = run("index", "build", str(corpus), "--index", "elasticsearch+http://u:secret@h/N")
    assert server.code == 2
    assert "secret" not in server.stderr
    asked = ("--index", "idx", "--shards", "2")
    assert run("index", "build", str(corpus), *asked).stderr == (
        "sc2-attrib: error: idx: shards, replicas, refresh and compression need a server\n"
    )


def test_no_index_is_named(run: Run) -> None:
    """Without an index the three places to name one are listed."""
    outcome = run("index", "stats")
    assert outcome.code == 2
    assert outcome.stderr == (
        "sc2-attrib: error: no index: name one with --index, SC2_ATTRIB_INDEX or 'index' in"
        " sc2-attrib.toml\n"
    )


def test_missing_index_exits_3(run: Run) -> None:
    """An index that isn't there is unusable from the start."""
    outcome = run("index", "stats", "--index", "nowhere")
    assert outcome.code == 3
    assert outcome.stderr.startswith("sc2-attrib: error: nowhere: ")


def test_demo_names_the_demo_and_not_a_folder(run: Run, folder: Path, index: Path) -> None:
    """`demo` is the demo's index even where a folder has that name, which is ./demo."""
    (folder / "demo").symlink_to(index)
    named = run("index", "stats", "--index", "demo")
    assert named.code == 3
    assert "make it with 'sc2-attrib demo'" in named.stderr
    assert run("index", "stats", "--index", "./demo").code == 0


def test_index_by_precedence(run: Run, folder: Path, index: Path) -> None:
    """The command line beats the variable, which beats the file in the working directory."""
    (folder / "sc2-attrib.toml").write_text("index = 'from-file'\n")
    from_file = run("index", "stats")
    assert "from-file: " in from_file.stderr
    variable = {"SC2_ATTRIB_INDEX": "from-variable"}
    assert "from-variable: " in run("index", "stats", env=variable).stderr
    assert run("index", "stats", "--index", str(index), env=variable).code == 0
    (folder / "ci.toml").write_text(f"index = '{index}'\n")
    assert run("index", "stats", "--config", "ci.toml").code == 0
    assert run("index", "stats", env={"SC2_ATTRIB_CONFIG": "ci.toml"}).code == 0


def test_search_reads_standard_input_and_files(run: Run, folder: Path, index: Path) -> None:
    """TEXT, - and --file are three ways to give one text, and exactly one is needed."""
    text = code("unknown")
    (folder / "f.py").write_text(text)
    answers = {
        run("index", "search", text, "--index", str(index)).stdout,
        run("index", "search", "-", "--index", str(index), stdin=text).stdout,
        run("index", "search", "--file", "f.py", "--index", str(index)).stdout,
    }
    assert len(answers) == 1
    assert run("index", "search", "--index", str(index)).code == 2
    assert run("index", "search", text, "--file", "f.py", "--index", str(index)).code == 2
    assert run("index", "search", "--file", "none", "--index", str(index)).code == 2


def test_search_that_finds_nothing_exits_0(run: Run, index: Path) -> None:
    """Not found is an answer, in words and in JSON."""
    text = code("written by nobody")
    outcome = run("index", "search", text, "--index", str(index))
    assert (outcome.code, outcome.stdout) == (0, "not found\n")
    outcome = run("index", "search", text, "--index", str(index), "--json")
    assert json.loads(outcome.stdout) == {"bounded": False, "matches": []}


def test_search_for_too_short_a_text_is_refused(run: Run, index: Path) -> None:
    """A text below the guarantee could be missed, so it is not searched for."""
    outcome = run("index", "search", "a b c", "--index", str(index))
    assert outcome.code == 2
    assert "only 3 characters that are not white space; matches are found from 50 on" in (
        outcome.stderr
    )


def test_search_in_json(run: Run, index: Path) -> None:
    """--json has the names of the result document; white space that differs is said."""
    text = code("copyleft").replace("    ", "\t")
    outcome = run("index", "search", text, "--index", str(index), "--json")
    [match] = json.loads(outcome.stdout)["matches"]
    [source] = match["sources"]
    assert match["lines"] == [1, 21]
    assert source["repo"] == "library"
    assert source["path"] == "copyleft.py"
    assert source["lines"] == [2, 22]
    assert source["kind"] == "reformatted"
    assert source["license"] == "GPL-3.0-only"


def test_filters_leave_documents_out_with_their_reason(run: Run, tmp_path: Path) -> None:
    """Only Python of at most 1 kB is indexed; the rest is counted by reason."""
    code = tmp_path / "code"
    code.mkdir()
    (code / "a.py").write_text("def a():\n    return 1\n")
    (code / "b.c").write_text("int b(void) { return 1; }\n")
    (code / "large.py").write_text("x = 1\n" * 1000)
    done = run(
        "index", "build", str(code), "--index", str(tmp_path / "ix"), "--json",
        "--language", "python", "--max-text-size", "1kB",
    )  # fmt: skip
    summary = json.loads(done.stdout)
    assert summary["n_documents"] == 1
    assert summary["skipped"] == {"filter: language": 1, "filter: size": 1}


def test_an_index_grows_and_obeys_take_downs(run: Run, corpus: Path) -> None:
    """Add, remove, undo, compact and verify say what they did and exit 0."""
    run("index", "build", str(corpus), "--index", "idx")
    again = json.loads(run("index", "add", str(corpus), "--index", "idx", "--json").stdout)
    assert again["n_documents"] == 0
    removed = run("index", "remove", "--repo", corpus.name, "--index", "idx", "--reason", "asked")
    assert removed.code == 0
    assert removed.stdout.startswith("no longer found: ")
    assert (
        json.loads(run("index", "stats", "--index", "idx", "--json").stdout)["description"][
            "n_documents"
        ]
        == 0
    )
    undone = run("index", "remove", "--repo", corpus.name, "--index", "idx", "--undo")
    assert undone.stdout.startswith("found again: ")
    assert run("index", "compact", "--index", "idx").code == 0
    assert "sound" in run("index", "verify", "--index", "idx").stdout


def test_a_take_down_that_names_nothing_is_wrong_usage(run: Run, corpus: Path) -> None:
    """No name at all, a name of nothing, an undo of what was not removed."""
    run("index", "build", str(corpus), "--index", "idx")
    for arguments in ([], ["--swhid", "swh:1:cnt:1"], ["--repo", "a/b", "--undo"]):
        refused = run("index", "remove", "--index", "idx", *arguments)
        assert refused.code == 2
        assert refused.stderr.count("\n") == 1


def test_verify_of_a_damaged_index_exits_3(run: Run, corpus: Path, folder: Path) -> None:
    """The file and the place are named."""
    run("index", "build", str(corpus), "--index", "idx")
    (text,) = (folder / "idx").glob("segment-*/text")
    data = bytearray(text.read_bytes())
    data[4100] ^= 1
    text.write_bytes(data)
    damaged = run("index", "verify", "--index", "idx")
    assert damaged.code == 3
    assert str(text.relative_to(folder)) in damaged.stderr


def test_an_estimate_builds_nothing(run: Run, corpus: Path) -> None:
    """It tells rates and memory, and needs no index to be named."""
    told = run("index", "build", str(corpus), "--estimate")
    assert told.code == 0
    assert told.stdout.endswith("  1.07 GB beside that of the program itself\n")
    found = json.loads(run("index", "build", str(corpus), "--estimate", "--json").stdout)
    assert found["sampled_bytes"] > 0
    assert not Path("idx").exists()


def test_parts_are_joined(run: Run, corpus: Path) -> None:
    """An index is a source; the whole has what the part has."""
    run("index", "build", str(corpus), "--index", "part")
    joined = run("index", "build", "part", "--index", "whole", "--json")
    assert json.loads(joined.stdout)["n_documents"] == 3
    other = run("index", "build", "part", "--index", "other", "--guarantee", "100")
    assert other.code == 2
    assert "give both the same --guarantee" in other.stderr


def test_memory_is_checked(run: Run, corpus: Path) -> None:
    """Too little is refused with what is needed, before anything is written."""
    refused = run("index", "build", str(corpus), "--index", "small", "--memory", "10MiB")
    assert refused.code == 2
    assert refused.stderr.endswith("--memory 10MiB: a build needs at least 256MiB\n")
    assert not Path("small").exists()
