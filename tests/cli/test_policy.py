"""Policies, baselines and suppression on the command line."""

import json
from pathlib import Path

import pytest

from sc2_attrib.attribution.policy_file import read_policy
from sc2_attrib.cli.config import read_settings
from tests.cli.conftest import Run, code

DENY_ALL = '[[rules]]\naction = "deny"\nreason = "we deny all"\n'


@pytest.fixture
def run(run_here: Run) -> Run:
    """Run commands in this process."""
    return run_here


@pytest.fixture
def copied(folder: Path) -> Path:
    """A project that holds a copy of permissive code."""
    (folder / "a.py").write_text(code("permissive"))
    return folder


def test_policy_decides(run: Run, copied: Path, index: Path) -> None:
    """--policy takes a file, and the result names it with its hash."""
    (copied / "p.toml").write_text(DENY_ALL)
    outcome = run("scan", "a.py", "--index", str(index), "--policy", "p.toml", "--json")
    assert outcome.code == 1
    result = json.loads(outcome.stdout)
    assert result["matches"][0]["policy"] == {
        "action": "deny",
        "rule": "rule-1",
        "reason": "we deny all",
    }
    policy = result["run"]["policy"]
    assert (policy["name"], policy["origin"], len(policy["sha256"])) == ("custom", "p.toml", 64)


