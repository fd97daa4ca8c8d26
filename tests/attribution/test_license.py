"""Licence evidence read into expressions and categories."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sc2_attrib.attribution.common_licenses import COMMON_LICENSES
from sc2_attrib.attribution.license import conclude, read_license
from sc2_attrib.attribution.license_index import NETWORK_COPYLEFT, library_index
from sc2_attrib.attribution.license_tree import Term, category_of, render, terms
from sc2_attrib.attribution.result import Category
from sc2_attrib.index.corpus.document import Basis, LicenseAssertion
from sc2_attrib.index.corpus.license_names import COMMON_IDS, NAMES, canonical_name

OSI = "License :: OSI Approved :: "

READ_AS = {
    # SPDX ids, of today and of old, and ScanCode's keys
    "MIT": "MIT",
    "mit": "MIT",
    "GPL-3.0": "GPL-3.0-only",
    "GPL-2.0+": "GPL-2.0-or-later",
    "bsd-new": "BSD-3-Clause",
    "gpl-2.0-plus OR bsd-new": "GPL-2.0-or-later OR BSD-3-Clause",
    "BSL-1.0": "BSL-1.0",
    "EPL-1.0+": "EPL-1.0+",
    "GPL-2.0-with-classpath-exception": "GPL-2.0-only WITH Classpath-exception-2.0",
    # names
    "MIT License": "MIT",
    "The MIT License (MIT)": "MIT",
    "Expat (MIT/X11)": "MIT",
    "BSD": "BSD-3-Clause",
    "BSD (2-clause)": "BSD-2-Clause",
    'BSD 3-Clause "New" or "Revised" License': "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "public domain": "LicenseRef-scancode-public-domain",
    "GPLv3": "GPL-3.0-only",
    "GPL v2 or later": "GPL-2.0-or-later",
    "GNU GPL": "GPL-1.0-or-later",
    "GNU Lesser General Public License v2.1": "LGPL-2.1-only",
    "LGPL v3": "LGPL-3.0-only",
    "GNU General Public License, version 3 or (at your option) any later version":
        "GPL-3.0-or-later",
    # classifiers
    OSI + "MIT License": "MIT",
    OSI + "Apache Software License": "Apache-2.0",
    OSI + "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    OSI + "GNU Library or Lesser General Public License (LGPL)": "LGPL-2.0-or-later",
    OSI + "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    OSI + "Zero-Clause BSD (0BSD)": "0BSD",
    "License :: Public Domain": "LicenseRef-scancode-public-domain",
    "License :: Other/Proprietary License": "LicenseRef-scancode-proprietary-license",
    # several in one
    "MIT/Apache-2.0": "MIT OR Apache-2.0",
    "MIT, BSD": "MIT AND BSD-3-Clause",
    "GPLv2 or later AND MIT": "GPL-2.0-or-later AND MIT",
    "MIT AND (Apache-2.0 OR GPL-3.0) AND MIT": "MIT AND (Apache-2.0 OR GPL-3.0-only)",
    "Apache-2.0 WITH LLVM-exception": "Apache-2.0 WITH LLVM-exception",
    # nobody knows
    "LicenseRef-NVIDIA-Proprietary": "LicenseRef-NVIDIA-Proprietary",
    "My own terms": "LicenseRef-My-own-terms",
    "free for use and redistribution": "LicenseRef-free-for-use-and-redistribution",
    "MIT AND My own terms": "MIT AND LicenseRef-My-own-terms",
    "MIT OR": "LicenseRef-MIT-OR",
    "????": "NOASSERTION",
    # nothing is said
    "": "NOASSERTION",
    "UNKNOWN": "NOASSERTION",
    "SEE LICENSE IN LICENSE.txt": "NOASSERTION",
    OSI.removesuffix(" :: "): "NOASSERTION",
    "NONE": "NONE",
}  # fmt: skip


@pytest.mark.parametrize(("evidence", "expression"), READ_AS.items())
def test_evidence_is_read_as_spdx(evidence: str, expression: str) -> None:
    """Ids, keys, names and classifiers become SPDX expressions."""
    assert render(read_license(evidence)) == expression


@pytest.mark.parametrize("evidence", [*READ_AS, "x " * 300])
def test_reading_what_was_written_gives_the_same(evidence: str) -> None:
    """An expression in a saved result means what it meant when it was saved."""
    tree = read_license(evidence)
    assert read_license(render(tree)) == tree


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    """No evidence makes reading fail, and what comes of it can be read again."""
    tree = read_license(text)
    assert read_license(render(tree)) == tree


@pytest.mark.parametrize("evidence", [*READ_AS, *NAMES, "GPL v2 or (at your option) any later"])
def test_canonical_name_means_the_same(evidence: str) -> None:
    """Evidence that an index takes for equal is equal to whoever judges it: nothing is hidden."""
    assert read_license(canonical_name(evidence)) == read_license(evidence)


def test_long_unknown_texts_stay_apart() -> None:
    """Two licence texts that begin alike get short references that differ."""
    one, other = (render(read_license("All of this text " * 10 + end)) for end in ("a", "b"))
    assert one != other
    assert len(one) <= len("LicenseRef-") + 60


@pytest.mark.parametrize(
    ("expression", "category"),
    [
        ("MIT", Category.PERMISSIVE),
        ("CC0-1.0", Category.PERMISSIVE),
        ("LGPL-2.1-only", Category.COPYLEFT_LIMITED),
        ("GPL-3.0-only", Category.COPYLEFT),
        ("AGPL-3.0-only", Category.NETWORK_COPYLEFT),
        ("SSPL-1.0", Category.NETWORK_COPYLEFT),
        ("EUPL-1.2", Category.NETWORK_COPYLEFT),
        ("BUSL-1.1", Category.PROPRIETARY),
        ("LicenseRef-scancode-commercial-license", Category.PROPRIETARY),
        ("LicenseRef-mine", Category.UNKNOWN),
        ("NOASSERTION", Category.UNKNOWN),
        ("NONE", Category.NONE),
        ("MIT OR GPL-3.0-only", Category.PERMISSIVE),
        ("MIT AND GPL-3.0-only", Category.COPYLEFT),
        ("MIT AND LicenseRef-mine", Category.UNKNOWN),
        ("MIT OR LicenseRef-mine", Category.PERMISSIVE),
        ("GPL-2.0-only WITH Classpath-exception-2.0", Category.COPYLEFT),
        ("MIT AND (GPL-3.0-only OR LGPL-3.0-only)", Category.COPYLEFT_LIMITED),
    ],
)
def test_category_follows_the_expression(expression: str, category: Category) -> None:
    """OR takes its best branch, AND and WITH the worst."""
    assert category_of(read_license(expression)) is category


def test_common_licenses_agree_with_the_library() -> None:
    """The table that saves reading the index says the same as the index."""
    index = library_index()
    assert set(COMMON_LICENSES) == set(COMMON_IDS)
    for id_, category in COMMON_LICENSES.items():
        assert index[id_.casefold()] == Term(id_, category)


def test_every_name_leads_to_known_licenses() -> None:
    """No name in the table is mapped to an id that the library doesn't know."""
    assert NAMES
    for expression in NAMES.values():
        for term in terms(read_license(expression)):
            assert library_index().get(term.id.casefold()) == term


