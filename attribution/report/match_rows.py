"""One match for people: what it is, what to do about it, and where the text stands.

Sources are grouped by licence, the strictest first, because the licence is the question. Each
licence shows at least one source; what is folded is counted.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from rich.style import Style
from rich.text import Text

from sc2_attrib.attribution.license import conclude
from sc2_attrib.attribution.report.license_groups import addresses, by_license
from sc2_attrib.attribution.report.near_rows import near_rows
from sc2_attrib.attribution.report.palette import CATEGORY_STYLES
from sc2_attrib.attribution.report.rows import Row, Wrap, indented, labelled
from sc2_attrib.attribution.report.view import View, counted, plain
from sc2_attrib.attribution.result import LicenseRecord, MatchClass, MatchKind, MatchRecord, Source
from sc2_attrib.index.corpus.document import Basis

SHOWN_SOURCES = (2, 10)  # a licence, at verbosity 0 and 1; above that all
SHOWN_EXCERPT_LINES = 20
ACTION_WIDTH = 15  # columns up to the text beside `  ! attribute`

BASES = {
    Basis.HEADER: "file header",
    Basis.REUSE: "REUSE",
    Basis.LICENSE_FILE: "licence file",
    Basis.MANIFEST: "package metadata",
    Basis.REPO: "repository",
    Basis.SCANCODE: "ScanCode",
    Basis.NONE: "no licence found",
}

CLASSES = {
    MatchClass.CODE: "code",
    MatchClass.LICENSE: "licence text",
    MatchClass.DATA: "data",
    MatchClass.IMPORTS: "imports",
    MatchClass.DOCS: "documentation",
    MatchClass.TEST: "test code",
}

# Said of evidence from a data set's columns.
KEPT_COPY = (
    "of equal files the data set keeps one, a permissively licensed copy first:"
    " which one it kept is weak evidence"
)

_LINK = re.compile(r"https?://[!-~]+")  # what may stand in an escape sequence
_COMMIT = re.compile(r"[0-9a-f]{40,64}")


def match_rows(
    match: MatchRecord, heading: Text, texts: Mapping[str, str], view: View
) -> Iterator[Row]:
    """Show a match under its heading: the place in a file, or a footnote's number."""
    yield indented(heading, 2)
    action = Text.assemble("  ", view.action(match.policy.action))
    yield labelled(action, plain(match.policy.reason), ACTION_WIDTH)
    if match.suppression:
        yield indented(plain(_why_suppressed(match.suppression)), ACTION_WIDTH, wrap=Wrap.WORDS)
    yield indented(Text(view.listed(_facts(match)), "dim"), ACTION_WIDTH, wrap=Wrap.WORDS)
    for group in by_license(match.sources, apart_by_evidence=view.verbosity > 0):
        yield from _group_rows(group, texts, view)
    if view.verbosity > 0 and match.kind is MatchKind.NEAR:
        yield from near_rows(match, texts, view)
    n_unlisted = match.documents.occurrences - len(match.sources)
    if n_unlisted > 0:
        yield indented(
            Text(f"and {counted(n_unlisted, 'place')} that the run did not list", "dim"), 4
        )


def brief_row(match: MatchRecord, place: Text, view: View) -> Row:
    """Show a match in one line that `grep` finds, with the strictest of its licences."""
    license_ = strictest_license(match)
    said = [view.action(match.policy.action), plain(license_.category), plain(license_.expression)]
    size = Text(counted(match.size.normalized_chars, "character"))
    return Row(Text.assemble(place, ": ", Text(view.glyphs.dot).join([*said, size])))


def strictest_license(match: MatchRecord) -> LicenseRecord:
    """Find the licence of a match's sources that asks for the most."""
    licenses = (source.license for source in match.sources)
    return max(licenses, key=lambda each: each.category.severity, default=conclude(()))


def _why_suppressed(suppression: Mapping[str, object]) -> str:
    """Say why a match doesn't count, and who said so."""
    author = f", {suppression['author']}" if "author" in suppression else ""
    until = f", until {suppression['expires']}" if "expires" in suppression else ""
    reason = f": {suppression['reason']}" if "reason" in suppression else ""
    return f"suppressed by {suppression.get('kind')}{reason}{author}{until}"


