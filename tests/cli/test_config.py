"""Settings: where they come from, which wins, what is refused."""

from pathlib import Path

import pytest

from sc2_attrib.cli.config import Setting, read_settings
from sc2_attrib.index.errors import UsageError


@pytest.fixture(autouse=True)
def user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the user a configuration folder, and start in an empty one."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "config" / "sc2-attrib"
    folder.mkdir(parents=True)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return folder


def test_no_file_no_settings() -> None:
    """Without any file there is nothing to set."""
    assert read_settings(None) == {}


def test_nearer_files_win_key_by_key(user_folder: Path) -> None:
    """sc2-attrib.toml beats pyproject.toml, which beats the user's own file; keys are merged."""
    (user_folder / "config.toml").write_text("jobs = 1\nmin-chars = 60\nmodel = 'a'\n")
    Path("pyproject.toml").write_text("[tool.sc2-attrib]\njobs = 2\nmin-chars = 70\n")
    Path("sc2-attrib.toml").write_text("jobs = 3\n")
    assert read_settings(None) == {
        "jobs": Setting(3, Path("sc2-attrib.toml")),
        "min_chars": Setting(70, Path("pyproject.toml")),
        "model": Setting("a", user_folder / "config.toml"),
    }


def test_named_file_stands_alone(user_folder: Path) -> None:
    """With --config no other file is read, not even a broken one."""
    (user_folder / "config.toml").write_text("not toml")
    Path("sc2-attrib.toml").write_text("wrong-key = 3\n")
    Path("ci.toml").write_text("jobs = 4\n")
    assert read_settings(Path("ci.toml")) == {"jobs": Setting(4, Path("ci.toml"))}


def test_pyproject_without_our_table_is_fine() -> None:
    """Most pyproject files say nothing about this program."""
    Path("pyproject.toml").write_text("[tool.other]\njobs = 2\n")
    assert read_settings(None) == {}


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("sc2-attrib.toml", "fail_on = 'deny'", "unknown key 'fail_on'; did you mean 'fail-on'?"),
        ("sc2-attrib.toml", "colour = 1\n", "unknown key 'colour'; "),
        ("sc2-attrib.toml", "[scan]\njobs = 1\n", "unknown key 'scan'; the keys are baseline, "),
        ("pyproject.toml", "[tool.sc2-attrib]\njob = 1\n", "unknown key 'job'; did you mean 'jobs"),
        ("sc2-attrib.toml", "jobs = \n", "not valid TOML: Invalid value (at line 1, column 8)"),
    ],
)
def test_wrong_file_is_refused_with_its_name(name: str, text: str, complaint: str) -> None:
    """An unknown key or broken file is an error that names the file and what is wrong in it."""
    Path(name).write_text(text)
    with pytest.raises(UsageError) as caught:
        read_settings(None)
    assert str(caught.value).startswith(f"{name}: {complaint}")


def test_missing_named_file_is_refused() -> None:
    """A file named by --config has to be there."""
    with pytest.raises(UsageError, match=r"ci\.toml: can't read the configuration: No such file"):
        read_settings(Path("ci.toml"))


def test_relative_index_belongs_to_the_file_that_names_it(user_folder: Path) -> None:
    """An index folder is found from where the file lies; names and addresses stay as they are."""
    file = user_folder / "config.toml"
    for written, meant in (
        ("idx", f"{user_folder}/idx"),
        ("./demo", f"{user_folder}/./demo"),
        ("/srv/idx", "/srv/idx"),
        ("demo", "demo"),
        ("elasticsearch+http://host/name", "elasticsearch+http://host/name"),
    ):
        file.write_text(f"index = '{written}'\n")
        assert read_settings(None)["index"].value == meant
    Path("sc2-attrib.toml").write_text("index = './demo'\n")
    assert read_settings(None)["index"].value == "./demo"
