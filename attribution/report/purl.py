"""Package URLs of sources: `pkg:github/octo/mail@94a9ed0#src/h.py`.

Where the repository is one of GitHub the URL says so; any other is `generic`. GitHub's names are
lower-cased, as the specification wants; the name as it was stands beside the URL.

Source: https://github.com/package-url/purl-spec
"""

import re
from urllib.parse import quote

from sc2_attrib.attribution.report.machine_text import well_formed
from sc2_attrib.attribution.result import Source

_GITHUB = re.compile(r"https?://(?:www\.)?github\.com/")


def purl(source: Source) -> str | None:
    """Name the file of a source; None where the repository has no name."""
    segments = _segments(source.repo)
    if not segments:
        return None
    is_github = _GITHUB.match(source.url or "") and len(segments) == 2
    names = [name.lower() for name in segments] if is_github else segments
    version = f"@{_quoted(source.revision)}" if source.revision else ""
    subpath = "/".join(map(_quoted, _segments(source.path)))
    type_, path = "github" if is_github else "generic", "/".join(map(_quoted, names))
    return f"pkg:{type_}/{path}{version}" + (f"#{subpath}" if subpath else "")


def _segments(path: str) -> list[str]:
    return [part for part in well_formed(path).split("/") if part.strip() not in ("", ".", "..")]


def _quoted(text: str) -> str:
    return quote(well_formed(text), safe=":")
