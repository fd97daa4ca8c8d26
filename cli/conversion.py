"""Values of options: what is plainly valid is converted here, all else by Typer.

Typer (from 0.29 on) converts by pydantic, and importing that takes longer than checking a small
file. Yet nearly every value of a run is a default, which is already what it should be, or a text.
Whatever isn't plainly valid goes to Typer, so that it alone decides, and words what is wrong.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin

import typer
import typer.core


def spare_pydantic(command: typer.core.TyperCommand | typer.core.TyperGroup) -> None:
    """Have the parameters of a command make Typer's converters only for values that need them."""
    for parameter in command.get_params(typer.Context(command)):  # with --help, unlike `params`
        if hasattr(parameter, "get_runtime_param"):  # an older Typer has no pydantic to spare
            parameter.get_runtime_param = PlainFirst(parameter.get_runtime_param).itself


@dataclass(frozen=True, slots=True)
class PlainFirst:
    """Converts a value if it is plainly valid, else makes Typer's converter and asks that."""

    make_typers: Callable[[], Any]

    def itself(self) -> "PlainFirst":
        """Return the converter, as the parameter is asked for it."""
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Convert a value, as Typer's converters do under this name."""
        try:
            return _converted(value, param)
        except (ValueError, AttributeError, TypeError):  # or a Typer that keeps this elsewhere
            return self.make_typers().coerce(value, param=param, ctx=ctx)


def _converted(value: Any, parameter: Any) -> Any:
    """Convert a value.

    Raises:
        ValueError: it is not plainly valid.
    """
    annotation = parameter.type_descriptor.annotation
    info = parameter.type_descriptor.parameter_info
    if value is None:
        return () if parameter.multiple or parameter.nargs == -1 else None
    if get_origin(annotation) is not list:
        return _within(_plain(value, annotation), info.min, info.max)
    if not isinstance(value, list | tuple):
        raise ValueError(value)
    (of_each,) = get_args(annotation)
    return [_within(_plain(each, of_each), info.min, info.max) for each in value]


def _plain(value: Any, annotation: Any) -> Any:
    if type(value) is annotation:
        return value
    if not isinstance(value, str):
        raise ValueError(value)
    if issubclass(annotation, Enum):
        return annotation(value)
    if annotation is int and value.isascii() and value.isdigit():
        return int(value)
    if annotation is Path and os.access(value, os.R_OK):
        return Path(value)
    raise ValueError(value)


def _within(value: Any, least: float | None, most: float | None) -> Any:
    if (least is not None and value < least) or (most is not None and value > most):
        raise ValueError(value)
    return value
