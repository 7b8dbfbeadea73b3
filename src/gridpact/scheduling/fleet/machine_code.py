"""Kernels as machine code, made at first use and kept for the next process where possible.

Kernels run one thread each and let others run beside them, so an executor of threads or processes
spreads them without changing a bit of any answer. numba looks for changes only in the file a
kernel is in: kernels that call each other stay in one file.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar, cast

from numba import njit

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

REORDERED = frozenset({"reassoc", "contract", "nsz"})
"""What the compiler may do to sums so that they use vector units; never to infinities and NaN."""


def machine_code(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Compile a kernel at its first call."""
    compiler = partial(njit, nogil=True, error_model="numpy", fastmath=set(REORDERED))
    try:
        compiled = compiler(cache=True)(function)
    except RuntimeError:  # no folder to write to: compile anew in every process
        compiled = compiler()(function)
    return cast("Callable[Arguments, Result]", compiled)