def _facts(match: MatchRecord) -> Iterator[str]:
    documents, size = match.documents, match.size
    yield counted(size.lines, "line")
    yield counted(size.normalized_chars, "character")
    yield str(match.kind)
    if match.kind is MatchKind.NEAR:
        yield f"{max((source.similarity for source in match.sources), default=1.0):.0%} similar"
    if match.class_ is not None and match.class_ is not MatchClass.CODE:
        yield CLASSES[match.class_]
    if match.common:
        yield "common text"
    if documents.occurrences > 1:
        least = "at least " if documents.at_least else ""
        places = f"{documents.occurrences:,} places"
        yield f"in {least}{places} of {counted(documents.repositories, 'repository')}"


def _group_rows(group: Sequence[Source], texts: Mapping[str, str], view: View) -> Iterator[Row]:
    license_ = group[0].license
    yield indented(_license(license_, view), 4, wrap=Wrap.WORDS)
    if view.verbosity > 0:
        yield from _evidence_rows(license_)
        if not group[0].license_texts:
            yield from _address_rows(license_)
    n_shown = _n_shown(view)
    for source in group[:n_shown]:
        yield from _source_rows(source, view)
    if view.verbosity > 1 and group[0].kind is not MatchKind.NEAR:
        yield from _excerpt_rows(texts.get(group[0].excerpt, ""), group[0].lines[0], view)
    n_folded = len(group) - len(group[:n_shown])
    if n_folded:
        yield indented(Text(f"and {n_folded:,} more under {license_.expression}", "dim"), 6)


def _n_shown(view: View) -> int | None:
    at = max(view.verbosity, 0)
    return SHOWN_SOURCES[at] if at < len(SHOWN_SOURCES) else None


def _license(license_: LicenseRecord, view: View) -> Text:
    style = CATEGORY_STYLES[license_.category]
    notes = [BASES[license_.basis], "other evidence differs" if license_.conflict else ""]
    return Text.assemble(
        (license_.category, style),
        "  ",
        plain(license_.expression, f"bold {style}"),
        (f"  {view.listed(notes)}", "dim"),
    )


def _evidence_rows(license_: LicenseRecord) -> Iterator[Row]:
    for said in license_.assertions:
        where = f" in {said.path}" if said.path else ""
        sure = "" if said.confidence in (None, 1) else f" ({said.confidence:.0%} sure)"
        evidence = plain(f"{BASES[said.basis]}: {said.expression}{where}{sure}", "dim")
        yield indented(evidence, 6, wrap=Wrap.WORDS)
    if any(said.basis in (Basis.SCANCODE, Basis.REPO) for said in license_.assertions):
        yield indented(Text(KEPT_COPY, "dim"), 6, wrap=Wrap.WORDS)
    for line in license_.copyright:
        yield indented(plain(line, "dim"), 6, wrap=Wrap.WORDS)


def _address_rows(license_: LicenseRecord) -> Iterator[Row]:
    """Show where the licences' texts are, where the index has none of the repository's own."""
    for _, address in addresses(license_.expression):
        yield indented(Text.assemble(("no licence text indexed; see ", "dim"), _link(address)), 6)


def _source_rows(source: Source, view: View) -> Iterator[Row]:
    revision = source.revision or ""
    revision = revision[:7] if _COMMIT.fullmatch(revision) else revision
    first, last = source.lines
    place = Text.assemble(
        plain(source.repo, "bold"),
        plain(f"@{revision}" if revision else "", "dim"),
        plain(f"  {source.path}:{first}-{last}"),
    )
    yield indented(place, 6, wrap=Wrap.WORDS)
    if source.url:
        yield indented(_link(source.url), 8)
    swhid = source.swhid if view.verbosity > 0 else f"{source.document};lines={first}-{last}"
    yield indented(plain(swhid, "dim"), 8)


def _link(url: str) -> Text:
    is_safe = _LINK.fullmatch(url) is not None
    return Text(url, Style(link=url)) if is_safe else plain(url)


def _excerpt_rows(excerpt: str, first_line: int, view: View) -> Iterator[Row]:
    lines = excerpt.splitlines()
    for number, line in enumerate(lines[:SHOWN_EXCERPT_LINES], first_line):
        lead = Text(f"{number:>12} {view.glyphs.bar} ", "dim")
        yield Row(plain(line.expandtabs(4)), lead)
    if len(lines) > SHOWN_EXCERPT_LINES:
        n_more = len(lines) - SHOWN_EXCERPT_LINES
        yield indented(Text(f"and {counted(n_more, 'more line')}", "dim"), 15)
