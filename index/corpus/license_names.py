"""What people call licences, in SPDX ids; and one spelling for the many of one licence.

Metadata files and package classifiers say "Apache Software License" or "GPLv2+". A name is looked
up by its *key*: lower case, without words and marks that distinguish nothing, the rest joined by
hyphens. "The Apache Software License, Version 2.0" has the key `apache-2.0`.

An index tells evidence apart by canonical names: were `GPL-2.0` and `GPL-2.0-only` two licences to
it, a text under both spellings would be listed under each. A name that is not known here keeps its
own spelling, and so does an expression. Nothing is judged.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache

# The SPDX ids that most sources carry.
COMMON_IDS = (
    *("MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "0BSD", "Zlib", "PSF-2.0"),
    *("Python-2.0", "BSL-1.0", "CC-BY-4.0", "CC0-1.0", "Unlicense", "MPL-2.0", "EPL-2.0"),
    *("LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later"),
    *("GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only", "GPL-3.0-or-later"),
    *("AGPL-3.0-only", "AGPL-3.0-or-later", "LicenseRef-scancode-public-domain"),
)

# Where a name leaves the version open we take what ScanCode takes: the usual text for permissive
# licences, "this version or any later" of the first one for the GNU family.
NAMES: Mapping[str, str] = {
    "academic-free": "AFL-3.0",
    "aladdin-free-public": "Aladdin",
    "apache": "Apache-2.0",
    "apache2": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "apache-foundation-2.0": "Apache-2.0",
    "apple-public": "APSL-2.0",
    "artistic": "Artistic-1.0",
    "attribution-assurance": "AAL",
    "boost": "BSL-1.0",
    "boost-1.0": "BSL-1.0",
    "bsd": "BSD-3-Clause",
    "bsd-2": "BSD-2-Clause",
    "bsd-3": "BSD-3-Clause",
    "bsd-2-clause-simplified": "BSD-2-Clause",
    "bsd-3-clause-new-or-revised": "BSD-3-Clause",
    "bsd-like": "LicenseRef-scancode-other-permissive",
    "bsd-style": "LicenseRef-scancode-other-permissive",
    "2-clause-bsd": "BSD-2-Clause",
    "3-clause-bsd": "BSD-3-Clause",
    "modified-bsd": "BSD-3-Clause",
    "new-bsd": "BSD-3-Clause",
    "revised-bsd": "BSD-3-Clause",
    "simplified-bsd": "BSD-2-Clause",
    "zero-clause-bsd": "0BSD",
    "cc0": "CC0-1.0",
    "cc0-1.0-universal": "CC0-1.0",
    "cc0-1.0-universal-cc0-1.0-public-domain-dedication": "CC0-1.0",
    "common-development-and-distribution-1.0": "CDDL-1.0",
    "common-public": "CPL-1.0",
    "creative-commons-zero": "CC0-1.0",
    "eclipse-public": "EPL-1.0",
    "eclipse-public-1.0": "EPL-1.0",
    "eclipse-public-2.0": "EPL-2.0",
    "educational-community-2.0": "ECL-2.0",
    "eiffel-forum": "EFL-2.0",
    "european-union-public-1.0": "EUPL-1.0",
    "european-union-public-1.1": "EUPL-1.1",
    "european-union-public-1.2": "EUPL-1.2",
    "expat": "MIT",
    "gnu-free-documentation": "GFDL-1.1-or-later",
    "historical-permission-notice-and-disclaimer": "HPND",
    "ibm-public": "IPL-1.0",
    "intel-open": "Intel",
    "mit-expat": "MIT",
    "mit/expat": "MIT",
    "mit/x11": "MIT",
    "mit/x": "MIT",
    "x11/mit": "MIT",
    "expat-mit/x11": "MIT",
    "mit-like": "LicenseRef-scancode-other-permissive",
    "mit-style": "LicenseRef-scancode-other-permissive",
    "mit-no-attribution": "MIT-0",
    "mozilla-public": "MPL-1.1",
    "mozilla-public-1.0": "MPL-1.0",
    "mozilla-public-1.1": "MPL-1.1",
    "mozilla-public-2.0": "MPL-2.0",
    "mpl": "MPL-1.1",
    "mpl-2": "MPL-2.0",
    "netscape-public": "NPL-1.1",
    "nethack-general-public": "NGPL",
    "nokia-open": "Nokia",
    "open-3.0": "OSL-3.0",
    "perl": "Artistic-1.0-Perl OR GPL-1.0-or-later",
    "perl-5": "Artistic-1.0-Perl OR GPL-1.0-or-later",
    "same-as-perl": "Artistic-1.0-Perl OR GPL-1.0-or-later",
    "proprietary": "LicenseRef-scancode-proprietary-license",
    "other/proprietary": "LicenseRef-scancode-proprietary-license",
    "all-rights-reserved": "LicenseRef-scancode-proprietary-license",
    "unlicensed": "LicenseRef-scancode-proprietary-license",  # npm's word for "no licence given"
    "psf": "PSF-2.0",
    "psfl": "PSF-2.0",
    "python": "Python-2.0",
    "python-cnri-python": "CNRI-Python",
    "python-foundation": "PSF-2.0",
    "python-foundation-2.0": "PSF-2.0",
    "public-domain": "LicenseRef-scancode-public-domain",
    "public-domain-dedication": "LicenseRef-scancode-public-domain",
    "qt-public": "QPL-1.0",
    "sil-open-font-1.1": "OFL-1.1",
    "sun-industry-standards-sissl": "SISSL",
    "sun-public": "SPL-1.0",
    "ricoh-code-public": "RSCPL",
    "universal-permissive": "UPL-1.0",
    "university-illinois/ncsa-open": "NCSA",
    "vovida-1.0": "VSL-1.0",
    "x.net": "Xnet",
    "zlib/libpng": "Zlib",
    "zope-public": "ZPL-2.1",
    "zope-public-2.1": "ZPL-2.1",
    "zpl": "ZPL-2.1",
    # SPDX ids of old that name a licence and its exception in one
    "gpl-2.0-with-autoconf-exception": "GPL-2.0-only WITH Autoconf-exception-2.0",
    "gpl-2.0-with-bison-exception": "GPL-2.0-only WITH Bison-exception-2.2",
    "gpl-2.0-with-classpath-exception": "GPL-2.0-only WITH Classpath-exception-2.0",
    "gpl-2.0-with-font-exception": "GPL-2.0-only WITH Font-exception-2.0",
    "gpl-2.0-with-gcc-exception": "GPL-2.0-only WITH GCC-exception-2.0",
    "gpl-3.0-with-autoconf-exception": "GPL-3.0-only WITH Autoconf-exception-3.0",
    "gpl-3.0-with-gcc-exception": "GPL-3.0-only WITH GCC-exception-3.1",
}

NOTHING_SAID = "NOASSERTION"

# Keys that claim nothing; they are treated as if nobody had spoken.
SAYS_NOTHING = frozenset(
    {
        *("noassertion", "unknown", "other", "none-given", "n/a", "na", "tbd", "todo"),
        *("osi-approved", "dfsg-approved", "dual", "various", "multiple"),
        *("file", "in", "in-file", "in-license.txt", "in-license.md"),  # "see the licence file"
        *("license.txt", "license.md", "copying"),
    }
)

_NOISE = frozenset(
    {
        *("a", "an", "the", "of", "under", "terms", "see", "released", "software", "source"),
        *("licence", "licences", "license", "licenses", "licensed", "version", "v"),
    }
)
_OR_LATER = re.compile(
    r",?\s*\(?\bor\s+(?:\(?at your option\)?,?\s+)?(?:any\s+)?(?:later|newer|greater)"
    r"(?:\s+versions?)?\)?",
    re.IGNORECASE,
)
ABBREVIATED = re.compile(r"(?P<long>.+?)\s*\((?P<short>[^()]+)\)")
_MARKS = re.compile(r"[\s,;()\"'_]+")
_VERSION = re.compile(r"v\.?(?=\d)")
_GNU = re.compile(
    r"(?:gnu-)?"
    r"(?:(?P<affero>affero-general-public|affero-gpl|agpl)"
    r"|(?P<lesser>(?:lesser|library|library-or-lesser)-general-public|lesser-gpl|lgpl)"
    r"|general-public|gpl)"
    r"(?:-?v?\.?(?P<version>\d(?:\.\d)?)(?:\.0)?)?(?P<later>\+|-or-later)?(?:-only)?"
)


def name_key(name: str) -> str:
    """Reduce a name to what distinguishes it."""
    words = _MARKS.sub(" ", name.casefold()).split()
    key = "-".join(_VERSION.sub("", word, count=1) for word in words if word not in _NOISE)
    return key.removesuffix("-license")


def gnu_id(key: str) -> str | None:
    """Read one of the hundred spellings of a GNU licence: gplv3+, gnu-lesser-general-public-2.1."""
    spelling = _GNU.fullmatch(key)
    if spelling is None:
        return None
    family, first = ("LGPL", "2.0") if spelling["lesser"] else ("GPL", "1.0")
    if spelling["affero"]:
        family, first = "AGPL", "3.0"
    version = spelling["version"] or first
    version = version if "." in version else f"{version}.0"
    is_open = spelling["later"] or not spelling["version"]
    return f"{family}-{version}-{'or-later' if is_open else 'only'}"


@lru_cache(4096)
def canonical_name(evidence: str) -> str:
    """Spell the name of a licence in one way; what is not known here stays as it is."""
    name = plain_name(evidence)
    both = ABBREVIATED.fullmatch(name)
    spellings = (name, both["long"], both["short"]) if both else (name,)
    return next(filter(None, map(_known_name, spellings)), evidence)


def _known_name(name: str) -> str | None:
    key = name_key(name)
    if not key or key in SAYS_NOTHING:
        return NOTHING_SAID
    if key in NAMES:
        return NAMES[key]
    return gnu_id(key) or _ids().get(name.casefold()) or _ids().get(key)


@cache
def _ids() -> Mapping[str, str]:
    return {id_.casefold(): id_ for id_ in COMMON_IDS}


def plain_name(evidence: str) -> str:
    """Take a classifier's prefix off a name, and put `+` for any way to say "or later"."""
    return _OR_LATER.sub("+", " ".join(evidence.split())).rpartition(" :: ")[2]