def test_ready_policy_by_name(run: Run, folder: Path, index: Path) -> None:
    """A ready policy is used by its name: copyleft passes where that is fine."""
    (folder / "a.py").write_text(code("copyleft"))
    outcome = run("scan", "a.py", "--index", str(index), "--policy", "copyleft-ok")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert "GPL-3.0-only is copyleft" in outcome.stdout


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"sc2-attrib-policy.toml": DENY_ALL}, "deny"),
        ({"pyproject.toml": '[[tool.sc2-attrib.policy.rules]]\naction = "deny"\n'}, "deny"),
        ({"sc2-attrib.toml": '[[policy.rules]]\naction = "deny"\n'}, "deny"),
        ({"sc2-attrib.toml": 'policy = "sub/p.toml"\n', "sub/p.toml": DENY_ALL}, "deny"),
        ({"pyproject.toml": '[tool.sc2-attrib]\npolicy = "audit-only"\n'}, "attribute"),
        (
            {"sc2-attrib-policy.toml": DENY_ALL, "sc2-attrib.toml": 'policy = "default"\n'},
            "attribute",
        ),
        (
            {
                "sc2-attrib-policy.toml": DENY_ALL,
                "pyproject.toml": '[[tool.sc2-attrib.policy.rules]]\naction = "allow"\n',
            },
            "deny",
        ),
    ],
)
def test_where_a_policy_comes_from(
    files: dict[str, str], expected: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """sc2-attrib.toml, then the policy file, then pyproject.toml; each may hold or name one."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "none"))
    monkeypatch.chdir(folder)
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    policy = read_policy(read_settings(None)["policy"].value)
    assert policy.judge_license("MIT").action == expected


def test_policy_file_is_found_beside_a_named_configuration(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--config replaces the other settings, not the policy of the project."""
    monkeypatch.chdir(folder)
    (folder / "sc2-attrib-policy.toml").write_text(DENY_ALL)
    (folder / "c.toml").write_text("jobs = 1\n")
    assert read_settings(Path("c.toml"))["policy"].value == "sc2-attrib-policy.toml"
    (folder / "c.toml").write_text('policy = "default"\n')
    assert read_settings(Path("c.toml"))["policy"].value == "default"


def test_command_line_beats_environment_and_files(run: Run, copied: Path, index: Path) -> None:
    """The policy file in the working directory is used unless something nearer names another."""
    (copied / "sc2-attrib-policy.toml").write_text(DENY_ALL)
    scan = ("scan", "a.py", "-q", "--index", str(index))
    assert run(*scan).code == 1
    assert run(*scan, env={"SC2_ATTRIB_POLICY": "default"}).code == 0
    other = run(*scan, "--policy", "audit-only", env={"SC2_ATTRIB_POLICY": "nowhere"})
    assert (other.code, other.stderr) == (0, "")


def test_wrong_policy_ends_the_run_before_it_starts(run: Run, copied: Path, index: Path) -> None:
    """An invalid policy is wrong usage, told in one line with its place."""
    (copied / "p.toml").write_text(DENY_ALL + 'licence = "MIT"\n')
    for arguments in (("scan", "a.py", "--index", str(index), "--policy"), ("policy", "check")):
        outcome = run(*arguments, "p.toml")
        assert (outcome.code, outcome.stdout) == (2, "")
        assert outcome.stderr == (
            "sc2-attrib: error: p.toml:4: rules[1].licence: unknown key 'licence';"
            " did you mean 'license'?\n"
        )


def test_policy_check_warns(run: Run, folder: Path) -> None:
    """A rule without effect is told with its line; the policy is valid nonetheless."""
    (folder / "p.toml").write_text(DENY_ALL + '\n[[rules]]\nlicense = "MIT"\naction = "allow"\n')
    outcome = run("policy", "check", "p.toml")
    assert outcome.code == 0
    first, second = outcome.stdout.splitlines()
    assert first.startswith("p.toml: valid: custom, 2 rules, 1 warning, sha256 ")
    assert second == (
        "p.toml:5: rules[2]: warning: rule 'rule-2' can't apply: 'rule-1' before it takes every"
        " case"
    )


def test_policy_show_prints_what_can_be_used(run: Run, folder: Path) -> None:
    """A ready policy, written to a file, is that policy."""
    shown = run("policy", "show", "permissive-only").stdout
    (folder / "sc2-attrib-policy.toml").write_text(shown)
    ready, mine = run("policy", "check", "permissive-only").stdout, run("policy", "check").stdout
    assert mine.startswith("sc2-attrib-policy.toml: valid: permissive-only, 5 rules, 0 warnings, ")
    assert mine.rpartition("sha256")[2] == ready.rpartition("sha256")[2]


def test_policy_schema_is_json(run: Run) -> None:
    """The schema of policy files is printed as JSON."""
    assert json.loads(run("policy", "schema").stdout)["$id"] == "sc2-attrib/policy/1"


def test_policy_explain(run: Run, folder: Path, index: Path) -> None:
    """A match of a saved result is explained by the policy of its run, or by another."""
    (folder / "a.py").write_text(code("copyleft"))
    run("scan", "a.py", "--index", str(index), "-f", "json=r.json")
    match = json.loads((folder / "r.json").read_text())["matches"][0]
    outcome = run("policy", "explain", match["id"][:10], "--result", "r.json")
    assert outcome.code == 0
    assert "policy  default (built-in), the strictest source decides" in outcome.stdout
    assert "action  deny, rule 'copyleft': GPL-3.0-only is copyleft" in outcome.stdout
    assert "> GPL-3.0-only  library  copyleft.py" in outcome.stdout
    other = run("policy", "explain", match["id"], "--result", "r.json", "--policy", "audit-only")
    assert "action  review, rule 'not-permissive'" in other.stdout
    assert "the run itself says deny, rule 'copyleft'" in other.stdout
    unknown = run("policy", "explain", "zzz", stdin=(folder / "r.json").read_bytes())
    assert (unknown.code, unknown.stdout) == (2, "")
    assert "no match has this id or fingerprint" in unknown.stderr


def test_own_code_by_index(run: Run, folder: Path, index: Path, corpus: Path) -> None:
    """Text that stands in an index of own code fails no run, and the summary says why."""
    (folder / "a.py").write_text(code("copyleft"))
    mine = folder / "mine"
    mine.mkdir()
    (mine / "tool.py").write_text("# ours\n" + code("copyleft"))
    assert run("index", "build", "mine", "--index", "own").code == 0
    (folder / "sc2-attrib-policy.toml").write_text(
        run("policy", "show").stdout + '\n[own]\nindex = "own"\n'
    )
    outcome = run("scan", "a.py", "--index", str(index))
    assert (outcome.code, outcome.stderr) == (0, "")
    assert "1 suppressed (1 by own-code)" in outcome.stdout


def test_baseline(run: Run, folder: Path, index: Path) -> None:
    """Known matches pass, moved ones too; new ones fail; what is gone is told and dropped."""
    scan = ("scan", "src", "--index", str(index), "--baseline", "b.toml")
    (folder / "src").mkdir()
    (folder / "src" / "a.py").write_text(code("copyleft"))
    missing = run(*scan)
    assert missing.code == 2
    assert "b.toml: no such baseline; " in missing.stderr
    written = run(*scan, "--update-baseline")
    assert (written.code, written.stderr) == (0, "sc2-attrib: b.toml: 1 match, 1 new, 0 dropped\n")
    first = (folder / "b.toml").read_text()
    (folder / "src" / "a.py").write_text("\n\n# moved\n" + code("copyleft"))
    known = run(*scan)
    assert known.code == 0
    assert "1 suppressed (1 by baseline)" in known.stdout
    (folder / "src" / "b.py").write_text(code("copyleft"))
    assert run(*scan).code == 1
    (folder / "src" / "a.py").write_text("# rewritten\n")
    stale = run(*scan, "-v", "--fail-on", "never")
    assert "baseline: no longer found in src/a.py: " in stale.stderr
    updated = run(*scan, "--update-baseline")
    assert updated.stderr == "sc2-attrib: b.toml: 1 match, 1 new, 1 dropped\n"
    assert (folder / "b.toml").read_text() != first
    assert list(folder.glob(".b.toml*")) == []


def test_update_baseline_needs_its_file(run: Run, copied: Path, index: Path) -> None:
    """--update-baseline alone says what is missing; so does a folder that isn't there."""
    scan = ("scan", "a.py", "--index", str(index), "--update-baseline")
    assert "name the file with --baseline FILE" in run(*scan).stderr
    outcome = run(*scan, "--baseline", "none/b.toml")
    assert outcome.code == 2
    assert "there is no folder none" in outcome.stderr
