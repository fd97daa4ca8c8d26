"""Kernels: functions that run as plain Python, and as machine code where there is much to do.

Importing Numba and loading compiled code takes longer than checking one small file, so the loops of
the matcher are written as plain functions over arrays and integers and marked with `kernel`.
`compiled` makes the fast twin of one on demand. Both twins are the same source text, so the plain
one is the oracle of the other, and a reader has one thing to read.
"""

import functools
import hashlib
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
    Numba looks at the caller's own file alone to tell whether it is out of date; so the twin's name
    says what it was made of: its code, its constants, the types it takes, and the names of the
    twins it calls.
    """
    import numba  # 0.5 s: only where the work is worth it

    assert isinstance(function, FunctionType)
    scope, code = dict(function.__globals__), function.__code__
    made_of: list[object] = [code.co_code, code.co_consts, function.__annotations__]
    made_of += [getattr(each, "_fields", ()) for each in function.__annotations__.values()]
    for name in code.co_names:
        value = scope.get(name)
        if getattr(value, "is_kernel", False):
            scope[name] = compiled(scope[name])
            made_of.append(scope[name].py_func.__qualname__)
        elif isinstance(value, int):
            made_of.append(value)
    twin = FunctionType(code, scope, function.__name__, function.__defaults__)
    digest = hashlib.sha256(repr(made_of).encode()).hexdigest()
    twin.__qualname__ = f"{function.__qualname__}-{digest[:12]}"
    twin.__module__ = function.__module__
    return cast(F, numba.njit(nogil=True, cache=True)(twin))
