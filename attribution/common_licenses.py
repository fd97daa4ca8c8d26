"""The licences that most sources carry, by their SPDX ids, with what they ask for.

The index of the license-expression library knows them all, but reading it takes longer than
checking a small file. A test compares this table with that index.
"""

from collections.abc import Mapping

from sc2_attrib.attribution.result import Category

COMMON_LICENSES: Mapping[str, Category] = {
    "MIT": Category.PERMISSIVE,
    "Apache-2.0": Category.PERMISSIVE,
    "BSD-2-Clause": Category.PERMISSIVE,
    "BSD-3-Clause": Category.PERMISSIVE,
    "ISC": Category.PERMISSIVE,
    "0BSD": Category.PERMISSIVE,
    "Zlib": Category.PERMISSIVE,
    "PSF-2.0": Category.PERMISSIVE,
    "Python-2.0": Category.PERMISSIVE,
    "BSL-1.0": Category.PERMISSIVE,
    "CC-BY-4.0": Category.PERMISSIVE,
    "CC0-1.0": Category.PERMISSIVE,
    "Unlicense": Category.PERMISSIVE,
    "LicenseRef-scancode-public-domain": Category.PERMISSIVE,
    "MPL-2.0": Category.COPYLEFT_LIMITED,
    "EPL-2.0": Category.COPYLEFT_LIMITED,
    "LGPL-2.1-only": Category.COPYLEFT_LIMITED,
    "LGPL-2.1-or-later": Category.COPYLEFT_LIMITED,
    "LGPL-3.0-only": Category.COPYLEFT_LIMITED,
    "LGPL-3.0-or-later": Category.COPYLEFT_LIMITED,
    "GPL-2.0-only": Category.COPYLEFT,
    "GPL-2.0-or-later": Category.COPYLEFT,
    "GPL-3.0-only": Category.COPYLEFT,
    "GPL-3.0-or-later": Category.COPYLEFT,
    "AGPL-3.0-only": Category.NETWORK_COPYLEFT,
    "AGPL-3.0-or-later": Category.NETWORK_COPYLEFT,
}
