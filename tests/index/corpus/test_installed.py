import csv
import importlib.metadata
import io
import platform
from pathlib import Path

import pytest

from sc2_attrib.index.corpus.document import (
    Basis,
    CorpusDescription,
    LicenseAssertion,
    SkippedDocument,
    SkipReason,
    SourceDocument,
)
from sc2_attrib.index.corpus.installed import InstalledSource

METADATA = "Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n"


def install(
    site: Path,
    name: str,
    files: dict[str, str],
    *,
    version: str = "1.0",
    metadata: str = "",
    record: list[str] | None = None,
    others: dict[str, str] | None = None,
) -> None:
    """Lay out a distribution as an installer does; `record` stands in for its list of files."""
    info = f"{name}-{version}.dist-info"
    rows = io.StringIO()
    csv.writer(rows).writerows([path, "", ""] for path in record or [*files, f"{info}/METADATA"])
    texts = files | {
        f"{info}/METADATA": METADATA.format(name=name, version=version) + metadata,
        f"{info}/RECORD": rows.getvalue(),
    }
    for path, text in (texts | {f"{info}/{k}": v for k, v in (others or {}).items()}).items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)


def source(tmp_path: Path, *sites: Path) -> InstalledSource:
    standard_library = tmp_path / "stdlib"
    standard_library.mkdir(exist_ok=True)
    return InstalledSource(
        standard_library=standard_library,
        distributions=importlib.metadata.distributions(path=[str(site) for site in sites]),
    )


def places(documents: InstalledSource) -> list[tuple[str, str]]:
    occurrences = [d.occurrence for d in documents if isinstance(d, SourceDocument)]
    return [(o.repository, o.path) for o in occurrences]


def skips(documents: InstalledSource) -> list[tuple[str, str]]:
    return [(d.path, d.reason) for d in documents if isinstance(d, SkippedDocument)]


def licenses(tmp_path: Path, metadata: str) -> list[str]:
    install(tmp_path / "site", "demo", {"demo.py": "x = 1\n"}, metadata=metadata)
    (document,) = source(tmp_path, tmp_path / "site")
    assert isinstance(document, SourceDocument)
    assertions = document.occurrence.licenses
    assert all((a.basis, a.path) == (Basis.MANIFEST, "METADATA") for a in assertions)
    return [a.expression for a in assertions]


def test_standard_library_comes_first_and_is_only_itself(tmp_path: Path) -> None:
    """Python files of the library's own folders, not what is installed or cached among them."""
    for path in ("os.py", "json/decoder.py", "site-packages/x.py", "__pycache__/y.py", "lib.so"):
        (tmp_path / "stdlib" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "stdlib" / path).write_text("x = 1\n")
    install(tmp_path / "site", "aaa", {"aaa.py": "a = 1\n"})
    documents = source(tmp_path, tmp_path / "site")
    assert places(documents) == [
        ("cpython", "json/decoder.py"),
        ("cpython", "os.py"),
        ("aaa", "aaa.py"),
    ]
    first = next(iter(documents))
    assert isinstance(first, SourceDocument)
    assert first.occurrence.revision == platform.python_version()
    assert first.occurrence.licenses == (LicenseAssertion("PSF-2.0", Basis.MANIFEST),)
    assert documents.describe() == CorpusDescription("python", platform.python_version())


def test_distributions_come_by_name_their_python_files_by_path(tmp_path: Path) -> None:
    """Neither the order of installation nor that of RECORD shows; other files are not read."""
    site = tmp_path / "site"
    install(site, "Zeta", {"zeta/b.py": "b = 1\n", "zeta/a.pyi": "a: int\n", "zeta/c.txt": "c"})
    install(site, "alpha.x", {"alpha.py": "a = 1\n"}, version="2.5")
    documents = source(tmp_path, site)
    assert places(documents) == [
        ("alpha.x", "alpha.py"),
        ("Zeta", "zeta/a.pyi"),
        ("Zeta", "zeta/b.py"),
    ]
    assert [d.occurrence.revision for d in documents if isinstance(d, SourceDocument)] == [
        "2.5",
        "1.0",
        "1.0",
    ]
    assert documents.estimate_bytes() == sum(
        len(d.content) for d in documents if isinstance(d, SourceDocument)
    )


def test_own_distribution_is_left_out(tmp_path: Path) -> None:
    """A checker that finds its own code in everything it wrote would help nobody."""
    install(tmp_path / "site", "sc2_attrib", {"sc2_attrib/x.py": "x = 1\n"})
    assert list(source(tmp_path, tmp_path / "site")) == []


@pytest.mark.parametrize(
    ("metadata", "expressions"),
    [
        (
            "License-Expression: MIT OR 0BSD\nClassifier: License :: OSI Approved :: BSD License\n",
            ["MIT OR 0BSD"],
        ),
        (
            "License: Apache\nClassifier: License :: OSI Approved\n"
            "Classifier: License :: OSI Approved :: BSD License\n"
            "Classifier: License :: Public Domain\nClassifier: Topic :: Software Development\n",
            ["BSD License", "Public Domain"],
        ),
        ("License: Apache 2.0\nClassifier: License :: OSI Approved\n", ["Apache 2.0"]),
        ("License: UNKNOWN\n", []),
        ("License: Copyright (c) 2020\n        Permission is granted\n", []),
        (f"License: {'word ' * 40}\n", []),
        ("", []),
    ],
)
def test_best_statement_of_the_metadata_counts(
    tmp_path: Path, metadata: str, expressions: list[str]
) -> None:
    """License-Expression, else classifiers, else a License field that is a name and no text."""
    assert licenses(tmp_path, metadata) == expressions


