"""Find where generated code comes from, and under which licence.

The names of `__all__` are for programs; docs/library.md shows them. Each is imported when it is
first used, so that importing the package costs nothing.
"""

TYPE_CHECKING = False  # as in `typing`, whose import would take longer than the command line may
if TYPE_CHECKING:
    from sc2_attrib.attribution.check import Checker
    from sc2_attrib.attribution.policy_file import read_policy
    from sc2_attrib.generator.guard import OnMatch
    from sc2_attrib.generator.load_options import LoadOptions
    from sc2_attrib.generator.prompt import Prompt
    from sc2_attrib.generator.sampling import Sampling
    from sc2_attrib.library import Generator, Written, license_guard, open_index

__version__ = "0.1.0.dev0"

__all__ = [
    "Checker",
    "Generator",
    "LoadOptions",
    "OnMatch",
    "Prompt",
    "Sampling",
    "Written",
    "license_guard",
    "open_index",
    "read_policy",
]

_HOMES = {
    "Checker": "attribution.check",
    "Generator": "library",
    "LoadOptions": "generator.load_options",
    "OnMatch": "generator.guard",
    "Prompt": "generator.prompt",
    "Sampling": "generator.sampling",
    "Written": "library",
    "license_guard": "library",
    "open_index": "library",
    "read_policy": "attribution.policy_file",
}


def __getattr__(name: str) -> object:
    """Import a public name from the module that has it."""
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
