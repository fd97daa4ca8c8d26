"""Which documents of a corpus are wanted.

A choice that is empty excludes nothing. What a choice needs to know and the source does not say is
not wanted: an index of permissive code holds nothing that may be something else.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from sc2_attrib.index.corpus.document import LicenseType, Occurrence, SkipReason


@dataclass(frozen=True, slots=True)
class Filters:
    """What is wanted; a document must pass all.

    Languages are names as linguist spells them, repositories patterns such as `owner/*`, both in
    any case. Sizes are of the text in bytes, both bounds included.
    """

    languages: frozenset[str] = frozenset()
    license_types: frozenset[LicenseType] = frozenset()
    repositories: tuple[str, ...] = ()
    min_bytes: int | None = None
    max_bytes: int | None = None

    def reason_to_skip(
        self, occurrence: Occurrence, license_type: LicenseType | None, n_bytes: int | None
    ) -> SkipReason | None:
        """Say why something is not wanted.

        Args:
            occurrence: where it stands.
            license_type: as stated; None where none is, and without any evidence: no licence.
            n_bytes: size of its text; None while that is not known, and then it is not looked at.
        """
        if self.repositories and not self._names_repository(occurrence.repository):
            return SkipReason.OTHER_REPOSITORY
        if self.languages and not self._names_language(occurrence.language):
            return SkipReason.OTHER_LANGUAGE
        if self.license_types and (reason := self._license_reason(occurrence, license_type)):
            return reason
        if n_bytes is not None and not self._has_size(n_bytes):
            return SkipReason.OTHER_SIZE
        return None

    def describe(self) -> str:
        """Say in a few words what is wanted, for the name of the corpus."""
        choices: dict[str, list[str]] = {
            "language": sorted(self.languages),
            "licence": sorted(self.license_types),
            "repository": list(self.repositories),
            "bytes at least": [] if self.min_bytes is None else [str(self.min_bytes)],
            "bytes at most": [] if self.max_bytes is None else [str(self.max_bytes)],
        }
        return ", ".join(f"{of} {' or '.join(any_of)}" for of, any_of in choices.items() if any_of)

    def _license_reason(
        self, occurrence: Occurrence, stated: LicenseType | None
    ) -> SkipReason | None:
        if stated is None and occurrence.licenses:
            return SkipReason.LICENSE_TYPE_NOT_STATED
        is_wanted = (stated or LicenseType.NO_LICENSE) in self.license_types
        return None if is_wanted else SkipReason.OTHER_LICENSE

    def _names_repository(self, repository: str) -> bool:
        name = repository.lower()
        return any(fnmatchcase(name, pattern.lower()) for pattern in self.repositories)

    def _names_language(self, language: str | None) -> bool:
        return language is not None and language.lower() in map(str.lower, self.languages)

    def _has_size(self, n_bytes: int) -> bool:
        is_long_enough = self.min_bytes is None or n_bytes >= self.min_bytes
        return is_long_enough and (self.max_bytes is None or n_bytes <= self.max_bytes)
