"""Kernels as machine code, made at first use and kept for the next process where possible.

Kernels run one thread each and let others run beside them, so an executor of threads or processes
spreads them without changing a bit of any answer. The compiler is imported when a kernel is first
called. It looks for changes only in the file a kernel is in: kernels that call each other stay in
one file.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import Generic, ParamSpec, TypeVar, cast

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

REORDERED = ("reassoc", "contract", "nsz")
"""What the compiler may do to sums so that they use vector units; never to infinities and NaN."""


class Kernel(Generic[Arguments, Result]):
    """A function that is compiled, with the kernels it calls, at its first call."""

    def __init__(self, function: FunctionType) -> None:
        self.function = function
        self.__doc__, self.__name__ = function.__doc__, function.__name__
        self._code: Callable[Arguments, Result] | None = None

    def __call__(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        """Call the machine code."""
        return (self._code or self.compiled())(*args, **kwargs)

    def compiled(self) -> Callable[Arguments, Result]:
        """Machine code of this kernel; the compiler is to see other kernels as theirs."""
        if self._code is None:
            seen = self.function.__globals__
            names: dict[str, object] = {"__name__": seen["__name__"]}
            for name in self.function.__code__.co_names:
                if name in seen:
                    value = seen[name]
                    names[name] = value.compiled() if isinstance(value, Kernel) else value
            copy = FunctionType(
                self.function.__code__, names, self.__name__, self.function.__defaults__
            )
            self._code = _compile(copy)
        return self._code


def _compile(function: FunctionType) -> Callable[Arguments, Result]:
    from numba import njit

    compiler = partial(njit, nogil=True, error_model="numpy", fastmath=set(REORDERED))
    try:
        compiled = compiler(cache=True)(function)
    except RuntimeError:  # no folder to write to: compile anew in every process
        compiled = compiler()(function)
    return cast("Callable[Arguments, Result]", compiled)


def machine_code(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Make a function a kernel. It may use numbers, arrays and kernels of its module's names."""
    kernel: Kernel[Arguments, Result] = Kernel(cast("FunctionType", function))
    return kernel
