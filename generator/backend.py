"""torch and transformers: an optional install, kept silent and within its share of the machine.

Everything that calls them does so inside `backend()`. They are imported nowhere else at module
level, because importing them takes seconds that only a run with a model should pay.
"""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from sc2_attrib.index.errors import ModelUnavailableError

_OTHER_LOGGERS = ("accelerate", "bitsandbytes", "peft")
# Packages that only some options need, and the extra they come with.
_EXTRAS = {"bitsandbytes": "quantize", "peft": "adapters"}


@contextmanager
def backend() -> Iterator[None]:
    """Run a block that uses transformers, without its logging, progress bars and warnings.

    Raises:
        ModelUnavailableError: a package that the block imports is not installed.
    """
    try:
        with warnings.catch_warnings(action="ignore"), _silence():
            yield
    except ImportError as err:
        extra = _EXTRAS.get((err.name or "").partition(".")[0], "generate")
        raise ModelUnavailableError(
            f"running a model needs more packages: {first_line(err)};"
            f' pip install "sc2-attrib[{extra}]"'
        ) from err


@contextmanager
def one_thread() -> Iterator[None]:
    """Run a block with torch on one core.

    A network of a few million weights is no faster on two, many times slower when another process
    holds one of them (torch's threads wait for each other spinning), and not reproducible.
    """
    import torch

    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


def first_line(err: BaseException) -> str:
    """Return the first line of an error's message, or its class where it has none."""
    lines = str(err).strip().splitlines()
    return lines[0].rstrip(" .:;") if lines else type(err).__name__


@contextmanager
def _silence() -> Iterator[None]:
    for package in ("torch", "transformers"):  # transformers alone imports, and fails later
        import_module(package)
    from transformers.utils import logging as messages

    levels = {name: logging.getLogger(name).level for name in _OTHER_LOGGERS}
    for name in levels:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    verbosity, had_progress_bars = messages.get_verbosity(), messages.is_progress_bar_enabled()
    messages.set_verbosity(logging.CRITICAL)
    messages.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers' own gap
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        messages.set_verbosity(verbosity)
        if had_progress_bars:
            messages.enable_progress_bar()  # type: ignore[no-untyped-call]  # transformers' own gap
