import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_attrib.index.corpus.archive import ArchiveSource
from sc2_attrib.index.corpus.document import (
    Basis,
    LicenseAssertion,
    SkippedDocument,
    SkipReason,
    SourceDocument,
)
from sc2_attrib.index.corpus.folder import FolderSource
from sc2_attrib.index.corpus.notebook import Script, script_of

TAG = "# SPDX-License-" + "Identifier: MIT\n"


def cell(kind: str, source: object) -> dict[str, Any]:
    return {"cell_type": kind, "source": source, "metadata": {}, "outputs": []}


def notebook(*cells: object, **metadata: object) -> bytes:
    content = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content).encode()


def test_code_cells_become_one_program() -> None:
    """Text and outputs are left out; a cell is one string or one a line."""
    cells = [cell("markdown", "# Title"), cell("code", ["x = 1\n", "y = 2"]), cell("code", "é()")]
    assert script_of(notebook(*cells)) == Script("x = 1\ny = 2\né()".encode(), None)


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({"kernelspec": {"language": "python", "name": "python3"}}, "Python"),
        ({"kernelspec": {"name": "ir"}, "language_info": {"name": "R"}}, "R"),
        ({"language_info": {"name": "typescript"}}, "TypeScript"),
        ({"kernelspec": {"language": "unheard of"}}, None),
        ({"kernelspec": {"language": 3}}, None),
    ],
)
def test_kernel_states_the_language(metadata: dict[str, object], language: str | None) -> None:
    """The name is spelt as everywhere here; what the kernel calls otherwise is unknown."""
    script = script_of(notebook(cell("code", "x"), **metadata))
    assert script == Script(b"x", language)


def test_older_format_is_read_too() -> None:
    """In nbformat 3 cells stand in worksheets, call their text `input` and state the language."""
    old = {"cell_type": "code", "input": ["x = 1\n", "y"], "language": "python", "outputs": []}
    content = {"metadata": {"name": ""}, "nbformat": 3, "worksheets": [{"cells": [old]}]}
    assert script_of(json.dumps(content).encode()) == Script(b"x = 1\ny", "Python")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"5",
        b'"cells"',
        b"{}",
        b'{"cells": 5, "metadata": {}}',
        b'{"cells": [1], "metadata": {}}',
        b'{"cells": [{"cell_type": "code"}], "metadata": {}}',
        b'{"cells": [{"cell_type": "code", "source": [1]}], "metadata": {}}',
        b'{"cells": [], "metadata": []}',
        b'{"cells": []}',
        b"[" * 100_000,
        b'{"cells": [\xff]}',
    ],
)
def test_what_has_not_the_shape_is_no_notebook(content: bytes) -> None:
    """Broken and foreign JSON is told apart, never an error."""
    assert script_of(content) is None


@given(
    st.recursive(
        st.none() | st.text("cels", max_size=5) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["cells", "metadata", "cell_type", "source"]), inner)
        ),
    )
)
def test_any_json_is_a_notebook_or_not(content: object) -> None:
    """Whatever somebody calls .ipynb, there is an answer."""
    script = script_of(json.dumps(content).encode())
    assert script is None or isinstance(script.content, bytes)


def test_notebook_in_a_folder_or_archive_is_read_as_its_program(tmp_path: Path) -> None:
    """The path stays; the document says that its offsets are not those of the file."""
    raw = notebook(cell("code", TAG + "x = 1"), kernelspec={"language": "python"})
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.ipynb").write_bytes(raw)
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        info = tarfile.TarInfo("a.ipynb")
        info.size = len(raw)
        tar.addfile(info, io.BytesIO(raw))
    for source in (FolderSource(tmp_path / "src"), ArchiveSource(tmp_path / "x.tar")):
        (document,) = source
        assert isinstance(document, SourceDocument)
        assert document.content == (TAG + "x = 1").encode()
        assert document.occurrence.path == "a.ipynb"
        assert document.occurrence.language == "Python"
        assert document.occurrence.src_encoding == "ipynb"
        assert document.occurrence.licenses == (LicenseAssertion("MIT", Basis.HEADER, None, 1.0),)


def test_broken_notebook_is_read_as_text_and_one_without_code_is_empty(tmp_path: Path) -> None:
    """Nothing is lost because it has the wrong name."""
    (tmp_path / "broken.ipynb").write_bytes(b'{"cells": [')
    (tmp_path / "prose.ipynb").write_bytes(notebook(cell("markdown", "x"), cell("code", [])))
    broken, prose = FolderSource(tmp_path)
    assert isinstance(broken, SourceDocument)
    assert broken.content == b'{"cells": ['
    assert broken.occurrence.src_encoding is None
    assert broken.occurrence.language == "Jupyter Notebook"
    assert prose == SkippedDocument("prose.ipynb", SkipReason.EMPTY)
