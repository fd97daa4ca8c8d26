"""Kernels: functions that run as plain Python, and as machine code where there is much to do.

Importing Numba and loading compiled code takes longer than checking one small file, so the loops of
the matcher are written as plain functions over arrays and integers and marked with `kernel`.
`compiled` makes the fast twin of one on demand. Both twins are the same source text, so the plain
one is the oracle of the other, and a reader has one thing to read.
"""

import functools
from collections.abc import Callable
from types import FunctionType
from typing import TypeVar, cast

F = TypeVar("F", bound=Callable[..., object])


def kernel(function: F) -> F:
    """Mark a function of arrays, numbers and named tuples that may be compiled."""
    function.__dict__["is_kernel"] = True
    return function


@functools.cache
def compiled(function: F) -> F:
    """Return the machine-code twin of a kernel; the kernels it calls are compiled with it.

    Compiled code is cached on disk by Numba, so only the first process ever pays for compiling.
    """
    import numba  # 0.5 s: only where the work is worth it

    assert isinstance(function, FunctionType)
    scope = dict(function.__globals__)
    for name in function.__code__.co_names:
        if getattr(scope.get(name), "is_kernel", False):
            scope[name] = compiled(scope[name])
    twin = FunctionType(function.__code__, scope, function.__name__, function.__defaults__)
    twin.__qualname__ = function.__qualname__
    twin.__module__ = function.__module__
    return cast(F, numba.njit(nogil=True, cache=True)(twin))