def test_every_network_license_exists() -> None:
    """No prefix in our list is a typing error."""
    ids = {term.id for term in library_index().values()}
    for prefix in NETWORK_COPYLEFT:
        assert any(id_.startswith(prefix) for id_ in ids), prefix


def test_common_names_need_no_index() -> None:
    """Reading "MIT License" doesn't load the library, which takes longer than a small scan."""
    code = (
        "import sys; from sc2_attrib.attribution.license import read_license as read;"
        "[read(name) for name in ('MIT License', 'Apache 2.0', 'GPLv3+', 'BSD')];"
        "assert 'license_expression' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def said(expression: str, basis: Basis, confidence: float | None = None) -> LicenseAssertion:
    return LicenseAssertion(expression, basis, "LICENSE", confidence)


def test_strongest_basis_wins_and_the_conflict_shows() -> None:
    """A file's own header stands above the repository's licence, which is still listed."""
    record = conclude((said("MIT", Basis.REPO), said("GPL-3.0", Basis.HEADER, 0.8)))
    assert (record.expression, record.category) == ("GPL-3.0-only", Category.COPYLEFT)
    assert (record.basis, record.confidence, record.conflict) == (Basis.HEADER, 0.8, True)
    assert [each.expression for each in record.assertions] == ["GPL-3.0-only", "MIT"]


def test_agreement_in_other_words_is_no_conflict() -> None:
    """Bases that name the same licences differently, or in another order, agree."""
    record = conclude(
        (said("MIT OR Apache-2.0", Basis.MANIFEST), said("Apache 2.0 OR MIT License", Basis.REPO))
    )
    assert not record.conflict


def test_statements_of_one_basis_hold_together() -> None:
    """Two licence files beside a document are joined by AND, in a fixed order."""
    record = conclude((said("MIT", Basis.LICENSE_FILE, 0.9), said("BSD", Basis.LICENSE_FILE, 0.7)))
    assert record.expression == "BSD-3-Clause AND MIT"
    assert record.confidence == 0.7
    assert not record.conflict


def test_statement_that_says_nothing_is_passed_over() -> None:
    """A manifest without a licence name doesn't hide what the repository says."""
    record = conclude((said("UNKNOWN", Basis.MANIFEST), said("MIT", Basis.REPO)))
    assert (record.expression, record.basis, record.conflict) == ("MIT", Basis.REPO, False)


def test_no_evidence_is_none_and_no_assertion_is_unknown() -> None:
    """Nothing found and nothing claimed are told apart."""
    nothing, noassertion = conclude(()), conclude((said("NOASSERTION", Basis.REPO),))
    assert (nothing.expression, nothing.category) == ("NONE", Category.NONE)
    assert nothing.basis is Basis.NONE
    assert (noassertion.expression, noassertion.category) == ("NOASSERTION", Category.UNKNOWN)
    assert noassertion.basis is Basis.REPO
