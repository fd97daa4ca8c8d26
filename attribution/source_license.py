"""Under which licences the sources of a match stand: evidence, texts, and copies that disagree.

An index keeps the licence files of repositories. What governs a source joins what was known of its
place when the index was built: a table's rows were read one by one, so there a licence file speaks
only here. The same content may be stored under several licences; then each of its sources says
`conflict`, and none is thought to be right.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import PurePosixPath

from sc2_attrib.attribution.license import conclude, read_license
from sc2_attrib.attribution.license_tree import NOTHING_FOUND, NOTHING_SAID, canonical, terms
from sc2_attrib.attribution.result import LicenseRecord, Source
from sc2_attrib.attribution.source import describe_source, text_key
from sc2_attrib.attribution.text import readable
from sc2_attrib.index.corpus.document import Basis, LicenseAssertion, Occurrence
from sc2_attrib.index.corpus.license_files import REUSE_FOLDER, assertions_in, holders_in
from sc2_attrib.index.search import LicenseText, MatchSource

GoverningTexts = Callable[[str, str], Sequence[LicenseText]]  # of a repository and a path


def describe_sources(found: Sequence[MatchSource], governing: GoverningTexts) -> tuple[Source, ...]:
    """Describe the sources of a match, with the licence texts that govern each."""
    sources = []
    for source in found:
        texts = tuple(license_texts(source.occurrence, governing))
        license_ = _license(source.occurrence, texts)
        sources.append(describe_source(source, license_, tuple(map(_key, texts))))
    return _with_conflicts(sources)


def license_of(occurrence: Occurrence, governing: GoverningTexts) -> LicenseRecord:
    """Conclude the licence of one place, from its evidence and the texts that govern it."""
    return _license(occurrence, tuple(license_texts(occurrence, governing)))


def license_texts(occurrence: Occurrence, governing: GoverningTexts) -> list[LicenseText]:
    """List the texts that govern a source; of REUSE's collection those that it names."""
    texts = governing(occurrence.repository, occurrence.path)
    named = {
        term.id
        for said in occurrence.licenses
        if texts
        for term in terms(read_license(said.expression))
    }
    return [text for text in texts if _is_own(text.path, named)]


@lru_cache(1024)  # few licence texts govern many sources
def _key(text: LicenseText) -> str:
    return text_key(readable(text.content))


def _is_own(path: str, named: set[str]) -> bool:
    file = PurePosixPath(path)
    return file.parent.name != REUSE_FOLDER or file.stem in named


@lru_cache(4096)  # the matches of a file have their sources in the same files
def _license(occurrence: Occurrence, texts: tuple[LicenseText, ...]) -> LicenseRecord:
    is_known = any(said.basis is Basis.LICENSE_FILE for said in occurrence.licenses)
    evidence = [_evidence(text) for text in texts if not is_known]
    assertions = (said for licenses, _ in evidence for said in licenses)
    holders = (line for _, lines in evidence for line in lines)
    return conclude(
        (*occurrence.licenses, *assertions),
        tuple(dict.fromkeys((*occurrence.copyright, *holders))),
    )


@lru_cache(1024)
def _evidence(text: LicenseText) -> tuple[tuple[LicenseAssertion, ...], tuple[str, ...]]:
    if PurePosixPath(text.path).parent.name == REUSE_FOLDER:
        return (), ()
    return assertions_in(text.path, text.content), holders_in(text.content)


def _with_conflicts(sources: Sequence[Source]) -> tuple[Source, ...]:
    """Mark the sources whose content stands elsewhere under another licence."""
    said: dict[str, set[object]] = defaultdict(set)
    for source in sources:
        tree = read_license(source.license.expression)
        if tree not in (NOTHING_FOUND, NOTHING_SAID):
            said[source.document].add(canonical(tree))
    return tuple(
        replace(source, license=replace(source.license, conflict=True))
        if len(said[source.document]) > 1
        else source
        for source in sources
    )