def test_editable_install_and_hidden_duplicate_are_reported(tmp_path: Path) -> None:
    """Each is left out with its reason; of two of one name the first on the path is read."""
    first, second = tmp_path / "first", tmp_path / "second"
    editable = {"direct_url.json": '{"dir_info": {"editable": true}, "url": "file:///x"}'}
    install(first, "work", {"__editable___work_finder.py": "x = 1\n"}, others=editable)
    install(first, "twice", {"twice.py": "new = 1\n"}, version="2.0")
    install(second, "Twice", {"twice.py": "old = 1\n"}, version="1.0")
    documents = source(tmp_path, first, second)
    assert skips(documents) == [("Twice 1.0", SkipReason.SHADOWED), ("work", SkipReason.EDITABLE)]
    assert [d.content for d in documents if isinstance(d, SourceDocument)] == [b"new = 1\n"]


def test_record_is_not_believed_blindly(tmp_path: Path) -> None:
    """Files outside the folder, missing ones and repeated lines do no harm."""
    record = ["../../bin/tool.py", "gone.py", "here.py", "here.py", "/etc/x.py", "../../bin/tool"]
    install(tmp_path / "site", "demo", {"here.py": "x = 1\n"}, record=record)
    documents = source(tmp_path, tmp_path / "site")
    assert places(documents) == [("demo", "here.py")]
    assert sorted(skips(documents)) == [
        ("../../bin/tool.py", SkipReason.OUTSIDE),
        ("/etc/x.py", SkipReason.OUTSIDE),
        ("gone.py", SkipReason.UNREADABLE),
    ]


def test_without_record_the_packages_of_that_name_are_read(tmp_path: Path) -> None:
    """System packages have no RECORD; top_level.txt or the name says which packages they are."""
    site = tmp_path / "site"
    install(site, "My-Tool", {"my_tool/__init__.py": "x = 1\n", "my_tool/y.so": "y"})
    install(site, "listed", {"one.py": "x = 1\n"}, others={"top_level.txt": "one\n_two\n"})
    install(site, "nothing", {})
    for record in site.glob("*/RECORD"):
        record.unlink()
    documents = source(tmp_path, site)
    assert places(documents) == [("listed", "one.py"), ("My-Tool", "my_tool/__init__.py")]
    assert skips(documents) == [("nothing", SkipReason.NO_FILES)]


def test_leftover_of_a_broken_install_is_reported(tmp_path: Path) -> None:
    """A metadata folder without metadata, or with unreadable bytes, stops nothing."""
    site = tmp_path / "site"
    install(site, "fine", {"fine.py": "x = 1\n"})
    (site / "gone-1.0.dist-info").mkdir()
    (site / "latin-1.0.dist-info").mkdir()
    (site / "latin-1.0.dist-info/METADATA").write_bytes(b"Name: latin\nAuthor: Andr\xe9\n")
    documents = source(tmp_path, site)
    assert places(documents) == [("fine", "fine.py")]
    assert skips(documents) == [("site", SkipReason.NO_METADATA)] * 2


def test_running_interpreter_is_the_default() -> None:
    """Without arguments the real standard library is read, byte for byte."""
    first = next(d for d in InstalledSource() if isinstance(d, SourceDocument))
    assert first.occurrence.repository == "cpython"
    library = Path(json_path()).parents[1]
    assert first.content == (library / first.occurrence.path).read_bytes()


def json_path() -> str:
    import json

    return json.__file__


MIT_TEXT = (
    "Copyright (c) 2020 {holder}\n\nPermission is hereby granted, free of charge, to any person"
    " obtaining a copy of this software, to deal in the Software without restriction, provided that"
    " the above copyright notice and this permission notice shall be included in all copies.\n"
)


def test_license_files_speak_for_their_folders(tmp_path: Path) -> None:
    """Beside the metadata they lie as in the project's sources, and a copied distribution has its
    own; so what is bundled does not speak for the whole, nor the whole for what is bundled."""
    modules = ("demo/a.py", "demo/_vendor/b.py", "demo/_vendor/other/c.py", "demo/fast/d.py")
    texts = {
        "licenses/LICENSE": "Ann",
        "licenses/third_party/zip/LICENSE": "Zoe",
        "licenses/src/demo/fast/LICENSE": "Fay",
        "licenses/LICENSES/MIT.txt": "Nobody",
    }
    others = {path: MIT_TEXT.format(holder=holder) for path, holder in texts.items()}
    bundled = "demo/_vendor/other-2.0.dist-info/licenses/LICENSE"
    files = {path: f"# {path}\n" for path in modules} | {bundled: MIT_TEXT.format(holder="Oda")}
    record = [*files, *(f"demo-1.0.dist-info/{path}" for path in others)]
    install(tmp_path / "site", "demo", files, record=record, others=others)
    found = {
        document.occurrence.path: document.occurrence.copyright
        for document in source(tmp_path, tmp_path / "site")
        if isinstance(document, SourceDocument)
    }
    holders = ("Ann", "Ann", "Oda", "Fay")
    assert found == {
        path: (f"Copyright (c) 2020 {holder}",)
        for path, holder in zip(modules, holders, strict=True)
    }
