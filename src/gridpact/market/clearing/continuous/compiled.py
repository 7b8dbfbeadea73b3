"""The kernel as machine code, made at first use and kept for the next process where possible."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from types import FunctionType
from typing import NamedTuple, cast

from gridpact.base.units import Ints
from gridpact.market.clearing.continuous import kernel
from gridpact.market.clearing.continuous.kernel import Depth, Limits, Rows, Told


class Compiled(NamedTuple):
    """The kernel's entrances."""

    play: Callable[[Rows, Limits, Depth, Told, int], None]
    restore: Callable[[Rows, Depth, Ints, Ints], None]


@cache
def compiled() -> Compiled:
    """Return the kernel for compilation at its first call; one thread, no float arithmetic.

    The compiled functions see each other through a copy of the kernel's names, so that the module
    itself stays as it is written.
    """
    names = dict(vars(kernel))
    for part in kernel.PARTS:
        copy = FunctionType(part.__code__, names, part.__name__, part.__defaults__)
        copy.__module__, copy.__annotations__ = kernel.__name__, {}
        names[part.__name__] = _jit(copy)
    return Compiled(
        cast("Callable[[Rows, Limits, Depth, Told, int], None]", names["play"]),
        cast("Callable[[Rows, Depth, Ints, Ints], None]", names["restore"]),
    )


def _jit(function: FunctionType) -> object:
    from numba import njit

    # Arrays are lent for the call and none is made, so none needs counting: the counters would
    # take most of the time. ``_nrt`` is numba's own and not promised to users; the lock pins it.
    # The cache looks at the kernel's file alone: who changes these options must touch that too.
    compiler = partial(njit, _nrt=False, forceinline=True)
    try:
        return compiler(cache=True)(function)
    except RuntimeError:  # no folder to write to: compile anew in every process
        return compiler()(function)
